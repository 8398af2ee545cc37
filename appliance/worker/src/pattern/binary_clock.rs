//! The burned-in binary clock: a grid of black and white blocks that carries the time of the slot and survives
//! scaling and compression down to 426x240. Whoever reads it off a screen knows the true latency.
//!
//! The specification, for readers in any language. All geometry is in thousandths of the picture's width and
//! height, so it holds for every rung; a boundary at `f` thousandths of `size` pixels lies at pixel
//! `(f * size + 500) / 1000`, rounded down.
//!
//! * The grid has 32 columns and 3 rows of blocks. Columns are 25/1000 of the width, from 100/1000 to 900/1000.
//!   Rows are 50/1000 of the height, from 720/1000 to 870/1000. A black margin of one column and half a row
//!   surrounds it: the clock covers 75/1000 to 925/1000 across and 695/1000 to 895/1000 down.
//! * A white block (luma 235) is 1, a black one (luma 16) is 0; chroma is neutral. Bits run from left to right,
//!   then from top to bottom, most significant first. To read one, average the luma over the middle half of the
//!   block in both directions and compare with 126 (in full-range RGB: compare with 128).
//! * Bits 0 to 47: milliseconds since the Unix epoch at which the slot begins, UTC, rounded down.
//!   Bits 48 to 79: the slot's number since the epoch, modulo 2^32. Slot k begins at k frame durations.
//!   Bits 80 to 95: CRC-16/CCITT-FALSE (polynomial 0x1021, initial value 0xFFFF, not reflected, no final xor)
//!   over the ten bytes that bits 0 to 79 make.
//!
//! A reading whose CRC does not match is no reading. The test pattern alone carries the clock: neither the slate
//! nor a source's picture is ever drawn over.

use crate::paint::{Colour, Rect, Surface};
use media::time::Ticks;

const COLUMNS: usize = 32;
const ROWS: usize = 3;
const BITS: usize = COLUMNS * ROWS;
const LEFT_PERMILLE: usize = 100;
const TOP_PERMILLE: usize = 720;
const BLOCK_WIDTH_PERMILLE: usize = 25;
const BLOCK_HEIGHT_PERMILLE: usize = 50;
/// Half-way between black and white in limited range.
const LUMA_THRESHOLD: u32 = 126;

/// What the clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Milliseconds since the Unix epoch; 48 bits.
    pub utc_millis: u64,
    /// The slot's number since the epoch, its low 32 bits.
    pub slot: u32,
}

impl Stamp {
    /// The stamp of the slot that begins at `at`, when slots are `frame` long.
    #[must_use]
    pub const fn of_slot(at: Ticks, frame: Ticks) -> Self {
        Self { utc_millis: at.millis() as u64 & 0xFFFF_FFFF_FFFF, slot: (at.0 / frame.0) as u32 }
    }

    fn bytes(self) -> [u8; BITS / 8] {
        let mut bytes = [0; BITS / 8];
        bytes[..6].copy_from_slice(&self.utc_millis.to_be_bytes()[2..]);
        bytes[6..10].copy_from_slice(&self.slot.to_be_bytes());
        let crc = crc16(&bytes[..10]);
        bytes[10..].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: [u8; BITS / 8]) -> Option<Self> {
        let crc = u16::from_be_bytes([bytes[10], bytes[11]]);
        let utc_millis = bytes[..6].iter().fold(0, |millis, byte| millis << 8 | u64::from(*byte));
        let slot = u32::from_be_bytes([bytes[6], bytes[7], bytes[8], bytes[9]]);
        (crc == crc16(&bytes[..10])).then_some(Self { utc_millis, slot })
    }
}

/// CRC-16/CCITT-FALSE.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(
            crc ^ u16::from(*byte) << 8,
            |crc, _| {
                if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 }
            },
        )
    })
}

/// The block of bit `index` in a picture of this size.
fn block(index: usize, (width, height): (usize, usize)) -> Rect {
    let x = LEFT_PERMILLE + index % COLUMNS * BLOCK_WIDTH_PERMILLE;
    let y = TOP_PERMILLE + index / COLUMNS * BLOCK_HEIGHT_PERMILLE;
    Rect::permille((width, height), (x, y, BLOCK_WIDTH_PERMILLE, BLOCK_HEIGHT_PERMILLE))
}

/// Paints the black field on which the blocks stand; once is enough when only [`draw`] paints over it.
pub(super) fn draw_field(surface: &mut Surface<'_>) {
    let field = (
        LEFT_PERMILLE - BLOCK_WIDTH_PERMILLE,
        TOP_PERMILLE - BLOCK_HEIGHT_PERMILLE / 2,
        (COLUMNS + 2) * BLOCK_WIDTH_PERMILLE,
        (ROWS + 1) * BLOCK_HEIGHT_PERMILLE,
    );
    surface.fill(Rect::permille(surface.size(), field), Colour::BLACK);
}

/// Paints the blocks of `stamp`.
pub(super) fn draw(surface: &mut Surface<'_>, stamp: Stamp) {
    let bytes = stamp.bytes();
    for index in 0..BITS {
        let white = bytes[index / 8] >> (7 - index % 8) & 1 == 1;
        surface.fill_luma(block(index, surface.size()), if white { Colour::WHITE } else { Colour::BLACK });
    }
}

/// Reads the clock off a luma plane in limited range; nothing when there is none or it cannot be trusted.
#[must_use]
pub fn decode(luma: &[u8], stride: usize, width: usize, height: usize) -> Option<Stamp> {
    if width < COLUMNS * 4 || height < 40 || stride < width || luma.len() < stride * (height - 1) + width {
        return None;
    }
    let mut bytes = [0; BITS / 8];
    for index in 0..BITS {
        let white = middle_mean(luma, stride, block(index, (width, height))) > LUMA_THRESHOLD;
        bytes[index / 8] |= u8::from(white) << (7 - index % 8);
    }
    Stamp::from_bytes(bytes)
}

/// Mean over the middle half of a block.
fn middle_mean(luma: &[u8], stride: usize, block: Rect) -> u32 {
    let (x, y) = (block.x + block.width / 4, block.y + block.height / 4);
    let (width, height) = ((block.width / 2).max(1), (block.height / 2).max(1));
    let rows = luma[y * stride..].chunks(stride).take(height);
    let sum: u32 = rows.flat_map(|row| &row[x..x + width]).map(|luma| u32::from(*luma)).sum();
    sum / (width * height) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::Yuv420;
    use proptest::prelude::*;

    #[test]
    fn the_crc_is_the_catalogued_one() {
        assert_eq!(crc16(b"123456789"), 0x29B1);
    }

    #[test]
    fn a_picture_without_a_clock_has_no_reading() {
        assert_eq!(decode(&[16; 426 * 240], 426, 426, 240), None);
        assert_eq!(decode(&[235; 426 * 240], 426, 426, 240), None);
        assert_eq!(decode(&[], 0, 0, 0), None);
    }

    proptest! {
        #[test]
        fn every_stamp_is_read_back_at_every_size(
            utc_millis in 0u64..1 << 48, slot: u32,
            size in prop::sample::select(vec![(426, 240), (640, 360), (854, 480), (1280, 720), (1920, 1080), (720, 576)]),
        ) {
            let stamp = Stamp { utc_millis, slot };
            let mut picture = Yuv420::new(size.0, size.1, Colour::BLACK);
            draw_field(&mut picture.surface());
            draw(&mut picture.surface(), stamp);
            prop_assert_eq!(decode(picture.luma(), size.0, size.0, size.1), Some(stamp));
        }

        #[test]
        fn a_flipped_block_is_noticed(slot: u32, flipped in 0usize..BITS) {
            let stamp = Stamp { utc_millis: 1_780_000_000_000, slot };
            let mut bytes = stamp.bytes();
            bytes[flipped / 8] ^= 0x80 >> (flipped % 8);
            prop_assert_eq!(Stamp::from_bytes(bytes), None);
        }
    }
}

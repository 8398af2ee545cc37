//! Reads the clock that the test pattern burns into the picture, independently of the code that draws it. Its
//! specification is the module documentation of the worker's `pattern/binary_clock.rs`.

const COLUMNS: usize = 32;
const ROWS: usize = 3;
const LEFT_PERMILLE: usize = 100;
const TOP_PERMILLE: usize = 720;
const WIDTH_PERMILLE: usize = 25;
const HEIGHT_PERMILLE: usize = 50;
/// Half-way between black and white in limited range.
const THRESHOLD: usize = 126;

/// UTC in milliseconds of the slot that a luma plane shows; `None` when there is no clock in it.
#[must_use]
pub fn read(luma: &[u8], width: usize, height: usize) -> Option<i64> {
    let mut bytes = [0u8; COLUMNS * ROWS / 8];
    for bit in 0..COLUMNS * ROWS {
        if brightness(luma, width, height, bit % COLUMNS, bit / COLUMNS)? > THRESHOLD {
            bytes[bit / 8] |= 0x80 >> (bit % 8);
        }
    }
    let told = u16::from_be_bytes([bytes[10], bytes[11]]);
    let utc_ms = bytes[..6].iter().fold(0, |sum, byte| sum << 8 | i64::from(*byte));
    (told == crc16(&bytes[..10])).then_some(utc_ms)
}

/// Mean of the middle half of a block.
fn brightness(luma: &[u8], width: usize, height: usize, column: usize, row: usize) -> Option<usize> {
    // Quarters of a block, in 1/4000 of the picture.
    let x =
        |quarter| ((LEFT_PERMILLE + column * WIDTH_PERMILLE) * 4 + quarter * WIDTH_PERMILLE) * width / 4000;
    let y =
        |quarter| ((TOP_PERMILLE + row * HEIGHT_PERMILLE) * 4 + quarter * HEIGHT_PERMILLE) * height / 4000;
    let (mut sum, mut count) = (0, 0);
    for line in y(1)..y(3) {
        let pixels = luma.get(line * width + x(1)..line * width + x(3))?;
        sum += pixels.iter().map(|pixel| usize::from(*pixel)).sum::<usize>();
        count += pixels.len();
    }
    (count > 0).then(|| sum / count)
}

/// CRC-16/CCITT-FALSE.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(
            crc ^ u16::from(*byte) << 8,
            |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_without_a_clock_has_no_time() {
        assert_eq!(crc16(b"123456789"), 0x29B1);
        assert_eq!(read(&[16; 426 * 240], 426, 240), None);
        assert_eq!(read(&[16; 10], 426, 240), None);
    }
}

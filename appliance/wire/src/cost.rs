//! What a channel costs a processor: the one estimate that templates, the ladder editor and the forecast share.

use crate::Rung;

/// Pixels a second that one core encodes: measured (`make bench`) as 0.36 of a core for 720p30, 480p30 and 360p30 of the
/// test pattern, without decoding.
const ENCODED_PER_CORE: u64 = 130_000_000;

/// Pixels a second of a source that one core decodes and scales, sound included: the same ladder with a 720p30 source
/// takes 0.65 of a core in all. The source is taken to be as large as the best rung.
const DECODED_PER_CORE: u64 = 95_000_000;

/// Thousandths of a core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// For the source: on a GPU too, since decoding and scaling stay in software.
    pub decoding: u32,
    /// For the ladder, in software.
    pub encoding: u32,
}

impl Cost {
    /// Of a channel with this ladder, best rung first, at so many frames a second.
    #[must_use]
    pub fn of(ladder: &[Rung], frames_per_sec: u32) -> Self {
        let pixels = |rung: &Rung| u64::from(rung.width) * u64::from(rung.height) * u64::from(frames_per_sec);
        let millicores =
            |pixels: u64, per_core: u64| u32::try_from(pixels * 1000 / per_core).unwrap_or(u32::MAX);
        Self {
            decoding: millicores(ladder.first().map_or(0, pixels), DECODED_PER_CORE),
            encoding: millicores(ladder.iter().map(pixels).sum(), ENCODED_PER_CORE),
        }
    }

    /// Both.
    #[must_use]
    pub const fn in_software(self) -> u32 {
        self.decoding.saturating_add(self.encoding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_was_measured() {
        let rung = |width, height| Rung { width, height, bitrate_bps: 1 };
        let cost = Cost::of(&[rung(1280, 720), rung(854, 480), rung(640, 360)], 30);
        assert_eq!(cost, Cost { decoding: 291, encoding: 360 });
        assert_eq!(cost.in_software(), 651);
        assert_eq!(Cost::of(&[], 30), Cost::default());
    }
}

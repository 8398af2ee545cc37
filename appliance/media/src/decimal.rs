//! Lengths of time as decimal seconds, in integer arithmetic.

use crate::time::{TICKS_PER_SECOND, Ticks};
use std::fmt;

/// Seconds with one to six decimals, rounded half up at the sixth: `2.0`, `0.512`, `0.490667`.
///
/// A tick is 1/360,000 s, which six decimals cannot always write; but they do write every part target exactly
/// (0.5, 0.5005, 0.512, 0.52), so no part is ever written longer than its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(pub Ticks);

const MICROS_PER_SECOND: i128 = 1_000_000;

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ticks = i128::from(self.0.0.unsigned_abs());
        let second = i128::from(TICKS_PER_SECOND);
        let micros = (ticks * MICROS_PER_SECOND + second / 2) / second;
        let sign = if self.0 < Ticks::ZERO { "-" } else { "" };
        let fraction = format!("{:06}", micros % MICROS_PER_SECOND);
        let digits = fraction.trim_end_matches('0');
        let digits = if digits.is_empty() { "0" } else { digits };
        write!(f, "{sign}{}.{digits}", micros / MICROS_PER_SECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;
    use crate::time::FrameRate;

    #[test]
    fn seconds_are_written_with_as_many_decimals_as_they_need() {
        let written = |ticks| Seconds(Ticks(ticks)).to_string();
        assert_eq!(written(0), "0.0");
        assert_eq!(written(720_000), "2.0");
        assert_eq!(written(720_720), "2.002");
        assert_eq!(written(180_180), "0.5005");
        assert_eq!(written(7680), "0.021333");
        assert_eq!(written(23 * 7680), "0.490667");
        assert_eq!(written(-180_000), "-0.5");
    }

    #[test]
    fn every_part_target_is_written_exactly() {
        for rate in FrameRate::ALL {
            for unit in [rate.frame_duration(), Ticks(7680)] {
                let target = Grid::for_rate(rate).part_target(unit);
                let micros = i128::from(target.0) * MICROS_PER_SECOND;
                assert_eq!(micros % i128::from(TICKS_PER_SECOND), 0, "{rate} {target:?}");
            }
        }
    }
}

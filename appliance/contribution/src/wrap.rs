//! Counters that wrap, unwrapped: 32-bit milliseconds (49.7 days), 33-bit 90 kHz (26 h 30 m 43 s).

use crate::limits::TIMELINE_UNITS_MAX;

/// Follows a counter of `BITS` bits, taking each value for the nearest one to the last.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unwrap<const BITS: u32> {
    last: Option<i64>,
}

impl<const BITS: u32> Unwrap<BITS> {
    const PERIOD: i64 = 1 << BITS;

    /// What `raw` stands for, given what came last. `raw` is below 2^`BITS`.
    pub(crate) fn near(self, raw: u64) -> i64 {
        let raw = (raw as i64).rem_euclid(Self::PERIOD);
        let Some(last) = self.last else { return raw };
        let ahead = (raw - last).rem_euclid(Self::PERIOD);
        let step = if ahead >= Self::PERIOD / 2 { ahead - Self::PERIOD } else { ahead };
        let value = last + step;
        // A publisher that leaps half a period at a time would get past any integer: begin anew.
        if value.abs() > TIMELINE_UNITS_MAX { raw } else { value }
    }

    /// The same, and go on from there.
    pub(crate) fn follow(&mut self, raw: u64) -> i64 {
        let value = self.near(raw);
        self.last = Some(value);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn goes_on_over_the_wrap_and_takes_small_steps_back() {
        let mut millis = Unwrap::<32>::default();
        assert_eq!(millis.follow(u64::from(u32::MAX) - 10), 4_294_967_285);
        assert_eq!(millis.follow(5), 4_294_967_301);
        assert_eq!(millis.follow(u64::from(u32::MAX)), 4_294_967_295);
        let mut start = Unwrap::<33>::default();
        assert_eq!(start.follow(0), 0);
        assert_eq!(start.follow((1 << 33) - 3003), -3003);
    }

    #[test]
    fn arithmetic_never_overflows_whatever_the_leaps() {
        let mut millis = Unwrap::<32> { last: Some(TIMELINE_UNITS_MAX - 1) };
        assert_eq!(millis.follow(((TIMELINE_UNITS_MAX + 5) as u64) & 0xFFFF_FFFF), 5);
    }

    proptest! {
        #[test]
        fn follows_any_small_steps(start in 0u64..1 << 33, steps in prop::collection::vec(-90_000i64..900_000, 1..50)) {
            let mut pts = Unwrap::<33>::default();
            let mut exact = pts.follow(start);
            for step in steps {
                exact += step;
                prop_assert_eq!(pts.follow(exact.rem_euclid(1 << 33) as u64), exact);
            }
        }
    }
}

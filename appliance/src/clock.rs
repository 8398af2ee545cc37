//! The house clock: UTC as the box knew it at start, carried on by `CLOCK_MONOTONIC`, and slewed towards UTC.
//!
//! The timeline must never jump, and the system clock does: an operator or NTP may step it. So UTC is read at start,
//! and every later time is the monotonic clock plus an offset. Should UTC be another meanwhile, the offset follows it
//! by [`SLEW_PPM`] at most: half a millisecond a second, which no viewer notices, and 43 s a day. NTP's *frequency*
//! correction also disciplines `CLOCK_MONOTONIC`, so the two do not drift apart by themselves.
//!
//! This is the only module that reads a clock (`tokio::time`, which waits, apart). It knows nothing of grids.

use media::time::Ticks;
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// House time runs faster or slower than the monotonic clock by so many parts in a million, at most.
pub const SLEW_PPM: i64 = 500;

/// Readings of the two clocks differ by as much by themselves, on a busy box.
const DEADBAND_NANOS: i64 = 1_000_000;

/// A handle on the house clock: copies agree for ever.
#[derive(Clone, Copy, Debug)]
pub struct House {
    /// There is one for each clock that was ever anchored: one, in a daemon.
    offset_nanos: &'static AtomicI64,
    /// By how much the box's clock is said to be ahead, for a drill.
    pretended_nanos: &'static AtomicI64,
}

impl House {
    /// Reads UTC and anchors it to the monotonic clock. Once, at start.
    #[must_use]
    pub fn anchor() -> Self {
        Self::with_offset_nanos(utc_minus_monotonic_nanos())
    }

    /// A clock with this offset, such as another process anchored.
    #[must_use]
    pub fn with_offset_nanos(offset_nanos: i64) -> Self {
        let kept = |nanos| &*Box::leak(Box::new(AtomicI64::new(nanos)));
        Self { offset_nanos: kept(offset_nanos), pretended_nanos: kept(0) }
    }

    /// Follows UTC for the `elapsed` time since it last did, as far as slewing allows. Says how far off it was.
    pub fn follow_utc(self, elapsed: Duration) -> Ticks {
        let pretended = self.pretended_nanos.load(Ordering::Relaxed);
        self.follow(utc_minus_monotonic_nanos() + pretended, elapsed)
    }

    /// The box's clock is taken for so much ahead of what it says: a drill.
    pub fn pretend_step(self, ahead: Ticks) {
        let nanos = i64::try_from(ahead.nanos()).unwrap_or(0);
        self.pretended_nanos.store(nanos, Ordering::Relaxed);
    }

    fn follow(self, wanted_offset_nanos: i64, elapsed: Duration) -> Ticks {
        let off = wanted_offset_nanos - self.offset_nanos();
        let elapsed = i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX / SLEW_PPM);
        let most = elapsed / 1_000_000 * SLEW_PPM;
        if off.abs() > DEADBAND_NANOS {
            self.offset_nanos.fetch_add(off.clamp(-most, most), Ordering::Relaxed);
        }
        Ticks::from_nanos(off.into())
    }

    /// House time minus `CLOCK_MONOTONIC`, in nanoseconds: what a worker needs to tell the same time.
    #[must_use]
    pub fn offset_nanos(self) -> i64 {
        self.offset_nanos.load(Ordering::Relaxed)
    }

    /// House time: since the Unix epoch, UTC.
    #[must_use]
    pub fn now(self) -> Ticks {
        Ticks::from_nanos(i128::from(self.offset_nanos()) + i128::from(read_nanos(ClockId::Monotonic)))
    }

    /// How long from now to `at`; zero when it has passed.
    #[must_use]
    pub fn until(self, at: Ticks) -> Duration {
        duration_or_zero(at - self.now())
    }

    /// Waits for house time `at`; returns at once when it has passed. Late by up to 2 ms, never early.
    pub async fn sleep_until(self, at: Ticks) {
        // tokio's timers count whole milliseconds; should one fire early, the rest is waited for.
        loop {
            let left = self.until(at);
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }
}

/// Since some fixed point of this boot; never steps, stands still while the machine is suspended.
#[must_use]
pub fn monotonic() -> Duration {
    Duration::from_nanos(read_nanos(ClockId::Monotonic).unsigned_abs())
}

/// A length of time for `std` and `tokio`; zero when negative.
#[must_use]
pub fn duration_or_zero(length: Ticks) -> Duration {
    Duration::from_nanos(u64::try_from(length.nanos()).unwrap_or(0))
}

/// UTC is read between two readings of the other clock; their middle is nearest to that moment.
fn utc_minus_monotonic_nanos() -> i64 {
    let before = read_nanos(ClockId::Monotonic);
    let utc = read_nanos(ClockId::Realtime);
    let after = read_nanos(ClockId::Monotonic);
    utc - (before + (after - before) / 2)
}

fn read_nanos(clock: ClockId) -> i64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(clock);
    tv_sec * NANOS_PER_SECOND + tv_nsec
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn house_time_is_the_monotonic_clock_plus_the_offset() {
        let house = House::with_offset_nanos(1_000 * NANOS_PER_SECOND);
        let before = monotonic();
        let now = house.now();
        let after = monotonic();
        let thousand = Ticks::from_secs(1_000);
        let ticks = |d: Duration| Ticks::from_nanos(i128::try_from(d.as_nanos()).unwrap());
        assert!(ticks(before) + thousand <= now && now <= ticks(after) + thousand);
    }

    #[test]
    fn a_step_of_utc_is_slewed_and_never_followed() {
        let house = House::with_offset_nanos(0);
        let second = Duration::from_secs(1);
        let step = |wanted| {
            let before = house.offset_nanos();
            house.follow(wanted, second);
            house.offset_nanos() - before
        };
        // Forwards by ten seconds: half a millisecond each second, for twenty thousand seconds.
        let steps: Vec<_> = (0..21_000).map(|_| step(10 * NANOS_PER_SECOND)).collect();
        assert!(steps.iter().all(|step| (0..=500_000).contains(step)));
        assert_eq!(steps.iter().sum::<i64>(), 10 * NANOS_PER_SECOND - DEADBAND_NANOS);
        // Backwards by an hour: no instant of house time comes twice.
        assert!((0..1000).all(|_| step(-3600 * NANOS_PER_SECOND) == -500_000));
        // Noise is let alone.
        let at = house.offset_nanos();
        assert_eq!((step(at + 900_000), step(at - 900_000)), (0, 0));
        assert_eq!(house.follow(at + NANOS_PER_SECOND, Duration::ZERO), Ticks::from_secs(1));
        assert_eq!(house.offset_nanos(), at);
    }

    #[test]
    fn the_anchor_is_utc() {
        // After 2020, before 2100: a wrong clock id or unit would be far outside.
        let years = House::anchor().now().0 / Ticks::from_secs(31_557_600).0;
        assert!((50..130).contains(&years), "{years} years since the epoch");
    }

    #[test]
    fn a_time_that_has_passed_is_no_wait() {
        let house = House::anchor();
        assert_eq!(house.until(house.now() - Ticks::from_secs(1)), Duration::ZERO);
        assert!(house.until(house.now() + Ticks::from_secs(60)) > Duration::from_secs(59));
    }

    #[tokio::test]
    async fn sleeping_never_ends_early() {
        let house = House::anchor();
        let at = house.now() + Ticks::from_millis(5);
        house.sleep_until(at).await;
        assert!(house.now() >= at);
    }
}

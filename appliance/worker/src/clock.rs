//! The house clock, as the worker sees it: `CLOCK_MONOTONIC` plus an offset that the daemon slews. Time is read
//! here and nowhere else.

use crate::limits::NAP_MAX;
use media::time::Ticks;
use rustix::time::{ClockId, clock_gettime};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

/// House time, on which all slots are laid out.
#[derive(Debug)]
pub(crate) struct HouseClock {
    offset_nanos: AtomicI64,
}

impl HouseClock {
    /// `offset_nanos`: house time minus `CLOCK_MONOTONIC`.
    pub(crate) fn new(offset_nanos: i64) -> Self {
        Self { offset_nanos: AtomicI64::new(offset_nanos) }
    }

    pub(crate) fn set_offset(&self, offset_nanos: i64) {
        self.offset_nanos.store(offset_nanos, Relaxed);
    }

    pub(crate) fn now(&self) -> Ticks {
        Ticks::from_nanos(i128::from(monotonic_nanos()) + i128::from(self.offset_nanos.load(Relaxed)))
    }

    /// Sleeps part of the way to `at`. False once it has come, so that a loop around it never drifts.
    pub(crate) fn nap_until(&self, at: Ticks) -> bool {
        let left = at - self.now();
        if left <= Ticks::ZERO {
            return false;
        }
        let left = Duration::from_nanos(u64::try_from(left.nanos()).unwrap_or(u64::MAX));
        std::thread::sleep(left.min(NAP_MAX));
        true
    }
}

/// `CLOCK_MONOTONIC`, the same in every process of the box.
pub(crate) fn monotonic_nanos() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

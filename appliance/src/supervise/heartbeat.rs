//! Signs of life: a task that makes no progress by its deadline is stalled.
//!
//! The task beats its [`Pulse`] at each step of progress - an access unit handled, not a turn of a timer, since
//! liveness means frames out - and its supervisor compares the last beat with the [`Deadline`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// How long a task may be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// From its start to its first beat.
    pub first: Duration,
    /// Between two beats.
    pub then: Duration,
}

/// What a silence means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not yet a stall.
    Alive,
    /// Silent beyond its deadline.
    Stalled {
        /// For this long.
        silent_for: Duration,
    },
}

impl Deadline {
    /// Judges a task at `now` since its start; `last_beat` likewise, or none yet.
    #[must_use]
    pub fn verdict(self, now: Duration, last_beat: Option<Duration>) -> Verdict {
        let silent_for = now.saturating_sub(last_beat.unwrap_or_default());
        let allowed = if last_beat.is_some() { self.then } else { self.first };
        if silent_for > allowed { Verdict::Stalled { silent_for } } else { Verdict::Alive }
    }
}

/// Never beaten.
const SILENT: u64 = u64::MAX;

/// The pulse of one attempt of one task. Clones beat the same pulse, from any thread.
#[derive(Clone, Debug)]
pub struct Pulse {
    started: Instant,
    last_ms: Arc<AtomicU64>,
}

impl Pulse {
    pub(super) fn start() -> Self {
        Self { started: Instant::now(), last_ms: Arc::new(AtomicU64::new(SILENT)) }
    }

    /// Progress has been made.
    pub fn beat(&self) {
        let millis = u64::try_from(self.age().as_millis()).unwrap_or(SILENT - 1);
        self.last_ms.store(millis, Ordering::Relaxed);
    }

    /// Since the attempt started.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// When it last beat, since the attempt started.
    #[must_use]
    pub fn last_beat(&self) -> Option<Duration> {
        let millis = self.last_ms.load(Ordering::Relaxed);
        (millis != SILENT).then(|| Duration::from_millis(millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_beat_may_take_longer_than_the_next() {
        let deadline = Deadline { first: Duration::from_secs(10), then: Duration::from_secs(1) };
        let judge = |now_ms, last_ms: Option<u64>| {
            deadline.verdict(Duration::from_millis(now_ms), last_ms.map(Duration::from_millis))
        };
        assert_eq!(judge(10_000, None), Verdict::Alive);
        assert_eq!(judge(10_001, None), Verdict::Stalled { silent_for: Duration::from_millis(10_001) });
        assert_eq!(judge(6_000, Some(5_000)), Verdict::Alive);
        assert_eq!(judge(6_001, Some(5_000)), Verdict::Stalled { silent_for: Duration::from_millis(1_001) });
        // A beat that overtakes the reading of the clock is no stall.
        assert_eq!(judge(4_999, Some(5_000)), Verdict::Alive);
    }

    #[tokio::test(start_paused = true)]
    async fn clones_beat_one_pulse() {
        let pulse = Pulse::start();
        assert_eq!(pulse.last_beat(), None);
        tokio::time::advance(Duration::from_millis(70)).await;
        pulse.clone().beat();
        assert_eq!(pulse.last_beat(), Some(Duration::from_millis(70)));
    }
}

//! How late this process itself was: a thread that wants to wake every few milliseconds and notes when it could not.
//!
//! A test machine that does nothing else for a while must not be taken for a channel that stood still. Threads that
//! mostly sleep, as this one and those that wait for parts do, are treated alike by the scheduler, so what this one
//! lost is what those lost. That the daemon or its encoder had no processor is seen elsewhere (`starved.rs`).

use crate::clock::now;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two beats.
const BEAT: Duration = Duration::from_millis(10);
/// Waking up to this much late is every machine's day.
const LATE: Duration = Duration::from_millis(20);

/// Stretches in which somebody was held up.
#[derive(Clone, Debug, Default)]
pub(super) struct HeldUp(Vec<(Instant, Instant)>);

impl HeldUp {
    /// Takes note of stretches, which end one after the other; one that began before another was over is one with it.
    pub(super) fn extend(&mut self, stretches: impl IntoIterator<Item = (Instant, Instant)>) {
        for (mut start, end) in stretches {
            while let Some((before, _)) = self.0.pop_if(|(_, until)| *until >= start) {
                start = start.min(before);
            }
            self.0.push((start, end));
        }
    }

    /// How much of the time between two instants that was.
    pub(super) fn within(&self, from: Instant, until: Instant) -> Duration {
        let overlap = |(start, end): &(Instant, Instant)| {
            (*end).min(until).saturating_duration_since((*start).max(from))
        };
        self.0.iter().map(overlap).sum()
    }

    /// All of it.
    pub(super) fn total(&self) -> Duration {
        self.0.iter().map(|(start, end)| *end - *start).sum()
    }

    /// The longest stretch.
    pub(super) fn longest(&self) -> Duration {
        self.0.iter().map(|(start, end)| *end - *start).max().unwrap_or_default()
    }
}

/// The thread at work.
#[derive(Debug)]
pub(super) struct Metronome {
    held_up: Arc<Mutex<HeldUp>>,
    thread: JoinHandle<()>,
}

impl Metronome {
    pub(super) fn start(stop: Arc<AtomicBool>) -> Self {
        let held_up = Arc::<Mutex<HeldUp>>::default();
        let noted = Arc::clone(&held_up);
        let thread = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let due = now() + BEAT;
                std::thread::sleep(BEAT);
                let woke = now();
                if woke > due + LATE {
                    noted.lock().unwrap_or_else(PoisonError::into_inner).extend([(due, woke)]);
                }
            }
        });
        Self { held_up, thread }
    }

    /// Waits for its end, which `stop` has told it.
    pub(super) fn end(self) -> HeldUp {
        self.thread.join().expect("it only sleeps and counts");
        std::mem::take(&mut *self.held_up.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_within_counts() {
        let start = now();
        let at = |ms| start + Duration::from_millis(ms);
        let held_up = HeldUp(vec![(at(0), at(100)), (at(500), at(600)), (at(900), at(1200))]);
        assert_eq!(held_up.within(at(50), at(1000)), Duration::from_millis(50 + 100 + 100));
        assert_eq!(held_up.within(at(200), at(400)), Duration::ZERO);
        assert_eq!(held_up.longest(), Duration::from_millis(300));
        let mut held_up = held_up;
        held_up.extend([(at(550), at(1300)), (at(1400), at(1500))]);
        assert_eq!(held_up.0, [(at(0), at(100)), (at(500), at(1300)), (at(1400), at(1500))]);
    }
}

//! For how long a daemon and its workers wanted a processor and had none.
//!
//! On a machine that does other work as well a part comes late because nobody computed it: nothing that a change to the
//! product could mend. The kernel counts for each thread how long it was ready to run and did not
//! (`/proc/PID/task/TID/schedstat`, second field, in nanoseconds). A thread that hangs, waits for a lock or was stopped
//! is not ready to run, so what the product itself holds up is never taken for this.

use super::metronome::HeldUp;
use crate::clock::now;
use crate::procfs;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two looks: short against a gap that matters, so that waits which follow each other along the pipeline add
/// up and those at the same time do not.
const LOOK: Duration = Duration::from_millis(100);
/// Workers come and go; they are looked for again after this many looks.
const LOOKS_PER_SEARCH: u32 = 5;
/// Threads of a busy machine take turns.
const TURN: Duration = Duration::from_millis(20);
/// What daemon and workers are called.
const PROGRAM: &str = "forebay";

/// The thread at work.
#[derive(Debug)]
pub(super) struct Starvation(JoinHandle<HeldUp>);

impl Starvation {
    /// Looks at all daemons which this process started, and at their workers.
    pub(super) fn start(stop: Arc<AtomicBool>) -> Self {
        Self(std::thread::spawn(move || {
            let (mut starved, mut looks, mut programs) = (HeldUp::default(), 0, Vec::new());
            let mut before = BTreeMap::new();
            while !stop.load(Ordering::Relaxed) {
                if looks % LOOKS_PER_SEARCH == 0 {
                    programs = procfs::descendants(std::process::id(), PROGRAM);
                }
                let waits: BTreeMap<_, _> = programs.iter().flat_map(|pid| procfs::waits(*pid)).collect();
                starved.extend(stretch(&before, &waits, now()));
                before = waits;
                looks = looks.wrapping_add(1);
                std::thread::sleep(LOOK);
            }
            starved
        }))
    }

    /// Waits for its end, which `stop` has told it.
    pub(super) fn end(self) -> HeldUp {
        self.0.join().expect("it only reads and counts")
    }
}

/// What the thread that waited longest until the second look waited, as a stretch that ends with it. The kernel counts a wait
/// when it is over, so that it may have begun before the first look.
fn stretch(
    before: &BTreeMap<u32, Duration>,
    waits: &BTreeMap<u32, Duration>,
    until: Instant,
) -> Option<(Instant, Instant)> {
    let waited = |(thread, total): (&u32, &Duration)| Some(total.saturating_sub(*before.get(thread)?));
    let longest = waits.iter().filter_map(waited).max()?;
    (longest > TURN).then(|| (until - longest, until))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::until;
    use anyhow::Context;

    #[test]
    fn the_longest_wait_of_a_thread_counts() {
        let ms = Duration::from_millis;
        let until = now();
        let totals = |totals: &[(u32, u64)]| totals.iter().map(|(id, total)| (*id, ms(*total))).collect();
        let before: BTreeMap<_, _> = totals(&[(1, 1000), (2, 50)]);
        let waited =
            |now: &[(u32, u64)]| stretch(&before, &totals(now), until).map(|(from, until)| until - from);
        assert_eq!(waited(&[(1, 1030), (2, 110)]), Some(ms(60)));
        assert_eq!(waited(&[(1, 1010), (2, 60)]), None, "they take turns");
        assert_eq!(waited(&[(1, 1010), (3, 900)]), None, "a new thread has waited before it was seen");
        assert_eq!(waited(&[(1, 1000), (2, 2750)]), Some(ms(2700)), "a wait that ended only now");
    }

    #[test]
    fn threads_that_want_a_processor_wait_for_it() {
        let enough = Arc::new(AtomicBool::new(false));
        let busy = 4 * std::thread::available_parallelism().map_or(1, usize::from);
        let spin = |enough: &Arc<AtomicBool>| {
            let enough = Arc::clone(enough);
            std::thread::spawn(move || while !enough.load(Ordering::Relaxed) {})
        };
        let threads: Vec<_> = (0..busy).map(|_| spin(&enough)).collect();
        let waited = until("a thread waits", Duration::from_secs(30), || {
            let longest = procfs::waits(std::process::id()).into_iter().map(|(_, waited)| waited).max();
            longest.filter(|longest| *longest > TURN).context("not yet")
        });
        enough.store(true, Ordering::Relaxed);
        threads.into_iter().for_each(|thread| thread.join().expect("it only spins"));
        assert!(waited.is_ok(), "{waited:?}");
    }
}

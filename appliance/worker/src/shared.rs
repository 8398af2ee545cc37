//! What all threads of a worker see: the clock, the counters, whether to go on, and why not.

use crate::clock::HouseClock;
use crate::source::intake::Labels;
use media::link::{FromWorker, Passing, WorkerStatus};
use media::time::Ticks;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counters since the start, as in [`WorkerStatus`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) slots: AtomicU64,
    pub(crate) repeated: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) slate: AtomicU64,
    pub(crate) decoded: AtomicU64,
    pub(crate) decode_errors: AtomicU64,
    pub(crate) on_source: AtomicBool,
}

/// Adds one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: HouseClock,
    pub(crate) counters: Counters,
    /// For people.
    last_error: Mutex<String>,
    passing: Mutex<Passing>,
    /// Start of the newest slot that each rung has encoded; zero before the first.
    newest_slots: Vec<AtomicI64>,
    stopping: AtomicBool,
    failure: Mutex<Option<anyhow::Error>>,
    stream: UnixStream,
    outbox: SyncSender<FromWorker>,
}

/// The link's writer has ended: the worker is about to.
#[derive(Debug, thiserror::Error)]
#[error("the daemon has closed the link")]
pub(crate) struct LinkClosed;

impl Shared {
    pub(crate) fn new(
        clock: HouseClock,
        rungs: usize,
        stream: UnixStream,
        outbox: SyncSender<FromWorker>,
    ) -> Arc<Self> {
        let newest_slots = (0..rungs).map(|_| AtomicI64::new(0)).collect();
        Arc::new(Self {
            clock,
            counters: Counters::default(),
            last_error: Mutex::default(),
            passing: Mutex::default(),
            newest_slots,
            stopping: AtomicBool::new(false),
            failure: Mutex::default(),
            stream,
            outbox,
        })
    }

    /// Queues a message for the daemon, waiting for room.
    pub(crate) fn send(&self, message: FromWorker) -> Result<(), LinkClosed> {
        self.outbox.send(message).map_err(|_| LinkClosed)
    }

    /// Whether to end.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Relaxed)
    }

    /// Ends all threads, each at its next step. Reading from the link ends at once.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Relaxed);
        // Fails only when the daemon has closed the link already: then reading has ended as well.
        let _ = self.stream.shutdown(std::net::Shutdown::Read);
    }

    /// Stops for a reason; the first one is kept.
    pub(crate) fn fail(&self, error: anyhow::Error) {
        if !self.is_stopping() {
            tracing::error!("worker failed: {error:#}");
            lock(&self.failure).get_or_insert(error);
        }
        self.stop();
    }

    pub(crate) fn take_failure(&self) -> Option<anyhow::Error> {
        lock(&self.failure).take()
    }

    /// Waits for house time `at`. False when it is time to end instead.
    pub(crate) fn wait_until(&self, at: Ticks) -> bool {
        while !self.is_stopping() && self.clock.nap_until(at) {}
        !self.is_stopping()
    }

    /// Waits until something is so, or for `most` at the longest.
    pub(crate) fn wait_for(&self, most: Ticks, is_so: impl Fn() -> bool) {
        const LOOK: Ticks = Ticks::from_millis(2);
        let end = self.clock.now() + most;
        while !is_so() && !self.is_stopping() && self.clock.now() < end {
            self.clock.nap_until(end.min(self.clock.now() + LOOK));
        }
    }

    /// Notes what went wrong, for people.
    pub(crate) fn note_error(&self, error: &dyn std::fmt::Display) {
        *lock(&self.last_error) = error.to_string();
    }

    /// Notes whether the source's own pictures pass through.
    pub(crate) fn note_passing(&self, passing: Passing) {
        *lock(&self.passing) = passing;
    }

    pub(crate) fn note_encoded(&self, rung: usize, slot: Ticks) {
        self.newest_slots[rung].store(slot.0, Relaxed);
    }

    /// How far the slowest rung's newest slot lies behind the house clock; zero before the first.
    pub(crate) fn behind(&self) -> Ticks {
        let slowest = self.newest_slots.iter().map(|slot| slot.load(Relaxed)).min().unwrap_or(0);
        if slowest == 0 { Ticks::ZERO } else { self.clock.now() - Ticks(slowest) }
    }

    /// With the labels of what is on air.
    pub(crate) fn status(&self, on_air: Labels) -> WorkerStatus {
        let counters = &self.counters;
        WorkerStatus {
            slots: counters.slots.load(Relaxed),
            repeated: counters.repeated.load(Relaxed),
            dropped: counters.dropped.load(Relaxed),
            slate: counters.slate.load(Relaxed),
            decoded: counters.decoded.load(Relaxed),
            decode_errors: counters.decode_errors.load(Relaxed),
            on_source: counters.on_source.load(Relaxed),
            behind_ms: self.behind().millis(),
            video: on_air.video,
            audio: on_air.audio,
            passing: lock(&self.passing).clone(),
            last_error: lock(&self.last_error).clone(),
        }
    }
}

/// Locks; a thread that panicked has failed the worker already, and left nothing half done that could mislead.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

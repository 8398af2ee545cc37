//! What has been of late: one list of snapshots for all feeds, so that a change is looked up once, and a client that comes back
//! is told what it has missed.

use crate::api::ApiState;
use crate::api::address::Base;
use crate::api::channels::{Gathered, gather};
use crate::limits::{EVENT_GAP_MIN, EVENT_HUB_IDLE, EVENT_RETRY_AFTER, EVENTS_KEPT};
use actix_web::web::Bytes;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// Shared by all feeds; clones are the same.
#[derive(Clone, Debug)]
pub(in crate::api) struct Hub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    log: Mutex<Log>,
    newest: watch::Sender<u64>,
    runs: AtomicBool,
}

#[derive(Debug, Default)]
struct Log {
    /// Tells this list from those before a restart: numbers begin anew then.
    epoch: i64,
    entries: VecDeque<Entry>,
    /// The newest, as most feeds show it.
    rendered: Option<(u64, Base, Bytes)>,
}

/// One snapshot.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) gathered: Arc<Gathered>,
}

/// What comes after an event.
pub(super) enum After {
    /// This.
    Next(Entry),
    /// Nothing yet.
    Nothing,
    /// More than is remembered.
    TooMuch,
}

impl Default for Hub {
    fn default() -> Self {
        Self(Arc::new(Shared {
            log: Mutex::default(),
            newest: watch::Sender::new(0),
            runs: AtomicBool::default(),
        }))
    }
}

impl Hub {
    /// Has changes be looked up from now on, until nobody has followed for a while.
    pub(super) fn wake(&self, state: &ApiState) {
        if self.0.runs.swap(true, Ordering::AcqRel) {
            return;
        }
        {
            let mut log = self.log();
            *log = Log { epoch: state.house.now().millis(), ..Log::default() };
        }
        self.0.newest.send_replace(0);
        let task = Watching { hub: self.clone(), state: state.clone(), feeds: Arc::clone(&state.feeds) };
        let (board, store) = (state.board.version(), state.changed.subscribe());
        actix_web::rt::spawn(task.run(board, store));
    }

    /// Rises with each event.
    pub(super) fn newest(&self) -> watch::Receiver<u64> {
        self.0.newest.subscribe()
    }

    /// As an event's `id`.
    pub(super) fn id(&self, number: u64) -> String {
        format!("{:x}-{number}", self.log().epoch)
    }

    /// The number in an id, if it is of this list.
    pub(super) fn number(&self, id: &str) -> Option<u64> {
        let (epoch, number) = id.split_once('-')?;
        let log = self.log();
        let newest = *self.0.newest.borrow();
        let number = number.parse().ok().filter(|number| *number <= newest)?;
        (i64::from_str_radix(epoch, 16) == Ok(log.epoch)).then_some(number)
    }

    /// What comes after the event of this number.
    pub(super) fn after(&self, number: u64) -> After {
        let log = self.log();
        match (log.entries.front(), log.entries.back()) {
            (_, Some(newest)) if newest.number <= number => After::Nothing,
            (Some(oldest), _) if oldest.number > number + 1 => After::TooMuch,
            (Some(oldest), _) => {
                let at = usize::try_from(number + 1 - oldest.number).unwrap_or(usize::MAX);
                log.entries.get(at).map_or(After::TooMuch, |entry| After::Next(entry.clone()))
            }
            _ => After::Nothing,
        }
    }

    /// What `render` makes of an event for those who are not limited; made once for all who ask by the same name.
    pub(super) fn rendered(&self, number: u64, base: &Base, render: impl FnOnce() -> Bytes) -> Bytes {
        if let Some((_, _, bytes)) =
            self.log().rendered.as_ref().filter(|(known, by, _)| *known == number && by == base)
        {
            return bytes.clone();
        }
        let bytes = render();
        self.log().rendered = Some((number, base.clone(), bytes.clone()));
        bytes
    }

    fn push(&self, gathered: Gathered) {
        let number = *self.0.newest.borrow() + 1;
        let mut log = self.log();
        log.entries.push_back(Entry { number, gathered: Arc::new(gathered) });
        if log.entries.len() > EVENTS_KEPT {
            log.entries.pop_front();
        }
        drop(log);
        self.0.newest.send_replace(number);
    }

    /// Each change is one assignment, so the log is whole even if a writer has panicked.
    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task that looks changes up.
struct Watching {
    hub: Hub,
    state: ApiState,
    feeds: Arc<Semaphore>,
}

impl Drop for Watching {
    /// However it ends, the next feed begins anew.
    fn drop(&mut self) {
        self.hub.0.runs.store(false, Ordering::Release);
    }
}

impl Watching {
    async fn run(self, mut board: watch::Receiver<u64>, mut store: watch::Receiver<u64>) {
        let mut closing = self.state.closing.subscribe();
        loop {
            let changed = async {
                // Neither sender can be gone, since the state holds both.
                tokio::select! {
                    Ok(()) = board.changed() => (),
                    Ok(()) = store.changed() => (),
                }
            };
            tokio::select! {
                _ = closing.wait_for(|closing| *closing) => return,
                changed = timeout(EVENT_HUB_IDLE, changed) => match changed {
                    Ok(()) => (),
                    Err(_) if self.is_idle() => return,
                    Err(_) => continue,
                },
            }
            // Whatever changes from here on is another event; what has changed until now is in this one.
            board.mark_unchanged();
            store.mark_unchanged();
            let gathered = loop {
                match gather(&self.state).await {
                    Ok(gathered) => break gathered,
                    Err(error) => tracing::debug!("feeds wait for the store: {error}"),
                }
                sleep(EVENT_RETRY_AFTER).await;
            };
            self.hub.push(gathered);
            sleep_until(Instant::now() + EVENT_GAP_MIN).await;
        }
    }

    fn is_idle(&self) -> bool {
        self.feeds.available_permits() == crate::limits::EVENT_FEEDS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_missed_is_found_or_is_too_much() {
        let hub = Hub::default();
        assert!(matches!(hub.after(0), After::Nothing));
        for _ in 0..=EVENTS_KEPT {
            hub.push(Gathered::default());
        }
        let newest = EVENTS_KEPT as u64 + 1;
        assert_eq!(*hub.newest().borrow(), newest);
        assert!(matches!(hub.after(0), After::TooMuch), "the first has gone");
        assert!(matches!(hub.after(1), After::Next(Entry { number: 2, .. })));
        assert!(matches!(hub.after(newest - 1), After::Next(entry) if entry.number == newest));
        assert!(matches!(hub.after(newest), After::Nothing));
        assert_eq!(hub.number(&hub.id(newest)), Some(newest));
        for other in ["", "x", "1-1", "-", "0-99999", "0-x"] {
            assert_eq!(hub.number(other), None, "{other}");
        }
    }
}

//! Sends alarms on: to webhooks, to syslog, by e-mail. Only to where the operator has said; nothing else leaves the box.
//!
//! ```text
//! notify            one_for_one
//! └─ one task for each destination: takes from its outbox, sends, tries again
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`destination`] | pure: where to, checked |
//! | [`notice`] | pure: what is said, as JSON, as syslog and as a mail |
//! | [`outbox`] | pure: what waits for one destination, and when it is tried again |
//! | [`deliver`] | one attempt, with its time limit; what the other side said |
//! | `trust` | whom TLS trusts |
//! | `webhook`, `syslog`, `mail` | the three ways |
//!
//! The board's turns are routed here, so an alarm waits for nobody. What does not fit an outbox is lost, the oldest first,
//! and counted. A destination that fails is an alarm of its own, of which those that fail are told nothing.

pub mod deliver;
pub mod destination;
mod mail;
pub mod notice;
pub mod outbox;
mod syslog;
mod trust;
mod webhook;

use crate::alarms::{Kind, Turn, Words};
use crate::board::Board;
use crate::clock::House;
use crate::limits::{NOTIFY_FAILURES_TOLD, NOTIFY_TESTS_MAX, RECONCILE_RETRY};
use crate::store::{Store, StoreError};
use crate::supervise::{Handle, Strategy, Supervisor, Task};
use destination::Destination;
use notice::{Event, Notice, Sender};
use outbox::Outbox;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, broadcast, watch};

/// A handle; clones share all of it.
#[derive(Clone, Debug)]
pub struct Notify(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    board: Board,
    house: House,
    /// Taken by the task that routes, and given back should it end.
    turns: tokio::sync::Mutex<broadcast::Receiver<Turn>>,
    outboxes: Mutex<BTreeMap<String, Arc<Outbox>>>,
    tests: Semaphore,
}

impl Notify {
    /// Hears of alarms from now on; sends them once [`run`] does.
    #[must_use]
    pub fn new(store: Store, board: Board, house: House) -> Self {
        let turns = tokio::sync::Mutex::new(board.turns());
        let (outboxes, tests) = (Mutex::default(), Semaphore::new(NOTIFY_TESTS_MAX));
        Self(Arc::new(Shared { store, board, house, turns, outboxes, tests }))
    }

    /// How a destination does.
    #[must_use]
    pub fn status(&self, name: &str) -> wire::DestinationStatus {
        self.outboxes().get(name).map(|outbox| outbox.status()).unwrap_or_default()
    }

    /// Sends a test to a destination, at once and past its outbox, and says what the other side said. Nothing when too many
    /// are under way.
    pub async fn test(&self, destination: &Destination) -> Option<wire::TestResult> {
        let _place = self.0.tests.try_acquire().ok()?;
        let notice = Notice::test(self.0.house.now());
        let sent = deliver::deliver(destination, &notice, &self.sender().await).await;
        let outbox = self.outboxes().get(&destination.name).cloned();
        if let (Ok(_), Some(outbox)) = (&sent, outbox) {
            outbox.try_again_now();
        }
        let delivered = sent.is_ok();
        let said = sent.unwrap_or_else(|error| error.to_string());
        Some(wire::TestResult { delivered, said })
    }

    async fn sender(&self) -> Sender {
        let name = self.0.store.setting(crate::api::BOX_NAME).await.ok().flatten();
        Sender::new(name.as_ref().and_then(|name| name.as_str()))
    }

    fn outboxes(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Outbox>>> {
        // Each change is one insertion or removal.
        self.0.outboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts what has become of an alarm where it is wanted.
    fn route(&self, turn: &Turn, wanted: &BTreeMap<String, Destination>) {
        let notice = Notice::of(turn);
        for (name, outbox) in &*self.outboxes() {
            let is_wanted = wanted.get(name).is_some_and(|destination| destination.wants(turn));
            // Whoever fails is not told of it, nor that it is over.
            let is_about_itself = turn.kind == Kind::NotifyFailing && outbox.is_in_trouble();
            if is_wanted && !is_about_itself {
                outbox.put(notice.clone());
            }
        }
        if turn.kind == Kind::NotifyFailing && notice.event == Event::Cleared {
            self.outboxes().values().for_each(|outbox| outbox.trouble_is_over());
        }
    }

    /// Raises or clears the alarm of destinations that fail.
    fn tell(&self) {
        let failing: Vec<(String, String)> = self
            .outboxes()
            .iter()
            .filter_map(|(name, outbox)| Some((name.clone(), outbox.failing()?)))
            .collect();
        if failing.is_empty() {
            return self.0.board.clear(Kind::NotifyFailing);
        }
        let told: Vec<String> = failing.iter().map(|(name, why)| format!("`{name}` ({why})")).collect();
        let cause = format!("Alarms do not reach {}.", told.join(", "));
        let remedy = "Look at the other side and at the network to it, then send a test: it is tried again at once when that arrives.";
        self.0.board.raise(Kind::NotifyFailing, Words::new(cause, remedy));
    }

    async fn serve(self, destination: Destination, outbox: Arc<Outbox>) -> anyhow::Result<()> {
        loop {
            let notice = outbox.next().await;
            let sent = deliver::deliver(&destination, &notice, &self.sender().await).await;
            let wait = match sent {
                Ok(said) => outbox.delivered(&notice, said, self.0.house.now()),
                Err(error) => outbox.failed(&notice, error.to_string(), self.0.house.now()),
            };
            if outbox.failures() == NOTIFY_FAILURES_TOLD || wait.is_none() {
                self.tell();
            }
            if let Some(wait) = wait {
                tracing::warn!(
                    destination = destination.name,
                    "an alarm could not be sent; it is tried again"
                );
                outbox.pause(wait).await;
            }
        }
    }

    /// Makes outboxes and tasks those of the store.
    async fn follow(
        &self,
        handle: &Handle,
        running: &mut BTreeMap<String, Destination>,
    ) -> Result<(), FollowError> {
        let wanted = self.0.store.destinations().await?;
        let wanted: BTreeMap<_, _> = wanted.into_iter().map(|each| (each.name.clone(), each)).collect();
        for gone in running.keys().filter(|name| !wanted.contains_key(*name)) {
            handle.remove(gone).await?;
            self.outboxes().remove(gone);
        }
        for (name, destination) in wanted.iter().filter(|(name, wanted)| running.get(*name) != Some(wanted)) {
            let outbox = self.outboxes().entry(name.clone()).or_default().clone();
            // What it failed of may be what has changed.
            outbox.try_again_now();
            let (notify, destination) = (self.clone(), destination.clone());
            let serve = move |_| notify.clone().serve(destination.clone(), outbox.clone());
            handle.start(Task::new(name.as_str(), serve)).await?;
        }
        *running = wanted;
        if self.outboxes().values().all(|outbox| outbox.failing().is_none()) {
            self.tell();
        }
        Ok(())
    }

    async fn route_all(&self, handle: Handle, mut changed: watch::Receiver<u64>) -> anyhow::Result<()> {
        let mut turns = self.0.turns.lock().await;
        let mut running = BTreeMap::new();
        loop {
            changed.mark_unchanged();
            match self.follow(&handle, &mut running).await {
                Ok(()) => (),
                Err(FollowError::Ended(ended)) => return Err(ended.into()),
                Err(FollowError::Store(error)) => {
                    tracing::warn!(%error, "the destinations of alarms could not be read");
                    tokio::time::sleep(RECONCILE_RETRY).await;
                    continue;
                }
            }
            loop {
                tokio::select! {
                    turn = turns.recv() => match turn {
                        Ok(turn) => self.route(&turn, &running),
                        Err(broadcast::error::RecvError::Lagged(lost)) => {
                            tracing::warn!(lost, "alarms came faster than they could be sent on");
                        }
                        Err(broadcast::error::RecvError::Closed) => anyhow::bail!("the board has gone"),
                    },
                    news = changed.changed() => {
                        news?;
                        break;
                    }
                }
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error(transparent)]
    Ended(#[from] crate::supervise::Ended),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sends for as long as the box runs.
///
/// # Errors
/// When what it needs has gone.
pub async fn run(notify: Notify, changed: watch::Receiver<u64>) -> anyhow::Result<()> {
    let supervisor = Supervisor::new("notify", Strategy::OneForOne);
    let handle = supervisor.handle();
    tokio::select! {
        ended = supervisor.run() => ended,
        routed = notify.route_all(handle, changed) => routed,
    }
}

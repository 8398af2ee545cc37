//! The status board: what each channel is doing, for whoever shows it.
//!
//! Channels write, the API reads; neither waits for the other. What the operator has asked for is in the
//! [`store`](crate::store); the API joins the two.

use media::time::Ticks;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// What a running channel reports.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelReport {
    /// What it is doing.
    pub state: wire::ChannelState,
    /// Its four stages, source first.
    pub stages: Vec<wire::Stage>,
    /// Why it is in that state, when that needs a word; empty otherwise.
    pub detail: String,
    /// How much past there is, with DVR.
    pub dvr: Option<wire::DvrStatus>,
    /// Restarts of any stage since the channel was started.
    pub restarts: u32,
    /// House time at which it was started.
    pub started_at: Option<Ticks>,
}

/// The stages' names, source first.
pub const STAGES: [&str; 4] = ["source", "encode", "package", "serve"];

/// All four stages with the same light and no detail.
#[must_use]
pub fn stages(light: wire::Light) -> Vec<wire::Stage> {
    STAGES.map(|name| wire::Stage { name: name.into(), light, detail: String::new() }).into()
}

/// A handle on the board; clones share it.
#[derive(Clone, Debug)]
pub struct Board(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    reports: Mutex<BTreeMap<String, ChannelReport>>,
    version: watch::Sender<u64>,
}

impl Default for Board {
    fn default() -> Self {
        Self::new()
    }
}

impl Board {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Shared { reports: Mutex::default(), version: watch::Sender::new(0) }))
    }

    /// Replaces a channel's report. The version rises only if it differs.
    pub fn update(&self, slug: &str, report: ChannelReport) {
        let mut reports = self.reports();
        if reports.get(slug) != Some(&report) {
            reports.insert(slug.to_owned(), report);
            drop(reports);
            self.rise();
        }
    }

    /// Takes a channel's report down: it no longer runs.
    pub fn remove(&self, slug: &str) {
        let removed = self.reports().remove(slug);
        if removed.is_some() {
            self.rise();
        }
    }

    /// A channel's report, if it runs.
    #[must_use]
    pub fn get(&self, slug: &str) -> Option<ChannelReport> {
        self.reports().get(slug).cloned()
    }

    /// All reports by slug.
    #[must_use]
    pub fn list(&self) -> BTreeMap<String, ChannelReport> {
        self.reports().clone()
    }

    /// Rises with each change.
    #[must_use]
    pub fn version(&self) -> watch::Receiver<u64> {
        self.0.version.subscribe()
    }

    fn rise(&self) {
        self.0.version.send_modify(|version| *version += 1);
    }

    /// Each change is one insertion or removal, so the map is whole even if a writer has panicked.
    fn reports(&self) -> MutexGuard<'_, BTreeMap<String, ChannelReport>> {
        self.0.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_raise_the_version() {
        let board = Board::new();
        let version = board.version();
        let report = ChannelReport {
            dvr: None,
            state: wire::ChannelState::Starting,
            stages: stages(wire::Light::Off),
            detail: String::new(),
            restarts: 0,
            started_at: None,
        };
        board.update("a", report.clone());
        board.update("a", report.clone());
        assert_eq!(*version.borrow(), 1);
        board.update("a", ChannelReport { restarts: 1, ..report.clone() });
        board.remove("b");
        assert_eq!(*version.borrow(), 2);
        assert_eq!(board.get("a").unwrap().restarts, 1);
        board.remove("a");
        assert_eq!((*version.borrow(), board.list().len()), (3, 0));
    }
}

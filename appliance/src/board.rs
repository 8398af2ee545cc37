//! The status board: what each channel is doing and which alarms are active, for whoever shows it.
//!
//! Channels write, the API reads; neither waits for the other. What the operator has asked for is in the
//! [`store`](crate::store); the API joins the two.

use crate::alarms::{Alarms, Became, Kind, Turn, Words};
use crate::clock::House;
use crate::limits::ALARM_TURNS_MAX;
use crate::store::{Happened, History};
use bytes::Bytes;
use media::time::Ticks;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::gauge::ConstGauge;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{broadcast, watch};

/// What a running channel reports.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelReport {
    /// What it is doing.
    pub state: wire::ChannelState,
    /// Its four stages, source first.
    pub stages: Vec<wire::Stage>,
    /// Its sources, the main one first; none for a test pattern.
    pub sources: Vec<wire::SourceStatus>,
    /// Why it is in that state, when that needs a word; empty otherwise.
    pub detail: String,
    /// What encodes it, and why.
    pub encoding: Option<wire::Encoding>,
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
    house: House,
    history: History,
    shown: Mutex<Shown>,
    version: watch::Sender<u64>,
    turns: broadcast::Sender<Turn>,
}

#[derive(Debug, Default)]
struct Shown {
    reports: BTreeMap<String, ChannelReport>,
    /// What viewers see, as small JPEGs. No part of the reports: a new one is no news.
    pictures: BTreeMap<String, Bytes>,
    alarms: Alarms,
}

impl Board {
    /// An empty one.
    #[must_use]
    pub fn new(house: House, history: History) -> Self {
        let (version, turns) = (watch::Sender::new(0), broadcast::Sender::new(ALARM_TURNS_MAX));
        Self(Arc::new(Shared { house, history, shown: Mutex::default(), version, turns }))
    }

    /// Where events go, alarms that come and go among them.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.0.history
    }

    /// Replaces a channel's report, and its alarms with it. The version rises only if it differs.
    pub fn update(&self, slug: &str, report: ChannelReport) {
        let mut shown = self.shown();
        let Shown { reports, alarms, .. } = &mut *shown;
        if reports.get(slug) != Some(&report) {
            if let Some(moved) = moved(reports.get(slug), &report) {
                self.0.history.note(Some(slug), Happened::EncoderMoved, moved);
            }
            alarms.follow(slug, reports.get(slug), &report, self.0.house.now());
            reports.insert(slug.to_owned(), report);
            self.note(alarms);
            drop(shown);
            self.rise();
        }
    }

    /// Takes a channel's report down: it no longer runs.
    pub fn remove(&self, slug: &str) {
        let mut shown = self.shown();
        shown.alarms.forget(slug, self.0.house.now());
        self.note(&mut shown.alarms);
        shown.pictures.remove(slug);
        let removed = shown.reports.remove(slug);
        drop(shown);
        if removed.is_some() {
            self.rise();
        }
    }

    /// Raises an alarm of the box.
    pub fn raise(&self, kind: Kind, words: Words) {
        let mut shown = self.shown();
        let news = shown.alarms.raise(None, kind, words, self.0.house.now());
        self.note(&mut shown.alarms);
        drop(shown);
        if news {
            self.rise();
        }
    }

    /// Clears an alarm of the box.
    pub fn clear(&self, kind: Kind) {
        let mut shown = self.shown();
        let news = shown.alarms.clear(None, kind, self.0.house.now());
        self.note(&mut shown.alarms);
        drop(shown);
        if news {
            self.rise();
        }
    }

    /// Raises an alarm of the box if it is so, clears it if it is not, and leaves it as it is in between.
    pub fn settle(&self, kind: Kind, is_so: Option<bool>, words: impl FnOnce() -> Words) {
        match is_so {
            Some(true) => self.raise(kind, words()),
            Some(false) => self.clear(kind),
            None => (),
        }
    }

    /// Ends alarms that were held and have been quiet.
    pub fn settle_held(&self) {
        let mut shown = self.shown();
        let news = shown.alarms.settle(self.0.house.now());
        self.note(&mut shown.alarms);
        drop(shown);
        if news {
            self.rise();
        }
    }

    /// Somebody has seen an alarm, which is given back; nothing if there is none.
    pub fn acknowledge(&self, channel: Option<&str>, kind: Kind, by: &str) -> Option<wire::Alarm> {
        let mut shown = self.shown();
        let now = self.0.house.now();
        let is_there = shown.alarms.acknowledge(channel, kind, by, now);
        self.note(&mut shown.alarms);
        let is_it = |alarm: &wire::Alarm| alarm.id == kind.id() && alarm.channel.as_deref() == channel;
        let found = shown.alarms.list(now).into_iter().find(is_it);
        drop(shown);
        if is_there {
            self.rise();
        }
        found
    }

    /// What becomes of alarms from now on.
    #[must_use]
    pub fn turns(&self) -> broadcast::Receiver<Turn> {
        self.0.turns.subscribe()
    }

    /// All active alarms, those of the box first.
    #[must_use]
    pub fn alarms(&self) -> Vec<wire::Alarm> {
        self.shown().alarms.list(self.0.house.now())
    }

    /// A channel's report, if it runs.
    #[must_use]
    pub fn get(&self, slug: &str) -> Option<ChannelReport> {
        self.shown().reports.get(slug).cloned()
    }

    /// Shows what a channel's viewers see.
    pub fn show(&self, slug: &str, picture: Bytes) {
        if self.shown().pictures.insert(slug.to_owned(), picture).is_none() {
            self.rise();
        }
    }

    /// What a channel's viewers see, as a small JPEG; nothing before the channel is on air.
    #[must_use]
    pub fn picture(&self, slug: &str) -> Option<Bytes> {
        self.shown().pictures.get(slug).cloned()
    }

    /// All reports by slug.
    #[must_use]
    pub fn list(&self) -> BTreeMap<String, ChannelReport> {
        self.shown().reports.clone()
    }

    /// Rises with each change.
    #[must_use]
    pub fn version(&self) -> watch::Receiver<u64> {
        self.0.version.subscribe()
    }

    fn note(&self, alarms: &mut Alarms) {
        for turn in alarms.take_turns() {
            let (id, cause) = (turn.kind.id(), &turn.words.cause);
            let (happened, what) = match &turn.what {
                Became::Raised => (Happened::AlarmRaised, format!("{id}: {cause}")),
                Became::Cleared => (Happened::AlarmCleared, id.to_owned()),
                Became::Acknowledged(by) => (Happened::AlarmAcknowledged, format!("{id}: seen by {by}")),
            };
            self.0.history.note(turn.channel.as_deref(), happened, what);
            // Fails while nobody listens.
            let _unheard = self.0.turns.send(turn);
        }
    }

    fn rise(&self) {
        self.0.version.send_modify(|version| *version += 1);
    }

    /// Each change is one insertion or removal, so the maps are whole even if a writer has panicked.
    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.0.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What encodes a channel now and why, where something else did before.
fn moved(before: Option<&ChannelReport>, now: &ChannelReport) -> Option<String> {
    let (before, now) = (before?.encoding.as_ref()?, now.encoding.as_ref()?);
    let name = |device: &Option<String>| device.clone().unwrap_or_else(|| "software".into());
    let has_moved = before.device != now.device;
    has_moved.then(|| format!("{} to {}: {}", name(&before.device), name(&now.device), now.why))
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfAlarm {
    alarm: String,
    channel: String,
}

impl Collector for Board {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let help = "1 for each active alarm; `channel` is empty for those of the box";
        let mut family = encoder.encode_descriptor("alarm", help, None, <ConstGauge as TypedMetric>::TYPE)?;
        for wire::Alarm { id: alarm, channel, .. } in self.alarms() {
            let labels = OfAlarm { alarm, channel: channel.unwrap_or_default() };
            ConstGauge::new(1_i64).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_raise_the_version() {
        let house = House::anchor();
        let board = Board::new(house, History::in_memory(house).unwrap());
        let version = board.version();
        let report = ChannelReport {
            dvr: None,
            encoding: None,
            state: wire::ChannelState::Starting,
            stages: stages(wire::Light::Off),
            sources: Vec::new(),
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

    #[tokio::test]
    async fn a_channel_that_moves_to_another_encoder_is_remembered() {
        let house = House::anchor();
        let board = Board::new(house, History::in_memory(house).unwrap());
        let on = |device: Option<&str>| ChannelReport {
            dvr: None,
            encoding: Some(wire::Encoding { device: device.map(str::to_owned), why: "room".into() }),
            state: wire::ChannelState::Live,
            stages: stages(wire::Light::Good),
            sources: Vec::new(),
            detail: String::new(),
            restarts: 0,
            started_at: None,
        };
        for device in [None, None, Some("renderD128"), Some("renderD128"), None] {
            board.update("a", on(device));
        }
        let events = board.history().newest(Some("a".into()), 9).await.unwrap();
        let told: Vec<_> = events.iter().map(|event| (event.kind.as_str(), event.what.as_str())).collect();
        let moved = |what| ("encoder-moved", what);
        assert_eq!(told, [moved("renderD128 to software: room"), moved("software to renderD128: room")]);
    }
}

//! Alarms: what needs the operator, for as long as it does. Pure.
//!
//! An alarm names a cause and a remedy. It is raised and cleared by the box; only one that tells of the past
//! ("the settings of yesterday are used") waits for the operator to dismiss it. What happened and is over is no alarm.
//! One that comes and goes is held: it is over when it has been quiet for a while. Who has seen one says so; it stays.

use crate::board::ChannelReport;
use crate::limits::{ALARM_FLAP_WINDOW, ALARM_HOLD, ALARM_RAISES_MAX};
use media::time::Ticks;
use std::collections::{BTreeMap, VecDeque};
use wire::{ChannelState, Severity};

/// The kinds of alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Settings were damaged, and a copy is used.
    SettingsRestored,
    /// Settings cannot be written.
    SettingsUnwritable,
    /// The disk is nearly full.
    DiskFull,
    /// File descriptors run out.
    DescriptorsShort,
    /// A fault drill runs.
    Drill,
    /// House time is not that of the box's clock.
    ClockOff,
    /// Little memory is left.
    MemoryShort,
    /// A sensor is too hot.
    TooHot,
    /// A network cable has gone.
    LinkLost,
    /// The machine's clock has no reference.
    ClockUnsynchronised,
    /// A GPU has failed.
    DeviceDistrusted,
    /// A channel keeps failing.
    ChannelParked,
    /// A channel's source has gone.
    SourceLost,
    /// A channel is on air with a back-up.
    OnBackup,
    /// A channel has less past than it should.
    PastShort,
    /// A destination does not take what it is to be told.
    NotifyFailing,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::SettingsRestored,
        Self::SettingsUnwritable,
        Self::DiskFull,
        Self::DescriptorsShort,
        Self::Drill,
        Self::ClockOff,
        Self::MemoryShort,
        Self::TooHot,
        Self::LinkLost,
        Self::ClockUnsynchronised,
        Self::DeviceDistrusted,
        Self::ChannelParked,
        Self::SourceLost,
        Self::OnBackup,
        Self::PastShort,
        Self::NotifyFailing,
    ];

    /// As addresses, metrics and scripts say it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::SettingsRestored => "settings-restored",
            Self::SettingsUnwritable => "settings-unwritable",
            Self::DiskFull => "disk-full",
            Self::DescriptorsShort => "descriptors-short",
            Self::Drill => "drill-running",
            Self::ClockOff => "clock-off",
            Self::MemoryShort => "memory-short",
            Self::TooHot => "too-hot",
            Self::LinkLost => "link-lost",
            Self::ClockUnsynchronised => "clock-unsynchronised",
            Self::DeviceDistrusted => "device-distrusted",
            Self::ChannelParked => "channel-parked",
            Self::SourceLost => "source-lost",
            Self::OnBackup => "on-backup",
            Self::PastShort => "past-short",
            Self::NotifyFailing => "notify-failing",
        }
    }

    /// Whether the operator ends it.
    #[must_use]
    pub const fn is_dismissed(self) -> bool {
        matches!(self, Self::SettingsRestored)
    }

    /// Whether it is held when it comes and goes. What the operator begins or ends is not.
    #[must_use]
    pub const fn is_held(self) -> bool {
        !matches!(self, Self::SettingsRestored | Self::Drill | Self::DeviceDistrusted)
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::SettingsUnwritable | Self::DescriptorsShort | Self::ChannelParked | Self::SourceLost => {
                Severity::Critical
            }
            Self::SettingsRestored
            | Self::DiskFull
            | Self::MemoryShort
            | Self::TooHot
            | Self::LinkLost
            | Self::DeviceDistrusted
            | Self::OnBackup
            | Self::NotifyFailing => Severity::Major,
            Self::Drill | Self::ClockOff | Self::ClockUnsynchronised | Self::PastShort => Severity::Minor,
        }
    }

    /// The page where something can be done about it.
    #[must_use]
    pub fn link(self, channel: Option<&str>) -> String {
        match (channel, self) {
            (Some(slug), _) => format!("/admin/channels/{slug}"),
            (None, Self::NotifyFailing) => "/admin/settings".into(),
            (None, Self::SettingsRestored) => "/admin/".into(),
            (
                None,
                Self::DiskFull
                | Self::MemoryShort
                | Self::TooHot
                | Self::LinkLost
                | Self::ClockUnsynchronised
                | Self::DeviceDistrusted,
            ) => "/admin/devices".into(),
            (None, _) => "/admin/help/alarms".into(),
        }
    }
}

/// What an alarm says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// What is the matter.
    pub cause: String,
    /// What to do.
    pub remedy: String,
}

impl Words {
    /// These.
    pub fn new(cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { cause: cause.into(), remedy: remedy.into() }
    }
}

type Key = (Option<String>, Kind);

/// Those that are active.
#[derive(Debug, Default)]
pub struct Alarms {
    /// By channel, none for the box as a whole.
    active: BTreeMap<Key, Active>,
    /// When each was raised of late: what comes and goes is known by it.
    raised: BTreeMap<Key, VecDeque<Ticks>>,
    /// Since the last time this was asked for.
    turns: Vec<Turn>,
}

#[derive(Debug)]
struct Active {
    words: Words,
    since: Ticks,
    /// Its cause has gone, but it has come and gone so often that it is held for a while.
    over_at: Option<Ticks>,
    acknowledged: Option<wire::Acknowledgement>,
}

/// An alarm came, went or was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// When.
    pub at: Ticks,
    /// None for the box as a whole.
    pub channel: Option<String>,
    /// Which.
    pub kind: Kind,
    /// What the alarm says, or said.
    pub words: Words,
    /// What became of it.
    pub what: Became,
}

/// What becomes of an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// It is so.
    Raised,
    /// It is over.
    Cleared,
    /// This one has seen it.
    Acknowledged(String),
}

impl Alarms {
    /// Raises an alarm, or gives it other words; says whether that changed anything.
    pub fn raise(&mut self, channel: Option<&str>, kind: Kind, words: Words, now: Ticks) -> bool {
        let key = (channel.map(str::to_owned), kind);
        if let Some(active) = self.active.get_mut(&key) {
            let came_again = active.over_at.take().is_some();
            let differs = active.words != words;
            active.words = words;
            if came_again {
                self.remember(key, now);
            }
            return differs || came_again;
        }
        tracing::warn!(channel, alarm = kind.id(), "{} {}", words.cause, words.remedy);
        self.turn(&key, words.clone(), Became::Raised, now);
        self.remember(key.clone(), now);
        self.active.insert(key, Active { words, since: now, over_at: None, acknowledged: None });
        true
    }

    fn remember(&mut self, key: Key, now: Ticks) {
        let raised = self.raised.entry(key).or_default();
        raised.push_back(now);
        // One more than are let pass is enough to know.
        while raised.len() > ALARM_RAISES_MAX + 1 {
            raised.pop_front();
        }
    }

    /// Whether it has come too often of late to be taken at its word.
    fn is_flapping(&self, key: &Key, now: Ticks) -> bool {
        let recent =
            |raised: &VecDeque<Ticks>| raised.iter().filter(|at| now - **at < ALARM_FLAP_WINDOW).count();
        key.1.is_held() && self.raised.get(key).is_some_and(|raised| recent(raised) > ALARM_RAISES_MAX)
    }

    /// Clears an alarm, or begins to: one that comes and goes is held. Says whether that changed anything.
    pub fn clear(&mut self, channel: Option<&str>, kind: Kind, now: Ticks) -> bool {
        let key = (channel.map(str::to_owned), kind);
        let flaps = self.is_flapping(&key, now);
        match self.active.get_mut(&key) {
            None => false,
            // Held already: `settle` ends it.
            Some(Active { over_at: Some(_), .. }) => false,
            Some(active) if flaps => {
                active.over_at = Some(now);
                true
            }
            Some(_) => self.end(&key, now),
        }
    }

    fn end(&mut self, key: &Key, now: Ticks) -> bool {
        let Some(ended) = self.active.remove(key) else { return false };
        tracing::info!(channel = key.0, alarm = key.1.id(), "alarm cleared");
        self.turn(key, ended.words, Became::Cleared, now);
        true
    }

    /// Ends those that were held and have been quiet; says whether there were any. To be called now and then.
    pub fn settle(&mut self, now: Ticks) -> bool {
        let is_quiet = |active: &Active| active.over_at.is_some_and(|at| now - at >= ALARM_HOLD);
        let quiet: Vec<Key> =
            self.active.iter().filter(|(_, active)| is_quiet(active)).map(|(key, _)| key.clone()).collect();
        for key in &quiet {
            self.end(key, now);
        }
        self.raised.retain(|_, raised| raised.back().is_some_and(|at| now - *at < ALARM_FLAP_WINDOW));
        !quiet.is_empty()
    }

    /// Somebody has seen an alarm; says whether there is one.
    pub fn acknowledge(&mut self, channel: Option<&str>, kind: Kind, by: &str, now: Ticks) -> bool {
        let key = (channel.map(str::to_owned), kind);
        let Some(active) = self.active.get_mut(&key) else { return false };
        if active.acknowledged.is_none() {
            active.acknowledged = Some(wire::Acknowledgement { by: by.to_owned(), at_ms: now.millis() });
            let words = active.words.clone();
            self.turn(&key, words, Became::Acknowledged(by.to_owned()), now);
        }
        true
    }

    fn turn(&mut self, (channel, kind): &Key, words: Words, what: Became, at: Ticks) {
        self.turns.push(Turn { at, channel: channel.clone(), kind: *kind, words, what });
    }

    /// What came, went and was seen since the last time this was asked for.
    pub fn take_turns(&mut self) -> Vec<Turn> {
        std::mem::take(&mut self.turns)
    }

    /// Makes a channel's alarms those of its new report. `before` is the report before it.
    pub fn follow(&mut self, slug: &str, before: Option<&ChannelReport>, report: &ChannelReport, now: Ticks) {
        let lost = self.active.get(&(Some(slug.to_owned()), Kind::SourceLost));
        let had_source = before.is_some_and(|before| before.state == ChannelState::Live)
            || lost.is_some_and(|lost| lost.over_at.is_none());
        for (kind, words) in of_channel(report, had_source) {
            match words {
                Some(words) => self.raise(Some(slug), kind, words, now),
                None => self.clear(Some(slug), kind, now),
            };
        }
    }

    /// Clears all alarms of a channel, which no longer runs.
    pub fn forget(&mut self, slug: &str, now: Ticks) {
        let is_its = |key: &Key| key.0.as_deref() == Some(slug);
        let its: Vec<Key> = self.active.keys().filter(|key| is_its(key)).cloned().collect();
        for key in &its {
            self.end(key, now);
        }
        self.raised.retain(|key, _| !is_its(key));
    }

    /// All that are active; those of the box first.
    #[must_use]
    pub fn list(&self, now: Ticks) -> Vec<wire::Alarm> {
        let shown = |(key, active): (&Key, &Active)| wire::Alarm {
            id: key.1.id().into(),
            channel: key.0.clone(),
            since_ms: active.since.millis(),
            cause: active.words.cause.clone(),
            remedy: active.words.remedy.clone(),
            dismissible: key.1.is_dismissed(),
            severity: key.1.severity(),
            link: key.1.link(key.0.as_deref()),
            flapping: active.over_at.is_some() || self.is_flapping(key, now),
            acknowledged: active.acknowledged.clone(),
        };
        self.active.iter().map(shown).collect()
    }
}

/// What is and what is not the matter with a channel. `had_source`: since it was started.
fn of_channel(report: &ChannelReport, had_source: bool) -> [(Kind, Option<Words>); 4] {
    let parked = report.state == ChannelState::Parked;
    let lost = report.state == ChannelState::Waiting && had_source;
    let backup = report.sources.iter().find(|source| source.on_air && source.number > 0);
    let backup =
        backup.map(|source| format!("Back-up {} is on air instead of the main source.", source.number));
    let short = report.dvr.is_some_and(|dvr| dvr.short_of_disk);
    let words = |is: bool, cause: &str, remedy: &str| is.then(|| Words::new(cause, remedy));
    let why = if report.detail.is_empty() { String::new() } else { format!(" It says: {}.", report.detail) };
    [
        (
            Kind::ChannelParked,
            words(
                parked,
                &format!("The channel keeps failing and is tried again at growing intervals.{why}"),
                "Look at its stages and at the journal. A smaller ladder helps where the machine is too slow.",
            ),
        ),
        (
            Kind::SourceLost,
            words(
                lost,
                "The source has gone: viewers see the slate.",
                "Look at the encoder that publishes to this channel, and at the network between it and this box.",
            ),
        ),
        (
            Kind::OnBackup,
            words(
                backup.is_some(),
                backup.as_deref().unwrap_or_default(),
                "See in the channel's history why, and look at its main encoder. When that is well again and does not \
                 take over by itself, put it on air.",
            ),
        ),
        (
            Kind::PastShort,
            words(
                short,
                "The disk has no room for as much past as was asked for.",
                "Free some space on the disk of the data folder, or let viewers of some channels seek back less far.",
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::stages;
    use wire::{DvrStatus, Light};

    fn report(state: ChannelState) -> ChannelReport {
        let (detail, stages, sources) = (String::new(), stages(Light::Good), Vec::new());
        ChannelReport {
            state,
            stages,
            sources,
            detail,
            dvr: None,
            encoding: None,
            restarts: 0,
            started_at: None,
        }
    }

    fn ids(alarms: &Alarms) -> Vec<String> {
        alarms.list(Ticks::ZERO).into_iter().map(|alarm| alarm.id).collect()
    }

    #[test]
    fn a_source_is_lost_only_if_there_was_one() {
        use ChannelState::{Live, Starting, Waiting};
        let mut alarms = Alarms::default();
        let mut before = None;
        let mut seen = Vec::new();
        for state in [Starting, Waiting, Waiting, Live, Waiting, Waiting, Live, Starting] {
            let report = report(state);
            alarms.follow("hall", before.as_ref(), &report, Ticks::ZERO);
            seen.push(alarms.list(Ticks::ZERO).len());
            before = Some(report);
        }
        assert_eq!(seen, [0, 0, 0, 0, 1, 1, 0, 0]);
    }

    #[test]
    fn a_backup_on_air_is_told_for_as_long_as_it_is() {
        let source = |number, on_air| wire::SourceStatus {
            number,
            source: wire::Source::Srt,
            on_air,
            light: Light::Good,
            detail: String::new(),
        };
        let mut alarms = Alarms::default();
        let backup =
            ChannelReport { sources: vec![source(0, false), source(1, true)], ..report(ChannelState::Live) };
        alarms.follow("hall", None, &backup, Ticks::ZERO);
        assert_eq!(ids(&alarms), ["on-backup"]);
        assert_eq!(alarms.list(Ticks::ZERO)[0].cause, "Back-up 1 is on air instead of the main source.");
        let main =
            ChannelReport { sources: vec![source(0, true), source(1, false)], ..report(ChannelState::Live) };
        alarms.follow("hall", Some(&backup), &main, Ticks::ZERO);
        assert!(alarms.list(Ticks::ZERO).is_empty());
    }

    #[test]
    fn an_alarm_keeps_its_beginning_whatever_its_words() {
        let mut alarms = Alarms::default();
        assert!(alarms.raise(None, Kind::DiskFull, Words::new("a", "b"), Ticks::from_secs(5)));
        assert!(!alarms.raise(None, Kind::DiskFull, Words::new("a", "b"), Ticks::from_secs(6)));
        assert!(alarms.raise(None, Kind::DiskFull, Words::new("c", "b"), Ticks::from_secs(7)));
        assert_eq!(
            (alarms.list(Ticks::ZERO)[0].since_ms, alarms.list(Ticks::ZERO)[0].cause.as_str()),
            (5000, "c")
        );
        assert!(
            alarms.clear(None, Kind::DiskFull, Ticks::from_secs(8))
                && !alarms.clear(None, Kind::DiskFull, Ticks::from_secs(8))
        );
        let turns: Vec<_> =
            alarms.take_turns().into_iter().map(|turn| (turn.words.cause, turn.what)).collect();
        assert_eq!(turns, [("a".to_owned(), Became::Raised), ("c".to_owned(), Became::Cleared)]);
        assert!(alarms.take_turns().is_empty());
    }

    #[test]
    fn a_channel_takes_its_alarms_with_it() {
        let mut alarms = Alarms::default();
        alarms.raise(None, Kind::DiskFull, Words::new("a", "b"), Ticks::ZERO);
        let dvr = Some(DvrStatus { listed_secs: 9, short_of_disk: true });
        let parked = ChannelReport { dvr, ..report(ChannelState::Parked) };
        alarms.follow("hall", None, &parked, Ticks::ZERO);
        assert_eq!(ids(&alarms), ["disk-full", "channel-parked", "past-short"]);
        alarms.forget("hall", Ticks::ZERO);
        assert_eq!(ids(&alarms), ["disk-full"]);
    }

    #[test]
    fn what_comes_and_goes_is_held_until_it_is_quiet() {
        let mut alarms = Alarms::default();
        let (kind, at) = (Kind::SourceLost, Ticks::from_secs);
        let count = ALARM_RAISES_MAX as i64 + 1;
        for second in 0..count {
            alarms.raise(Some("hall"), kind, Words::new("a", "b"), at(2 * second));
            alarms.clear(Some("hall"), kind, at(2 * second + 1));
        }
        // Each time but the last it went when its cause did.
        let turns = alarms.take_turns();
        assert_eq!(turns.iter().filter(|turn| turn.what == Became::Raised).count(), ALARM_RAISES_MAX + 1);
        assert_eq!(turns.iter().filter(|turn| turn.what == Became::Cleared).count(), ALARM_RAISES_MAX);
        let last = at(2 * count - 1);
        assert!(alarms.list(last)[0].flapping);
        // More of the same tells nobody anything.
        for step in 1..100 {
            alarms.raise(Some("hall"), kind, Words::new("a", "b"), last + at(step));
            alarms.clear(Some("hall"), kind, last + at(step));
            alarms.settle(last + at(step));
        }
        assert!(alarms.take_turns().is_empty());
        let quiet = last + at(99) + ALARM_HOLD;
        assert!(!alarms.settle(quiet - Ticks::from_millis(1)) && alarms.settle(quiet));
        assert_eq!(alarms.take_turns()[0].what, Became::Cleared);
        assert!(alarms.list(quiet).is_empty() && alarms.raised.len() <= 1);
        alarms.settle(quiet + ALARM_FLAP_WINDOW);
        assert!(alarms.raised.is_empty(), "what is long past is forgotten");
    }

    #[test]
    fn a_held_alarm_that_is_so_again_does_not_end() {
        let mut alarms = Alarms::default();
        for second in 0..10 {
            alarms.raise(None, Kind::DiskFull, Words::new("a", "b"), Ticks::from_secs(second));
            alarms.clear(None, Kind::DiskFull, Ticks::from_secs(second));
        }
        alarms.raise(None, Kind::DiskFull, Words::new("a", "b"), Ticks::from_secs(10));
        assert!(!alarms.settle(Ticks::from_secs(1000)), "its cause is there");
        assert_eq!(alarms.list(Ticks::from_secs(1000)).len(), 1);
    }

    #[test]
    fn an_alarm_is_seen_once_and_stays() {
        let mut alarms = Alarms::default();
        assert!(!alarms.acknowledge(None, Kind::DiskFull, "Ada", Ticks::ZERO), "there is none");
        alarms.raise(None, Kind::DiskFull, Words::new("a", "b"), Ticks::ZERO);
        assert!(alarms.acknowledge(None, Kind::DiskFull, "Ada", Ticks::from_secs(1)));
        assert!(alarms.acknowledge(None, Kind::DiskFull, "Eve", Ticks::from_secs(2)));
        assert_eq!(alarms.list(Ticks::ZERO)[0].acknowledged.as_ref().unwrap().by, "Ada");
        assert_eq!(alarms.take_turns()[1].what, Became::Acknowledged("Ada".into()));
        alarms.clear(None, Kind::DiskFull, Ticks::from_secs(3));
        alarms.raise(None, Kind::DiskFull, Words::new("a", "b"), Ticks::from_secs(4));
        assert_eq!(alarms.list(Ticks::ZERO)[0].acknowledged, None, "a new one nobody has seen");
    }
}

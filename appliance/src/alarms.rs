//! Alarms: what needs the operator, for as long as it does. Pure.
//!
//! An alarm names a cause and a remedy. It is raised and cleared by the box; only one that tells of the past
//! ("the settings of yesterday are used") waits for the operator to dismiss it. What happened and is over is no alarm.

use crate::board::ChannelReport;
use media::time::Ticks;
use std::collections::BTreeMap;
use wire::ChannelState;

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
    /// A channel keeps failing.
    ChannelParked,
    /// A channel's source has gone.
    SourceLost,
    /// A channel is on air with a back-up.
    OnBackup,
    /// A channel has less past than it should.
    PastShort,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::SettingsRestored,
        Self::SettingsUnwritable,
        Self::DiskFull,
        Self::DescriptorsShort,
        Self::Drill,
        Self::ClockOff,
        Self::ChannelParked,
        Self::SourceLost,
        Self::OnBackup,
        Self::PastShort,
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
            Self::ChannelParked => "channel-parked",
            Self::SourceLost => "source-lost",
            Self::OnBackup => "on-backup",
            Self::PastShort => "past-short",
        }
    }

    /// Whether the operator ends it.
    #[must_use]
    pub const fn is_dismissed(self) -> bool {
        matches!(self, Self::SettingsRestored)
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

/// Those that are active.
#[derive(Debug, Default)]
pub struct Alarms {
    /// By channel, none for the box as a whole.
    active: BTreeMap<(Option<String>, Kind), (Words, Ticks)>,
    /// Since the last time this was asked for.
    turns: Vec<Turn>,
}

/// An alarm came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// None for the box as a whole.
    pub channel: Option<String>,
    /// Which.
    pub kind: Kind,
    /// What is the matter; none when it is over.
    pub cause: Option<String>,
}

impl Alarms {
    /// Raises an alarm, or gives it other words; says whether that changed anything.
    pub fn raise(&mut self, channel: Option<&str>, kind: Kind, words: Words, now: Ticks) -> bool {
        let key = (channel.map(str::to_owned), kind);
        let old = self.active.get(&key);
        let since = old.map_or(now, |(_, since)| *since);
        if old.is_some_and(|(old, _)| *old == words) {
            return false;
        }
        if old.is_none() {
            tracing::warn!(channel, alarm = kind.id(), "{} {}", words.cause, words.remedy);
            self.turn(channel, kind, Some(words.cause.clone()));
        }
        self.active.insert(key, (words, since));
        true
    }

    /// Clears an alarm; says whether it was active.
    pub fn clear(&mut self, channel: Option<&str>, kind: Kind) -> bool {
        let cleared = self.active.remove(&(channel.map(str::to_owned), kind)).is_some();
        if cleared {
            tracing::info!(channel, alarm = kind.id(), "alarm cleared");
            self.turn(channel, kind, None);
        }
        cleared
    }

    fn turn(&mut self, channel: Option<&str>, kind: Kind, cause: Option<String>) {
        self.turns.push(Turn { channel: channel.map(str::to_owned), kind, cause });
    }

    /// What came and went since the last time this was asked for.
    pub fn take_turns(&mut self) -> Vec<Turn> {
        std::mem::take(&mut self.turns)
    }

    /// Makes a channel's alarms those of its new report. `before` is the report before it.
    pub fn follow(&mut self, slug: &str, before: Option<&ChannelReport>, report: &ChannelReport, now: Ticks) {
        let had_source = before.is_some_and(|before| before.state == ChannelState::Live)
            || self.active.contains_key(&(Some(slug.to_owned()), Kind::SourceLost));
        for (kind, words) in of_channel(report, had_source) {
            match words {
                Some(words) => self.raise(Some(slug), kind, words, now),
                None => self.clear(Some(slug), kind),
            };
        }
    }

    /// Clears all alarms of a channel.
    pub fn forget(&mut self, slug: &str) {
        self.active.retain(|(channel, _), _| channel.as_deref() != Some(slug));
    }

    /// All that are active; those of the box first.
    #[must_use]
    pub fn list(&self) -> Vec<wire::Alarm> {
        let shown =
            |((channel, kind), (words, since)): (&(Option<String>, Kind), &(Words, Ticks))| wire::Alarm {
                id: kind.id().into(),
                channel: channel.clone(),
                since_ms: since.millis(),
                cause: words.cause.clone(),
                remedy: words.remedy.clone(),
                dismissible: kind.is_dismissed(),
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
        ChannelReport { state, stages, sources, detail, dvr: None, restarts: 0, started_at: None }
    }

    fn ids(alarms: &Alarms) -> Vec<String> {
        alarms.list().into_iter().map(|alarm| alarm.id).collect()
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
            seen.push(alarms.list().len());
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
        assert_eq!(alarms.list()[0].cause, "Back-up 1 is on air instead of the main source.");
        let main =
            ChannelReport { sources: vec![source(0, true), source(1, false)], ..report(ChannelState::Live) };
        alarms.follow("hall", Some(&backup), &main, Ticks::ZERO);
        assert!(alarms.list().is_empty());
    }

    #[test]
    fn an_alarm_keeps_its_beginning_whatever_its_words() {
        let mut alarms = Alarms::default();
        assert!(alarms.raise(None, Kind::DiskFull, Words::new("a", "b"), Ticks::from_secs(5)));
        assert!(!alarms.raise(None, Kind::DiskFull, Words::new("a", "b"), Ticks::from_secs(6)));
        assert!(alarms.raise(None, Kind::DiskFull, Words::new("c", "b"), Ticks::from_secs(7)));
        assert_eq!((alarms.list()[0].since_ms, alarms.list()[0].cause.as_str()), (5000, "c"));
        assert!(alarms.clear(None, Kind::DiskFull) && !alarms.clear(None, Kind::DiskFull));
        let causes: Vec<_> = alarms.take_turns().into_iter().map(|turn| turn.cause).collect();
        assert_eq!(causes, [Some("a".to_owned()), None]);
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
        alarms.forget("hall");
        assert_eq!(ids(&alarms), ["disk-full"]);
    }
}

//! What a watcher saw, and how a test judges it.

use super::LatePart;
use crate::browser::Viewing;
use anyhow::ensure;
use std::time::Duration;

/// `currentTime` may stand still for this long in a player that goes on by itself: it has to see that something is
/// wrong, wait and load again. Longer, and viewers press a button.
pub const STANDSTILL_MAX: Duration = Duration::from_secs(6);

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Broken invariants other than I5 and I7, in words.
    pub violations: Vec<String>,
    /// Rounds over all playlists.
    pub rounds: u64,
    /// Rounds in which the daemon did not answer.
    pub absences: u64,
    /// The longest time from one good answer to the end of a round without one.
    pub absence_max: Duration,
    /// Segments fetched and checked, all renditions together.
    pub segments: u64,
    /// Listed segments without media.
    pub gaps: u64,
    /// Parts whose publication was seen, all renditions together.
    pub parts: u64,
    /// The longest time between two parts of one rendition, the watcher's own delays included.
    pub part_gap_max: Duration,
    /// I5: parts that came too late.
    pub late_parts: Vec<LatePart>,
    /// Gaps that were too long only because the watcher itself was held up, or the box had no processor.
    pub gaps_excused: u64,
    /// The longest time this process was held up.
    pub held_up_max: Duration,
    /// For how long in all the daemon or a worker of its wanted a processor and had none.
    pub starved: Duration,
    /// I7: what each player saw.
    pub viewings: Vec<Viewing>,
    /// The newest segment seen.
    pub newest_msn: u64,
}

/// A promise that a test makes the channel break, how far, and why that is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excuse {
    /// The daemon does not answer for up to this long.
    Absence(Duration, &'static str),
    /// No new part for up to this long, where [`PART_GAP_MAX`](super::PART_GAP_MAX) is promised.
    PartGap(Duration, &'static str),
    /// A player's `currentTime` stands still for up to this long, where [`STANDSTILL_MAX`] is promised.
    Standstill(Duration, &'static str),
    /// A player may leave its tier, or log failed requests.
    PlayerErrors(&'static str),
}

impl Report {
    /// Every promise was kept.
    ///
    /// # Errors
    /// With all that were broken.
    pub fn clean(self) -> anyhow::Result<Self> {
        self.clean_but(&[])
    }

    /// Every promise was kept, but for what the test itself did.
    ///
    /// # Errors
    /// With all that were broken beyond that.
    pub fn clean_but(self, excuses: &[Excuse]) -> anyhow::Result<Self> {
        eprintln!("{}", self.summary());
        let broken = self.broken(excuses);
        ensure!(broken.is_empty(), "promises were broken:\n{}\nexcused was {excuses:?}", broken.join("\n"));
        Ok(self)
    }

    fn broken(&self, excuses: &[Excuse]) -> Vec<String> {
        let mut broken = self.violations.clone();
        if self.rounds == self.absences || self.segments == 0 || self.parts == 0 {
            broken.push(format!("nothing was watched: {}", self.summary()));
        }
        let absence = longest(excuses, |excuse| match excuse {
            Excuse::Absence(limit, _) => Some(limit),
            _ => None,
        });
        if self.absences > 0 && absence.is_none_or(|limit| self.absence_max > limit) {
            broken.push(format!(
                "no answer in {} rounds, for up to {:?}; excused: {absence:?}",
                self.absences, self.absence_max
            ));
        }
        if self.gaps > 0 {
            broken.push(format!("{} segments without media", self.gaps));
        }
        let part_gap = longest(excuses, |excuse| match excuse {
            Excuse::PartGap(limit, _) => Some(limit),
            _ => None,
        });
        let late = self.late_parts.iter().filter(|late| part_gap.is_none_or(|limit| late.own() > limit));
        broken.extend(late.map(ToString::to_string));
        broken.extend(self.viewings.iter().flat_map(|viewing| broken_viewing(viewing, excuses)));
        broken
    }

    /// In one line, for the log of a test.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "watched: {} rounds ({} without an answer, {:?} at most), {} segments ({} gaps), {} parts, {:?} between \
             two at most ({} too late, {} excused); this process was held up for {:?} at most, the box \
             without a processor for {:?} in all{}",
            self.rounds,
            self.absences,
            self.absence_max,
            self.segments,
            self.gaps,
            self.parts,
            self.part_gap_max,
            self.late_parts.len(),
            self.gaps_excused,
            self.held_up_max,
            self.starved,
            self.viewings.iter().map(summary_of).collect::<String>(),
        )
    }

    /// Adds what another watcher of the same stage saw.
    pub(super) fn join(&mut self, other: Self) {
        self.violations.extend(other.violations);
        self.rounds += other.rounds;
        self.absences += other.absences;
        self.absence_max = self.absence_max.max(other.absence_max);
        self.segments += other.segments;
        self.gaps += other.gaps;
        self.newest_msn = self.newest_msn.max(other.newest_msn);
    }
}

fn longest(excuses: &[Excuse], of: impl Fn(Excuse) -> Option<Duration>) -> Option<Duration> {
    excuses.iter().filter_map(|excuse| of(*excuse)).max()
}

/// The newest events of a media element that are told when a player broke a promise.
const EVENTS_TOLD: usize = 20;

/// I7: "a real player has no fatal error and `currentTime` moves".
fn broken_viewing(viewing: &Viewing, excuses: &[Excuse]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut say = |what: String| broken.push(format!("I7 {}: {what}", viewing.name()));
    if let Some(why) = &viewing.why {
        say(format!("it did not play: {why}"));
    }
    let limit = longest(excuses, |excuse| match excuse {
        Excuse::Standstill(limit, _) => Some(limit),
        _ => None,
    });
    let (stood, limit) = (viewing.longest_standstill(), limit.unwrap_or(STANDSTILL_MAX));
    if stood > limit {
        say(format!("currentTime did not move for {stood:?}, more than {limit:?}"));
    }
    if viewing.progress_seconds <= 0.0 {
        say("currentTime did not move".into());
    }
    let errors = viewing.errors();
    if !errors.is_empty() && !excuses.iter().any(|excuse| matches!(excuse, Excuse::PlayerErrors(_))) {
        say(format!("errors: {errors:?}"));
    }
    if let (false, [.., _]) = (broken.is_empty(), &viewing.events[..]) {
        let from = viewing.events.len().saturating_sub(EVENTS_TOLD);
        let events: Vec<_> = viewing.events[from..].iter().map(ToString::to_string).collect();
        broken.push(format!("   the media element told: {}", events.join(" ")));
    }
    broken
}

fn summary_of(viewing: &Viewing) -> String {
    format!(
        "; {} played {:.1} of {:.1} s, {} stalls ({} ms), currentTime stood for {:?} at most, longest gap between \
         pictures {} ms",
        viewing.name(),
        viewing.progress_seconds,
        viewing.elapsed_seconds,
        viewing.stalls,
        viewing.stalled_ms,
        viewing.longest_standstill(),
        viewing.longest_gap_ms,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Report {
        Report { rounds: 10, segments: 4, parts: 20, ..Report::default() }
    }

    fn late(gap_ms: u64, held_up_ms: u64) -> LatePart {
        let (gap, held_up) = (Duration::from_millis(gap_ms), Duration::from_millis(held_up_ms));
        LatePart {
            playlist: "p".into(),
            ended_by: None,
            from_utc_ms: 0,
            gap,
            held_up,
            starved: Duration::ZERO,
        }
    }

    #[test]
    fn a_watch_that_saw_nothing_is_not_clean() {
        assert!(good().clean().is_ok());
        assert!(Report::default().clean().is_err());
        assert!(Report { parts: 0, ..good() }.clean().is_err());
    }

    #[test]
    fn an_excuse_reaches_as_far_as_it_says() {
        let second = Duration::from_secs(1);
        let away = || Report { absences: 3, absence_max: second * 2, ..good() };
        assert!(away().clean().is_err());
        assert!(away().clean_but(&[Excuse::Absence(second, "")]).is_err());
        assert!(away().clean_but(&[Excuse::Absence(second * 3, "")]).is_ok());
        let slow = || Report { late_parts: vec![late(2500, 600)], ..good() };
        assert!(slow().clean().is_err() && slow().clean_but(&[Excuse::PartGap(second, "")]).is_err());
        assert!(slow().clean_but(&[Excuse::PartGap(second * 2, "")]).is_ok());
        let starved = |ms| LatePart { starved: Duration::from_millis(ms), ..late(2500, 600) };
        assert_eq!((starved(200).own().as_millis(), starved(1600).own().as_millis()), (1900, 900));
    }

    #[test]
    fn a_player_that_stands_or_fails_is_not_clean() {
        let playing = Viewing { ok: true, progress_seconds: 10.0, ..Viewing::default() };
        let with = |viewing: Viewing| Report { viewings: vec![viewing], ..good() }.clean();
        assert!(with(playing.clone()).is_ok());
        assert!(with(Viewing { longest_standstill_ms: 7000.0, ..playing.clone() }).is_err());
        assert!(with(Viewing { progress_seconds: 0.0, ..playing.clone() }).is_err());
        assert!(with(Viewing { page_errors: vec!["x".into()], ..playing.clone() }).is_err());
        assert!(with(Viewing { failures: vec![serde_json::Value::Null], ..playing }).is_err());
    }
}

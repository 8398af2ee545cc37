//! From what was seen to what is told of it. Pure.

use crate::cli::table::table;
use crate::drill::word;
use serde::Serialize;
use std::time::Duration;
use wire::DrillFault;

/// Something that a viewer saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// The newest part that is listed: number of its segment, its place in it.
    Part(u64, u64),
    /// A number that is not one more than the one before, or was used before.
    Misnumbered(String),
    /// EXT-X-DISCONTINUITY or EXT-X-GAP.
    Broken(String),
    /// No answer, or not the one that was asked for.
    Failed(String),
}

/// What a viewer saw, and when, by the monotonic clock.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    pub(super) at: Duration,
    pub(super) seen: Seen,
}

/// What the box told.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) channel: String,
    pub(super) fault: DrillFault,
    pub(super) begins: Duration,
    /// From the beginning of a fault that has no length, from the end of one that has; none if it did not recover.
    pub(super) back: Option<Duration>,
    pub(super) restarts: u32,
    pub(super) alarms: Vec<String>,
}

/// What viewers saw of a drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Report {
    pub(super) channel: String,
    pub(super) fault: DrillFault,
    /// Between two parts, before the fault.
    pub(super) calm_gap_ms: u64,
    /// Between two parts, from the fault on.
    pub(super) longest_gap_ms: u64,
    pub(super) promised_gap_ms: u64,
    pub(super) parts: usize,
    pub(super) misnumbered: Vec<String>,
    pub(super) broken: Vec<String>,
    pub(super) failed: Vec<String>,
    pub(super) back_after_ms: Option<u64>,
    pub(super) promised_back_ms: u64,
    pub(super) restarts: u32,
    pub(super) alarms: Vec<String>,
}

/// The channel says twice a second how it is.
const BACK_MS: u64 = 3000;

/// The longest pause between two parts that is promised.
const fn promised_gap_ms(fault: DrillFault) -> u64 {
    match fault {
        // A part, and a second in which it is seen and replaced.
        DrillFault::HangWorker => 1500,
        _ => 1000,
    }
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

impl Report {
    pub(super) fn of(facts: &Facts, sights: &[Sight]) -> Self {
        let parts = sights.iter().filter(|sight| matches!(sight.seen, Seen::Part(..)));
        let times: Vec<_> = parts.map(|sight| sight.at).collect();
        let gaps = times.windows(2).map(|two| (two[1], two[1] - two[0]));
        let longest = |of: &mut dyn Iterator<Item = Duration>| of.max().map_or(u64::MAX, millis);
        let calm = longest(&mut gaps.clone().filter(|(at, _)| *at < facts.begins).map(|(_, gap)| gap));
        let after = longest(&mut gaps.filter(|(at, _)| *at >= facts.begins).map(|(_, gap)| gap));
        let told = |of: fn(&Seen) -> Option<&String>| {
            sights.iter().filter_map(|sight| of(&sight.seen).cloned()).collect()
        };
        Self {
            channel: facts.channel.clone(),
            fault: facts.fault,
            calm_gap_ms: calm,
            longest_gap_ms: after,
            promised_gap_ms: promised_gap_ms(facts.fault),
            parts: times.len(),
            misnumbered: told(|seen| if let Seen::Misnumbered(what) = seen { Some(what) } else { None }),
            broken: told(|seen| if let Seen::Broken(what) = seen { Some(what) } else { None }),
            failed: told(|seen| if let Seen::Failed(what) = seen { Some(what) } else { None }),
            back_after_ms: facts.back.map(millis),
            promised_back_ms: BACK_MS,
            restarts: facts.restarts,
            alarms: facts.alarms.clone(),
        }
    }

    /// Whether viewers saw no more than is promised.
    pub(super) fn is_kept(&self) -> bool {
        self.rows().iter().all(|(_, _, _, kept)| *kept)
    }

    /// What, as seen, as promised, kept.
    fn rows(&self) -> [(&'static str, String, String, bool); 5] {
        let list = |all: &[String]| match all {
            [] => "none".to_owned(),
            [only] => only.clone(),
            [first, rest @ ..] => format!("{first}; and {} more", rest.len()),
        };
        let pause = match self.longest_gap_ms {
            u64::MAX => "no part came".to_owned(),
            gap => format!("{gap} ms ({} ms before)", self.calm_gap_ms),
        };
        let back = self.back_after_ms.map_or_else(|| "not yet".to_owned(), |back| format!("after {back} ms"));
        let back_in_time = self.back_after_ms.is_some_and(|back| back <= self.promised_back_ms);
        let none = || "none".to_owned();
        [
            (
                "pause between parts",
                pause,
                format!("{} ms", self.promised_gap_ms),
                self.longest_gap_ms <= self.promised_gap_ms,
            ),
            ("wrong numbers", list(&self.misnumbered), none(), self.misnumbered.is_empty()),
            ("discontinuities, gaps", list(&self.broken), none(), self.broken.is_empty()),
            ("failed requests", list(&self.failed), none(), self.failed.is_empty()),
            ("as before", back, format!("after {} ms", self.promised_back_ms), back_in_time),
        ]
    }

    pub(super) fn render(&self, json: bool) -> String {
        if json {
            return serde_json::to_string_pretty(self).expect("plain structs always serialise") + "\n";
        }
        let heading = ["VIEWERS", "SAW", "PROMISED", "VERDICT"].map(str::to_owned).to_vec();
        let row = |(what, seen, promised, kept): (&str, String, String, bool)| {
            vec![what.to_owned(), seen, promised, if kept { "kept" } else { "BROKEN" }.to_owned()]
        };
        let rows =
            table(&std::iter::once(heading).chain(self.rows().into_iter().map(row)).collect::<Vec<_>>());
        let alarms = if self.alarms.is_empty() { "none".into() } else { self.alarms.join("; ") };
        let verdict = if self.is_kept() { "saw no more" } else { "saw more" };
        format!(
            "drill    {} on {}: viewers {verdict} than is promised\nparts    {}\nrestarts {}\nalarms   {alarms}\n\n{rows}",
            word(self.fault),
            self.channel,
            self.parts,
            self.restarts
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn sights(parts: impl IntoIterator<Item = u64>) -> Vec<Sight> {
        parts.into_iter().map(|at| Sight { at: ms(at), seen: Seen::Part(at / 2000, at / 500 % 4) }).collect()
    }

    fn facts(fault: DrillFault) -> Facts {
        let (channel, alarms) = ("canary".to_owned(), Vec::new());
        Facts { channel, fault, begins: ms(4000), back: Some(ms(1200)), restarts: 1, alarms }
    }

    #[test]
    fn a_short_pause_is_kept_and_a_long_one_broken() {
        let steady = Report::of(&facts(DrillFault::KillWorker), &sights((0..40).map(|part| part * 500)));
        assert!(steady.is_kept());
        assert_eq!((steady.calm_gap_ms, steady.longest_gap_ms), (500, 500));
        let pause = sights((0..40).map(|part| part * 500).filter(|at| !(4500..5500).contains(at)));
        assert!(!Report::of(&facts(DrillFault::KillWorker), &pause).is_kept());
        assert!(Report::of(&facts(DrillFault::HangWorker), &pause).is_kept());
        // Before the fault it is not the drill's matter, but it is told.
        let before = sights((0..40).map(|part| part * 500).filter(|at| !(500..2500).contains(at)));
        let before = Report::of(&facts(DrillFault::KillWorker), &before);
        assert_eq!((before.is_kept(), before.calm_gap_ms), (true, 2500));
    }

    #[test]
    fn anything_that_a_viewer_must_not_see_breaks_it() {
        let good = sights((0..40).map(|part| part * 500));
        for seen in [
            Seen::Misnumbered("7 after 5".into()),
            Seen::Broken("EXT-X-GAP".into()),
            Seen::Failed("status 404".into()),
        ] {
            let bad = [good.clone(), vec![Sight { at: ms(9000), seen }]].concat();
            assert!(!Report::of(&facts(DrillFault::CutSource), &bad).is_kept());
        }
        let lost = Facts { back: None, ..facts(DrillFault::CutSource) };
        assert!(!Report::of(&lost, &good).is_kept());
        assert!(!Report::of(&facts(DrillFault::CutSource), &[]).is_kept(), "no part at all");
    }

    #[test]
    fn it_is_told_with_what_is_promised() {
        let report = Report::of(&facts(DrillFault::KillWorker), &sights((0..40).map(|part| part * 500)));
        insta::assert_snapshot!(report.render(false), @r"
        drill    kill-worker on canary: viewers saw no more than is promised
        parts    40
        restarts 1
        alarms   none

        VIEWERS                SAW                     PROMISED       VERDICT
        pause between parts    500 ms (500 ms before)  1000 ms        kept
        wrong numbers          none                    none           kept
        discontinuities, gaps  none                    none           kept
        failed requests        none                    none           kept
        as before              after 1200 ms           after 3000 ms  kept
        ");
    }
}

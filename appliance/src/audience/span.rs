//! The spans of time over which charts are drawn: pure.

use super::columns::{RULES, sample};
use crate::rollup::stepped;
use crate::store::{Step, Stepped};
use media::time::Ticks;
use serde::Deserialize;
use wire::Trend;

/// As the query says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) enum Span {
    /// From memory, every two seconds.
    #[default]
    #[serde(rename = "10m")]
    TenMinutes,
    /// Minute by minute.
    #[serde(rename = "1h")]
    Hour,
    /// By five minutes.
    #[serde(rename = "1d")]
    Day,
    /// By two hours.
    #[serde(rename = "30d")]
    Month,
}

impl Span {
    /// How long it is.
    pub(super) const fn length(self) -> Ticks {
        Ticks::from_secs(match self {
            Self::TenMinutes => 600,
            Self::Hour => 3600,
            Self::Day => 86_400,
            Self::Month => 30 * 86_400,
        })
    }

    /// What is read for it, and the step at which it is shown; nothing where it comes from memory.
    pub(super) const fn steps(self) -> Option<(Step, i64)> {
        match self {
            Self::TenMinutes => None,
            Self::Hour => Some((Step::Minute, 60_000)),
            Self::Day => Some((Step::Minute, 300_000)),
            Self::Month => Some((Step::TenMinutes, 7_200_000)),
        }
    }

    /// What is shown of these rows; where nothing was known there is a gap.
    pub(super) fn trend(self, rows: &[Stepped], step_ms: i64, now: Ticks) -> Trend {
        let slots = usize::try_from(self.length().millis() / step_ms).unwrap_or(1);
        let mut all = stepped(&RULES, rows, step_ms, slots, now.millis());
        // Before the first that is known there is nothing to show.
        let known = all.iter().position(|(_, row)| row.is_some()).unwrap_or(all.len());
        all.drain(..known);
        let samples = all.iter().map(|(at, row)| row.map(|row| sample(*at, &row)).unwrap_or_default());
        Trend {
            step_ms: u32::try_from(step_ms).unwrap_or(u32::MAX),
            slots: u32::try_from(slots).unwrap_or(u32::MAX),
            samples: samples.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::columns::COLUMNS;

    #[test]
    fn a_day_is_shown_by_five_minutes_with_its_gaps() {
        let row = |viewers| {
            let mut row = [None; COLUMNS];
            row[5] = Some(viewers);
            row
        };
        let now = Ticks::from_secs(1_800_000_000);
        let at = |minutes: i64| now.millis() - minutes * 60_000;
        let told = Span::Day.trend(&[(at(14), row(2)), (at(12), row(4)), (at(0), row(9))], 300_000, now);
        let viewers: Vec<_> = told.samples.iter().map(|sample| sample.viewers).collect();
        assert_eq!((told.slots, viewers), (288, vec![Some(3), None, None, Some(9)]));
        assert!(Span::Month.trend(&[], 7_200_000, now).samples.is_empty());
    }
}

//! A sample as a row of numbers, and what each column is: pure. The one table of them.

use crate::rollup::{Row, Rule};
use wire::{PerTier, Sample};

/// Numbers of a sample.
pub const COLUMNS: usize = 15;

/// As the database calls them.
pub const NAMES: [&str; COLUMNS] = [
    "source_bps",
    "source_fps_hundredths",
    "sent_bps",
    "late_ms",
    "hold_ms",
    "viewers",
    "viewers_lldash",
    "viewers_llhls",
    "viewers_ts",
    "latency_ms",
    "latency_lldash_ms",
    "latency_llhls_ms",
    "latency_ts_ms",
    "stalls",
    "faults",
];

/// Stalls and faults are counted, all else is a level.
pub const RULES: [Rule; COLUMNS] = {
    let mut rules = [Rule::Mean; COLUMNS];
    (rules[13], rules[14]) = (Rule::Sum, Rule::Sum);
    rules
};

/// The row of a sample.
pub(super) fn row(sample: &Sample) -> Row<COLUMNS> {
    let wide = |value: Option<u32>| value.map(i64::from);
    let (viewers, latency) = (&sample.viewers_by, &sample.latency_by);
    [
        wide(sample.source_bps),
        wide(sample.source_fps_hundredths),
        sample.sent_bps.map(|bps| i64::try_from(bps).unwrap_or(i64::MAX)),
        wide(sample.late_ms),
        wide(sample.hold_ms),
        wide(sample.viewers),
        wide(viewers.lldash),
        wide(viewers.llhls),
        wide(viewers.ts),
        wide(sample.latency_ms),
        wide(latency.lldash),
        wide(latency.llhls),
        wide(latency.ts),
        wide(sample.stalls),
        Some(sample.faults.into()),
    ]
}

/// The sample of a row.
pub(super) fn sample(at_ms: i64, row: &Row<COLUMNS>) -> Sample {
    let short = |at: usize| row[at].map(|value| u32::try_from(value.max(0)).unwrap_or(u32::MAX));
    let three = |at: usize| PerTier { lldash: short(at), llhls: short(at + 1), ts: short(at + 2) };
    Sample {
        at_ms,
        source_bps: short(0),
        source_fps_hundredths: short(1),
        sent_bps: row[2].map(|value| u64::try_from(value).unwrap_or(0)),
        late_ms: short(3),
        hold_ms: short(4),
        viewers: short(5),
        viewers_by: three(6),
        latency_ms: short(9),
        latency_by: three(10),
        stalls: short(13),
        faults: short(14).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_its_row() {
        let numbers: Row<COLUMNS> = std::array::from_fn(|at| Some(at as i64 + 1));
        let told = sample(7, &numbers);
        assert_eq!(row(&told), numbers);
        assert_eq!((told.stalls, told.faults, told.latency_by.ts), (Some(14), 15, Some(13)));
        let counted: Vec<_> = (0..COLUMNS).filter(|at| RULES[*at] == Rule::Sum).map(|at| NAMES[at]).collect();
        assert_eq!(counted, ["stalls", "faults"]);
    }
}

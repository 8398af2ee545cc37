//! Many measurements made into one: pure.
//!
//! A row is what was measured at one moment, or what was made of the moments of a step of time; a column that was not
//! known has no value. Rows are rolled up by the rule of each column, and rolled up again to longer steps.

/// What becomes of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Of a level: what it was on average.
    Mean,
    /// Of something counted: all together.
    Sum,
}

/// One value a column.
pub type Row<const N: usize> = [Option<i64>; N];

/// The row of the step that these rows are of; nothing where none of them has a value.
#[must_use]
pub fn rolled<'a, const N: usize>(
    rules: &[Rule; N],
    rows: impl IntoIterator<Item = &'a Row<N>>,
) -> Option<Row<N>> {
    let (mut sums, mut counts) = ([0_i64; N], [0_i64; N]);
    for row in rows {
        for (at, value) in row.iter().enumerate().filter_map(|(at, value)| Some((at, (*value)?))) {
            sums[at] = sums[at].saturating_add(value);
            counts[at] += 1;
        }
    }
    let value = |at: usize| match (counts[at], rules[at]) {
        (0, _) => None,
        (_, Rule::Sum) => Some(sums[at]),
        (count, Rule::Mean) => Some(sums[at].saturating_add(count / 2).div_euclid(count)),
    };
    let row = std::array::from_fn(value);
    row.iter().any(Option::is_some).then_some(row)
}

/// When the step began in which this moment is.
#[must_use]
pub const fn step_start(at_ms: i64, step_ms: i64) -> i64 {
    at_ms.div_euclid(step_ms) * step_ms
}

/// `slots` steps up to the one of `now_ms`, oldest first, with the rows that fall into each rolled up; where there is
/// none there is a gap. Rows stand with their moment.
#[must_use]
pub fn stepped<const N: usize>(
    rules: &[Rule; N],
    rows: &[(i64, Row<N>)],
    step_ms: i64,
    slots: usize,
    now_ms: i64,
) -> Vec<(i64, Option<Row<N>>)> {
    let last = step_start(now_ms, step_ms);
    let starts = (0..slots).rev().map(|back| last - step_ms * i64::try_from(back).unwrap_or(0));
    let of_step = |start: i64| {
        let within = rows.iter().filter(move |(at, _)| step_start(*at, step_ms) == start);
        rolled(rules, within.map(|(_, row)| row))
    };
    starts.map(|start| (start, of_step(start))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULES: [Rule; 2] = [Rule::Mean, Rule::Sum];

    #[test]
    fn levels_are_averaged_and_counts_added() {
        let rows = [[Some(10), Some(1)], [None, Some(2)], [Some(21), None]];
        assert_eq!(rolled(&RULES, &rows), Some([Some(16), Some(3)]));
        assert_eq!(rolled(&RULES, &[[None, Some(0)]]), Some([None, Some(0)]));
        assert_eq!(rolled(&RULES, &[[None, None]]), None);
        assert_eq!(rolled::<2>(&RULES, &[]), None);
    }

    #[test]
    fn a_step_without_rows_is_a_gap_and_the_last_one_is_now() {
        let rows = [(60_000, [Some(1), Some(1)]), (119_999, [Some(3), Some(1)]), (185_000, [None, Some(5)])];
        let told = stepped(&RULES, &rows, 60_000, 4, 200_000);
        let expected = [
            (0, None),
            (60_000, Some([Some(2), Some(2)])),
            (120_000, None),
            (180_000, Some([None, Some(5)])),
        ];
        assert_eq!(told, expected);
    }

    proptest! {
        #[test]
        fn nothing_counted_is_lost_and_no_level_leaves_its_bounds(
            levels in prop::collection::vec(prop::option::of(-1000_i64..1000), 1..40),
            counts in prop::collection::vec(0_i64..1000, 40),
            cut in 0_usize..40,
        ) {
            let rows: Vec<Row<2>> = levels.iter().zip(&counts).map(|(level, count)| [*level, Some(*count)]).collect();
            let whole = rolled(&RULES, &rows).unwrap();
            prop_assert_eq!(whole[1], Some(counts[..rows.len()].iter().sum()));
            let known: Vec<i64> = levels.iter().flatten().copied().collect();
            if let (Some(level), Some(least), Some(most)) = (whole[0], known.iter().min(), known.iter().max()) {
                prop_assert!((*least..=*most).contains(&level));
            }
            // Counts are the same however they are cut into steps.
            let (first, second) = rows.split_at(cut.min(rows.len()));
            let halves: Vec<Row<2>> = [rolled(&RULES, first), rolled(&RULES, second)].into_iter().flatten().collect();
            prop_assert_eq!(rolled(&RULES, &halves).unwrap()[1], whole[1]);
        }
    }
}

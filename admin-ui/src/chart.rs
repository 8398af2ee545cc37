//! A line over time, as the path of an SVG: pure.

/// The drawing's own units; the style sheet makes them fit the page.
pub(crate) const WIDTH: f64 = 300.0;
/// See [`WIDTH`].
pub(crate) const HEIGHT: f64 = 64.0;

/// What is drawn of a series of values, oldest first; where there was none the line has a gap.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Lines {
    /// The line.
    pub(crate) line: String,
    /// The same, closed along the bottom.
    pub(crate) area: String,
    /// Lines of other series on the same scale.
    pub(crate) others: Vec<String>,
    /// What the top of the drawing stands for.
    pub(crate) top: f64,
    /// The newest value, if there is one now.
    pub(crate) now: Option<f64>,
    /// The largest.
    pub(crate) most: Option<f64>,
}

/// Draws `slots` places of which the newest is at the right edge.
pub(crate) fn draw(values: &[Option<f64>], others: &[Vec<Option<f64>>], slots: usize) -> Lines {
    let most = values.iter().flatten().copied().reduce(f64::max);
    let of_all = others.iter().flatten().flatten().copied().chain(most).reduce(f64::max);
    let top = ceiling(of_all.unwrap_or(0.0));
    let (line, area) = traced(values, slots, top);
    let others = others.iter().map(|values| traced(values, slots, top).0).collect();
    Lines { line, area, others, top, now: values.last().copied().flatten(), most }
}

/// Where a moment is on an axis of time.
pub(crate) fn at_of(at_ms: i64, from_ms: i64, to_ms: i64) -> f64 {
    let length = (to_ms - from_ms).max(1) as f64;
    ((at_ms - from_ms) as f64 / length).clamp(0.0, 1.0) * WIDTH
}

/// The line, and the area below it.
fn traced(values: &[Option<f64>], slots: usize, top: f64) -> (String, String) {
    let step = WIDTH / slots.saturating_sub(1).max(1) as f64;
    let first = slots.saturating_sub(values.len());
    let (mut line, mut area) = (String::new(), String::new());
    for run in runs(values) {
        let at = |index: usize| (first + index) as f64 * step;
        let points: Vec<(f64, f64)> = run
            .clone()
            .map(|index| (at(index), HEIGHT - values[index].unwrap_or(0.0) / top * HEIGHT))
            .collect();
        let path = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect::<Vec<_>>().join("L");
        let (left, right) = (at(run.start), at(run.end - 1));
        // One value alone is a dash, not nothing.
        let dash = if points.len() == 1 { "h0.1" } else { "" };
        line.push_str(&format!("M{path}{dash}"));
        area.push_str(&format!("M{left:.1} {HEIGHT}L{path}L{right:.1} {HEIGHT}Z"));
    }
    (line, area)
}

/// The stretches without a gap.
fn runs(values: &[Option<f64>]) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for (index, _) in values.iter().enumerate().filter(|(_, value)| value.is_some()) {
        match runs.last_mut() {
            Some(run) if run.end == index => run.end += 1,
            _ => runs.push(index..index + 1),
        }
    }
    runs
}

/// The next of 1, 2, 5 times a power of ten: a round number that leaves little air.
fn ceiling(most: f64) -> f64 {
    if most <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(most.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= most).unwrap_or(10.0);
    factor * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_a_gap_and_the_newest_is_at_the_right() {
        let drawn = draw(&[Some(1.0), None, Some(2.0), Some(4.0)], &[], 5);
        assert_eq!(drawn.line, "M75.0 51.2h0.1M225.0 38.4L300.0 12.8");
        assert_eq!((drawn.top, drawn.now, drawn.most), (5.0, Some(4.0), Some(4.0)));
        assert!(drawn.area.ends_with("L300.0 64Z"), "{}", drawn.area);
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert_eq!(draw(&[], &[], 5), Lines { top: 1.0, ..Lines::default() });
        assert_eq!(draw(&[None, None], &[], 5).line, "");
    }

    #[test]
    fn others_are_drawn_on_the_scale_of_all() {
        let drawn = draw(&[Some(1.0), Some(1.0)], &[vec![Some(2.0), None], vec![None, Some(1.0)]], 2);
        assert_eq!((drawn.top, drawn.most, drawn.line.as_str()), (2.0, Some(1.0), "M0.0 32.0L300.0 32.0"));
        assert_eq!(drawn.others, ["M0.0 0.0h0.1", "M300.0 32.0h0.1"]);
    }

    #[test]
    fn moments_outside_the_axis_stand_at_its_ends() {
        let at = [0, 100, 150, 200, 300].map(|at| format!("{}", at_of(at, 100, 200)));
        assert_eq!(at, ["0", "0", "150", "300", "300"]);
        assert_eq!(format!("{}", at_of(5, 5, 5)), "0");
    }

    #[test]
    fn the_top_is_a_round_number() {
        let tops = [0.0, 1.0, 1.1, 4.0, 5.1, 99.0, 2_500_000.0].map(|most| format!("{}", ceiling(most)));
        assert_eq!(tops, ["1", "1", "2", "5", "10", "100", "5000000"]);
    }
}

//! What the manifest of a channel that has just begun may promise: pure.
//!
//! A player of LL-DASH computes from the clock alone what there is. Told of a minute of past that a channel of five
//! seconds does not have, or told to begin a second behind the edge of one that is younger, it asks for segments from
//! before the channel's time and gets 410 until they are of age. So the manifest is held until its first picture can be
//! played, and tells of no more past than there is.

use crate::limits::YOUNG_MANIFEST_MARGIN;
use media::time::Ticks;

/// Of past that is told at least: two segments. No player seeks within so little.
const SHIFT_MIN: Ticks = Ticks::from_secs(4);

/// More of it is told at steps of this.
const SHIFT_STEP: Ticks = Ticks::from_secs(10);

/// How much of the past is told, and since when that is so: a manifest's publish time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shift {
    pub(super) told: Ticks,
    pub(super) since: Ticks,
}

/// `first` is when the oldest segment that is kept began, `whole` what is told of a channel that is old enough, `began`
/// when its configuration did.
pub(super) fn shift(first: Option<Ticks>, whole: Ticks, began: Ticks, now: Ticks) -> Shift {
    let age = first.map_or(Ticks::ZERO, |first| now - first);
    let steps = age.0.div_euclid(SHIFT_STEP.0).max(0);
    let grown = Ticks(steps * SHIFT_STEP.0).min(whole);
    match first {
        Some(first) if grown >= SHIFT_MIN => Shift { told: grown, since: began.max(first + grown) },
        _ => Shift { told: SHIFT_MIN.min(whole), since: began },
    }
}

/// Whether a player that begins `target` behind the edge finds a segment there.
pub(super) fn is_playable(first: Option<Ticks>, target: Ticks, now: Ticks) -> bool {
    first.is_some_and(|first| first + target + YOUNG_MANIFEST_MARGIN <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Ticks = Ticks::from_secs(60);

    #[test]
    fn no_more_past_is_told_than_there_is() {
        let at = Ticks::from_secs;
        let of_age = |age| shift(Some(at(1000)), WHOLE, at(999), at(1000 + age));
        assert_eq!(shift(None, WHOLE, at(999), at(1000)), Shift { told: SHIFT_MIN, since: at(999) });
        assert_eq!(of_age(9), Shift { told: SHIFT_MIN, since: at(999) });
        assert_eq!(of_age(19), Shift { told: at(10), since: at(1010) });
        assert_eq!(of_age(59), Shift { told: at(50), since: at(1050) });
        assert_eq!(of_age(3600).told, WHOLE);
        assert!((10..100).all(|age| of_age(age).told <= at(age) && of_age(age).since <= at(1000 + age)));
        assert!((0..100).all(|age| of_age(age).since <= of_age(age + 1).since), "publish times never fall");
    }

    #[test]
    fn a_clock_before_the_first_segment_promises_nothing() {
        let target = Ticks::from_secs(1);
        assert_eq!(
            shift(Some(Ticks::from_secs(10)), WHOLE, Ticks::ZERO, Ticks::from_secs(8)).told,
            SHIFT_MIN
        );
        assert!(!is_playable(None, target, Ticks::from_secs(8)));
        let first = Some(Ticks::from_secs(10));
        assert!(!is_playable(first, target, Ticks::from_secs(11)));
        assert!(is_playable(first, target, Ticks::from_secs(11) + YOUNG_MANIFEST_MARGIN));
    }
}

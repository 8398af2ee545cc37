//! Which decoded picture goes to which slot, and what to show when there is none. Pure.

use crate::limits::PICTURES_WAITING_MAX;
use media::link::Slate;
use media::time::Ticks;
use std::collections::VecDeque;

/// What a slot shows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice<F> {
    /// This picture.
    New(F),
    /// The one before once more.
    Repeat,
    /// The slate.
    Slate,
}

/// Decoded pictures, by the house time at which each is due.
#[derive(Debug)]
pub(crate) struct Pick<F> {
    waiting: VecDeque<(Ticks, F)>,
    /// How far a stamp may wander around a slot without a picture being dropped and another repeated: a quarter
    /// of a slot.
    tolerance: Ticks,
    /// The slate comes so long after the last picture.
    slate_after: Ticks,
    /// It goes when there have been pictures for so long.
    back_after: Ticks,
    /// The slot that last had a new picture.
    newest: Option<Ticks>,
    /// Since when there have been pictures, without a gap that would bring the slate.
    steady_since: Option<Ticks>,
    dropped: u64,
}

impl<F> Pick<F> {
    /// For slots that are `frame` long.
    pub(crate) fn new(frame: Ticks, slate: &Slate) -> Self {
        Self {
            waiting: VecDeque::new(),
            tolerance: Ticks(frame.0 / 4),
            slate_after: slate.after,
            back_after: slate.back_after,
            newest: None,
            steady_since: None,
            dropped: 0,
        }
    }

    /// When the slate comes and goes from now on.
    pub(crate) fn set_slate(&mut self, slate: &Slate) {
        (self.slate_after, self.back_after) = (slate.after, slate.back_after);
    }

    /// Adds a picture, due at `due`. Pictures come in the order in which they are to be shown; one that is due no
    /// earlier than its successor gives way to it.
    pub(crate) fn push(&mut self, due: Ticks, picture: F) {
        while self.waiting.back().is_some_and(|(last, _)| *last >= due) {
            self.waiting.pop_back();
            self.dropped += 1;
        }
        self.waiting.push_back((due, picture));
        if self.waiting.len() > PICTURES_WAITING_MAX {
            self.waiting.pop_front();
            self.dropped += 1;
        }
    }

    /// Whether there is a picture that is due at `slot` or later: all before have come.
    pub(crate) fn reaches(&self, slot: Ticks) -> bool {
        self.waiting.back().is_some_and(|(due, _)| *due >= slot - self.tolerance)
    }

    /// Forgets what waits: the source has gone. What is shown stays until the slate takes over.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Decides for the slot that begins at `slot`; slots come in order.
    pub(crate) fn take(&mut self, slot: Ticks) -> Choice<F> {
        let due_by = |by: Ticks| self.waiting.iter().take_while(|(due, _)| *due <= by).count();
        // Well before the slot if there is one, else around it: so a source in step with the canvas but whose stamps
        // wander around the slots is shown picture by picture.
        let due = match due_by(slot - self.tolerance) {
            0 => due_by(slot + self.tolerance).min(1),
            due => due,
        };
        if let Some((_, picture)) = self.waiting.drain(..due).next_back() {
            self.dropped += due as u64 - 1;
            self.newest = Some(slot);
            let since = *self.steady_since.get_or_insert(slot);
            return if slot - since >= self.back_after { Choice::New(picture) } else { Choice::Slate };
        }
        if self.newest.is_none_or(|newest| slot - newest >= self.slate_after) {
            self.steady_since = None;
        }
        match self.steady_since {
            Some(since) if slot - since >= self.back_after => Choice::Repeat,
            _ => Choice::Slate,
        }
    }

    /// Pictures for which no slot had room, since the last time this was asked.
    pub(crate) fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FRAME: Ticks = Ticks(12_000);

    fn run(due: impl Iterator<Item = Ticks>, slots: std::ops::Range<i64>) -> (Vec<Choice<usize>>, u64) {
        let mut pick = Pick::new(FRAME, &Slate::default());
        let mut due = due.enumerate().peekable();
        let choices = slots
            .map(|slot| {
                // Each picture is there 50 ms before it is due.
                while let Some((index, at)) =
                    due.next_if(|(_, at)| *at <= FRAME * slot + Ticks::from_millis(50))
                {
                    pick.push(at, index);
                }
                pick.take(FRAME * slot)
            })
            .collect();
        (choices, pick.take_dropped())
    }

    #[test]
    fn a_slower_source_is_repeated_and_a_faster_one_thinned() {
        use Choice::{New, Repeat};
        let (choices, dropped) = run((0..10).map(|frame| Ticks(24_000) * frame), 0..6);
        assert_eq!(choices, [New(0), Repeat, New(1), Repeat, New(2), Repeat]);
        assert_eq!(dropped, 0);
        let (choices, dropped) = run((0..100).map(|frame| Ticks(6000) * frame), 0..4);
        assert_eq!(choices, [New(0), New(1), New(3), New(5)]);
        assert_eq!(dropped, 2);
    }

    #[test]
    fn the_slate_comes_half_a_second_after_the_last_picture() {
        let (choices, _) = run((0..3).map(|frame| FRAME * frame), 0..30);
        let repeats = choices.iter().filter(|choice| **choice == Choice::Repeat).count();
        assert_eq!(repeats, 14);
        assert_eq!(choices[17..], std::array::from_fn::<_, 13, _>(|_| Choice::Slate));
        let (choices, _) = run(std::iter::empty(), 0..2);
        assert_eq!(choices, [Choice::Slate, Choice::Slate]);
    }

    #[test]
    fn the_source_is_back_when_it_has_been_steady() {
        let back_after = FRAME * 5;
        let mut pick = Pick::new(FRAME, &Slate { after: FRAME * 3, back_after, ..Slate::default() });
        let shown = |pick: &mut Pick<i64>, slot: i64, picture: bool| {
            if picture {
                pick.push(FRAME * slot, slot);
            }
            pick.take(FRAME * slot) != Choice::Slate
        };
        let pictures = [true, true, false, false, false, true, true, true, false, true, true, true];
        let seen: Vec<_> =
            (0..).zip(pictures).map(|(slot, picture)| shown(&mut pick, slot, picture)).collect();
        // Three slots without a picture: it must begin anew; one without is no matter.
        assert_eq!(seen, [[false; 10].as_slice(), &[true; 2]].concat());
    }

    #[test]
    fn a_burst_of_late_pictures_shows_the_newest() {
        let mut pick = Pick::new(FRAME, &Slate::default());
        (0..20).for_each(|frame| pick.push(FRAME * frame, frame));
        assert_eq!(pick.take(FRAME * 30), Choice::New(19));
        assert_eq!(pick.take_dropped(), 19);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut pick = Pick::new(FRAME, &Slate::default());
        (0..1000).for_each(|frame| pick.push(FRAME * frame, frame));
        assert_eq!(pick.waiting.len(), PICTURES_WAITING_MAX);
        assert_eq!(pick.take_dropped(), 1000 - PICTURES_WAITING_MAX as u64);
    }

    proptest! {
        /// A source of the canvas's own rate, at any phase, whose stamps are rounded to milliseconds and wander by two more.
        #[test]
        fn a_source_in_step_is_shown_picture_by_picture(
            phase in 0i64..12_000, wander in proptest::collection::vec(-720i64..720, 100),
        ) {
            let due = wander.iter().enumerate().map(|(frame, wander)| {
                Ticks((FRAME.0 * frame as i64 + phase + wander) / 360 * 360)
            });
            let (choices, dropped) = run(due, 0..90);
            // Once, near the edge of the tolerance, it may settle a slot later.
            let repeats = choices.iter().filter(|choice| **choice == Choice::Repeat).count();
            prop_assert!(repeats <= 1 && dropped <= 1, "{repeats} {dropped} {choices:?}");
            prop_assert!(choices[2..].iter().all(|choice| *choice != Choice::Slate));
        }
    }
}

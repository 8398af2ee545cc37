//! Which of a channel's sources is on air: pure.
//!
//! A source has *failed* when a fault that the operator minds has lasted for its time. It is *fit* to take over while
//! no such fault has lasted for half of its time: so two sources that go black together, as a programme does between
//! two items, change nothing, and none takes over that is about to fail.

use media::link::SOURCES_MAX;
use media::time::Ticks;

/// What can be wrong with a source, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No pictures come, or none that can be decoded.
    Loss,
    /// Stamps jump or run backwards, again and again.
    Disorder,
    /// The picture is black.
    Black,
    /// The picture stands still.
    Frozen,
    /// Nothing can be heard.
    Silence,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Loss, Self::Disorder, Self::Black, Self::Frozen, Self::Silence];

    /// For people, behind "the source".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Loss => "brings no picture",
            Self::Disorder => "has disordered time stamps",
            Self::Black => "is black",
            Self::Frozen => "stands still",
            Self::Silence => "is silent",
        }
    }
}

/// When a source has failed, and when a better one is back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long each of [`Fault::ALL`] must last; none: it is no matter.
    pub after: [Option<Ticks>; Fault::ALL.len()],
    /// An earlier source that has been fit for so long takes over again; none: when the operator says so.
    pub return_after: Option<Ticks>,
}

impl Default for Rules {
    /// What is wrong with any programme: black, still or silent may be meant. Before the slate comes, the back-up does.
    fn default() -> Self {
        let millis = |millis| Some(Ticks::from_millis(millis));
        Self { after: [millis(400), millis(3000), None, None, None], return_after: millis(10_000) }
    }
}

/// What a source looks like now: since when each of [`Fault::ALL`] lasts, none while it does not.
pub type Faults = [Option<Ticks>; Fault::ALL.len()];

/// Why another source is on air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The one before failed in this way, for so long.
    Fault(Fault, Ticks),
    /// The one before has been taken away from the channel.
    Removed,
    /// This one has been fit for so long.
    Return(Ticks),
    /// The operator wanted it.
    Operator,
}

/// Another source is on air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    /// The number of the one before.
    pub from: usize,
    /// The number of this one.
    pub to: usize,
    /// Why.
    pub cause: Cause,
}

/// See the module. One for each channel.
#[derive(Clone, Debug, Default)]
pub struct Failover {
    on_air: usize,
    /// Since when each source has been fit.
    fit_since: [Option<Ticks>; SOURCES_MAX],
    /// The operator chose what is on air: none returns by itself.
    is_held: bool,
}

impl Failover {
    /// One that goes on with the source that was on air before.
    #[must_use]
    pub fn resume(on_air: usize) -> Self {
        Self { on_air, ..Self::default() }
    }

    /// Number of the source that is on air.
    #[must_use]
    pub const fn on_air(&self) -> usize {
        self.on_air
    }

    /// The operator wants this one. It stays until it fails, or, when it is the main one, as if it had come by itself.
    pub fn take(&mut self, number: usize) -> Option<Switch> {
        self.is_held = number > 0;
        self.switch(number, Cause::Operator).filter(|switch| switch.from != switch.to)
    }

    /// Decides, given each source; none for those that the channel does not have.
    pub fn judge(
        &mut self,
        rules: &Rules,
        seen: &[Option<Faults>; SOURCES_MAX],
        now: Ticks,
    ) -> Option<Switch> {
        for (since, faults) in self.fit_since.iter_mut().zip(seen) {
            let is_fit = faults.as_ref().is_some_and(|faults| is_fit(rules, faults, now));
            *since = is_fit.then(|| since.unwrap_or(now));
        }
        let cause = match &seen[self.on_air] {
            None => Some(Cause::Removed),
            Some(faults) => failed(rules, faults, now).map(|(fault, lasted)| Cause::Fault(fault, lasted)),
        };
        let others = |number: &usize| *number != self.on_air && self.fit_since[*number].is_some();
        match cause {
            Some(cause) => {
                // Without another there is no better than the slate, or the main source that may yet come.
                let next = (0..SOURCES_MAX).find(others);
                let next = next.or((cause == Cause::Removed && self.on_air > 0).then_some(0));
                self.is_held &= next.is_none();
                self.switch(next?, cause)
            }
            None if self.is_held => None,
            None => {
                let returns_after = rules.return_after?;
                let fit_for = |number: usize| self.fit_since[number].map(|since| now - since);
                let back = (0..self.on_air).find_map(|number| {
                    fit_for(number).filter(|fit| *fit >= returns_after).map(|fit| (number, fit))
                });
                let (number, fit) = back?;
                self.switch(number, Cause::Return(fit))
            }
        }
    }

    fn switch(&mut self, to: usize, cause: Cause) -> Option<Switch> {
        let from = std::mem::replace(&mut self.on_air, to);
        Some(Switch { from, to, cause })
    }
}

/// How a source has failed, and how long ago the fault began.
#[must_use]
pub fn failed(rules: &Rules, faults: &Faults, now: Ticks) -> Option<(Fault, Ticks)> {
    let lasting = lasting(rules, faults, now);
    lasting.filter(|(_, lasted, after)| lasted >= after).map(|(fault, lasted, _)| (fault, lasted)).next()
}

fn is_fit(rules: &Rules, faults: &Faults, now: Ticks) -> bool {
    lasting(rules, faults, now).all(|(_, lasted, after)| lasted + lasted < after)
}

/// The faults that the rules mind: how long each has lasted, and how long it may.
fn lasting(rules: &Rules, faults: &Faults, now: Ticks) -> impl Iterator<Item = (Fault, Ticks, Ticks)> {
    let all = Fault::ALL.into_iter().zip(*faults).zip(rules.after);
    all.filter_map(move |((fault, since), after)| Some((fault, now - since?, after?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: Faults = [None; 5];

    fn ms(ms: i64) -> Ticks {
        Ticks::from_millis(ms)
    }

    fn rules(black: i64) -> Rules {
        Rules { after: [Some(ms(1000)), None, Some(ms(black)), None, None], ..Rules::default() }
    }

    fn black(since: i64) -> Faults {
        [None, None, Some(ms(since)), None, None]
    }

    fn lost(since: i64) -> Faults {
        [Some(ms(since)), None, None, None, None]
    }

    fn seen<const N: usize>(sources: [Faults; N]) -> [Option<Faults>; SOURCES_MAX] {
        std::array::from_fn(|number| sources.get(number).copied())
    }

    #[test]
    fn the_first_fit_backup_takes_over_when_a_fault_has_lasted() {
        let mut failover = Failover::default();
        let rules = rules(2000);
        let sources = |lasts: Faults| seen([lasts, lost(0), GOOD, GOOD]);
        assert_eq!(failover.judge(&rules, &sources(black(0)), ms(1999)), None);
        let switch = failover.judge(&rules, &sources(black(0)), ms(2050)).unwrap();
        assert_eq!(switch, Switch { from: 0, to: 2, cause: Cause::Fault(Fault::Black, ms(2050)) });
        assert_eq!(failover.on_air(), 2);
    }

    #[test]
    fn what_the_rules_do_not_mind_is_no_fault() {
        let mut failover = Failover::default();
        let still = [None, None, None, Some(ms(0)), Some(ms(0))];
        assert_eq!(failover.judge(&rules(2000), &seen([still, GOOD]), ms(900_000)), None);
    }

    #[test]
    fn sources_that_go_black_together_change_nothing() {
        let mut failover = Failover::default();
        for at in (0..60_000).step_by(100) {
            assert_eq!(failover.judge(&rules(2000), &seen([black(0), black(300)]), ms(at)), None);
        }
    }

    #[test]
    fn the_main_source_returns_when_it_has_been_fit_for_long_enough() {
        let (mut failover, rules) = (Failover::default(), rules(2000));
        failover.judge(&rules, &seen([lost(0), GOOD]), ms(1000)).unwrap();
        // Back at 5 s, away for a moment at 9 s.
        let mut returned = None;
        for at in (1100..40_000).step_by(100) {
            let main = match at {
                ..5000 => lost(0),
                9000..9800 => lost(9000),
                _ => GOOD,
            };
            let switch = failover.judge(&rules, &seen([main, GOOD]), ms(at));
            returned = returned.or(switch.map(|switch| (at, switch)));
        }
        let (at, switch) = returned.unwrap();
        assert_eq!((at, switch.to), (19_800, 0));
        assert!(matches!(switch.cause, Cause::Return(_)));
    }

    #[test]
    fn the_operators_choice_stays_until_it_fails() {
        let (mut failover, rules) = (Failover::default(), rules(2000));
        assert_eq!(failover.take(1).unwrap().cause, Cause::Operator);
        assert_eq!(failover.take(1), None);
        for at in (0..60_000).step_by(100) {
            assert_eq!(failover.judge(&rules, &seen([GOOD, GOOD]), ms(at)), None);
        }
        assert_eq!(failover.judge(&rules, &seen([GOOD, lost(60_000)]), ms(61_000)).unwrap().to, 0);
        // By hand alone, when so told.
        let by_hand = Rules { return_after: None, ..rules };
        failover.judge(&by_hand, &seen([lost(61_000), GOOD]), ms(62_000)).unwrap();
        assert_eq!(failover.judge(&by_hand, &seen([GOOD, GOOD]), ms(900_000)), None);
    }

    #[test]
    fn a_source_that_is_taken_away_goes_off_air_at_once() {
        let mut failover = Failover::default();
        failover.take(1);
        let switch = failover.judge(&Rules::default(), &seen([lost(0)]), ms(100_000)).unwrap();
        assert_eq!((switch.to, switch.cause), (0, Cause::Removed));
        assert_eq!(failover.judge(&Rules::default(), &seen([lost(0)]), ms(100_100)), None);
    }

    proptest! {
        /// Whatever two sources do, a source that took over for a fault stays for at least half of the shortest time.
        #[test]
        fn there_is_no_flapping(lengths in proptest::collection::vec((0usize..3, 1i64..40), 1..60)) {
            let (mut failover, rules) = (Failover::default(), rules(2000));
            let (mut at, mut since, mut last) = (0, [None; 2], None::<i64>);
            for (which, length) in lengths {
                for _ in 0..length {
                    at += 100;
                    for (number, since) in since.iter_mut().enumerate() {
                        *since = (which == number || which == 2).then(|| since.unwrap_or(at));
                    }
                    let sources = since.map(|since| since.map_or(GOOD, black));
                    if let Some(switch) = failover.judge(&rules, &seen(sources), ms(at)) {
                        prop_assert!(last.is_none_or(|last| at - last >= 1000), "{switch:?} at {at}, {last:?}");
                        last = Some(at);
                    }
                }
            }
        }
    }
}

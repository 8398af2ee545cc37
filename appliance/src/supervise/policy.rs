//! What is done about an exit. Pure: time and chance come from outside.
//!
//! A task may be restarted at once `restarts_max` times within `window`. After that it is either escalated, so
//! that the parent treats its whole family as one exit, or parked: tried again at growing intervals, for ever,
//! since an output must never be given up. Having run for `steady_after` wipes the slate clean.

use crate::limits;
use std::collections::VecDeque;
use std::time::Duration;

/// The figures of a [`Policy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Restarts at once, within `window`.
    pub restarts_max: u32,
    /// In which restarts are counted.
    pub window: Duration,
    /// First wait once parked.
    pub backoff_first: Duration,
    /// Longest wait once parked.
    pub backoff_max: Duration,
    /// Running this long is success.
    pub steady_after: Duration,
    /// What happens beyond `restarts_max`.
    pub over_limit: OverLimit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            restarts_max: limits::RESTARTS_MAX,
            window: limits::RESTART_WINDOW,
            backoff_first: limits::BACKOFF_FIRST,
            backoff_max: limits::BACKOFF_MAX,
            steady_after: limits::STEADY_AFTER,
            over_limit: OverLimit::Park,
        }
    }
}

/// What happens to a task that exits too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverLimit {
    /// It is tried again at growing intervals, for ever; its family goes on.
    Park,
    /// Its supervisor stops all children and exits with an error: its own parent decides.
    Escalate,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Start it again at once.
    Restart,
    /// Start it again after a wait.
    Park {
        /// The wait.
        retry_after: Duration,
        /// Whether this is the moment to tell the operator: once for each time of trouble.
        raise_alarm: bool,
    },
    /// Give up here.
    Escalate,
}

/// Thirty-two random bits, drawn by the caller.
#[derive(Clone, Copy, Debug)]
pub struct Jitter(pub u32);

/// The memory of one task's exits.
#[derive(Clone, Debug)]
pub struct Policy {
    limits: Limits,
    /// When it was restarted at once, oldest first; never more than `restarts_max`.
    restarts: VecDeque<Duration>,
    /// Waits so far in this time of trouble; zero while all is well.
    waits: u32,
}

impl Policy {
    /// A task without a past.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, restarts: VecDeque::new(), waits: 0 }
    }

    /// The task has exited at `now`, on any clock that only rises, having run for `ran_for`.
    pub fn exited(&mut self, now: Duration, ran_for: Duration, jitter: Jitter) -> Decision {
        if ran_for >= self.limits.steady_after {
            self.recovered();
        }
        self.restarts.retain(|at| now.saturating_sub(*at) < self.limits.window);
        if self.waits == 0 && self.restarts.len() < self.limits.restarts_max as usize {
            self.restarts.push_back(now);
            return Decision::Restart;
        }
        match self.limits.over_limit {
            OverLimit::Escalate => Decision::Escalate,
            OverLimit::Park => self.park(jitter),
        }
    }

    /// Whether the task is in trouble: it has been parked and not yet recovered.
    #[must_use]
    pub fn in_trouble(&self) -> bool {
        self.waits > 0
    }

    /// It has run for `steady_after`: trouble is over, and the alarm with it. Tells whether there was any.
    pub fn recovered(&mut self) -> bool {
        let was_in_trouble = self.in_trouble();
        self.waits = 0;
        if was_in_trouble {
            self.restarts.clear();
        }
        was_in_trouble
    }

    fn park(&mut self, jitter: Jitter) -> Decision {
        let raise_alarm = self.waits == 0;
        let doubled = 1_u32.checked_shl(self.waits).unwrap_or(u32::MAX);
        let full = self.limits.backoff_first.saturating_mul(doubled).min(self.limits.backoff_max);
        self.waits = self.waits.saturating_add(1);
        Decision::Park { retry_after: jittered(full, jitter), raise_alarm }
    }
}

/// Between half of `full` and all of it: tasks that failed together do not come back together.
fn jittered(full: Duration, Jitter(random): Jitter) -> Duration {
    let half = full / 2;
    let share = half.as_nanos() * u128::from(random) / u128::from(u32::MAX);
    half + Duration::from_nanos(u64::try_from(share).unwrap_or(u64::MAX))
}

/// Who else restarts when a child exits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Nobody.
    OneForOne,
    /// All children that were started after it.
    RestForOne,
}

/// Children by their place in the start order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// To stop first, in this order: the last started goes first.
    pub stop: Vec<usize>,
    /// To start then, in this order.
    pub start: Vec<usize>,
}

/// Which of `count` children stop and start when child `exited` does. It needs no stopping itself.
#[must_use]
pub fn plan(strategy: Strategy, count: usize, exited: usize) -> Plan {
    match strategy {
        Strategy::OneForOne => Plan { stop: Vec::new(), start: vec![exited] },
        Strategy::RestForOne => {
            Plan { stop: (exited + 1..count).rev().collect(), start: (exited..count).collect() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Strategy;
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn exit(policy: &mut Policy, at_secs: u64) -> Decision {
        policy.exited(Duration::from_secs(at_secs), SECOND, Jitter(u32::MAX))
    }

    fn park(secs: u64, raise_alarm: bool) -> Decision {
        Decision::Park { retry_after: Duration::from_secs(secs), raise_alarm }
    }

    #[test]
    fn five_in_a_minute_then_growing_waits_and_one_alarm() {
        let mut policy = Policy::new(Limits::default());
        let decisions: Vec<_> = (0..13).map(|at| exit(&mut policy, at)).collect();
        let waits = [1, 2, 4, 8, 16, 30, 30, 30].map(|secs| park(secs, secs == 1));
        assert_eq!(decisions[..5], [Decision::Restart; 5]);
        assert_eq!(decisions[5..], waits);
    }

    #[test]
    fn once_a_minute_is_never_too_often() {
        let mut policy = Policy::new(Limits::default());
        assert!((0..1000).all(|n| exit(&mut policy, n * 60) == Decision::Restart));
    }

    #[test]
    fn a_steady_run_wipes_the_slate() {
        let mut policy = Policy::new(Limits::default());
        (0..8).for_each(|at| _ = exit(&mut policy, at));
        assert!(policy.in_trouble());
        let steady = Limits::default().steady_after;
        assert_eq!(policy.exited(Duration::from_secs(50), steady, Jitter(0)), Decision::Restart);
        assert!(!policy.in_trouble() && !policy.recovered());
    }

    #[test]
    fn a_family_may_ask_its_parent_instead() {
        let limits = Limits { over_limit: OverLimit::Escalate, restarts_max: 1, ..Limits::default() };
        let mut policy = Policy::new(limits);
        assert_eq!((exit(&mut policy, 0), exit(&mut policy, 1)), (Decision::Restart, Decision::Escalate));
    }

    #[test]
    fn the_rest_stops_backwards_and_starts_forwards() {
        let rest = plan(Strategy::RestForOne, 4, 1);
        assert_eq!(rest, Plan { stop: vec![3, 2], start: vec![1, 2, 3] });
        assert_eq!(plan(Strategy::OneForOne, 4, 1), Plan { stop: vec![], start: vec![1] });
    }

    proptest! {
        #[test]
        fn whatever_happens_the_limits_hold(
            exits in proptest::collection::vec((0_u64..90_000, 0_u64..90_000, any::<u32>()), 0..200),
            restarts_max in 0_u32..8,
        ) {
            let limits = Limits { restarts_max, ..Limits::default() };
            let mut policy = Policy::new(limits);
            let (mut now, mut at_once) = (Duration::ZERO, Vec::<Duration>::new());
            let mut alarm = false;
            for (idle_ms, ran_ms, random) in exits {
                let ran_for = Duration::from_millis(ran_ms);
                now += Duration::from_millis(idle_ms) + ran_for;
                if ran_for >= limits.steady_after && policy.in_trouble() {
                    alarm = false;
                    at_once.clear();
                }
                match policy.exited(now, ran_for, Jitter(random)) {
                    Decision::Restart => {
                        prop_assert!(!alarm, "restarted at once while parked");
                        at_once.push(now);
                    }
                    Decision::Park { retry_after, raise_alarm } => {
                        prop_assert!(retry_after >= limits.backoff_first / 2);
                        prop_assert!(retry_after <= limits.backoff_max);
                        prop_assert_eq!(raise_alarm, !alarm, "one alarm for each time of trouble");
                        alarm = true;
                    }
                    Decision::Escalate => prop_assert!(false, "asked to park"),
                }
                prop_assert_eq!(policy.in_trouble(), alarm);
                let recent = at_once.iter().filter(|at| now - **at < limits.window).count();
                prop_assert!(recent <= restarts_max as usize);
            }
        }

        #[test]
        fn waits_grow_to_the_cap_and_stay(random in any::<u32>(), exits in 1_usize..300) {
            let mut policy = Policy::new(Limits { restarts_max: 0, ..Limits::default() });
            let mut least = Duration::ZERO;
            for _ in 0..exits {
                let Decision::Park { retry_after, .. } = policy.exited(SECOND, SECOND, Jitter(random)) else {
                    panic!("not parked");
                };
                prop_assert!(retry_after >= least);
                least = retry_after;
            }
        }

        #[test]
        fn a_plan_restarts_all_that_it_stops_and_nothing_before(count in 1_usize..12, pick in any::<usize>()) {
            let exited = pick % count;
            for strategy in [Strategy::OneForOne, Strategy::RestForOne] {
                let Plan { stop, start } = plan(strategy, count, exited);
                prop_assert_eq!(start[0], exited);
                prop_assert!(start.is_sorted() && start.iter().all(|child| *child >= exited));
                let mut stopped: Vec<_> = stop.into_iter().rev().collect();
                stopped.insert(0, exited);
                prop_assert_eq!(stopped, start);
            }
        }
    }
}

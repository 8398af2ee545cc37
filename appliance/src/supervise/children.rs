//! The children of one supervisor and the state of each. What to do about their exits is not decided here.

use super::heartbeat::Verdict;
use super::monitor::{Exit, Running};
use super::policy::{Limits, Policy};
use super::supervisor::{ChildState, ChildStatus};
use super::task::Task;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

#[derive(Debug)]
pub(super) enum State {
    Running(Running),
    /// Starts once `until` has come and all that start before it run.
    Waiting {
        until: Instant,
    },
    /// A transient task that ended well.
    Finished,
}

#[derive(Debug)]
pub(super) struct Child {
    pub(super) task: Task,
    pub(super) policy: Policy,
    pub(super) state: State,
    starts: u32,
    last_exit: Option<Exit>,
}

impl Child {
    pub(super) fn new(task: Task, limits: Limits) -> Self {
        let state = State::Waiting { until: Instant::now() };
        Self { task, policy: Policy::new(limits), state, starts: 0, last_exit: None }
    }

    pub(super) fn start(&mut self) {
        let running = Running::start(&self.task, self.starts);
        self.starts = self.starts.saturating_add(1);
        self.state = State::Running(running);
    }

    /// Records an exit that has happened and leaves the child waiting; tells how long the attempt had run.
    pub(super) fn ended(&mut self, exit: Exit) -> Duration {
        let waiting = State::Waiting { until: Instant::now() };
        self.last_exit = Some(exit);
        match std::mem::replace(&mut self.state, waiting) {
            State::Running(running) => running.pulse.age(),
            State::Waiting { .. } | State::Finished => Duration::ZERO,
        }
    }

    /// Stops it, waits for that, and leaves it waiting for its turn; a longer wait stays in force.
    pub(super) async fn stop(&mut self) {
        if let State::Running(running) = &mut self.state {
            running.stop().await;
            self.state = State::Waiting { until: Instant::now() };
        }
    }

    /// Its silence, if that is beyond its deadline.
    pub(super) fn stalled(&self) -> Option<Duration> {
        let (State::Running(running), Some(deadline)) = (&self.state, self.task.deadline) else {
            return None;
        };
        match deadline.verdict(running.pulse.age(), running.pulse.last_beat()) {
            Verdict::Stalled { silent_for } => Some(silent_for),
            Verdict::Alive => None,
        }
    }

    /// How long the present attempt has run.
    pub(super) fn running_for(&self) -> Option<Duration> {
        match &self.state {
            State::Running(running) => Some(running.pulse.age()),
            State::Waiting { .. } | State::Finished => None,
        }
    }

    pub(super) fn status(&self) -> ChildStatus {
        let state = match self.state {
            State::Running(_) => ChildState::Running,
            State::Waiting { .. } if self.policy.in_trouble() => ChildState::Parked,
            State::Waiting { .. } => ChildState::Waiting,
            State::Finished => ChildState::Finished,
        };
        ChildStatus {
            name: self.task.name().to_owned(),
            state,
            restarts: self.starts.saturating_sub(1),
            last_exit: self.last_exit.clone(),
        }
    }
}

/// In start order.
#[derive(Debug, Default)]
pub(super) struct Children(pub(super) Vec<Child>);

impl Children {
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|child| child.task.name() == name)
    }

    /// The first running child that has ended, and how.
    pub(super) fn poll_exit(&mut self, context: &mut Context<'_>) -> Poll<(usize, Exit)> {
        for (index, child) in self.0.iter_mut().enumerate() {
            if let State::Running(running) = &mut child.state
                && let Poll::Ready(exit) = running.poll_exit(context)
            {
                return Poll::Ready((index, exit));
            }
        }
        Poll::Pending
    }

    /// The earliest end of a wait that is not over yet.
    pub(super) fn next_start(&self, now: Instant) -> Option<Instant> {
        let waits = self.0.iter().filter_map(|child| match child.state {
            State::Waiting { until } if until > now => Some(until),
            _ => None,
        });
        waits.min()
    }

    pub(super) async fn stop_all(&mut self) {
        for child in self.0.iter_mut().rev() {
            child.stop().await;
        }
    }
}

impl Drop for Children {
    /// The last started goes first, also when the supervisor itself is dropped.
    fn drop(&mut self) {
        while self.0.pop().is_some() {}
    }
}

//! Owns children, starts them in order, and acts on their exits as [`policy`] decides.
//!
//! A supervisor is one future on one thread: dropping it stops its children, the last started first. Whoever needs
//! to know watches [`Handle::status`]; the journal gets each fact once.

use super::children::{Child, Children, State};
use super::monitor::Exit;
use super::policy::{self, Decision, Jitter, Limits, Strategy};
use super::task::{Lasting, Task};
use crate::limits;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

/// What a child is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildState {
    /// Running, as far as can be seen.
    Running,
    /// About to start, or waiting for one that starts before it.
    Waiting,
    /// Failed too often; waiting for its next attempt.
    Parked,
    /// Transient, and done.
    Finished,
}

/// One child, as [`Handle::status`] shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildStatus {
    /// The task's.
    pub name: String,
    /// Now.
    pub state: ChildState,
    /// Starts after the first.
    pub restarts: u32,
    /// How the last attempt that ended by itself did.
    pub last_exit: Option<Exit>,
}

/// The supervisor has ended, and its children with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the supervisor has ended: it was shut down or has escalated")]
pub struct Ended;

enum Command {
    Start(Task, oneshot::Sender<()>),
    Remove(Rc<str>, oneshot::Sender<()>),
    Restart(Rc<str>, oneshot::Sender<()>),
    Shutdown,
}

/// A running supervisor's remote control, for use on its own thread.
#[derive(Clone, Debug)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    status: watch::Receiver<Vec<ChildStatus>>,
}

impl Handle {
    /// Adds a child as the last in order, or replaces the one of that name in its place, and starts it.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn start(&self, task: Task) -> Result<(), Ended> {
        self.ask(|done| Command::Start(task, done)).await
    }

    /// Stops a child, waits for that and forgets it. Others go on. Nothing happens if there is none of that name.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn remove(&self, name: &str) -> Result<(), Ended> {
        self.ask(|done| Command::Remove(name.into(), done)).await
    }

    /// Restarts a child, and others as the strategy has it, without counting it as a failure; a parked one is
    /// tried at once.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn restart(&self, name: &str) -> Result<(), Ended> {
        self.ask(|done| Command::Restart(name.into(), done)).await
    }

    /// Stops all children, the last started first, and waits until the supervisor has returned.
    pub async fn shutdown(&self) {
        // An error means that it has ended already, which is what is wanted.
        let _ended = self.commands.send(Command::Shutdown).await;
        self.commands.closed().await;
    }

    /// All children in start order; changes whenever one does.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Vec<ChildStatus>> {
        self.status.clone()
    }

    async fn ask(&self, command: impl FnOnce(oneshot::Sender<()>) -> Command) -> Result<(), Ended> {
        let (done, answer) = oneshot::channel();
        self.commands.send(command(done)).await.map_err(|_| Ended)?;
        answer.await.map_err(|_| Ended)
    }
}

/// See the module.
#[derive(Debug)]
pub struct Supervisor {
    name: Rc<str>,
    strategy: Strategy,
    limits: Limits,
    children: Children,
    commands: mpsc::Receiver<Command>,
    /// Also keeps the commands open while nobody else has a handle.
    handle: Handle,
    status: watch::Sender<Vec<ChildStatus>>,
    began: Instant,
}

enum Next {
    Exit(usize, Exit),
    Command(Command),
    Tick,
}

impl Supervisor {
    /// Without children, with the default [`Limits`]: after five restarts in a minute a child is parked.
    #[must_use]
    pub fn new(name: impl Into<Rc<str>>, strategy: Strategy) -> Self {
        let (sender, commands) = mpsc::channel(limits::SUPERVISOR_COMMANDS_MAX);
        let (status, receiver) = watch::channel(Vec::new());
        Self {
            name: name.into(),
            strategy,
            limits: Limits::default(),
            children: Children::default(),
            commands,
            handle: Handle { commands: sender, status: receiver },
            status,
            began: Instant::now(),
        }
    }

    /// Other limits, for children added from here on.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// One more child, started after all before it. Names are to differ.
    #[must_use]
    pub fn child(mut self, task: Task) -> Self {
        self.children.0.push(Child::new(task, self.limits));
        self
    }

    /// To be taken before [`Supervisor::run`].
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs until it is shut down.
    ///
    /// # Errors
    /// When a child is over its limit and the limits say to escalate; all children have been stopped then.
    pub async fn run(mut self) -> anyhow::Result<()> {
        loop {
            self.start_due();
            self.publish();
            match self.next().await {
                Next::Exit(index, exit) => self.exited(index, exit).await?,
                Next::Command(Command::Shutdown) => {
                    self.children.stop_all().await;
                    return Ok(());
                }
                Next::Command(command) => self.obey(command).await,
                Next::Tick => self.look().await?,
            }
        }
    }

    async fn next(&mut self) -> Next {
        let wake = self.next_wake();
        tokio::select! {
            biased;
            command = self.commands.recv() => Next::Command(command.unwrap_or(Command::Shutdown)),
            (index, exit) = std::future::poll_fn(|context| self.children.poll_exit(context)) => Next::Exit(index, exit),
            () = tokio::time::sleep_until(wake) => Next::Tick,
        }
    }

    /// When to look at the children although nothing has happened: for the next start, stall or recovery.
    fn next_wake(&self) -> Instant {
        let now = Instant::now();
        let with_deadline = self.children.0.iter().any(|child| child.task.deadline.is_some());
        let check = if with_deadline { limits::STALL_CHECK_INTERVAL } else { Duration::from_secs(1) };
        self.children.next_start(now).unwrap_or(now + check).min(now + check)
    }

    /// Starts every child whose wait is over; in rest-for-one, only after those before it.
    fn start_due(&mut self) {
        let now = Instant::now();
        for child in &mut self.children.0 {
            match child.state {
                State::Waiting { until } if until <= now => child.start(),
                State::Waiting { .. } if self.strategy == Strategy::RestForOne => return,
                _ => (),
            }
        }
    }

    async fn exited(&mut self, index: usize, exit: Exit) -> anyhow::Result<()> {
        let child = &mut self.children.0[index];
        let ran_for = child.ended(exit.clone());
        if exit == Exit::Normal && child.task.lasting == Lasting::Transient {
            child.state = State::Finished;
            return Ok(());
        }
        let decision = child.policy.exited(self.began.elapsed(), ran_for, jitter());
        self.log(index, &exit, decision);
        self.stop_rest(index).await;
        match decision {
            Decision::Restart => Ok(()),
            Decision::Park { retry_after, .. } => {
                self.children.0[index].state = State::Waiting { until: Instant::now() + retry_after };
                Ok(())
            }
            Decision::Escalate => self.escalate(index, &exit).await,
        }
    }

    async fn escalate(&mut self, index: usize, exit: &Exit) -> anyhow::Result<()> {
        let child = self.children.0[index].task.name().to_owned();
        self.publish();
        self.children.stop_all().await;
        let Limits { restarts_max, window, .. } = self.limits;
        anyhow::bail!(
            "{}: {child} {exit}, after {restarts_max} restarts within {} s",
            self.name,
            window.as_secs()
        )
    }

    /// Stops those that the strategy restarts with child `index`; they wait for their turn.
    async fn stop_rest(&mut self, index: usize) {
        for other in policy::plan(self.strategy, self.children.0.len(), index).stop {
            self.children.0[other].stop().await;
        }
    }

    /// Looks for children that are stalled or have recovered.
    async fn look(&mut self) -> anyhow::Result<()> {
        for index in 0..self.children.0.len() {
            if let Some(silent_for) = self.children.0[index].stalled() {
                self.stop_stalled(index, silent_for).await?;
            }
            self.note_recovery(index);
        }
        Ok(())
    }

    async fn stop_stalled(&mut self, index: usize, silent_for: Duration) -> anyhow::Result<()> {
        let State::Running(running) = &mut self.children.0[index].state else { return Ok(()) };
        running.stop().await;
        self.exited(index, Exit::Stalled(silent_for)).await
    }

    fn note_recovery(&mut self, index: usize) {
        let steady_after = self.limits.steady_after;
        let child = &mut self.children.0[index];
        let steady = child.running_for().is_some_and(|age| age >= steady_after);
        if steady && child.policy.recovered() {
            tracing::info!(supervisor = &*self.name, child = child.task.name(), "recovered");
        }
    }

    async fn obey(&mut self, command: Command) {
        let done = match command {
            Command::Start(task, done) => {
                self.add(task).await;
                done
            }
            Command::Remove(name, done) => {
                if let Some(index) = self.children.find(&name) {
                    self.children.0[index].stop().await;
                    self.children.0.remove(index);
                }
                done
            }
            Command::Restart(name, done) => {
                if let Some(index) = self.children.find(&name) {
                    self.restart(index).await;
                }
                done
            }
            Command::Shutdown => return,
        };
        self.start_due();
        self.publish();
        // Whoever asked may have stopped waiting.
        let _gone = done.send(());
    }

    async fn add(&mut self, task: Task) {
        let known = self.children.find(task.name());
        let child = Child::new(task, self.limits);
        match known {
            Some(index) => {
                self.restart(index).await;
                self.children.0[index] = child;
            }
            None => self.children.0.push(child),
        }
    }

    async fn restart(&mut self, index: usize) {
        self.stop_rest(index).await;
        let child = &mut self.children.0[index];
        child.stop().await;
        child.state = State::Waiting { until: Instant::now() };
    }

    fn publish(&self) {
        let now: Vec<_> = self.children.0.iter().map(Child::status).collect();
        self.status.send_if_modified(|status| {
            let changed = *status != now;
            *status = now;
            changed
        });
    }

    fn log(&self, index: usize, exit: &Exit, decision: Decision) {
        let (supervisor, child) = (&*self.name, self.children.0[index].task.name());
        match decision {
            Decision::Restart => tracing::warn!(supervisor, child, "{exit}; restarted"),
            Decision::Park { retry_after, raise_alarm: true } => {
                let retry_ms = retry_after.as_millis();
                tracing::error!(supervisor, child, retry_ms, "{exit}; parked, it exits too often");
            }
            Decision::Park { retry_after, raise_alarm: false } => {
                tracing::warn!(supervisor, child, retry_ms = retry_after.as_millis(), "{exit}; still parked");
            }
            Decision::Escalate => tracing::error!(supervisor, child, "{exit}; escalated"),
        }
    }
}

fn jitter() -> Jitter {
    // Without randomness the longest wait is the safe one.
    Jitter(getrandom::u32().unwrap_or(u32::MAX))
}

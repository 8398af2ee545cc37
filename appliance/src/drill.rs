//! Fault drills: what may go wrong is made to go wrong, on a channel of the operator's choice, so that he has seen what
//! happens before it does at night.
//!
//! One at a time. Each is bounded and undone by itself, whoever asked for it; while it runs there is an alarm. The
//! command line does the watching ([`crate::cli::drill`]).

pub mod stranger;

use crate::alarms::{Kind, Words};
use crate::board::Board;
use crate::clock::House;
use crate::limits::{DRILL_CLOCK_STEP, DRILL_SECS};
use crate::store::Happened;
use crate::vitals::Vitals;
use actix::Recipient;
use media::time::Ticks;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wire::{Drill, DrillFault};

/// A stage is to panic.
#[derive(Clone, Copy, Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Panic;

/// What the stages do with [`Panic`].
pub const PANICS: &str = "told to panic by a fault drill";

/// Nothing that the source on air sends is to be taken until then, in house time.
#[derive(Clone, Copy, Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Cut(pub Ticks);

/// Why there is no drill.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrillError {
    /// One runs.
    #[error("a drill runs already: `{fault}` on `{channel}`, for {secs} s more; one at a time")]
    Busy {
        /// Which.
        fault: &'static str,
        /// On which channel.
        channel: String,
        /// For how long.
        secs: i64,
    },
    /// The channel is off.
    #[error("the channel is stopped; start it, and wait until it is on air")]
    NotRunning,
    /// There is nothing to do it to.
    #[error("the channel has no {0} just now; wait until it is on air")]
    Nothing(&'static str),
    /// Out of bounds.
    #[error("secs is {secs}; it must be within {} and {}", DRILL_SECS.start(), DRILL_SECS.end())]
    Secs {
        /// As asked for.
        secs: u32,
    },
}

/// The source on air is to be taken for one of another format until then, in house time, and then until its next key
/// picture.
#[derive(Clone, Copy, Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Disguise(pub Ticks);

/// By which drills are carried out; clones share it.
#[derive(Clone)]
pub struct Drills(Arc<Inner>);

struct Inner {
    house: House,
    board: Board,
    state: Mutex<State>,
    /// The disk of the past is said to be full.
    disk_is_full: AtomicBool,
}

#[derive(Default)]
struct State {
    running: Option<Drill>,
    channels: HashMap<String, Reach>,
}

/// By which one channel is reached.
#[derive(Default)]
struct Reach {
    vitals: Vitals,
    stages: HashMap<&'static str, Recipient<Panic>>,
    cut: Option<Recipient<Cut>>,
    disguise: Option<Recipient<Disguise>>,
}

impl Reach {
    /// Whether somebody publishes to the source on air.
    fn has_source(&self) -> bool {
        let state = self.vitals.get();
        state.sources[state.on_air].is_some()
    }
}

impl std::fmt::Debug for Drills {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Drills")
    }
}

impl Drills {
    /// None runs.
    #[must_use]
    pub fn new(house: House, board: Board) -> Self {
        let disk_is_full = AtomicBool::new(false);
        Self(Arc::new(Inner { house, board, state: Mutex::default(), disk_is_full }))
    }

    /// Of a box of its own, for tests.
    #[cfg(test)]
    pub(crate) fn of_nothing() -> Self {
        let house = House::anchor();
        let history = crate::store::History::in_memory(house).expect("a test has threads");
        Self::new(house, Board::new(house, history))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A channel runs.
    pub fn enter(&self, slug: &str, vitals: Vitals) {
        self.state().channels.insert(slug.to_owned(), Reach { vitals, ..Reach::default() });
    }

    /// A stage of it has started.
    pub fn enter_stage(&self, slug: &str, stage: &'static str, panic: Recipient<Panic>) {
        if let Some(reach) = self.state().channels.get_mut(slug) {
            reach.stages.insert(stage, panic);
        }
    }

    /// Its ingest has started.
    pub fn enter_ingest(&self, slug: &str, cut: Recipient<Cut>, disguise: Recipient<Disguise>) {
        if let Some(reach) = self.state().channels.get_mut(slug) {
            (reach.cut, reach.disguise) = (Some(cut), Some(disguise));
        }
    }

    /// A channel does not run any more.
    pub fn leave(&self, slug: &str) {
        self.state().channels.remove(slug);
    }

    /// The one that runs.
    #[must_use]
    pub fn running(&self) -> Option<Drill> {
        self.state().running.clone()
    }

    /// Whether the past is to take the disk for full.
    #[must_use]
    pub fn disk_is_full(&self) -> bool {
        self.0.disk_is_full.load(Relaxed)
    }

    /// Begins one. To be called within the runtime, which ends it.
    ///
    /// # Errors
    /// [`DrillError`]; nothing has happened then.
    pub fn begin(&self, slug: &str, wanted: &wire::NewDrill) -> Result<Drill, DrillError> {
        let secs = wanted.secs.unwrap_or_else(|| default_secs(wanted.fault));
        if !DRILL_SECS.contains(&secs) {
            return Err(DrillError::Secs { secs });
        }
        let now = self.0.house.now();
        let ends = now + Ticks::from_secs(secs.into());
        let mut state = self.state();
        if let Some(Drill { channel, fault, ends_ms, .. }) = &state.running {
            let secs = (ends_ms - now.millis()).max(0) / 1000;
            return Err(DrillError::Busy { fault: word(*fault), channel: channel.clone(), secs });
        }
        let reach = state.channels.get(slug).ok_or(DrillError::NotRunning)?;
        self.inject(reach, wanted.fault, ends)?;
        let (channel, fault, begins_ms, ends_ms) =
            (slug.to_owned(), wanted.fault, now.millis(), ends.millis());
        let drill = Drill { channel, fault, begins_ms, ends_ms };
        state.running = Some(drill.clone());
        drop(state);
        self.tell(&drill);
        let drills = self.clone();
        actix_rt::spawn(async move {
            tokio::time::sleep(Duration::from_secs(secs.into())).await;
            drills.end();
        });
        Ok(drill)
    }

    fn inject(&self, reach: &Reach, fault: DrillFault, ends: Ticks) -> Result<(), DrillError> {
        let panic = |stage| {
            let sent = reach.stages.get(stage).map(|stage| stage.try_send(Panic));
            sent.and_then(Result::ok).ok_or(DrillError::Nothing(stage))
        };
        match fault {
            DrillFault::KillWorker => signal(reach, Signal::KILL),
            DrillFault::HangWorker => signal(reach, Signal::STOP),
            DrillFault::CutSource => {
                let cut = reach.cut.as_ref().filter(|_| reach.has_source());
                let sent = cut.map(|ingest| ingest.try_send(Cut(ends)));
                sent.and_then(Result::ok).ok_or(DrillError::Nothing("source"))
            }
            DrillFault::ChangeSourceFormat => {
                let disguise = reach.disguise.as_ref().filter(|_| reach.has_source());
                let sent = disguise.map(|ingest| ingest.try_send(Disguise(ends)));
                sent.and_then(Result::ok).ok_or(DrillError::Nothing("source"))
            }
            DrillFault::FullDisk => {
                self.0.disk_is_full.store(true, Relaxed);
                Ok(())
            }
            DrillFault::ClockStep => {
                self.0.house.pretend_step(DRILL_CLOCK_STEP);
                Ok(())
            }
            // By whoever asked: here it is only announced.
            DrillFault::Flood => Ok(()),
            DrillFault::PanicServe => panic("serve"),
            DrillFault::PanicPackage => panic("package"),
            DrillFault::PanicEncode => panic("encode"),
            DrillFault::PanicIngest => panic("ingest"),
        }
    }

    fn tell(&self, drill: &Drill) {
        let (fault, channel) = (word(drill.fault), &drill.channel);
        tracing::warn!(%channel, fault, "a fault drill begins");
        self.0.board.history().note(Some(channel), Happened::Drill, format!("{fault} begins"));
        let cause = format!("A fault drill runs on `{channel}`: {fault}.");
        let remedy = "Somebody asked for it with `forebay drill`; it ends by itself.";
        self.0.board.raise(Kind::Drill, Words::new(cause, remedy));
    }

    fn end(&self) {
        self.0.disk_is_full.store(false, Relaxed);
        self.0.house.pretend_step(Ticks::ZERO);
        self.0.board.clear(Kind::Drill);
        if let Some(Drill { channel, fault, .. }) = self.state().running.take() {
            self.0.board.history().note(Some(&channel), Happened::Drill, format!("{} ended", word(fault)));
        }
    }
}

fn signal(reach: &Reach, signal: Signal) -> Result<(), DrillError> {
    let pid = reach.vitals.get().worker.pid.and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
    let pid = pid.ok_or(DrillError::Nothing("worker"))?;
    kill_process(pid, signal).map_err(|_| DrillError::Nothing("worker"))
}

/// As scripts say it: what the API's type becomes as JSON.
#[must_use]
pub const fn word(fault: DrillFault) -> &'static str {
    match fault {
        DrillFault::KillWorker => "kill-worker",
        DrillFault::HangWorker => "hang-worker",
        DrillFault::CutSource => "cut-source",
        DrillFault::ChangeSourceFormat => "change-source-format",
        DrillFault::FullDisk => "full-disk",
        DrillFault::ClockStep => "clock-step",
        DrillFault::Flood => "flood",
        DrillFault::PanicServe => "panic-serve",
        DrillFault::PanicPackage => "panic-package",
        DrillFault::PanicEncode => "panic-encode",
        DrillFault::PanicIngest => "panic-ingest",
    }
}

/// Whether it happens in a moment, and something has to be restarted for it; others last.
#[must_use]
pub const fn is_sudden(fault: DrillFault) -> bool {
    match fault {
        DrillFault::KillWorker
        | DrillFault::HangWorker
        | DrillFault::PanicServe
        | DrillFault::PanicPackage
        | DrillFault::PanicEncode
        | DrillFault::PanicIngest => true,
        DrillFault::CutSource
        | DrillFault::ChangeSourceFormat
        | DrillFault::FullDisk
        | DrillFault::ClockStep
        | DrillFault::Flood => false,
    }
}

/// Long enough to see the fault, and what ends it. Those without a length are over before the command that watches is, so
/// that the next one finds none running.
const fn default_secs(fault: DrillFault) -> u32 {
    match fault {
        DrillFault::FullDisk | DrillFault::ClockStep => 15,
        DrillFault::CutSource | DrillFault::ChangeSourceFormat | DrillFault::Flood => 10,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::History;

    fn drills() -> (Drills, Board, House) {
        let house = House::anchor();
        let board = Board::new(house, History::in_memory(house).unwrap());
        (Drills::new(house, board.clone()), board, house)
    }

    fn wanted(fault: DrillFault) -> wire::NewDrill {
        wire::NewDrill { fault, secs: None }
    }

    #[actix_rt::test]
    async fn one_at_a_time_and_none_where_there_is_nothing() {
        let (drills, board, _) = drills();
        let begin = |slug, fault| drills.begin(slug, &wanted(fault));
        assert_eq!(begin("hall", DrillFault::FullDisk), Err(DrillError::NotRunning));
        drills.enter("hall", Vitals::default());
        assert_eq!(begin("hall", DrillFault::KillWorker), Err(DrillError::Nothing("worker")));
        assert_eq!(begin("hall", DrillFault::CutSource), Err(DrillError::Nothing("source")));
        let change = begin("hall", DrillFault::ChangeSourceFormat);
        assert_eq!(change, Err(DrillError::Nothing("source")));
        assert_eq!(begin("hall", DrillFault::PanicPackage), Err(DrillError::Nothing("package")));
        let long = wire::NewDrill { secs: Some(100_000), ..wanted(DrillFault::FullDisk) };
        assert_eq!(drills.begin("hall", &long), Err(DrillError::Secs { secs: 100_000 }));
        assert!(board.alarms().is_empty() && drills.running().is_none());

        begin("hall", DrillFault::FullDisk).unwrap();
        assert!(drills.disk_is_full());
        assert_eq!(board.alarms()[0].id, "drill-running");
        assert!(matches!(begin("hall", DrillFault::ClockStep), Err(DrillError::Busy { .. })));
        drills.end();
        assert!(!drills.disk_is_full() && board.alarms().is_empty() && drills.running().is_none());
    }

    #[actix_rt::test]
    async fn a_step_of_the_clock_is_slewed_and_taken_back() {
        let (drills, _, house) = drills();
        drills.enter("hall", Vitals::default());
        let before = house.offset_nanos();
        drills.begin("hall", &wanted(DrillFault::ClockStep)).unwrap();
        let off = house.follow_utc(std::time::Duration::from_secs(1));
        assert!(off > DRILL_CLOCK_STEP - Ticks::from_secs(1), "{off:?}");
        assert_eq!(house.offset_nanos() - before, 500_000);
        drills.end();
        assert!(house.follow_utc(std::time::Duration::from_secs(1)) < Ticks::from_secs(1));
    }
}

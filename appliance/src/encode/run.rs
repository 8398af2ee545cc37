//! One worker's life: spawned, told its plan, fed, read, watched, ended.

use super::ask::Asker;
use super::blame::{self, Crashes, Pace};
use super::course::Course;
use super::gate::{RungsDriftedApart, SlotGate};
use super::replay::Replay;
use super::standby::Standby;
use super::{Encoded, Progress};
use crate::clock::{self, House};
use crate::devices::OnDevice;
use crate::limits;
use crate::store::{Happened, History};
use crate::supervise::{ProcessExit, Stillness};
use crate::vitals::{Signals, Vitals};
use bytes::BytesMut;
use media::link::{self, FromWorker, LinkError, Message, PassThrough, Plan, Slate, ToWorker};
use media::unit::AccessUnit;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};
use tracing::info;

/// How a worker's life ended. Each is followed by another worker.
#[derive(Debug, thiserror::Error)]
pub enum WorkerEnd {
    /// It could not be started at all.
    #[error("the encode worker could not be started: {0}")]
    Spawn(#[source] std::io::Error),
    /// Its end of the socket closed.
    #[error("the encode worker closed its socket")]
    Closed,
    /// Its process ended.
    #[error("the encode worker ended: {0}")]
    Exited(ProcessExit),
    /// It said nothing for too long.
    #[error("the encode worker hung: it brought no access units")]
    Hung,
    /// The socket failed.
    #[error("the socket to the encode worker failed: {0}")]
    Socket(#[from] std::io::Error),
    /// It sent what no worker sends.
    #[error("the encode worker sent nonsense: {0}")]
    Nonsense(#[from] LinkError),
    /// It named a rendition which the plan does not have.
    #[error("the encode worker sent rendition {0}, which its plan does not have")]
    UnknownRendition(u8),
    /// One rung fell too far behind.
    #[error(transparent)]
    Drifted(#[from] RungsDriftedApart),
    /// The device that it encoded on failed, and it says how.
    #[error("the GPU failed: {0}")]
    Device(String),
    /// The device that it encoded on does not keep up.
    #[error("the GPU is too slow: {0} ms behind")]
    Slow(i64),
    /// Viewers were not told of what this device makes.
    #[error("the GPU makes other parameter sets than the viewers know")]
    OtherSets,
    /// There is room on a device again.
    #[error("the channel moves to a GPU that is trusted again")]
    Moved,
    /// The packager is gone: the stage is being restarted.
    #[error("the packager is being restarted")]
    NoPackager,
    /// The ingest stage is gone: the stage is being restarted.
    #[error("the ingest stage is being restarted")]
    NoIngest,
}

impl WorkerEnd {
    /// Whether the next worker is another matter: it does not use the device that this one did.
    #[must_use]
    pub const fn changes_device(&self) -> bool {
        matches!(self, Self::Device(_) | Self::OtherSets | Self::Moved)
    }
}

/// What a worker needs, and what it leaves to its successor.
pub struct Seat {
    /// The channel's slug.
    pub slug: String,
    /// Without clock and resume points.
    pub plan: Plan,
    /// The slate as it is now.
    pub slate: watch::Receiver<Slate>,
    /// The house clock.
    pub house: House,
    /// From ingest.
    pub source: mpsc::Receiver<ToWorker>,
    /// What of it a new worker must hear; outlives the stage.
    pub replay: Rc<RefCell<Replay>>,
    /// The parameter sets that viewers have.
    pub passed: Box<dyn Fn() -> PassThrough>,
    /// To the packager.
    pub to_package: mpsc::Sender<Encoded>,
    /// Where to continue.
    pub progress: Progress,
    /// For the operator's view.
    pub vitals: Vitals,
    /// Where events go.
    pub history: History,
    /// Who comes next.
    pub standby: Standby,
    /// By which it asks for a device.
    pub ask: Asker,
    /// Of its workers.
    pub crashes: Crashes,
}

impl Seat {
    fn plan_now(&mut self, device: Option<&OnDevice>) -> Plan {
        let pass_through = self.plan.pass_through.is_some().then(|| (self.passed)());
        Plan {
            slate: self.slate.borrow_and_update().clone(),
            house_offset_nanos: self.house.offset_nanos(),
            resume_video: self.progress.next_video(),
            resume_audio: self.progress.next_audio(),
            pass_through,
            source_follows: self.replay.borrow().shows_source(),
            device: device.map(|on| on.device.clone()),
            ..self.plan.clone()
        }
    }

    /// Where the next worker encodes.
    fn place(&self) -> Option<OnDevice> {
        let placed = self.ask.place();
        let device = placed.seat.as_ref().map(|on| on.device.name.clone());
        info!(channel = %self.slug, device = device.as_deref().unwrap_or("software"), why = %placed.why, "encoder chosen");
        let encoding = wire::Encoding { device, why: placed.why };
        self.vitals.update(|vitals| vitals.worker.encoding = Some(encoding));
        placed.seat
    }

    /// What follows for the device from the end of the worker that used it; the end in that light.
    fn judge(&mut self, on: &OnDevice, end: WorkerEnd, was_stopped: bool) -> WorkerEnd {
        if matches!(end, WorkerEnd::OtherSets) {
            self.ask.course.borrow_mut().leave_out(&on.device.name);
        }
        let Some(cause) = blame::fault_of_device(&end, was_stopped) else { return end };
        let (is_crash, name) = (blame::is_crash(&end), &on.device.name);
        if is_crash && !self.crashes.on_device(clock::monotonic()) {
            return end;
        }
        let is_news = self.ask.devices.distrust(name, Some(&self.slug), &cause);
        if is_crash && is_news {
            self.crashes.suspect(name);
        }
        WorkerEnd::Device(cause)
    }

    /// What follows from the end of a worker that encoded in software.
    fn judge_software(&mut self, end: &WorkerEnd) {
        if !blame::is_crash(end) {
            return;
        }
        for device in self.crashes.in_software(clock::monotonic()) {
            info!(channel = %self.slug, device, "the worker crashes in software too: the device is trusted again");
            self.ask.devices.trust(&device);
        }
    }

    /// One worker from start to end. Whatever ends it, its process is gone and reaped when this returns.
    pub async fn run_once(&mut self) -> WorkerEnd {
        let (process, socket) = match self.standby.take() {
            Ok(spawned) => spawned,
            Err(error) => return WorkerEnd::Spawn(error),
        };
        let pid = process.id();
        info!(channel = %self.slug, pid, "encode worker started");
        self.vitals.update(|vitals| (vitals.worker.pid, vitals.worker.parked) = (Some(pid), false));
        let on = self.place();
        let end = self.converse(socket, process.stillness(), on.as_ref()).await;
        let was_stopped = process.is_stopped();
        self.vitals.update(|vitals| {
            (vitals.worker.pid, vitals.worker.status, vitals.signals) = (None, None, None);
        });
        // One that hangs, or whose device has failed, has nothing left to do in order.
        let grace = if matches!(end, WorkerEnd::Device(_) | WorkerEnd::Hung) {
            Duration::ZERO
        } else {
            limits::WORKER_EXIT_WAIT
        };
        let end = match (process.stop(grace).await, end) {
            (Ok(exit), WorkerEnd::Closed) => WorkerEnd::Exited(exit),
            (_, end) => end,
        };
        let end = match &on {
            Some(on) => self.judge(on, end, was_stopped),
            None => {
                self.judge_software(&end);
                end
            }
        };
        self.history.note(Some(&self.slug), Happened::WorkerEnded, end.to_string());
        end
    }

    async fn converse(
        &mut self,
        socket: UnixStream,
        stillness: Stillness,
        on: Option<&OnDevice>,
    ) -> WorkerEnd {
        let (from, to) = socket.into_split();
        let plan = self.plan_now(on);
        let (rungs, offset_nanos) = (plan.rungs.len(), plan.house_offset_nanos);
        let slate = (!plan.slate.picture.is_empty()).then(|| ToWorker::Slate(plan.slate.clone()));
        let greeting = std::iter::once(ToWorker::Plan(Box::new(plan))).chain(slate);
        let greeting = greeting.chain(self.replay.borrow_mut().greeting()).collect();
        let start_by = Instant::now() + limits::WORKER_START_MAX;
        let hearing = Hearing {
            gate: SlotGate::new(rungs),
            rungs,
            to_package: &self.to_package,
            progress: &self.progress,
            vitals: &self.vitals,
            house: self.house,
            deadlines: [start_by; 2],
            look_at: start_by,
            stillness,
            course: &self.ask.course,
            driver: on.map(|on| on.driver.as_str()),
            pace: Pace::default(),
        };
        let (asker, leaver) = (self.ask.clone(), self.ask.clone());
        let name = on.map_or("", |on| &on.device.name);
        let (source, slate, replay) = (&mut self.source, &mut self.slate, &*self.replay);
        let teller = Telling { source, slate, replay, house: self.house, offset_nanos };
        tokio::select! {
            end = hearing.hear(from) => end,
            end = teller.tell(to, greeting) => end,
            never = self.standby.keep() => match never {},
            () = asker.until_trusted(), if on.is_none() => WorkerEnd::Moved,
            cause = leaver.until_condemned(name), if on.is_some() => WorkerEnd::Device(cause),
        }
    }
}

/// The writing side.
struct Telling<'a> {
    source: &'a mut mpsc::Receiver<ToWorker>,
    slate: &'a mut watch::Receiver<Slate>,
    replay: &'a RefCell<Replay>,
    house: House,
    /// The offset that the worker knows.
    offset_nanos: i64,
}

impl Telling<'_> {
    /// Writes the greeting, then whatever the source brings, each change of the slate, and the slewing of the clock.
    async fn tell(mut self, mut to: OwnedWriteHalf, greeting: Vec<ToWorker>) -> WorkerEnd {
        let mut out = BytesMut::with_capacity(64 << 10);
        greeting.iter().for_each(|message| message.encode(&mut out));
        let mut clock = tokio::time::interval(limits::CLOCK_INTERVAL);
        loop {
            if let Err(error) = to.write_all_buf(&mut out).await {
                return closed_or(error).await;
            }
            let message = tokio::select! {
                message = self.source.recv() => match message {
                    Some(message) => Some(message).filter(|message| self.replay.borrow_mut().admit(message)),
                    None => return WorkerEnd::NoIngest,
                },
                Ok(()) = self.slate.changed() => Some(ToWorker::Slate(self.slate.borrow_and_update().clone())),
                _ = clock.tick() => self.slewed(),
            };
            if let Some(message) = message {
                message.encode(&mut out);
            }
        }
    }

    fn slewed(&mut self) -> Option<ToWorker> {
        let house_offset_nanos = self.house.offset_nanos();
        let known = std::mem::replace(&mut self.offset_nanos, house_offset_nanos);
        (known != house_offset_nanos).then_some(ToWorker::Clock { house_offset_nanos })
    }
}

/// Whether the other end of the socket is gone; with something left there that nobody has read, it is a reset.
fn is_its_end(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::BrokenPipe | std::io::ErrorKind::ConnectionReset)
}

/// A worker that has ended breaks the pipe: let the reading side, which sees the same, say so.
async fn closed_or(error: std::io::Error) -> WorkerEnd {
    if is_its_end(&error) {
        tokio::time::sleep(limits::WORKER_EXIT_WAIT).await;
    }
    WorkerEnd::Socket(error)
}

/// The reading side.
struct Hearing<'a> {
    gate: SlotGate,
    rungs: usize,
    to_package: &'a mpsc::Sender<Encoded>,
    progress: &'a Progress,
    vitals: &'a Vitals,
    house: House,
    /// By when the next whole slot must be in, and the next sound: a worker that only says it is alive is as good as hung.
    deadlines: [Instant; 2],
    /// When it is looked whether the worker does anything, and how.
    look_at: Instant,
    stillness: Stillness,
    course: &'a RefCell<Course>,
    /// Of the device; none for software.
    driver: Option<&'a str>,
    pace: Pace,
}

impl Hearing<'_> {
    async fn hear(mut self, from: OwnedReadHalf) -> WorkerEnd {
        match self.hear_all(from).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn hear_all(&mut self, mut from: OwnedReadHalf) -> Result<std::convert::Infallible, WorkerEnd> {
        let mut buffer = BytesMut::with_capacity(256 << 10);
        loop {
            let deadline = self.deadlines[0].min(self.deadlines[1]);
            match timeout_at(deadline.min(self.look_at), from.read_buf(&mut buffer)).await {
                Ok(Ok(0)) => return Err(WorkerEnd::Closed),
                Ok(Err(error)) if is_its_end(&error) => return Err(WorkerEnd::Closed),
                Ok(read) => drop(read?),
                Err(_) if deadline <= self.look_at || self.stillness.look() => return Err(WorkerEnd::Hung),
                Err(_) => self.look_at += limits::WORKER_LOOK_INTERVAL,
            }
            while let Some(message) = link::take::<FromWorker>(&mut buffer)? {
                self.note(message).await?;
            }
        }
    }

    async fn note(&mut self, message: FromWorker) -> Result<(), WorkerEnd> {
        match message {
            FromWorker::Config { rendition, config } => {
                let index = self.known(rendition)?;
                if !self.course.borrow_mut().announce(index, &config) && self.driver.is_some() {
                    return Err(WorkerEnd::OtherSets);
                }
                self.hand_on(Encoded::Config(index, config)).await
            }
            FromWorker::Era { from, config } => self.hand_on(Encoded::Era(from, config)).await,
            FromWorker::Unit { rendition, unit } => {
                let index = self.known(rendition)?;
                self.unit(index, unit).await
            }
            FromWorker::Status(status) => {
                let too_late = self.driver.and_then(|_| self.pace.note(&status));
                self.vitals.update(|vitals| vitals.worker.status = Some(status));
                too_late.map_or(Ok(()), |behind_ms| Err(WorkerEnd::Slow(behind_ms)))
            }
            FromWorker::DeviceFailed(cause) => Err(WorkerEnd::Device(cause)),
            FromWorker::Picture(jpeg) => {
                self.vitals.update(|vitals| vitals.picture = Some(jpeg));
                Ok(())
            }
            FromWorker::Signals(of) => {
                let now = self.house.now();
                self.vitals.update(|vitals| {
                    let since = vitals.signals.as_ref().map_or(now, |signals| signals.since);
                    vitals.signals = Some(Signals { since, of });
                });
                Ok(())
            }
        }
    }

    fn known(&self, rendition: u8) -> Result<usize, WorkerEnd> {
        let index = usize::from(rendition);
        if index <= self.rungs { Ok(index) } else { Err(WorkerEnd::UnknownRendition(rendition)) }
    }

    async fn unit(&mut self, index: usize, unit: AccessUnit) -> Result<(), WorkerEnd> {
        let now = Instant::now();
        let deadline = now + limits::WORKER_SILENCE_MAX;
        if index == self.rungs {
            self.deadlines[1] = deadline;
            return self.hand_on(Encoded::Audio(unit)).await;
        }
        let Some(slot) = self.gate.push(index, unit)? else { return Ok(()) };
        self.deadlines[0] = deadline;
        self.look_at = now + limits::WORKER_LOOK_AFTER;
        self.stillness.forget();
        self.course.borrow_mut().on_air(self.driver);
        self.hand_on(Encoded::Slot(slot)).await
    }

    async fn hand_on(&self, encoded: Encoded) -> Result<(), WorkerEnd> {
        let permit = self.to_package.reserve().await.map_err(|_| WorkerEnd::NoPackager)?;
        self.progress.note(&encoded);
        permit.send(encoded);
        Ok(())
    }
}

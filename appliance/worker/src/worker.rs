//! A worker's life: take the plan, open the encoders, start the threads, listen to the daemon until it says stop
//! or goes away.

use crate::begin::Begin;
use crate::canvas::from_link::FromLink;
use crate::canvas::{Pictures, pacer};
use crate::clock::HouseClock;
use crate::ff::{self, Encoder, FramePool, VideoSettings};
use crate::ladder::audio::{Audio, Sound};
use crate::ladder::rung::Rung;
use crate::limits::{OUTBOX_MESSAGES, RUNG_QUEUE_SLOTS, STATUS_INTERVAL, STOP_WAIT};
use crate::link::{self, Reader};
use crate::pattern::Pattern;
use crate::shared::Shared;
use crate::source::intake::{self, Input, Queue, Source};
use anyhow::Context as _;
use media::link::{FromWorker, Plan, PlanSource, ToWorker};
use media::time::FrameRate;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread;

/// The most rungs of a plan; far more than any box can encode.
const RUNGS_MAX: usize = 16;

/// `forebay worker --channel SLUG`: a worker whose link to the daemon is standard input. Returns when the daemon says
/// stop or closes the link.
///
/// # Errors
/// When the plan cannot be carried out: no encoder, or encoders too slow. The daemon decides what then.
pub fn run(channel: &str) -> anyhow::Result<()> {
    // What `ps -o comm` and `top` show.
    rustix::thread::set_name(c"forebay standby")?;
    warm_up();
    run_on(link::of_stdin().context("standard input is not the daemon's socket")?, channel)
}

/// A worker on any socket.
///
/// # Errors
/// As [`run`].
pub fn run_on(stream: UnixStream, channel: &str) -> anyhow::Result<()> {
    ff::silence_log();
    let mut reader = Reader::new(stream.try_clone()?);
    let plan = match reader.next()? {
        Some(ToWorker::Plan(plan)) => plan,
        Some(_) => anyhow::bail!("the daemon's first message is not the plan"),
        None => return Ok(()),
    };
    check(&plan)?;
    rustix::thread::set_name(c"forebay worker")?;
    tracing::info!(
        channel,
        rungs = plan.rungs.len(),
        resumed = plan.resume_video.is_some(),
        "worker started"
    );
    let mut crew = Crew::new(&plan, stream)?;
    let worked = crew.start(&plan).and_then(|()| crew.listen(&mut reader));
    let failure = crew.disband();
    failure.map_or(worked, Err)
}

/// Has the encoders' code loaded before there is a plan. Should there be no such encoder, the plan's failure says so.
fn warm_up() {
    ff::silence_log();
    let settings = VideoSettings { width: 64, height: 64, rate: FrameRate::FPS_30, bitrate_bps: 100_000 };
    drop((Encoder::h264(settings), Encoder::aac(64_000)));
}

fn check(plan: &Plan) -> anyhow::Result<()> {
    let is_even = |width: u32, height: u32| width * height > 0 && (width | height).is_multiple_of(2);
    anyhow::ensure!(plan.rungs.len() <= RUNGS_MAX, "{} rungs; at most {RUNGS_MAX}", plan.rungs.len());
    anyhow::ensure!(is_even(plan.canvas.width, plan.canvas.height), "the canvas must have even sides");
    anyhow::ensure!(
        plan.rungs.iter().all(|rung| is_even(rung.width, rung.height)),
        "rungs must have even sides"
    );
    Ok(())
}

/// All threads of a worker.
struct Crew {
    shared: Arc<Shared>,
    source: Arc<Source>,
    video: Queue,
    audio: Queue,
    /// Until the decoder threads start.
    inputs: Option<(Receiver<Input>, Receiver<Input>)>,
    /// Each thread holds one; when all have gone, all threads have ended.
    alive: Option<Sender<()>>,
    ended: Receiver<()>,
}

impl Crew {
    /// Starts the writer of the link.
    fn new(plan: &Plan, stream: UnixStream) -> anyhow::Result<Self> {
        let (outbox, messages) = sync_channel(OUTBOX_MESSAGES);
        let writing = stream.try_clone()?;
        let shared = Shared::new(HouseClock::new(plan.house_offset_nanos), plan.rungs.len(), stream, outbox);
        let ((video, pictures), (audio, sound)) = (Queue::new(), Queue::new());
        let (alive, ended) = channel();
        // The writer is no member of the crew: it ends when the last sender has gone, or the daemon.
        let shared_by_writer = Arc::downgrade(&shared);
        thread::Builder::new().name("link-writer".into()).spawn(move || {
            let written = link::write_all::<FromWorker>(&writing, &messages);
            if let (Err(error), Some(shared)) = (written, shared_by_writer.upgrade()) {
                tracing::info!("the daemon has closed the link: {error}");
                shared.stop();
            }
        })?;
        let source = Source::new(plan.canvas.rate.frame_duration(), plan.slate.clone());
        let inputs = Some((pictures, sound));
        Ok(Self { shared, source, video, audio, inputs, alive: Some(alive), ended })
    }

    /// Opens all encoders and announces them, decides where to begin, and begins.
    fn start(&mut self, plan: &Plan) -> anyhow::Result<()> {
        let rungs = plan.rungs.iter().zip(0..).map(|(rung, index)| Rung::open(index, rung, plan.canvas));
        let rungs = rungs.collect::<anyhow::Result<Vec<_>>>()?;
        let audio = Audio::open(rungs.len() as u8, plan.audio_bitrate_bps, self.sound(plan))?;
        for (rung, rendition) in rungs.iter().zip(0..) {
            self.shared.send(FromWorker::Config { rendition, config: rung.config()? })?;
        }
        self.shared.send(FromWorker::Config { rendition: rungs.len() as u8, config: audio.config() })?;

        self.start_status()?;
        match plan.source {
            PlanSource::Link => self.start_decoders()?,
            PlanSource::TestPattern => {
                self.shared.counters.on_source.store(true, Relaxed);
                self.shared.note_video("test pattern".into());
                self.shared.note_audio("beep".into());
            }
        }
        let begin = Begin::of(plan, self.shared.clock.now());
        let mut slots = Vec::new();
        for (index, rung) in rungs.into_iter().enumerate() {
            let (sender, receiver) = sync_channel(RUNG_QUEUE_SLOTS);
            slots.push(sender);
            self.spawn(&format!("rung-{index}"), move |shared| rung.run(&receiver, shared))?;
        }
        self.spawn("audio", move |shared| audio.run(begin.audio, shared))?;
        let (canvas, pictures) = (plan.canvas, self.pictures(plan));
        self.spawn("canvas", move |shared| pacer::run(canvas, begin.video, pictures, &slots, shared))
    }

    fn sound(&self, plan: &Plan) -> Sound {
        match plan.source {
            PlanSource::TestPattern => Sound::Pattern,
            PlanSource::Link => Sound::Link(Arc::clone(&self.source)),
        }
    }

    fn pictures(&self, plan: &Plan) -> Pictures {
        let canvas = plan.canvas;
        match plan.source {
            PlanSource::TestPattern => Pictures::Pattern(
                Box::new(Pattern::new(&plan.channel, canvas)),
                FramePool::new(canvas.width, canvas.height),
            ),
            PlanSource::Link => {
                let (source, shared) = (Arc::clone(&self.source), Arc::clone(&self.shared));
                Pictures::Link(Box::new(FromLink::new(plan, source, shared)))
            }
        }
    }

    fn start_decoders(&mut self) -> anyhow::Result<()> {
        let (pictures, sound) = self.inputs.take().expect("decoders start once");
        let source = Arc::clone(&self.source);
        self.spawn("decode-video", move |shared| {
            let sink = intake::Pictures::new(Arc::clone(&source), Arc::clone(shared));
            intake::run(&pictures, &source, shared, sink);
            Ok(())
        })?;
        let source = Arc::clone(&self.source);
        self.spawn("decode-audio", move |shared| {
            let sink = intake::Sound::new(Arc::clone(&source), Arc::clone(shared));
            intake::run(&sound, &source, shared, sink);
            Ok(())
        })
    }

    /// Proof of life, from a thread that nothing can hold up.
    fn start_status(&self) -> anyhow::Result<()> {
        self.spawn("status", |shared| {
            while !shared.is_stopping() && shared.send(FromWorker::Status(shared.status())).is_ok() {
                let since = shared.clock.now();
                let next = since + media::time::Ticks::from_millis(STATUS_INTERVAL.as_millis() as i64);
                shared.wait_until(next);
            }
            Ok(())
        })
    }

    /// Runs `work` on a thread; its failure, or its panic, is the worker's.
    fn spawn(
        &self,
        name: &str,
        work: impl FnOnce(&Arc<Shared>) -> anyhow::Result<()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let (shared, alive) = (Arc::clone(&self.shared), self.alive.clone());
        thread::Builder::new().name(name.into()).spawn(move || {
            let worked = catch_unwind(AssertUnwindSafe(|| work(&shared)));
            if let Err(error) = worked.unwrap_or_else(|_| Err(anyhow::anyhow!("a thread panicked"))) {
                shared.fail(error);
            }
            drop((shared, alive));
        })?;
        Ok(())
    }

    /// Does what the daemon says until it says stop, or goes away, or a thread has failed.
    fn listen(&mut self, reader: &mut Reader) -> anyhow::Result<()> {
        while let Some(message) = reader.next()? {
            match message {
                ToWorker::Stop => break,
                ToWorker::Plan(_) => tracing::warn!("a second plan was ignored: a worker has one"),
                ToWorker::Clock { house_offset_nanos } => self.shared.clock.set_offset(house_offset_nanos),
                ToWorker::Slate(slate) => self.source.set_slate(slate),
                // With the test pattern nothing takes the queues' other ends, and nothing is to be queued.
                _ if self.inputs.is_some() => {}
                ToWorker::VideoTrack(track) => self.video.push(Input::Track(track)),
                ToWorker::AudioTrack(track) => self.audio.push(Input::Track(track)),
                ToWorker::Video(unit, arrived) => self.video.push_unit(unit, arrived, &self.shared),
                ToWorker::Audio(unit, arrived) => self.audio.push_unit(unit, arrived, &self.shared),
                ToWorker::SourceLost => {
                    self.video.push(Input::Lost);
                    self.audio.push(Input::Lost);
                }
            }
        }
        Ok(())
    }

    /// Ends all threads, and says what made them end, if anything did. One that hangs is left to the process's end.
    fn disband(mut self) -> Option<anyhow::Error> {
        self.shared.stop();
        let failure = self.shared.take_failure();
        self.alive = None;
        let Self { video, audio, ended, .. } = self;
        drop((video, audio));
        // Nothing is ever sent: this ends when the last thread has, or when it is late.
        let _ = ended.recv_timeout(STOP_WAIT);
        failure
    }
}

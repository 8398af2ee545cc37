//! A worker's life: take the plan, open the encoders, start the threads, listen to the daemon until it says stop
//! or goes away.

use crate::begin::Begin;
use crate::canvas::from_link::FromLink;
use crate::canvas::passing::Passing;
use crate::canvas::{Pictures, pacer};
use crate::clock::HouseClock;
use crate::ff::{self, Device, Encoder, FramePool, PASSING_SET_ID, SET_ID, VideoSettings};
use crate::gpu::ffi_nvidia::cuda_number;
use crate::ladder::audio::{Audio, Sound};
use crate::ladder::rung::Rung;
use crate::limits::{
    FIRST_PICTURE_WAIT, OUTBOX_MESSAGES, RUNG_QUEUE_SLOTS, SIGNALS_INTERVAL, STATUS_INTERVAL, STOP_WAIT,
};
use crate::link::{self, Reader};
use crate::monitor::Monitor;
use crate::pattern::Pattern;
use crate::shared::{Shared, lock};
use crate::source::intake::{self, Input, Queue};
use crate::source::pass::Terms;
use crate::source::sound::sample_at;
use crate::source::sources::Sources;
use anyhow::Context as _;
use media::link::{Canvas, DeviceKind, FromSource, FromWorker, Plan, PlanSource, SOURCES_MAX, ToWorker};
use media::time::{FrameRate, Ticks};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread;
use std::time::Duration;

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
    let settings = VideoSettings {
        width: 64,
        height: 64,
        rate: FrameRate::FPS_30,
        bitrate_bps: 100_000,
        set_id: SET_ID,
    };
    drop((Encoder::h264(settings), Encoder::aac(64_000)));
}

fn open_device(wanted: &media::link::Device) -> anyhow::Result<Device> {
    // CUDA's numbers change; a place on the bus does not.
    let node = match wanted.kind {
        DeviceKind::VaApi => wanted.node.clone(),
        DeviceKind::Nvenc => cuda_number(&wanted.node)?.to_string(),
    };
    Ok(Device::open(wanted.kind, &node)?)
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

/// To the two decoder threads of one source.
struct Queues {
    video: Queue,
    audio: Queue,
}

/// All threads of a worker.
struct Crew {
    shared: Arc<Shared>,
    canvas: Canvas,
    /// None when pictures are drawn here.
    sources: Option<Arc<Sources>>,
    /// To the decoder threads of each source that has been heard of.
    queues: [Option<Queues>; SOURCES_MAX],
    /// Each thread holds one; when all have gone, all threads have ended.
    alive: Option<Sender<()>>,
    ended: Receiver<()>,
    /// Closed when all has been written that was to be.
    written: Receiver<()>,
}

impl Crew {
    /// Starts the writer of the link.
    fn new(plan: &Plan, stream: UnixStream) -> anyhow::Result<Self> {
        let (outbox, messages) = sync_channel(OUTBOX_MESSAGES);
        let writing = stream.try_clone()?;
        let shared = Shared::new(HouseClock::new(plan.house_offset_nanos), plan.rungs.len(), stream, outbox);
        let (alive, ended) = channel();
        // The writer is no member of the crew: it ends when the last sender has gone, or the daemon.
        let shared_by_writer = Arc::downgrade(&shared);
        let (writing_on, written) = channel();
        thread::Builder::new().name("link-writer".into()).spawn(move || {
            let _on: Sender<()> = writing_on;
            let written = link::write_all::<FromWorker>(&writing, &messages);
            if let (Err(error), Some(shared)) = (written, shared_by_writer.upgrade()) {
                tracing::info!("the daemon has closed the link: {error}");
                shared.stop();
            }
        })?;
        let sources = match plan.source {
            PlanSource::Link => {
                let best = plan.rungs.first().filter(|_| plan.pass_through.is_some());
                let terms = best.and_then(|best| Terms::of(plan.canvas, best));
                Some(Sources::new(plan.canvas.rate.frame_duration(), terms, plan.slate.clone()))
            }
            PlanSource::TestPattern => None,
        };
        let (canvas, queues) = (plan.canvas, Default::default());
        Ok(Self { shared, canvas, sources, queues, alive: Some(alive), ended, written })
    }

    /// Opens all encoders and announces them, decides where to begin, and begins.
    fn start(&mut self, plan: &Plan) -> anyhow::Result<()> {
        let rungs = self.open_rungs(plan)?;
        let audio = Audio::open(rungs.len() as u8, plan.audio_bitrate_bps, self.sound())?;
        let passing = self.passing(plan, rungs.first());
        for (rung, rendition) in rungs.iter().zip(0..) {
            let config = match &passing {
                Some(passing) if rendition == 0 => passing.first_config(),
                _ => rung.config(),
            };
            self.shared.send(FromWorker::Config { rendition, config })?;
        }
        self.shared.send(FromWorker::Config { rendition: rungs.len() as u8, config: audio.config() })?;

        self.shared.counters.on_source.store(self.sources.is_none() || plan.source_follows, Relaxed);
        self.start_status()?;
        self.start_signals()?;
        let begin = Begin::of(plan, self.shared.clock.now());
        let mut slots = Vec::new();
        for (index, rung) in rungs.into_iter().enumerate() {
            let (sender, receiver) = sync_channel(RUNG_QUEUE_SLOTS);
            slots.push(sender);
            self.spawn(&format!("rung-{index}"), move |shared| rung.run(&receiver, shared))?;
        }
        let following = self.sources.clone().filter(|_| plan.source_follows);
        let source = following.clone();
        self.spawn("audio", move |shared| {
            if let Some(sources) = source {
                let sample = sample_at(begin.audio);
                shared.wait_for(FIRST_PICTURE_WAIT, || lock(&sources.on_air().sound).reaches(sample));
            }
            audio.run(begin.audio, shared)
        })?;
        let (canvas, pictures) = (plan.canvas, self.pictures(plan));
        let (to_monitor, shown) = sync_channel(1);
        let monitor = Monitor::open(canvas)?;
        self.spawn("monitor", move |shared| {
            monitor.run(&shown, shared);
            Ok(())
        })?;
        self.spawn("canvas", move |shared| {
            if let Some(sources) = following {
                shared.wait_for(FIRST_PICTURE_WAIT, || lock(&sources.on_air().pictures).reaches(begin.video));
            }
            pacer::run(canvas, begin.video, pictures, passing, &slots, &to_monitor, shared)
        })
    }

    /// What decides when the source's own pictures are the best rung's.
    fn passing(&self, plan: &Plan, best: Option<&Rung>) -> Option<Passing> {
        let (has, sources) = (plan.pass_through.as_ref()?, self.sources.as_ref()?);
        Some(Passing::new(Arc::clone(sources), plan.canvas, best?.config(), has))
    }

    /// The daemon is told at once of a device that cannot be used.
    fn open_rungs(&self, plan: &Plan) -> anyhow::Result<Vec<Rung>> {
        let set_id =
            |index: u8| if index == 0 && plan.pass_through.is_some() { PASSING_SET_ID } else { SET_ID };
        let open = |on: Option<(&Device, bool)>| {
            let rungs = plan.rungs.iter().zip(0..);
            rungs
                .map(|(rung, index)| Rung::open(index, rung, plan.canvas, set_id(index), on))
                .collect::<anyhow::Result<Vec<_>>>()
        };
        let Some(wanted) = &plan.device else { return open(None) };
        let opened = open_device(wanted);
        opened.and_then(|device| open(Some((&device, wanted.low_power)))).inspect_err(|error| {
            // Fails only when the daemon has gone: nobody is left to be told.
            let _ = self.shared.send(FromWorker::DeviceFailed(format!("{error:#}")));
        })
    }

    fn sound(&self) -> Sound {
        self.sources.as_ref().map_or(Sound::Pattern, |sources| Sound::Link(Arc::clone(sources)))
    }

    fn pictures(&self, plan: &Plan) -> Pictures {
        let canvas = plan.canvas;
        match &self.sources {
            None => Pictures::Pattern(
                Box::new(Pattern::new(&plan.channel, canvas)),
                FramePool::new(canvas.width, canvas.height),
            ),
            Some(sources) => {
                let (sources, shared) = (Arc::clone(sources), Arc::clone(&self.shared));
                Pictures::Link(Box::new(FromLink::new(plan, sources, shared)))
            }
        }
    }

    /// Starts the two decoder threads of a source.
    fn start_decoders(&self, sources: &Sources, number: usize) -> anyhow::Result<Queues> {
        let ((video, pictures), (audio, sound)) = (Queue::new(), Queue::new());
        let (source, canvas) = (Arc::clone(sources.get(number)), self.canvas);
        self.spawn(&format!("video-{number}"), move |shared| {
            let sink = intake::Pictures::new(Arc::clone(&source), canvas, Arc::clone(shared));
            intake::run(&pictures, &source, shared, sink);
            Ok(())
        })?;
        let source = Arc::clone(sources.get(number));
        self.spawn(&format!("sound-{number}"), move |shared| {
            let sink = intake::Sound::new(Arc::clone(&source), Arc::clone(shared));
            intake::run(&sound, &source, shared, sink);
            Ok(())
        })?;
        Ok(Queues { video, audio })
    }

    /// Proof of life, from a thread that nothing can hold up.
    fn start_status(&self) -> anyhow::Result<()> {
        let sources = self.sources.clone();
        let labels = move || match &sources {
            Some(sources) => lock(&sources.on_air().labels).clone(),
            None => intake::Labels { video: "test pattern".into(), audio: "beep".into() },
        };
        self.tell_each("status", STATUS_INTERVAL, move |shared| FromWorker::Status(shared.status(labels())))
    }

    fn start_signals(&self) -> anyhow::Result<()> {
        let Some(sources) = self.sources.clone() else { return Ok(()) };
        self.tell_each("signals", SIGNALS_INTERVAL, move |shared| {
            FromWorker::Signals(sources.signals(shared.clock.now()))
        })
    }

    /// Sends a message again and again.
    fn tell_each(
        &self,
        name: &str,
        interval: Duration,
        message: impl Fn(&Shared) -> FromWorker + Send + 'static,
    ) -> anyhow::Result<()> {
        let interval = Ticks::from_millis(interval.as_millis() as i64);
        self.spawn(name, move |shared| {
            while !shared.is_stopping() && shared.send(message(shared)).is_ok() {
                shared.wait_until(shared.clock.now() + interval);
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
                // The test pattern needs none of these.
                ToWorker::Slate(slate) => {
                    self.sources.iter().for_each(|sources| sources.set_slate(slate.clone()));
                }
                ToWorker::OnAir(number) => {
                    self.sources.iter().for_each(|sources| sources.put_on_air(number.into()));
                }
                ToWorker::Source(number, news) => self.hear(number.into(), news)?,
            }
        }
        Ok(())
    }

    fn hear(&mut self, number: usize, news: FromSource) -> anyhow::Result<()> {
        let Some(sources) = &self.sources else { return Ok(()) };
        if self.queues[number].is_none() {
            self.queues[number] = Some(self.start_decoders(sources, number)?);
        }
        let Some(Queues { video, audio }) = &mut self.queues[number] else { return Ok(()) };
        match news {
            FromSource::VideoTrack(track) => video.push(Input::Track(track)),
            FromSource::AudioTrack(track) => audio.push(Input::Track(track)),
            FromSource::Video(unit, arrived) => video.push_unit(unit, arrived, &self.shared),
            FromSource::Audio(unit, arrived) => audio.push_unit(unit, arrived, &self.shared),
            FromSource::Lost => {
                video.push(Input::Lost);
                audio.push(Input::Lost);
            }
        }
        Ok(())
    }

    /// Ends all threads, and says what made them end, if anything did. One that hangs is left to the process's end.
    fn disband(mut self) -> Option<anyhow::Error> {
        self.shared.stop();
        let failure = self.shared.take_failure();
        self.alive = None;
        let Self { queues, ended, written, shared, .. } = self;
        drop(queues);
        // Nothing is ever sent: this ends when the last thread has, or when it is late.
        let _ = ended.recv_timeout(STOP_WAIT);
        // Then the writer has no more to come, and ends as well: the last words reach the daemon.
        drop(shared);
        let _ = written.recv_timeout(STOP_WAIT);
        failure
    }
}

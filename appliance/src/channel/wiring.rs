//! What connects the stages of one channel, and outlives them.
//!
//! Bytes go through bounded queues. A stage that starts makes the queue it reads from and leaves the sending end here
//! for the stage after it in start order; rest-for-one sees to it that nobody keeps an old one.

use super::report;
use crate::audience::Counted;
use crate::board::Board;
use crate::clock::House;
use crate::devices::Devices;
use crate::devices::place::Work;
use crate::drill::Drills;
use crate::dvr::Shelf;
use crate::encode::actor::Encode;
use crate::encode::ask::Asker;
use crate::encode::blame::Crashes;
use crate::encode::course::Course;
use crate::encode::replay::Replay;
use crate::encode::run::Seat;
use crate::encode::standby::Standby;
use crate::encode::{Encoded, Progress};
use crate::ingest::actor::{Desk, Ingest};
use crate::ingest::{Doors, Lineup, Publishers};
use crate::limits;
use crate::metrics::Metrics;
use crate::package::actor::Package;
use crate::package::assembler::Assembler;
use crate::serve::access::AccessRules;
use crate::serve::actor::Serve;
use crate::serve::live::{Catalogue, Feed, Live};
use crate::store::{Encoder, Happened, History};
use crate::supervise::{Strategy, Supervisor, Task};
use crate::vitals::Vitals;
use actix::AsyncContext;
use media::link::{PassThrough, Plan, PlanSource, Slate, ToWorker};
use media::time::Ticks;
use media::unit::CodecConfig;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// What all channels share.
#[derive(Clone)]
pub struct Services {
    /// The house clock.
    pub house: House,
    /// Where viewers find channels.
    pub catalogue: Catalogue,
    /// Who may watch which of them.
    pub access: AccessRules,
    /// Where publishers find channels.
    pub doors: Doors,
    /// Where the operator finds channels.
    pub board: Board,
    /// Where they are counted.
    pub metrics: Metrics,
    /// Where their past is kept.
    pub shelf: Shelf,
    /// Where events go.
    pub history: History,
    /// By which faults are tried out.
    pub drills: Drills,
    /// What may encode them.
    pub devices: Devices,
}

/// One channel's connections.
pub struct Wiring {
    slug: String,
    lineup: watch::Receiver<Lineup>,
    plan: Plan,
    encoder: Encoder,
    course: Rc<RefCell<Course>>,
    slate: watch::Receiver<Slate>,
    dvr: Ticks,
    services: Services,
    live: Arc<Live>,
    vitals: Vitals,
    progress: Progress,
    standby: Standby,
    publishers: Publishers,
    replay: Rc<RefCell<Replay>>,
    to_package: RefCell<mpsc::Sender<Encoded>>,
    to_encode: RefCell<mpsc::Sender<ToWorker>>,
}

impl Wiring {
    /// A channel that has not started, in which viewers may seek back as far as `dvr`.
    #[must_use]
    pub fn new(
        slug: &str,
        lineup: watch::Receiver<Lineup>,
        (plan, encoder): (Plan, Encoder),
        slate: watch::Receiver<Slate>,
        dvr: Ticks,
        services: Services,
    ) -> Self {
        let vitals = Vitals::default();
        vitals.update(|vitals| vitals.started = Some(services.house.now()));
        services.history.note(Some(slug), Happened::ChannelStarted, "");
        services.drills.enter(slug, vitals.clone());
        Self {
            slug: slug.to_owned(),
            lineup,
            plan,
            encoder,
            course: Rc::default(),
            slate,
            dvr,
            live: Arc::new(Live::new(services.metrics.channel(slug))),
            services,
            vitals,
            progress: Progress::default(),
            standby: Standby::new(slug),
            publishers: Publishers::default(),
            replay: Rc::default(),
            // Closed until the stages that read from them have started.
            to_package: RefCell::new(mpsc::channel(1).0),
            to_encode: RefCell::new(mpsc::channel(1).0),
        }
    }

    /// The channel's name in URLs.
    #[must_use]
    pub fn slug(&self) -> &str {
        &self.slug
    }

    /// Tells the board how the channel is.
    pub fn report(&self) {
        let now = self.services.house.now();
        let dvr = self.live.programme().and_then(|programme| programme.dvr());
        self.live.meter.past(dvr.as_ref());
        let vitals = self.vitals.get();
        let report = report::report(&vitals, &self.lineup.borrow().sources, dvr, now);
        self.services.board.update(&self.slug, report);
        let counted = Counted {
            source_bytes: vitals.sources[vitals.on_air].as_ref().map(|source| source.bytes),
            source_frames: vitals.sources[vitals.on_air].as_ref().map(|source| source.frames),
            holds: self.live.meter.holds(),
            sent_bytes: self.live.meter.sent_bytes(),
            late_ms: vitals.packaged.map(|newest| u32::try_from((now - newest).millis()).unwrap_or(0)),
            restarts: vitals.restarts,
        };
        let kept = self.services.metrics.audience().sample(&self.slug, counted, now);
        if let Some(minute) = kept.minute {
            self.services.history.keep_minute(&self.slug, minute);
        }
        self.services.history.keep_stalls(&self.slug, kept.stalls);
        if let Some(picture) = vitals.picture {
            self.services.board.show(&self.slug, picture);
        }
    }

    fn serve(&self) -> Serve {
        Serve::new(self.slug.clone(), self.live.clone(), self.services.catalogue.clone())
    }

    fn package(&self) -> Package {
        let (sender, receiver) = mpsc::channel(limits::PACKAGE_QUEUE_MAX);
        *self.to_package.borrow_mut() = sender;
        let shelf = (self.dvr > Ticks::ZERO).then(|| self.services.shelf.of(&self.slug, self.dvr));
        let assembler = Assembler::new(self.plan.clone(), shelf, self.live.clone(), self.services.house);
        self.progress.rewind(assembler.expects());
        Package::new(self.slug.clone(), assembler, receiver, self.services.house, self.vitals.clone())
    }

    /// Tells the parameter sets that viewers of the best rung have.
    fn passed(&self) -> Box<dyn Fn() -> PassThrough> {
        let live = self.live.clone();
        Box::new(move || {
            let programme = live.programme();
            let best = programme.as_ref().and_then(|programme| programme.feeds.first()).map(Feed::snapshot);
            match best.map(|snapshot| snapshot.rendition.config.clone()) {
                Some(CodecConfig::Avc { sps, pps }) => PassThrough { sps, pps },
                _ => PassThrough::default(),
            }
        })
    }

    fn encode(&self) -> Encode {
        let (sender, source) = mpsc::channel(limits::ENCODER_QUEUE_MAX);
        *self.to_encode.borrow_mut() = sender;
        Encode::new(Seat {
            slug: self.slug.clone(),
            plan: self.plan.clone(),
            slate: self.slate.clone(),
            house: self.services.house,
            source,
            replay: self.replay.clone(),
            passed: self.passed(),
            to_package: self.to_package.borrow().clone(),
            progress: self.progress.clone(),
            vitals: self.vitals.clone(),
            history: self.services.history.clone(),
            standby: self.standby.clone(),
            ask: Asker {
                channel: self.slug.clone(),
                // A source's own parameter sets may have the numbers that devices give theirs.
                encoder: if self.plan.pass_through.is_some() {
                    Encoder::Software
                } else {
                    self.encoder.clone()
                },
                work: Work::of(&self.plan),
                course: self.course.clone(),
                devices: self.services.devices.clone(),
            },
            crashes: Crashes::default(),
        })
    }

    fn ingest(&self, ctx: &mut actix::Context<Ingest>) -> Ingest {
        if self.plan.source == PlanSource::Link {
            self.services.doors.open(&self.slug, ctx.address());
        }
        Ingest::new(Desk {
            slug: self.slug.clone(),
            house: self.services.house,
            lineup: self.lineup.clone(),
            publishers: self.publishers.clone(),
            to_encode: self.to_encode.borrow().clone(),
            vitals: self.vitals.clone(),
            history: self.services.history.clone(),
        })
    }
}

impl Drop for Wiring {
    fn drop(&mut self) {
        self.live.end();
        self.services.history.note(Some(&self.slug), Happened::ChannelStopped, "");
        self.services.metrics.remove(&self.live.meter);
        self.services.doors.close(&self.slug);
        self.services.drills.leave(&self.slug);
        self.services.catalogue.remove(&self.slug);
        self.services.board.remove(&self.slug);
    }
}

/// The stages, in start order.
#[must_use]
pub fn stages(wiring: &Rc<Wiring>) -> Supervisor {
    let [serve, package, encode, ingest] = std::array::from_fn(|_| wiring.clone());
    let counted = |wiring: &Wiring, stage: &str, attempt: u32| {
        if attempt > 0 {
            wiring.vitals.update(|vitals| vitals.restarts += 1);
            wiring.services.history.note(Some(&wiring.slug), Happened::StageRestarted, stage);
        }
    };
    Supervisor::new(format!("channel {}", wiring.slug()), Strategy::RestForOne)
        .child(Task::actor("serve", move |attempt, ctx| {
            counted(&serve, "serve", attempt.number);
            serve.services.drills.enter_stage(serve.slug(), "serve", ctx.address().recipient());
            serve.serve()
        }))
        .child(Task::actor("package", move |attempt, ctx| {
            counted(&package, "package", attempt.number);
            package.services.drills.enter_stage(package.slug(), "package", ctx.address().recipient());
            package.package()
        }))
        .child(Task::actor("encode", move |attempt, ctx| {
            counted(&encode, "encode", attempt.number);
            encode.services.drills.enter_stage(encode.slug(), "encode", ctx.address().recipient());
            encode.encode()
        }))
        .child(Task::actor("ingest", move |attempt, ctx| {
            counted(&ingest, "ingest", attempt.number);
            ingest.services.drills.enter_stage(ingest.slug(), "ingest", ctx.address().recipient());
            let (cut, disguise) = (ctx.address().recipient(), ctx.address().recipient());
            ingest.services.drills.enter_ingest(ingest.slug(), cut, disguise);
            ingest.ingest(ctx)
        }))
}

#[cfg(test)]
#[path = "wiring_tests.rs"]
mod tests;

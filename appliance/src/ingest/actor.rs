//! Connects the publishers of one channel to the encoder's queue, and says which of them is on air.

use super::failover::{Cause, Failover, Fault, Faults, Switch, failed};
use super::state::Passage;
use super::{Arrived, Attach, Attached, Lineup, Publisher, Publishers, Take, TakeError};
use crate::clock::House;
use crate::drill::{Cut, Disguise, PANICS, Panic, stranger};
use crate::limits::{FAILOVER_INTERVAL, FIRST_PICTURE_MAX, PICTURES_MISSING, STRANGER_STAYS_MAX};
use crate::store::{Happened, History};
use crate::vitals::{SourceVitals, State, Vitals};
use actix::prelude::*;
use contribution::Demuxed;
use futures_util::stream;
use media::link::{FromSource, SOURCES_MAX, ToWorker};
use media::time::Ticks;
use media::unit::{SourceEvent, UnitKind};
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

/// What the stage has to do with.
pub struct Desk {
    /// The channel's slug.
    pub slug: String,
    /// The house clock.
    pub house: House,
    /// What the operator wants.
    pub lineup: watch::Receiver<Lineup>,
    /// Those that are there.
    pub publishers: Publishers,
    /// To the encoder.
    pub to_encode: mpsc::Sender<ToWorker>,
    /// For the operator's view; and what the worker says of the sources.
    pub vitals: Vitals,
    /// Where events go.
    pub history: History,
}

/// The ingest stage.
pub struct Ingest {
    desk: Desk,
    lanes: [Lane; SOURCES_MAX],
    failover: Failover,
    /// The number that the encoder knows to be on air.
    told: u8,
    attached: u64,
}

/// One source.
struct Lane {
    passage: Passage,
    current: Option<(u64, SpawnHandle)>,
    /// When the newest picture arrived; before the first, when the stage began.
    newest_picture: Ticks,
    /// What comes until then is lost: a drill.
    cut_until: Ticks,
    /// Stamp and arrival of its newest picture.
    newest: Option<(Ticks, Ticks)>,
    /// Who sends in its place: another drill.
    stranger: Option<Stranger>,
}

/// Who sends in a source's place.
struct Stranger {
    until: Ticks,
    passage: Passage,
    /// Told of with its first picture.
    tracks: Vec<FromSource>,
    /// From its stamps to the source's, from its first picture on.
    shift: Option<Ticks>,
    handle: SpawnHandle,
}

impl Lane {
    /// Whether the stranger's time is over with this from the source itself: it must be able to go on from there.
    fn is_itself_again(&self, arrived: &Arrived) -> bool {
        self.stranger.as_ref().is_some_and(|stranger| {
            let is_key = matches!(&arrived.event, Demuxed::Event(SourceEvent::Video(unit)) if unit.kind == UnitKind::Key);
            arrived.at >= stranger.until && is_key || arrived.at >= stranger.until + STRANGER_STAYS_MAX
        })
    }

    /// A stranger is on air.
    fn is_disguised(&self) -> bool {
        self.stranger.as_ref().is_some_and(|stranger| stranger.shift.is_some())
    }
}

impl Ingest {
    /// A stage that takes up the publishers that are there. What was on air before it was restarted stays.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        let began = desk.house.now();
        let lane = |_| Lane {
            passage: Passage::default(),
            current: None,
            newest_picture: began,
            cut_until: began,
            newest: None,
            stranger: None,
        };
        let failover = Failover::resume(desk.vitals.get().on_air);
        Self { desk, lanes: std::array::from_fn(lane), failover, told: 0, attached: 0 }
    }

    fn forward(&mut self, number: u8, arrived: Arrived, ctx: &mut Context<Self>) {
        let lane = &mut self.lanes[usize::from(number)];
        if lane.is_itself_again(&arrived) {
            self.unmask(number, ctx);
        }
        let lane = &mut self.lanes[usize::from(number)];
        if let Demuxed::Event(SourceEvent::Video(unit)) = &arrived.event {
            lane.newest = Some((unit.dts, arrived.at));
        }
        if arrived.at < lane.cut_until || lane.is_disguised() {
            // Its tracks must be known when it is itself again.
            if let Some(track) = track(&arrived.event) {
                self.desk.publishers.note(usize::from(number), &track);
            }
            return lane.passage.lose(&arrived);
        }
        if matches!(arrived.event, Demuxed::Event(SourceEvent::Video(_))) {
            lane.newest_picture = arrived.at;
        }
        self.desk.vitals.update(|vitals| {
            if let Some(source) = &mut vitals.sources[usize::from(number)] {
                source.note(&arrived.event, arrived.at);
            }
        });
        if let Some(news) = lane.passage.admit(arrived) {
            self.desk.publishers.note(usize::from(number), &news);
            self.send(number, news);
        }
    }

    /// Something from who sends in a source's place; it goes on on the source's own timeline.
    fn forward_stranger(&mut self, number: u8, mut event: SourceEvent, at: Ticks) {
        let lane = &mut self.lanes[usize::from(number)];
        let (Some(stranger), Some((stamp, stamped_at))) = (&mut lane.stranger, lane.newest) else { return };
        let mut news = Vec::new();
        match &mut event {
            SourceEvent::Video(unit) => {
                news.append(&mut stranger.tracks);
                let shift = *stranger.shift.get_or_insert(stamp + (at - stamped_at) - unit.dts);
                (unit.dts, unit.pts) = (unit.dts + shift, unit.pts + shift);
                lane.newest_picture = at;
            }
            SourceEvent::Audio(unit) => {
                // Sound alone would be out of step with the source's picture.
                let Some(shift) = stranger.shift else { return };
                (unit.dts, unit.pts) = (unit.dts + shift, unit.pts + shift);
            }
            SourceEvent::VideoTrack(_) | SourceEvent::AudioTrack(_) => {
                return stranger.tracks.extend(track(&Demuxed::Event(event)));
            }
        }
        news.extend(stranger.passage.admit(Arrived { event: Demuxed::Event(event), at }));
        news.into_iter().for_each(|news| self.send(number, news));
    }

    /// A source is itself again, with its own tracks.
    fn unmask(&mut self, number: u8, ctx: &mut Context<Self>) {
        let lane = &mut self.lanes[usize::from(number)];
        let Some(stranger) = lane.stranger.take() else { return };
        ctx.cancel_future(stranger.handle);
        if let Some(attached) = self.desk.publishers.get(number.into()) {
            attached.tracks.iter().flatten().for_each(|track| self.send(number, track.clone()));
        }
    }

    fn send(&mut self, number: u8, news: FromSource) {
        let sent = self.desk.to_encode.try_send(ToWorker::Source(number, news));
        if let Err(mpsc::error::TrySendError::Full(ToWorker::Source(_, lost))) = sent {
            let passage = &mut self.lanes[usize::from(number)].passage;
            if passage.dropped().is_power_of_two() {
                let (channel, dropped) = (&self.desk.slug, passage.dropped());
                warn!(%channel, source = number, dropped, "the encoder is slow: source dropped");
            }
            passage.refused(&lost);
        }
    }

    fn source_lost(&mut self, number: u8, generation: u64, ctx: &mut Context<Self>) {
        let lane = &mut self.lanes[usize::from(number)];
        if lane.current.as_ref().is_some_and(|(current, _)| *current == generation) {
            lane.current = None;
            self.gone(number, "ended", ctx);
        }
    }

    fn gone(&mut self, number: u8, how: &str, ctx: &mut Context<Self>) {
        if let Some(stranger) = self.lanes[usize::from(number)].stranger.take() {
            ctx.cancel_future(stranger.handle);
        }
        info!(channel = %self.desk.slug, source = number, "source {how}");
        self.desk.publishers.remove(usize::from(number));
        self.note(Happened::SourceEnded, format!("{} {how}", name(number)));
        self.desk.vitals.update(|vitals| vitals.sources[usize::from(number)] = None);
        self.send(number, FromSource::Lost);
    }

    fn note(&self, kind: Happened, what: String) {
        self.desk.history.note(Some(&self.desk.slug), kind, what);
    }

    /// Listens to a publisher from now on.
    fn take_up(&mut self, number: u8, attached: &Attached, ctx: &mut Context<Self>) {
        attached.tracks.iter().flatten().for_each(|track| self.send(number, track.clone()));
        self.attached += 1;
        let (generation, events) = (self.attached, attached.events.clone());
        let arriving = stream::poll_fn(move |task| events.borrow_mut().poll_recv(task)).into_actor(self);
        let all = arriving
            .map(move |arrived, stage, ctx| stage.forward(number, arrived, ctx))
            .finish()
            .map(move |(), stage, ctx| stage.source_lost(number, generation, ctx));
        self.lanes[usize::from(number)].current = Some((generation, ctx.spawn(all)));
    }

    /// Does what the rules ask for.
    fn judge(&mut self, ctx: &mut Context<Self>) {
        let (now, lineup, vitals) =
            (self.desk.house.now(), self.desk.lineup.borrow().clone(), self.desk.vitals.get());
        for number in 0..SOURCES_MAX {
            if lineup.sources[number].is_none()
                && let Some((_, handle)) = self.lanes[number].current.take()
            {
                // Dropping its stream closes the publisher's connection.
                ctx.cancel_future(handle);
                self.gone(number as u8, "was taken away from the channel", ctx);
            }
        }
        let seen = std::array::from_fn(|number| {
            lineup.sources[number].is_some().then(|| self.faults(number, &vitals, now))
        });
        let failed = seen.map(|faults| failed(&lineup.rules, &faults?, now).map(|(fault, _)| fault));
        let switch = self.failover.judge(&lineup.rules, &seen, now);
        let on_air = self.failover.on_air();
        self.desk.vitals.update(|vitals| (vitals.failed, vitals.on_air) = (failed, on_air));
        if let Some(switch) = switch {
            self.tell_of(switch);
        }
        self.tell_on_air();
    }

    /// What is wrong with a source.
    fn faults(&self, number: usize, vitals: &State, now: Ticks) -> Faults {
        let arrived = self.lanes[number].newest_picture;
        if now - arrived > PICTURES_MISSING {
            return Fault::ALL.map(|fault| (fault == Fault::Loss).then_some(arrived));
        }
        let (Some(source), Some(signals)) = (&vitals.sources[number], &vitals.signals) else {
            // Without a worker to see by nothing is known of the one on air, and none can take over.
            let known = number != self.failover.on_air();
            return Fault::ALL.map(|fault| (known && fault == Fault::Loss).then_some(Ticks::ZERO));
        };
        let signal = signals.of.get(number).copied().unwrap_or_default();
        // The one on air may take its time to its first picture; another does not take over without one.
        let due = match signal.newest {
            Some(newest) => newest,
            None if number == self.failover.on_air() => source.since.max(signals.since) + FIRST_PICTURE_MAX,
            None => Ticks::ZERO,
        };
        let lost = (now - due > PICTURES_MISSING).then_some(due);
        Fault::ALL.map(|fault| match fault {
            Fault::Loss => lost,
            Fault::Disorder => signal.disorder,
            Fault::Black => signal.black,
            Fault::Frozen => signal.frozen,
            Fault::Silence => signal.silent,
        })
    }

    fn tell_of(&self, switch: Switch) {
        let Switch { from, to, cause } = switch;
        let (from, to) = (name(from as u8), name(to as u8));
        let after = |length: Ticks| format!("{}.{} s", length.millis() / 1000, length.millis() % 1000 / 100);
        let why = match cause {
            Cause::Fault(fault, lasted) => format!("{from} {}, for {}", fault.words(), after(lasted)),
            Cause::Removed => format!("{from} was taken away from the channel"),
            Cause::Return(fit) => format!("it has been without fault for {}", after(fit)),
            Cause::Operator => "the operator wanted it".into(),
        };
        warn!(channel = %self.desk.slug, "{to} is on air: {why}");
        self.note(Happened::SourceSwitched, format!("{to} is on air: {why}"));
    }

    /// The encoder hears of it as soon as there is room.
    fn tell_on_air(&mut self) {
        let on_air = self.failover.on_air() as u8;
        if on_air != self.told && self.desk.to_encode.try_send(ToWorker::OnAir(on_air)).is_ok() {
            self.told = on_air;
        }
    }
}

/// The track that is announced, if one is.
fn track(event: &Demuxed) -> Option<FromSource> {
    match event {
        Demuxed::Event(SourceEvent::VideoTrack(track)) => Some(FromSource::VideoTrack(track.clone())),
        Demuxed::Event(SourceEvent::AudioTrack(track)) => Some(FromSource::AudioTrack(track.clone())),
        _ => None,
    }
}

/// A source in words.
fn name(number: u8) -> String {
    if number == 0 { "the main source".into() } else { format!("back-up {number}") }
}

impl Actor for Ingest {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(FAILOVER_INTERVAL, Self::judge);
        for number in 0..SOURCES_MAX as u8 {
            if let Some(attached) = self.desk.publishers.get(number.into()) {
                self.take_up(number, &attached, ctx);
            }
        }
    }
}

impl Handler<Attach> for Ingest {
    type Result = ();

    fn handle(&mut self, Attach(publisher): Attach, ctx: &mut Context<Self>) {
        let Publisher { number, protocol, peer, events } = publisher;
        let index = usize::from(number);
        if self.desk.lineup.borrow().sources.get(index).is_none_or(Option::is_none) {
            // Removed a moment ago: dropping what it sends closes its connection.
            return;
        }
        if let Some((_, handle)) = self.lanes[index].current.take() {
            // Dropping its stream closes the old publisher's connection.
            warn!(channel = %self.desk.slug, source = number, %peer, "a new publisher took over");
            ctx.cancel_future(handle);
        }
        info!(channel = %self.desk.slug, source = number, protocol = protocol.label(), %peer, "source attached");
        self.note(Happened::SourceAttached, format!("{}: {} from {peer}", name(number), protocol.label()));
        let vitals = SourceVitals::new(protocol, peer, self.desk.house.now());
        self.desk.vitals.update(|state| state.sources[index] = Some(vitals));
        let attached = self.desk.publishers.put(index, events);
        self.take_up(number, &attached, ctx);
    }
}

impl Handler<Take> for Ingest {
    type Result = Result<(), TakeError>;

    fn handle(&mut self, Take(number): Take, _: &mut Context<Self>) -> Self::Result {
        let (index, now, vitals) = (usize::from(number), self.desk.house.now(), self.desk.vitals.get());
        if self.desk.lineup.borrow().sources.get(index).is_none_or(Option::is_none) {
            return Err(TakeError::NoSuchSource);
        }
        let [lost, ..] = self.faults(index, &vitals, now);
        if index != self.failover.on_air() && lost.is_some() {
            return Err(TakeError::NoPicture);
        }
        if let Some(switch) = self.failover.take(index) {
            self.desk.vitals.update(|vitals| vitals.on_air = index);
            self.tell_of(switch);
            self.tell_on_air();
        }
        Ok(())
    }
}

impl Handler<Panic> for Ingest {
    type Result = ();

    fn handle(&mut self, _: Panic, _: &mut Context<Self>) {
        panic!("{PANICS}")
    }
}

impl Handler<Disguise> for Ingest {
    type Result = ();

    fn handle(&mut self, Disguise(until): Disguise, ctx: &mut Context<Self>) {
        let number = self.failover.on_air() as u8;
        // One may still be there that waits for a key picture.
        self.unmask(number, ctx);
        let mut units = match stranger::units(&self.desk.slug, self.desk.house) {
            Ok(units) => units,
            Err(error) => return warn!(channel = %self.desk.slug, %error, "the drill has no source"),
        };
        let arriving = stream::poll_fn(move |task| units.poll_recv(task)).into_actor(self);
        let all = arriving
            .map(move |(event, at), stage, _| stage.forward_stranger(number, event, at))
            .finish()
            .map(move |(), stage, ctx| stage.unmask(number, ctx));
        let handle = ctx.spawn(all);
        let (passage, tracks) = (Passage::default(), Vec::new());
        let stranger = Stranger { until, passage, tracks, shift: None, handle };
        self.lanes[usize::from(number)].stranger = Some(stranger);
    }
}

impl Handler<Cut> for Ingest {
    type Result = ();

    fn handle(&mut self, Cut(until): Cut, _: &mut Context<Self>) {
        self.lanes[self.failover.on_air()].cut_until = until;
    }
}

//! The threads that decode a source: one for pictures, one for sound. Damage never ends them; it is counted.

use super::clock::{Kind, SourceClock, Stamps};
use super::meter::Meter;
use super::pass::{Pass, Terms};
use super::pick::Pick;
use super::prepare::Prepare;
use super::sound::{STRETCH_DISTANCE_SAMPLES, SoundTimeline, sample_at};
use crate::ff::{Decoder, Error, Frame, Resampler};
use crate::limits::{DECODE_AHEAD, DECODE_QUEUE_UNITS};
use crate::shared::{Shared, count, lock};
use media::link::{Canvas, Slate};
use media::time::Ticks;
use media::unit::{AccessUnit, SourceTrack, UnitKind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};

/// What a decoder thread is told.
pub(crate) enum Input {
    /// The track is now this.
    Track(SourceTrack),
    /// One access unit, and when it arrived.
    Unit(AccessUnit, Ticks),
    /// The source has gone.
    Lost,
}

/// What the decoder threads of one source share with each other, with the canvas and with the audio rendition.
pub(crate) struct Source {
    clock: Mutex<SourceClock>,
    pub(crate) pictures: Mutex<Pick<Frame>>,
    pub(crate) sound: Mutex<SoundTimeline>,
    pub(crate) meter: Mutex<Meter>,
    pub(crate) labels: Mutex<Labels>,
    /// Where its own pictures may pass through.
    pub(crate) pass: Option<Mutex<Pass>>,
    /// How late pictures are shown, on average: from a quarter of a slot before to three quarters after they are due.
    /// Sound, which waits for no slot, is heard as late.
    picture_lag: Ticks,
}

/// What a source sends, in words; empty until known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    pub(crate) video: String,
    pub(crate) audio: String,
}

impl Source {
    /// For slots that are `frame` long.
    pub(crate) fn new(frame: Ticks, terms: Option<Terms>, slate: &Slate) -> Arc<Self> {
        let pictures = Mutex::new(Pick::new(frame, slate));
        let (clock, sound, meter, labels) = Default::default();
        let pass = terms.map(|terms| Mutex::new(Pass::new(terms)));
        Arc::new(Self { clock, pictures, sound, meter, labels, pass, picture_lag: Ticks(frame.0 / 4) })
    }

    /// The slate is now this.
    pub(crate) fn set_slate(&self, slate: &Slate) {
        lock(&self.pictures).set_slate(slate);
    }
}

/// Where the reader of the link puts what is for one track.
pub(crate) struct Queue {
    sender: SyncSender<Input>,
    /// Units are dropped until the next key one, since one before had no room.
    is_skipping: bool,
}

impl Queue {
    pub(crate) fn new() -> (Self, Receiver<Input>) {
        let (sender, receiver) = sync_channel(DECODE_QUEUE_UNITS);
        (Self { sender, is_skipping: false }, receiver)
    }

    /// Queues a unit, or drops it: the reader must stay free for what else the daemon says.
    pub(crate) fn push_unit(&mut self, unit: AccessUnit, arrived: Ticks, shared: &Shared) {
        if self.is_skipping && unit.kind != UnitKind::Key {
            return count(&shared.counters.dropped);
        }
        self.is_skipping = false;
        if let Err(TrySendError::Full(_)) = self.sender.try_send(Input::Unit(unit, arrived)) {
            self.is_skipping = true;
            count(&shared.counters.dropped);
        }
    }

    /// Queues what must not be lost, waiting for room; the decoder is never far behind.
    pub(crate) fn push(&self, input: Input) {
        // The thread ends with the worker alone: nothing is lost that anybody would miss.
        let _ = self.sender.send(input);
    }
}

/// What to do with what a decoder gives out.
pub(crate) trait Sink {
    /// Which track it is.
    const KIND: Kind;
    /// The track is now this.
    fn track(&mut self, _track: &SourceTrack) {}
    /// Takes the coded unit, due at `due`, and says when it is due indeed; it is decoded afterwards.
    fn coded(&mut self, _unit: &AccessUnit, due: Ticks) -> Ticks {
        due
    }
    /// Takes one picture or piece of sound, stamped in house time by its pts.
    fn take(&mut self, frame: Frame) -> Result<(), Error>;
    /// The source has gone, or its track has changed.
    fn clear(&mut self);
}

/// Decodes until the worker stops.
pub(crate) fn run<S: Sink>(inputs: &Receiver<Input>, source: &Source, shared: &Shared, mut sink: S) {
    let mut decoding = Decoding::default();
    while let Ok(input) = inputs.recv() {
        if shared.is_stopping() {
            return;
        }
        match input {
            // The same once more, as senders repeat their configuration: nothing to be done.
            Input::Track(track) if decoding.track.as_ref() == Some(&track) => {}
            Input::Track(track) => {
                sink.clear();
                sink.track(&track);
                decoding = Decoding::open(track, shared);
            }
            Input::Lost => {
                sink.clear();
                *lock(&source.clock) = SourceClock::default();
                *lock(&source.meter) = Meter::default();
                decoding = Decoding::default();
            }
            Input::Unit(unit, arrived) => {
                let AccessUnit { dts, pts, duration, .. } = unit;
                let (due, in_order) =
                    lock(&source.clock).observe(S::KIND, Stamps { dts, pts, duration, arrived });
                if !in_order {
                    lock(&source.meter).disorder(shared.clock.now());
                }
                let due = sink.coded(&unit, due);
                decoding.decode(&unit, due, shared, &mut sink);
            }
        }
    }
}

#[derive(Default)]
struct Decoding {
    track: Option<SourceTrack>,
    decoder: Option<Decoder>,
    /// The first key unit has come: before it nothing can be shown.
    has_key: bool,
}

impl Decoding {
    fn open(track: SourceTrack, shared: &Shared) -> Self {
        let decoder = Decoder::open(&track).map_err(|error| {
            tracing::warn!("{} cannot be decoded: {error}", track.codec.label());
            shared.note_error(&format_args!("{} cannot be decoded: {error}", track.codec.label()));
        });
        Self { decoder: decoder.ok(), track: Some(track), has_key: false }
    }

    fn decode<S: Sink>(&mut self, unit: &AccessUnit, due: Ticks, shared: &Shared, sink: &mut S) {
        let Some(decoder) = &mut self.decoder else { return };
        self.has_key |= unit.kind == UnitKind::Key;
        if !self.has_key {
            return;
        }
        let mut failed = decoder.send(&unit.data, due, unit.kind).err();
        loop {
            match decoder.receive() {
                Ok(Some(frame)) => failed = sink.take(frame).err().or(failed),
                Ok(None) => break,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        if let Some(error) = failed {
            count(&shared.counters.decode_errors);
            shared.note_error(&format_args!("the source's {} is damaged: {error}", S::KIND.label()));
        }
    }
}

/// Puts decoded pictures where the canvas picks them.
pub(crate) struct Pictures {
    source: Arc<Source>,
    shared: Arc<Shared>,
    prepare: Prepare,
}

impl Pictures {
    pub(crate) fn new(source: Arc<Source>, canvas: Canvas, shared: Arc<Shared>) -> Self {
        Self { source, shared, prepare: Prepare::new(canvas) }
    }
}

impl Sink for Pictures {
    const KIND: Kind = Kind::Video;

    fn track(&mut self, track: &SourceTrack) {
        if let Some(pass) = &self.source.pass {
            lock(pass).track(track);
        }
    }

    /// Where its own pictures may pass through, its key pictures are put on to the grid: all of it is shown later by less
    /// than a second. What waits until then is what is coded.
    fn coded(&mut self, unit: &AccessUnit, due: Ticks) -> Ticks {
        let Some(pass) = &self.source.pass else { return due };
        let due = {
            let (mut clock, mut pass) = (lock(&self.source.clock), lock(pass));
            let interval = pass.is_worth_aligning().then(|| pass.interval());
            let is_key = unit.kind == UnitKind::Key;
            let due = due + clock.align(unit.dts, is_key, interval);
            pass.push(unit, due);
            due
        };
        self.shared.wait_until(due - DECODE_AHEAD);
        due
    }

    fn take(&mut self, frame: Frame) -> Result<(), Error> {
        count(&self.shared.counters.decoded);
        let mut label = frame.picture_label();
        lock(&self.source.meter).picture(frame.luma().as_ref(), self.shared.clock.now());
        let prepared = self.prepare.prepare(frame, |frame| {
            if let Some(due) = frame.pts() {
                lock(&self.source.pictures).push(Ticks(due), frame);
            }
        });
        label.push_str(&self.prepare.steps.label);
        let mut labels = lock(&self.source.labels);
        if label != labels.video {
            tracing::info!("source is now {label}");
            labels.video = label;
        }
        prepared
    }

    fn clear(&mut self) {
        self.prepare.clear();
        lock(&self.source.pictures).clear();
        if let Some(pass) = &self.source.pass {
            lock(pass).clear();
        }
    }
}

/// Resamples decoded sound and puts it where the audio encoder takes it.
pub(crate) struct Sound {
    source: Arc<Source>,
    shared: Arc<Shared>,
    resampler: Option<Resampler>,
}

impl Sound {
    pub(crate) fn new(source: Arc<Source>, shared: Arc<Shared>) -> Self {
        Self { source, shared, resampler: None }
    }

    fn resampler_for(&mut self, frame: &Frame) -> Result<&mut Resampler, Error> {
        if self.resampler.as_ref().is_none_or(|resampler| !resampler.fits(frame)) {
            self.resampler = None;
            let label = frame.sound_label();
            tracing::info!("source's sound is now {label}");
            lock(&self.source.labels).audio = label;
            self.resampler = Some(Resampler::for_sound_like(frame)?);
        }
        Ok(self.resampler.as_mut().expect("made above"))
    }
}

impl Sink for Sound {
    const KIND: Kind = Kind::Audio;

    fn take(&mut self, frame: Frame) -> Result<(), Error> {
        let lag = self.source.picture_lag;
        let resampler = self.resampler_for(&frame)?;
        // What comes out first was still inside.
        let at = frame.pts().map(|due| sample_at(Ticks(due) + lag) - resampler.delay_samples());
        let [left, right] = resampler.convert(&frame)?;
        lock(&self.source.meter).sound([&left, &right], self.shared.clock.now());
        let stretch = lock(&self.source.sound).push(at, [&left, &right]);
        let resampler = self.resampler_for(&frame)?;
        resampler.stretch(stretch as i32, STRETCH_DISTANCE_SAMPLES as i32);
        Ok(())
    }

    fn clear(&mut self) {
        self.resampler = None;
    }
}

//! Pictures of the source, repeated or replaced by the slate where it has none.

use super::fit::Fit;
use crate::ff::{Decoder, Error, Frame, FramePool};
use crate::pattern::Slate;
use crate::shared::{Shared, count, lock};
use crate::source::pick::Choice;
use crate::source::sources::Sources;
use bytes::Bytes;
use media::link::{Canvas, Plan};
use media::time::Ticks;
use media::unit::UnitKind;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// See the module.
pub(crate) struct FromLink {
    sources: Arc<Sources>,
    shared: Arc<Shared>,
    fit: Fit,
    channel: String,
    canvas: Canvas,
    /// What it says below the channel's name, and the rest of it.
    slate: (String, Slate),
    /// What it shows instead: the JPEG, and that on the canvas unless it cannot be shown.
    slate_picture: (Bytes, Option<Frame>),
    slate_pool: FramePool,
    /// What the slate says changes once a second: the second, and its picture.
    slate_of: Option<(i64, Frame)>,
    last: Option<Frame>,
}

impl FromLink {
    pub(crate) fn new(plan: &Plan, sources: Arc<Sources>, shared: Arc<Shared>) -> Self {
        let canvas = plan.canvas;
        Self {
            sources,
            shared,
            fit: Fit::new(canvas),
            channel: plan.channel.clone(),
            canvas,
            slate: (plan.slate.text.clone(), Slate::new(&plan.channel, &plan.slate.text, canvas)),
            slate_picture: (Bytes::new(), None),
            slate_pool: FramePool::new(canvas.width, canvas.height),
            slate_of: None,
            last: None,
        }
    }

    /// The picture of the slot that begins at `slot`.
    pub(crate) fn picture(&mut self, slot: Ticks) -> Result<Frame, Error> {
        // They keep in step, so that each can take over with its next picture.
        for source in self.sources.standing_by() {
            let mut pictures = lock(&source.pictures);
            drop((pictures.take(slot), pictures.take_dropped()));
        }
        let (choice, dropped) = {
            let mut pictures = lock(&self.sources.on_air().pictures);
            (pictures.take(slot), pictures.take_dropped())
        };
        let counters = &self.shared.counters;
        counters.dropped.fetch_add(dropped, Relaxed);
        counters.on_source.store(!matches!(choice, Choice::Slate), Relaxed);
        match choice {
            Choice::New(picture) => match self.fit.fit(&picture) {
                Ok(fitted) => self.last = Some(fitted),
                Err(error) => {
                    self.shared.note_error(&format_args!("the source's picture was left out: {error}"));
                }
            },
            Choice::Repeat => count(&counters.repeated),
            Choice::Slate => self.last = None,
        }
        match &self.last {
            Some(last) => Ok(last.share()),
            None => self.slate(slot),
        }
    }

    fn slate(&mut self, slot: Ticks) -> Result<Frame, Error> {
        count(&self.shared.counters.slate);
        let wanted = lock(&self.sources.slate).clone();
        if wanted.picture != self.slate_picture.0 {
            self.slate_picture = (wanted.picture.clone(), self.still(&wanted.picture));
        }
        if let (_, Some(picture)) = &self.slate_picture {
            return Ok(picture.share());
        }
        if wanted.text != self.slate.0 {
            let slate = Slate::new(&self.channel, &wanted.text, self.canvas);
            (self.slate, self.slate_of) = ((wanted.text, slate), None);
        }
        let second = slot.millis().div_euclid(1000);
        if let Some((_, picture)) = self.slate_of.as_ref().filter(|(of, _)| *of == second) {
            return Ok(picture.share());
        }
        let (_, slate) = &self.slate;
        let picture = self.slate_pool.picture::<Error>(|frame| {
            slate.paint(&mut frame.surface()?, slot);
            Ok(())
        })?;
        self.slate_of = Some((second, picture.share()));
        Ok(picture)
    }

    /// A JPEG on the canvas; nothing when there is none.
    fn still(&mut self, jpeg: &Bytes) -> Option<Frame> {
        if jpeg.is_empty() {
            return None;
        }
        let decoded = Decoder::jpeg().and_then(|mut decoder| {
            decoder.send(jpeg, Ticks::ZERO, UnitKind::Key)?;
            decoder.receive()?.ok_or(Error::Misuse("it holds no picture"))
        });
        // A fit of its own: the source's is set up for the source's pictures.
        let fitted = decoded.and_then(|picture| Fit::new(self.canvas).fit(&picture));
        let told = |error| self.shared.note_error(&format_args!("the slate's picture was left out: {error}"));
        fitted.map_err(told).ok()
    }
}

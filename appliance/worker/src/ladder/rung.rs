//! One video rung: scales the canvas to its size and encodes it.

use crate::canvas::pacer::Slot;
use crate::ff::{Encoder, Error, Frame, FramePool, Scaler, VideoSettings};
use crate::paint::Rect;
use crate::shared::Shared;
use anyhow::Context as _;
use media::codec::h264;
use media::link::{Canvas, FromWorker, Rung as Wanted};
use media::time::Ticks;
use media::unit::{AccessUnit, CodecConfig, UnitKind};
use std::sync::mpsc::Receiver;

/// An open rung.
pub(crate) struct Rung {
    /// Its number on the link.
    rendition: u8,
    encoder: Encoder,
    shrink: Option<Shrink>,
    frame: Ticks,
}

struct Shrink {
    scaler: Scaler,
    pool: FramePool,
    whole: Rect,
}

impl Rung {
    /// Opens the encoder.
    /// Its parameter sets have the number `set_id`.
    pub(crate) fn open(rendition: u8, wanted: &Wanted, canvas: Canvas, set_id: u8) -> anyhow::Result<Self> {
        let Wanted { width, height, bitrate_bps } = *wanted;
        let settings = VideoSettings { width, height, rate: canvas.rate, bitrate_bps, set_id };
        let encoder =
            Encoder::h264(settings).with_context(|| format!("rung {rendition} ({width}x{height})"))?;
        let shrink = ((width, height) != (canvas.width, canvas.height)).then(|| Shrink {
            scaler: Scaler::default(),
            pool: FramePool::new(width, height),
            whole: Rect { x: 0, y: 0, width: width as usize, height: height as usize },
        });
        Ok(Self { rendition, encoder, shrink, frame: canvas.rate.frame_duration() })
    }

    /// What decoders must know.
    pub(crate) fn config(&self) -> anyhow::Result<CodecConfig> {
        h264::parameter_sets_of_annexb(self.encoder.extradata()).context("the encoder gave no parameter sets")
    }

    /// Encodes slot after slot until the worker stops.
    pub(crate) fn run(mut self, slots: &Receiver<Slot>, shared: &Shared) -> anyhow::Result<()> {
        while let Ok(slot) = slots.recv() {
            if shared.is_stopping() {
                break;
            }
            if let Some(unit) = slot.passed {
                if !self.send(unit, shared) {
                    return Ok(());
                }
                continue;
            }
            self.encode(&slot)?;
            while let Some(coded) = self.encoder.receive()? {
                let dts = self.frame * coded.pts;
                let kind = if coded.is_key { UnitKind::Key } else { UnitKind::Delta };
                let data = h264::annexb_to_length_prefixed(&coded.data);
                let unit = AccessUnit { dts, pts: dts, duration: self.frame, kind, data };
                if !self.send(unit, shared) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// False when the daemon has closed the link.
    fn send(&self, unit: AccessUnit, shared: &Shared) -> bool {
        let dts = unit.dts;
        let sent = shared.send(FromWorker::Unit { rendition: self.rendition, unit }).is_ok();
        shared.note_encoded(usize::from(self.rendition), dts);
        sent
    }

    fn encode(&mut self, slot: &Slot) -> Result<(), Error> {
        let mut picture = match &mut self.shrink {
            Some(shrink) => shrink.picture(&slot.picture)?,
            None => slot.picture.share(),
        };
        // The encoder counts frames since the epoch, so that rates of 1001 stay exact.
        picture.set_pts(slot.at.0 / self.frame.0);
        picture.set_idr(slot.is_idr);
        self.encoder.send(&picture)
    }
}

impl Shrink {
    fn picture(&mut self, canvas: &Frame) -> Result<Frame, Error> {
        let (scaler, whole) = (&mut self.scaler, self.whole);
        self.pool.picture(|frame| scaler.scale(canvas, frame, whole))
    }
}

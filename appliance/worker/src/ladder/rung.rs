//! One video rung: scales the canvas to its size and encodes it.

use super::engine::Engine;
use crate::canvas::pacer::Slot;
use crate::ff::{Device, VideoSettings};
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
    engine: Engine,
    frame: Ticks,
}

impl Rung {
    /// Opens the encoder: on a device, and whether only its low-power engine encodes, or in software. x264's parameter
    /// sets have the number `set_id`.
    pub(crate) fn open(
        rendition: u8,
        wanted: &Wanted,
        canvas: Canvas,
        set_id: u8,
        device: Option<(&Device, bool)>,
    ) -> anyhow::Result<Self> {
        let Wanted { width, height, bitrate_bps } = *wanted;
        let settings = VideoSettings { width, height, rate: canvas.rate, bitrate_bps, set_id };
        let engine = match device {
            Some((device, low_power)) => Engine::on(device, low_power, settings),
            None => Engine::software(settings, (canvas.width, canvas.height)),
        };
        let engine = engine.with_context(|| format!("rung {rendition} ({width}x{height})"))?;
        Ok(Self { rendition, engine, frame: canvas.rate.frame_duration() })
    }

    /// What decoders must know.
    pub(crate) fn config(&self) -> CodecConfig {
        self.engine.config.clone()
    }

    /// Encodes slot after slot until the worker stops. The daemon is told at once of a device that failed.
    pub(crate) fn run(mut self, slots: &Receiver<Slot>, shared: &Shared) -> anyhow::Result<()> {
        let done = self.encode_all(slots, shared);
        if let (Err(error), true) = (&done, self.engine.is_device()) {
            // Fails only when the daemon has gone: nobody is left to be told.
            let _ = shared.send(FromWorker::DeviceFailed(format!("{error:#}")));
        }
        done
    }

    fn encode_all(&mut self, slots: &Receiver<Slot>, shared: &Shared) -> anyhow::Result<()> {
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
            // The encoder counts frames since the epoch, so that rates of 1001 stay exact.
            self.engine.send(&slot.picture, slot.at.0 / self.frame.0, slot.is_idr)?;
            while let Some(coded) = self.engine.encoder.receive()? {
                let dts = self.frame * coded.pts;
                let data = h264::annexb_to_length_prefixed(&coded.data);
                if self.engine.is_device() {
                    h264::check_sample(&data, dts == slot.at && slot.is_idr)?;
                }
                let kind = if coded.is_key { UnitKind::Key } else { UnitKind::Delta };
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
}

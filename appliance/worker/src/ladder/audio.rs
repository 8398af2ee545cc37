//! The audio rendition: AAC-LC, 48 kHz stereo, frame k beginning k x 1024 samples after the epoch.
//!
//! FFmpeg's encoder gives out a frame's access unit when it has had the two frames after it, so sound is taken
//! [`AUDIO_LEAD`] ahead of the house clock: a unit leaves when its first sample is due, like a picture.

use crate::begin::AUDIO_FRAME;
use crate::ff::{Encoder, Error, Frame};
use crate::pattern::{beep, tone};
use crate::shared::{Shared, lock};
use crate::source::clock::AUDIO_LEAD;
use crate::source::sound::sample_at;
use crate::source::sources::Sources;
use anyhow::Context as _;
use bytes::Bytes;
use media::link::FromWorker;
use media::time::{AUDIO_SAMPLE_RATE, Ticks};
use media::unit::{AccessUnit, CodecConfig, UnitKind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Frames encoded and thrown away before the first that counts, so that it decodes as if there had always been sound:
/// each AAC frame overlaps the one before, and the encoder holds another two back.
const PRE_ROLL_FRAMES: i64 = 3;

/// Where the sound comes from.
pub(crate) enum Sound {
    /// The test pattern's beep.
    Pattern,
    /// The source that is on air.
    Link(Arc<Sources>),
}

impl Sound {
    fn fill(&self, at: i64, [left, right]: [&mut [f32]; 2], on_source: bool) {
        match self {
            Self::Pattern => {
                (at..).zip(left.iter_mut()).for_each(|(at, sample)| *sample = beep(at));
                right.copy_from_slice(left);
            }
            Self::Link(sources) => {
                let heard = lock(&sources.on_air().sound).take(at, [left, right]);
                if !heard && !on_source && lock(&sources.slate).tone {
                    (at..).zip(left.iter_mut()).for_each(|(at, sample)| *sample = tone(at));
                    right.copy_from_slice(left);
                }
            }
        }
    }
}

/// The open audio rendition.
pub(crate) struct Audio {
    rendition: u8,
    encoder: Encoder,
    sound: Sound,
}

impl Audio {
    /// Opens the encoder.
    pub(crate) fn open(rendition: u8, bitrate_bps: u32, sound: Sound) -> anyhow::Result<Self> {
        let encoder = Encoder::aac(bitrate_bps).context("the audio rendition")?;
        Ok(Self { rendition, encoder, sound })
    }

    /// What decoders must know.
    pub(crate) fn config(&self) -> CodecConfig {
        CodecConfig::Aac { audio_specific_config: Bytes::copy_from_slice(self.encoder.extradata()) }
    }

    /// Encodes frame after frame, the first unit being that of the frame at `begin`, until the worker stops.
    pub(crate) fn run(mut self, begin: Ticks, shared: &Shared) -> anyhow::Result<()> {
        let mut at = begin - AUDIO_FRAME * PRE_ROLL_FRAMES;
        while shared.wait_until(at - AUDIO_LEAD) {
            self.encode(at, shared.counters.on_source.load(Relaxed))?;
            while let Some(coded) = self.encoder.receive()? {
                let dts = Ticks::from_scaled(coded.pts, AUDIO_SAMPLE_RATE);
                if dts < begin {
                    continue;
                }
                let (duration, kind, data) = (AUDIO_FRAME, UnitKind::Key, coded.data);
                let unit = AccessUnit { dts, pts: dts, duration, kind, data };
                if shared.send(FromWorker::Unit { rendition: self.rendition, unit }).is_err() {
                    return Ok(());
                }
            }
            at += AUDIO_FRAME;
        }
        Ok(())
    }

    fn encode(&mut self, at: Ticks, on_source: bool) -> Result<(), Error> {
        let mut frame = Frame::sound()?;
        let sample = sample_at(at);
        self.sound.fill(sample, frame.channels()?, on_source);
        frame.set_pts(sample);
        self.encoder.send(&frame)
    }
}

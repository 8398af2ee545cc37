//! The bodies of FLV audio and video tags, which are the bodies of RTMP's audio and video messages ("Adobe Flash
//! Video File Format Specification", 10.1, annex E; "Enhanced RTMP v2", called E-RTMP below).
//!
//! [`Demuxer`] turns them into events. What is not here: the FLV file around them, and bit streams: NAL units and
//! frames are handed on as they came.

mod audio;
mod enhanced;
mod track;
mod video;

use crate::{Demuxed, Medium, Unsupported};
use bytes::Bytes;
use media::time::Ticks;
use media::unit::{AccessUnit, UnitKind};
use std::collections::VecDeque;
use track::Track;

/// Bytes of the header of an FLV tag (E.4.1).
pub(crate) const TAG_HEADER_BYTES: usize = 11;

/// Bytes of the "PreviousTagSize" behind a tag (E.3).
pub(crate) const TAG_TRAILER_BYTES: usize = 4;

/// The header of an FLV tag.
pub(crate) struct TagHeader {
    pub(crate) kind: u8,
    pub(crate) length: usize,
    pub(crate) timestamp_ms: u32,
}

impl TagHeader {
    /// Reads [`TAG_HEADER_BYTES`].
    pub(crate) fn read(bytes: &[u8]) -> Self {
        Self {
            kind: bytes[0] & 0x1F,
            length: u32::from_be_bytes([0, bytes[1], bytes[2], bytes[3]]) as usize,
            timestamp_ms: u32::from_be_bytes([bytes[7], bytes[4], bytes[5], bytes[6]]),
        }
    }
}

/// The body made no sense and was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Malformed;

/// What one body says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Packet {
    /// The track is this; its first byte of configuration may be still to come.
    Config { codec: Codec, config: Bytes },
    /// One access unit.
    Frames { codec: Codec, key: UnitKind, composition_ms: i32, data: Bytes },
    /// Nothing that concerns us: the end of a sequence, a seek, colour information.
    Nothing,
}

/// A codec that we take, or the name of one that we do not.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Codec {
    Known(track::Known),
    Unknown(String),
}

/// Reads the bodies of one publisher's audio and video.
#[derive(Debug)]
pub struct Demuxer {
    video: Track,
    audio: Track,
    unsupported: Vec<Unsupported>,
    malformed: u64,
    outputs: VecDeque<Demuxed>,
}

impl Default for Demuxer {
    fn default() -> Self {
        Self::new()
    }
}

impl Demuxer {
    /// Nothing known yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            video: Track::new(),
            audio: Track::new(),
            unsupported: Vec::new(),
            malformed: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Bodies that made no sense and were skipped, and access units that came before their configuration.
    #[must_use]
    pub const fn malformed(&self) -> u64 {
        self.malformed
    }

    /// Takes the body of a video tag, stamped `dts`.
    pub fn handle_video(&mut self, dts: Ticks, body: &Bytes) {
        let packet = video::read(body);
        self.handle(Medium::Video, dts, packet);
    }

    /// Takes the body of an audio tag, stamped `dts`.
    pub fn handle_audio(&mut self, dts: Ticks, body: &Bytes) {
        let packet = audio::read(body);
        self.handle(Medium::Audio, dts, packet);
    }

    /// The next event, until there is none. Drain it after each body.
    pub fn poll(&mut self) -> Option<Demuxed> {
        self.outputs.pop_front()
    }

    fn handle(&mut self, medium: Medium, dts: Ticks, packet: Result<Packet, Malformed>) {
        let handled = packet.and_then(|packet| match packet {
            Packet::Config { codec, config } => self.handle_config(medium, codec, &config),
            Packet::Frames { codec, key, composition_ms, data } => {
                let pts = dts + Ticks::from_millis(composition_ms.into());
                let unit = AccessUnit { dts, pts, duration: Ticks::ZERO, kind: key, data };
                self.handle_frames(medium, codec, unit)
            }
            Packet::Nothing => Ok(()),
        });
        self.malformed += u64::from(handled.is_err());
    }

    fn handle_config(&mut self, medium: Medium, codec: Codec, config: &Bytes) -> Result<(), Malformed> {
        let Some(known) = self.known(medium, codec) else { return Ok(()) };
        let changed = self.track(medium).configure(known, config)?;
        self.outputs.extend(changed.map(Demuxed::track));
        Ok(())
    }

    fn handle_frames(&mut self, medium: Medium, codec: Codec, unit: AccessUnit) -> Result<(), Malformed> {
        let Some(known) = self.known(medium, codec) else { return Ok(()) };
        // An empty access unit shows nothing, and has broken decoders.
        if unit.data.is_empty() {
            return Err(Malformed);
        }
        let changed = self.track(medium).announce(known)?;
        self.outputs.extend(changed.map(Demuxed::track));
        self.outputs.push_back(Demuxed::unit(medium, unit));
        Ok(())
    }

    const fn track(&mut self, medium: Medium) -> &mut Track {
        match medium {
            Medium::Video => &mut self.video,
            Medium::Audio => &mut self.audio,
        }
    }

    /// The codec, if it is taken; if not, that is reported, once.
    fn known(&mut self, medium: Medium, codec: Codec) -> Option<track::Known> {
        let codec = match codec {
            Codec::Known(known) => return Some(known),
            Codec::Unknown(name) => name,
        };
        let unsupported = Unsupported { medium, codec };
        if self.unsupported.len() < crate::limits::UNSUPPORTED_REPORTS_MAX
            && !self.unsupported.contains(&unsupported)
        {
            self.unsupported.push(unsupported.clone());
            self.outputs.push_back(Demuxed::Unsupported(unsupported));
        }
        None
    }
}

#[cfg(test)]
mod tests;

//! What is retained of one rendition: segments of parts of chunks, as immutable snapshots that share their bytes.
//!
//! Here are the shapes. What fills them is the packager; what describes them to players are `hls`, `dash` and `ts`.

use crate::era::{Era, era_of};
use crate::grid::Grid;
use crate::time::{FrameRate, Msn, PartIndex, Ticks};
use crate::unit::CodecConfig;
use bytes::Bytes;
use std::sync::Arc;

/// One encoding of the content: a video rung or the audio track. Fixed while the channel runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// Its name in URLs, such as `720p` or `audio`: lower-case letters, digits, `-`.
    pub id: String,
    /// What kind of media, and its shape.
    pub kind: RenditionKind,
    /// What decoders must know.
    pub config: CodecConfig,
    /// RFC 6381, such as `avc1.64001f` or `mp4a.40.2`.
    pub codecs: String,
    /// The rate that the encoder holds, in bits per second, before packaging.
    pub bitrate_bps: u32,
    /// The CMAF header (ISO/IEC 23000-19 7.3.1): `ftyp` + `moov`.
    pub init: Bytes,
    /// File name of the header, `init-XXXXXXXX.mp4`: it changes whenever the bytes change.
    pub init_name: String,
    /// Units of `tfdt` and sample durations per second: 360,000 for video, 48,000 for audio.
    pub timescale: u32,
    /// Length of one access unit.
    pub unit_duration: Ticks,
    /// Where it is cut.
    pub grid: Grid,
}

/// What kind of media, and its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenditionKind {
    /// Pictures.
    Video {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Of the canvas.
        rate: FrameRate,
    },
    /// Sound.
    Audio {
        /// Samples per second.
        sample_rate: u32,
        /// 2 for stereo.
        channels: u8,
    },
}

impl Rendition {
    /// The longest part this rendition can have: EXT-X-PART-INF:PART-TARGET.
    #[must_use]
    pub fn part_target(&self) -> Ticks {
        self.grid.part_target(self.unit_duration)
    }

    /// Whether it carries pictures.
    #[must_use]
    pub fn is_video(&self) -> bool {
        matches!(self.kind, RenditionKind::Video { .. })
    }
}

/// Where one access unit lies in its chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// First byte, counted from the start of [`Chunk::bytes`].
    pub offset: u32,
    /// Bytes.
    pub len: u32,
    /// When it is decoded (and, without B-frames, shown).
    pub dts: Ticks,
    /// How long.
    pub duration: Ticks,
    /// Whether decoding may start here.
    pub key: bool,
}

/// One CMAF chunk: (`styp`), (`prft`), `moof`, `mdat`. What LL-DASH streams as it lands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Start of its first access unit.
    pub start: Ticks,
    /// Of its access units together.
    pub duration: Ticks,
    /// Whether it starts with a key access unit.
    pub independent: bool,
    /// The boxes, whole.
    pub bytes: Bytes,
    /// Its access units, for the TS multiplexer and for checks.
    pub samples: Arc<[Sample]>,
}

/// One LL-HLS partial segment: several chunks. Listed, and served, only when complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Place in its segment.
    pub index: PartIndex,
    /// Start of its first access unit.
    pub start: Ticks,
    /// So far.
    pub duration: Ticks,
    /// Whether it contains a key access unit at its start (4.4.4.9 INDEPENDENT).
    pub independent: bool,
    /// Whether nothing will be added.
    pub complete: bool,
    /// In order.
    pub chunks: Vec<Chunk>,
}

/// One segment: several parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Place on the grid.
    pub msn: Msn,
    /// Start of its first access unit (for a gap: of the grid's segment).
    pub start: Ticks,
    /// So far (for a gap: the grid's).
    pub duration: Ticks,
    /// Whether nothing will be added.
    pub complete: bool,
    /// Media is missing from it: it is listed with EXT-X-GAP and has no bytes to serve.
    pub gap: bool,
    /// In order.
    pub parts: Vec<Arc<Part>>,
}

impl Chunk {
    /// The access units and their bytes, in order.
    pub fn units(&self) -> impl Iterator<Item = (Sample, Bytes)> + '_ {
        self.samples.iter().map(|sample| {
            let (from, len) = (sample.offset as usize, sample.len as usize);
            (*sample, self.bytes.slice(from..from + len))
        })
    }
}

impl Part {
    /// The access units and their bytes, in order.
    pub fn units(&self) -> impl Iterator<Item = (Sample, Bytes)> + '_ {
        self.chunks.iter().flat_map(Chunk::units)
    }

    /// Bytes in all.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.bytes.len()).sum()
    }

    /// Whether it has no bytes yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}

impl Segment {
    /// Its chunks in order, across parts.
    pub fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        self.parts.iter().flat_map(|part| &part.chunks)
    }

    /// Bytes so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.len()).sum()
    }

    /// Whether it has no bytes yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The access units and their bytes, in order.
    pub fn units(&self) -> impl Iterator<Item = (Sample, Bytes)> + '_ {
        self.chunks().flat_map(Chunk::units)
    }
}

/// All that a viewer may ask for of one rendition, at one instant. Immutable; cheap to clone.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What it is; with the newest header.
    pub rendition: Arc<Rendition>,
    /// Of all that is retained and, where it is known already, of what comes next; oldest first, at least one.
    pub eras: Arc<[Era]>,
    /// Oldest first, consecutive `msn`. All but the last are complete; the last may be.
    pub segments: Vec<Arc<Segment>>,
    /// Segments before this one are still served but no longer listed
    /// (draft-pantos-hls-rfc8216bis 6.2.2: removed segments stay available).
    pub listed_from: Msn,
}

impl Snapshot {
    /// The segment with this number, if it is retained.
    #[must_use]
    pub fn segment(&self, msn: Msn) -> Option<&Arc<Segment>> {
        let first = self.segments.first()?.msn;
        self.segments.get(usize::try_from(msn.0.checked_sub(first.0)?).ok()?)
    }

    /// The rendition with the header that this segment needs.
    #[must_use]
    pub fn rendition_of(&self, msn: Msn) -> &Arc<Rendition> {
        &era_of(&self.eras, msn).rendition
    }

    /// The part with this number, if it is retained, complete or not.
    #[must_use]
    pub fn part(&self, msn: Msn, part: PartIndex) -> Option<&Arc<Part>> {
        self.segment(msn)?.parts.get(part.0 as usize)
    }

    /// The newest segment that has at least one complete part, and the newest complete part in it.
    #[must_use]
    pub fn live_edge(&self) -> Option<(Msn, PartIndex)> {
        self.segments.iter().rev().take(2).find_map(|segment| {
            let part = segment.parts.iter().rev().find(|part| part.complete)?;
            Some((segment.msn, part.index))
        })
    }

    /// Segments that are listed, oldest first.
    pub fn listed(&self) -> impl DoubleEndedIterator<Item = &Arc<Segment>> + Clone {
        self.segments.iter().filter(|segment| segment.msn >= self.listed_from)
    }
}

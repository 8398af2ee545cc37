//! The access unit, and the codec configurations that explain it.

use crate::time::Ticks;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// One coded picture or audio frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessUnit {
    /// When it is decoded.
    pub dts: Ticks,
    /// When it is shown or heard.
    pub pts: Ticks,
    /// How long; zero when the source does not say.
    pub duration: Ticks,
    /// Whether decoding may start here.
    pub kind: UnitKind,
    /// Video: NAL units with 4-byte big-endian lengths (ISO/IEC 14496-15), without parameter sets or
    /// access unit delimiters once encoded by us. Audio: the bare frame, without ADTS.
    pub data: Bytes,
}

/// Whether decoding may start at an access unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitKind {
    /// An IDR picture, or any audio frame.
    Key,
    /// Needs earlier access units.
    Delta,
}

/// What a decoder must know before the first access unit of a rendition that we encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodecConfig {
    /// H.264: parameter sets, each a bare NAL unit without length or start code. One of each from an encoder of ours;
    /// those of a source stand behind them where its own pictures may take the encoder's place.
    Avc {
        /// Sequence parameter sets (ISO/IEC 14496-10 7.3.2.1); at least one.
        sps: Vec<Bytes>,
        /// Picture parameter sets (7.3.2.2); at least one.
        pps: Vec<Bytes>,
    },
    /// AAC: the AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1).
    Aac {
        /// Two bytes or more.
        audio_specific_config: Bytes,
    },
}

impl CodecConfig {
    /// Whether a decoder that was told this can decode what was coded by the `other`.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Avc { sps, pps }, Self::Avc { sps: others, pps: other_pps }) => {
                others.iter().all(|set| sps.contains(set)) && other_pps.iter().all(|set| pps.contains(set))
            }
            _ => self == other,
        }
    }
}

/// The codecs that a source may carry, whether we can decode them is the worker's to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceCodec {
    /// H.264; configuration is an AVCDecoderConfigurationRecord, or empty when parameter sets are in band.
    H264,
    /// H.265; configuration is an HEVCDecoderConfigurationRecord, or empty when parameter sets are in band.
    H265,
    /// AV1; configuration is an AV1CodecConfigurationRecord.
    Av1,
    /// VP9; no configuration needed.
    Vp9,
    /// MPEG-2 video, elementary stream.
    Mpeg2Video,
    /// AAC; configuration is an AudioSpecificConfig; access units are bare frames.
    Aac,
    /// MPEG-1/2 layer II or III.
    MpegAudio,
    /// AC-3.
    Ac3,
    /// E-AC-3.
    Eac3,
    /// Opus; configuration is an OpusHead or empty.
    Opus,
    /// FLAC; configuration is a STREAMINFO block.
    Flac,
}

impl SourceCodec {
    /// Whether this is a video codec.
    #[must_use]
    pub const fn is_video(self) -> bool {
        matches!(self, Self::H264 | Self::H265 | Self::Av1 | Self::Vp9 | Self::Mpeg2Video)
    }

    /// The name people know it by.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::H264 => "H.264",
            Self::H265 => "H.265",
            Self::Av1 => "AV1",
            Self::Vp9 => "VP9",
            Self::Mpeg2Video => "MPEG-2 video",
            Self::Aac => "AAC",
            Self::MpegAudio => "MPEG audio",
            Self::Ac3 => "AC-3",
            Self::Eac3 => "E-AC-3",
            Self::Opus => "Opus",
            Self::Flac => "FLAC",
        }
    }
}

/// How the video of a source is laid out in [`AccessUnit::data`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceFraming {
    /// NAL units with lengths, as FLV and MP4 carry them; the configuration record says how long the lengths are.
    LengthPrefixed,
    /// Start codes (H.264/H.265 annex B), or the codec's own byte stream, as MPEG-TS carries it.
    ByteStream,
}

/// One track of a source, announced before its first access unit and again whenever it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceTrack {
    /// What it is coded with.
    pub codec: SourceCodec,
    /// How its bytes are laid out.
    pub framing: SourceFraming,
    /// See [`SourceCodec`]; may be empty.
    pub config: Vec<u8>,
}

/// What a demultiplexer of a contribution protocol hands on. Times are on the source's own timeline,
/// unwrapped, from any origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceEvent {
    /// The video track is now this.
    VideoTrack(SourceTrack),
    /// The audio track is now this.
    AudioTrack(SourceTrack),
    /// One picture.
    Video(AccessUnit),
    /// One audio frame, or for MPEG-TS what one PES packet carried.
    Audio(AccessUnit),
}

//! What enhanced video and audio headers have in common (E-RTMP): packet types, extensions, tracks, FourCCs.

use super::track::Known;
use super::{Codec, Malformed};
use crate::limits::{MOD_EX_MAX, MULTITRACK_TRACKS_MAX};
use bytes::{Buf, Bytes};
use media::unit::SourceCodec;

/// "VideoPacketType" and "AudioPacketType": four bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PacketType(u8);

impl PacketType {
    pub(super) const SEQUENCE_START: Self = Self(0);
    pub(super) const CODED_FRAMES: Self = Self(1);
    /// Video only: coded frames whose composition time is zero and left out.
    pub(super) const CODED_FRAMES_X: Self = Self(3);
    /// Video only: colour information.
    pub(super) const METADATA: Self = Self(4);
    pub(super) const AUDIO_MULTITRACK: Self = Self(5);
    pub(super) const MULTITRACK: Self = Self(6);
    const MOD_EX: Self = Self(7);
}

pub(super) type FourCc = [u8; 4];

/// The packet type behind any extensions, and what follows it.
///
/// "ModEx": a size of one byte, or 256 and two bytes more; so much data; then a nibble which says what it is (a
/// timestamp offset in nanoseconds, which is too fine for us) and the next packet type.
pub(super) fn packet_type(body: &Bytes) -> Result<(PacketType, Bytes), Malformed> {
    let mut rest = body.clone();
    let mut packet_type = PacketType(take(&mut rest, 1)?[0] & 0x0F);
    for _ in 0..MOD_EX_MAX {
        if packet_type != PacketType::MOD_EX {
            return Ok((packet_type, rest));
        }
        let mut size = usize::from(take(&mut rest, 1)?[0]) + 1;
        if size == 256 {
            let long = take(&mut rest, 2)?;
            size = usize::from(u16::from_be_bytes([long[0], long[1]])) + 1;
        }
        take(&mut rest, size)?;
        packet_type = PacketType(take(&mut rest, 1)?[0] & 0x0F);
    }
    Err(Malformed)
}

/// Of a multitrack body: packet type and FourCC of track 0, with `rest` cut to its data; `None` without a track 0.
///
/// "AvMultitrackType: 0 = OneTrack, 1 = ManyTracks, 2 = ManyTracksManyCodecs"; the FourCC stands before all tracks
/// or, with many codecs, in each; a size stands in each unless there is but one.
pub(super) fn first_track(rest: &mut Bytes) -> Result<Option<(PacketType, FourCc)>, Malformed> {
    let byte = take(rest, 1)?[0];
    let (multitrack, packet_type) = (byte >> 4, PacketType(byte & 0x0F));
    let shared = if multitrack == 2 { None } else { Some(four_cc(rest)?) };
    for _ in 0..MULTITRACK_TRACKS_MAX {
        if rest.is_empty() {
            break;
        }
        let codec = match shared {
            Some(codec) => codec,
            None => four_cc(rest)?,
        };
        let track = take(rest, 1)?[0];
        let length = match multitrack {
            0 => rest.len(),
            1 | 2 => {
                let size = take(rest, 3)?;
                u32::from_be_bytes([0, size[0], size[1], size[2]]) as usize
            }
            _ => return Err(Malformed),
        };
        let data = take(rest, length)?;
        if track == 0 {
            *rest = data;
            return Ok(Some((packet_type, codec)));
        }
    }
    Ok(None)
}

pub(super) fn four_cc(rest: &mut Bytes) -> Result<FourCc, Malformed> {
    let bytes = take(rest, 4)?;
    Ok([bytes[0], bytes[1], bytes[2], bytes[3]])
}

fn take(rest: &mut Bytes, length: usize) -> Result<Bytes, Malformed> {
    if rest.remaining() < length { Err(Malformed) } else { Ok(rest.split_to(length)) }
}

pub(super) fn video_codec(four_cc: FourCc) -> Codec {
    known_or_name(
        four_cc,
        match &four_cc {
            b"avc1" => Some(SourceCodec::H264),
            b"hvc1" => Some(SourceCodec::H265),
            b"av01" => Some(SourceCodec::Av1),
            b"vp09" => Some(SourceCodec::Vp9),
            _ => None,
        },
    )
}

pub(super) fn audio_codec(four_cc: FourCc) -> Codec {
    known_or_name(
        four_cc,
        match &four_cc {
            b"mp4a" => Some(SourceCodec::Aac),
            b".mp3" => Some(SourceCodec::MpegAudio),
            b"ac-3" => Some(SourceCodec::Ac3),
            b"ec-3" => Some(SourceCodec::Eac3),
            b"Opus" => Some(SourceCodec::Opus),
            b"fLaC" => Some(SourceCodec::Flac),
            _ => None,
        },
    )
}

/// Whether coded frames of this codec begin with a composition time.
pub(super) const fn has_composition_time(four_cc: FourCc) -> bool {
    matches!(&four_cc, b"avc1" | b"hvc1" | b"vvc1")
}

fn known_or_name(four_cc: FourCc, codec: Option<SourceCodec>) -> Codec {
    codec.map_or_else(
        || Codec::Unknown(format!("'{}'", four_cc.escape_ascii())),
        |codec| Codec::Known(Known(codec)),
    )
}

//! Audio bodies: annex E.4.2, and E-RTMP "Enhanced Audio".

use super::enhanced::{self, PacketType};
use super::track::Known;
use super::{Codec, Malformed, Packet};
use bytes::Bytes;
use media::unit::{SourceCodec, UnitKind};

pub(super) fn read(body: &Bytes) -> Result<Packet, Malformed> {
    let first = *body.first().ok_or(Malformed)?;
    match first >> 4 {
        // "2 = MP3", "14 = MP3 8 kHz"
        2 | 14 => Ok(frames(Codec::Known(Known(SourceCodec::MpegAudio)), body.slice(1..))),
        10 => read_aac(body),
        // E-RTMP: "9 = ExHeader"
        9 => read_enhanced(body),
        number => Ok(Packet::Config { codec: Codec::Unknown(name(number)), config: Bytes::new() }),
    }
}

fn name(number: u8) -> String {
    match number {
        0 | 3 => "uncompressed PCM".into(),
        1 => "ADPCM".into(),
        4..=6 => "Nellymoser".into(),
        7 | 8 => "G.711".into(),
        11 => "Speex".into(),
        _ => format!("FLV audio codec {number}"),
    }
}

const fn frames(codec: Codec, data: Bytes) -> Packet {
    Packet::Frames { codec, key: UnitKind::Key, composition_ms: 0, data }
}

/// "AACPacketType: 0 = AAC sequence header, 1 = AAC raw" (E.4.2.2)
fn read_aac(body: &Bytes) -> Result<Packet, Malformed> {
    let codec = Codec::Known(Known(SourceCodec::Aac));
    match body.get(1) {
        Some(0) => Ok(Packet::Config { codec, config: body.slice(2..) }),
        Some(1) => Ok(frames(codec, body.slice(2..))),
        _ => Err(Malformed),
    }
}

fn read_enhanced(body: &Bytes) -> Result<Packet, Malformed> {
    let (packet_type, mut rest) = enhanced::packet_type(body)?;
    let (packet_type, four_cc) = match packet_type {
        PacketType::AUDIO_MULTITRACK => match enhanced::first_track(&mut rest)? {
            Some(first) => first,
            None => return Ok(Packet::Nothing),
        },
        packet_type => (packet_type, enhanced::four_cc(&mut rest)?),
    };
    let codec = enhanced::audio_codec(four_cc);
    match packet_type {
        PacketType::SEQUENCE_START => Ok(Packet::Config { codec, config: rest }),
        PacketType::CODED_FRAMES => Ok(frames(codec, rest)),
        _ => Ok(Packet::Nothing),
    }
}

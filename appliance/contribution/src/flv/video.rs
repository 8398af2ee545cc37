//! Video bodies: annex E.4.3, and E-RTMP "Enhanced Video".

use super::enhanced::{self, PacketType};
use super::track::Known;
use super::{Codec, Malformed, Packet};
use bytes::{Buf, Bytes};
use media::unit::{SourceCodec, UnitKind};

/// "1: key frame (for AVC, a seekable frame)", "4: generated key frame"
const KEY_FRAMES: [u8; 2] = [1, 4];

/// "5: video info/command frame"
const COMMAND_FRAME: u8 = 5;

pub(super) fn read(body: &Bytes) -> Result<Packet, Malformed> {
    let first = *body.first().ok_or(Malformed)?;
    let key = if KEY_FRAMES.contains(&(first >> 4 & 7)) { UnitKind::Key } else { UnitKind::Delta };
    // E-RTMP: "isExVideoHeader", the topmost bit
    if first & 0x80 != 0 {
        return read_enhanced(body, key, first >> 4 & 7 == COMMAND_FRAME);
    }
    if first >> 4 == COMMAND_FRAME {
        return Ok(Packet::Nothing);
    }
    match first & 0x0F {
        7 => read_avc(body, SourceCodec::H264, key),
        // Not in the specification, but sent by many encoders made before E-RTMP
        12 => read_avc(body, SourceCodec::H265, key),
        number => Ok(Packet::Config { codec: Codec::Unknown(name(number)), config: Bytes::new() }),
    }
}

fn name(number: u8) -> String {
    match number {
        2 => "Sorenson H.263".into(),
        3 | 6 => "Screen video".into(),
        4 | 5 => "VP6".into(),
        _ => format!("FLV video codec {number}"),
    }
}

/// "AVCPacketType: 0 = AVC sequence header, 1 = AVC NALU, 2 = AVC end of sequence", "CompositionTime SI24" (E.4.3.1)
fn read_avc(body: &Bytes, codec: SourceCodec, key: UnitKind) -> Result<Packet, Malformed> {
    let (codec, packet_type) = (Codec::Known(Known(codec)), *body.get(1).ok_or(Malformed)?);
    let mut rest = body.slice(2..);
    match packet_type {
        0 => {
            composition_ms(&mut rest)?;
            Ok(Packet::Config { codec, config: rest })
        }
        1 => {
            let composition_ms = composition_ms(&mut rest)?;
            Ok(Packet::Frames { codec, key, composition_ms, data: rest })
        }
        2 => Ok(Packet::Nothing),
        _ => Err(Malformed),
    }
}

fn composition_ms(rest: &mut Bytes) -> Result<i32, Malformed> {
    if rest.len() < 3 {
        return Err(Malformed);
    }
    let value = i32::from_be_bytes([0, rest[0], rest[1], rest[2]]);
    rest.advance(3);
    Ok(if value >= 0x80_0000 { value - 0x100_0000 } else { value })
}

fn read_enhanced(body: &Bytes, key: UnitKind, is_command: bool) -> Result<Packet, Malformed> {
    let (packet_type, mut rest) = enhanced::packet_type(body)?;
    if is_command && packet_type != PacketType::METADATA {
        // "signals to the decoder that only a videoCommand is present"
        return Ok(Packet::Nothing);
    }
    let (packet_type, four_cc) = match packet_type {
        PacketType::MULTITRACK => match enhanced::first_track(&mut rest)? {
            Some(first) => first,
            None => return Ok(Packet::Nothing),
        },
        packet_type => (packet_type, enhanced::four_cc(&mut rest)?),
    };
    let codec = enhanced::video_codec(four_cc);
    match packet_type {
        PacketType::SEQUENCE_START => Ok(Packet::Config { codec, config: rest }),
        PacketType::CODED_FRAMES => {
            // "the composition time offset is present for AVC and HEVC" and for no other
            let composition_ms =
                if enhanced::has_composition_time(four_cc) { composition_ms(&mut rest)? } else { 0 };
            Ok(Packet::Frames { codec, key, composition_ms, data: rest })
        }
        PacketType::CODED_FRAMES_X => Ok(Packet::Frames { codec, key, composition_ms: 0, data: rest }),
        _ => Ok(Packet::Nothing),
    }
}

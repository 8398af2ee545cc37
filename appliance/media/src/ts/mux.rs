//! One TS segment.

use super::half::{Half, TsMsn, awaits_audio};
use super::pes::{Pes, fill_up, write_section};
use super::psi::{AUDIO_PID, PACKET_BYTES, PAT_PID, PMT_PID, VIDEO_PID, pat, pmt};
use crate::codec::{aac, h264};
use crate::unit::CodecConfig;
use crate::window::Snapshot;
use bytes::Bytes;

/// The continuity counter counts modulo 16.
const CONTINUITY_MODULUS: usize = 16;

/// Audio frames in one PES packet: 85 ms of AAC. One would spend a fifth of a 64 kbit/s track on headers and
/// stuffing; many would keep players waiting for the packet's end.
const AUDIO_FRAMES_PER_PES: usize = 4;

/// Makes one segment of the MPEG-TS tier. The same window gives the same bytes, and so does any later window.
///
/// `None` if it is not whole yet, is a gap, is no longer retained, or is not H.264 with AAC.
#[must_use]
pub fn segment(video: &Snapshot, audio: Option<&Snapshot>, number: TsMsn) -> Option<Bytes> {
    let pictures = Half::of(video, number).filter(|half| half.is_complete() && !half.is_gap())?;
    if awaits_audio(audio, number) {
        return None;
    }
    let mut video = video_stream(&video.rendition_of(number.msn()).config, &pictures)?;
    let mut sound = match audio {
        Some(audio) => audio_stream(&audio.rendition.config, Half::of(audio, number).as_ref())?,
        None => Vec::new(),
    };
    fill_up(&mut video, CONTINUITY_MODULUS);
    fill_up(&mut sound, CONTINUITY_MODULUS);
    let mut stream = video;
    stream.append(&mut sound);
    stream.sort_by_key(|pes| pes.dts);
    Some(write(&stream, &pmt(audio.is_some())))
}

fn video_stream(config: &CodecConfig, half: &Half<'_>) -> Option<Vec<Pes>> {
    let CodecConfig::Avc { sps, pps } = config else { return None };
    let units = half.units().map(|(sample, data)| {
        let parameter_sets = if sample.key { sets_of(sps, pps, &data) } else { Vec::new() };
        let payload = annex_b(&parameter_sets, &data);
        Pes::video(VIDEO_PID, sample.dts, sample.key, &payload)
    });
    Some(units.collect())
}

/// The parameter sets that this picture is coded by.
fn sets_of<'a>(sps: &'a [Bytes], pps: &'a [Bytes], unit: &[u8]) -> Vec<&'a Bytes> {
    if let ([sps], [pps]) = (sps, pps) {
        return vec![sps, pps];
    }
    let wanted = h264::pps_id_of_sample(unit);
    let pps = pps.iter().find(|pps| h264::ids_of_pps(pps).map(|(id, _)| id) == wanted);
    let sps_id = pps.and_then(|pps| h264::ids_of_pps(pps)).map(|(_, sps)| sps);
    let sps = sps.iter().find(|sps| h264::id_of_sps(sps) == sps_id);
    sps.into_iter().chain(pps).collect()
}

/// "Each AVC access unit shall contain an access unit delimiter NAL Unit" (ISO/IEC 13818-1 2.14.1), and players
/// that join at an IDR need the parameter sets before it.
fn annex_b(parameter_sets: &[&Bytes], unit: &[u8]) -> Vec<u8> {
    const START_CODE: [u8; 4] = [0, 0, 0, 1];
    /// nal_unit_type 9; primary_pic_type 7, any slices; stop bit.
    const ACCESS_UNIT_DELIMITER: &[u8] = &[0x09, 0xf0];
    let nals = std::iter::once(ACCESS_UNIT_DELIMITER)
        .chain(parameter_sets.iter().map(AsRef::as_ref))
        .chain(h264::nals_length_prefixed(unit));
    let mut bytes = Vec::with_capacity(unit.len() + 64);
    for nal in nals {
        bytes.extend(START_CODE);
        bytes.extend_from_slice(nal);
    }
    bytes
}

fn audio_stream(config: &CodecConfig, half: Option<&Half<'_>>) -> Option<Vec<Pes>> {
    let CodecConfig::Aac { audio_specific_config } = config else { return None };
    let config = aac::AudioSpecificConfig::parse(audio_specific_config).ok()?;
    let frames: Vec<_> = half.into_iter().flat_map(Half::units).collect();
    let groups = frames.chunks(AUDIO_FRAMES_PER_PES).map(|group| {
        let mut payload = Vec::new();
        for (_, frame) in group {
            payload.extend(aac::adts_header(&config, frame.len()));
            payload.extend_from_slice(frame);
        }
        Pes::audio(AUDIO_PID, group[0].0.dts, &payload)
    });
    Some(groups.collect())
}

/// Writes the tables and, between them, the PES packets in order.
///
/// "The first two Transport Stream packets in a Segment without an EXT-X-MAP tag SHOULD be a PAT and a PMT"
/// (rfc8216bis 3.1.1); then fifteen times more, spread over the segment, so that their packets too are a multiple of sixteen.
fn write(stream: &[Pes], pmt: &[u8]) -> Bytes {
    let packets: usize = stream.iter().map(Pes::packets).sum();
    let mut out = Vec::with_capacity((packets + 2 * CONTINUITY_MODULUS) * PACKET_BYTES);
    let (pat, mut counters) = (pat(), Counters::default());
    let mut tables = (0..CONTINUITY_MODULUS).peekable();
    for index in 0..=stream.len() {
        let due = |table: &usize| table * stream.len() <= index * CONTINUITY_MODULUS;
        while tables.next_if(due).is_some() {
            write_section(PAT_PID, &pat, &mut counters.pat, &mut out);
            write_section(PMT_PID, pmt, &mut counters.pmt, &mut out);
        }
        if let Some(pes) = stream.get(index) {
            let counter = if pes.pid == VIDEO_PID { &mut counters.video } else { &mut counters.audio };
            pes.write(counter, &mut out);
        }
    }
    out.into()
}

#[derive(Default)]
struct Counters {
    pat: u8,
    pmt: u8,
    video: u8,
    audio: u8,
}

#[cfg(test)]
#[path = "mux_tests.rs"]
mod tests;

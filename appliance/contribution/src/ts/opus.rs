//! Opus ("ETSI TS Opus draft": Encapsulation of Opus in MPEG-TS), split into bare packets.

use bytes::{Buf, Bytes};
use media::time::{AUDIO_SAMPLE_RATE, Ticks};

/// The bare packets of a PES packet with their times, and whether all of it made sense.
pub(super) fn split(at: Ticks, mut data: Bytes) -> (Vec<(Ticks, Bytes)>, Complete) {
    let (mut packets, mut samples) = (Vec::new(), 0);
    while !data.is_empty() {
        let Some(packet) = next_packet(&mut data) else { return (packets, Complete::No) };
        let time = at + Ticks::from_scaled(samples, AUDIO_SAMPLE_RATE);
        samples += i64::from(samples_in(&packet));
        packets.push((time, packet));
    }
    (packets, Complete::Yes)
}

/// Whether all data made sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Complete {
    Yes,
    No,
}

/// opus_control_header: "control_header_prefix 11 bits 0x3FF, start_trim_flag, end_trim_flag,
/// control_extension_flag, reserved 2 bits", then au_size as a sum of bytes up to the first that is not 255, then
/// two bytes for each trim, then the extension with its length.
fn next_packet(data: &mut Bytes) -> Option<Bytes> {
    let flags = u16::from_be_bytes(*data.first_chunk()?);
    if flags >> 5 != 0x3FF {
        return None;
    }
    data.advance(2);
    let mut size = 0usize;
    loop {
        let byte = take(data, 1)?[0];
        size += usize::from(byte);
        if byte != 255 {
            break;
        }
    }
    let trims = (flags >> 4 & 1) + (flags >> 3 & 1);
    take(data, 2 * usize::from(trims))?;
    if flags >> 2 & 1 == 1 {
        let extension = take(data, 1)?[0];
        take(data, extension.into())?;
    }
    take(data, size).filter(|packet| !packet.is_empty())
}

fn take(data: &mut Bytes, length: usize) -> Option<Bytes> {
    (data.len() >= length).then(|| data.split_to(length))
}

/// RFC 6716 3.1, in samples at 48 kHz: "configuration numbers 0...31" by frame length, and the number of frames.
fn samples_in(packet: &[u8]) -> u32 {
    let toc = packet.first().copied().unwrap_or_default();
    let configuration = u32::from(toc >> 3);
    let frame = match configuration {
        0..12 => [480, 960, 1920, 2880][configuration as usize % 4],
        12..16 => [480, 960][configuration as usize % 2],
        _ => 120 << (configuration % 4),
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => packet.get(1).map_or(0, |count| u32::from(count & 0x3F)),
    };
    // "the audio duration contained within a packet MUST NOT exceed 120 ms"
    (frame * frames).min(5760)
}

/// OpusHead (RFC 7845 5.1) for one or two channels, for which no mapping need be told; otherwise nothing.
pub(super) fn head(channel_configuration: u8) -> Vec<u8> {
    if !matches!(channel_configuration, 1 | 2) {
        return Vec::new();
    }
    let mut head = b"OpusHead\x01".to_vec();
    head.push(channel_configuration);
    // "Pre-skip": the trims of the packets say it, and live they do not matter
    head.extend([0, 0]);
    head.extend(AUDIO_SAMPLE_RATE.to_le_bytes());
    // "Output gain", "Channel mapping family"
    head.extend([0, 0, 0]);
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_split_and_timed_by_their_own_length() {
        // CELT 20 ms; then with a start trim and an extension; then 256 bytes.
        let mut data = vec![0x7F, 0xE0, 2, 0xF8, 1, 0x7F, 0xF4, 1, 0, 0, 1, 9, 0xF9, 0x7F, 0xE0, 255, 1];
        data.extend([0xF8; 256]);
        let (packets, complete) = split(Ticks(0), data.into());
        assert_eq!(complete, Complete::Yes);
        let seen: Vec<_> = packets.iter().map(|(at, packet)| (at.millis(), packet.len())).collect();
        assert_eq!(seen, [(0, 2), (20, 1), (60, 256)]);
    }

    #[test]
    fn what_makes_no_sense_ends_the_packet() {
        for data in [&[0x7F][..], &[0, 0, 1, 1], &[0x7F, 0xE0, 255], &[0x7F, 0xE0, 0], &[0x7F, 0xE0, 9, 1]] {
            assert_eq!(split(Ticks(0), Bytes::copy_from_slice(data)), (vec![], Complete::No), "{data:?}");
        }
    }
}

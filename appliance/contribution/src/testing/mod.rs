//! Fuzz bodies and a publisher, for tests of this crate and of others. Not part of the product.
//!
//! Each `fuzz_*` takes any bytes, checks what must hold for all, and panics if it does not: nothing panics within,
//! no more is held than [`limits`](crate::limits) allows, and the same bytes give the same events in any split.

mod publisher;

pub use publisher::Publisher;

use crate::limits::{
    ADTS_FRAME_BYTES_MAX, COMMAND_BYTES_MAX, MESSAGES_IN_FLIGHT_MAX, SECTION_BYTES_MAX, UNIT_BYTES_MAX,
};
use crate::rtmp::{Output, RtmpError, Session};
use crate::{Demuxed, flv, rtmp, ts};
use bytes::Bytes;
use media::time::Ticks;

/// What an RTMP session may hold between reads, all outputs being polled, as long as nobody was let in.
pub const RTMP_HELD_BYTES_MAX: usize =
    MESSAGES_IN_FLIGHT_MAX * COMMAND_BYTES_MAX + crate::limits::EARLY_MEDIA_BYTES_MAX + 64;

/// What it may hold of a publisher.
pub const RTMP_PUBLISHER_HELD_BYTES_MAX: usize = MESSAGES_IN_FLIGHT_MAX * UNIT_BYTES_MAX + 64;

/// What a TS demultiplexer may hold, all events being polled: two PES packets, two sections, a frame, a packet.
pub const TS_HELD_BYTES_MAX: usize =
    2 * (UNIT_BYTES_MAX + SECTION_BYTES_MAX) + ADTS_FRAME_BYTES_MAX + 4 * 188;

/// What a session made of some bytes: all that it put out but answers, and why it ended.
pub type RtmpOutcome = (Vec<Output>, Result<(), RtmpError>);

/// Feeds `pieces` to a session behind its handshake, and lets every publisher in.
pub fn run_rtmp<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> RtmpOutcome {
    let (mut session, mut seen) = (Session::after_handshake(), Vec::new());
    let mut held_max = RTMP_HELD_BYTES_MAX;
    for piece in pieces {
        let mut result = session.handle(piece);
        while let Some(output) = session.poll() {
            if matches!(output, Output::PublishRequested { .. }) {
                result = result.and_then(|()| session.accept_publish());
                held_max = RTMP_PUBLISHER_HELD_BYTES_MAX;
            }
            if !matches!(output, Output::Send(_)) {
                seen.push(output);
            }
        }
        assert!(session.buffered_bytes() <= held_max, "{} bytes held", session.buffered_bytes());
        if result.is_err() {
            return (seen, result);
        }
    }
    (seen, Ok(()))
}

/// Feeds `pieces` to a demultiplexer.
pub fn run_ts<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Demuxed>, ts::Counters) {
    let (mut demuxer, mut seen) = (ts::Demuxer::new(), Vec::new());
    for piece in pieces {
        demuxer.handle(piece);
        seen.extend(std::iter::from_fn(|| demuxer.poll()));
        assert!(demuxer.buffered_bytes() <= TS_HELD_BYTES_MAX, "{} bytes held", demuxer.buffered_bytes());
    }
    demuxer.finish();
    seen.extend(std::iter::from_fn(|| demuxer.poll()));
    (seen, demuxer.counters())
}

/// The bytes of an RTMP connection behind the handshake.
pub fn fuzz_rtmp(bytes: &[u8]) {
    // In one piece all is accepted after the last byte, byte by byte in between: compare two splits that are alike.
    let _ = run_rtmp(std::iter::once(bytes));
    let (by_bytes, by_pieces) = (run_rtmp(bytes.chunks(1)), run_rtmp(uneven(bytes).into_iter()));
    if !by_bytes.0.iter().any(|output| matches!(output, Output::PublishRequested { .. })) {
        assert_eq!(by_bytes, by_pieces, "the split made a difference");
    }
}

/// FLV tags, as in an aggregate message.
pub fn fuzz_flv(bytes: &[u8]) {
    let (mut demuxer, mut rest) = (flv::Demuxer::new(), Bytes::copy_from_slice(bytes));
    while rest.len() >= flv::TAG_HEADER_BYTES {
        let tag = flv::TagHeader::read(&rest.split_to(flv::TAG_HEADER_BYTES));
        let body = rest.split_to(tag.length.min(rest.len()));
        let _ = rest.split_to(flv::TAG_TRAILER_BYTES.min(rest.len()));
        let at = Ticks::from_millis(tag.timestamp_ms.into());
        if tag.kind == rtmp::MessageKind::AUDIO.0 {
            demuxer.handle_audio(at, &body);
        } else {
            demuxer.handle_video(at, &body);
        }
        let held: usize = std::iter::from_fn(|| demuxer.poll()).map(|event| event.bytes()).sum();
        assert!(held <= 2 * body.len() + 64, "{held} bytes made of {}", body.len());
    }
}

/// A transport stream.
pub fn fuzz_ts(bytes: &[u8]) {
    let whole = run_ts(std::iter::once(bytes));
    assert_eq!(whole, run_ts(uneven(bytes).into_iter()), "the split made a difference");
}

/// An AMF0 message body.
pub fn fuzz_amf0(bytes: &[u8]) {
    let values = rtmp::read_values(bytes);
    assert!(values.is_ok() || !bytes.is_empty());
    if let Ok(values) = values {
        assert!(values.len() <= crate::limits::AMF_VALUES_MAX);
    }
}

/// Pieces of changing lengths, made from the bytes themselves.
#[must_use]
pub fn uneven(mut bytes: &[u8]) -> Vec<&[u8]> {
    let (mut pieces, mut seed) = (Vec::new(), bytes.len() as u32);
    while !bytes.is_empty() {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(u32::from(bytes[0]) + 1_013_904_223);
        let (piece, rest) = bytes.split_at((1 + (seed >> 16) as usize % 400).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

//! Fuzz bodies and a publisher, for tests of this crate and of others. Not part of the product.
//!
//! Each `fuzz_*` takes any bytes, checks what must hold for all, and panics if it does not: nothing panics within,
//! no more is held than [`limits`](crate::limits) allows, and the same bytes give the same events in any split.

mod publisher;

pub use publisher::Publisher;

use crate::limits::{
    ADTS_FRAME_BYTES_MAX, AMF_VALUES_MAX, COMMAND_BYTES_MAX, EARLY_MEDIA_BYTES_MAX, MESSAGES_IN_FLIGHT_MAX,
    SECTION_BYTES_MAX, UNIT_BYTES_MAX,
};
use crate::rtmp::{Output, RtmpError, Session};
use crate::{Demuxed, flv, rtmp, ts};
use bytes::{Bytes, BytesMut};
use media::time::Ticks;

/// What an RTMP session may hold between reads, all outputs being polled, as long as nobody was let in.
pub const RTMP_HELD_BYTES_MAX: usize =
    MESSAGES_IN_FLIGHT_MAX * COMMAND_BYTES_MAX + EARLY_MEDIA_BYTES_MAX + 64;

/// What it may hold of a publisher.
pub const RTMP_PUBLISHER_HELD_BYTES_MAX: usize = MESSAGES_IN_FLIGHT_MAX * UNIT_BYTES_MAX + 64;

/// What a TS demultiplexer may hold, all events being polled: two PES packets, two sections, a frame, a packet.
pub const TS_HELD_BYTES_MAX: usize =
    2 * (UNIT_BYTES_MAX + SECTION_BYTES_MAX) + ADTS_FRAME_BYTES_MAX + 4 * 188;

/// What a session made of some bytes: all that it put out but answers, and why it ended.
pub type RtmpOutcome = (Vec<Output>, Result<(), RtmpError>);

/// How a fuzzed publisher is received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reception {
    /// Its handshake is still to come; for the others it is done, so that fuzzing need not find it.
    Stranger,
    /// It waits for an answer for ever.
    Unanswered,
    /// It is let in as soon as it has asked.
    Welcome,
    /// It is in.
    Inside,
}

/// Feeds `pieces` to a session.
pub fn run_rtmp<'a>(reception: Reception, pieces: impl Iterator<Item = &'a [u8]>) -> RtmpOutcome {
    let mut session = match reception {
        Reception::Stranger => Session::new(),
        Reception::Inside => Session::already_publishing(),
        Reception::Unanswered | Reception::Welcome => Session::after_handshake(),
    };
    let held_max = match reception {
        Reception::Stranger | Reception::Unanswered => RTMP_HELD_BYTES_MAX,
        Reception::Welcome | Reception::Inside => RTMP_PUBLISHER_HELD_BYTES_MAX,
    };
    let mut seen = Vec::new();
    for piece in pieces {
        let mut result = session.handle(piece);
        while let Some(output) = session.poll() {
            if reception == Reception::Welcome && matches!(output, Output::PublishRequested { .. }) {
                result = result.and_then(|()| session.accept_publish());
            }
            if !matches!(output, Output::Send(_)) {
                seen.push(output);
            }
        }
        if result.is_err() {
            return (seen, result);
        }
        assert!(session.buffered_bytes() <= held_max, "{} bytes held", session.buffered_bytes());
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

/// The bytes of an RTMP connection, from its first byte on and as what follows the handshake.
pub fn fuzz_rtmp(bytes: &[u8]) {
    // When a publisher is let in depends on the split, so this one is not compared.
    let _ = run_rtmp(Reception::Welcome, std::iter::once(bytes));
    for reception in [Reception::Stranger, Reception::Unanswered, Reception::Inside] {
        let by_bytes = run_rtmp(reception, bytes.chunks(1));
        assert_eq!(by_bytes, run_rtmp(reception, uneven(bytes).into_iter()), "the split made a difference");
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

/// An AMF0 message body: what was read is written and read again.
pub fn fuzz_amf0(bytes: &[u8]) {
    let Ok(values) = rtmp::read_values(bytes) else { return };
    assert!(values.len() <= AMF_VALUES_MAX);
    let write = |values: &[rtmp::Value]| {
        let mut out = BytesMut::new();
        values.iter().for_each(|value| rtmp::write_value(value, &mut out));
        out
    };
    let written = write(&values);
    let again = rtmp::read_values(&written).expect("our own AMF0 can be read");
    // Texts are cut off at 64 KiB, perhaps within a letter.
    assert!(bytes.len() > 20_000 || write(&again) == written, "it changed on the way");
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

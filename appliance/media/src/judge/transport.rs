//! Clauses of MPEG-TS segments: ISO/IEC 13818-1, and what HLS asks of them.

use super::look::{Piece, Rendition};
use super::read::nanos::Nanos;
use super::read::transport::{Packet, Transport, nal_types, step};
use super::verdict::{Case, Clause, Fault, Outcome, Seen, all, hold};
use std::collections::BTreeMap;

/// stream_type of H.264 (table 2-34).
const AVC: u8 = 0x1b;
/// stream_type of AAC with ADTS.
const AAC: u8 = 0x0f;
/// 90 kHz: 2.7.2, "100 ms".
const PCR_GAP_MAX: i64 = 9_000;
/// 90 kHz: one AAC frame of 1024 samples at 44.1 kHz, rounded up.
const AUDIO_FRAME: i64 = 2_090;
/// 90 kHz: priming is 1024 to 2112 samples.
const PRIMING_MAX: i64 = 9_000;
/// 90 kHz: EXTINF has six decimals.
const PTS_TOLERANCE: i64 = 2;
/// nal_unit_type of an IDR picture.
const IDR: u8 = 5;
/// Authoring needs rounding of EXTINF: protocol version 6 (section 8).
const VERSION_MIN: u64 = 6;

/// The clauses of this module.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "ts-2.4.3.2-sync",
        title: "a segment is whole packets, each with its sync byte",
        source: "ISO/IEC 13818-1 2.4.3.2",
        check: |case| pieces(case, sync),
    },
    Clause {
        id: "hls-3.1.1-pat-pmt",
        title: "PAT and PMT are the first two packets of a segment, for one programme",
        source: "rfc8216bis-22 3.1.1",
        check: |case| pieces(case, tables),
    },
    Clause {
        id: "ts-2.4.4-crc",
        title: "the CRCs of PAT and PMT are right",
        source: "ISO/IEC 13818-1 2.4.4, annex A",
        check: |case| pieces(case, crc),
    },
    Clause {
        id: "apple-2.17-streams",
        title: "one stream of H.264 and at most one of AAC; HEVC is not allowed in TS",
        source: "Apple authoring 1.5, 2.17",
        check: |case| pieces(case, streams),
    },
    Clause {
        id: "ts-2.4.3.3-continuity",
        title: "continuity counters go on, within a segment and into the next",
        source: "ISO/IEC 13818-1 2.4.3.3; Apple authoring 7.2",
        check: continuity,
    },
    Clause {
        id: "ts-2.7.2-pcr",
        title: "the clock rises, and is told at least each 100 ms",
        source: "ISO/IEC 13818-1 2.7.2",
        check: |case| pieces(case, pcr),
    },
    Clause {
        id: "apple-7.4-idr",
        title: "a segment begins with an IDR picture",
        source: "Apple authoring 7.4",
        check: |case| pieces(case, idr),
    },
    Clause {
        id: "hls-ts-priming",
        title: "sound begins with the picture: its priming before, no hole after",
        source: "Apple, \"Preparing Audio for HLS\"",
        check: priming,
    },
    Clause {
        id: "hls-3.1.1-timestamps",
        title: "timestamps go on from segment to segment as their durations say, over the wrap of 33 bits too",
        source: "rfc8216bis-22 3.1.1, 6.2.1; ISO/IEC 13818-1 2.4.3.7",
        check: timestamps,
    },
    Clause {
        id: "hls-8-ts-version",
        title: "playlists of TS segments are of version 6, so that target durations are rounded",
        source: "rfc8216bis-22 4.4.3.1, 8",
        check: version,
    },
];

fn pieces(case: &Case<'_>, check: fn(&Piece) -> Outcome) -> Outcome {
    let pieces = case.look.ts.iter().flat_map(|rendition| &rendition.segments);
    all(pieces.filter(|piece| piece.answer.is_ok()).map(check))
}

fn fault(piece: &Piece, what: impl AsRef<str>, at: usize) -> Fault {
    Fault::bytes(format!("{}: {}", piece.answer.url, what.as_ref()), &piece.answer.body, at)
}

fn sync(piece: &Piece) -> Outcome {
    let at = piece.transport.out_of_sync;
    let empty = piece.transport.packets.is_empty();
    hold(at.is_none() && !empty, || fault(piece, "no sync byte, or bytes are left over", at.unwrap_or(0)))
}

fn tables(piece: &Piece) -> Outcome {
    let Transport { packets, programs, .. } = &piece.transport;
    let pids: Vec<u16> = packets.iter().take(2).map(|packet| packet.pid).collect();
    let right = matches!((&pids[..], &programs[..]), ([0, pmt], [(_, named)]) if pmt == named);
    hold(right, || fault(piece, format!("it begins with PIDs {pids:?}, programmes {programs:?}"), 0))
}

fn crc(piece: &Piece) -> Outcome {
    let at = piece.transport.bad_crc;
    hold(at.is_none(), || fault(piece, "a CRC is wrong", at.unwrap_or(0)))
}

fn streams(piece: &Piece) -> Outcome {
    let kinds = |wanted: u8| piece.transport.streams.iter().filter(|(kind, _)| *kind == wanted).count();
    let (avc, aac, all) = (kinds(AVC), kinds(AAC), piece.transport.streams.len());
    let right = avc == 1 && aac <= 1 && all == avc + aac;
    hold(right, || {
        fault(
            piece,
            format!("stream types {:02x?}", piece.transport.streams),
            super::read::transport::PACKET_BYTES,
        )
    })
}

/// The counter rises with each packet that has a payload (2.4.3.3).
fn continuity(case: &Case<'_>) -> Outcome {
    all(case.look.ts.iter().map(|rendition| {
        let mut last: BTreeMap<u16, u8> = BTreeMap::new();
        let mut before = None;
        all(rendition.segments.iter().filter(|piece| piece.answer.is_ok()).map(|piece| {
            if before.is_some_and(|msn| piece.msn != msn + 1) {
                last.clear();
            }
            before = Some(piece.msn);
            all(piece.transport.packets.iter().filter(|packet| packet.payload.is_some()).map(|packet| {
                let due = last.insert(packet.pid, packet.counter).map(|counter| (counter + 1) & 0xF);
                let Packet { pid, counter, at, discontinuity, .. } = packet;
                let right = *discontinuity || due.is_none_or(|due| due == *counter);
                hold(right, || fault(piece, format!("PID {pid}: counter {counter}, {due:?} is due"), *at))
            }))
        }))
    }))
}

fn pcr(piece: &Piece) -> Outcome {
    let clock = piece.transport.packets.iter().filter(|packet| Some(packet.pid) == piece.transport.pcr_pid);
    let told: Vec<(usize, u64)> = clock.filter_map(|packet| Some((packet.at, packet.pcr?))).collect();
    hold(!told.is_empty(), || fault(piece, "no PCR", 0))?;
    all(told.windows(2).map(|pair| {
        let gap = step(pair[0].1, pair[1].1);
        let right = gap > 0 && gap <= PCR_GAP_MAX;
        hold(right, || fault(piece, format!("{gap} units of 90 kHz between two PCRs"), pair[1].0))
    }))
}

fn idr(piece: &Piece) -> Outcome {
    let Some(pid) = piece.transport.stream(&[AVC]) else { return Ok(Seen::No) };
    let mut of_video = piece.transport.packets.iter().filter(|packet| packet.pid == pid);
    let Some(first) = of_video.next() else { return Err(fault(piece, "no picture", 0)) };
    // The first picture: up to where the next one starts.
    let own = std::iter::once(first).chain(of_video.take_while(|packet| !packet.starts));
    let bytes: Vec<u8> = own
        .filter_map(|packet| piece.answer.body.get(packet.payload.clone()?))
        .flat_map(|payload| payload.iter().copied())
        .collect();
    let right = first.starts && first.random_access && nal_types(&bytes).contains(&IDR);
    hold(right, || fault(piece, "it does not begin with an IDR picture", first.at))
}

fn first(piece: &Piece, kind: u8) -> Option<u64> {
    piece.transport.first_pts(piece.transport.stream(&[kind])?)
}

fn priming(case: &Case<'_>) -> Outcome {
    pieces(case, |piece| {
        let Some((picture, sound)) = first(piece, AVC).zip(first(piece, AAC)) else { return Ok(Seen::No) };
        let late = step(picture, sound);
        let right = (-PRIMING_MAX..=AUDIO_FRAME).contains(&late);
        hold(right, || fault(piece, format!("sound begins {late} units of 90 kHz after the picture"), 0))
    })
}

fn timestamps(case: &Case<'_>) -> Outcome {
    all(case.look.ts.iter().map(|rendition: &Rendition| {
        let listed: Vec<_> = rendition.listed().filter(|(piece, _)| piece.answer.is_ok()).collect();
        all(listed.windows(2).filter_map(|pair| {
            let ((piece, segment), (next, _)) = (pair[0], pair[1]);
            let duration = segment.duration.filter(|_| next.msn == piece.msn + 1)?;
            let is = step(first(piece, AVC)?, first(next, AVC)?);
            let due = ninety_khz(duration);
            let what = format!("pictures go on {is} units of 90 kHz later, EXTINF says {due}");
            Some(hold((is - due).abs() <= PTS_TOLERANCE, || fault(next, what, 0)))
        }))
    }))
}

fn ninety_khz(duration: Nanos) -> i64 {
    i64::try_from(i128::from(duration.0) * 90_000 / 1_000_000_000).unwrap_or(i64::MAX)
}

fn version(case: &Case<'_>) -> Outcome {
    all(case.look.ts.iter().filter(|rendition| rendition.text.answer.is_ok()).map(|rendition| {
        let line = rendition.playlist().tag("EXT-X-VERSION");
        let right = rendition.playlist().version() >= VERSION_MIN;
        hold(right, || Fault::line(format!("{}: below version 6", rendition.url()), line))
    }))
}

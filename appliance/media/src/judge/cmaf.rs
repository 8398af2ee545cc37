//! Clauses of CMAF segments, parts and chunks (ISO/IEC 23000-19), and of how playlists describe them.

use super::look::{Piece, Rendition};
use super::read::boxes::{Fragment, Media};
use super::read::nanos::Nanos;
use super::verdict::{Case, Clause, Fault, Outcome, Seen, all, hold};

/// Decimals of playlists are rounded at the sixth, and media times to units of the track.
const ROUNDING: Nanos = Nanos(25_000);
/// nal_unit_type of an IDR picture (ISO/IEC 14496-10 table 7-1).
const IDR: u8 = 5;

/// The clauses of this module.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "cmaf-7.2-brand",
        title: "a header says that it is CMAF",
        source: "ISO/IEC 23000-19 7.2, 7.3.1",
        check: brand,
    },
    Clause {
        id: "cmaf-7.3.1-one-track",
        title: "a header describes one track",
        source: "ISO/IEC 23000-19 7.3.1",
        check: one_track,
    },
    Clause {
        id: "cmaf-7.3.2.3-chunks",
        title: "a segment is a row of chunks, each moof and mdat, with nothing else between them",
        source: "ISO/IEC 23000-19 7.3.2.3",
        check: chunks,
    },
    Clause {
        id: "cmaf-7.3.2.2-decode-times",
        title: "each chunk begins at the decode time at which the one before it ended",
        source: "ISO/IEC 23000-19 7.3.2.2, 7.3.2.3",
        check: decode_times,
    },
    Clause {
        id: "hls-3-starts-with-idr",
        title: "a video segment begins with an IDR picture",
        source: "rfc8216bis-22 3, 4.4.2.1; Apple authoring 7.4",
        check: starts_with_idr,
    },
    Clause {
        id: "hls-3.3-parts-joined",
        title: "a segment is its parts joined",
        source: "rfc8216bis-22 3.3, B.1",
        check: parts_joined,
    },
    Clause {
        id: "hls-4.4.4.9-part-duration",
        title: "a part lasts as long as the playlist says",
        source: "rfc8216bis-22 4.4.4.9",
        check: part_duration,
    },
    Clause {
        id: "hls-4.4.4.9-independent",
        title: "a part that is said to be independent begins with a sync sample",
        source: "rfc8216bis-22 4.4.4.9",
        check: independent,
    },
    Clause {
        id: "hls-4.4.4.1-segment-duration",
        title: "a segment lasts as long as the playlist says",
        source: "rfc8216bis-22 4.4.4.1",
        check: segment_duration,
    },
];

fn headers(case: &Case<'_>, right: fn(&super::read::boxes::Header) -> bool, what: &str) -> Outcome {
    all(case.look.low_latency().filter_map(|rendition| {
        let (answer, header) = rendition.header.as_ref()?;
        let right = header.as_ref().is_some_and(right);
        Some(hold(right, || Fault::bytes(format!("{}: {what}", answer.url), &answer.body, 0)))
    }))
}

fn brand(case: &Case<'_>) -> Outcome {
    headers(
        case,
        |header| header.brands.contains(b"cmfc") || header.brands.contains(b"cmf2"),
        "no brand of CMAF",
    )
}

fn one_track(case: &Case<'_>) -> Outcome {
    headers(case, |header| header.tracks == 1, "not one track")
}

/// Every piece that was fetched, with its rendition.
fn pieces<'a>(case: &Case<'a>) -> impl Iterator<Item = (&'a Rendition, &'a Piece)> {
    let renditions = case.look.renditions.iter();
    let each =
        renditions.flat_map(|rendition| rendition.segments.iter().map(move |piece| (rendition, piece)));
    each.filter(|(_, piece)| piece.answer.is_ok())
}

fn chunks(case: &Case<'_>) -> Outcome {
    all(pieces(case).flat_map(|(_, piece)| {
        let whole = std::iter::once((&piece.answer, &piece.media));
        let parts = piece.parts.iter().map(|(answer, media)| (answer, media));
        whole.chain(parts).filter(|(answer, _)| answer.is_ok()).map(|(answer, media)| match &media.wrong {
            Some((at, what)) => Err(Fault::bytes(format!("{}: {what}", answer.url), &answer.body, *at)),
            None if media.fragments.is_empty() => {
                Err(Fault::bytes(format!("{}: no chunk", answer.url), &answer.body, 0))
            }
            None => Ok(Seen::Yes),
        })
    }))
}

fn decode_times(case: &Case<'_>) -> Outcome {
    all(case.look.renditions.iter().map(|rendition| {
        // Segments in the evidence follow each other.
        let chunks: Vec<(&Piece, &Fragment)> = rendition
            .segments
            .iter()
            .flat_map(|piece| piece.media.fragments.iter().map(move |f| (piece, f)))
            .collect();
        all(chunks.windows(2).map(|pair| {
            let ((before, first), (after, second)) = (pair[0], pair[1]);
            if after.msn > before.msn + 1 {
                return Ok(Seen::No);
            }
            let due = first.start + first.duration;
            let what = format!("{}: a chunk begins at {}, {due} is due", after.answer.url, second.start);
            hold(second.start == due, || Fault::bytes(what, &after.answer.body, second.at))
        }))
    }))
}

fn starts_with_idr(case: &Case<'_>) -> Outcome {
    let video = pieces(case).filter(|(rendition, _)| rendition.known().is_some_and(|header| header.is_video));
    all(video.filter_map(|(_, piece)| {
        let first = piece.media.fragments.first()?;
        let right = first.first_is_sync && first.first_nals.contains(&IDR);
        let what = format!("{}: it begins with NAL units {:?}", piece.answer.url, first.first_nals);
        Some(hold(right, || Fault::bytes(what, &piece.answer.body, first.at)))
    }))
}

fn parts_joined(case: &Case<'_>) -> Outcome {
    all(pieces(case).filter(|(_, piece)| !piece.parts.is_empty()).map(|(_, piece)| {
        let whole = &piece.answer.body;
        let mut joined = piece.parts.iter().flat_map(|(answer, _)| answer.body.iter());
        let differs = whole.iter().position(|byte| joined.next() != Some(byte));
        let differs = differs.or_else(|| joined.next().map(|_| whole.len()));
        let what = format!("{} is not its {} parts joined", piece.answer.url, piece.parts.len());
        hold(differs.is_none(), || Fault::bytes(what, whole, differs.unwrap_or(0)))
    }))
}

fn lasts(rendition: &Rendition, media: &Media) -> Option<Nanos> {
    rendition.time(media.duration())
}

/// Each fetched part with its entry in the playlist.
fn parts<'a>(
    case: &Case<'a>,
) -> impl Iterator<Item = (&'a Rendition, &'a super::read::m3u8::Part, &'a super::Fetched, &'a Media)> {
    case.look.renditions.iter().flat_map(|rendition| {
        rendition.listed().flat_map(move |(piece, segment)| {
            let fetched = piece.parts.iter().filter(|(answer, _)| answer.is_ok());
            segment
                .parts
                .iter()
                .zip(fetched)
                .map(move |(part, (answer, media))| (rendition, part, answer, media))
        })
    })
}

fn part_duration(case: &Case<'_>) -> Outcome {
    all(parts(case).filter_map(|(rendition, part, _, media)| {
        let (said, is) = (part.duration?, lasts(rendition, media)?);
        let line = rendition.playlist().lines.get(part.line);
        let what = format!("{}: {said} are said, its media lasts {is}", part.uri);
        Some(hold(said.apart(is) <= ROUNDING, || Fault::line(what, line)))
    }))
}

fn independent(case: &Case<'_>) -> Outcome {
    all(parts(case).filter(|(_, part, ..)| part.independent).map(|(rendition, part, answer, media)| {
        let right = media.fragments.first().is_some_and(|first| first.first_is_sync);
        let line = rendition.playlist().lines.get(part.line);
        hold(right, || Fault::line(format!("{}: it does not begin with a sync sample", answer.url), line))
    }))
}

fn segment_duration(case: &Case<'_>) -> Outcome {
    all(case.look.renditions.iter().flat_map(|rendition| {
        rendition.listed().filter(|(piece, _)| piece.answer.is_ok()).filter_map(move |(piece, segment)| {
            let (said, is) = (segment.duration?, lasts(rendition, &piece.media)?);
            let line = rendition.playlist().lines.get(segment.lines.clone())?;
            let line = line.iter().find(|line| line.value_of("EXTINF").is_some());
            let what = format!("{}: {said} are said, its media lasts {is}", piece.answer.url);
            Some(hold(said.apart(is) <= ROUNDING, || Fault::line(what, line)))
        })
    }))
}

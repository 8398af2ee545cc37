//! Statuses, content types, compression, cache times (appendix B.1).

use crate::judge::look::{Look, Rendition, Text};
use crate::judge::read::nanos::Nanos;
use crate::judge::verdict::{Case, Clause, Fault, Outcome, Seen, all, hold};
use crate::judge::{Fetched, Purpose};

/// Appendix B.1, in target durations.
const LONG_TARGETS: i64 = 6;
const BLOCKING_ERROR_TARGETS: i64 = 4;

/// The clauses of this module.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "hls-4-content-type",
        title: "playlists have the content type of HLS, segments that of their format",
        source: "rfc8216bis-22 4, 3.1",
        check: content_type,
    },
    Clause {
        id: "apple-10.1-gzip",
        title: "playlists are compressed by gzip for those who can read it",
        source: "Apple authoring 10.1; rfc8216bis-22 B.1",
        check: gzip,
    },
    Clause {
        id: "hls-b1-vary",
        title: "answers that depend on Accept-Encoding say so",
        source: "rfc8216bis-22 B.1; RFC 9110 12.5.5",
        check: vary,
    },
    Clause {
        id: "hls-b1-cache-playlist",
        title: "a playlist as it is just now may be kept for half a target duration",
        source: "rfc8216bis-22 B.1",
        check: cache_playlist,
    },
    Clause {
        id: "hls-b1-cache-blocking",
        title: "a playlist that was asked for by number may be kept for six target durations",
        source: "rfc8216bis-22 B.1",
        check: cache_blocking,
    },
    Clause {
        id: "hls-b1-cache-media",
        title: "segments and parts may be kept for six target durations",
        source: "rfc8216bis-22 B.1",
        check: cache_media,
    },
    Clause {
        id: "hls-b1-cache-errors",
        title: "errors are kept no longer than four target durations (blocking) or one",
        source: "rfc8216bis-22 B.1",
        check: cache_errors,
    },
    Clause {
        id: "hls-c-no-age",
        title: "the origin sends no Age",
        source: "rfc8216bis-22 appendix C",
        check: no_age,
    },
    Clause {
        id: "apple-8.18-no-redirects",
        title: "nothing is redirected",
        source: "Apple authoring 8.18",
        check: no_redirects,
    },
    Clause {
        id: "hls-6.2.6-unknown-part",
        title: "a part that is not hinted at is answered by 404",
        source: "rfc8216bis-22 6.2.6",
        check: unknown_part,
    },
    Clause {
        id: "hls-6.2.6-whole-parts",
        title: "a part is sent once it is whole: its length is known",
        source: "rfc8216bis-22 6.2.6",
        check: whole_parts,
    },
];

/// Every answer of a look.
pub(crate) fn answers(look: &Look) -> impl Iterator<Item = &Fetched> {
    let texts = look.multivariants().map(|text| &text.answer);
    let renditions = look.all_renditions().flat_map(|rendition| {
        let header = rendition.header.iter().map(|(answer, _)| answer);
        let segments = rendition.segments.iter().flat_map(|piece| {
            std::iter::once(&piece.answer).chain(piece.parts.iter().map(|(answer, _)| answer))
        });
        std::iter::once(&rendition.text.answer).chain(header).chain(segments)
    });
    let manifest = look.manifest.iter().map(|(answer, _)| answer);
    texts.chain(renditions).chain(manifest).chain(look.probes.iter().map(|probe| &probe.answer))
}

fn fault(answer: &Fetched, what: &str, header: &str) -> Fault {
    let value = answer.header(header).map_or("(none)".into(), |value| format!("{header}: {value}"));
    Fault::new(format!("{} ({}): {what}", answer.url, answer.status), value)
}

fn texts(look: &Look) -> impl Iterator<Item = &Text> {
    look.playlists().chain(look.multivariants())
}

fn content_type(case: &Case<'_>) -> Outcome {
    const PLAYLIST: [&str; 2] = ["application/vnd.apple.mpegurl", "audio/mpegurl"];
    let playlists = texts(case.look).map(|text| {
        let right = PLAYLIST.contains(&text.answer.content_type());
        hold(right, || fault(&text.answer, "not a playlist's content type", "content-type"))
    });
    let of_media = |renditions: &'_ [Rendition], allowed: &'static [&'static str]| {
        let pieces: Vec<Outcome> = renditions
            .iter()
            .flat_map(|rendition| &rendition.segments)
            .filter(|piece| piece.answer.is_ok())
            .map(|piece| {
                let right = allowed.contains(&piece.answer.content_type());
                hold(right, || fault(&piece.answer, "not its format's content type", "content-type"))
            })
            .collect();
        all(pieces)
    };
    let cmaf = of_media(&case.look.renditions, &["video/mp4", "audio/mp4", "video/iso.segment"]);
    all(playlists.chain([cmaf, of_media(&case.look.ts, &["video/mp2t"])]))
}

fn gzip(case: &Case<'_>) -> Outcome {
    all(texts(case.look).map(|text| {
        let right = text.answer.header("content-encoding") == Some("gzip");
        hold(right, || fault(&text.answer, "asked for with gzip, sent without", "content-encoding"))
    }))
}

fn vary(case: &Case<'_>) -> Outcome {
    let coded = answers(case.look).filter(|answer| answer.header("content-encoding").is_some());
    all(coded.map(|answer| {
        let values = answer.headers.iter().filter(|(name, _)| name == "vary").map(|(_, value)| value);
        let right = values
            .flat_map(|value| value.split(','))
            .any(|v| v.trim().eq_ignore_ascii_case("accept-encoding"));
        hold(right, || fault(answer, "no Vary: Accept-Encoding", "vary"))
    }))
}

/// How long an answer may be kept: nothing for `no-store`, `None` when it does not say.
fn kept(answer: &Fetched) -> Option<Nanos> {
    let directives = answer.header("cache-control")?.split(',').map(str::trim);
    let mut found = None;
    for directive in directives {
        if directive == "no-store" || directive == "no-cache" {
            return Some(Nanos::ZERO);
        }
        if let Some(secs) = directive.strip_prefix("max-age=") {
            found = secs.parse().ok().map(Nanos::from_secs);
        }
    }
    found
}

/// `kept` must be as long as that, or for `at_most` no longer.
fn keep(answer: &Fetched, wanted: Nanos, at_most: bool) -> Outcome {
    let right = kept(answer).is_some_and(|kept| if at_most { kept <= wanted } else { kept == wanted });
    let rule = if at_most { "at most " } else { "" };
    hold(right, || fault(answer, &format!("to be kept for {rule}{wanted}"), "cache-control"))
}

fn cache_playlist(case: &Case<'_>) -> Outcome {
    all(case.look.playlists().filter_map(|text| {
        let half = Nanos(text.playlist.target_duration()?.0 / 2);
        Some(keep(&text.answer, half.max(Nanos::from_secs(1)), true))
    }))
}

fn is_blocking(purpose: Purpose) -> bool {
    matches!(
        purpose,
        Purpose::OldMsn
            | Purpose::RollOver(_)
            | Purpose::NextPart(..)
            | Purpose::NextSegment(_)
            | Purpose::MsnTooFar
            | Purpose::PartTooFar
            | Purpose::PartWithoutMsn
    )
}

fn cache_blocking(case: &Case<'_>) -> Outcome {
    let Some(target) = case.look.target_duration() else { return Ok(Seen::No) };
    let held = case.look.probed(|purpose| is_blocking(*purpose)).filter(|probe| probe.answer.is_ok());
    all(held.map(|probe| keep(&probe.answer, target.times(LONG_TARGETS), false)))
}

fn cache_media(case: &Case<'_>) -> Outcome {
    let Some(target) = case.look.target_duration() else { return Ok(Seen::No) };
    let pieces = case.look.renditions.iter().flat_map(|rendition| &rendition.segments);
    let answers = pieces
        .flat_map(|piece| std::iter::once(&piece.answer).chain(piece.parts.iter().map(|(part, _)| part)));
    all(answers.filter(|answer| answer.is_ok()).map(|answer| keep(answer, target.times(LONG_TARGETS), false)))
}

fn cache_errors(case: &Case<'_>) -> Outcome {
    let Some(target) = case.look.target_duration() else { return Ok(Seen::No) };
    all(case.look.probes.iter().filter(|probe| probe.answer.status >= 400).map(|probe| {
        let targets = if is_blocking(probe.purpose) { BLOCKING_ERROR_TARGETS } else { 1 };
        keep(&probe.answer, target.times(targets), true)
    }))
}

fn no_age(case: &Case<'_>) -> Outcome {
    all(answers(case.look)
        .map(|answer| hold(answer.header("age").is_none(), || fault(answer, "Age from the origin", "age"))))
}

fn no_redirects(case: &Case<'_>) -> Outcome {
    all(answers(case.look)
        .map(|answer| hold(!(300..400).contains(&answer.status), || fault(answer, "a redirect", "location"))))
}

fn unknown_part(case: &Case<'_>) -> Outcome {
    all(case
        .look
        .probed(|purpose| *purpose == Purpose::UnknownPart)
        .map(|probe| hold(probe.answer.status == 404, || fault(&probe.answer, "404 is due", "content-type"))))
}

fn whole_parts(case: &Case<'_>) -> Outcome {
    let hinted = case.look.probed(|purpose| *purpose == Purpose::HintedPart).map(|probe| &probe.answer);
    let pieces = case.look.renditions.iter().flat_map(|rendition| &rendition.segments);
    let parts = pieces.flat_map(|piece| piece.parts.iter().map(|(answer, _)| answer));
    all(hinted.chain(parts).filter(|answer| answer.is_ok()).map(|answer| {
        let known = answer.header("content-length").and_then(|len| len.parse::<usize>().ok());
        hold(known == Some(answer.body.len()), || fault(answer, "without its length", "content-length"))
    }))
}

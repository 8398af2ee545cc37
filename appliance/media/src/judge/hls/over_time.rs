//! What must not change between two looks, and what must.

use crate::judge::Purpose;
use crate::judge::look::{Look, Rendition};
use crate::judge::read::m3u8::Segment;
use crate::judge::read::nanos::Nanos;
use crate::judge::verdict::{Case, Clause, Fault, Outcome, Seen, all, hold};

/// A new segment appears within 1.5 target durations (6.2.2), and its end is what the newest part says.
const BEHIND_TARGETS: i64 = 3;

/// The clauses of this module.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "hls-4.4.3.1-target-duration-constant",
        title: "the target duration never changes",
        source: "rfc8216bis-22 4.4.3.1, 6.2.1",
        check: target_duration,
    },
    Clause {
        id: "hls-6.2.2-media-sequence",
        title: "the media sequence number rises with each segment that leaves, and never falls",
        source: "rfc8216bis-22 4.4.3.2, 6.2.2",
        check: media_sequence,
    },
    Clause {
        id: "hls-6.2.1-numbers",
        title: "a number keeps its segment: address, duration and date stay",
        source: "rfc8216bis-22 6.2.1",
        check: numbers,
    },
    Clause {
        id: "hls-6.2.2-fresh",
        title: "the playlist grows: its end is no more than one and a half segments late",
        source: "rfc8216bis-22 6.2.2",
        check: fresh,
    },
    Clause {
        id: "hls-6.2.2-removed-segments",
        title: "segments that have left the playlist can still be fetched",
        source: "rfc8216bis-22 6.2.2",
        check: removed_segments,
    },
];

/// Each rendition now with the same one before.
fn pairs<'a>(case: &Case<'a>) -> impl Iterator<Item = (&'a Rendition, &'a Rendition)> {
    let before = case.before;
    let same = move |now: &Rendition| -> Option<&'a Rendition> {
        let found = before?.all_renditions().find(|then| then.url() == now.url())?;
        (found.text.answer.is_ok() && now.text.answer.is_ok()).then_some(found)
    };
    let look: &'a Look = case.look;
    look.all_renditions().filter_map(move |now| Some((same(now)?, now)))
}

fn fault(now: &Rendition, what: &str, tag: &str) -> Fault {
    Fault::line(format!("{}: {what}", now.url()), now.playlist().tag(tag))
}

fn target_duration(case: &Case<'_>) -> Outcome {
    const TAG: &str = "EXT-X-TARGETDURATION";
    all(pairs(case).map(|(then, now)| {
        let [was, is] = [then, now].map(|rendition| rendition.playlist().value(TAG));
        hold(was == is, || fault(now, &format!("it was {was:?} before"), TAG))
    }))
}

fn first(rendition: &Rendition) -> Option<u64> {
    rendition.playlist().value("EXT-X-MEDIA-SEQUENCE")?.parse().ok()
}

fn media_sequence(case: &Case<'_>) -> Outcome {
    const TAG: &str = "EXT-X-MEDIA-SEQUENCE";
    let there = all(case.look.playlists().map(|text| {
        let number = text.playlist.value(TAG).and_then(|value| value.parse::<u64>().ok());
        let line = text.playlist.tag(TAG);
        hold(number.is_some(), || Fault::line(format!("{}: no {TAG}", text.answer.url), line))
    }));
    let rising = pairs(case).filter_map(|(then, now)| {
        let (was, is) = (first(then)?, first(now)?);
        Some(hold(is >= was, || fault(now, &format!("it was {was} before"), TAG)))
    });
    all(std::iter::once(there).chain(rising))
}

fn numbers(case: &Case<'_>) -> Outcome {
    all(pairs(case).flat_map(|(then, now)| {
        then.playlist().complete().filter_map(move |was| {
            let is = now.playlist().segment(was.msn).filter(|is| is.uri.is_some())?;
            let same = |s: &Segment| (s.uri.clone(), s.duration, s.date.filter(|_| was.date.is_some()));
            let line = now.playlist().lines.get(is.lines.start);
            let what = format!("{}: segment {} was {:?} before", now.url(), was.msn, was.uri);
            Some(hold(same(is) == same(was), || Fault::line(what, line)))
        })
    }))
}

fn fresh(case: &Case<'_>) -> Outcome {
    all(case.look.low_latency().filter_map(|rendition| {
        let playlist = rendition.playlist();
        let target = playlist.target_duration()?;
        let last = playlist.segments.last()?;
        let parts = last.parts.iter().filter_map(|part| part.duration);
        let length = last.duration.unwrap_or_else(|| parts.fold(Nanos::ZERO, std::ops::Add::add));
        let end = last.date? + length;
        let late = Nanos::from(rendition.text.answer.asked_at) - end;
        let what = format!("{}: the playlist ended {late} ago", rendition.url());
        let line = playlist.lines.get(last.lines.start);
        // Half a segment less than 1.5 segments after the one before, which was whole: 3 / 2 of the target.
        Some(hold(late.times(2) <= target.times(BEHIND_TARGETS), || Fault::line(what, line)))
    }))
}

fn removed_segments(case: &Case<'_>) -> Outcome {
    let probes = case.look.probed(|purpose| *purpose == Purpose::RemovedSegment);
    all(probes.map(|probe| {
        let status = probe.answer.status;
        let what = format!("{} was listed a moment ago and answers {status}", probe.answer.url);
        let evidence = String::from_utf8_lossy(&probe.answer.body).into_owned();
        if status == 200 { Ok(Seen::Yes) } else { Err(Fault::new(what, evidence)) }
    }))
}

//! Blocking reload and delta updates (6.2.5).

use crate::judge::look::{Look, Rendition};
use crate::judge::read::m3u8::Playlist;
use crate::judge::read::nanos::Nanos;
use crate::judge::verdict::{Case, Clause, Fault, Outcome, Seen, all, hold};
use crate::judge::{Probe, Purpose};

/// 6.2.5.2: a server answers, if only by 503, within three target durations.
const HOLD_TARGETS: i64 = 3;
/// For the way there and back, and for the look at the clock that ends a wait.
const HOLD_SLACK: Nanos = Nanos::from_secs(1);

/// The clauses of this module.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "hls-6.2.5.2-part-without-msn",
        title: "_HLS_part without _HLS_msn is answered by 400",
        source: "rfc8216bis-22 6.2.5.2",
        check: |case| bad_request(case, Purpose::PartWithoutMsn),
    },
    Clause {
        id: "hls-6.2.5.2-msn-too-far",
        title: "a segment more than two ahead is answered by 400 at once",
        source: "rfc8216bis-22 6.2.5.2",
        check: |case| bad_request(case, Purpose::MsnTooFar),
    },
    Clause {
        id: "hls-6.2.5.2-part-too-far",
        title: "a part beyond the Advance Part Limit is answered by 400 at once",
        source: "rfc8216bis-22 6.2.5.2",
        check: |case| bad_request(case, Purpose::PartTooFar),
    },
    Clause {
        id: "hls-6.2.5.2-old-msn",
        title: "a segment that is old or gone is answered by the whole playlist",
        source: "rfc8216bis-22 6.2.5.2",
        check: old_msn,
    },
    Clause {
        id: "hls-6.2.5.2-roll-over",
        title: "a part past the last of its segment means the first of the next",
        source: "rfc8216bis-22 6.2.5.2",
        check: |case| {
            waits(case, |purpose| match purpose {
                Purpose::RollOver(msn) => Some((msn + 1, Some(0))),
                _ => None,
            })
        },
    },
    Clause {
        id: "hls-6.2.5.2-next-part",
        title: "a request for the next part is held until the playlist has it",
        source: "rfc8216bis-22 6.2.5.2",
        check: |case| {
            waits(case, |purpose| match purpose {
                Purpose::NextPart(msn, part) => Some((msn, Some(part))),
                _ => None,
            })
        },
    },
    Clause {
        id: "hls-6.2.5.2-next-segment",
        title: "a request for the next segment is held until the playlist has the whole of it",
        source: "rfc8216bis-22 6.2.5.2",
        check: |case| {
            waits(case, |purpose| match purpose {
                Purpose::NextSegment(msn) => Some((msn, None)),
                _ => None,
            })
        },
    },
    Clause {
        id: "hls-6.2.5.2-never-404",
        title: "a held request is answered within three target durations, by 200 or 503 and never 404",
        source: "rfc8216bis-22 6.2.5.2",
        check: never_404,
    },
    Clause {
        id: "hls-6.2.5.1-delta-offered",
        title: "a delta update that is asked for is given, when there is something to skip",
        source: "rfc8216bis-22 6.2.5.1",
        check: delta_offered,
    },
    Clause {
        id: "hls-6.2.5.1-delta",
        title: "a delta update is the full playlist without what it skips",
        source: "rfc8216bis-22 6.2.5.1",
        check: delta,
    },
];

fn said(probe: &Probe) -> String {
    String::from_utf8_lossy(probe.answer.body.get(..200).unwrap_or(&probe.answer.body)).into_owned()
}

fn bad_request(case: &Case<'_>, wanted: Purpose) -> Outcome {
    all(case.look.probed(|purpose| *purpose == wanted).map(|probe| {
        let status = probe.answer.status;
        hold(status == 400, || Fault::new(format!("{} answers {status}", probe.answer.url), said(probe)))
    }))
}

/// The rendition a probe belongs to.
fn asked<'a>(look: &'a Look, probe: &Probe) -> Option<&'a Rendition> {
    look.rendition(&probe.playlist)
}

fn old_msn(case: &Case<'_>) -> Outcome {
    all(case.look.probed(|purpose| *purpose == Purpose::OldMsn).map(|probe| {
        let playlist = Playlist::read(&probe.answer.body);
        let full = asked(case.look, probe).map_or(1, |rendition| rendition.playlist().complete().count());
        // One may have left since; a delta update or nothing would have far fewer.
        let whole = probe.answer.is_ok() && playlist.skipped == 0 && playlist.complete().count() + 1 >= full;
        let status = probe.answer.status;
        hold(whole, || {
            Fault::new(format!("{} answers {status}, not the whole", probe.answer.url), said(probe))
        })
    }))
}

/// Whether a playlist has got as far as this: a part, or a whole segment.
fn reached(playlist: &Playlist, msn: u64, part: Option<usize>) -> bool {
    let whole = playlist.complete().any(|segment| segment.msn >= msn);
    let listed = |part: usize| playlist.segment(msn).is_some_and(|segment| segment.parts.len() > part);
    whole || part.is_some_and(listed)
}

fn waits(case: &Case<'_>, wanted: fn(Purpose) -> Option<(u64, Option<usize>)>) -> Outcome {
    all(case.look.probes.iter().filter_map(|probe| {
        let (msn, part) = wanted(probe.purpose)?;
        let status = probe.answer.status;
        // Late is late, and another clause says how late is allowed.
        if status == 503 {
            return None;
        }
        let playlist = Playlist::read(&probe.answer.body);
        let there = status == 200 && reached(&playlist, msn, part);
        let place = part.map_or(String::new(), |part| format!(" part {part}"));
        let what = format!("{} answers {status} without segment {msn}{place}", probe.answer.url);
        let line = playlist.lines.iter().rfind(|line| line.value_of("EXT-X-PART").is_some());
        let shown = line.map_or_else(|| said(probe), |line| format!("byte {}: {}", line.at, line.text));
        Some(hold(there, || Fault::new(what, shown)))
    }))
}

fn never_404(case: &Case<'_>) -> Outcome {
    let Some(target) = case.look.target_duration() else { return Ok(Seen::No) };
    let held = |purpose: &Purpose| {
        matches!(purpose, Purpose::RollOver(_) | Purpose::NextPart(..) | Purpose::NextSegment(_))
    };
    all(case.look.probed(held).map(|probe| {
        let status = probe.answer.status;
        let took = Nanos::from(probe.answer.at) - Nanos::from(probe.answer.asked_at);
        let right = matches!(status, 200 | 503) && took <= target.times(HOLD_TARGETS) + HOLD_SLACK;
        hold(right, || Fault::new(format!("{} answers {status} after {took}", probe.answer.url), said(probe)))
    }))
}

/// CAN-SKIP-UNTIL and the full playlist of a delta update's rendition.
fn offer<'a>(look: &'a Look, probe: &Probe) -> Option<(&'a Rendition, Nanos)> {
    let rendition = asked(look, probe)?;
    let tag = rendition.playlist().tag("EXT-X-SERVER-CONTROL")?;
    Some((rendition, Nanos::parse_decimal(tag.attribute("CAN-SKIP-UNTIL")?)?))
}

fn delta_offered(case: &Case<'_>) -> Outcome {
    all(case.look.probed(|purpose| *purpose == Purpose::Delta).filter_map(|probe| {
        let (rendition, boundary) = offer(case.look, probe)?;
        let playlist = rendition.playlist();
        let last = playlist.complete().next_back()?;
        let first = playlist.complete().next()?;
        let target = playlist.target_duration()?;
        // One segment more than the boundary: the playlist may have moved on meanwhile.
        let long = last.date? + last.duration? - first.date? > boundary + target.times(2);
        let given = Playlist::read(&probe.answer.body).skipped > 0;
        let what = format!("{} answers {} without EXT-X-SKIP", probe.answer.url, probe.answer.status);
        long.then(|| hold(given && probe.answer.is_ok(), || Fault::new(what, said(probe))))
    }))
}

/// Lines of a playlist that belong to no segment, and those of each segment by number.
fn delta(case: &Case<'_>) -> Outcome {
    all(case.look.probed(|purpose| *purpose == Purpose::Delta).filter_map(|probe| {
        let (rendition, boundary) = offer(case.look, probe)?;
        let delta = Playlist::read(&probe.answer.body);
        Some(delta_of(rendition, &delta, boundary, &probe.answer.url))
    }))
}

fn delta_of(rendition: &Rendition, delta: &Playlist, boundary: Nanos, url: &str) -> Outcome {
    let full = rendition.playlist();
    let head = |playlist: &Playlist, name: &str| playlist.value(name).map(str::to_owned);
    for name in ["EXT-X-VERSION", "EXT-X-TARGETDURATION", "EXT-X-SERVER-CONTROL", "EXT-X-PART-INF"] {
        let same = head(full, name) == head(delta, name);
        hold(same, || Fault::line(format!("{url}: {name} differs from the full playlist"), delta.tag(name)))?;
    }
    // Segments in both must read the same; the one that grows may have grown.
    for segment in delta.complete() {
        let Some(same) = full.segment(segment.msn).filter(|same| same.uri.is_some()) else { continue };
        let equal = (&same.uri, same.duration, same.date) == (&segment.uri, segment.duration, segment.date);
        let line = delta.lines.get(segment.lines.start);
        hold(equal, || Fault::line(format!("{url}: segment {} is another", segment.msn), line))?;
    }
    let (Some(last), Some(first)) = (delta.complete().next_back(), delta.complete().next()) else {
        return Err(Fault::line(format!("{url}: no segments"), delta.lines.first()));
    };
    // "further from the end of the last Media Segment than the Skip Boundary": what is nearer must be there.
    let from = last.date.zip(last.duration).map(|(date, duration)| date + duration - boundary);
    let skipped = delta.tag("EXT-X-SKIP");
    if let (Some(from), Some(date)) = (from, first.date)
        && delta.skipped > 0
    {
        hold(date <= from, || {
            Fault::line(format!("{url}: segments within {boundary} are skipped"), skipped)
        })?;
    }
    Ok(Seen::Yes)
}

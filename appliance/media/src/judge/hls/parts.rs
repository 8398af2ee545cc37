//! Partial segments, server control, hints and rendition reports.

use super::playlist::listed;
use crate::judge::look::{Rendition, Text, target};
use crate::judge::read::address::is_absolute;
use crate::judge::read::m3u8::{Line, Part, Segment};
use crate::judge::read::nanos::Nanos;
use crate::judge::verdict::{Case, Clause, Fault, Outcome, Seen, all, hold};
use crate::judge::{Probe, Purpose};

/// Authoring specification 14.3.
const PART_HOLD_BACK_TARGETS: i64 = 3;
/// 4.4.3.8
const HOLD_BACK_TARGETS: i64 = 3;
/// 4.4.3.8
const SKIP_BOUNDARY_TARGETS: i64 = 6;
/// 6.2.2
const PARTS_LISTED_TARGETS: i64 = 3;
/// 4.4.4.9
const PART_PERCENT_MIN: i64 = 85;
/// Decimals of playlists are rounded at the sixth.
const ROUNDING: Nanos = Nanos(1_000);

/// The clauses of this module.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "hls-6.2.4-server-control",
        title: "EXT-X-SERVER-CONTROL is in all media playlists, with the same attributes and values",
        source: "rfc8216bis-22 6.2.4",
        check: server_control,
    },
    Clause {
        id: "hls-4.4.3.8-can-block-reload",
        title: "blocking reload is offered",
        source: "rfc8216bis-22 4.4.3.8, B.1",
        check: |case| control(case, can_block_reload),
    },
    Clause {
        id: "hls-4.4.3.8-part-hold-back",
        title: "PART-HOLD-BACK is at least three times the longest part target",
        source: "rfc8216bis-22 4.4.3.8; Apple authoring 14.3",
        check: part_hold_back,
    },
    Clause {
        id: "hls-4.4.3.8-hold-back",
        title: "HOLD-BACK is at least three target durations, or absent",
        source: "rfc8216bis-22 4.4.3.8",
        check: |case| control(case, |text, tag| multiple(text, tag, "HOLD-BACK", HOLD_BACK_TARGETS)),
    },
    Clause {
        id: "hls-4.4.3.8-skip-boundary",
        title: "CAN-SKIP-UNTIL is at least six target durations",
        source: "rfc8216bis-22 4.4.3.8",
        check: |case| control(case, |text, tag| multiple(text, tag, "CAN-SKIP-UNTIL", SKIP_BOUNDARY_TARGETS)),
    },
    Clause {
        id: "hls-4.4.3.7-part-inf",
        title: "a playlist with parts has EXT-X-PART-INF",
        source: "rfc8216bis-22 4.4.3.7",
        check: part_inf,
    },
    Clause {
        id: "hls-4.4.4.9-part-ceiling",
        title: "no part is longer than the part target",
        source: "rfc8216bis-22 4.4.4.9",
        check: |case| each_part(case, ceiling),
    },
    Clause {
        id: "hls-4.4.4.9-part-floor",
        title: "no part is shorter than 85 % of the part target, but independent ones, the last, and around gaps",
        source: "rfc8216bis-22 4.4.4.9",
        check: |case| each_part(case, floor),
    },
    Clause {
        id: "hls-6.2.2-parts-listed",
        title: "parts are listed within three target durations of the end, and no further back",
        source: "rfc8216bis-22 6.2.2",
        check: parts_listed,
    },
    Clause {
        id: "hls-4.4.5.3-preload-hint",
        title: "one EXT-X-PRELOAD-HINT names the next part",
        source: "rfc8216bis-22 4.4.5.3, B.1",
        check: preload_hint,
    },
    Clause {
        id: "hls-6.2.6-hint-requestable",
        title: "the hinted part can be asked for, and comes whole",
        source: "rfc8216bis-22 6.2.6",
        check: hint_requestable,
    },
    Clause {
        id: "hls-b1-rendition-reports",
        title: "each media playlist reports on every other one",
        source: "rfc8216bis-22 4.4.5.4, B.1",
        check: reports_complete,
    },
    Clause {
        id: "hls-4.4.5.4-report-uri",
        title: "addresses in rendition reports are relative",
        source: "rfc8216bis-22 4.4.5.4",
        check: |case| {
            each_report(case, |rendition, tag| {
                let uri = tag.attribute("URI").unwrap_or("");
                let relative = !uri.is_empty() && !is_absolute(uri) && !uri.starts_with('/');
                hold(relative, || fault(rendition, "not relative", Some(tag)))
            })
        },
    },
    Clause {
        id: "hls-4.4.5.4-report-last",
        title: "rendition reports say LAST-MSN and LAST-PART, no staler than one part",
        source: "rfc8216bis-22 4.4.5.4, 6.2.2",
        check: reports_fresh,
    },
];

fn fault(rendition: &Rendition, what: &str, line: Option<&Line>) -> Fault {
    Fault::line(format!("{}: {what}", rendition.text.answer.url), line)
}

fn control(case: &Case<'_>, check: fn(&Text, &Line) -> Outcome) -> Outcome {
    all(case.look.low_latency().filter_map(|rendition| {
        Some(check(&rendition.text, rendition.playlist().tag("EXT-X-SERVER-CONTROL")?))
    }))
}

fn server_control(case: &Case<'_>) -> Outcome {
    let sorted = |rendition: &Rendition| {
        let value = rendition.playlist().value("EXT-X-SERVER-CONTROL")?;
        let mut attributes: Vec<String> = value.split(',').map(str::to_owned).collect();
        attributes.sort();
        Some(attributes)
    };
    let mut first = None;
    all(case.look.low_latency().map(|rendition| {
        let here = sorted(rendition);
        let same = first.get_or_insert_with(|| here.clone()) == &here && here.is_some();
        let line = rendition.playlist().tag("EXT-X-SERVER-CONTROL");
        hold(same, || fault(rendition, "missing, or other than in the first rendition", line))
    }))
}

fn can_block_reload(text: &Text, tag: &Line) -> Outcome {
    let offered = tag.attribute("CAN-BLOCK-RELOAD") == Some("YES");
    hold(offered, || Fault::line(format!("{}: not offered", text.answer.url), Some(tag)))
}

fn seconds(tag: &Line, name: &str) -> Option<Nanos> {
    Nanos::parse_decimal(tag.attribute(name)?)
}

fn multiple(text: &Text, tag: &Line, name: &str, targets: i64) -> Outcome {
    let (Some(value), Some(target)) = (seconds(tag, name), text.playlist.target_duration()) else {
        return Ok(if tag.attribute(name).is_none() { Seen::Yes } else { Seen::No });
    };
    let what = format!("{}: {name} is {value}, target duration {target}", text.answer.url);
    hold(value >= target.times(targets), || Fault::line(what, Some(tag)))
}

fn part_hold_back(case: &Case<'_>) -> Outcome {
    let targets = case.look.low_latency().filter_map(|rendition| rendition.playlist().part_target());
    let Some(longest) = targets.max() else { return Ok(Seen::No) };
    all(case.look.low_latency().map(|rendition| {
        let tag = rendition.playlist().tag("EXT-X-SERVER-CONTROL");
        let value = tag.and_then(|tag| seconds(tag, "PART-HOLD-BACK"));
        let enough = value.is_some_and(|value| value >= longest.times(PART_HOLD_BACK_TARGETS));
        hold(enough, || fault(rendition, &format!("the longest part target is {longest}"), tag))
    }))
}

fn part_inf(case: &Case<'_>) -> Outcome {
    all(case.look.low_latency().map(|rendition| {
        let playlist = rendition.playlist();
        if playlist.segments.iter().all(|segment| segment.parts.is_empty()) {
            return Ok(Seen::No);
        }
        let line = playlist.tag("EXT-X-PART-INF");
        hold(playlist.part_target().is_some(), || {
            fault(rendition, "no EXT-X-PART-INF with PART-TARGET", line)
        })
    }))
}

/// A part in its segment.
struct Placed<'a> {
    rendition: &'a Rendition,
    segment: &'a Segment,
    index: usize,
    part: &'a Part,
    target: Nanos,
}

impl Placed<'_> {
    fn fault(&self, what: &str) -> Fault {
        fault(self.rendition, what, self.rendition.playlist().lines.get(self.part.line))
    }
}

fn each_part(case: &Case<'_>, check: fn(&Placed<'_>) -> Outcome) -> Outcome {
    all(case.look.low_latency().filter_map(|rendition| {
        let target = rendition.playlist().part_target()?;
        Some(all(rendition.playlist().segments.iter().flat_map(|segment| {
            let parts = segment.parts.iter().enumerate();
            parts.map(move |(index, part)| check(&Placed { rendition, segment, index, part, target }))
        })))
    }))
}

fn ceiling(placed: &Placed<'_>) -> Outcome {
    let duration = placed.part.duration.ok_or_else(|| placed.fault("a part without a DURATION"))?;
    hold(duration <= placed.target, || placed.fault(&format!("the part target is {}", placed.target)))
}

fn floor(placed: &Placed<'_>) -> Outcome {
    let Placed { segment, index, part, target, .. } = placed;
    let next = segment.parts.get(index + 1);
    // Of a segment that grows, the newest part may turn out to be the last.
    let last = next.is_none();
    let excepted = part.independent || part.gap || last || next.is_some_and(|next| next.gap);
    let Some(duration) = part.duration.filter(|_| !excepted) else { return Ok(Seen::No) };
    let enough = (duration + ROUNDING).times(100) >= target.times(PART_PERCENT_MIN);
    hold(enough, || placed.fault(&format!("less than 85 % of {target}")))
}

fn end(segment: &Segment) -> Option<Nanos> {
    let parts = segment.parts.iter().filter_map(|part| part.duration);
    let whole = segment.duration.filter(|_| segment.uri.is_some());
    Some(segment.date? + whole.unwrap_or_else(|| parts.fold(Nanos::ZERO, std::ops::Add::add)))
}

fn parts_listed(case: &Case<'_>) -> Outcome {
    all(case.look.low_latency().filter_map(|rendition| {
        let playlist = rendition.playlist();
        let (Some(target), Some(end)) = (playlist.target_duration(), playlist.segments.last().and_then(end))
        else {
            return None;
        };
        Some(all(playlist.segments.iter().filter_map(|segment| {
            let line = playlist.lines.get(segment.lines.start);
            let behind = end - segment.date?;
            let (near, far) = (target.times(PARTS_LISTED_TARGETS), target.times(PARTS_LISTED_TARGETS + 1));
            if behind > far {
                let none = segment.parts.is_empty();
                return Some(hold(none, || fault(rendition, "parts of an old segment are listed", line)));
            }
            let wanted = behind <= near && !segment.gap;
            let listed = !segment.parts.is_empty();
            wanted.then(|| hold(listed, || fault(rendition, "parts near the end are not listed", line)))
        })))
    }))
}

/// Where the part after the newest belongs, if a segment has `per_segment` parts.
fn hint_of(rendition: &Rendition) -> Option<(&Line, String)> {
    let mut hints =
        rendition.playlist().tags("EXT-X-PRELOAD-HINT").filter(|tag| tag.attribute("TYPE") == Some("PART"));
    let hint = hints.next()?;
    Some((hint, hint.attribute("URI")?.to_owned()))
}

fn preload_hint(case: &Case<'_>) -> Outcome {
    all(case.look.low_latency().map(|rendition| {
        let playlist = rendition.playlist();
        let hints: Vec<&Line> = playlist.tags("EXT-X-PRELOAD-HINT").collect();
        let parts = hints.iter().filter(|tag| tag.attribute("TYPE") == Some("PART")).count();
        let line = hints.last().copied();
        if parts != 1 {
            return Err(fault(rendition, &format!("{parts} hints at a part"), line));
        }
        let uri = line.and_then(|line| line.attribute("URI")).unwrap_or("");
        let listed = playlist.segments.iter().flat_map(|s| &s.parts).any(|part| part.uri == uri);
        hold(!uri.is_empty() && !listed, || fault(rendition, "the hint names no part to come", line))
    }))
}

fn hint_requestable(case: &Case<'_>) -> Outcome {
    all(case.look.probed(|purpose| *purpose == Purpose::HintedPart).map(|probe: &Probe| {
        let Probe { answer, .. } = probe;
        let hint = case.look.rendition(&probe.playlist).and_then(hint_of);
        let what = format!("{} was hinted at and answers {}", answer.url, answer.status);
        let line = hint.map(|(line, _)| line);
        hold(answer.is_ok() && !answer.body.is_empty(), || Fault::line(what, line))
    }))
}

fn each_report(case: &Case<'_>, check: fn(&Rendition, &Line) -> Outcome) -> Outcome {
    all(case.look.low_latency().flat_map(|rendition| {
        rendition.playlist().tags("EXT-X-RENDITION-REPORT").map(move |tag| check(rendition, tag))
    }))
}

fn reports_complete(case: &Case<'_>) -> Outcome {
    let listed = listed(case.look);
    all(case.look.low_latency().map(|rendition| {
        let reported: Vec<String> = rendition
            .playlist()
            .tags("EXT-X-RENDITION-REPORT")
            .filter_map(|tag| Some(target(&rendition.text, tag.attribute("URI")?)))
            .collect();
        let mut others = listed.iter().filter(|url| url.as_str() != rendition.url());
        let missing = others.find(|url| !reported.contains(url));
        let line = rendition.playlist().tags("EXT-X-RENDITION-REPORT").last();
        let what = || format!("no report on {}", missing.map_or("", String::as_str));
        hold(missing.is_none(), || fault(rendition, &what(), line))
    }))
}

/// Parts of a segment, for arithmetic: as many as the fullest listed segment has.
fn per_segment(rendition: &Rendition) -> u64 {
    let parts = rendition.playlist().complete().map(|segment| segment.parts.len() as u64);
    parts.max().unwrap_or(1).max(1)
}

/// A report may not be staler than one part: held against the playlist it reports on, when that was fetched before.
fn reports_fresh(case: &Case<'_>) -> Outcome {
    let renditions: Vec<&Rendition> = case.look.low_latency().collect();
    all(renditions.iter().enumerate().flat_map(|(place, rendition)| {
        let earlier = &renditions[..place];
        rendition.playlist().tags("EXT-X-RENDITION-REPORT").map(move |tag| {
            let number = |name| tag.attribute(name).and_then(|value| value.parse::<u64>().ok());
            let (Some(msn), Some(part)) = (number("LAST-MSN"), number("LAST-PART")) else {
                return Err(fault(rendition, "without LAST-MSN or LAST-PART", Some(tag)));
            };
            let url = target(&rendition.text, tag.attribute("URI").unwrap_or(""));
            let other = earlier.iter().find(|other| other.url() == url);
            let Some((other, edge)) = other.and_then(|other| Some((other, other.playlist().edge()?))) else {
                return Ok(Seen::Yes);
            };
            let per = per_segment(other);
            let place = |msn: u64, part: u64| msn.saturating_mul(per).saturating_add(part);
            let fresh = place(msn, part) + 1 >= place(edge.0, edge.1 as u64);
            hold(fresh, || fault(rendition, &format!("{url} was at {}.{} before", edge.0, edge.1), Some(tag)))
        })
    }))
}

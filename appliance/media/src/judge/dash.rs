//! Clauses of LL-DASH: ISO/IEC 23009-1, and DASH-IF's low-latency guidelines (IOP part 9, "LL").

use super::look::{Look, Rendition};
use super::read::boxes::Fragment;
use super::read::manifest::Element;
use super::read::nanos::Nanos;
use super::verdict::{Case, Clause, Fault, Outcome, Seen, all, hold};
use super::{Fetched, Purpose};

/// Milliseconds: less is not to be had, more is no low latency.
const LATENCY_MS: std::ops::RangeInclusive<u64> = 100..=10_000;
/// What the box's clock and a client's measurement of it may differ by.
const CLOCK_TOLERANCE: Nanos = Nanos::from_millis(500);
/// `prft` is rounded to units of 2^-32 s and of the track.
const REFERENCE_TOLERANCE: Nanos = Nanos::from_millis(2);
/// Seconds between the epochs of NTP (1900) and Unix (RFC 5905 6).
const NTP_UNIX_SECS: i128 = 2_208_988_800;
/// 5.8.4.11 and DASH-IF's TimingModel.
const CLOCK_SCHEMES: [&str; 3] = [
    "urn:mpeg:dash:utc:http-xsdate:2014",
    "urn:mpeg:dash:utc:http-iso:2014",
    "urn:mpeg:dash:utc:direct:2014",
];

/// The clauses of this module.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "dash-5.2-manifest",
        title: "the manifest is well-formed XML with the content type of DASH",
        source: "ISO/IEC 23009-1 5.2, annex C",
        check: manifest,
    },
    Clause {
        id: "dash-5.3.1.2-live",
        title: "it is of the live profile and dynamic, with availabilityStartTime and publishTime",
        source: "ISO/IEC 23009-1 5.3.1.2, 8.4",
        check: live,
    },
    Clause {
        id: "dashif-ll-profile",
        title: "it names the low-latency profile",
        source: "DASH-IF IOP part 9, 9.X.4",
        check: ll_profile,
    },
    Clause {
        id: "dashif-ll-service-description",
        title: "ServiceDescription has a target latency in milliseconds and playback rates around 1",
        source: "ISO/IEC 23009-1 annex K; DASH-IF IOP part 9, 9.X.4",
        check: service_description,
    },
    Clause {
        id: "dash-5.8.4.11-utc-timing",
        title: "UTCTiming names clocks, all of them on the box",
        source: "ISO/IEC 23009-1 5.8.4.11; DASH-IF IOP part 9, 9.X.4",
        check: utc_timing,
    },
    Clause {
        id: "dash-5.8.4.11-clock",
        title: "the clock tells the time, to every page, and is kept by no cache",
        source: "ISO/IEC 23009-1 5.8.4.11",
        check: clock,
    },
    Clause {
        id: "dash-5.3.9.4-number",
        title: "segments are addressed by $Number$ and have a duration",
        source: "ISO/IEC 23009-1 5.3.9.4",
        check: |case| templates(case, number),
    },
    Clause {
        id: "dash-5.3.9.5-time-offset",
        title: "availabilityTimeOffset is no more than a segment less its longest chunk",
        source: "ISO/IEC 23009-1 5.3.9.5.3; DASH-IF TimingModel",
        check: time_offset,
    },
    Clause {
        id: "dash-5.3.9.5-time-complete",
        title: "availabilityTimeComplete is false, in lower case",
        source: "ISO/IEC 23009-1 5.3.9.5.3; XML Schema 3.2.2",
        check: |case| templates(case, time_complete),
    },
    Clause {
        id: "dash-5.12-reference-time",
        title: "each set has a ProducerReferenceTime: a number of its own in its period, from 1 on, in band, with its clock",
        source: "ISO/IEC 23009-1 5.12; DASH-IF IOP part 9, 9.X.4",
        check: reference_time,
    },
    Clause {
        id: "dash-k-reference-id",
        title: "the target latency is measured from a ProducerReferenceTime that exists",
        source: "ISO/IEC 23009-1 annex K.3.2",
        check: reference_id,
    },
    Clause {
        id: "dash-5.12-in-band",
        title: "each segment has a prft, which tells the same clock as ProducerReferenceTime",
        source: "ISO/IEC 23009-1 5.12; ISO/IEC 14496-12 8.16.5",
        check: in_band,
    },
    Clause {
        id: "dash-5.13-resync",
        title: "Resync points are marked, and chunks are no further apart than the densest of them says",
        source: "ISO/IEC 23009-1 5.13; DASH-IF IOP part 9, 9.X.4",
        check: resync,
    },
    Clause {
        id: "dash-early-segment",
        title: "a segment whose time has not come is answered by 404 or 425, which no cache may keep",
        source: "ISO/IEC 23009-1 A.3.2; DASH-IF TimingModel",
        check: early,
    },
    Clause {
        id: "dash-gone-segment",
        title: "a segment that is no longer kept is answered by 410",
        source: "RFC 9110 15.5.11",
        check: |case| answered(case, Purpose::GoneSegment, 410),
    },
    Clause {
        id: "dash-announced-segment",
        title: "the newest segment that is announced can be fetched while it grows",
        source: "ISO/IEC 23009-1 5.3.9.5.3, A.3.2",
        check: announced,
    },
    Clause {
        id: "dash-same-bytes",
        title: "a segment has the bytes that the playlist lists under the same number",
        source: "ISO/IEC 23009-1 5.3.9.4; rfc8216bis-22 6.2.1",
        check: same_bytes,
    },
    Clause {
        id: "dash-5.3.1.2-constant",
        title: "availabilityStartTime never changes, publishTime never falls",
        source: "ISO/IEC 23009-1 5.3.1.2, 5.4",
        check: constant,
    },
];

/// The start tag of an element, as evidence.
fn fault(look: &Look, element: Option<&Element>, what: impl Into<String>) -> Fault {
    let body = look.manifest.as_ref().map(|(answer, _)| &answer.body[..]).unwrap_or_default();
    let shown = element.and_then(|element| {
        let text = String::from_utf8_lossy(body.get(element.at.clone())?).into_owned();
        let tag = text.find('>').map_or(text.as_str(), |end| &text[..=end]);
        Some(format!("byte {}: {tag}", element.at.start))
    });
    Fault::new(
        format!("manifest.mpd: {}", what.into()),
        shown.unwrap_or_else(|| "(there is no such element)".into()),
    )
}

fn manifest(case: &Case<'_>) -> Outcome {
    let Some((answer, root)) = &case.look.manifest else { return Ok(Seen::No) };
    if let Err(why) = root {
        return Err(Fault::bytes(format!("manifest.mpd: {why}"), &answer.body, 0));
    }
    let right = answer.is_ok() && answer.content_type() == "application/dash+xml";
    let what = format!("manifest.mpd: {} {}", answer.status, answer.content_type());
    hold(right, || Fault::bytes(what, &answer.body, 0))
}

fn of_root(case: &Case<'_>, what: &str, right: impl Fn(&Element) -> bool) -> Outcome {
    let Some(root) = case.look.mpd() else { return Ok(Seen::No) };
    hold(right(root), || fault(case.look, Some(root), what))
}

fn profiles(root: &Element) -> impl Iterator<Item = &str> {
    root.attribute("profiles").unwrap_or("").split(',').map(str::trim)
}

fn live(case: &Case<'_>) -> Outcome {
    of_root(case, "not of the live profile, not dynamic, or without its times", |root| {
        let date = |name| root.attribute(name).and_then(Nanos::parse_date).is_some();
        root.attribute("type") == Some("dynamic")
            && profiles(root).any(|profile| profile == "urn:mpeg:dash:profile:isoff-live:2011")
            && date("availabilityStartTime")
            && date("publishTime")
    })
}

fn ll_profile(case: &Case<'_>) -> Outcome {
    const PROFILE: &str = "http://www.dashif.org/guidelines/low-latency-live-v5";
    of_root(case, "no low-latency profile", |root| profiles(root).any(|profile| profile == PROFILE))
}

fn service_description(case: &Case<'_>) -> Outcome {
    let Some(root) = case.look.mpd() else { return Ok(Seen::No) };
    let description = root.child("ServiceDescription");
    let latency = description.and_then(|description| description.child("Latency"));
    let target = latency.and_then(|latency| latency.number("target"));
    let plausible = target.is_some_and(|target| LATENCY_MS.contains(&target));
    hold(plausible, || fault(case.look, latency, "no target latency, or not in milliseconds"))?;
    let rate = description.and_then(|description| description.child("PlaybackRate"));
    let side = |name| rate.and_then(|rate| rate.attribute(name)).and_then(Nanos::parse_decimal);
    let one = Nanos::from_secs(1);
    let around = side("min").is_some_and(|min| min <= one) && side("max").is_some_and(|max| max >= one);
    hold(around, || fault(case.look, rate, "no playback rates around 1"))
}

fn utc_timing(case: &Case<'_>) -> Outcome {
    let Some(root) = case.look.mpd() else { return Ok(Seen::No) };
    let clocks: Vec<&Element> = root.children("UTCTiming").collect();
    hold(!clocks.is_empty(), || fault(case.look, None, "no UTCTiming"))?;
    all(root.all("UTCTiming").into_iter().map(|clock| {
        let known = clock.attribute("schemeIdUri").is_some_and(|scheme| CLOCK_SCHEMES.contains(&scheme));
        let here = clock.attribute("value").is_some_and(|value| !super::read::address::is_absolute(value));
        hold(known && here, || fault(case.look, Some(clock), "a clock that is not the box's"))
    }))
}

fn clock(case: &Case<'_>) -> Outcome {
    all(case.look.probed(|purpose| *purpose == Purpose::Clock).map(|probe| {
        let answer = &probe.answer;
        let said = String::from_utf8_lossy(&answer.body).trim().to_owned();
        let fault = |what: String| Fault::new(format!("{}: {what}", answer.url), said.clone());
        let time = Nanos::parse_date(&said).ok_or_else(|| fault("no date".into()))?;
        let (from, until) = (Nanos::from(answer.asked_at), Nanos::from(answer.at));
        let right = time + CLOCK_TOLERANCE >= from && time <= until + CLOCK_TOLERANCE;
        hold(right, || fault(format!("it says {time}, between {from} and {until}")))?;
        let open = answer.header("access-control-allow-origin").is_some();
        let fresh = answer.header("cache-control").is_some_and(|value| value.contains("no-store"));
        hold(open && fresh, || fault("not for every page, or kept by caches".into()))
    }))
}

/// Each set, representation and its template.
fn described(look: &Look) -> Vec<(&Element, &Element, &Element)> {
    let sets = look.mpd().map(|root| root.all("AdaptationSet")).unwrap_or_default();
    sets.into_iter()
        .flat_map(|set| {
            set.children("Representation").filter_map(move |representation| {
                let template =
                    representation.child("SegmentTemplate").or_else(|| set.child("SegmentTemplate"))?;
                Some((set, representation, template))
            })
        })
        .collect()
}

fn templates(case: &Case<'_>, check: fn(&Look, &Element) -> Outcome) -> Outcome {
    all(described(case.look).into_iter().map(|(_, _, template)| check(case.look, template)))
}

fn number(look: &Look, template: &Element) -> Outcome {
    let media = template.attribute("media").is_some_and(|media| media.contains("$Number"));
    let lasting = template.number("duration").is_some_and(|duration| duration > 0);
    hold(media && lasting, || fault(look, Some(template), "not by $Number$, or without a duration"))
}

fn time_complete(look: &Look, template: &Element) -> Outcome {
    let right = template.attribute("availabilityTimeComplete") == Some("false");
    hold(right, || fault(look, Some(template), "availabilityTimeComplete is not \"false\""))
}

/// The LL-HLS rendition that a representation is too: of the same name.
fn rendition<'a>(look: &'a Look, representation: &Element) -> Option<&'a Rendition> {
    let id = representation.attribute("id")?;
    look.renditions.iter().find(|rendition| rendition.url().split('/').next() == Some(id))
}

fn fragments(rendition: &Rendition) -> impl Iterator<Item = &Fragment> {
    rendition.segments.iter().flat_map(|piece| &piece.media.fragments)
}

fn longest_chunk(rendition: &Rendition) -> Option<Nanos> {
    fragments(rendition).filter_map(|fragment| rendition.time(fragment.duration)).max()
}

fn time_offset(case: &Case<'_>) -> Outcome {
    all(described(case.look).into_iter().filter_map(|(_, representation, template)| {
        let offset = template.attribute("availabilityTimeOffset").and_then(Nanos::parse_decimal);
        let Some(offset) = offset.filter(|offset| *offset > Nanos::ZERO) else {
            return Some(Err(fault(case.look, Some(template), "no availabilityTimeOffset")));
        };
        let chunk = longest_chunk(rendition(case.look, representation)?)?;
        let scale = u32::try_from(template.number("timescale").unwrap_or(1)).ok()?;
        let segment = Nanos::from_scaled(template.number("duration")?.into(), scale)?;
        let what = format!("offset {offset}, but of {segment} the longest chunk takes {chunk}");
        Some(hold(offset + chunk <= segment, || fault(case.look, Some(template), what)))
    }))
}

fn reference_times(look: &Look) -> Vec<&Element> {
    look.mpd().map(|root| root.all("ProducerReferenceTime")).unwrap_or_default()
}

fn reference_time(case: &Case<'_>) -> Outcome {
    let Some(root) = case.look.mpd() else { return Ok(Seen::No) };
    let periods = root.all("Period").into_iter().enumerate();
    let sets = periods.flat_map(|(period, element)| {
        element.children("AdaptationSet").map(move |set| (period, set)).collect::<Vec<_>>()
    });
    let mut ids = Vec::new();
    all(sets.map(|(period, set)| {
        let element = set.child("ProducerReferenceTime");
        let right = element.is_some_and(|element| {
            let id = element.number("id").filter(|id| *id >= 1 && !ids.contains(&(period, *id)));
            ids.extend(id.map(|id| (period, id)));
            id.is_some()
                && element.attribute("inband") == Some("true")
                && matches!(element.attribute("type"), Some("captured" | "encoder"))
                && element.attribute("wallClockTime").and_then(Nanos::parse_date).is_some()
                && element.number("presentationTime").is_some()
                && element.child("UTCTiming").is_some()
        });
        hold(right, || fault(case.look, element.or(Some(set)), "not all that a ProducerReferenceTime needs"))
    }))
}

fn reference_id(case: &Case<'_>) -> Outcome {
    let Some(root) = case.look.mpd() else { return Ok(Seen::No) };
    all(root.all("Latency").into_iter().map(|latency| {
        let id = latency.attribute("referenceId");
        let known = id.is_some() && reference_times(case.look).iter().any(|time| time.attribute("id") == id);
        hold(known, || fault(case.look, Some(latency), "referenceId is that of no ProducerReferenceTime"))
    }))
}

/// Unix time.
fn unix(ntp: u64) -> Option<Nanos> {
    let nanos = (i128::from(ntp) * 1_000_000_000) >> 32;
    i64::try_from(nanos - NTP_UNIX_SECS * 1_000_000_000).ok().map(Nanos)
}

/// Wall clock minus media time must be the same in the element and in every `prft`.
fn in_band(case: &Case<'_>) -> Outcome {
    all(described(case.look).into_iter().filter_map(|(set, representation, template)| {
        let element = set.child("ProducerReferenceTime")?;
        let rendition = rendition(case.look, representation)?;
        let scale = u32::try_from(template.number("timescale").unwrap_or(1)).ok()?;
        let media = Nanos::from_scaled(element.number("presentationTime")?.into(), scale)?;
        let due = Nanos::parse_date(element.attribute("wallClockTime")?)? - media;
        let judged = |piece: &super::look::Piece, fragment: &Fragment| {
            let missing = format!("{}: a segment without prft", piece.answer.url);
            let first = piece.media.fragments.first().is_some_and(|first| first.at == fragment.at);
            let Some(time) = &fragment.reference_time else {
                return hold(!first, || Fault::bytes(missing, &piece.answer.body, fragment.at));
            };
            let offset =
                unix(time.ntp).zip(rendition.time(time.media_time)).map(|(wall, media)| wall - media);
            let right =
                time.track == fragment.track && offset.is_some_and(|is| is.apart(due) <= REFERENCE_TOLERANCE);
            let what = format!("{}: prft says {offset:?}, the manifest {due}", piece.answer.url);
            hold(right, || Fault::bytes(what, &piece.answer.body, fragment.at))
        };
        let whole = rendition.segments.iter().filter(|piece| piece.answer.is_ok());
        Some(all(
            whole.flat_map(|piece| piece.media.fragments.iter().map(move |fragment| judged(piece, fragment)))
        ))
    }))
}

fn resync(case: &Case<'_>) -> Outcome {
    all(described(case.look).into_iter().map(|(set, representation, template)| {
        let points: Vec<&Element> = set.children("Resync").chain(representation.children("Resync")).collect();
        let marked = points.iter().all(|point| point.attribute("marker") == Some("true"));
        hold(!points.is_empty() && marked, || {
            fault(case.look, points.first().copied().or(Some(set)), "no marked Resync")
        })?;
        let densest =
            points.iter().filter_map(|point| Some((point.number("dT")?, *point))).min_by_key(|(dt, _)| *dt);
        let Some((dt, point)) = densest else { return Err(fault(case.look, Some(set), "Resync without dT")) };
        let scale = u32::try_from(template.number("timescale").unwrap_or(1)).unwrap_or(0);
        let chunk = rendition(case.look, representation).and_then(longest_chunk);
        let Some((chunk, dt)) = chunk.zip(Nanos::from_scaled(dt.into(), scale)) else { return Ok(Seen::No) };
        hold(chunk <= dt, || fault(case.look, Some(point), format!("chunks are up to {chunk} apart")))
    }))
}

fn answer_fault(answer: &Fetched, what: &str) -> Fault {
    let cache = answer.header("cache-control").unwrap_or("(none)");
    Fault::new(format!("{} answers {}: {what}", answer.url, answer.status), format!("cache-control: {cache}"))
}

fn early(case: &Case<'_>) -> Outcome {
    all(case.look.probed(|purpose| *purpose == Purpose::EarlySegment).map(|probe| {
        let unkept = probe.answer.header("cache-control").is_some_and(|value| value.contains("no-store"));
        let right = matches!(probe.answer.status, 404 | 425) && unkept;
        hold(right, || answer_fault(&probe.answer, "404 or 425 and no-store are due"))
    }))
}

fn answered(case: &Case<'_>, wanted: Purpose, status: u16) -> Outcome {
    all(case.look.probed(|purpose| *purpose == wanted).map(|probe| {
        hold(probe.answer.status == status, || answer_fault(&probe.answer, &format!("{status} is due")))
    }))
}

fn announced(case: &Case<'_>) -> Outcome {
    all(case.look.probed(|purpose| *purpose == Purpose::AnnouncedSegment).map(|probe| {
        let right = probe.answer.is_ok() && !probe.answer.body.is_empty();
        hold(right, || answer_fault(&probe.answer, "it is announced"))
    }))
}

fn same_bytes(case: &Case<'_>) -> Outcome {
    all(case.look.probed(|purpose| *purpose == Purpose::ManifestSegment).filter_map(|probe| {
        let pieces = case.look.renditions.iter().flat_map(|rendition| &rendition.segments);
        let listed = pieces.into_iter().find(|piece| piece.answer.url == probe.answer.url)?;
        let differs = listed.answer.body.iter().zip(&probe.answer.body).position(|(a, b)| a != b);
        let same = listed.answer.body == probe.answer.body;
        let what = format!("{} has other bytes than the playlist's segment", probe.answer.url);
        Some(hold(same, || Fault::bytes(what, &probe.answer.body, differs.unwrap_or(0))))
    }))
}

fn constant(case: &Case<'_>) -> Outcome {
    const START: &str = "availabilityStartTime";
    let (Some(now), Some(then)) = (case.look.mpd(), case.before.and_then(Look::mpd)) else {
        return Ok(Seen::No);
    };
    let start = now.attribute(START) == then.attribute(START);
    hold(start, || fault(case.look, Some(now), format!("{START} was {:?}", then.attribute(START))))?;
    let published = |root: &Element| root.attribute("publishTime").and_then(Nanos::parse_date);
    hold(published(now) >= published(then), || fault(case.look, Some(now), "publishTime has fallen"))
}

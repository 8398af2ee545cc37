//! What the multivariant playlists must say.

use crate::judge::look::{Look, Rendition, Text, target};
use crate::judge::read::m3u8::Line;
use crate::judge::verdict::{Case, Clause, Fault, Outcome, Seen, all, hold};

/// "measured peak bit rates MUST be at most 125 % of BANDWIDTH" for live (authoring specification 1.29).
const PEAK_PERCENT_MAX: u128 = 125;

/// The clauses of this module.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "hls-4.4.2.1-independent-segments",
        title: "EXT-X-INDEPENDENT-SEGMENTS stands in the multivariant playlist and not also in media playlists",
        source: "rfc8216bis-22 4.4.2.1",
        check: independent_segments,
    },
    Clause {
        id: "hls-4.4.6.2-bandwidth",
        title: "each variant has BANDWIDTH, and AVERAGE-BANDWIDTH that is no more",
        source: "rfc8216bis-22 4.4.6.2; Apple authoring 9",
        check: |case| variants(case, bandwidth),
    },
    Clause {
        id: "hls-4.4.6.2-codecs",
        title: "each variant has CODECS that name the media there is",
        source: "rfc8216bis-22 4.4.6.2, 6.2.4; Apple authoring 9",
        check: codecs,
    },
    Clause {
        id: "apple-1.10-sample-entry",
        title: "CODECS say avc1 or hvc1, not avc3 or hev1",
        source: "Apple authoring 1.10",
        check: |case| variants(case, sample_entry),
    },
    Clause {
        id: "hls-4.4.6.2-resolution",
        title: "each video variant has RESOLUTION",
        source: "rfc8216bis-22 4.4.6.2; Apple authoring 9",
        check: |case| variants(case, resolution),
    },
    Clause {
        id: "hls-4.4.6.2-frame-rate",
        title: "each video variant has FRAME-RATE",
        source: "rfc8216bis-22 4.4.6.2; Apple authoring 9",
        check: |case| variants(case, frame_rate),
    },
    Clause {
        id: "apple-1.29-peak",
        title: "no segment takes more than 125 % of its variant's BANDWIDTH",
        source: "Apple authoring 1.29",
        check: peak,
    },
    Clause {
        id: "hls-4.4.6.1-audio-rendition",
        title: "sound is a rendition of its own in a group that every LL-HLS variant names",
        source: "rfc8216bis-22 4.4.6.1, 4.4.6.2.1; Apple authoring 9.5",
        check: audio_rendition,
    },
    Clause {
        id: "hls-6.2.4-listed-playlists",
        title: "every media playlist that is listed can be fetched",
        source: "rfc8216bis-22 6.2.4",
        check: listed_playlists,
    },
];

fn variants(case: &Case<'_>, check: fn(&Text, &Line) -> Outcome) -> Outcome {
    let each = |text: &Text| all(text.playlist.variants().map(|(tag, _)| check(text, tag)));
    all(case.look.multivariants().filter(|text| text.answer.is_ok()).map(each))
}

fn independent_segments(case: &Case<'_>) -> Outcome {
    const TAG: &str = "EXT-X-INDEPENDENT-SEGMENTS";
    let here = case.look.multivariants().map(|text| {
        let missing = || Fault::line(format!("{} does not have {TAG}", text.answer.url), None);
        hold(text.playlist.tag(TAG).is_some(), missing)
    });
    let not_there = case.look.playlists().filter_map(|text| {
        let line = text.playlist.tag(TAG)?;
        Some(Err(Fault::line(format!("{} has {TAG} as well", text.answer.url), Some(line))))
    });
    all(here.chain(not_there))
}

fn number(tag: &Line, name: &str) -> Option<u64> {
    tag.attribute(name)?.parse().ok()
}

fn bandwidth(text: &Text, tag: &Line) -> Outcome {
    let fault = |what: &str| Fault::line(format!("{}: {what}", text.answer.url), Some(tag));
    let peak = number(tag, "BANDWIDTH").filter(|peak| *peak > 0);
    let peak = peak.ok_or_else(|| fault("a variant without BANDWIDTH"))?;
    let average = number(tag, "AVERAGE-BANDWIDTH");
    let average = average.ok_or_else(|| fault("a variant without AVERAGE-BANDWIDTH"))?;
    hold(average > 0 && average <= peak, || fault("AVERAGE-BANDWIDTH is more than BANDWIDTH, or nothing"))
}

fn codecs(case: &Case<'_>) -> Outcome {
    let each =
        |text: &Text| all(text.playlist.variants().map(|(tag, uri)| codecs_of(case.look, text, tag, uri)));
    all(case.look.multivariants().filter(|text| text.answer.is_ok()).map(each))
}

fn codecs_of(look: &Look, text: &Text, tag: &Line, uri: &Line) -> Outcome {
    let fault = |what: String| Fault::line(format!("{}: {what}", text.answer.url), Some(tag));
    let codecs = tag.attribute("CODECS").filter(|codecs| !codecs.is_empty());
    let codecs: Vec<&str> =
        codecs.ok_or_else(|| fault("a variant without CODECS".into()))?.split(',').collect();
    let known = look.rendition(&target(text, uri.text.trim())).and_then(Rendition::known);
    if let Some(header) = known {
        let entry = String::from_utf8_lossy(&header.entry);
        let wanted = header.avc.as_ref().map_or(entry.to_string(), |avc| format!("{entry}.{avc}"));
        let named = codecs.iter().any(|codec| codec.trim().starts_with(&wanted));
        return hold(named, || fault(format!("its media is {wanted}, which CODECS do not name")));
    }
    Ok(Seen::Yes)
}

fn sample_entry(text: &Text, tag: &Line) -> Outcome {
    let Some(codecs) = tag.attribute("CODECS") else { return Ok(Seen::No) };
    let wrong = codecs.split(',').any(|codec| codec.starts_with("avc3") || codec.starts_with("hev1"));
    hold(!wrong, || Fault::line(format!("{}: parameter sets in band", text.answer.url), Some(tag)))
}

/// Whether a variant has pictures, as far as its CODECS say.
fn is_video(tag: &Line) -> bool {
    let sound =
        |codec: &str| ["mp4a", "ac-3", "ec-3", "fLaC", "Opus"].iter().any(|kind| codec.starts_with(kind));
    tag.attribute("CODECS").is_none_or(|codecs| !codecs.split(',').all(|codec| sound(codec.trim())))
}

fn resolution(text: &Text, tag: &Line) -> Outcome {
    let size = tag.attribute("RESOLUTION").and_then(|size| size.split_once('x'));
    let right =
        size.is_some_and(|(w, h)| [w, h].iter().all(|side| side.parse::<u32>().is_ok_and(|side| side > 0)));
    hold(right || !is_video(tag), || Fault::line(format!("{}: no RESOLUTION", text.answer.url), Some(tag)))
}

fn frame_rate(text: &Text, tag: &Line) -> Outcome {
    let rate = tag.attribute("FRAME-RATE").and_then(crate::judge::read::nanos::Nanos::parse_decimal);
    let right = rate.is_some_and(|rate| rate.0 > 0);
    hold(right || !is_video(tag), || Fault::line(format!("{}: no FRAME-RATE", text.answer.url), Some(tag)))
}

/// Bits per second of the dearest fetched segment that is at least half a target duration long (4.4.6.2).
fn dearest(rendition: &Rendition) -> Option<u128> {
    let target = rendition.playlist().target_duration()?;
    let rates = rendition.listed().filter_map(|(piece, segment)| {
        let duration = segment.duration.filter(|duration| duration.times(2) >= target)?;
        Some(piece.answer.body.len() as u128 * 8_000_000_000 / u128::try_from(duration.0).ok()?.max(1))
    });
    rates.max()
}

fn peak(case: &Case<'_>) -> Outcome {
    let tiers =
        [(&case.look.multivariant, &case.look.renditions), (&case.look.ts_multivariant, &case.look.ts)];
    all(tiers.into_iter().filter_map(|(text, renditions)| {
        let text = text.as_ref()?;
        let of = |url: &str| renditions.iter().find(|rendition| rendition.url() == url).and_then(dearest);
        let sounds =
            text.playlist.tags("EXT-X-MEDIA").filter_map(|tag| of(&target(text, tag.attribute("URI")?)));
        let sound = sounds.max().unwrap_or(0);
        Some(all(text.playlist.variants().filter_map(move |(tag, uri)| {
            let rate = of(&target(text, uri.text.trim()))? + sound;
            let allowed = u128::from(number(tag, "BANDWIDTH")?) * PEAK_PERCENT_MAX / 100;
            let what = format!("a segment of {} takes {rate} bit/s, {allowed} are allowed", uri.text);
            Some(hold(rate <= allowed, || Fault::line(what, Some(tag))))
        })))
    }))
}

fn audio_rendition(case: &Case<'_>) -> Outcome {
    let Some(text) = &case.look.multivariant else { return Ok(Seen::No) };
    let groups: Vec<&str> = text
        .playlist
        .tags("EXT-X-MEDIA")
        .filter(|tag| tag.attribute("TYPE") == Some("AUDIO") && tag.attribute("URI").is_some())
        .filter(|tag| tag.attribute("NAME").is_some())
        .filter_map(|tag| tag.attribute("GROUP-ID"))
        .collect();
    all(text.playlist.variants().map(|(tag, _)| {
        let named = tag.attribute("AUDIO").is_some_and(|group| groups.contains(&group));
        let silent = tag.attribute("CODECS").is_some_and(|codecs| !codecs.contains("mp4a"));
        let fault = || Fault::line(format!("{}: no audio group with a URI", text.answer.url), Some(tag));
        hold(named || silent, fault)
    }))
}

fn listed_playlists(case: &Case<'_>) -> Outcome {
    all(case.look.all_renditions().map(|rendition| {
        let (url, status) = (rendition.url(), rendition.text.answer.status);
        hold(status == 200, || {
            Fault::new(format!("{url} is listed and answers {status}"), rendition_line(case, url))
        })
    }))
}

fn rendition_line(case: &Case<'_>, url: &str) -> String {
    let lines = case.look.multivariants().flat_map(|text| &text.playlist.lines);
    let line = lines
        .into_iter()
        .find(|line| line.text.contains(url.rsplit_once('/').map_or(url, |(folder, _)| folder)));
    line.map_or(String::new(), |line| format!("byte {}: {}", line.at, line.text))
}

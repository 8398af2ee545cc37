//! What every media playlist must say.

use crate::judge::look::{Look, Rendition, Text, target};
use crate::judge::read::m3u8::{Playlist, Segment};
use crate::judge::read::nanos::Nanos;
use crate::judge::verdict::{Case, Clause, Fault, Outcome, Seen, all, hold};

/// Authoring specification 8.11.
const SEGMENTS_MIN: usize = 6;

/// Dates are written in milliseconds; so much may rounding take at each end.
const DATE_TOLERANCE: Nanos = Nanos::from_millis(2);

/// The clauses of this module.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "hls-4.1-form",
        title: "a playlist is UTF-8 without a byte order mark and begins with EXTM3U",
        source: "rfc8216bis-22 4.1, 4.4.1.1",
        check: form,
    },
    Clause {
        id: "hls-8-version",
        title: "EXT-X-VERSION stands once and is high enough: 9 for EXT-X-SKIP, 6 for EXT-X-MAP",
        source: "rfc8216bis-22 4.4.1.2, 8",
        check: version,
    },
    Clause {
        id: "hls-4.4.3.1-target-duration",
        title: "no segment is longer than the target duration (rounded from version 6 on, exactly below)",
        source: "rfc8216bis-22 4.4.3.1, 8",
        check: target_duration,
    },
    Clause {
        id: "hls-6.2.4-target-duration-equal",
        title: "all renditions of a tier have the same target duration",
        source: "rfc8216bis-22 6.2.4",
        check: target_duration_equal,
    },
    Clause {
        id: "hls-6.2.2-no-playlist-type",
        title: "a sliding live playlist has no EXT-X-PLAYLIST-TYPE",
        source: "rfc8216bis-22 6.2.2",
        check: |case| without(case, "EXT-X-PLAYLIST-TYPE"),
    },
    Clause {
        id: "hls-4.4.3.4-no-endlist",
        title: "a channel on air has no EXT-X-ENDLIST",
        source: "rfc8216bis-22 4.4.3.4",
        check: |case| without(case, "EXT-X-ENDLIST"),
    },
    Clause {
        id: "apple-8.11-six-segments",
        title: "six segments are listed once there have been so many",
        source: "Apple authoring 8.11; rfc8216bis-22 6.2.2",
        check: six_segments,
    },
    Clause {
        id: "hls-4.4.4.6-dated",
        title: "every playlist dates its segments by EXT-X-PROGRAM-DATE-TIME",
        source: "rfc8216bis-22 4.4.4.6, B.1; Apple authoring 8.4",
        check: dated,
    },
    Clause {
        id: "hls-4.4.4.9-tags-before-parts",
        title: "date, map, key and discontinuity of a segment stand before its first EXT-X-PART",
        source: "rfc8216bis-22 4.4.4.9",
        check: tags_before_parts,
    },
    Clause {
        id: "hls-4.4.4.6-dates-follow",
        title: "each segment begins where the one before it ended",
        source: "rfc8216bis-22 4.4.4.6, 6.2.1",
        check: dates_follow,
    },
    Clause {
        id: "hls-6.2.4-dates-agree",
        title: "the same instant has the same date in all renditions",
        source: "rfc8216bis-22 6.2.4",
        check: dates_agree,
    },
    Clause {
        id: "hls-4.4.4.5-map",
        title: "a playlist of CMAF segments names a header that can be fetched",
        source: "rfc8216bis-22 3.1.2, 4.4.4.5",
        check: map,
    },
    Clause {
        id: "apple-8.17-discontinuity",
        title: "no EXT-X-DISCONTINUITY, or EXT-X-DISCONTINUITY-SEQUENCE with it",
        source: "rfc8216bis-22 4.4.3.3; Apple authoring 8.17",
        check: discontinuity,
    },
    Clause {
        id: "hls-6.2.1-gap",
        title: "a segment without EXT-X-GAP can be fetched, one with it has a duration",
        source: "rfc8216bis-22 4.4.4.7, 6.2.1",
        check: gap,
    },
    Clause {
        id: "hls-4.4.4.1-extinf",
        title: "every segment has a duration",
        source: "rfc8216bis-22 4.4.4.1",
        check: extinf,
    },
];

fn at(text: &Text, what: &str) -> String {
    format!("{}: {what}", text.answer.url)
}

fn every(case: &Case<'_>, check: impl Fn(&Text) -> Outcome) -> Outcome {
    all(case.look.playlists().map(check))
}

fn form(case: &Case<'_>) -> Outcome {
    let texts = case.look.playlists().chain(case.look.multivariants());
    all(texts.filter(|text| text.answer.is_ok()).map(|text| {
        let body = &text.answer.body;
        let right = body.starts_with(b"#EXTM3U") && std::str::from_utf8(body).is_ok();
        hold(right, || Fault::bytes(at(text, "not UTF-8, or not from #EXTM3U on"), body, 0))
    }))
}

fn version(case: &Case<'_>) -> Outcome {
    let texts = case.look.playlists().chain(case.look.multivariants());
    all(texts.filter(|text| text.answer.is_ok()).map(|text| {
        let playlist = &text.playlist;
        let twice = playlist.tags("EXT-X-VERSION").count() > 1;
        let offered =
            playlist.tag("EXT-X-SERVER-CONTROL").is_some_and(|tag| tag.attribute("CAN-SKIP-UNTIL").is_some());
        let needed =
            match (offered || playlist.tag("EXT-X-SKIP").is_some(), playlist.tag("EXT-X-MAP").is_some()) {
                (true, _) => 9,
                (false, true) => 6,
                _ => 1,
            };
        let line = playlist.tags("EXT-X-VERSION").last();
        let what = format!("version {} where {needed} is needed, once", playlist.version());
        hold(!twice && playlist.version() >= needed, || Fault::line(at(text, &what), line))
    }))
}

fn target_duration(case: &Case<'_>) -> Outcome {
    every(case, |text| {
        let playlist = &text.playlist;
        let missing =
            || Fault::line(at(text, "no EXT-X-TARGETDURATION"), playlist.tag("EXT-X-TARGETDURATION"));
        let target = playlist.target_duration().ok_or_else(missing)?;
        let fits = |duration: Nanos| match playlist.version() {
            ..6 => duration <= target,
            _ => Nanos::from_secs(duration.rounded_secs()) <= target,
        };
        all(playlist.complete().filter_map(|segment| {
            let duration = segment.duration?;
            let line = extinf_line(playlist, segment);
            Some(hold(fits(duration), || {
                Fault::line(at(text, &format!("{duration}, target is {target}")), line)
            }))
        }))
    })
}

fn extinf_line<'a>(playlist: &'a Playlist, segment: &Segment) -> Option<&'a crate::judge::read::m3u8::Line> {
    let lines = playlist.lines.get(segment.lines.clone())?;
    lines.iter().find(|line| line.value_of("EXTINF").is_some()).or(lines.last())
}

fn target_duration_equal(case: &Case<'_>) -> Outcome {
    let tier = |renditions: &[Rendition]| {
        let texts: Vec<&Text> =
            renditions.iter().map(|r| &r.text).filter(|text| text.answer.is_ok()).collect();
        all(texts.windows(2).map(|pair| {
            let [first, second] = [pair[0], pair[1]].map(|text| text.playlist.value("EXT-X-TARGETDURATION"));
            let line = pair[1].playlist.tag("EXT-X-TARGETDURATION");
            hold(first == second, || {
                Fault::line(at(pair[1], &format!("{} says {first:?}", pair[0].answer.url)), line)
            })
        }))
    };
    all([tier(&case.look.renditions), tier(&case.look.ts)])
}

fn without(case: &Case<'_>, tag: &'static str) -> Outcome {
    every(case, |text| {
        let line = text.playlist.tag(tag);
        hold(line.is_none(), || Fault::line(at(text, &format!("{tag} in a live playlist")), line))
    })
}

fn six_segments(case: &Case<'_>) -> Outcome {
    every(case, |text| {
        let Some(target) = text.playlist.target_duration() else { return Ok(Seen::No) };
        let listed = text.playlist.complete().count();
        let long_enough = Nanos::from(case.look.watched) >= target.times(2 * SEGMENTS_MIN as i64);
        if listed < SEGMENTS_MIN && !long_enough {
            return Ok(Seen::No);
        }
        let line = text.playlist.tag("EXT-X-MEDIA-SEQUENCE");
        hold(listed >= SEGMENTS_MIN, || Fault::line(at(text, &format!("{listed} segments are listed")), line))
    })
}

fn dated(case: &Case<'_>) -> Outcome {
    every(case, |text| {
        let Some(first) = text.playlist.segments.first() else { return Ok(Seen::No) };
        let line = text.playlist.lines.get(first.lines.start);
        hold(first.date.is_some(), || Fault::line(at(text, "the first segment has no date"), line))
    })
}

fn tags_before_parts(case: &Case<'_>) -> Outcome {
    const TAGS: [&str; 4] = ["EXT-X-PROGRAM-DATE-TIME", "EXT-X-MAP", "EXT-X-KEY", "EXT-X-DISCONTINUITY"];
    every(case, |text| {
        all(text.playlist.segments.iter().filter_map(|segment| {
            let first = segment.parts.first()?.line;
            let behind = text.playlist.lines.get(first..segment.lines.end)?;
            let late = behind.iter().find(|line| line.tag().is_some_and(|(name, _)| TAGS.contains(&name)));
            Some(hold(late.is_none(), || Fault::line(at(text, "behind the segment's first part"), late)))
        }))
    })
}

fn dates_follow(case: &Case<'_>) -> Outcome {
    every(case, |text| {
        let date_line = |segment: &Segment| {
            let lines = text.playlist.lines.get(segment.lines.clone()).unwrap_or_default();
            lines.iter().find(|line| line.value_of("EXT-X-PROGRAM-DATE-TIME").is_some())
        };
        all(text.playlist.segments.windows(2).filter_map(|pair| {
            let due = pair[0].date? + pair[0].duration?;
            let is = pair[1].date?;
            let what = format!("segment {} begins at {is} where {due} is due", pair[1].msn);
            Some(hold(is.apart(due) <= DATE_TOLERANCE, || Fault::line(at(text, &what), date_line(&pair[1]))))
        }))
    })
}

/// Date minus media time, of each fetched segment of each rendition: one figure for the whole channel.
fn dates_agree(case: &Case<'_>) -> Outcome {
    let mut offsets = case.look.low_latency().flat_map(|rendition| {
        rendition.listed().filter_map(move |(piece, segment)| {
            let start = rendition.time(piece.media.start()?)?;
            Some((rendition, segment, Nanos(segment.date?.0.saturating_sub(start.0))))
        })
    });
    let Some((_, _, first)) = offsets.next() else { return Ok(Seen::No) };
    all(offsets.map(|(rendition, segment, offset)| {
        let line = rendition.playlist().lines.get(segment.lines.start);
        let what = format!("date and media time are {offset} apart here, {first} elsewhere");
        hold(offset.apart(first) <= DATE_TOLERANCE, || Fault::line(at(&rendition.text, &what), line))
    }))
}

fn map(case: &Case<'_>) -> Outcome {
    all(case.look.low_latency().map(|rendition| {
        let text = &rendition.text;
        let line = text.playlist.tag("EXT-X-MAP").filter(|line| line.attribute("URI").is_some());
        let line = line.ok_or_else(|| Fault::line(at(text, "no EXT-X-MAP with a URI"), None))?;
        let Some((answer, header)) = &rendition.header else { return Ok(Seen::Yes) };
        let what = format!("its header answers {} or is none", answer.status);
        hold(answer.is_ok() && header.is_some(), || Fault::line(at(text, &what), Some(line)))
    }))
}

fn discontinuity(case: &Case<'_>) -> Outcome {
    every(case, |text| {
        let line = text.playlist.tag("EXT-X-DISCONTINUITY");
        let counted = text.playlist.tag("EXT-X-DISCONTINUITY-SEQUENCE").is_some();
        hold(line.is_none() || counted, || {
            Fault::line(at(text, "without EXT-X-DISCONTINUITY-SEQUENCE"), line)
        })
    })
}

fn gap(case: &Case<'_>) -> Outcome {
    let fetched = case.look.all_renditions().flat_map(|rendition| {
        rendition.listed().map(move |(piece, segment)| {
            let status = piece.answer.status;
            let what = format!("segment {} is no gap and answers {status}", segment.msn);
            let line = rendition.playlist().lines.get(segment.lines.end.saturating_sub(1));
            hold(segment.gap || status == 200, || Fault::line(at(&rendition.text, &what), line))
        })
    });
    let lasting = every(case, |text| {
        all(text.playlist.complete().filter(|segment| segment.gap).map(|segment| {
            let line = text.playlist.lines.get(segment.lines.start);
            let right = segment.duration.is_some_and(|duration| duration > Nanos::ZERO);
            hold(right, || Fault::line(at(text, "a gap without a duration"), line))
        }))
    });
    all(fetched.chain([lasting]))
}

fn extinf(case: &Case<'_>) -> Outcome {
    every(case, |text| {
        all(text.playlist.complete().map(|segment| {
            let line = text.playlist.lines.get(segment.lines.end.saturating_sub(1));
            hold(segment.duration.is_some(), || Fault::line(at(text, "a segment without EXTINF"), line))
        }))
    })
}

/// The addresses of all media playlists that a multivariant playlist lists.
#[must_use]
pub fn listed_in(text: &Text) -> Vec<String> {
    let variants = text.playlist.variants().map(|(_, uri)| target(text, uri.text.trim()));
    let media = text.playlist.tags("EXT-X-MEDIA").filter_map(|tag| Some(target(text, tag.attribute("URI")?)));
    let mut all: Vec<String> = variants.chain(media).collect();
    all.sort();
    all.dedup();
    all
}

/// The media playlists of the LL-HLS tier, as they are listed.
#[must_use]
pub fn listed(look: &Look) -> Vec<String> {
    look.multivariant.as_ref().map(listed_in).unwrap_or_default()
}

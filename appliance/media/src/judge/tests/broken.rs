//! For each clause a change to a channel that obeys, after which it does not.

use super::super::{Evidence, Fetched, Purpose, RenditionEvidence};
use super::Rounds;

type Spoil = fn(&mut Rounds);

/// Every answer of a round.
pub(super) fn answers(evidence: &mut Evidence) -> Vec<&mut Fetched> {
    let mut all: Vec<&mut Fetched> = Vec::new();
    all.extend(&mut evidence.multivariant);
    all.extend(&mut evidence.ts_multivariant);
    all.extend(&mut evidence.manifest);
    for rendition in evidence.renditions.iter_mut().chain(&mut evidence.ts) {
        all.push(&mut rendition.playlist);
        all.extend(&mut rendition.header);
        for segment in &mut rendition.segments {
            all.push(&mut segment.whole);
            all.extend(&mut segment.parts);
        }
    }
    all.extend(evidence.probes.iter_mut().map(|probe| &mut probe.answer));
    all
}

/// Another text; a change that changes nothing would test nothing.
fn edit(answer: &mut Fetched, change: impl FnOnce(String) -> String) {
    let before = String::from_utf8(answer.body.to_vec()).expect("a text");
    let after = change(before.clone());
    assert_ne!(before, after, "nothing has changed in {}", answer.url);
    answer.body = after.into();
}

fn swap(answer: &mut Fetched, from: &str, to: &str) {
    edit(answer, |text| text.replacen(from, to, 1));
}

/// Without the first line that begins so.
fn drop_line(answer: &mut Fetched, start: &str) {
    edit(answer, |text| {
        let mut lines: Vec<&str> = text.lines().collect();
        let at = lines.iter().position(|line| line.starts_with(start)).expect("such a line");
        lines.remove(at);
        lines.join("\n") + "\n"
    });
}

fn set_header(answer: &mut Fetched, name: &str, value: Option<&str>) {
    answer.headers.retain(|(each, _)| each != name);
    answer.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
}

fn flip(answer: &mut Fetched, at: usize) {
    let mut bytes = answer.body.to_vec();
    bytes[at] ^= 0xFF;
    answer.body = bytes.into();
}

/// Changes the byte at this distance behind the `count`th place where `mark` stands.
fn flip_behind(answer: &mut Fetched, mark: &[u8], distance: usize) {
    let at = answer.body.windows(mark.len()).position(|window| window == mark).expect("the mark is there");
    flip(answer, at + distance);
}

fn video(rounds: &mut Rounds) -> &mut RenditionEvidence {
    &mut rounds.now.renditions[0]
}

fn playlist(rounds: &mut Rounds) -> &mut Fetched {
    &mut video(rounds).playlist
}

fn master(rounds: &mut Rounds) -> &mut Fetched {
    rounds.now.multivariant.as_mut().expect("it is there")
}

fn mpd(rounds: &mut Rounds) -> &mut Fetched {
    rounds.now.manifest.as_mut().expect("it is there")
}

/// The second of the fetched TS segments.
fn ts(rounds: &mut Rounds) -> &mut Fetched {
    &mut rounds.now.ts[0].segments[1].whole
}

fn segment(rounds: &mut Rounds) -> &mut Fetched {
    &mut video(rounds).segments[1].whole
}

fn probe(rounds: &mut Rounds, purpose: fn(&Purpose) -> bool) -> &mut Fetched {
    let found = rounds.now.probes.iter_mut().find(|probe| purpose(&probe.purpose));
    &mut found.expect("it was asked for").answer
}

macro_rules! asked {
    ($rounds:expr, $purpose:pat) => {
        probe($rounds, |purpose| matches!(purpose, $purpose))
    };
}

/// A packet of TS that does not belong there, with this PID.
fn put_packet(answer: &mut Fetched, at: usize, pid: u16) {
    let mut packet = vec![0x47, (pid >> 8) as u8, pid as u8, 0x10];
    packet.resize(188, 0xFF);
    let (head, tail) = answer.body.split_at(at);
    answer.body = [head, &packet, tail].concat().into();
}

/// Offset of the first packet of this PID that fits.
fn packet(answer: &Fetched, fits: impl Fn(&[u8]) -> bool) -> usize {
    let packets = answer.body.chunks(188).position(|packet| packet.len() == 188 && fits(packet));
    packets.expect("there is such a packet") * 188
}

fn pid(packet: &[u8]) -> u16 {
    u16::from_be_bytes([packet[1] & 0x1F, packet[2]])
}

/// Clause, and what breaks it.
pub(super) const BROKEN: &[(&str, Spoil)] = &[
    ("hls-4.4.2.1-independent-segments", |r| drop_line(master(r), "#EXT-X-INDEPENDENT-SEGMENTS")),
    ("hls-4.4.6.2-bandwidth", |r| swap(master(r), "AVERAGE-BANDWIDTH=", "X-AVERAGE=")),
    ("hls-4.4.6.2-codecs", |r| swap(master(r), "avc1.64001f", "avc1.42001e")),
    ("apple-1.10-sample-entry", |r| swap(master(r), "avc1.", "avc3.")),
    ("hls-4.4.6.2-resolution", |r| swap(master(r), "RESOLUTION=1280x720", "RESOLUTION=wide")),
    ("hls-4.4.6.2-frame-rate", |r| swap(master(r), "FRAME-RATE=", "X-FRAME-RATE=")),
    ("apple-1.29-peak", |r| {
        edit(master(r), |text| {
            let at = text.find(":BANDWIDTH=").expect("an attribute") + 11;
            let end = at + text[at..].find(',').expect("more attributes");
            format!("{}9000{}", &text[..at], &text[end..])
        });
    }),
    ("hls-4.4.6.1-audio-rendition", |r| swap(master(r), ",AUDIO=\"audio\"", "")),
    ("hls-6.2.4-listed-playlists", |r| playlist(r).status = 404),
    ("hls-4.1-form", |r| edit(playlist(r), |text| format!("\u{feff}{text}"))),
    ("hls-8-version", |r| swap(playlist(r), "#EXT-X-VERSION:9", "#EXT-X-VERSION:6")),
    ("hls-4.4.3.1-target-duration", |r| {
        swap(playlist(r), "#EXT-X-TARGETDURATION:2", "#EXT-X-TARGETDURATION:1");
    }),
    ("hls-6.2.4-target-duration-equal", |r| {
        swap(playlist(r), "#EXT-X-TARGETDURATION:2", "#EXT-X-TARGETDURATION:3");
    }),
    ("hls-6.2.2-no-playlist-type", |r| {
        swap(playlist(r), "#EXTM3U\n", "#EXTM3U\n#EXT-X-PLAYLIST-TYPE:EVENT\n");
    }),
    ("hls-4.4.3.4-no-endlist", |r| edit(playlist(r), |text| text + "#EXT-X-ENDLIST\n")),
    ("apple-8.11-six-segments", |r| {
        edit(playlist(r), |text| {
            let (head, tail) = text.split_once("#EXT-X-PROGRAM-DATE-TIME").expect("dates");
            let segments: Vec<&str> = tail.split("#EXT-X-PROGRAM-DATE-TIME").collect();
            let last = segments[segments.len() - 5..].join("#EXT-X-PROGRAM-DATE-TIME");
            format!("{head}#EXT-X-PROGRAM-DATE-TIME{last}")
        });
    }),
    ("hls-4.4.4.6-dated", |r| drop_line(playlist(r), "#EXT-X-PROGRAM-DATE-TIME")),
    ("hls-4.4.4.9-tags-before-parts", |r| {
        swap(playlist(r), "#EXT-X-PRELOAD-HINT", "#EXT-X-DISCONTINUITY\n#EXT-X-PRELOAD-HINT");
    }),
    ("hls-4.4.4.6-dates-follow", |r| swap(playlist(r), "#EXTINF:2.0", "#EXTINF:1.9")),
    ("hls-6.2.4-dates-agree", |r| edit(playlist(r), |text| text.replace(".000Z", ".100Z"))),
    ("hls-4.4.4.5-map", |r| drop_line(playlist(r), "#EXT-X-MAP")),
    ("apple-8.17-discontinuity", |r| swap(playlist(r), "#EXTINF", "#EXT-X-DISCONTINUITY\n#EXTINF")),
    ("hls-6.2.1-gap", |r| segment(r).status = 404),
    ("hls-4.4.4.1-extinf", |r| drop_line(playlist(r), "#EXTINF")),
    ("hls-6.2.4-server-control", |r| swap(playlist(r), "PART-HOLD-BACK=1.536", "PART-HOLD-BACK=1.6")),
    ("hls-4.4.3.8-can-block-reload", |r| swap(playlist(r), "CAN-BLOCK-RELOAD=YES,", "")),
    ("hls-4.4.3.8-part-hold-back", |r| swap(playlist(r), "PART-HOLD-BACK=1.536", "PART-HOLD-BACK=1.25")),
    ("hls-4.4.3.8-hold-back", |r| {
        swap(playlist(r), "CAN-BLOCK-RELOAD=YES,", "CAN-BLOCK-RELOAD=YES,HOLD-BACK=5.0,");
    }),
    ("hls-4.4.3.8-skip-boundary", |r| swap(playlist(r), "CAN-SKIP-UNTIL=12.0", "CAN-SKIP-UNTIL=10.0")),
    ("hls-4.4.3.7-part-inf", |r| drop_line(playlist(r), "#EXT-X-PART-INF")),
    ("hls-4.4.4.9-part-ceiling", |r| {
        swap(playlist(r), "#EXT-X-PART:DURATION=0.5", "#EXT-X-PART:DURATION=0.501");
    }),
    ("hls-4.4.4.9-part-floor", |r| {
        edit(playlist(r), |text| {
            let at = text.find("INDEPENDENT=YES").expect("an independent part");
            let next = at + text[at..].find("DURATION=0.5").expect("a part behind it");
            format!("{}DURATION=0.4{}", &text[..next], &text[next + 12..])
        });
    }),
    ("hls-6.2.2-parts-listed", |r| {
        edit(playlist(r), |text| {
            text.lines().filter(|line| !line.starts_with("#EXT-X-PART:")).collect::<Vec<_>>().join("\n")
                + "\n"
        });
    }),
    ("hls-4.4.5.3-preload-hint", |r| drop_line(playlist(r), "#EXT-X-PRELOAD-HINT")),
    ("hls-6.2.6-hint-requestable", |r| asked!(r, Purpose::HintedPart).status = 404),
    ("hls-b1-rendition-reports", |r| drop_line(playlist(r), "#EXT-X-RENDITION-REPORT")),
    ("hls-4.4.5.4-report-uri", |r| swap(playlist(r), "REPORT:URI=\"../", "REPORT:URI=\"/live/x/")),
    ("hls-4.4.5.4-report-last", |r| swap(playlist(r), "LAST-PART=", "X-PART=")),
    ("hls-4.4.3.1-target-duration-constant", |r| {
        swap(&mut r.before.renditions[0].playlist, "#EXT-X-TARGETDURATION:2", "#EXT-X-TARGETDURATION:3");
    }),
    ("hls-6.2.2-media-sequence", |r| {
        edit(playlist(r), |text| {
            let line = text
                .lines()
                .find(|line| line.starts_with("#EXT-X-MEDIA-SEQUENCE"))
                .expect("a number")
                .to_owned();
            text.replace(&line, "#EXT-X-MEDIA-SEQUENCE:7")
        });
    }),
    ("hls-6.2.1-numbers", |r| {
        edit(&mut r.before.renditions[0].playlist, |text| text.replace("#EXTINF:2.0", "#EXTINF:1.9"));
    }),
    ("hls-6.2.2-fresh", |r| playlist(r).asked_at = playlist(r).asked_at + crate::time::Ticks::from_secs(5)),
    ("hls-6.2.2-removed-segments", |r| asked!(r, Purpose::RemovedSegment).status = 404),
    ("hls-6.2.5.2-part-without-msn", |r| asked!(r, Purpose::PartWithoutMsn).status = 200),
    ("hls-6.2.5.2-msn-too-far", |r| asked!(r, Purpose::MsnTooFar).status = 503),
    ("hls-6.2.5.2-part-too-far", |r| asked!(r, Purpose::PartTooFar).status = 404),
    ("hls-6.2.5.2-old-msn", |r| asked!(r, Purpose::OldMsn).status = 400),
    ("hls-6.2.5.2-roll-over", |r| {
        let old = playlist(r).body.clone();
        asked!(r, Purpose::RollOver(_)).body = old;
    }),
    ("hls-6.2.5.2-next-part", |r| {
        let old = playlist(r).body.clone();
        asked!(r, Purpose::NextPart(..)).body = old;
    }),
    ("hls-6.2.5.2-next-segment", |r| {
        let old = playlist(r).body.clone();
        asked!(r, Purpose::NextSegment(_)).body = old;
    }),
    ("hls-6.2.5.2-never-404", |r| asked!(r, Purpose::NextPart(..)).status = 404),
    ("hls-6.2.5.1-delta-offered", |r| {
        let whole = playlist(r).body.clone();
        asked!(r, Purpose::Delta).body = whole;
    }),
    ("hls-6.2.5.1-delta", |r| swap(asked!(r, Purpose::Delta), "#EXTINF:2.0", "#EXTINF:1.5")),
    ("hls-4-content-type", |r| set_header(playlist(r), "content-type", Some("text/plain"))),
    ("apple-10.1-gzip", |r| set_header(playlist(r), "content-encoding", None)),
    ("hls-b1-vary", |r| set_header(playlist(r), "vary", Some("Origin"))),
    ("hls-b1-cache-playlist", |r| set_header(playlist(r), "cache-control", Some("public, max-age=12"))),
    ("hls-b1-cache-blocking", |r| {
        set_header(asked!(r, Purpose::NextPart(..)), "cache-control", Some("no-store"));
    }),
    ("hls-b1-cache-media", |r| set_header(segment(r), "cache-control", None)),
    ("hls-b1-cache-errors", |r| {
        set_header(asked!(r, Purpose::MsnTooFar), "cache-control", Some("max-age=60"));
    }),
    ("hls-c-no-age", |r| set_header(segment(r), "age", Some("0"))),
    ("apple-8.18-no-redirects", |r| segment(r).status = 302),
    ("hls-6.2.6-unknown-part", |r| asked!(r, Purpose::UnknownPart).status = 503),
    ("hls-6.2.6-whole-parts", |r| set_header(asked!(r, Purpose::HintedPart), "content-length", None)),
    ("cmaf-7.2-brand", |r| {
        let header = video(r).header.as_mut().expect("a header");
        flip_behind(header, b"cmfc", 0);
    }),
    ("cmaf-7.3.1-one-track", |r| {
        let header = video(r).header.as_mut().expect("a header");
        flip_behind(header, b"trak", 0);
    }),
    ("cmaf-7.3.2.3-chunks", |r| flip_behind(segment(r), b"mdat", 1)),
    ("cmaf-7.3.2.2-decode-times", |r| flip_behind(segment(r), b"tfdt", 14)),
    ("hls-3-starts-with-idr", |r| {
        let segment = segment(r);
        // Behind mdat: four bytes of length, then the NAL unit's header.
        flip_behind(segment, b"mdat", 8);
    }),
    ("hls-3.3-parts-joined", |r| {
        let last = segment(r).body.len() - 1;
        flip(segment(r), last);
    }),
    ("hls-4.4.4.9-part-duration", |r| {
        edit(playlist(r), |text| text.replace("DURATION=0.5,", "DURATION=0.49,"));
    }),
    ("hls-4.4.4.9-independent", |r| {
        edit(playlist(r), |text| text.replace(".1.m4s\"", ".1.m4s\",INDEPENDENT=YES"));
    }),
    ("hls-4.4.4.1-segment-duration", |r| {
        edit(playlist(r), |text| text.replace("#EXTINF:2.0", "#EXTINF:2.1"));
    }),
    ("dash-5.2-manifest", |r| edit(mpd(r), |text| text.replace("</MPD>", ""))),
    ("dash-5.3.1.2-live", |r| swap(mpd(r), "type=\"dynamic\"", "type=\"static\"")),
    ("dashif-ll-profile", |r| swap(mpd(r), "low-latency-live-v5", "low-latency-live-v4")),
    ("dashif-ll-service-description", |r| swap(mpd(r), "target=\"1000\"", "target=\"1\"")),
    ("dash-5.8.4.11-utc-timing", |r| swap(mpd(r), "value=\"/time\"", "value=\"https://time.example/?iso\"")),
    ("dash-5.8.4.11-clock", |r| edit(asked!(r, Purpose::Clock), |text| text.replace("2026", "2025"))),
    ("dash-5.3.9.4-number", |r| swap(mpd(r), "$Number$", "$Time$")),
    ("dash-5.3.9.5-time-offset", |r| {
        swap(mpd(r), "availabilityTimeOffset=\"1.", "availabilityTimeOffset=\"1.99");
    }),
    ("dash-5.3.9.5-time-complete", |r| {
        swap(mpd(r), "availabilityTimeComplete=\"false\"", "availabilityTimeComplete=\"FALSE\"");
    }),
    ("dash-5.12-reference-time", |r| {
        swap(mpd(r), "<ProducerReferenceTime id=\"1\"", "<ProducerReferenceTime id=\"0\"");
    }),
    ("dash-k-reference-id", |r| swap(mpd(r), "referenceId=\"1\"", "referenceId=\"7\"")),
    ("dash-5.12-in-band", |r| swap(mpd(r), "presentationTime=\"0\"", "presentationTime=\"360000\"")),
    ("dash-5.13-resync", |r| edit(mpd(r), |text| text.replace("dT=\"36000\"", "dT=\"30000\""))),
    ("dash-early-segment", |r| {
        set_header(asked!(r, Purpose::EarlySegment), "cache-control", Some("max-age=2"));
    }),
    ("dash-gone-segment", |r| asked!(r, Purpose::GoneSegment).status = 404),
    ("dash-announced-segment", |r| asked!(r, Purpose::AnnouncedSegment).status = 404),
    ("dash-same-bytes", |r| flip(asked!(r, Purpose::ManifestSegment), 100)),
    ("dash-5.3.1.2-constant", |r| {
        swap(mpd(r), "availabilityStartTime=\"1970", "availabilityStartTime=\"1971");
    }),
    ("ts-2.4.3.2-sync", |r| flip(ts(r), 188)),
    ("hls-3.1.1-pat-pmt", |r| put_packet(ts(r), 0, 0x1FFF)),
    ("ts-2.4.4-crc", |r| flip(ts(r), 188 + 12)),
    ("apple-2.17-streams", |r| {
        // stream_type of the PMT's first stream: HEVC.
        let at = ts(r).body.windows(3).position(|three| three == [0x1B, 0xE1, 0x00]).expect("an AVC stream");
        let mut bytes = ts(r).body.to_vec();
        bytes[at] = 0x24;
        ts(r).body = bytes.into();
    }),
    ("ts-2.4.3.3-continuity", |r| {
        let middle = packet(ts(r), |packet| packet[3] & 0x10 != 0 && packet[1] & 0x40 == 0);
        let bytes = ts(r).body.to_vec();
        ts(r).body = [&bytes[..middle], &bytes[middle + 188..]].concat().into();
    }),
    ("ts-2.7.2-pcr", |r| {
        let clock = |packet: &[u8]| packet[3] & 0x20 != 0 && packet[4] > 6 && packet[5] & 0x10 != 0;
        let first = packet(ts(r), clock);
        flip(ts(r), first + 8);
    }),
    ("apple-7.4-idr", |r| {
        let first = packet(ts(r), |packet| pid(packet) == 0x100);
        // random_access_indicator
        let mut bytes = ts(r).body.to_vec();
        bytes[first + 5] &= !0x40;
        ts(r).body = bytes.into();
    }),
    ("hls-ts-priming", |r| {
        let first = packet(ts(r), |packet| pid(packet) == 0x101 && packet[1] & 0x40 != 0);
        let body = ts(r).body.clone();
        let pes = body[first..].windows(3).position(|three| three == [0, 0, 1]).expect("a PES packet");
        flip(ts(r), first + pes + 10);
    }),
    ("hls-3.1.1-timestamps", |r| {
        let playlist = &mut r.now.ts[0].playlist;
        edit(playlist, |text| text.replace("#EXTINF:1.0", "#EXTINF:0.9"));
    }),
    ("hls-8-ts-version", |r| swap(&mut r.now.ts[0].playlist, "#EXT-X-VERSION:6", "#EXT-X-VERSION:3")),
];

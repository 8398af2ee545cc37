//! A day of a channel in virtual time, past the wrap of MPEG-TS time stamps (every 26 h 30 m 43 s) and past midnight: what
//! viewers are told goes on by one, and nothing grows.
//!
//! `FOREBAY_VIRTUAL_HOURS` (default 1; 24 in the long form) is how long the day lasts. It begins half an hour before the
//! wrap.

use media::hls::{RenditionReport, ServerControl, Skip, media_playlist, ts_media_playlist};
use media::packager::{Pushed, RenditionPackager, WindowLimits};
use media::testing::{audio_rendition, units, video_rendition};
use media::time::{FrameRate, Ticks};
use media::ts;
use media::unit::AccessUnit;
use media::window::{Rendition, Snapshot};
use std::sync::Arc;

const LIMITS: WindowLimits = WindowLimits { listed_segments: 10, kept_segments: 18, listed_step: 1 };
/// Stamps of MPEG-TS are counted in 90,000ths of a second, modulo this.
const TS_MODULUS: u64 = 1 << 33;
const TS_RATE: u64 = 90_000;

fn hours() -> i64 {
    std::env::var("FOREBAY_VIRTUAL_HOURS").ok().and_then(|value| value.parse().ok()).unwrap_or(1)
}

/// Half an hour before the first wrap of 2027 in UTC.
fn start() -> Ticks {
    const YEAR_2027: u64 = 1_798_761_600;
    let wraps = (YEAR_2027 * TS_RATE).div_ceil(TS_MODULUS);
    Ticks::from_secs((wraps * TS_MODULUS / TS_RATE) as i64 - 1800)
}

struct Day {
    packagers: [RenditionPackager; 2],
    control: ServerControl,
    /// Of each rendition: number and end of the newest complete segment.
    newest: [Option<(u64, Ticks)>; 2],
    sequence: Option<u64>,
    date: String,
    pts: Option<u64>,
    wraps: u32,
    segments: u64,
}

impl Day {
    fn push(&mut self, index: usize, unit: AccessUnit) {
        let pushed = self.packagers[index].push(unit).expect("generated units are well-formed");
        let Pushed::Published(update) = pushed else { return };
        if update.segment_done {
            self.segment(index, &update.snapshot);
        }
    }

    fn segment(&mut self, index: usize, snapshot: &Arc<Snapshot>) {
        let complete = snapshot.segments.iter().rev().find(|segment| segment.complete).expect("one was done");
        assert!(!complete.gap && snapshot.segments.len() <= LIMITS.kept_segments + 1);
        if let Some((msn, end)) = self.newest[index] {
            assert_eq!((complete.msn.0, complete.start), (msn + 1, end), "rendition {index}");
        }
        self.newest[index] = Some((complete.msn.0, complete.start + complete.duration));
        if index == 0 {
            self.segments += 1;
            self.playlist(snapshot);
            self.ts(snapshot);
        }
    }

    fn playlist(&mut self, snapshot: &Snapshot) {
        let audio = self.packagers[1].snapshot();
        let reports = RenditionReport::of_others([snapshot, &*audio], &snapshot.rendition.id);
        let text = media_playlist(snapshot, &reports, &self.control, Skip::No);
        let sequence = tag(&text, "#EXT-X-MEDIA-SEQUENCE:").parse().expect("a number");
        let full = snapshot.listed().filter(|segment| segment.complete).count() == LIMITS.listed_segments;
        if let Some(before) = self.sequence.filter(|_| full) {
            assert!(sequence == before || sequence == before + 1, "{sequence} after {before}");
        }
        self.sequence = Some(sequence);
        let date = tag(&text, "#EXT-X-PROGRAM-DATE-TIME:").to_owned();
        assert!(date >= self.date, "{date} after {}", self.date);
        self.date = date;
        assert!(text.len() < 20_000 && !text.contains("EXT-X-GAP") && !text.contains("EXT-X-DISCONTINUITY"));
    }

    /// The stamps of the pictures that a TS segment begins with are one segment apart, the wrap or not.
    fn ts(&mut self, snapshot: &Snapshot) {
        let audio = self.packagers[1].snapshot();
        assert!(!ts_media_playlist(snapshot, Some(&audio)).contains("DISCONTINUITY"));
        let halves: Vec<_> = ts::listed_halves(snapshot, Some(&audio)).collect();
        let Some(newest) = halves.last() else { return };
        let Some(bytes) = ts::segment(snapshot, Some(&audio), newest.number) else { return };
        let pts = first_pts(&bytes).expect("a picture");
        if let Some(before) = self.pts {
            let apart = (pts + TS_MODULUS - before) % TS_MODULUS;
            assert!(apart.is_multiple_of(TS_RATE) && apart <= 4 * TS_RATE, "{pts} after {before}");
            self.wraps += u32::from(pts < before);
        }
        self.pts = Some(pts);
    }
}

fn tag<'a>(text: &'a str, tag: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(tag)).unwrap_or_else(|| panic!("no {tag} in {text}"))
}

/// The first presentation time stamp of video (ISO/IEC 13818-1, 2.4.3.6).
fn first_pts(bytes: &[u8]) -> Option<u64> {
    bytes.chunks_exact(188).find_map(|packet| {
        let begins = packet[1] & 0x40 != 0;
        let adaptation = if packet[3] & 0x20 != 0 { 1 + usize::from(packet[4]) } else { 0 };
        let pes = packet.get(4 + adaptation..)?;
        let is_video = begins && pes.len() > 14 && pes[..3] == [0, 0, 1] && pes[3] & 0xF0 == 0xE0;
        is_video.then(|| {
            let [a, b, c, d, e] = [9, 10, 11, 12, 13].map(|at| u64::from(pes[at]));
            (a >> 1 & 7) << 30 | b << 22 | (c >> 1) << 15 | d << 7 | e >> 1
        })
    })
}

#[test]
fn a_day_goes_by_and_nothing_but_the_time_has_changed() {
    let renditions: [Arc<Rendition>; 2] =
        [video_rendition(FrameRate::FPS_30), audio_rendition(FrameRate::FPS_30)].map(Arc::new);
    let control = ServerControl::for_renditions(renditions.iter().map(Arc::as_ref));
    let packagers = renditions.each_ref().map(|each| RenditionPackager::new(each.clone(), LIMITS));
    let (newest, date, from) = (Default::default(), String::new(), start());
    let mut day = Day { packagers, control, newest, sequence: None, date, pts: None, wraps: 0, segments: 0 };
    let mut streams = renditions.each_ref().map(|each| units(each, from).peekable());
    let until = from + Ticks::from_secs(hours() * 3600);
    loop {
        let next = |index: usize, streams: &mut [_; 2]| {
            let streams: &mut [std::iter::Peekable<_>; 2] = streams;
            streams[index].peek().map(|unit: &AccessUnit| unit.dts).expect("they have no end")
        };
        let (video, audio) = (next(0, &mut streams), next(1, &mut streams));
        if video.min(audio) >= until {
            break;
        }
        // Sound is ahead of the picture that it belongs to, as from the encoder.
        let index = usize::from(audio <= video);
        let unit = streams[index].next().expect("they have no end");
        day.push(index, unit);
    }
    assert_eq!(day.wraps, 1, "the wrap was not seen");
    let expected = hours() as u64 * 1800;
    assert!((expected - 2..=expected).contains(&day.segments), "{} of {expected} segments", day.segments);
    let counters = day.packagers.each_ref().map(RenditionPackager::counters);
    assert!(
        counters.iter().all(|counters| counters.holes + counters.gaps + counters.resets == 0),
        "{counters:?}"
    );
}

//! What a client sees of a channel that obeys: two rounds, four seconds apart.

use super::super::{Evidence, Fetched, Probe, Purpose, RenditionEvidence, SegmentEvidence};
use crate::dash;
use crate::date::Utc;
use crate::hls::{
    RenditionReport, ServerControl, Skip, media_playlist, multivariant, ts_media_playlist, ts_multivariant,
};
use crate::packager::{RenditionPackager, WindowLimits};
use crate::testing::{audio_rendition, units, video_rendition};
use crate::time::{FrameRate, Msn, Ticks};
use crate::ts::{self, TsMsn};
use crate::window::{Rendition, Snapshot};
use bytes::Bytes;
use std::sync::Arc;

const START: Ticks = Ticks::from_secs(1_780_000_000);
const LIMITS: WindowLimits = WindowLimits { listed_segments: 10, kept_segments: 18, listed_step: 1 };
/// Of media before the first round: the window is full.
const FIRST: Ticks = Ticks::from_millis(42_700);
const BETWEEN: Ticks = Ticks::from_secs(4);
/// Segments fetched of each rendition, and halves of TS.
const FETCHED: usize = 2;

/// The earlier round, then the later one.
pub(super) fn rounds() -> [Evidence; 2] {
    [FIRST, FIRST + BETWEEN].map(|length| Channel::until(START + length).evidence())
}

struct Channel {
    now: Ticks,
    video: Arc<Snapshot>,
    audio: Arc<Snapshot>,
    control: ServerControl,
    /// The same a moment later: for requests that are held.
    later: Option<Box<Channel>>,
}

fn window(rendition: Rendition, until: Ticks) -> Arc<Snapshot> {
    let rendition = Arc::new(rendition);
    let mut packager = RenditionPackager::new(rendition.clone(), LIMITS);
    for unit in units(&rendition, START).take_while(|unit| unit.dts + unit.duration <= until) {
        packager.push(unit).expect("generated units are well-formed");
    }
    packager.snapshot()
}

impl Channel {
    fn until(now: Ticks) -> Self {
        Self { later: Some(Box::new(Self::at(now + BETWEEN))), ..Self::at(now) }
    }

    fn at(now: Ticks) -> Self {
        let rate = FrameRate::FPS_30;
        let (video, audio) = (window(video_rendition(rate), now), window(audio_rendition(rate), now));
        let control = ServerControl::for_renditions([&*video.rendition, &*audio.rendition]);
        Self { now, video, audio, control, later: None }
    }

    fn evidence(&self) -> Evidence {
        let all = [&*self.video, &*self.audio];
        Evidence {
            watched: Ticks::from_secs(60),
            multivariant: Some(self.text("master.m3u8", M3U8, "public, max-age=1", multivariant(&all))),
            renditions: all.into_iter().map(|snapshot| self.rendition(snapshot)).collect(),
            manifest: Some(self.manifest()),
            ts_multivariant: Some(self.text(
                "ts/master.m3u8",
                M3U8,
                "public, max-age=1",
                self.ts_multivariant(),
            )),
            ts: vec![self.ts()],
            probes: self.probes(),
        }
    }

    fn answer(&self, url: &str, status: u16, cache_control: &str, body: impl Into<Bytes>) -> Fetched {
        let headers =
            [("cache-control", cache_control)].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (at, body) = (self.now + Ticks::from_millis(20), body.into());
        let mut headers = headers.to_vec();
        headers.push(("content-length".into(), body.len().to_string()));
        Fetched { url: url.to_owned(), asked_at: self.now, at, status, headers, body }
    }

    fn text(&self, url: &str, kind: &str, cache_control: &str, text: String) -> Fetched {
        let mut answer = self.answer(url, 200, cache_control, text);
        let more =
            [("content-type", kind), ("content-encoding", "gzip"), ("vary", "Origin, Accept-Encoding")];
        answer.headers.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
        answer
    }

    fn media(&self, url: &str, kind: &str, body: impl Into<Bytes>) -> Fetched {
        let mut answer = self.answer(url, 200, "public, max-age=12", body);
        answer.headers.push(("content-type".into(), kind.into()));
        answer
    }

    fn playlist(&self, snapshot: &Snapshot, skip: Skip) -> String {
        let reports = RenditionReport::of_others([&*self.video, &*self.audio], &snapshot.rendition.id);
        media_playlist(snapshot, &reports, &self.control, skip)
    }

    fn rendition(&self, snapshot: &Snapshot) -> RenditionEvidence {
        let id = &snapshot.rendition.id;
        let complete: Vec<_> = snapshot.listed().filter(|segment| segment.complete).collect();
        let segments = complete[complete.len() - FETCHED..].iter().map(|segment| {
            let bytes = |part: &Arc<crate::window::Part>| -> Bytes {
                part.chunks.iter().flat_map(|chunk| chunk.bytes.iter().copied()).collect()
            };
            let parts = segment.parts.iter().map(|part| {
                self.media(&format!("{id}/{}.{}.m4s", segment.msn.0, part.index.0), "video/mp4", bytes(part))
            });
            let whole: Bytes = segment.parts.iter().flat_map(bytes).collect();
            let url = format!("{id}/{}.m4s", segment.msn.0);
            SegmentEvidence {
                msn: segment.msn.0,
                whole: self.media(&url, "video/mp4", whole),
                parts: parts.collect(),
            }
        });
        let (url, text) = (format!("{id}/media.m3u8"), self.playlist(snapshot, Skip::No));
        let header = format!("{id}/{}", snapshot.rendition.init_name);
        RenditionEvidence {
            playlist: self.text(&url, M3U8, "public, max-age=1", text),
            header: Some(self.media(&header, "video/mp4", snapshot.rendition.init.clone())),
            segments: segments.collect(),
        }
    }

    fn manifest(&self) -> Fetched {
        let settings = dash::Settings {
            publish_time: START,
            time_shift: Ticks::from_secs(20),
            target_latency: Ticks::from_millis(1000),
            production_delay: Ticks::from_millis(50),
            update_period: dash::UPDATED_SELDOM,
            time_url: "/time",
        };
        let periods = dash::Period::of_eras(&[&self.video.eras, &self.audio.eras]);
        let mpd = dash::mpd(&periods, &settings);
        self.text("manifest.mpd", "application/dash+xml", "public, max-age=2", mpd)
    }

    fn ts_multivariant(&self) -> String {
        ts_multivariant(&[&*self.video.rendition], Some(&*self.audio.rendition))
    }

    fn ts(&self) -> RenditionEvidence {
        let listed: Vec<TsMsn> =
            ts::listed_halves(&self.video, Some(&self.audio)).map(|half| half.number).collect();
        let segments = listed[listed.len() - FETCHED..].iter().map(|number| {
            let bytes = ts::segment(&self.video, Some(&self.audio), *number).expect("it is listed");
            let url = format!("ts/720p/{}.ts", number.0);
            SegmentEvidence { msn: number.0, whole: self.media(&url, "video/mp2t", bytes), parts: Vec::new() }
        });
        let text = ts_media_playlist(&self.video, Some(&self.audio));
        RenditionEvidence {
            playlist: self.text("ts/720p/media.m3u8", M3U8, "public, max-age=1", text),
            header: None,
            segments: segments.collect(),
        }
    }

    fn probes(&self) -> Vec<Probe> {
        let later = self.later.as_ref().expect("rounds are made with a later state");
        let (Msn(msn), part) = self.video.live_edge().expect("the window is full");
        let next = part.0 as usize + 1;
        let held = |query: String| {
            let text = later.playlist(&later.video, Skip::No);
            self.text(&format!("720p/media.m3u8?{query}"), M3U8, "public, max-age=12", text)
        };
        let refused =
            |query: String| self.answer(&format!("720p/media.m3u8?{query}"), 400, "public, max-age=8", "why");
        let delta = self.playlist(&self.video, Skip::Yes);
        let hint = format!("720p/{msn}.{next}.m4s");
        let first = self.video.segments[0].msn.0;
        let newest = &self.rendition(&self.video).segments[FETCHED - 1].whole;
        let mut clock = self.answer("/time", 200, "no-store", Utc(self.now).to_string());
        clock.headers.push(("access-control-allow-origin".into(), "*".into()));
        let not_yet = |url: &str, keep| self.answer(url, 404, keep, "not there");
        let old = |query: String| {
            let text = self.playlist(&self.video, Skip::No);
            self.text(&format!("720p/media.m3u8?{query}"), M3U8, "public, max-age=12", text)
        };
        let of_playlist = |purpose, answer| Probe { purpose, playlist: "720p/media.m3u8".into(), answer };
        let of_manifest = |purpose, answer| Probe { purpose, playlist: String::new(), answer };
        vec![
            of_playlist(
                Purpose::Delta,
                self.text("720p/media.m3u8?_HLS_skip=YES", M3U8, "public, max-age=1", delta),
            ),
            of_playlist(Purpose::PartWithoutMsn, refused("_HLS_part=1".into())),
            of_playlist(Purpose::MsnTooFar, refused(format!("_HLS_msn={}", msn + 4))),
            of_playlist(Purpose::PartTooFar, refused(format!("_HLS_msn={}&_HLS_part=3", msn + 2))),
            of_playlist(Purpose::OldMsn, old(format!("_HLS_msn={}", first - 1))),
            of_playlist(Purpose::RollOver(msn), held(format!("_HLS_msn={msn}&_HLS_part=9"))),
            of_playlist(Purpose::NextPart(msn, next), held(format!("_HLS_msn={msn}&_HLS_part={next}"))),
            of_playlist(Purpose::NextSegment(msn), held(format!("_HLS_msn={msn}"))),
            of_playlist(Purpose::HintedPart, self.media(&hint, "video/mp4", "a part")),
            of_playlist(
                Purpose::UnknownPart,
                not_yet(&format!("720p/{}.0.m4s", msn + 9), "public, max-age=2"),
            ),
            of_playlist(
                Purpose::RemovedSegment,
                self.media(&format!("720p/{first}.m4s"), "video/mp4", "a segment"),
            ),
            of_manifest(Purpose::EarlySegment, not_yet(&format!("720p/{}.m4s", msn + 3), "no-store")),
            of_manifest(Purpose::GoneSegment, self.answer("720p/7.m4s", 410, "public, max-age=2", "gone")),
            of_manifest(
                Purpose::AnnouncedSegment,
                self.media(&format!("720p/{msn}.m4s"), "video/mp4", "chunks"),
            ),
            of_manifest(Purpose::ManifestSegment, newest.clone()),
            of_manifest(Purpose::Clock, clock),
        ]
    }
}

const M3U8: &str = "application/vnd.apple.mpegurl";

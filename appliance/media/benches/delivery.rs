//! What playlists and waiting for them cost. Budgets on one core of a small server; medians of a quiet two-core machine
//! behind them.

use divan::Bencher;
use media::hls::{
    BlockingRequest, RenditionReport, ServerControl, Skip, decide, media_playlist, multivariant,
};
use media::packager::{RenditionPackager, WindowLimits};
use media::testing::{audio_rendition, units, video_rendition};
use media::time::{FrameRate, Ticks};
use media::window::{Rendition, Snapshot};
use std::sync::Arc;

fn main() {
    divan::main();
}

const START: Ticks = Ticks::from_secs(1_780_000_000);
const LIMITS: WindowLimits = WindowLimits { listed_segments: 10, kept_segments: 18, listed_step: 1 };

/// A full window, and a part of the next segment.
fn full(rendition: Rendition) -> Arc<Snapshot> {
    let rendition = Arc::new(rendition);
    let mut packager = RenditionPackager::new(rendition.clone(), LIMITS);
    for unit in units(&rendition, START).take_while(|unit| unit.dts < START + Ticks::from_millis(40_700)) {
        packager.push(unit).expect("generated units are well-formed");
    }
    packager.snapshot()
}

fn channel() -> [Arc<Snapshot>; 2] {
    [full(video_rendition(FrameRate::FPS_30)), full(audio_rendition(FrameRate::FPS_30))]
}

fn playlist(bencher: Bencher<'_, '_>, skip: Skip) {
    let [video, audio] = channel();
    let control = ServerControl::for_renditions([&*video.rendition, &*audio.rendition]);
    let reports = RenditionReport::of_others([&*video, &*audio], &video.rendition.id);
    bencher.bench_local(|| media_playlist(divan::black_box(&video), &reports, &control, skip));
}

/// Budget 50 us: once a part and rendition, whoever asks. Measured: 5 us.
#[divan::bench]
fn playlist_whole(bencher: Bencher<'_, '_>) {
    playlist(bencher, Skip::No);
}

/// Budget 50 us: once a part and rendition, if anybody asks. Measured: 4 us.
#[divan::bench]
fn playlist_delta(bencher: Bencher<'_, '_>) {
    playlist(bencher, Skip::Yes);
}

/// Budget 50 us: once a segment. Measured: 2 us.
#[divan::bench]
fn playlist_of_playlists(bencher: Bencher<'_, '_>) {
    let [video, audio] = channel();
    bencher.bench_local(|| multivariant(divan::black_box(&[&video, &audio])));
}

/// Budget 1 us: each blocked waiter looks once a part whether it is its turn. Measured: 16 ns.
#[divan::bench]
fn a_blocked_waiter_looks(bencher: Bencher<'_, '_>) {
    let [video, _] = channel();
    let (newest, _) = video.live_edge().expect("a full window has an edge");
    let wanted = BlockingRequest::parse(&format!("_HLS_msn={}&_HLS_part=3", newest.0)).expect("well-formed");
    bencher.bench_local(|| decide(divan::black_box(&video), divan::black_box(&wanted)));
}

/// Budget 2 us: once a request. Measured: 41 ns.
#[divan::bench]
fn a_blocking_request_is_read(bencher: Bencher<'_, '_>) {
    let query = "CMCD=bl%3D900%2Cot%3Dm&_HLS_msn=890000123&_HLS_part=3&_HLS_skip=YES";
    bencher.bench_local(|| BlockingRequest::parse(divan::black_box(query)));
}

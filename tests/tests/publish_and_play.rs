//! Publish over RTMP and over SRT; play on every tier for a minute with no stall and no error.
//!
//! `FOREBAY_E2E_SECONDS` (default 60) is how long each player watches.

use anyhow::{Context, ensure};
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::playlist::{Multivariant, record};
use e2e::publish::{Publisher, Transport};
use e2e::watcher::Watcher;
use e2e::{alone, browser, ffmpeg, setting};
use std::thread;
use wire::ChannelState;

fn seconds() -> u64 {
    setting("FOREBAY_E2E_SECONDS", 60)
}

struct Stage {
    daemon: Daemon,
    channel: Channel,
    publisher: Publisher,
    watcher: Watcher,
}

fn published(transport: Transport) -> anyhow::Result<Stage> {
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Main hall", transport.source(), &small_ladder())?;
    let publisher = Publisher::start(&daemon, &channel, transport)?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    Ok(Stage { daemon, channel, publisher, watcher })
}

fn end(mut stage: Stage) -> anyhow::Result<()> {
    stage.watcher.stop().clean()?;
    ensure!(stage.publisher.runs(), "the publisher was cut off");
    let seen = stage.daemon.channel(&stage.channel.slug)?;
    ensure!(seen.state == ChannelState::Live && seen.restarts == 0, "{seen:?}");
    Ok(())
}

fn plays_in_chromium(stage: &Stage, tier: &str) -> anyhow::Result<()> {
    let (viewing, report) = browser::watch(&stage.daemon, &stage.channel, tier, seconds())?;
    ensure!(viewing.ok, "{}", serde_json::to_string_pretty(&report)?);
    ensure!(viewing.tier.as_deref() == Some(tier), "it played {:?}", viewing.tier);
    Ok(())
}

/// The TS tier as an old player reads it: each segment as it is listed, joined, decoded whole by ffmpeg.
fn ts_decodes(stage: &Stage) -> anyhow::Result<()> {
    let variants = Multivariant::fetch(&stage.daemon.live(&stage.channel, "ts/master.m3u8"))?;
    let file = tempfile::Builder::new().suffix(".ts").tempfile()?;
    let listed = record(&variants.video[0], seconds(), file.as_file())?;
    let complaints = ffmpeg::complaints(file.path())?;
    ensure!(complaints.is_empty(), "ffmpeg complained: {complaints}");
    let video = ffmpeg::packets(file.path(), "v:0")?;
    let frames = u64::try_from(video.len())?;
    ensure!(frames == listed * 30, "{frames} pictures in {listed} segments of 1 s at 30 fps");
    ensure!(video.windows(2).all(|pair| pair[0].dts < pair[1].dts), "decode times do not rise");
    Ok(())
}

/// dash.js, hls.js and ffmpeg at the same time.
fn plays_on_every_tier(transport: Transport) -> anyhow::Result<()> {
    let _alone = alone();
    let stage = published(transport)?;
    thread::scope(|scope| {
        let viewers = [
            scope.spawn(|| plays_in_chromium(&stage, "lldash").context("LL-DASH")),
            scope.spawn(|| plays_in_chromium(&stage, "llhls").context("LL-HLS")),
            scope.spawn(|| ts_decodes(&stage).context("HLS-TS")),
        ];
        viewers.into_iter().try_for_each(|viewer| viewer.join().expect("a viewer does not panic"))
    })?;
    end(stage)
}

#[test]
fn rtmp_plays_on_every_tier() -> anyhow::Result<()> {
    plays_on_every_tier(Transport::Rtmp)
}

#[test]
fn srt_plays_on_every_tier() -> anyhow::Result<()> {
    plays_on_every_tier(Transport::Srt)
}

#[test]
fn rtmp_plays_as_hls_ts_in_chromium() -> anyhow::Result<()> {
    let _alone = alone();
    let stage = published(Transport::Rtmp)?;
    plays_in_chromium(&stage, "ts")?;
    end(stage)
}

//! Sources that lack something or are coded in a way that is not taken: the operator is told what, and what to do;
//! the output goes on.

use anyhow::{Context, ensure};
use e2e::daemon::{Daemon, small_ladder};
use e2e::publish::{Publisher, Transport};
use e2e::watcher::Watcher;
use e2e::{alone, clock};
use std::time::Duration;
use wire::{ChannelState, Light};

/// From the publisher's start until the operator is told.
const TOLD_LIMIT: Duration = Duration::from_secs(20);

/// Publishes what `coding` makes of the sample, until the source's light and words are these.
fn told(transport: Transport, coding: &[&str], light: Light, words: &str) -> anyhow::Result<()> {
    let _alone = alone();
    let mut daemon = Daemon::start()?;
    let channel = daemon.add_channel("Odd", transport.source(), &small_ladder())?;
    daemon.wait_begun(&channel, ChannelState::Waiting)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    let publisher = Publisher::coded(&transport.url(&daemon, &channel.stream_key), transport, coding)?;
    let seen = clock::until("the operator is told", TOLD_LIMIT, || {
        let source = daemon.channel(&channel.slug)?.stages.swap_remove(0);
        ensure!(source.light == light && source.detail.contains(words), "the source stage says {source:?}");
        Ok(())
    });
    drop(publisher);
    let report = watcher.stop();
    seen?;
    ensure!(daemon.runs(), "the daemon is gone: {}", daemon.log());
    report.clean().map(drop).context("the output was disturbed")
}

#[test]
fn a_source_without_sound() -> anyhow::Result<()> {
    told(Transport::Rtmp, &["-c:v", "copy", "-an"], Light::Degraded, "H.264, no sound")
}

#[test]
fn a_source_without_picture() -> anyhow::Result<()> {
    told(Transport::Srt, &["-c:a", "copy", "-vn"], Light::Degraded, "AAC, no picture")
}

#[test]
fn an_rtmp_source_in_a_codec_that_is_not_taken() -> anyhow::Result<()> {
    told(Transport::Rtmp, &["-c:v", "flv1", "-an"], Light::Bad, "set the encoder to H.264")
}

#[test]
fn an_srt_source_in_a_codec_that_is_not_taken() -> anyhow::Result<()> {
    told(Transport::Srt, &["-c:v", "mpeg4", "-an"], Light::Bad, "set the encoder to H.264")
}

/// Coded by libx264 as a camera or an HDR encoder does it, through one channel one after the other.
#[test]
fn sources_that_are_interlaced_or_hdr_are_made_ordinary_and_the_operator_is_told() -> anyhow::Result<()> {
    const INTERLACED: [&str; 4] = ["-vf", "tinterlace=interleave_top", "-x264opts", "tff=1"];
    const HDR: [&str; 6] =
        ["-color_trc", "smpte2084", "-color_primaries", "bt2020", "-colorspace", "bt2020nc"];
    let cases: [(&[&str], &str, &str); 2] = [
        (&INTERLACED, "yuv420p", "interlaced: deinterlaced"),
        (&HDR, "yuv420p10le", "HDR (PQ): tone-mapped to SDR"),
    ];
    let _alone = alone();
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Odd", "srt", &small_ladder())?;
    daemon.wait_begun(&channel, ChannelState::Waiting)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    for (what, format, words) in cases {
        let flags: &[&str] = if what == INTERLACED { &["-flags", "+ildct+ilme"] } else { &[] };
        let coding =
            ["-s", "640x360", "-pix_fmt", format, "-c:v", "libx264", "-preset", "ultrafast", "-g", "30"];
        let coding = [&coding[..], flags, what, &["-c:a", "copy"]].concat();
        let publisher =
            Publisher::coded(&Transport::Srt.url(&daemon, &channel.stream_key), Transport::Srt, &coding)?;
        clock::until("the operator is told", TOLD_LIMIT, || {
            let seen = daemon.channel(&channel.slug)?;
            ensure!(seen.state == ChannelState::Live, "it is {:?}", seen.state);
            let told =
                seen.stages.iter().any(|stage| stage.detail.contains(words) && stage.detail.contains(format));
            ensure!(told, "{:?}", seen.stages);
            Ok(())
        })?;
        drop(publisher);
        clock::until("it has gone", TOLD_LIMIT, || {
            ensure!(daemon.channel(&channel.slug)?.state == ChannelState::Waiting, "not yet");
            Ok(())
        })?;
    }
    watcher.stop().clean().map(drop).context("the output was disturbed")
}

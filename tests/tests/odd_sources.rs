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

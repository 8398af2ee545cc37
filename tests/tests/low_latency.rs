//! Channels of low latency: parts of a fifth of a second that keep the rules, played in real players.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::playlist::{Media, Multivariant, attribute};
use e2e::watcher::Watcher;
use e2e::{alone, boxes, browser, http, setting};
use serde_json::json;
use std::time::Duration;
use wire::{ChannelState, Latency};

/// Six seconds of media, on a busy machine.
const PARTS_LIMIT: Duration = Duration::from_secs(30);

fn on_air() -> anyhow::Result<(Daemon, Channel)> {
    let daemon = Daemon::start()?;
    let body = json!({ "name": "Low", "source": "test-pattern", "ladder": small_ladder(), "latency": "low" });
    let channel = daemon.add(&body)?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    Ok((daemon, channel))
}

/// Every `DURATION` of the parts of a playlist, with whether it is the last of a complete segment.
fn part_durations(media: &Media) -> anyhow::Result<Vec<f64>> {
    let parts = media.text.lines().filter_map(|line| line.strip_prefix("#EXT-X-PART:"));
    parts.map(|list| Ok(attribute(list, "DURATION").context("DURATION")?.parse()?)).collect()
}

#[test]
fn parts_of_a_fifth_of_a_second_keep_the_rules() -> anyhow::Result<()> {
    let _alone = alone();
    let (mut daemon, channel) = on_air()?;
    let playlists = Multivariant::fetch(&daemon.live(&channel, "master.m3u8"))?;
    let tag = |media: &Media, tag: &str, name: &str| -> anyhow::Result<f64> {
        let list = media.text.lines().find_map(|line| line.strip_prefix(tag)).context("no such tag")?;
        Ok(attribute(list, name).with_context(|| format!("no {name}"))?.parse()?)
    };
    // 1024 samples at 48 kHz: nine or ten of them.
    let expected = playlists
        .video
        .iter()
        .map(|url| (url, 0.2))
        .chain(playlists.audio.iter().map(|url| (url, 0.213_333)));
    for (url, expected) in expected {
        let media = until("thirty parts are listed", PARTS_LIMIT, || {
            let media = Media::fetch(url)?;
            let parts = part_durations(&media)?.len();
            ensure!(parts >= 30, "{url}: {parts} parts");
            Ok(media)
        })?;
        let target = tag(&media, "#EXT-X-PART-INF:", "PART-TARGET")?;
        ensure!((target - expected).abs() < 0.001, "{url}: PART-TARGET {target}");
        let hold_back = tag(&media, "#EXT-X-SERVER-CONTROL:", "PART-HOLD-BACK")?;
        ensure!(hold_back >= 3.0 * 0.213_333, "{url}: PART-HOLD-BACK {hold_back}");
        for duration in part_durations(&media)? {
            ensure!(
                duration <= target && duration >= 0.85 * target,
                "{url}: a part of {duration} of {target}"
            );
        }
        let (_, newest) = media.complete().next_back().context("no segment")?;
        let init = http::fetch(media.init_url.as_deref().context("EXT-X-MAP")?)?.body;
        let (scale, whole) = (boxes::timescale(&init)?, boxes::fragments(&http::fetch(newest)?.body)?);
        let seconds = whole.iter().map(|each| each.duration).sum::<u64>() as f64 / scale as f64;
        ensure!(
            (seconds - 2.0).abs() < 0.022 && whole.len() >= 20,
            "{newest}: {seconds} s in {} chunks",
            whole.len()
        );
    }
    ensure!(daemon.channel(&channel.slug)?.latency == Latency::Low, "the API does not say that it is low");
    daemon.stop()?;
    daemon.start_again()?;
    ensure!(daemon.channel(&channel.slug)?.latency == Latency::Low, "a restart forgot the latency");
    Ok(())
}

fn plays(tier: &str) -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = on_air()?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    let seconds = setting("FOREBAY_E2E_SECONDS", 30).min(30);
    let (viewing, report) = browser::watch(&daemon, &channel, tier, seconds)?;
    ensure!(viewing.ok, "{}", serde_json::to_string_pretty(&report)?);
    ensure!(viewing.tier.as_deref() == Some(tier), "it played {:?}", viewing.tier);
    watcher.stop().clean().map(drop)
}

#[test]
fn it_plays_as_ll_dash() -> anyhow::Result<()> {
    plays("lldash")
}

#[test]
fn it_plays_as_ll_hls() -> anyhow::Result<()> {
    plays("llhls")
}

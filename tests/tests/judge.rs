//! The box's own judge on a live channel of three rungs, while hls.js and dash.js watch it: every clause is seen, every
//! clause passes, and the players agree.
//!
//! `FOREBAY_JUDGE_SECONDS` (default 90; 300 in the long form) is for how long.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Channel, Daemon};
use e2e::watcher::Watcher;
use e2e::{alone, http, setting};
use serde_json::{Value, json};
use std::time::Duration;
use wire::{ChannelState, Judgement, Verdict};

/// Cheap ones: the judge and two players share two cores with the encoder.
fn three_rungs() -> Value {
    json!([
        { "width": 640, "height": 360, "bitrate_bps": 800_000 },
        { "width": 480, "height": 270, "bitrate_bps": 500_000 },
        { "width": 320, "height": 180, "bitrate_bps": 300_000 },
    ])
}

fn on_air(latency: &str, ladder: &Value) -> anyhow::Result<(Daemon, Channel)> {
    let daemon = Daemon::start()?;
    let body = json!({ "name": "Pattern", "source": "test-pattern", "ladder": ladder, "latency": latency });
    let channel = daemon.add(&body)?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    Ok((daemon, channel))
}

fn judgement(daemon: &Daemon, channel: &Channel) -> anyhow::Result<Judgement> {
    http::fetch(&format!("{}/api/v1/channels/{}/judge", daemon.base(), channel.slug))?.json()
}

/// Waits until the judge has made so many more rounds.
fn rounds(daemon: &Daemon, channel: &Channel, more: u64) -> anyhow::Result<Judgement> {
    let first = judgement(daemon, channel)?.rounds;
    until("the judge has been round", Duration::from_secs(30 * (more + 1)), || {
        let now = judgement(daemon, channel)?;
        ensure!(now.rounds >= first + more, "{} of {more} rounds", now.rounds - first);
        Ok(now)
    })
}

fn all_pass(judgement: &Judgement) -> anyhow::Result<()> {
    let wrong: Vec<_> = judgement.clauses.iter().filter(|clause| clause.verdict != Verdict::Pass).collect();
    ensure!(wrong.is_empty(), "{} of {} clauses: {wrong:#?}", wrong.len(), judgement.clauses.len());
    Ok(())
}

#[test]
fn every_clause_passes_while_hls_js_and_dash_js_watch() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = on_air("standard", &three_rungs())?;
    // A channel's first rounds cannot show what needs an earlier one.
    rounds(&daemon, &channel, 2)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    let watcher = watcher.with_player("lldash")?.with_player("llhls")?;
    let seconds = setting("FOREBAY_JUDGE_SECONDS", 90).to_string();
    let judged = daemon.cli(&["judge", &channel.slug, "--seconds", &seconds, "--json"])?;
    let report = watcher.stop();
    let text = String::from_utf8_lossy(&judged.stdout);
    let judged_by_all: Judgement = serde_json::from_str(&text).with_context(|| {
        format!("forebay judge printed {text}{}", String::from_utf8_lossy(&judged.stderr))
    })?;
    eprintln!("{} clauses in {} rounds", judged_by_all.clauses.len(), judged_by_all.rounds);
    all_pass(&judged_by_all)?;
    ensure!(judged.status.success(), "forebay judge says {}", judged.status);
    report.clean().map(drop)
}

#[test]
fn a_channel_of_low_latency_and_a_protected_one_pass_too() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = on_air("low", &json!([{ "width": 320, "height": 180, "bitrate_bps": 300_000 }]))?;
    ensure!(daemon.cli(&["channel", "protect", &channel.slug])?.status.success(), "it cannot be protected");
    ensure!(http::get(&daemon.live(&channel, "master.m3u8"))?.status == 403, "it is open");
    rounds(&daemon, &channel, 3)?;
    all_pass(&rounds(&daemon, &channel, 2)?)?;
    let shown = daemon.cli(&["judge", &channel.slug])?;
    let text = String::from_utf8_lossy(&shown.stdout);
    ensure!(shown.status.success() && text.contains(" 0 failed, 0 not seen"), "{text}");
    let unknown = daemon.cli(&["judge", "nobody"])?;
    ensure!(unknown.status.code() == Some(4), "a channel that is not there: {}", unknown.status);
    Ok(())
}

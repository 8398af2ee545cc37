//! `forebay drill`: faults inside the box, injected for real while a publisher sends and a player watches. Viewers see
//! nothing of them, a channel beside is not touched, and the report says so.

use anyhow::{Context, ensure};
use e2e::daemon::{Daemon, small_ladder};
use e2e::publish::{Publisher, Transport};
use e2e::watcher::{Excuse, Watcher};
use e2e::{alone, http};
use serde::Deserialize;
use std::time::Duration;
use wire::ChannelState;

/// What viewers do not notice at all, not even by a slate.
const UNSEEN: [&str; 5] = ["kill-worker", "panic-ingest", "panic-encode", "panic-package", "panic-serve"];
/// Exit code of a drill in which viewers saw more than is promised.
const MORE_THAN_PROMISED: i32 = 6;
/// A part, and a second in which a worker that hangs is seen and replaced.
const HUNG: Excuse = Excuse::PartGap(Duration::from_millis(1500), "the drill stops the worker");

#[derive(Debug, Deserialize)]
struct Report {
    longest_gap_ms: u64,
    parts: usize,
    misnumbered: Vec<String>,
    broken: Vec<String>,
    failed: Vec<String>,
    back_after_ms: Option<u64>,
    restarts: u32,
    alarms: Vec<String>,
}

/// Carries out a drill on `hall`. Whether its times were kept is printed, for the machine may be slow; what viewers must
/// never see is asserted.
fn drill(daemon: &Daemon, fault: &str, more: &[&str]) -> anyhow::Result<Report> {
    let done = daemon.cli(&[&["drill", "hall", fault, "--yes", "--json"], more].concat())?;
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    let carried_out = done.status.success() || done.status.code() == Some(MORE_THAN_PROMISED);
    ensure!(carried_out, "{fault}: {told} {}", String::from_utf8_lossy(&done.stderr));
    let report: Report = serde_json::from_str(&told).with_context(|| told.clone())?;
    eprintln!(
        "{fault}: {} ms between parts at most, back after {:?} ms; times {}",
        report.longest_gap_ms,
        report.back_after_ms,
        if done.status.success() { "kept" } else { "not kept" }
    );
    ensure!(report.back_after_ms.is_some(), "{fault}: the channel did not recover: {report:?}");
    let seen = [&report.misnumbered, &report.broken, &report.failed];
    ensure!(report.parts > 6 && seen.iter().all(|list| list.is_empty()), "{fault}: {report:?}");
    Ok(report)
}

/// What refuses must say why.
fn refused(daemon: &Daemon, args: &[&str], code: i32, words: &str) -> anyhow::Result<()> {
    let done = daemon.cli(&[&["drill"], args].concat())?;
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    ensure!(done.status.code() == Some(code) && told.contains(words), "{args:?}: {:?} {told}", done.status);
    Ok(())
}

#[test]
fn viewers_see_nothing_of_what_goes_wrong_inside() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Hall", "srt", &small_ladder())?;
    let beside = daemon.add_channel("Beside", "test-pattern", &small_ladder())?;
    let mut publisher = Publisher::start(&daemon, &channel, Transport::Srt)?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    daemon.wait_begun(&beside, ChannelState::Live)?;
    let worker_beside = daemon.worker(&beside.slug)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    let watcher = watcher.beside(daemon.live(&beside, "").trim_end_matches('/').to_owned());
    let watcher = watcher.with_player("llhls")?;

    for fault in UNSEEN {
        let report = drill(&daemon, fault, &[])?;
        ensure!(report.restarts > 0, "{fault}: nothing was restarted, so nothing has gone wrong: {report:?}");
        ensure!(report.alarms.is_empty(), "{fault}: viewers saw the slate: {report:?}");
        ensure!(publisher.runs(), "{fault}: the publisher was cut off");
    }
    watcher.stop().clean()?;
    ensure!(daemon.worker(&beside.slug)? == worker_beside, "the worker of the channel beside was replaced");
    ensure!(daemon.channel(&beside.slug)?.restarts == 0, "a stage of the channel beside was restarted");
    Ok(())
}

#[test]
fn drills_of_the_world_outside_end_by_themselves() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Hall", "rtmp", &small_ladder())?;
    refused(&daemon, &["hall", "kill-worker"], 2, "--yes")?;
    refused(&daemon, &["hall", "earthquake", "--yes"], 2, "earthquake")?;
    refused(&daemon, &["nobody", "kill-worker", "--yes"], 4, "there is no channel `nobody`")?;
    let publisher = Publisher::start(&daemon, &channel, Transport::Rtmp)?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());

    let hung = drill(&daemon, "hang-worker", &[])?;
    ensure!(hung.restarts == 1, "{hung:?}");
    let cut = drill(&daemon, "cut-source", &["--seconds", "3"])?;
    ensure!(cut.alarms.iter().any(|alarm| alarm.starts_with("source-lost")), "{cut:?}");
    let changed = drill(&daemon, "change-source-format", &["--seconds", "4"])?;
    ensure!(changed.alarms.is_empty() && changed.restarts == 0, "viewers saw the slate: {changed:?}");
    ensure!(daemon.log().contains("source is now 480x854"), "nothing has changed: {}", daemon.log());
    let full = drill(&daemon, "full-disk", &["--seconds", "3"])?;
    ensure!(full.alarms.iter().any(|alarm| alarm.starts_with("disk-full")), "{full:?}");
    let stepped = drill(&daemon, "clock-step", &["--seconds", "3"])?;
    ensure!(stepped.alarms.iter().any(|alarm| alarm.starts_with("clock-off")), "{stepped:?}");
    drill(&daemon, "flood", &["--seconds", "3"])?;
    watcher.stop().clean_but(&[HUNG])?;

    let alarms: Vec<wire::Alarm> = http::fetch(&format!("{}/api/v1/alarms", daemon.base()))?.json()?;
    ensure!(alarms.is_empty(), "what a drill raised is over with it: {alarms:?}");
    let url = format!("{}/api/v1/channels/hall/drill", daemon.base());
    let begin = |secs: u32| {
        http::post(&url, "application/json", format!(r#"{{"fault":"flood","secs":{secs}}}"#).as_bytes())
    };
    ensure!(begin(5)?.status == 202 && begin(5)?.status == 409, "one at a time");
    ensure!(begin(100_000)?.status == 422, "a drill without end");
    drop(publisher);
    Ok(())
}

//! The output never stops: numbers and decode times go on when the worker or the daemon is killed.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::playlist::{Media, Multivariant};
use e2e::watcher::{Report, Watcher};
use e2e::{alone, browser, procfs};
use rustix::process::Signal;
use std::time::Duration;
use wire::ChannelState;

/// On a busy machine; the promise is checked on a quiet one, by the fault drills.
const BACK_LIMIT: Duration = Duration::from_secs(20);

/// A browser needs some 10 s to start here and settle: with these, the fault comes while it plays.
const VIEWING_SECS: u64 = 40;
const INTO_THE_VIEWING: u64 = 10;

fn on_air() -> anyhow::Result<(Daemon, Channel, Watcher)> {
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Pattern", "test-pattern", &small_ladder())?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    Ok((daemon, channel, watcher))
}

fn newest(daemon: &Daemon, channel: &Channel) -> anyhow::Result<u64> {
    let playlists = Multivariant::fetch(&daemon.live(channel, "master.m3u8"))?;
    let media = Media::fetch(&playlists.video[0])?;
    Ok(media.complete().next_back().context("no complete segment")?.0)
}

/// Waits until this many more segments are complete.
fn segments_more(daemon: &Daemon, channel: &Channel, count: u64) -> anyhow::Result<()> {
    let from = newest(daemon, channel)?;
    until("more segments", BACK_LIMIT + Duration::from_secs(2 * count), || {
        let now = newest(daemon, channel)?;
        ensure!(now >= from + count, "{} of {count}", now - from);
        Ok(())
    })
}

fn unbroken(watcher: Watcher) -> anyhow::Result<Report> {
    let report = watcher.stop();
    ensure!(report.violations.is_empty(), "the channel broke its promises: {:#?}", report.violations);
    Ok(report)
}

fn fault_of_the_worker(signal: Signal) -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel, watcher) = on_air()?;
    let worker = daemon.worker(&channel.slug)?;
    procfs::signal(worker, signal)?;
    until("another worker runs", BACK_LIMIT, || {
        let now = daemon.worker(&channel.slug)?;
        ensure!(now != worker, "still the same");
        Ok(())
    })?;
    segments_more(&daemon, &channel, 4)?;
    ensure!(!procfs::runs(worker), "the old worker is still there");
    let report = unbroken(watcher)?;
    ensure!(report.absences == 0, "playlists stopped: {report:?}");
    ensure!(report.gaps == 0, "segments without media: {report:?}");
    Ok(())
}

#[test]
fn numbers_and_times_go_on_when_the_worker_is_killed() -> anyhow::Result<()> {
    fault_of_the_worker(Signal::KILL)
}

#[test]
fn numbers_and_times_go_on_when_the_worker_hangs() -> anyhow::Result<()> {
    fault_of_the_worker(Signal::STOP)
}

#[test]
fn a_player_goes_on_when_the_worker_is_killed() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel, watcher) = on_air()?;
    let worker = daemon.worker(&channel.slug)?;
    let (viewing, report) = std::thread::scope(|scope| {
        let viewer = scope.spawn(|| browser::watch(&daemon, &channel, "lldash", VIEWING_SECS));
        segments_more(&daemon, &channel, INTO_THE_VIEWING)?;
        procfs::signal(worker, Signal::KILL)?;
        viewer.join().expect("the script's thread only waits")
    })?;
    ensure!(viewing.failures.is_empty(), "a tier failed: {report:#}");
    ensure!(viewing.progress_seconds > 20.0, "it did not go on: {report:#}");
    unbroken(watcher).map(drop)
}

fn numbers_after(again: impl FnOnce(&mut Daemon) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let _alone = alone();
    let (mut daemon, channel, watcher) = on_air()?;
    segments_more(&daemon, &channel, 1)?;
    let before = newest(&daemon, &channel)?;
    let worker = daemon.worker(&channel.slug)?;
    again(&mut daemon)?;
    until("the old worker is gone", BACK_LIMIT, || {
        ensure!(!procfs::runs(worker), "it runs");
        Ok(())
    })?;
    daemon.start_again()?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    ensure!(newest(&daemon, &channel)? > before, "numbers do not go on from {before}");
    segments_more(&daemon, &channel, 2)?;
    unbroken(watcher).map(drop)
}

#[test]
fn numbers_go_on_after_a_restart_of_the_daemon() -> anyhow::Result<()> {
    numbers_after(|daemon| {
        let status = daemon.stop()?;
        ensure!(status.success(), "SIGTERM ended it with {status}");
        Ok(())
    })
}

#[test]
fn numbers_go_on_after_the_daemon_was_killed() -> anyhow::Result<()> {
    numbers_after(Daemon::kill)
}

#[test]
fn players_come_back_by_themselves_when_the_daemon_was_killed() -> anyhow::Result<()> {
    let _alone = alone();
    let (mut daemon, channel, watcher) = on_air()?;
    std::thread::scope(|scope| {
        let (base, slug, seconds) = (daemon.base(), channel.slug.clone(), VIEWING_SECS.to_string());
        let viewer = scope.spawn(move || {
            let args = ["--base", &base, "--channel", &slug, "--seconds", &seconds];
            browser::script("watch-stalls.mjs", &args)
        });
        segments_more(&daemon, &channel, INTO_THE_VIEWING)?;
        daemon.kill()?;
        daemon.start_again()?;
        let report = viewer.join().expect("the script's thread only waits")?;
        let progress = report["progressSeconds"].as_f64().unwrap_or_default();
        ensure!(progress > 20.0, "it did not come back: {report:#}");
        ensure!(report["lastState"] == "live", "at the end it was not live: {report:#}");
        Ok(())
    })?;
    unbroken(watcher).map(drop)
}

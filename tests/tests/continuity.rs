//! The output never stops: numbers and decode times go on when the worker or the daemon is killed.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::playlist::{Media, Multivariant};
use e2e::watcher::{Baseline, Excuse, Watcher};
use e2e::{alone, http, procfs, setting};
use rustix::process::Signal;
use std::time::Duration;
use wire::ChannelState;

/// On a busy machine; the promise is checked on a quiet one, by the fault drills.
const BACK_LIMIT: Duration = Duration::from_secs(20);

/// A part, and a second in which a worker that hangs is seen and replaced: so much repeated picture is promised at most.
const HUNG: Excuse = Excuse::PartGap(Duration::from_millis(1500), "the test stops the worker");
/// Without the daemon nobody answers; then a worker has to start.
const AWAY: [Excuse; 3] = [
    Excuse::Absence(BACK_LIMIT, "the test ends the daemon"),
    Excuse::PartGap(BACK_LIMIT, "the test ends the daemon"),
    Excuse::PlayerErrors("requests fail while the daemon is away"),
];

fn on_air() -> anyhow::Result<(Daemon, Channel, Watcher)> {
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Pattern", "test-pattern", &small_ladder())?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    // It knows the pace, and a worker waits to take over.
    segments_more(&daemon, &channel, 2)?;
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

/// A channel beside, on its slate: two patterns would sound the same. Its worker, and a watcher of both.
fn beside(daemon: &Daemon, watcher: Watcher) -> anyhow::Result<(Channel, u32, Watcher)> {
    let beside = daemon.add_channel("Beside", "srt", &small_ladder())?;
    daemon.wait_begun(&beside, ChannelState::Waiting)?;
    let watcher = watcher.beside(daemon.live(&beside, "").trim_end_matches('/').to_owned());
    let worker = daemon.worker(&beside.slug)?;
    Ok((beside, worker, watcher))
}

fn untouched(daemon: &Daemon, beside: &Channel, worker: u32) -> anyhow::Result<()> {
    ensure!(daemon.worker(&beside.slug)? == worker, "the worker of the channel beside was replaced");
    ensure!(daemon.channel(&beside.slug)?.restarts == 0, "a stage of the channel beside was restarted");
    Ok(())
}

/// From nothing to a whole segment, in no order.
fn moment(number: u64) -> Duration {
    Duration::from_millis(number * 1371 % 2000)
}

/// How many parts were published late, by more than so many seconds, and how many there were.
fn late_parts(daemon: &Daemon, channel: &Channel, secs: &str) -> anyhow::Result<(u64, u64)> {
    let metrics = http::fetch(&format!("{}/metrics", daemon.base()))?.text();
    let (mut in_time, mut all) = (0, 0);
    let slug = format!("channel=\"{}\"", channel.slug);
    for line in metrics.lines().filter(|line| line.contains(&slug)) {
        let value = || line.split_whitespace().next_back().unwrap_or("0").parse::<u64>();
        if line.starts_with(&format!("forebay_part_lateness_seconds_bucket{{le=\"{secs}\"")) {
            in_time += value()?;
        } else if line.starts_with("forebay_part_lateness_seconds_count") {
            all += value()?;
        }
    }
    ensure!(all > 0, "no part was measured: {metrics}");
    Ok((all - in_time, all))
}

/// `FOREBAY_KILLS` (default 2; 20 in the long form) is how many there are: five in a minute would be a worker that keeps
/// failing. What a player sees of one is in `drill.rs`.
#[test]
fn workers_that_are_killed_again_and_again_touch_nobody() -> anyhow::Result<()> {
    let kills = setting("FOREBAY_KILLS", 2);
    let apart = Duration::from_secs(if kills < 5 { 8 } else { 15 });
    let _alone = alone();
    let (daemon, channel, watcher) = on_air()?;
    let (beside, worker_beside, watcher) = beside(&daemon, watcher)?;
    let (late_before, before) = late_parts(&daemon, &beside, "0.1")?;
    for number in 0..kills {
        std::thread::sleep(moment(number));
        let worker = daemon.worker(&channel.slug)?;
        procfs::signal(worker, Signal::KILL)?;
        until("another worker runs", BACK_LIMIT, || {
            ensure!(daemon.worker(&channel.slug)? != worker, "still the same");
            Ok(())
        })?;
        // One waits again, and the moments stay apart.
        std::thread::sleep(apart - moment(number));
    }
    let (late_after, after) = late_parts(&daemon, &beside, "0.1")?;
    eprintln!(
        "parts of the channel beside that were more than 100 ms late: {late_before} of {before} before the first kill, \
         {} of {} from then on",
        late_after - late_before,
        after - before
    );
    untouched(&daemon, &beside, worker_beside)?;
    watcher.stop().clean().map(drop)
}

#[test]
fn numbers_and_times_go_on_when_the_worker_hangs() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel, watcher) = on_air()?;
    let (beside, worker_beside, watcher) = beside(&daemon, watcher)?;
    let watcher = watcher.with_baseline(Baseline::of(&daemon)?);
    let worker = daemon.worker(&channel.slug)?;
    procfs::signal(worker, Signal::STOP)?;
    until("another worker runs", BACK_LIMIT, || {
        let now = daemon.worker(&channel.slug)?;
        ensure!(now != worker, "still the same");
        Ok(())
    })?;
    segments_more(&daemon, &channel, 4)?;
    ensure!(!procfs::runs(worker), "the old worker is still there");
    untouched(&daemon, &beside, worker_beside)?;
    watcher.stop().clean_but(&[HUNG]).map(drop)
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
    watcher.stop().clean_but(&AWAY).map(drop)
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
    let watcher = watcher.with_player("")?;
    daemon.kill()?;
    daemon.start_again()?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    segments_more(&daemon, &channel, 8)?;
    let comes_back = Excuse::Standstill(BACK_LIMIT, "the test ends the daemon");
    let report = watcher.stop().clean_but(&[&AWAY[..], &[comes_back]].concat())?;
    let viewing = &report.viewings[0];
    ensure!(viewing.last_state.as_deref() == Some("live"), "at the end it was not live: {viewing:#?}");
    Ok(())
}

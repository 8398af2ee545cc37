//! A viewer's stall stands on one time axis with what caused it; how the channel went outlives the daemon.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Daemon, small_ladder};
use e2e::{alone, http, procfs};
use rustix::process::Signal;
use serde_json::json;
use std::time::Duration;
use wire::{ChannelState, Timeline, Trend};

const SOON: Duration = Duration::from_secs(20);
/// The first whole minute may begin a minute from now.
const MINUTE: Duration = Duration::from_secs(150);

#[test]
fn a_stall_is_laid_to_the_worker_that_was_killed_and_minutes_survive_the_daemon() -> anyhow::Result<()> {
    let _alone = alone();
    let mut daemon = Daemon::start()?;
    let demo = daemon.add_channel("Demo", "test-pattern", &small_ladder())?;
    daemon.wait_on_air(&demo, ChannelState::Live)?;
    beacon(&daemon, json!({}))?;
    let worker = daemon.worker(&demo.slug)?;
    procfs::signal(worker, Signal::KILL)?;
    until("another worker runs", SOON, || {
        ensure!(daemon.worker(&demo.slug)? != worker, "still the same");
        Ok(())
    })?;
    let dry = json!({ "stalls": 1, "stalled_ms": 400, "last_stall_ago_ms": 100 });
    until("the beacon is taken", SOON, || beacon(&daemon, dry.clone()))?;
    let told: Timeline = until("the stall is on the axis", SOON, || {
        let told: Timeline = get(&daemon, "timeline?span=1h")?;
        ensure!(!told.stalls.is_empty(), "{told:?}");
        Ok(told)
    })?;
    let stall = &told.stalls[0];
    ensure!((stall.tier, stall.players, stall.stalled_ms) == (1, 1, 400), "{stall:?}");
    ensure!(
        stall.session == "0a1b2c3d" && told.from_ms < stall.at_ms && stall.at_ms <= told.to_ms,
        "{stall:?}"
    );
    let cause = stall.causes.first().context("it has a cause")?;
    ensure!(cause.kind == "worker-ended" && cause.at_ms <= stall.at_ms, "{stall:?}");
    let known: Trend = until("a minute is kept", MINUTE, || {
        let told: Trend = get(&daemon, "trend?span=1h")?;
        ensure!(told.samples.len() >= 2, "{told:?}");
        Ok(told)
    })?;
    ensure!((known.step_ms, known.slots) == (60_000, 60), "{known:?}");
    let minute = known.samples[0];
    ensure!(minute.late_ms.is_some() && minute.viewers_by.llhls.is_some(), "{minute:?}");
    daemon.stop()?;
    daemon.start_again()?;
    let after: Trend = get(&daemon, "trend?span=1h")?;
    ensure!(after.samples.first() == Some(&minute), "{after:?}");
    let day: Trend = get(&daemon, "trend?span=1d")?;
    ensure!(day.samples.iter().any(|sample| sample.late_ms.is_some()), "{day:?}");
    Ok(())
}

/// What the box's own player tells, with more.
fn beacon(daemon: &Daemon, more: serde_json::Value) -> anyhow::Result<()> {
    let mut body = json!({
        "session": "0a1b2c3d4e5f0a1b2c3d4e5f", "device": "media-source", "tier": 1, "engine": "hls.js", "state": "live", "latency_ms": 1500,
    });
    let (all, more) = (body.as_object_mut().context("an object")?, more);
    all.extend(more.as_object().cloned().unwrap_or_default());
    let url = format!("{}/beacon/demo", daemon.base());
    let answer = http::post(&url, "application/json", body.to_string().as_bytes())?;
    ensure!(answer.status == 204, "status {}", answer.status);
    Ok(())
}

fn get<T: serde::de::DeserializeOwned>(daemon: &Daemon, what: &str) -> anyhow::Result<T> {
    http::get(&format!("{}/api/v1/channels/demo/{what}", daemon.base()))?.json()
}

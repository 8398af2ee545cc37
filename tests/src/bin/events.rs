//! What followers of `/api/v1/events` cost: the daemon's CPU with two live channels, without and with two hundred of them, while
//! nothing changes that nobody asked for, and while something is changed each second.
//!
//! `FOREBAY_BENCH_SECONDS` (default 30) for each of the four.

use anyhow::ensure;
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::events::Crowd;
use e2e::procfs::usage;
use e2e::{clock, http, setting};
use std::sync::atomic::Ordering;
use std::time::Duration;
use wire::ChannelState;

const FOLLOWERS: usize = 200;
/// Asked for: two hundred followers cost less than this, in percent of a core.
const PROMISED: f64 = 2.0;
const SECOND: Duration = Duration::from_secs(1);

fn main() -> anyhow::Result<()> {
    let daemon = Daemon::start()?;
    let channels = [("One", "test-pattern"), ("Two", "test-pattern")];
    let channels: Vec<_> = channels
        .into_iter()
        .map(|(name, source)| daemon.add_channel(name, source, &small_ladder()))
        .collect::<Result<_, _>>()?;
    for channel in &channels {
        daemon.wait_on_air(channel, ChannelState::Live)?;
    }
    println!("{:>10} {:>8} {:>22} {:>10}", "followers", "changes", "daemon, % of a core", "kB/s");
    let alone = [false, true].map(|changes| measure(&daemon, &channels[0], None, changes));
    let crowd = Crowd::start(daemon.ports.http, FOLLOWERS)?;
    // All of them have been told all once.
    std::thread::sleep(5 * SECOND);
    let followed = [false, true].map(|changes| measure(&daemon, &channels[0], Some(&crowd), changes));
    ensure!(
        crowd.lost() == 0,
        "{} of {FOLLOWERS} followers were lost: the figures are of fewer",
        crowd.lost()
    );
    for ((alone, followed), what) in alone.into_iter().zip(followed).zip(["quiet", "a change each second"]) {
        let cost = followed? - alone?;
        println!("{FOLLOWERS} followers cost {cost:.2} % of a core, {what}; asked for: under {PROMISED} %");
    }
    Ok(())
}

/// Percent of a core.
fn measure(daemon: &Daemon, channel: &Channel, crowd: Option<&Crowd>, changes: bool) -> anyhow::Result<f64> {
    let read = || crowd.map_or(0, |crowd| crowd.bytes.load(Ordering::Relaxed));
    let (before, bytes, start) = (usage(daemon.pid())?, read(), clock::now());
    for second in 0..setting("FOREBAY_BENCH_SECONDS", 30) {
        if changes {
            let url = format!("{}/api/v1/channels/{}/slate", daemon.base(), channel.slug);
            let slate =
                format!(r#"{{"text":"SLATE {second}","after_ms":500,"back_after_ms":0,"tone":false}}"#);
            ensure!(http::put(&url, "application/json", slate.as_bytes())?.status == 200, "not changed");
        }
        std::thread::sleep(SECOND.saturating_sub(start.elapsed().saturating_sub(SECOND * second as u32)));
    }
    let secs = start.elapsed().as_secs_f64();
    let percent = (usage(daemon.pid())?.cpu - before.cpu).as_secs_f64() / secs * 100.0;
    let followers = if crowd.is_some() { FOLLOWERS } else { 0 };
    let (word, rate) = (if changes { "1/s" } else { "none" }, (read() - bytes) as f64 / secs / 1000.0);
    println!("{followers:>10} {word:>8} {percent:>22.2} {rate:>10.1}");
    Ok(percent)
}

//! What the demo channel costs: CPU and memory of the daemon and of its worker over half a minute.
//!
//! `FOREBAY_BENCH_SECONDS` (default 30).

use e2e::daemon::Daemon;
use e2e::procfs::{Usage, usage};
use e2e::{clock, setting};
use serde_json::Value;
use std::time::Duration;
use wire::ChannelState;

fn main() -> anyhow::Result<()> {
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("demo", "test-pattern", &Value::Null)?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    let ladder = daemon.channel(&channel.slug)?.ladder;
    let rungs: Vec<_> = ladder.iter().map(|rung| format!("{}x{}", rung.width, rung.height)).collect();
    println!("test pattern, {}; no viewer", rungs.join(" + "));
    let processes = [("daemon", daemon.pid()), ("worker", daemon.worker(&channel.slug)?)];
    let before = processes.map(|(_, pid)| usage(pid).unwrap_or_default());
    let start = clock::now();
    std::thread::sleep(Duration::from_secs(setting("FOREBAY_BENCH_SECONDS", 30)));
    println!("{:8} {:>12} {:>10} {:>12} {:>8}", "process", "CPU, cores", "RSS, MB", "descriptors", "threads");
    for ((name, pid), before) in processes.into_iter().zip(before) {
        row(name, before, usage(pid)?, start.elapsed());
    }
    Ok(())
}

fn row(name: &str, before: Usage, after: Usage, elapsed: Duration) {
    let cores = (after.cpu - before.cpu).as_secs_f64() / elapsed.as_secs_f64();
    let megabytes = after.resident_bytes / 1_000_000;
    println!("{name:8} {cores:>12.3} {megabytes:>10} {:>12} {:>8}", after.descriptors, after.threads);
}

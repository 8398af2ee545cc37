//! True latency per preset and tier, glass to glass, on a daemon of its own: the clock in the picture against the box's
//! clock; and how often each player ran dry meanwhile.
//!
//! `FOREBAY_LATENCY_SECONDS` (default 30) per tier; `FOREBAY_LATENCY_TIERS` (default all, VLC among them);
//! `FOREBAY_LATENCY_PRESETS` (default `standard,low`). The promise of no stall is for 300 s.

use e2e::daemon::{Channel, Daemon};
use e2e::{browser, setting};
use serde_json::{Value, json};
use wire::ChannelState;

const TIERS: &str = "lldash,llhls,ts,ts-native,ts-vlc";
const PRESETS: &str = "standard,low";

fn main() -> anyhow::Result<()> {
    let from = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.into());
    let (tiers, presets) = (from("FOREBAY_LATENCY_TIERS", TIERS), from("FOREBAY_LATENCY_PRESETS", PRESETS));
    let seconds = setting("FOREBAY_LATENCY_SECONDS", 30).to_string();
    for preset in presets.split(',') {
        // One at a time: two channels would take each other's cores.
        let daemon = Daemon::start()?;
        let channel = add(&daemon, preset)?;
        daemon.wait_on_air(&channel, ChannelState::Live)?;
        eprintln!("preset {preset}, {seconds} s a tier");
        let base = daemon.base();
        let args = ["--base", &base, "--channel", &channel.slug, "--tiers", &tiers, "--seconds", &seconds];
        let report: Value = browser::script("latency.mjs", &args)?;
        println!("{:#}", json!({ "preset": preset, "report": report }));
    }
    Ok(())
}

fn add(daemon: &Daemon, preset: &str) -> anyhow::Result<Channel> {
    daemon.add(&json!({ "name": "demo", "source": "test-pattern", "latency": preset }))
}

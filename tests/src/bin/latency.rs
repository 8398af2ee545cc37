//! True latency per tier, glass to glass, on a daemon of its own: the clock in the picture against the box's clock.
//!
//! `FOREBAY_LATENCY_SECONDS` (default 30) per tier; `FOREBAY_LATENCY_TIERS` (default all, VLC among them).

use e2e::browser;
use e2e::daemon::Daemon;
use e2e::setting;
use serde_json::Value;
use wire::ChannelState;

const TIERS: &str = "lldash,llhls,ts,ts-native,ts-vlc";

fn main() -> anyhow::Result<()> {
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("demo", "test-pattern", &Value::Null)?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    let tiers = std::env::var("FOREBAY_LATENCY_TIERS").unwrap_or_else(|_| TIERS.into());
    let (base, seconds) = (daemon.base(), setting("FOREBAY_LATENCY_SECONDS", 30).to_string());
    let args = ["--base", &base, "--channel", &channel.slug, "--tiers", &tiers, "--seconds", &seconds];
    let report: Value = browser::script("latency.mjs", &args)?;
    println!("{report:#}");
    Ok(())
}

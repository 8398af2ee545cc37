//! Which tier the watch page chooses on devices of each kind, and where it goes when that tier is shut off while it plays.

use anyhow::ensure;
use e2e::daemon::{Daemon, small_ladder};
use e2e::{alone, browser};
use serde_json::json;
use wire::ChannelState;

/// From the first blocked request to a picture of the next tier; what the player has in its buffer is part of it.
const NEXT_MS_MAX: u64 = 5_000;

#[test]
fn each_device_gets_its_tier_and_the_next_one_takes_over() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let demo = daemon.add_channel("Demo", "test-pattern", &small_ladder())?;
    daemon.wait_on_air(&demo, ChannelState::Live)?;
    let report = browser::script("tier-choice.mjs", &["--base", &daemon.base(), "--channel", "demo"])?;
    eprintln!("{report:#}");
    let chosen = json!({
        "mse": { "tier": "lldash", "engine": "dash.js" },
        "managed media source only": { "tier": "lldash", "engine": "dash.js" },
        "native hls only": { "tier": "llhls", "engine": "native" },
        "native hls without parts": { "tier": "ts", "engine": "native" },
    });
    ensure!(report["chosen"] == chosen, "{report:#}");
    for (tier, next) in [("lldash", "llhls"), ("llhls", "ts")] {
        let shut = &report["shut"][tier];
        ensure!(shut["plays"] == json!(true) && shut["next"] == json!(next), "{tier}: {report:#}");
        ensure!(shut["ms"].as_u64().is_some_and(|ms| ms <= NEXT_MS_MAX), "{tier}: {report:#}");
    }
    ensure!(report["climbed"]["plays"] == json!(true), "{report:#}");
    Ok(())
}

//! Which tier the watch page chooses on devices of each kind, and where it goes when that tier is shut off while it plays.

use anyhow::{Context, ensure};
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
    let ordered = daemon.add_channel("Ordered", "test-pattern", &small_ladder())?;
    let set = daemon.cli(&["channel", "tiers", "ordered", "ts", "llhls"])?;
    ensure!(set.status.success(), "{}", String::from_utf8_lossy(&set.stderr));
    daemon.wait_on_air(&ordered, ChannelState::Live)?;
    let args = ["--base", &daemon.base(), "--channel", "demo", "--ordered", "ordered"];
    let report = browser::script("tier-choice.mjs", &args)?;
    eprintln!("{report:#}");
    let chosen = json!({
        "mse": { "tier": "lldash", "engine": "dash.js" },
        "managed media source only": { "tier": "lldash", "engine": "dash.js" },
        "native hls only": { "tier": "llhls", "engine": "native" },
        "native hls without parts": { "tier": "ts", "engine": "native" },
    });
    ensure!(report["chosen"] == chosen, "{report:#}");
    let both = json!({ "disabled": false, "types": ["video/mp4", "application/vnd.apple.mpegurl"] });
    ensure!(report["airplay"] == json!({ "lldash": both, "llhls": both }), "{report:#}");
    let order = json!({ "menu": ["", "ts", "llhls"], "first": "ts", "falls": "llhls" });
    ensure!(report["ordered"] == order, "{report:#}");
    for (tier, next) in [("lldash", "llhls"), ("llhls", "ts")] {
        let shut = &report["shut"][tier];
        ensure!(shut["plays"] == json!(true) && shut["next"] == json!(next), "{tier}: {report:#}");
        ensure!(shut["ms"].as_u64().is_some_and(|ms| ms <= NEXT_MS_MAX), "{tier}: {report:#}");
    }
    ensure!(report["climbed"]["plays"] == json!(true), "{report:#}");
    Ok(())
}

/// A player that comes within seconds of a channel's creation is refused nothing, on any tier.
#[test]
fn a_channel_that_has_just_begun_refuses_no_player() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let report = browser::script("young-channel.mjs", &["--base", &daemon.base()])?;
    eprintln!("{report:#}");
    let viewings = report["viewings"].as_array().context("it lists its viewings")?;
    ensure!(!viewings.is_empty());
    for viewing in viewings {
        ensure!(viewing["plays"] == json!(true) && viewing["refused"] == json!([]), "{viewing:#}");
    }
    Ok(())
}

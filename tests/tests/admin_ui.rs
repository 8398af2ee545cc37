//! The admin UI in a real browser: the whole story by mouse and by keyboard, what axe finds, how soon it is there.

use anyhow::{Context, ensure};
use e2e::daemon::{Daemon, small_ladder};
use e2e::{alone, browser};
use serde_json::{Value, json};
use wire::ChannelState;

const PASSWORD: &str = "tall green kettle 17";

/// Every page, as `make screenshots` has them.
const PAGES: &str = "/admin/,/admin/channels/demo,/admin/channels/main-hall,/admin/players,/admin/devices,/admin/alarms,/admin/audit,\
                     /admin/settings,/admin/help,/admin/nonsense,/watch/demo,/embed/demo";

fn story(more: &[&str]) -> anyhow::Result<Value> {
    let daemon = Daemon::start()?;
    let code = daemon.cli(&["claim", "--json"])?;
    let code: wire::ClaimCode = serde_json::from_slice(&code.stdout).context("a claim code")?;
    let base = format!("https://127.0.0.1:{}", daemon.ports.https);
    let args = [&["--base", &base, "--code", &code.code, "--password", PASSWORD], more].concat();
    let report = browser::script("story.mjs", &args)?;
    eprintln!("{}", report["numbers"]);
    let steps = [
        "claimed",
        "signed in",
        "a new channel",
        "a picture",
        "another ladder",
        "another tier",
        "an alarm",
        "the alarm is over",
        "an operator sees what is granted",
        "audited",
        "every page",
    ];
    ensure!(report["steps"] == json!(steps), "{report:#}");
    ensure!(report["pageErrors"] == json!([]) && report["otherHosts"] == json!([]), "{report:#}");
    ensure!(report["numbers"]["clicks"] == json!(3), "{report:#}");
    Ok(report)
}

#[test]
fn the_whole_story_in_the_browser() -> anyhow::Result<()> {
    let _alone = alone();
    story(&[]).map(drop)
}

#[test]
fn the_whole_story_without_a_mouse() -> anyhow::Result<()> {
    let _alone = alone();
    story(&["--keyboard", "yes"]).map(drop)
}

#[test]
fn axe_finds_nothing_serious_on_any_page() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let demo = daemon.add_channel("Demo", "test-pattern", &small_ladder())?;
    let hall = daemon.add_channel("Main Hall", "rtmp", &small_ladder())?;
    daemon.add_backup(&hall, "srt")?;
    daemon.wait_on_air(&demo, ChannelState::Live)?;
    let report = browser::script("axe.mjs", &["--base", &daemon.base(), "--pages", PAGES])?;
    let pages = PAGES.split(',').count();
    ensure!(report["looked"] == json!(4 * pages), "{report:#}");
    ensure!(report["findings"] == json!([]), "{report:#}");
    Ok(())
}

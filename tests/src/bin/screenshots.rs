//! Takes a picture of each page of a box with some channels, dark and light, wide and on a phone, into `target/screenshots`.
//! Fails on errors in the console, failed requests, requests that leave the box, and pages wider than the screen.

use anyhow::{Context, ensure};
use e2e::browser;
use e2e::daemon::{Daemon, small_ladder, workspace};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use wire::ChannelState;

/// Every page of the box.
const PAGES: &str = "/watch/demo,/embed/demo,/trust,/admin/,/admin/channels/demo,/admin/channels/main-hall,/admin/players,\
                     /admin/devices,/admin/alarms,/admin/audit,/admin/settings,/admin/help,/admin/help/latency,/admin/nonsense";

fn main() -> anyhow::Result<()> {
    let out = workspace().join("target/screenshots");
    let daemon = Daemon::start()?;
    let demo = daemon.add_channel("Demo", "test-pattern", &small_ladder())?;
    let hall = daemon.add_channel("Main Hall", "rtmp", &small_ladder())?;
    daemon.add_backup(&hall, "srt")?;
    daemon.wait_on_air(&demo, ChannelState::Live)?;
    // The watch page is a viewer of those that are shown after it.
    shoot(&daemon, &out, &["--pages", PAGES, "--keep", "/watch/demo"])?;
    shoot(&daemon, &out, &["--pages", "/admin/channels/main-hall", "--open", "yes"])?;
    // Whoever comes now has to sign in.
    claim(&daemon)?;
    shoot(&daemon, &out.join("signed-out"), &["--pages", "/admin/"])?;
    println!("{}", out.display());
    Ok(())
}

fn shoot(daemon: &Daemon, out: &Path, more: &[&str]) -> anyhow::Result<()> {
    let (base, out) = (daemon.base(), out.to_str().context("a path that is text")?);
    let args = [&["--base", &base, "--out", out], more].concat();
    let report = browser::script("screenshot.mjs", &args)?;
    let pages = report.as_array().context("a report of each page")?;
    ensure!(!pages.is_empty() && pages.iter().all(|page| page["ok"] == true), "{report:#}");
    Ok(())
}

fn claim(daemon: &Daemon) -> anyhow::Result<()> {
    let mut command = Command::new(e2e::daemon::binary());
    command.args(["user", "add", "Ada", "--role", "administrator", "--data-dir"]).arg(daemon.folder());
    let mut child = command.stdin(Stdio::piped()).spawn()?;
    child.stdin.take().context("a pipe")?.write_all(b"tall green kettle 17\n")?;
    ensure!(child.wait()?.success(), "the first user could not be added");
    Ok(())
}

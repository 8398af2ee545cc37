//! The API does what it says of itself: a fuzzer reads its description and tries every call of it.

use anyhow::{Context, ensure};
use e2e::daemon::{Daemon, binary, small_ladder};
use e2e::{alone, schemathesis};
use std::io::Write;
use std::process::{Command, Stdio};
use wire::MadeApiToken;

/// Made-up requests of each call, beside the examples and the odd values.
const EXAMPLES: u32 = 15;

/// `forebay user add`, with its password.
fn add_administrator(daemon: &Daemon) -> anyhow::Result<()> {
    let mut command = Command::new(binary());
    command.args(["user", "add", "Ada", "--role", "administrator", "--data-dir"]).arg(daemon.folder());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    child.stdin.take().context("a pipe")?.write_all(b"tall green kettle 17\n")?;
    ensure!(child.wait()?.success(), "no administrator");
    Ok(())
}

#[test]
fn every_call_answers_as_it_is_described_and_nothing_breaks_it() -> anyhow::Result<()> {
    let _alone = alone();
    let mut daemon = Daemon::start()?;
    // As whoever is there before anybody has claimed the box.
    let channel = daemon.add_channel("Main Hall", "rtmp", &small_ladder())?;
    daemon.add_backup(&channel, "srt")?;
    add_administrator(&daemon)?;
    ensure!(daemon.cli(&["channel", "stop", "main-hall"])?.status.success(), "it does not stop");
    let token = ["token", "add", "fuzzer", "--user", "Ada", "--scope", "administer", "--json"];
    let made = daemon.cli(&token)?;
    let made: MadeApiToken = serde_json::from_slice(&made.stdout)?;
    let said = schemathesis::run(&daemon.base(), &made.secret, EXAMPLES)?;
    println!("{said}");
    ensure!(daemon.runs(), "the daemon has ended");
    // Nothing of it is secret, and the log says nothing is broken.
    let log = daemon.log();
    ensure!(!log.contains(&made.secret) && !log.contains("panicked"), "{log}");
    ensure!(daemon.cli(&["audit", "--export"])?.status.success(), "the audit log's chain is broken");
    Ok(())
}

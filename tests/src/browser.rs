//! Chromium with the watch page, by the scripts in `tests/browser/`.

use crate::daemon::{Channel, Daemon, workspace};
use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

/// What `watch-stalls.mjs` reports, as far as tests look at it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Viewing {
    /// Nothing a viewer would complain of.
    pub ok: bool,
    /// What there was.
    pub problems: Vec<String>,
    /// The tier at the end.
    pub tier: Option<String>,
    /// Media seconds played.
    pub progress_seconds: f64,
    /// Seconds in which they were.
    pub elapsed_seconds: f64,
    /// Failures of a tier on the way: the player's fatal errors.
    pub failures: Vec<Value>,
    /// Why there was no picture at all.
    pub why: Option<String>,
    /// `live`, unless it plays no longer.
    pub last_state: Option<String>,
    /// Times the player ran dry.
    pub stalls: u64,
    /// For how long, all together.
    pub stalled_ms: f64,
    /// The longest time between two pictures.
    pub longest_gap_ms: f64,
    /// The longest time without a change of `currentTime`.
    pub longest_standstill_ms: f64,
    /// What the media element told meanwhile: waiting, seeking and the like, with time and position.
    pub events: Vec<Value>,
    /// Exceptions in the page.
    pub page_errors: Vec<String>,
    /// Errors on the console.
    pub console_errors: Vec<String>,
    /// Answers of 400 and more.
    pub bad_status: Vec<String>,
    /// Requests without an answer.
    pub failed_requests: Vec<String>,
    /// Requests that left the box.
    pub other_hosts: Vec<String>,
}

impl Viewing {
    /// The tier, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        self.tier.as_deref().unwrap_or("a player")
    }

    /// The longest time without a change of `currentTime`.
    #[must_use]
    pub fn longest_standstill(&self) -> Duration {
        Duration::try_from_secs_f64(self.longest_standstill_ms / 1000.0).unwrap_or_default()
    }

    /// All that went wrong in the page, of whatever kind.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        let failures = self.failures.iter().map(ToString::to_string);
        let lists = [&self.page_errors, &self.console_errors, &self.bad_status, &self.failed_requests];
        failures.chain(lists.into_iter().chain([&self.other_hosts]).flatten().cloned()).collect()
    }
}

/// Chromium at work; it watches until it is told to stop.
#[derive(Debug)]
pub struct Player {
    node: Child,
    /// Closing it ends the viewing.
    until: Option<ChildStdin>,
    said: BufReader<ChildStdout>,
}

impl Player {
    /// Opens the watch page of a channel on one tier, and returns when it plays.
    ///
    /// # Errors
    /// When it does not.
    pub fn start(base: &str, slug: &str, tier: &str) -> anyhow::Result<Self> {
        let args = ["--base", base, "--channel", slug, "--tier", tier, "--until", "eof"];
        let mut command = node("watch-stalls.mjs", &args)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut node = command.spawn().context("running node: install nodejs")?;
        let until = node.stdin.take();
        let mut said = BufReader::new(node.stdout.take().context("its output is a pipe")?);
        let mut line = String::new();
        said.read_line(&mut line)?;
        let mut player = Self { node, until, said };
        if line.trim() != "playing" {
            player.said.read_to_string(&mut line)?;
            anyhow::bail!("{tier} does not play: {line}");
        }
        Ok(player)
    }

    /// Ends the viewing and says what it was; the second value is the whole report.
    ///
    /// # Errors
    /// When the script broke.
    pub fn stop(mut self) -> anyhow::Result<(Viewing, Value)> {
        drop(self.until.take());
        let mut text = String::new();
        self.said.read_to_string(&mut text)?;
        let report: Value = serde_json::from_str(&text).with_context(|| format!("it printed: {text}"))?;
        Ok((serde_json::from_value(report.clone())?, report))
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // The script closes Chromium when its input ends; a script that was killed could not.
        drop(self.until.take());
        let _gone = self.node.wait();
    }
}

/// One of the scripts that says how far it is, one line after the other, and at last prints its report.
#[derive(Debug)]
pub struct Story {
    node: Child,
    said: BufReader<ChildStdout>,
}

impl Story {
    /// Starts the script.
    ///
    /// # Errors
    /// When node or the script's packages are missing.
    pub fn start(name: &str, args: &[&str]) -> anyhow::Result<Self> {
        let mut command = node(name, args)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut node = command.spawn().context("running node: install nodejs")?;
        let said = BufReader::new(node.stdout.take().context("its output is a pipe")?);
        Ok(Self { node, said })
    }

    /// Waits for that line, which must be the next one.
    ///
    /// # Errors
    /// When another comes, or none.
    pub fn until(&mut self, wanted: &str) -> anyhow::Result<()> {
        let mut line = String::new();
        self.said.read_line(&mut line)?;
        ensure!(line.trim() == wanted, "it is not \"{wanted}\": {line}");
        Ok(())
    }

    /// The report.
    ///
    /// # Errors
    /// When the script broke.
    pub fn end(mut self) -> anyhow::Result<Value> {
        let mut text = String::new();
        self.said.read_to_string(&mut text)?;
        serde_json::from_str(&text).with_context(|| format!("it printed: {text}"))
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        // It closes Chromium and ends by itself, within its own limits.
        let _gone = self.node.wait();
    }
}

/// Watches a channel on one tier for a while; the second value is the whole report.
///
/// # Errors
/// When the script cannot be run.
pub fn watch(
    daemon: &Daemon,
    channel: &Channel,
    tier: &str,
    seconds: u64,
) -> anyhow::Result<(Viewing, Value)> {
    let (base, seconds) = (daemon.base(), seconds.to_string());
    let args = ["--base", &base, "--channel", &channel.slug, "--tier", tier, "--seconds", &seconds];
    let report = script("watch-stalls.mjs", &args)?;
    Ok((serde_json::from_value(report.clone())?, report))
}

/// Runs one of the scripts and parses its JSON; its exit status is left to the caller's reading of that.
///
/// # Errors
/// When node or the script's packages are missing, or it prints no JSON.
pub fn script(name: &str, args: &[&str]) -> anyhow::Result<Value> {
    let output = node(name, args)?.stdin(Stdio::null()).output().context("running node: install nodejs")?;
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&said).with_context(|| format!("{name} printed: {said}"))
}

fn node(name: &str, args: &[&str]) -> anyhow::Result<Command> {
    install()?;
    let mut node = Command::new("node");
    node.arg(name).args(args).current_dir(folder()).stderr(Stdio::inherit());
    Ok(node)
}

fn folder() -> PathBuf {
    workspace().join("tests/browser")
}

/// `npm ci`, once.
fn install() -> anyhow::Result<()> {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _one = INSTALLING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if folder().join("node_modules/playwright-core").is_dir() {
        return Ok(());
    }
    let done = Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder()).output();
    let done = done.context("running npm: install it to get playwright-core")?;
    ensure!(done.status.success(), "npm ci: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

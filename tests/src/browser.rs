//! Chromium with the watch page, by the scripts in `tests/browser/`.

use crate::daemon::{Channel, Daemon, workspace};
use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// What `watch-stalls.mjs` reports, as far as tests look at it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Viewing {
    /// Nothing a viewer would complain of.
    pub ok: bool,
    /// What there was.
    #[serde(default)]
    pub problems: Vec<String>,
    /// The tier at the end.
    #[serde(default)]
    pub tier: Option<String>,
    /// Media seconds played.
    #[serde(default)]
    pub progress_seconds: f64,
    /// Failures of a tier on the way.
    #[serde(default)]
    pub failures: Vec<Value>,
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
    install()?;
    let mut node = Command::new("node");
    node.arg(name).args(args).current_dir(folder()).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = node.output().context("running node: install nodejs")?;
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&said).with_context(|| format!("{name} printed: {said}"))
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

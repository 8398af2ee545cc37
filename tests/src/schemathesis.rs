//! Schemathesis: a fuzzer that reads an API's own description, and holds every answer against it.

use crate::daemon::workspace;
use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Nothing that the box is broken by, and nothing that is not described.
const CHECKS: &str =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

/// Tries this many made-up requests of each call, the same each time.
///
/// # Errors
/// What the fuzzer has found, with a command that shows it again.
pub fn run(base: &str, token: &str, examples: u32) -> anyhow::Result<String> {
    let (program, folder) = (installed()?, tempfile::tempdir()?);
    let mut command = Command::new(program);
    command.arg("run").arg(format!("{base}/api/v1/openapi.json"));
    command.args(["--header", &format!("Authorization: Bearer {token}")]);
    command.args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--exclude-path", "/events"]);
    command.args(["--exclude-path", "/channels/{slug}/start"]);
    command.args(["--max-examples", &examples.to_string(), "--seed", "1", "--generation-database", "none"]);
    command.args(["--request-timeout", "10", "--workers", "1", "--no-color"]);
    // What it would write beside itself goes with the folder.
    command.current_dir(folder.path()).env("SCHEMATHESIS_HOOKS", "hooks");
    command.env("PYTHONPATH", workspace().join("tests/judges"));
    let done = command.output().context("running schemathesis")?;
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    ensure!(done.status.success(), "{said}");
    Ok(said)
}

/// The version of `tests/judges/schemathesis.txt`, installed once.
fn installed() -> anyhow::Result<PathBuf> {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _one = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = workspace().join("tests/judges");
    let (wanted, place) = (folder.join("schemathesis.txt"), folder.join("schemathesis"));
    let (program, is_of) = (place.join("bin/st"), place.join("installed.txt"));
    let text = std::fs::read_to_string(&wanted)?;
    if !program.is_file() || std::fs::read_to_string(&is_of).unwrap_or_default() != text {
        done(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&place), "install python3-venv")?;
        let mut pip = Command::new(place.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]);
        done(pip.arg(&wanted), "pip could not install it")?;
        std::fs::write(&is_of, text)?;
    }
    ensure!(Path::new(&program).is_file(), "{} is not among what was installed", program.display());
    Ok(program)
}

fn done(command: &mut Command, remedy: &str) -> anyhow::Result<()> {
    let output = command.output().with_context(|| remedy.to_owned())?;
    ensure!(output.status.success(), "{remedy}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

//! Has a driver asked by a process of its own, `forebay probe-gpu`, within a time limit.

use crate::limits::{GPU_ANSWER_BYTES_MAX, GPU_PROBE_MAX};
use serde::de::DeserializeOwned;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// The driver gives a reason.
    Refused(String),
    /// It gives none; in words, with what to do.
    Broken(String),
}

/// Runs `forebay probe-gpu` with these arguments, and ends it when it is late. Blocks.
pub(super) fn ask<T: DeserializeOwned>(arguments: &[&OsStr]) -> Result<T, Silence> {
    let broken = |words: String| Err(Silence::Broken(words));
    let mut child = match spawn(arguments) {
        Ok(child) => child,
        Err(error) => return broken(format!("it could not be asked: {error}")),
    };
    let (to, answer) = channel();
    if let Some(out) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let read = out.take(GPU_ANSWER_BYTES_MAX).read_to_end(&mut text);
            // Nobody listens any more when it was late.
            let _ = to.send(read.map(|_| text));
        });
    }
    let answer = answer.recv_timeout(GPU_PROBE_MAX);
    // Nothing to end when it has ended; reaped either way.
    let _ = child.kill();
    let status = child.wait();
    match answer {
        Err(_) => broken(format!(
            "its driver gave no answer in {} s; look at the kernel's log, and restart the machine",
            GPU_PROBE_MAX.as_secs()
        )),
        Ok(Err(error)) => broken(format!("its answer could not be read: {error}")),
        Ok(Ok(text)) => match serde_json::from_slice::<Result<T, String>>(&text) {
            Ok(answer) => answer.map_err(Silence::Refused),
            Err(_) => broken(format!("its driver broke ({}); install another version of it", ending(status))),
        },
    }
}

fn ending(status: io::Result<std::process::ExitStatus>) -> String {
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}

fn spawn(arguments: &[&OsStr]) -> io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("probe-gpu").args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
}

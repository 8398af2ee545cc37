//! The GPUs in `forebay check`: each render node is asked in a process of its own, within a time limit.

use super::check::Check;
use crate::limits::{GPU_ANSWER_BYTES_MAX, GPU_PROBE_MAX};
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use worker::gpu::{Ability, Probed, Work};

const FOLDER: &str = "/dev/dri";

/// One for each device; one that says so if there is none.
#[must_use]
pub fn checks() -> Vec<Check> {
    match nodes() {
        Ok(nodes) if !nodes.is_empty() => nodes.iter().map(|node| check(node)).collect(),
        _ => vec![Check::new("GPU", Ok(none_found()))],
    }
}

fn none_found() -> String {
    format!(
        "none found: there is no {FOLDER}/renderD…; with a GPU in this machine, install its kernel driver and firmware"
    )
}

fn nodes() -> io::Result<Vec<PathBuf>> {
    let paths = std::fs::read_dir(FOLDER)?.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let is_node = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("renderD"))
    };
    Ok(paths.filter(is_node).collect::<BTreeSet<_>>().into_iter().collect())
}

fn check(node: &Path) -> Check {
    let name = node.file_name().unwrap_or_default().to_string_lossy();
    Check::new(format!("GPU {name}"), ask(node).map(|probed| describe(&probed)))
}

/// Runs `forebay probe-gpu`, and ends it when it is late.
fn ask(node: &Path) -> Result<Probed, String> {
    let mut child = spawn(node).map_err(|error| format!("it could not be asked: {error}"))?;
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
        Err(_) => Err(format!(
            "its driver gave no answer in {} s; look at the kernel's log, and restart the machine",
            GPU_PROBE_MAX.as_secs()
        )),
        Ok(Err(error)) => Err(format!("its answer could not be read: {error}")),
        Ok(Ok(text)) => match serde_json::from_slice::<Result<Probed, String>>(&text) {
            Ok(answer) => answer.map_err(|error| remedy(&error)),
            Err(_) => Err(format!("its driver broke ({}); install another version of it", ending(status))),
        },
    }
}

fn ending(status: io::Result<std::process::ExitStatus>) -> String {
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}

fn spawn(node: &Path) -> io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("probe-gpu").arg(node);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
}

fn remedy(error: &str) -> String {
    let remedy = if error.contains("ermission denied") {
        "add the user that runs forebay to the group `render`"
    } else {
        "install its driver: intel-media-va-driver-non-free for Intel, mesa-va-drivers for AMD"
    };
    format!("{error}; {remedy}")
}

fn describe(probed: &Probed) -> String {
    let abilities: Vec<_> = probed.abilities.iter().map(ability).collect();
    let abilities = if abilities.is_empty() { "nothing of use".into() } else { abilities.join(", ") };
    format!("{}: {abilities}; channels do not use GPUs yet", probed.driver)
}

fn ability(ability: &Ability) -> String {
    let work = match ability.work {
        Work::Decode => "decodes",
        Work::Encode => "encodes",
        Work::EncodeLowPower => "encodes at low power",
    };
    let size = match (ability.width_max, ability.height_max) {
        (Some(width), Some(height)) => format!(" to {width}x{height}"),
        _ => String::new(),
    };
    let rates = match ability.rate_controls.as_slice() {
        [] => String::new(),
        rates => format!(" by {}", rates.join("/")),
    };
    let depth = if ability.ten_bit { " in 10 bits" } else { "" };
    format!("{work} {}{size}{rates}{depth}", ability.profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_described_in_a_line() {
        let hevc = Ability {
            profile: "HEVC Main 10".into(),
            work: Work::Encode,
            width_max: Some(8192),
            height_max: Some(4320),
            rate_controls: vec!["CBR".into(), "VBR".into()],
            ten_bit: true,
        };
        let probed = Probed { driver: "Some driver 1.2".into(), abilities: vec![hevc] };
        assert_eq!(
            describe(&probed),
            "Some driver 1.2: encodes HEVC Main 10 to 8192x4320 by CBR/VBR in 10 bits; channels do not use GPUs yet"
        );
    }

    #[test]
    fn what_is_wrong_has_a_remedy() {
        assert!(remedy("it cannot be opened: Permission denied (os error 13)").contains("group `render`"));
        assert!(remedy("no driver could be loaded: unknown libva error").contains("mesa-va-drivers"));
    }
}

//! Asks the driver of each render node what it can do: in a process of its own, within a time limit.

use super::Found;
use crate::limits::{GPU_ANSWER_BYTES_MAX, GPU_PROBE_MAX};
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use worker::gpu::Probed;

/// Where render nodes are.
pub const FOLDER: &str = "/dev/dri";

/// All devices, each asked, but for those of `known` that are still there and gave an answer. Blocks.
#[must_use]
pub fn all(known: &[Found]) -> Vec<Found> {
    let nodes = nodes().unwrap_or_default();
    std::thread::scope(|scope| {
        let asking: Vec<_> = nodes
            .into_iter()
            .map(|node| {
                let old = known.iter().find(|found| found.node == node && found.answer.is_ok()).cloned();
                scope.spawn(move || {
                    old.unwrap_or_else(|| Found { name: name(&node), answer: ask(&node), node })
                })
            })
            .collect();
        asking.into_iter().filter_map(|asked| asked.join().ok()).collect()
    })
}

fn nodes() -> io::Result<Vec<PathBuf>> {
    let paths = std::fs::read_dir(FOLDER)?.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let is_node = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("renderD"))
    };
    Ok(paths.filter(is_node).collect::<BTreeSet<_>>().into_iter().collect())
}

/// By its place on the bus where the kernel tells, since nodes are numbered as drivers load.
fn name(node: &Path) -> String {
    let node = node.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let device = std::fs::read_link(format!("/sys/class/drm/{node}/device"));
    let place = device.ok().and_then(|device| Some(device.file_name()?.to_string_lossy().into_owned()));
    place.map_or(node, |place| format!("pci-{place}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_has_a_remedy() {
        assert!(remedy("it cannot be opened: Permission denied (os error 13)").contains("group `render`"));
        assert!(remedy("no driver could be loaded: unknown libva error").contains("mesa-va-drivers"));
    }
}

//! Which devices there are: render nodes, and what NVIDIA's driver has. Each is asked in a process of its own.

use super::ask::{Silence, ask};
use super::{Found, nvidia};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// Where render nodes are.
pub const FOLDER: &str = "/dev/dri";

/// What was found, and what was looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// All devices.
    pub found: Vec<Found>,
    /// Each way to a device, and what came of it, in a sentence.
    pub looked_for: Vec<String>,
}

/// All devices, each asked, but for those of `known` that are still there and gave an answer. Blocks.
#[must_use]
pub fn all(known: &[Found]) -> Looked {
    std::thread::scope(|scope| {
        let asking: Vec<_> = nodes()
            .unwrap_or_default()
            .into_iter()
            .map(|node| {
                let old = known.iter().find(|found| found.node == node && found.answer.is_ok()).cloned();
                scope.spawn(move || {
                    old.unwrap_or_else(|| Found {
                        name: name(&node),
                        answer: answer(&node),
                        node,
                        reading: None,
                    })
                })
            })
            .collect();
        let (theirs, told_of_nvidia) = nvidia::all(known);
        // One card by two ways: NVIDIA's own is the one by which it encodes.
        let is_other = |found: &Found| theirs.iter().all(|card| card.name != found.name);
        let nodes = asking.into_iter().filter_map(|asked| asked.join().ok()).filter(is_other);
        let nodes: Vec<_> = nodes.collect();
        let looked_for = vec![told_of_nodes(nodes.len()), told_of_nvidia];
        Looked { found: nodes.into_iter().chain(theirs.iter().cloned()).collect(), looked_for }
    })
}

fn told_of_nodes(count: usize) -> String {
    match count {
        0 => format!(
            "VA-API (Intel, AMD): there is no {FOLDER}/renderD…; with such a GPU in this machine, install its kernel \
             driver and firmware"
        ),
        count => format!("VA-API (Intel, AMD): {count} in {FOLDER}"),
    }
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

fn answer(node: &Path) -> Result<worker::gpu::Probed, String> {
    ask(&[OsStr::new("--node"), node.as_os_str()]).map_err(|silence| match silence {
        Silence::Refused(error) => remedy(&error, &vendor(node)),
        Silence::Broken(words) => words,
    })
}

/// As the kernel writes it; empty where it tells none.
fn vendor(node: &Path) -> String {
    let node = node.file_name().unwrap_or_default().to_string_lossy();
    std::fs::read_to_string(format!("/sys/class/drm/{node}/device/vendor")).unwrap_or_default()
}

fn remedy(error: &str, vendor: &str) -> String {
    let remedy = if error.contains("ermission denied") {
        "add the user that runs forebay to the group `render`"
    } else if vendor.trim() == nvidia::VENDOR {
        "install NVIDIA's driver, nvidia-driver in Debian: its cards encode by that alone"
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
        let denied = remedy("it cannot be opened: Permission denied (os error 13)", "0x10de\n");
        assert!(denied.contains("group `render`"));
        assert!(remedy("no driver could be loaded: unknown libva error", "").contains("mesa-va-drivers"));
        assert!(
            remedy("no driver could be loaded: unknown libva error", "0x10de\n").contains("nvidia-driver")
        );
    }
}

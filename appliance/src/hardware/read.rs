//! Everything that the kernel tells, read once. Blocks.

use super::drives::{self, RawDrive};
use super::kernel::{Root, text};
use super::links::{self, RawLink};
use super::parse::{self, CoreTimes};
use super::{gpus, sensors, time_service};
use crate::limits::CORES_MAX;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use wire::{ClockHealth, Filesystem, GpuFigures, Memory, Sensor, Supply};

/// What is looked at.
#[derive(Clone, Debug)]
pub struct Places {
    /// Of the kernel's files.
    pub root: Root,
    /// What is kept there, and where.
    pub folders: Vec<(&'static str, PathBuf)>,
    /// Name and render node of each GPU.
    pub nodes: Vec<(String, PathBuf)>,
}

/// Counters and figures at one time.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Since the machine's start, or some other fixed time.
    pub at: Duration,
    /// All cores together, then each.
    pub cores: Vec<CoreTimes>,
    /// See [`wire::Processor`].
    pub model: String,
    /// See [`wire::Processor`].
    pub load: [f64; 3],
    /// See [`wire::Processor`].
    pub cpu_pressure: Option<f64>,
    /// Of disks.
    pub io_pressure: Option<f64>,
    /// With its pressure.
    pub memory: Memory,
    /// See [`drives::filesystems`].
    pub filesystems: Vec<Filesystem>,
    /// With counts.
    pub drives: Vec<RawDrive>,
    /// With counts.
    pub links: Vec<RawLink>,
    /// All kinds.
    pub sensors: Vec<Sensor>,
    /// Mains and batteries.
    pub supplies: Vec<Supply>,
    /// Who keeps it right.
    pub clock: ClockHealth,
    /// There is a management controller that could be asked, by those who may.
    pub has_ipmi: bool,
    /// By name of the device.
    pub gpus: BTreeMap<String, GpuFigures>,
    /// See [`gpus::looked_for`].
    pub looked_for: String,
}

/// Reads it all; `at` is now.
#[must_use]
pub fn all(places: &Places, at: Duration) -> Reading {
    let root = &places.root;
    let pressure =
        |of: &str| text(&root.at(format!("proc/pressure/{of}"))).and_then(|text| parse::pressure(&text));
    let mut cores = parse::stat(&root.text("proc/stat"));
    cores.truncate(CORES_MAX + 1);
    let gpus = places.nodes.iter().map(|(name, node)| (name.clone(), gpus::of_node(root, node)));
    Reading {
        at,
        cores,
        model: parse::model(&root.text("proc/cpuinfo")),
        load: parse::loadavg(&root.text("proc/loadavg")),
        cpu_pressure: pressure("cpu"),
        io_pressure: pressure("io"),
        memory: Memory { pressure_percent: pressure("memory"), ..parse::meminfo(&root.text("proc/meminfo")) },
        filesystems: drives::filesystems(&places.folders),
        drives: drives::all(root),
        links: links::all(root),
        sensors: sensors::all(root),
        supplies: sensors::supplies(root),
        clock: time_service::ask(root),
        has_ipmi: root.at("dev/ipmi0").exists(),
        gpus: gpus.collect(),
        looked_for: gpus::looked_for(root),
    }
}

/// A folder with these files, for tests.
#[cfg(test)]
pub(super) fn fixture(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let root = Root::new(folder.path().to_owned());
    (folder, root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_can_be_read() {
        let places =
            Places { root: Root::new("/".into()), folders: vec![("system", "/".into())], nodes: vec![] };
        let reading = all(&places, Duration::ZERO);
        assert!(reading.cores.len() > 1 && reading.memory.total > reading.memory.available);
        assert!(reading.filesystems[0].size > 0);
    }
}

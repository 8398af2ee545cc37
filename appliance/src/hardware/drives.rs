//! Disks, and what is on them.

use super::kernel::{Root, names, number, text};
use super::parse::{self, DriveCounts, SECTOR_BYTES};
use crate::limits::DRIVES_MAX;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use wire::{Drive, Filesystem};

/// Not disks, or none of their own.
const NO_DRIVES: [&str; 7] = ["loop", "ram", "zram", "sr", "fd", "nbd", "dm-"];

/// A disk, and what it has done so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawDrive {
    /// Without rates.
    pub drive: Drive,
    /// By which rates are known.
    pub counts: DriveCounts,
}

/// All disks.
#[must_use]
pub fn all(root: &Root) -> Vec<RawDrive> {
    let counts: BTreeMap<_, _> = parse::diskstats(&root.text("proc/diskstats")).into_iter().collect();
    let folder = root.at("sys/block");
    let is_drive = |name: &String| !NO_DRIVES.iter().any(|prefix| name.starts_with(prefix));
    let one = |name: String| {
        let at = folder.join(&name);
        let errors = text(&at.join("device/ioerr_cnt"));
        let errors = errors.and_then(|hex| u64::from_str_radix(hex.trim_start_matches("0x"), 16).ok());
        let drive = Drive {
            model: text(&at.join("device/model")).unwrap_or_default(),
            size: number::<u64>(&at.join("size")).unwrap_or(0).saturating_mul(SECTOR_BYTES),
            state: text(&at.join("device/state")).unwrap_or_default(),
            errors,
            ..Drive::default()
        };
        let counts = counts.get(&name).copied().unwrap_or_default();
        RawDrive { drive: Drive { name, ..drive }, counts }
    };
    names(&folder).into_iter().filter(is_drive).take(DRIVES_MAX).map(one).collect()
}

/// Those of these folders, each once: a folder on the same one as an earlier is left out.
#[must_use]
pub fn filesystems(folders: &[(&'static str, PathBuf)]) -> Vec<Filesystem> {
    let mut seen = BTreeSet::new();
    let mut one = |(name, folder): &(&'static str, PathBuf)| {
        let found = Filesystem {
            name: (*name).into(),
            folder: folder.display().to_string(),
            ..Filesystem::default()
        };
        let device = match std::fs::metadata(folder) {
            Ok(told) => told.dev(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => return Some(Filesystem { fault: error.to_string(), ..found }),
        };
        if !seen.insert(device) {
            return None;
        }
        Some(match rustix::fs::statvfs(folder) {
            Ok(disk) => {
                let (size, free) = (disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize);
                let read_only = disk.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY);
                // The system's own may be so on purpose.
                let fault = if read_only && *name != "system" { "it can only be read" } else { "" };
                Filesystem { size, free, fault: fault.into(), ..found }
            }
            Err(error) => Filesystem { fault: error.to_string(), ..found },
        })
    };
    folders.iter().filter_map(&mut one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::read::fixture;

    #[test]
    fn disks_are_told_from_what_is_none() {
        let (_folder, root) = fixture(&[
            ("proc/diskstats", "8 0 sda 10 0 20 5 30 0 40 6 0 700 11 0 0"),
            ("sys/block/sda/size", "1000"),
            ("sys/block/sda/device/model", "ROTATING 1T  "),
            ("sys/block/sda/device/state", "running"),
            ("sys/block/sda/device/ioerr_cnt", "0x1f"),
            ("sys/block/loop0/size", "8"),
        ]);
        let [RawDrive { drive, counts }] = &all(&root)[..] else { panic!("one disk") };
        assert_eq!((drive.model.as_str(), drive.size, drive.errors), ("ROTATING 1T", 512_000, Some(31)));
        assert_eq!(counts.written, 20_480);
    }

    #[test]
    fn folders_of_one_disk_are_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().to_owned();
        let told = filesystems(&[("data", at.clone()), ("recordings", at.join("dvr")), ("system", at)]);
        let names: Vec<_> = told.iter().map(|one| (one.name.as_str(), one.fault.as_str())).collect();
        assert_eq!(names, [("data", "")]);
        assert!(told[0].size >= told[0].free && told[0].size > 0);
    }
}

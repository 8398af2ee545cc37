//! Files of the kernel's: small, read whole, each bounded.

use crate::limits::KERNEL_FILE_BYTES_MAX;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where `/proc`, `/sys`, `/run` and `/dev` are; in a container they may be a folder of the host's.
#[derive(Clone, Debug)]
pub struct Root(PathBuf);

impl Root {
    /// This folder; `/` as a rule.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// A place below it, such as `proc/stat`.
    #[must_use]
    pub fn at(&self, place: impl AsRef<Path>) -> PathBuf {
        self.0.join(place)
    }

    /// What a file there has; empty where it cannot be read.
    #[must_use]
    pub fn text(&self, place: impl AsRef<Path>) -> String {
        text(&self.at(place)).unwrap_or_default()
    }
}

/// What a file has, without space around it; nothing where it cannot be read or has none.
#[must_use]
pub fn text(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(KERNEL_FILE_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The number in a file.
#[must_use]
pub fn number<T: FromStr>(path: &Path) -> Option<T> {
    text(path)?.parse().ok()
}

/// Names of what is in a folder, in order; none where it is not there.
#[must_use]
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names: BTreeSet<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.into_iter().collect()
}

/// The name of what a link points at.
#[must_use]
pub fn target(link: &Path) -> Option<String> {
    Some(std::fs::read_link(link).ok()?.file_name()?.to_str()?.to_owned())
}

/// As a part of a metric's name: lower case, a dash for whatever is neither letter nor digit.
#[must_use]
pub fn plain(name: &str) -> String {
    let plain: String = name
        .trim()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    plain.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_parts_of_metrics() {
        assert_eq!(
            ["Package id 0", " Tctl ", "pci-0000:03:00.0"].map(plain),
            ["package-id-0", "tctl", "pci-0000-03-00-0"]
        );
    }

    #[test]
    fn what_is_not_there_is_empty() {
        let root = Root::new("/nonexistent".into());
        assert_eq!((root.text("proc/stat"), names(&root.at("sys"))), (String::new(), vec![]));
        assert_eq!(number::<u64>(&root.at("x")), None);
    }
}

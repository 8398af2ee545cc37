//! What the admin UI's files depend on, as one number.

use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Files and folders, from the root, whose content decides the result.
const INPUTS: [&str; 10] = [
    "Cargo.lock",
    "Cargo.toml",
    "admin-ui/Cargo.toml",
    "admin-ui/boot.js",
    "admin-ui/build",
    "admin-ui/icon.svg",
    "admin-ui/index.html",
    "admin-ui/src",
    "admin-ui/style.css",
    "appliance/wire",
];

/// A hash of content, for names and stamps: it tells versions apart, it keeps no secret.
pub(crate) struct Hash(u64);

impl Hash {
    /// FNV-1a's offset basis.
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Takes more content in. Its length counts too, so that two files never pass for one.
    #[must_use]
    pub(crate) fn with(self, content: &[u8]) -> Self {
        let length = u64::try_from(content.len()).expect("a length fits 64 bits").to_le_bytes();
        let hash = length
            .iter()
            .chain(content)
            .fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
        Self(hash)
    }

    /// Sixteen hexadecimal digits.
    pub(crate) fn hex(&self) -> String {
        format!("{:016x}", self.0)
    }
}

/// The stamp of all inputs below `root`.
pub(crate) fn stamp(root: &Path) -> Result<String> {
    stamp_of(root, &INPUTS)
}

fn stamp_of(root: &Path, inputs: &[&str]) -> Result<String> {
    let mut files = Vec::new();
    for input in inputs {
        collect(&root.join(input), &mut files)?;
    }
    files.sort();
    let mut hash = Hash::new();
    for file in &files {
        let content = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        hash = hash.with(file.strip_prefix(root)?.as_os_str().as_encoded_bytes()).with(&content);
    }
    Ok(hash.hex())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| format!("listing {}", path.display()))? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_follows_content_and_names_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| fs::write(root.path().join(name), content).unwrap();
        fs::create_dir(root.path().join("src")).unwrap();
        write("src/a", "one");
        write("src/b", "two");
        let stamp = || stamp_of(root.path(), &["src"]).unwrap();
        let first = stamp();
        write("src/a", "one");
        write("other", "no input");
        assert_eq!(stamp(), first);
        write("src/a", "onetwo");
        write("src/b", "");
        assert_ne!(stamp(), first, "content that moves between files is a change");
        write("src/a", "one");
        write("src/b", "two");
        assert_eq!(stamp(), first);
        fs::rename(root.path().join("src/b"), root.path().join("src/c")).unwrap();
        assert_ne!(stamp(), first);
    }

    #[test]
    fn a_missing_input_is_named() {
        let root = tempfile::tempdir().unwrap();
        let error = stamp_of(root.path(), &["gone"]).unwrap_err();
        assert!(error.to_string().contains("gone"), "{error}");
    }
}

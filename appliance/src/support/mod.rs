//! The support bundle: what somebody far away needs to see what is wrong, and nothing that opens a door.
//!
//! | module | what it is |
//! |---|---|
//! | [`recent`] | the daemon's own newest log lines |
//! | `redact` | pure: takes out what is secret, and addresses |
//!
//! Only what is listed here goes in, and all of it passes [`redact`]: what is secret is left out twice.

pub mod recent;
pub mod redact;

use crate::limits::{SUPPORT_BYTES_MAX, SUPPORT_JOURNAL_BYTES_MAX, SUPPORT_JOURNAL_LINES};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use redact::Redactor;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::Command;

/// A file of the bundle: its name, and its text.
pub type Page = (String, String);

/// Writes pages as a compressed tar. Those that no longer fit are named instead.
///
/// # Errors
/// When the file cannot be written.
pub fn write(pages: Vec<Page>, redactor: &mut Redactor, made_at_secs: u64, to: &File) -> io::Result<()> {
    let mut tar = tar::Builder::new(GzEncoder::new(to, Compression::default()));
    let (mut left, mut missing) = (SUPPORT_BYTES_MAX, String::new());
    for (name, text) in pages {
        let text = redactor.text(&text);
        if text.len() > left {
            missing.push_str(&format!("{name}: {} bytes\n", text.len()));
            continue;
        }
        left -= text.len();
        append(&mut tar, &name, made_at_secs, text.as_bytes())?;
    }
    if !missing.is_empty() {
        append(&mut tar, "left-out.txt", made_at_secs, missing.as_bytes())?;
    }
    tar.into_inner()?.finish()?;
    to.sync_all()
}

fn append(tar: &mut tar::Builder<impl Write>, name: &str, at: u64, text: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(at);
    tar.append_data(&mut header, Path::new("forebay-support").join(name), text)
}

/// The same bundle with one page more.
///
/// # Errors
/// When it cannot be read or written.
pub fn with_page(bundle: &mut impl Read, page: &Page, to: &File) -> io::Result<()> {
    let mut tar = tar::Builder::new(GzEncoder::new(to, Compression::default()));
    let mut old = tar::Archive::new(GzDecoder::new(bundle));
    for entry in old.entries()? {
        let entry = entry?;
        let mut header = entry.header().clone();
        let path = entry.path()?.into_owned();
        tar.append_data(&mut header, path, entry)?;
    }
    append(&mut tar, &page.0, 0, Redactor::default().text(&page.1).as_bytes())?;
    tar.into_inner()?.finish()?;
    to.sync_all()
}

/// The journal of the daemon's unit, where this user may read it.
#[must_use]
pub fn journal() -> Option<String> {
    let lines = SUPPORT_JOURNAL_LINES.to_string();
    let arguments =
        ["--unit", "forebay", "--lines", &lines, "--output", "short-iso-precise", "--no-pager", "--quiet"];
    let output = Command::new("journalctl").args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    // The newest is at the end.
    let from = text.len().saturating_sub(SUPPORT_JOURNAL_BYTES_MAX);
    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at))?;
    (output.status.success() && !text.trim().is_empty()).then(|| text[from..].to_owned())
}

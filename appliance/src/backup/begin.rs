//! What a start does before it opens anything: takes over what was staged, or forgets everything. Each can be cut short by
//! a power failure at any moment: the next start goes on with it.

use super::stage::{BEFORE, NOTE, Note, RESET, Reset, STAGED};
use super::{FOLDER, remove_folder, sync_folder};
use crate::store::state;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

/// All that the state is, but recordings.
const STATE: [&str; 8] = [
    "forebay.db",
    "forebay.db-wal",
    "forebay.db-shm",
    "history.db",
    "history.db-wal",
    "history.db-shm",
    "tls",
    "copies",
];

/// What is left of earlier times, which a reset takes away too.
const LEFT: [&str; 6] = ["damaged", "before", "before.part", "history.db.damaged", "ports.json", "dvr"];

const RECORDINGS: &str = "recordings";

/// The state that is replaced, while it is.
const ASIDE: &str = "before.part";

/// In what is staged: nothing of the state that is replaced is in its place any more.
const MOVED: &str = "moved";

/// What has been done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing.
    AsItWas,
    /// Everything has been forgotten.
    Reset,
    /// What was staged has been taken over.
    Restored(Note),
}

/// Does what was left for this start to do.
///
/// # Errors
/// When the disk does not let it.
pub fn begin(data_dir: &Path) -> io::Result<Begun> {
    let folder = data_dir.join(FOLDER);
    if !folder.is_dir() {
        return Ok(Begun::AsItWas);
    }
    if folder.join(RESET).is_file() {
        reset(data_dir)?;
        return Ok(Begun::Reset);
    }
    // Half a backup, a file that was brought: of an earlier run.
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        match path.file_name().and_then(|name| name.to_str()) {
            Some(STAGED) => {}
            _ if path.is_dir() => remove_folder(&path)?,
            _ => fs::remove_file(&path)?,
        }
    }
    if folder.join(STAGED).is_dir() { take_over(data_dir).map(Begun::Restored) } else { Ok(Begun::AsItWas) }
}

/// Puts what was before the last restore in its place again.
///
/// # Errors
/// When there is nothing, or the disk does not let it.
pub fn go_back(data_dir: &Path) -> io::Result<()> {
    let folder = data_dir.join(FOLDER);
    state::private_folder(&folder)?;
    fs::rename(data_dir.join(BEFORE), folder.join(STAGED))?;
    sync_folder(&folder)?;
    take_over(data_dir).map(drop)
}

fn take_over(data_dir: &Path) -> io::Result<Note> {
    let (staged, aside) = (data_dir.join(FOLDER).join(STAGED), data_dir.join(ASIDE));
    let note = fs::read(staged.join(NOTE)).ok().and_then(|told| serde_json::from_slice(&told).ok());
    if !staged.join(MOVED).exists() {
        state::private_folder(&aside)?;
        for part in STATE {
            move_if_there(&data_dir.join(part), &aside.join(part))?;
        }
        sync_folder(&aside)?;
        sync_folder(data_dir)?;
        File::create(staged.join(MOVED))?.sync_all()?;
        sync_folder(&staged)?;
    }
    for part in STATE {
        move_if_there(&staged.join(part), &data_dir.join(part))?;
    }
    sync_folder(data_dir)?;
    if aside.is_dir() {
        remove_folder(&data_dir.join(BEFORE))?;
        fs::rename(&aside, data_dir.join(BEFORE))?;
        sync_folder(data_dir)?;
    }
    remove_folder(&staged)?;
    Ok(note.unwrap_or_else(|| Note {
        who: "(unknown)".into(),
        address: String::new(),
        call: "POST /restore".into(),
        what: "an earlier state".into(),
    }))
}

fn move_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn reset(data_dir: &Path) -> io::Result<()> {
    let folder = data_dir.join(FOLDER);
    let told = fs::read(folder.join(RESET))?;
    let wanted: Reset = serde_json::from_slice(&told).unwrap_or_default();
    let recordings = wanted.recordings.then_some(RECORDINGS);
    for name in STATE.into_iter().chain(LEFT).chain(recordings) {
        let path = data_dir.join(name);
        match path.symlink_metadata() {
            Ok(found) if found.is_dir() => empty(&path)?,
            Ok(_) => fs::remove_file(&path)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    sync_folder(data_dir)?;
    // Last, with whatever else was on its way: until then the next start begins with this again.
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        match path.file_name().and_then(|name| name.to_str()) {
            Some(RESET) => {}
            _ if path.is_dir() => remove_folder(&path)?,
            _ => fs::remove_file(&path)?,
        }
    }
    fs::remove_file(folder.join(RESET))?;
    sync_folder(&folder)
}

/// With the folder itself, unless it is a disk of its own.
fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_folder = path.symlink_metadata()?.is_dir();
        if path.file_name().is_some_and(|name| name == "lost+found") {
            continue;
        }
        if is_folder { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
    }
    match fs::remove_dir(folder) {
        Err(error) if matches!(error.kind(), ErrorKind::ResourceBusy | ErrorKind::DirectoryNotEmpty) => {
            Ok(())
        }
        done => done,
    }
}

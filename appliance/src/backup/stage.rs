//! Opens a backup beside the state, and has it taken over at the next start.

use super::{BackupError, FOLDER, remove_folder, seal, sync_folder, upload_path};
use crate::store::state;
use media::time::Ticks;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use wire::BackupContents;

/// Being opened.
const PART: &str = "staged.part";
/// Whole: a start takes it over.
pub(super) const STAGED: &str = "staged";
/// Who wanted it.
pub(super) const NOTE: &str = "note.json";
/// What was before the last restore.
pub(super) const BEFORE: &str = "before";
/// Has a start forget everything.
pub(super) const RESET: &str = "reset";

/// Who has had what be done, told once it has been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// As the audit log has it.
    pub who: String,
    /// Where from.
    pub address: String,
    /// Method and path.
    pub call: String,
    /// What it was, in words.
    pub what: String,
}

/// What a reset takes away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    /// Recordings too.
    pub recordings: bool,
}

/// What is in the backup that was brought. It is opened and migrated to find out whether it can be, and thrown away again.
///
/// # Errors
/// [`BackupError`].
pub fn look(data_dir: &Path, passphrase: &str, now: Ticks) -> Result<BackupContents, BackupError> {
    let opened = open(data_dir, passphrase, now);
    remove_folder(&data_dir.join(FOLDER).join(PART))?;
    opened
}

/// Has the backup that was brought be taken over at the next start.
///
/// # Errors
/// [`BackupError`]; then nothing is.
pub fn stage(
    data_dir: &Path,
    passphrase: &str,
    now: Ticks,
    note: impl FnOnce(&BackupContents) -> Note,
) -> Result<BackupContents, BackupError> {
    let folder = data_dir.join(FOLDER);
    let part = folder.join(PART);
    let staged = open(data_dir, passphrase, now).and_then(|contents| {
        write(&part.join(NOTE), &note(&contents))?;
        sync_folder(&part)?;
        remove_folder(&folder.join(STAGED))?;
        std::fs::rename(&part, folder.join(STAGED))?;
        sync_folder(&folder)?;
        Ok(contents)
    });
    if staged.is_err() {
        remove_folder(&part)?;
    }
    staged
}

/// Has what was before the last restore be taken over at the next start.
///
/// # Errors
/// [`BackupError::NoBefore`].
pub fn stage_before(data_dir: &Path, note: &Note) -> Result<(), BackupError> {
    let (folder, before) = (data_dir.join(FOLDER), data_dir.join(BEFORE));
    if !before.is_dir() {
        return Err(BackupError::NoBefore);
    }
    state::private_folder(&folder)?;
    write(&before.join(NOTE), note)?;
    remove_folder(&folder.join(STAGED))?;
    std::fs::rename(&before, folder.join(STAGED))?;
    Ok(sync_folder(&folder)?)
}

/// Has everything be forgotten at the next start.
///
/// # Errors
/// When that cannot be written down.
pub fn stage_reset(data_dir: &Path, reset: Reset) -> io::Result<()> {
    let folder = data_dir.join(FOLDER);
    state::private_folder(&folder)?;
    let part = folder.join("reset.part");
    write(&part, &reset)?;
    std::fs::rename(part, folder.join(RESET))?;
    sync_folder(&folder)
}

fn open(data_dir: &Path, passphrase: &str, now: Ticks) -> Result<BackupContents, BackupError> {
    let file = File::open(upload_path(data_dir)?).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => BackupError::NoFile,
        _ => error.into(),
    })?;
    let part = data_dir.join(FOLDER).join(PART);
    remove_folder(&part)?;
    state::private_folder(&part)?;
    let contents = seal::unseal(file, passphrase, &part)?;
    state::prepare(&part, now)?;
    Ok(contents)
}

fn write(path: &Path, what: &impl Serialize) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(&serde_json::to_vec(what).map_err(io::Error::other)?)?;
    file.sync_all()
}

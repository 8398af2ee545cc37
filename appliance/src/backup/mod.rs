//! The whole state as one encrypted file, and back.
//!
//! ```text
//! restore/upload.age    a backup as it was brought, still encrypted
//! restore/staged/       what is to take the place of the state at the next start: checked, migrated, whole
//! restore/reset         the state is to be forgotten at the next start
//! before/               what was before the last restore, for the way back
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `seal` | the file: age with a passphrase around a compressed tar |
//! | [`stage`] | opens a backup beside the state, and has it taken over at the next start |
//! | [`begin`] | what a start does before it opens anything: takes over, or forgets |
//!
//! While the box runs nothing of its state is touched: what fails leaves it as it was.

pub mod begin;
mod seal;
pub mod stage;

use crate::limits::PASSPHRASE_CHARS;
use crate::store::state::{self, StateError};
use crate::store::{FILE_NAME, HISTORY_FILE, History, Store, StoreError};
use crate::tls;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use wire::BackupContents;

/// Everything of a restore, within the data folder.
const FOLDER: &str = "restore";

/// Of the file. One more with each change that an earlier Forebay would not understand.
const FORMAT: u32 = 1;

/// Who made the file.
const PRODUCT: &str = "forebay";

/// Why there is no backup, or none is taken.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Too short or too long.
    #[error("a passphrase has 12 to 200 characters; several words that do not belong together are best")]
    Weak,
    /// Something else.
    #[error("this is not a backup of a Forebay: {0}")]
    NotOurs(&'static str),
    /// Another one.
    #[error("the passphrase is wrong")]
    Passphrase,
    /// Cut off, or changed.
    #[error(
        "the backup is not whole: it ends early, or was damaged on its way; copy it again from where it was made"
    )]
    Broken,
    /// Of a version that knows more than this one.
    #[error(
        "this backup was made by Forebay {0}, whose form this version does not know: update this box first"
    )]
    Newer(String),
    /// What is in it.
    #[error("the backup cannot be used: {0}")]
    State(#[from] StateError),
    /// Larger than any backup.
    #[error("what is in the file is larger than the state of any box")]
    TooLarge,
    /// Nothing has been brought.
    #[error("there is no backup here yet; bring it first, by `PUT /api/v1/restore/file`")]
    NoFile,
    /// Nothing to go back to.
    #[error("nothing has been restored on this box, so there is nothing to go back to")]
    NoBefore,
    /// Reading the state.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk.
    #[error("the disk does not take it: {0}")]
    Disk(#[from] io::Error),
}

/// What a file of this box's state says of itself besides what is in it.
#[derive(Clone, Debug)]
pub struct Label {
    /// The box's name.
    pub box_name: Option<String>,
    /// House time.
    pub made_at_ms: i64,
}

/// Whether a passphrase will do for a new backup.
///
/// # Errors
/// [`BackupError::Weak`].
pub fn check_passphrase(passphrase: &str) -> Result<(), BackupError> {
    if PASSPHRASE_CHARS.contains(&passphrase.chars().count()) { Ok(()) } else { Err(BackupError::Weak) }
}

/// Copies the state while it is in use, and seals the copy; the file has no name, and is gone when it is closed.
///
/// # Errors
/// [`BackupError`]; nothing stays behind.
pub async fn make(
    store: &Store,
    history: &History,
    label: Label,
    passphrase: String,
) -> Result<File, BackupError> {
    check_passphrase(&passphrase)?;
    let data_dir = store.folder().to_owned();
    let folder = data_dir.join(FOLDER);
    state::private_folder(&folder)?;
    let copy = tempfile::Builder::new().prefix("backup-").tempdir_in(&folder)?;
    store.copy_to(copy.path().join(FILE_NAME)).await?;
    history.copy_to(copy.path().join(HISTORY_FILE)).await?;
    let work = move || {
        let sealed = seal_copy(&data_dir, copy.path(), &folder, label, &passphrase);
        // Told apart from what cannot be sealed: plain copies do not lie about.
        copy.close()?;
        sealed
    };
    actix_web::web::block(work).await.map_err(|_| StoreError::Gone)?
}

fn seal_copy(
    data_dir: &Path,
    copy: &Path,
    folder: &Path,
    label: Label,
    passphrase: &str,
) -> Result<File, BackupError> {
    for file in tls::KEPT {
        let (from, to) = (data_dir.join(file), copy.join(file));
        if from.is_file() {
            to.parent().map_or(Ok(()), state::private_folder)?;
            std::fs::copy(from, to)?;
        }
    }
    let contents = BackupContents {
        product: PRODUCT.into(),
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").into(),
        made_at_ms: label.made_at_ms,
        box_name: label.box_name,
        ..state::contents(copy)?
    };
    let file = tempfile::tempfile_in(folder)?;
    seal::seal(copy, &contents, passphrase, &file)?;
    Ok(file)
}

/// Where a backup that is brought goes; made for the daemon alone.
///
/// # Errors
/// When the folder cannot be made.
pub fn upload_path(data_dir: &Path) -> io::Result<PathBuf> {
    state::private_folder(&data_dir.join(FOLDER))?;
    Ok(data_dir.join(FOLDER).join("upload.age"))
}

/// A file without a name, on the disk of the state: it is gone when it is closed.
///
/// # Errors
/// When it cannot be made.
pub fn scratch(data_dir: &Path) -> io::Result<File> {
    state::private_folder(&data_dir.join(FOLDER))?;
    tempfile::tempfile_in(data_dir.join(FOLDER))
}

/// All that a backup may hold, in the order in which it is written.
fn files() -> impl Iterator<Item = &'static str> {
    [FILE_NAME, HISTORY_FILE].into_iter().chain(tls::KEPT)
}

/// Whatever is done within a folder is on the disk.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn remove_folder(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests;

//! What can go wrong with the store, each with what to do.

use super::slug::SlugError;
use crate::limits::{API_TOKENS_OF_USER_MAX, CHANNELS_MAX, DESTINATIONS_MAX, USERS_MAX};
use media::link::SOURCES_MAX;
use rusqlite::ErrorCode;
use std::path::PathBuf;

/// The database cannot be opened. The daemon does not start: never a silent empty configuration.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or the file cannot be made or written.
    #[error("cannot write to {}: {source}. Make the folder, give it to the user that runs forebay, or choose \
             another with --data-dir", .path.display())]
    Folder {
        /// Folder or file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a healthy database.
    #[error("{} is damaged: {detail}. There is no copy in the folder `copies` that could be used. Stop forebay, move \
             this file and those named like it with -wal and -shm to a safe place, and put a back-up there; without \
             one, forebay starts afresh once they are gone", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// A later version has written it.
    #[error("{} was written by a newer forebay. Start that version, or put the back-up there that was made before \
             the update", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds it.
    #[error("{} is locked by another process. Stop it: one data folder serves one forebay", .path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// No copy can be made before a migration, and without one there is none.
    #[error("cannot make a copy of {} before its update: {source}. Free some space in its folder", .path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<StoreError>,
    },
    /// Anything else that SQLite says.
    #[error("cannot open {}: {source}", .path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// No thread for it.
    #[error("cannot start the store's thread: {source}. The system is out of threads or memory")]
    Thread {
        /// Why.
        source: std::io::Error,
    },
}

impl OpenError {
    /// What is wrong with the file, without the remedy.
    pub(super) fn why(&self) -> String {
        match self {
            Self::Damaged { detail, .. } => format!("damaged: {detail}"),
            Self::Newer { .. } => "written by a newer forebay".into(),
            other => other.to_string(),
        }
    }
}

/// A request to the store has failed; nothing has been changed by it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Locked by another process, or too much to do.
    #[error("the settings are busy; try again in a few seconds")]
    Busy,
    /// No room to write.
    #[error(
        "the disk is full, so the setting was not saved and the old one stays; free some space and try again"
    )]
    DiskFull,
    /// The disk takes nothing.
    #[error(
        "the disk cannot be written, so the setting was not saved and the old one stays: {0}. See the journal of \
             the system; the disk may have to be replaced, or mounted anew"
    )]
    Unwritable(String),
    /// The disk took nothing when the daemon started.
    #[error(
        "nothing can be changed: {0}. Channels run with the settings that were found. Mend the disk or mount it anew, \
         then restart forebay"
    )]
    Frozen(String),
    /// There is an administrator.
    #[error("this box has been claimed; sign in, or use `forebay user` on the box itself")]
    Claimed,
    /// Nobody could manage the box.
    #[error("the first user is an administrator; make that one first")]
    FirstUser,
    /// Another user has this name.
    #[error("there is already a user named `{0}`; choose another name")]
    UserTaken(String),
    /// It is there already.
    #[error("`{0}` has a second step already; take it off first, then set up another")]
    TotpOn(String),
    /// Nothing to take off.
    #[error("`{0}` has no second step")]
    NoTotp(String),
    /// No user of this name.
    #[error("there is no user `{0}`")]
    NoSuchUser(String),
    /// Nobody could manage the box.
    #[error("the last administrator stays; make another one first")]
    LastAdministrator,
    /// The bound on users.
    #[error("there are {USERS_MAX} users already, which is the most; remove one first")]
    TooManyUsers,
    /// The settings are too large to be copied for a trial.
    #[error("the settings are too large to try a change; make it, or take pictures away first")]
    TooLargeToTry,
    /// A token may no more than its owner.
    #[error("the scope is more than the role of `{0}` allows; choose a lower one")]
    ScopeAbove(String),
    /// Another token of the owner has this name.
    #[error("there is already a token `{0}`; choose another name, or remove that one")]
    TokenTaken(String),
    /// The bound on tokens.
    #[error(
        "there are {API_TOKENS_OF_USER_MAX} tokens already, which is the most of one user; remove one first"
    )]
    TooManyTokens,
    /// No token of this number.
    #[error("there is no token {0}")]
    NoSuchToken(i64),
    /// Administrators are not limited.
    #[error(
        "`{0}` is an administrator, for whom every channel exists; only operators and viewers are limited"
    )]
    SeesAll(String),
    /// Somebody else was quicker.
    #[error("the configuration has changed since it was compared; compare again")]
    Changed,
    /// Never removed, or too long ago.
    #[error(
        "there is nothing removed of number {0} that could be put back; the time for it is over, or it has been"
    )]
    NoSuchRemoved(i64),
    /// Something else has its name, its key or its number by now.
    #[error(
        "something else is in the place of `{0}` by now, by the same name, key or number; take that away first"
    )]
    PlaceTaken(String),
    /// What it belongs to has gone.
    #[error("`{0}` cannot be put back: what it belonged to has gone too; put that back first")]
    OwnerGone(String),
    /// No destination of this name.
    #[error("there is no destination `{0}`")]
    NoSuchDestination(String),
    /// Another one has this name.
    #[error("there is already a destination `{0}`; choose another name, or change that one")]
    DestinationTaken(String),
    /// The bound on destinations.
    #[error("there are {DESTINATIONS_MAX} destinations already, which is the most; remove one first")]
    TooManyDestinations,
    /// No channel of this slug.
    #[error("there is no channel `{0}`")]
    NoSuchChannel(String),
    /// Another channel has this name.
    #[error("there is already a channel named `{name}`, at `{slug}`; choose another name")]
    NameTaken {
        /// As asked for.
        name: String,
        /// Of the one that has it.
        slug: String,
    },
    /// The bound on channels.
    #[error("there are {CHANNELS_MAX} channels already, which is the most; remove one first")]
    TooManyChannels,
    /// The channel, or what is asked for, is made on the box.
    #[error("a test pattern neither has a back-up nor is one; choose rtmp or srt")]
    NoBackupFor,
    /// The bound on sources.
    #[error("the channel has {} back-ups already, which is the most; remove one first", SOURCES_MAX - 1)]
    TooManyBackups,
    /// No source of this number.
    #[error("the channel has no source {0}; its page lists those that it has")]
    NoSuchSource(u8),
    /// The name makes no slug.
    #[error(transparent)]
    Slug(#[from] SlugError),
    /// The system has no randomness to give.
    #[error("the system gives no random bits for a stream key: {0}")]
    Random(#[from] getrandom::Error),
    /// A row that the schema's checks should have kept out.
    #[error("the settings hold something impossible: {0}; restore a back-up")]
    Impossible(String),
    /// The thread has ended or has panicked.
    #[error("the store has stopped; see the journal, and restart forebay")]
    Gone,
    /// Anything else that SQLite says.
    #[error("the settings cannot be read or written: {0}")]
    Sqlite(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(
                ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied,
            ) => Self::Unwritable(error.to_string()),
            _ => Self::Sqlite(error),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Unwritable(error.to_string()),
        }
    }
}

//! The databases as whole files: copied for a backup while they are in use, and looked at before they are taken over.

use super::copies::COPIES;
use super::error::StoreError;
use super::open::{self, FILE_MODE, make_folder, verdict};
use super::{FILE_NAME, HISTORY_FILE, Store, history};
use crate::tls;
use media::time::Ticks;
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;
use wire::BackupContents;

/// What the settings have as their schema in this version.
pub const SCHEMA: u32 = open::SCHEMA;

/// A folder of files cannot be taken over.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Of a version that knows more than this one.
    #[error("its settings are of schema {0}, and this version knows {SCHEMA}: update this box first")]
    Newer(u32),
    /// Not a database, or one that is damaged.
    #[error("{file} in it is damaged: {why}")]
    Damaged {
        /// Which.
        file: &'static str,
        /// What SQLite says.
        why: String,
    },
}

/// SQLite's online backup: whoever writes meanwhile waits, and nobody is told of half a change.
pub(super) fn copy(connection: &Connection, to: &Path) -> Result<(), StoreError> {
    OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(to)?;
    let mut copy = Connection::open(to)?;
    Backup::new(connection, &mut copy)?.run_to_completion(i32::MAX, Duration::ZERO, None)?;
    // One file, without a log beside it.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    drop(copy);
    Ok(File::open(to)?.sync_all()?)
}

/// Counts what is in a folder of copies.
///
/// # Errors
/// [`StoreError`].
pub fn contents(folder: &Path) -> Result<BackupContents, StoreError> {
    let read = |file: &str| Connection::open_with_flags(folder.join(file), OpenFlags::SQLITE_OPEN_READ_ONLY);
    let (settings, history) = (read(FILE_NAME)?, read(HISTORY_FILE)?);
    let count = |connection: &Connection, table: &str| {
        connection.query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get::<_, u32>(0))
    };
    let names = |sql: &str| -> rusqlite::Result<Vec<String>> {
        settings.prepare(sql)?.query_map((), |row| row.get(0))?.collect()
    };
    Ok(BackupContents {
        schema: open::schema(&settings)?,
        channels: names("SELECT slug FROM channels ORDER BY slug")?,
        users: names("SELECT name FROM users ORDER BY name")?,
        slate_pictures: count(&settings, "slate_pictures")?,
        destinations: count(&settings, "destinations")?,
        audit_entries: count(&settings, "audit")?,
        events: count(&history, "events")?,
        authority_sha256: tls::authority_in(folder),
        own_certificate: tls::uploaded_in(folder),
        ..BackupContents::default()
    })
}

/// Makes a folder of copies what this version can start with: checked, migrated, and with nobody signed in. An earlier one
/// stays readable, since what is changed is the copy.
///
/// # Errors
/// [`StateError`].
pub fn prepare(folder: &Path, now: Ticks) -> Result<(), StateError> {
    let damaged = |file, why: String| StateError::Damaged { file, why };
    let settings = folder.join(FILE_NAME);
    let schema = look(&settings).map_err(|why| damaged(FILE_NAME, why))?;
    if schema > SCHEMA {
        return Err(StateError::Newer(schema));
    }
    if schema == 0 {
        return Err(damaged(FILE_NAME, "it holds no settings".into()));
    }
    let (connection, _) = open::open(folder, now).map_err(|error| damaged(FILE_NAME, error.why()))?;
    // Who is signed in there is not signed in here: a cookie that was stolen ends with the box that it was for.
    let done = connection
        .execute("DELETE FROM sessions", ())
        .and_then(|_| connection.pragma_update(None, "journal_mode", "DELETE"));
    done.map_err(|error| damaged(FILE_NAME, error.to_string()))?;
    drop(connection);
    // Made before an earlier schema was migrated; the backup itself is that copy.
    if let Err(error) = std::fs::remove_dir_all(folder.join(COPIES))
        && error.kind() != ErrorKind::NotFound
    {
        return Err(damaged(FILE_NAME, error.to_string()));
    }
    let events = folder.join(HISTORY_FILE);
    let known = look(&events).map_err(|why| damaged(HISTORY_FILE, why))?;
    if known > history::SCHEMA {
        return Err(StateError::Newer(known));
    }
    let done = history::update(&events).and_then(|it| it.pragma_update(None, "journal_mode", "DELETE"));
    done.map_err(|error| damaged(HISTORY_FILE, error.to_string()))?;
    let sync = |file: &'static str| File::open(folder.join(file)).and_then(|it| it.sync_all());
    [FILE_NAME, HISTORY_FILE]
        .into_iter()
        .try_for_each(|file| sync(file).map_err(|error| damaged(file, error.to_string())))
}

/// The schema of a file that is whole.
fn look(path: &Path) -> Result<u32, String> {
    let told = |error: rusqlite::Error| error.to_string();
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(told)?;
    match verdict(&connection).map_err(told)?.as_str() {
        "ok" => open::schema(&connection).map_err(told),
        wrong => Err(wrong.to_owned()),
    }
}

/// What is kept readable and is secret: keys of publishers and secrets of destinations, also of those that can still be put
/// back. To be taken out of what is told.
///
/// # Errors
/// [`StoreError`].
pub async fn secrets_of(store: &Store) -> Result<Vec<String>, StoreError> {
    store
        .call(|connection| {
            let sql = "SELECT stream_key FROM stream_keys UNION SELECT secret FROM destinations WHERE secret IS NOT NULL
                UNION SELECT tree.value FROM removed, json_tree(removed.contents) AS tree
                WHERE tree.key IN ('stream_key', 'secret') AND tree.type = 'text'";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map((), |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
}

/// Makes a folder for the daemon alone.
///
/// # Errors
/// When it cannot be made.
pub fn private_folder(folder: &Path) -> std::io::Result<()> {
    make_folder(folder)
}

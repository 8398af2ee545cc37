//! Opens the database: folder, file modes, pragmas, health check, migrations. In that order, each with its remedy.
//! One that is damaged gives way to the newest copy that is not.

use super::FILE_NAME;
use super::copies::{self, Restored};
use super::error::OpenError;
use crate::limits::STORE_LOCK_WAIT;
use media::time::Ticks;
use rusqlite::{Connection, ErrorCode};
use rusqlite_migration::{M, Migrations};
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// In order; never edited once released.
const STEPS: &[M<'static>] = &[
    M::up(include_str!("../../../migrations/0001_channels.sql")),
    M::up(include_str!("../../../migrations/0002_playback.sql")),
    M::up(include_str!("../../../migrations/0003_latency.sql")),
    M::up(include_str!("../../../migrations/0004_dvr.sql")),
    M::up(include_str!("../../../migrations/0005_slate.sql")),
    M::up(include_str!("../../../migrations/0006_backups.sql")),
    M::up(include_str!("../../../migrations/0007_slate_pictures.sql")),
    M::up(include_str!("../../../migrations/0008_accounts.sql")),
    M::up(include_str!("../../../migrations/0009_audit.sql")),
    M::up(include_str!("../../../migrations/0010_encoder.sql")),
    M::up(include_str!("../../../migrations/0011_grants.sql")),
    M::up(include_str!("../../../migrations/0012_destinations.sql")),
    M::up(include_str!("../../../migrations/0013_pass_through.sql")),
    M::up(include_str!("../../../migrations/0015_second_step_and_undo.sql")),
    M::up(include_str!("../../../migrations/0016_tiers.sql")),
];
const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// What the database has as `user_version` when all steps are done.
pub(super) const SCHEMA: u32 = STEPS.len() as u32;

/// Nobody but the daemon's user reads settings and keys.
const FOLDER_MODE: u32 = 0o700;
pub(super) const FILE_MODE: u32 = 0o600;

/// `now` is house time, for the names of copies.
pub(super) fn open(data_dir: &Path, now: Ticks) -> Result<(Connection, Option<Restored>), OpenError> {
    make_folder(data_dir).map_err(|source| OpenError::Folder { path: data_dir.to_owned(), source })?;
    match open_file(data_dir, now) {
        Err(error @ (OpenError::Damaged { .. } | OpenError::Newer { .. })) => {
            let path = data_dir.join(FILE_NAME);
            let restored = copies::put_back(data_dir, &path, &error.why(), now)
                .map_err(|source| OpenError::Folder { path, source })?;
            let Some(restored) = restored else { return Err(error) };
            Ok((open_file(data_dir, now)?, Some(restored)))
        }
        opened => Ok((opened?, None)),
    }
}

fn open_file(data_dir: &Path, now: Ticks) -> Result<Connection, OpenError> {
    let path = data_dir.join(FILE_NAME);
    make_file(&path).map_err(|source| OpenError::Folder { path: path.clone(), source })?;
    let explain = |error| explain(&path, error);
    let mut connection = Connection::open(&path).map_err(explain)?;
    configure(&connection).map_err(explain)?;
    check_health(&connection, &path)?;
    let version = schema(&connection).map_err(explain)?;
    // Never a silent empty configuration.
    if version == 0 && copies::exist(data_dir) {
        return Err(OpenError::Damaged {
            path,
            detail: "it is empty or missing, but there are copies".into(),
        });
    }
    if (1..SCHEMA).contains(&version) {
        copies::make(&connection, data_dir, now)
            .map_err(|source| OpenError::Copy { path: path.clone(), source: Box::new(source) })?;
    }
    migrate(&mut connection, &path)?;
    Ok(connection)
}

pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)
}

/// Makes the file with its mode before SQLite does with another; `-wal` and `-shm` take the mode of the file.
pub(super) fn make_file(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().append(true).create(true).mode(FILE_MODE).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(FILE_MODE))?;
    }
    Ok(())
}

/// WAL lets readers go on while one writes; FULL syncs each commit, since NORMAL loses acknowledged ones in a power cut.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(STORE_LOCK_WAIT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)
}

/// "ok", or what is wrong with it.
pub(super) fn verdict(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))
}

/// How many migrations it has seen.
pub(super) fn schema(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", (), |row| row.get(0))
}

fn check_health(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let verdict = verdict(connection).map_err(|error| explain(path, error))?;
    if verdict == "ok" { Ok(()) } else { Err(OpenError::Damaged { path: path.to_owned(), detail: verdict }) }
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    use rusqlite_migration::{Error, MigrationDefinitionError};
    MIGRATIONS.to_latest(connection).map_err(|error| match error {
        Error::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
            OpenError::Newer { path: path.to_owned() }
        }
        Error::RusqliteError { err, .. } => explain(path, err),
        other => OpenError::Damaged { path: path.to_owned(), detail: other.to_string() },
    })
}

fn explain(path: &Path, error: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            OpenError::Damaged { path, detail: error.to_string() }
        }
        Some(
            ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::DiskFull | ErrorCode::PermissionDenied,
        ) => OpenError::Folder { path, source: io::Error::other(error) },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked { path },
        _ => OpenError::Sqlite { path, source: error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_valid() {
        MIGRATIONS.validate().unwrap();
    }

    #[test]
    fn every_column_has_its_sentence() {
        let sql = concat!(
            include_str!("../../../migrations/0001_channels.sql"),
            include_str!("../../../migrations/0002_playback.sql"),
            include_str!("../../../migrations/0003_latency.sql"),
            include_str!("../../../migrations/0004_dvr.sql"),
            include_str!("../../../migrations/0005_slate.sql"),
            include_str!("../../../migrations/0006_backups.sql"),
            include_str!("../../../migrations/0007_slate_pictures.sql"),
            include_str!("../../../migrations/0008_accounts.sql"),
            include_str!("../../../migrations/0009_audit.sql"),
            include_str!("../../../migrations/0010_encoder.sql"),
            include_str!("../../../migrations/0011_grants.sql"),
            include_str!("../../../migrations/0012_destinations.sql"),
            include_str!("../../../migrations/0013_pass_through.sql"),
            include_str!("../../../migrations/0015_second_step_and_undo.sql"),
            include_str!("../../../migrations/0016_tiers.sql")
        );
        let lines: Vec<_> = sql.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate() {
            let column = ["TEXT", "INTEGER", "BLOB"].iter().any(|kind| line.split(' ').nth(1) == Some(kind));
            assert!(!column || lines[at - 1].starts_with("-- "), "{line}");
        }
    }
}

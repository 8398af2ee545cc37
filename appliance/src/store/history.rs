//! What happened: a bounded list of events in a file of its own, for the operator.
//!
//! Whoever notes an event never waits and never fails: what the disk does not take is lost, and the journal says so.
//! Alarms tell what is so now; this tells what was.

use super::error::StoreError;
use super::open::make_file;
use super::state;
use super::thread::Queue;
use crate::accounts::sight::Sight;
use crate::clock::House;
use crate::limits::{HISTORY_ANSWER_MAX, HISTORY_EVENTS};
use rusqlite::{Connection, params};
use rusqlite_migration::{M, Migrations};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use wire::Event;

/// The file's name within the data folder.
pub const HISTORY_FILE: &str = "history.db";

const STEPS: &[M<'static>] = &[
    M::up(include_str!("../../../migrations/history/0001_events.sql")),
    M::up(include_str!("../../../migrations/history/0002_measures.sql")),
    M::up(include_str!("../../../migrations/history/0003_trends.sql")),
];
const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A channel was switched on, or the box started.
    ChannelStarted,
    /// A channel was switched off, or the box was stopped.
    ChannelStopped,
    /// A publisher came.
    SourceAttached,
    /// A publisher went.
    SourceEnded,
    /// Another source is on air.
    SourceSwitched,
    /// An encode worker ended, and another took its place.
    WorkerEnded,
    /// A stage failed and was restarted.
    StageRestarted,
    /// A channel has another name.
    ChannelRenamed,
    /// Something else encodes a channel.
    EncoderMoved,
    /// An alarm was raised.
    AlarmRaised,
    /// Somebody has seen an alarm.
    AlarmAcknowledged,
    /// An alarm is over.
    AlarmCleared,
    /// A GPU failed.
    DeviceFailed,
    /// The operator trusts a GPU again.
    DeviceTrusted,
    /// A fault drill began or ended.
    Drill,
    /// A backup took the place of what was on the box, or was taken back.
    Restored,
}

impl Happened {
    /// As scripts say it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::ChannelStarted => "channel-started",
            Self::ChannelStopped => "channel-stopped",
            Self::SourceAttached => "source-attached",
            Self::SourceEnded => "source-ended",
            Self::SourceSwitched => "source-switched",
            Self::WorkerEnded => "worker-ended",
            Self::StageRestarted => "stage-restarted",
            Self::ChannelRenamed => "channel-renamed",
            Self::EncoderMoved => "encoder-moved",
            Self::AlarmRaised => "alarm-raised",
            Self::AlarmAcknowledged => "alarm-acknowledged",
            Self::DeviceFailed => "device-failed",
            Self::DeviceTrusted => "device-trusted",
            Self::Drill => "drill",
            Self::Restored => "restored",
            Self::AlarmCleared => "alarm-cleared",
        }
    }
}

/// A handle; clones share the file.
#[derive(Clone, Debug)]
pub struct History {
    house: House,
    queue: Queue,
    lost: Arc<AtomicU64>,
}

impl History {
    /// Opens the file in `data_dir`, which is there. One that cannot be used gives way to a list in memory: a box is not
    /// kept off the air by what it remembers. Blocks: to be called at start.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn open(data_dir: &Path, house: House) -> std::io::Result<Self> {
        let path = data_dir.join(HISTORY_FILE);
        let connection = open_file(&path).or_else(|error| {
            tracing::warn!(%error, "{} cannot be used; what was in it is set aside", path.display());
            // Fails when there is nothing to set aside, or nowhere.
            let _failed = std::fs::rename(&path, path.with_extension("db.damaged"));
            open_file(&path)
        });
        let connection = connection.or_else(|error| {
            tracing::warn!(%error, "what happens is remembered until the next start only");
            in_memory()
        });
        Self::on(connection.map_err(std::io::Error::other)?, house)
    }

    /// A list that ends with the process.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn in_memory(house: House) -> std::io::Result<Self> {
        Self::on(in_memory().map_err(std::io::Error::other)?, house)
    }

    fn on(connection: Connection, house: House) -> std::io::Result<Self> {
        Ok(Self { house, queue: Queue::start(connection)?, lost: Arc::default() })
    }

    /// Takes note of something; `channel` is none for the box as a whole. Never waits.
    pub fn note(&self, channel: Option<&str>, kind: Happened, what: impl Into<String>) {
        let (at_ms, channel, what) = (self.house.now().millis(), channel.map(str::to_owned), what.into());
        self.keep(move |connection| insert(connection, at_ms, channel.as_deref(), kind, &what));
    }

    /// Writes something down some time; what there is no room for, or the disk does not take, is lost and counted.
    pub(super) fn keep(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<()> + Send + 'static) {
        let lost = self.lost.clone();
        let count_lost = move || {
            let before = lost.fetch_add(1, Relaxed);
            if (before + 1).is_power_of_two() {
                tracing::warn!(events = before + 1, "what happened could not be written down");
            }
        };
        let written = count_lost.clone();
        let told = self.queue.tell(move |connection| {
            if work(connection).is_err() {
                written();
            }
        });
        if !told {
            count_lost();
        }
    }

    /// Asks the file.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.queue.call(work).await
    }

    /// What happened to a channel and to the box from then on, as far as it exists for somebody, oldest first; the newest of
    /// it, if that is much.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn since(&self, sight: &Sight, channel: &str, from_ms: i64) -> Result<Vec<Event>, StoreError> {
        let mut events = self.newest_for(sight, None, HISTORY_ANSWER_MAX).await?;
        let mut of_channel = self.newest_for(sight, Some(channel.to_owned()), HISTORY_ANSWER_MAX).await?;
        events.retain(|event| event.channel.is_none());
        of_channel.extend(events);
        of_channel.retain(|event| event.at_ms >= from_ms);
        of_channel.sort_by_key(|event| event.at_ms);
        Ok(of_channel)
    }

    /// Copies the file as it is now to a new one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn copy_to(&self, to: PathBuf) -> Result<(), StoreError> {
        self.queue.call(move |connection| state::copy(connection, &to)).await
    }

    /// "ok", or what is wrong with the file.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn verdict(&self) -> Result<String, StoreError> {
        self.queue.call(|connection| Ok(super::open::verdict(connection)?)).await
    }

    /// The newest `limit` events, the newest first; of one channel alone, or of all and the box.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn newest(&self, channel: Option<String>, limit: u32) -> Result<Vec<Event>, StoreError> {
        self.newest_for(&Sight::All, channel, limit).await
    }

    /// Of those, what exists for somebody.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn newest_for(
        &self,
        sight: &Sight,
        channel: Option<String>,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let slugs = sight.slugs().map(serde_json::Value::from).map(|slugs| slugs.to_string());
        let work = move |connection: &mut Connection| {
            newest(connection, channel.as_deref(), slugs.as_deref(), limit)
        };
        self.queue.call(work).await
    }
}

fn open_file(path: &Path) -> rusqlite::Result<Connection> {
    // SQLite says it better if this fails.
    let _failed = make_file(path);
    let connection = Connection::open(path)?;
    // Set before the first table, or never.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // The last events before a power cut may be lost; the file is not damaged by it.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    migrated(connection)
}

pub(super) fn in_memory() -> rusqlite::Result<Connection> {
    migrated(Connection::open_in_memory()?)
}

/// Brings a file that came from elsewhere up to date.
pub(super) fn update(path: &Path) -> rusqlite::Result<Connection> {
    open_file(path)
}

/// What the file has when all steps are done.
pub(super) const SCHEMA: u32 = STEPS.len() as u32;

fn migrated(mut connection: Connection) -> rusqlite::Result<Connection> {
    MIGRATIONS.to_latest(&mut connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => err,
        other => rusqlite::Error::ToSqlConversionFailure(other.into()),
    })?;
    Ok(connection)
}

fn insert(
    connection: &Connection,
    at_ms: i64,
    channel: Option<&str>,
    kind: Happened,
    what: &str,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO events (at_ms, channel, kind, what) VALUES (?1, ?2, ?3, ?4)";
    connection.prepare_cached(sql)?.execute(params![at_ms, channel, kind.id(), what])?;
    let newest = connection.last_insert_rowid();
    let oldest = newest - i64::from(HISTORY_EVENTS);
    connection.prepare_cached("DELETE FROM events WHERE id <= ?1")?.execute([oldest])?;
    Ok(())
}

/// `slugs` is a JSON list of the channels that exist for who asks; all without it. What is of the box exists for all, but for
/// the alarm of a drill, which names a channel.
fn newest(
    connection: &Connection,
    channel: Option<&str>,
    slugs: Option<&str>,
    limit: u32,
) -> Result<Vec<Event>, StoreError> {
    let sql = "SELECT at_ms, channel, kind, what FROM events WHERE (?1 IS NULL OR channel = ?1) \
               AND (?3 IS NULL OR channel IN (SELECT value FROM json_each(?3)) \
                    OR (channel IS NULL AND what NOT LIKE 'drill-running%')) \
               ORDER BY id DESC LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let event = |row: &rusqlite::Row<'_>| {
        Ok(Event { at_ms: row.get(0)?, channel: row.get(1)?, kind: row.get(2)?, what: row.get(3)? })
    };
    let rows = statement.query_map(params![channel, limit.min(HISTORY_ANSWER_MAX), slugs], event)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_happened_survives_the_daemon() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(folder.path(), House::anchor()).unwrap();
        history.note(Some("hall"), Happened::SourceAttached, "RTMP from 192.0.2.7");
        history.note(None, Happened::AlarmRaised, "disk-full");
        history.note(Some("hall"), Happened::SourceEnded, "the main source");
        assert_eq!(history.newest(None, 10).await.unwrap().len(), 3);
        drop(history);
        let history = History::open(folder.path(), House::anchor()).unwrap();
        let events = history.newest(Some("hall".into()), 10).await.unwrap();
        let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["source-ended", "source-attached"]);
        assert_eq!(history.newest(Some("hall".into()), 1).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_damaged_file_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join(HISTORY_FILE),
            b"no database at all, but long enough to be looked at",
        )
        .unwrap();
        let history = History::open(folder.path(), House::anchor()).unwrap();
        history.note(None, Happened::AlarmRaised, "x");
        assert_eq!(history.newest(None, 10).await.unwrap().len(), 1);
        assert!(folder.path().join("history.db.damaged").is_file());
    }

    #[test]
    fn the_list_is_bounded() {
        let connection = in_memory().unwrap();
        for number in 0..HISTORY_EVENTS + 50 {
            insert(&connection, number.into(), None, Happened::WorkerEnded, "").unwrap();
        }
        let count: u32 = connection.query_row("SELECT count(*) FROM events", (), |row| row.get(0)).unwrap();
        assert_eq!(count, HISTORY_EVENTS);
        assert_eq!(newest(&connection, None, None, u32::MAX).unwrap().len(), HISTORY_ANSWER_MAX as usize);
    }
}

//! The SQL of back-up sources. A back-up keeps its number for as long as it is there: it is also the order in which
//! they are tried.

use super::channels::{begin, find, id_of, insert_key, no_such, source, source_name};
use super::error::StoreError;
use super::removed::{self, Gone};
use super::{Backup, StreamKey};
use media::link::SOURCES_MAX;
use media::time::Ticks;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

pub(super) fn list(read: &Transaction<'_>, id: i64) -> Result<Vec<Backup>, StoreError> {
    let sql = "SELECT position, kind FROM sources WHERE channel_id = ?1 AND position > 0 ORDER BY position";
    let mut statement = read.prepare_cached(sql)?;
    let rows = statement.query_map([id], |row| Ok((row.get::<_, u8>(0)?, row.get::<_, String>(1)?)))?;
    rows.map(|row| {
        let (number, kind) = row?;
        let source = source(&kind).ok_or_else(|| StoreError::Impossible(format!("source `{kind}`")))?;
        Ok(Backup { number, source })
    })
    .collect()
}

pub(super) fn add(
    connection: &mut Connection,
    slug: &str,
    wanted: wire::Source,
    key: &StreamKey,
    now_ms: i64,
) -> Result<Backup, StoreError> {
    let write = begin(connection)?;
    let channel = find(&write, slug)?.ok_or_else(|| no_such(slug))?;
    if channel.source == wire::Source::TestPattern || wanted == wire::Source::TestPattern {
        return Err(StoreError::NoBackupFor);
    }
    let is_free = |number: &u8| channel.backups.iter().all(|backup| backup.number != *number);
    let number = (1..SOURCES_MAX as u8).find(is_free).ok_or(StoreError::TooManyBackups)?;
    let id = id_of(&write, slug)?;
    let sql = "INSERT INTO sources (channel_id, position, kind) VALUES (?1, ?2, ?3)";
    write.execute(sql, params![id, number, source_name(wanted)])?;
    insert_key(&write, id, number, key, now_ms)?;
    write.commit()?;
    Ok(Backup { number, source: wanted })
}

pub(super) fn remove(
    connection: &mut Connection,
    slug: &str,
    number: u8,
    by: Option<&str>,
    now: Ticks,
) -> Result<i64, StoreError> {
    let write = begin(connection)?;
    let id = id_of(&write, slug)?;
    let (kind, name, channel) =
        (wire::RemovedKind::Source, format!("back-up {number} of {slug}"), Some(slug));
    let gone = Gone { kind, name: &name, channel, owner: None, by, key: &id, number: Some(number) };
    let kept = removed::keep(&write, &gone, now)?;
    let sql = "DELETE FROM sources WHERE channel_id = ?1 AND position = ?2 AND position > 0";
    if write.execute(sql, params![id, number])? == 0 {
        return Err(StoreError::NoSuchSource(number));
    }
    write.execute("DELETE FROM stream_keys WHERE channel_id = ?1 AND position = ?2", params![id, number])?;
    write.commit()?;
    Ok(kept)
}

pub(super) fn key(
    connection: &mut Connection,
    slug: &str,
    number: u8,
) -> Result<(StreamKey, wire::Source), StoreError> {
    let read = connection.transaction()?;
    let id = id_of(&read, slug)?;
    let sql = "SELECT stream_key, kind FROM stream_keys JOIN sources USING (channel_id, position) \
               WHERE channel_id = ?1 AND position = ?2 ORDER BY created_at_ms DESC LIMIT 1";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, String>(1)?));
    let found = read.query_row(sql, params![id, number], row).optional()?;
    let (key, kind) = found.ok_or(StoreError::NoSuchSource(number))?;
    let source = source(&kind).ok_or_else(|| StoreError::Impossible(format!("source `{kind}`")))?;
    Ok((StreamKey::stored(key), source))
}

//! What has been removed of late, and can be put back. A thing that is removed is gone at once, for everybody and every query: its
//! rows, and those that went with them, are kept apart as one document, until the time for putting them back is over.
//!
//! Rows are put back under the identities that they had. What they refer to and what has gone since (the grant of a user who was
//! removed too) stays away; a reference to a user is good only for the same user, since the numbers of users are given anew.

use super::channels::begin;
use super::error::StoreError;
use crate::limits::{CHANNELS_MAX, DESTINATIONS_MAX, REMOVED_KEPT, UNDO_WINDOW, USERS_MAX};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use media::time::Ticks;
use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, Transaction, ffi, params, params_from_iter};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wire::{Removed, RemovedKind};

/// A table whose rows go with a row of another.
struct Table {
    name: &'static str,
    /// The column that refers to that row.
    by: &'static str,
    /// What goes with its own rows, by their `id`.
    with: &'static [Table],
}

const fn table(name: &'static str, by: &'static str) -> Table {
    Table { name, by, with: &[] }
}

/// All of a channel.
const CHANNEL: &[Table] = &[Table {
    name: "channels",
    by: "slug",
    with: &[
        table("sources", "channel_id"),
        table("rungs", "channel_id"),
        table("stream_keys", "channel_id"),
        table("playback", "channel_id"),
        table("playback_origins", "channel_id"),
        table("slate_pictures", "channel_id"),
        table("failover", "channel_id"),
        table("grants", "channel_id"),
        table("api_token_channels", "channel_id"),
    ],
}];

/// All of a user but their sessions: whoever comes back signs in.
const USER: &[Table] = &[Table {
    name: "users",
    by: "name",
    with: &[
        table("grants", "user_id"),
        Table { name: "api_tokens", by: "user_id", with: &[table("api_token_channels", "token_id")] },
        table("totp", "user_id"),
        table("recovery_codes", "user_id"),
    ],
}];

const TOKEN: &[Table] =
    &[Table { name: "api_tokens", by: "id", with: &[table("api_token_channels", "token_id")] }];
const DESTINATION: &[Table] = &[table("destinations", "name")];
/// Of one number.
const SOURCE: &[Table] = &[table("sources", "channel_id"), table("stream_keys", "channel_id")];

const KINDS: [(&str, RemovedKind, &[Table]); 5] = [
    ("channel", RemovedKind::Channel, CHANNEL),
    ("source", RemovedKind::Source, SOURCE),
    ("user", RemovedKind::User, USER),
    ("token", RemovedKind::Token, TOKEN),
    ("destination", RemovedKind::Destination, DESTINATION),
];

fn known(kind: RemovedKind) -> (&'static str, &'static [Table]) {
    let found = KINDS.into_iter().find(|(_, each, _)| *each == kind);
    found.map_or(("channel", CHANNEL), |(name, _, tables)| (name, tables))
}

/// Rows of one table, in the order of the tables above.
type Kept = Vec<KeptRow>;

#[derive(Debug, Serialize, Deserialize)]
struct KeptRow {
    values: Map<String, Value>,
    with: Vec<Kept>,
}

/// What is told of something that is about to be removed.
pub(super) struct Gone<'a> {
    pub(super) kind: RemovedKind,
    pub(super) name: &'a str,
    pub(super) channel: Option<&'a str>,
    pub(super) owner: Option<&'a str>,
    pub(super) by: Option<&'a str>,
    /// What the rows of its tables are found by.
    pub(super) key: &'a dyn ToSql,
    /// Which of a channel's sources.
    pub(super) number: Option<u8>,
}

/// Keeps the rows; to be called before they are removed, in the same transaction. By what it is put back.
pub(super) fn keep(write: &Transaction<'_>, gone: &Gone<'_>, now: Ticks) -> Result<i64, StoreError> {
    let (kind, tables) = known(gone.kind);
    let kept = tables.iter().map(|table| match gone.number {
        Some(number) => rows(write, table, "AND position = ?2", &[gone.key, &number]),
        None => rows(write, table, "", &[gone.key]),
    });
    let contents =
        serde_json::to_string(&kept.collect::<Result<Vec<_>, _>>()?).map_err(|error| impossible(&error))?;
    sweep(write, now)?;
    let sql = "DELETE FROM removed WHERE id NOT IN (SELECT id FROM removed ORDER BY id DESC LIMIT ?1)";
    write.execute(sql, [REMOVED_KEPT - 1])?;
    let sql = "INSERT INTO removed (kind, name, channel, owner, removed_by, removed_at_ms, contents) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    write
        .execute(sql, params![kind, gone.name, gone.channel, gone.owner, gone.by, now.millis(), contents])?;
    Ok(write.last_insert_rowid())
}

fn impossible(error: &serde_json::Error) -> StoreError {
    StoreError::Impossible(format!("what was removed: {error}"))
}

fn rows(read: &Connection, table: &Table, more: &str, by: &[&dyn ToSql]) -> Result<Kept, StoreError> {
    let sql = format!("SELECT * FROM {} WHERE {} = ?1 {more}", table.name, table.by);
    let mut statement = read.prepare(&sql)?;
    let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let values = |row: &Row<'_>| {
        let value = |(at, name): (usize, &String)| Ok((name.clone(), told(row.get_ref(at)?)));
        names.iter().enumerate().map(value).collect::<rusqlite::Result<Map<_, _>>>()
    };
    let found = statement.query_map(by, values)?.collect::<Result<Vec<_>, _>>()?;
    found.into_iter().map(|values| with_rest(read, table, values)).collect()
}

fn with_rest(
    read: &Connection,
    table: &Table,
    mut values: Map<String, Value>,
) -> Result<KeptRow, StoreError> {
    let id = values.get("id").and_then(Value::as_i64);
    let with = table.with.iter().map(|each| rows(read, each, "", &[&id]));
    let with = with.collect::<Result<_, StoreError>>()?;
    if let Some(user) = values.get_mut("user_id").filter(|_| table.by != "user_id") {
        let sql = "SELECT created_at_ms FROM users WHERE id = ?1";
        let since: i64 = read.query_row(sql, [user.as_i64()], |row| row.get(0))?;
        *user = json!({ "user": *user, "since": since });
    }
    Ok(KeptRow { values, with })
}

fn told(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => json!({ "bytes": STANDARD.encode(bytes) }),
    }
}

/// Nothing where it refers to somebody who is there no more.
fn stored(read: &Connection, value: &Value) -> Result<Option<Sql>, StoreError> {
    Ok(Some(match value {
        Value::Null => Sql::Null,
        Value::String(text) => Sql::Text(text.clone()),
        Value::Number(number) => number.as_i64().map_or(Sql::Null, Sql::Integer),
        Value::Object(object) => match (object.get("bytes").and_then(Value::as_str), object.get("user")) {
            (Some(bytes), _) => Sql::Blob(
                STANDARD
                    .decode(bytes)
                    .map_err(|error| StoreError::Impossible(format!("what was removed: {error}")))?,
            ),
            (None, user) => {
                let (id, since) = (user.and_then(Value::as_i64), object.get("since").and_then(Value::as_i64));
                let sql = "SELECT id FROM users WHERE id = ?1 AND created_at_ms = ?2";
                let found: Option<i64> =
                    read.query_row(sql, params![id, since], |row| row.get(0)).optional()?;
                return Ok(found.map(Sql::Integer));
            }
        },
        other => return Err(StoreError::Impossible(format!("what was removed has {other}"))),
    }))
}

/// Puts something back: as it was, or not at all.
pub(super) fn restore(connection: &mut Connection, id: i64, now: Ticks) -> Result<Removed, StoreError> {
    let write = begin(connection)?;
    let removed =
        list_of(&write, now)?.into_iter().find(|each| each.id == id).ok_or(StoreError::NoSuchRemoved(id))?;
    let contents: String =
        write.query_row("SELECT contents FROM removed WHERE id = ?1", [id], |row| row.get(0))?;
    let kept: Vec<Kept> = serde_json::from_str(&contents).map_err(|error| impossible(&error))?;
    for (table, rows) in known(removed.kind).1.iter().zip(&kept) {
        for row in rows {
            let is_back =
                put_back(&write, table, row, None).map_err(|error| in_the_way(error, &removed.name))?;
            if !is_back {
                return Err(StoreError::OwnerGone(removed.name));
            }
        }
    }
    refuse_too_many(&write, removed.kind)?;
    write.execute("DELETE FROM removed WHERE id = ?1", [id])?;
    write.commit()?;
    Ok(removed)
}

/// Whether it is there again: not without what it refers to.
fn put_back(
    write: &Transaction<'_>,
    table: &Table,
    row: &KeptRow,
    parent: Option<i64>,
) -> Result<bool, StoreError> {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for (name, value) in &row.values {
        let value = match (parent, name == table.by) {
            (Some(parent), true) => Some(Sql::Integer(parent)),
            _ => stored(write, value)?,
        };
        let Some(value) = value else { return Ok(false) };
        // A number that has been given anew meanwhile is somebody else's.
        if name == "id" && !is_free(write, table, &value)? {
            continue;
        }
        names.push(format!("\"{name}\""));
        values.push(value);
    }
    let marks = vec!["?"; names.len()].join(", ");
    let sql = format!("INSERT INTO {} ({}) VALUES ({marks})", table.name, names.join(", "));
    match write.execute(&sql, params_from_iter(values)) {
        Err(rusqlite::Error::SqliteFailure(
            ffi::Error { extended_code: ffi::SQLITE_CONSTRAINT_FOREIGNKEY, .. },
            _,
        )) => {
            return Ok(false);
        }
        done => drop(done?),
    }
    let id = if table.with.is_empty() { None } else { Some(write.last_insert_rowid()) };
    for (each, rows) in table.with.iter().zip(&row.with) {
        for row in rows {
            let _gone_meanwhile = put_back(write, each, row, id)?;
        }
    }
    Ok(true)
}

fn is_free(read: &Transaction<'_>, table: &Table, id: &Sql) -> Result<bool, StoreError> {
    let sql = format!("SELECT 1 FROM {} WHERE id = ?1", table.name);
    Ok(read.query_row(&sql, [id], |_| Ok(())).optional()?.is_none())
}

fn in_the_way(error: StoreError, name: &str) -> StoreError {
    match error {
        StoreError::Sqlite(rusqlite::Error::SqliteFailure(
            ffi::Error {
                extended_code: ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
                ..
            },
            _,
        )) => StoreError::PlaceTaken(name.to_owned()),
        error => error,
    }
}

fn refuse_too_many(write: &Transaction<'_>, kind: RemovedKind) -> Result<(), StoreError> {
    let (table, most, error) = match kind {
        RemovedKind::Channel => ("channels", CHANNELS_MAX as u32, StoreError::TooManyChannels),
        RemovedKind::User => ("users", USERS_MAX, StoreError::TooManyUsers),
        RemovedKind::Destination => ("destinations", DESTINATIONS_MAX, StoreError::TooManyDestinations),
        // Sources have as many places as numbers; a token more than the most does no harm.
        RemovedKind::Source | RemovedKind::Token => return Ok(()),
    };
    let count: u32 = write.query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get(0))?;
    if count > most { Err(error) } else { Ok(()) }
}

/// What can be put back, the newest first.
pub(super) fn list(connection: &mut Connection, now: Ticks) -> Result<Vec<Removed>, StoreError> {
    let read = connection.transaction()?;
    list_of(&read, now)
}

fn list_of(read: &Connection, now: Ticks) -> Result<Vec<Removed>, StoreError> {
    let sql = "SELECT id, kind, name, channel, owner, removed_by, removed_at_ms FROM removed \
               WHERE removed_at_ms > ?1 ORDER BY id DESC";
    let mut statement = read.prepare_cached(sql)?;
    let removed = |row: &Row<'_>| {
        let (kind, removed_at_ms): (String, i64) = (row.get(1)?, row.get(6)?);
        let kind = KINDS.into_iter().find_map(|(name, found, _)| (name == kind).then_some(found));
        Ok(Removed {
            id: row.get(0)?,
            // The schema knows no other.
            kind: kind.unwrap_or(RemovedKind::Channel),
            name: row.get(2)?,
            channel: row.get(3)?,
            owner: row.get(4)?,
            removed_by: row.get(5)?,
            removed_at_ms,
            until_ms: removed_at_ms + UNDO_WINDOW.millis(),
        })
    };
    Ok(statement.query_map([(now - UNDO_WINDOW).millis()], removed)?.collect::<Result<_, _>>()?)
}

/// Forgets one for good, before its time.
pub(super) fn forget(connection: &mut Connection, id: i64) -> Result<(), StoreError> {
    let gone = connection.execute("DELETE FROM removed WHERE id = ?1", [id])?;
    if gone == 0 { Err(StoreError::NoSuchRemoved(id)) } else { Ok(()) }
}

/// Forgets for good what is over.
pub(super) fn sweep(write: &Connection, now: Ticks) -> Result<usize, StoreError> {
    Ok(write.execute("DELETE FROM removed WHERE removed_at_ms <= ?1", [(now - UNDO_WINDOW).millis()])?)
}

#[cfg(test)]
#[path = "removed_tests.rs"]
mod tests;

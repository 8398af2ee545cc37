//! The SQL of where alarms are sent on to.

use super::channels::begin;
use super::error::StoreError;
use super::removed::{self, Gone};
use crate::limits::DESTINATIONS_MAX;
use crate::notify::destination::{Destination, Secret};
use media::time::Ticks;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use wire::Severity;

const COLUMNS: &str = "name, via, least, channels, of_box, secret";

const fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Minor => "minor",
        Severity::Major => "major",
        Severity::Critical => "critical",
    }
}

type Stored = (String, String, String, Option<String>, bool, Option<String>);

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn read((name, via, least, channels, of_box, secret): Stored) -> Result<Destination, StoreError> {
    let impossible =
        |error: serde_json::Error| StoreError::Impossible(format!("destination `{name}`: {error}"));
    let least = [Severity::Minor, Severity::Major, Severity::Critical]
        .into_iter()
        .find(|each| severity_name(*each) == least);
    Ok(Destination {
        via: serde_json::from_str(&via).map_err(impossible)?,
        least: least.unwrap_or(Severity::Minor),
        channels: channels.map(|text| serde_json::from_str(&text)).transpose().map_err(impossible)?,
        of_box,
        secret: secret.map(Secret::stored),
        name,
    })
}

pub(super) fn list(connection: &mut Connection) -> Result<Vec<Destination>, StoreError> {
    all(&connection.transaction()?)
}

pub(super) fn all(connection: &Transaction<'_>) -> Result<Vec<Destination>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM destinations ORDER BY name"))?;
    let rows: Vec<_> = statement.query_map((), stored)?.collect::<Result<_, _>>()?;
    rows.into_iter().map(read).collect()
}

pub(super) fn get(connection: &mut Connection, name: &str) -> Result<Destination, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM destinations WHERE name = ?1");
    let found = connection.query_row(&sql, [name], stored).optional()?;
    read(found.ok_or_else(|| no_such(name))?)
}

fn no_such(name: &str) -> StoreError {
    StoreError::NoSuchDestination(name.chars().take(crate::limits::SLUG_CHARS_MAX).collect())
}

pub(super) fn add(connection: &mut Connection, new: &Destination) -> Result<(), StoreError> {
    let write = begin(connection)?;
    let sql = "SELECT count(*) FROM destinations WHERE name = ?1";
    if write.query_row(sql, [&new.name], |row| row.get::<_, u32>(0))? > 0 {
        return Err(StoreError::DestinationTaken(new.name.clone()));
    }
    put(&write, new)?;
    Ok(write.commit()?)
}

pub(super) fn change(connection: &mut Connection, new: &Destination) -> Result<(), StoreError> {
    let write = begin(connection)?;
    put(&write, new)?;
    Ok(write.commit()?)
}

/// Adds it, or changes the one of that name.
pub(super) fn put(write: &Transaction<'_>, new: &Destination) -> Result<(), StoreError> {
    let Destination { name, via, least, channels, of_box, secret } = new;
    let text =
        |value: serde_json::Result<String>| value.map_err(|error| StoreError::Impossible(error.to_string()));
    let via = text(serde_json::to_string(via))?;
    let channels = channels.as_ref().map(|slugs| text(serde_json::to_string(slugs))).transpose()?;
    let sql = "INSERT INTO destinations (name, via, least, channels, of_box, secret) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
               ON CONFLICT (name) DO UPDATE SET via = ?2, least = ?3, channels = ?4, of_box = ?5, secret = ?6";
    let secret = secret.as_ref().map(Secret::expose);
    write.execute(sql, params![name, via, severity_name(*least), channels, of_box, secret])?;
    let count: u32 = write.query_row("SELECT count(*) FROM destinations", (), |row| row.get(0))?;
    if count > DESTINATIONS_MAX { Err(StoreError::TooManyDestinations) } else { Ok(()) }
}

pub(super) fn remove(
    connection: &mut Connection,
    name: &str,
    by: Option<&str>,
    now: Ticks,
) -> Result<i64, StoreError> {
    let write = begin(connection)?;
    let kind = wire::RemovedKind::Destination;
    let kept = removed::keep(
        &write,
        &Gone { kind, name, channel: None, owner: None, by, key: &name, number: None },
        now,
    )?;
    if write.execute("DELETE FROM destinations WHERE name = ?1", [name])? == 0 {
        return Err(no_such(name));
    }
    write.commit()?;
    Ok(kept)
}

//! The SQL of playback: who may watch a channel.

use super::channels::{begin, no_such};
use super::error::StoreError;
use crate::serve::access::{Access, Secret};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::collections::{BTreeMap, BTreeSet};

/// What an operator sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playback {
    /// Tokens are asked for.
    pub protected: bool,
    /// All tokens made so far are void.
    pub renew: bool,
    /// Sites whose players may load the channel; none means all.
    pub origins: BTreeSet<String>,
    /// What the watch page plays, the first choice first; empty: all, best first.
    pub tiers: Vec<wire::Tier>,
}

/// Whether a tier is named twice.
#[must_use]
pub fn has_doubles(tiers: &[wire::Tier]) -> bool {
    tiers.iter().enumerate().any(|(at, tier)| tiers[..at].contains(tier))
}

pub(super) fn rules(connection: &mut Connection) -> Result<BTreeMap<String, Access>, StoreError> {
    let read = connection.transaction()?;
    let mut statement = read.prepare_cached("SELECT id, slug FROM channels")?;
    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let channels: Vec<(i64, String)> = statement.query_map((), row)?.collect::<Result<_, _>>()?;
    channels.into_iter().map(|(id, slug)| Ok((slug, access(&read, id)?))).collect()
}

pub(super) fn get(connection: &mut Connection, slug: &str) -> Result<Access, StoreError> {
    let read = connection.transaction()?;
    access(&read, id(&read, slug)?)
}

/// `fresh` becomes the secret where there is none, or where a new one is wanted.
pub(super) fn set(
    connection: &mut Connection,
    slug: &str,
    wanted: &Playback,
    fresh: &Secret,
) -> Result<Access, StoreError> {
    let write = begin(connection)?;
    let id = id(&write, slug)?;
    let sql = "INSERT INTO playback (channel_id, protected, token_secret, tiers) VALUES (?1, ?2, ?3, ?5) \
               ON CONFLICT (channel_id) DO UPDATE SET protected = ?2, tiers = ?5, \
               token_secret = CASE WHEN ?4 THEN ?3 ELSE token_secret END";
    let tiers = names(&wanted.tiers);
    write.execute(sql, params![id, wanted.protected, fresh.0.as_slice(), wanted.renew, tiers])?;
    write.execute("DELETE FROM playback_origins WHERE channel_id = ?1", [id])?;
    for origin in &wanted.origins {
        let sql = "INSERT INTO playback_origins (channel_id, origin) VALUES (?1, ?2)";
        write.execute(sql, params![id, origin])?;
    }
    let access = access(&write, id)?;
    write.commit()?;
    Ok(access)
}

fn id(read: &Transaction<'_>, slug: &str) -> Result<i64, StoreError> {
    let sql = "SELECT id FROM channels WHERE slug = ?1";
    read.query_row(sql, [slug], |row| row.get(0)).optional()?.ok_or_else(|| no_such(slug))
}

pub(super) fn access(read: &Transaction<'_>, id: i64) -> Result<Access, StoreError> {
    let sql = "SELECT token_secret FROM playback WHERE channel_id = ?1 AND protected = 1";
    let secret: Option<[u8; 32]> = read.query_row(sql, [id], |row| row.get(0)).optional()?;
    let mut statement = read.prepare_cached("SELECT origin FROM playback_origins WHERE channel_id = ?1")?;
    let origins = statement.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let sql = "SELECT tiers FROM playback WHERE channel_id = ?1";
    let tiers: Option<String> = read.query_row(sql, [id], |row| row.get(0)).optional()?;
    let tiers = tiers.unwrap_or_default().split(',').filter_map(tier).collect();
    Ok(Access { secret: secret.map(Secret), origins, tiers })
}

/// As the database has them.
pub(super) fn names(tiers: &[wire::Tier]) -> String {
    tiers.iter().map(|tier| tier.id()).collect::<Vec<_>>().join(",")
}

fn tier(name: &str) -> Option<wire::Tier> {
    wire::Tier::ALL.into_iter().find(|tier| tier.id() == name)
}

//! Makes the database what a document says: all of it, or nothing.

use super::checked::{Wanted, WantedChannel};
use super::{diff, tag, told};
use crate::notify::destination::{Destination, is_same_place};
use crate::store::channels::{
    begin, find, id_of, insert_channel, insert_key, insert_ladder, latency_name, source_name,
};
use crate::store::error::StoreError;
use crate::store::{Channel, Desired, StreamKey, accounts, destinations, playback};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use media::time::Ticks;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use wire::{ChangeKind, Role};

pub(in crate::store) fn apply(
    connection: &mut Connection,
    wanted: &Wanted,
    only_if: Option<&str>,
    now_ms: i64,
) -> Result<wire::ConfigurationDiff, StoreError> {
    let users = super::users(connection)?;
    let name = crate::store::settings::get(connection, crate::api::BOX_NAME)?;
    let rows = crate::store::channels::list(connection)?;
    // All of this runs on the one thread that writes, so nothing changes in between.
    let write = begin(connection)?;
    let now = told(&write, rows, users, name.as_ref(), true)?;
    if only_if.is_some_and(|only_if| only_if != tag(&now)) {
        return Err(StoreError::Changed);
    }
    let changes = diff(&now, &wanted.document);
    let is_touched = |subject: &str| {
        changes.changes.iter().any(|change| change.subject == subject && change.kind != ChangeKind::LeftAlone)
    };
    for gone in now
        .channels
        .iter()
        .filter(|each| wanted.document.channels.iter().all(|other| other.slug != each.slug))
    {
        write.execute("DELETE FROM channels WHERE slug = ?1", [&gone.slug])?;
    }
    let touched: Vec<_> = wanted
        .channels
        .iter()
        .filter(|each| is_touched(&format!("channel `{}`", each.channel.slug)))
        .collect();
    for each in &touched {
        // Names and keys may be swapped between channels: first none of them is in the way.
        let slug = each.channel.slug.as_str();
        write.execute("UPDATE channels SET name = '#' || id WHERE slug = ?1", [slug])?;
        for number in each.keys.keys() {
            let sql = "DELETE FROM stream_keys WHERE position = ?2 AND channel_id = (SELECT id FROM channels WHERE slug = ?1)";
            write.execute(sql, params![slug, number])?;
        }
    }
    for each in touched {
        put_channel(&write, each, now_ms)?;
    }
    put_destinations(&write, wanted, &now)?;
    put_users(&write, &wanted.document.users, &now.users, now_ms)?;
    put_settings(&write, &wanted.document.settings)?;
    write.commit()?;
    Ok(changes)
}

fn put_channel(write: &Transaction<'_>, wanted: &WantedChannel, now_ms: i64) -> Result<(), StoreError> {
    let channel = &wanted.channel;
    let slug = channel.slug.as_str();
    let id = if find(write, slug)?.is_some() {
        let id = id_of(write, slug)?;
        update_channel(write, id, channel)?;
        id
    } else {
        insert_channel(write, &wanted.draft, &channel.slug, now_ms)?
    };
    write.execute("DELETE FROM rungs WHERE channel_id = ?1", [id])?;
    insert_ladder(write, id, &channel.ladder)?;
    let (after, back_after) = (channel.slate.after.millis(), channel.slate.back_after.millis());
    let sql = "UPDATE channels SET slate_text = ?2, slate_after_ms = ?3, slate_back_after_ms = ?4, slate_tone = ?5 WHERE id = ?1";
    write.execute(sql, params![id, channel.slate.text, after, back_after, channel.slate.tone])?;
    if channel.slate_picture.is_none() {
        write.execute("DELETE FROM slate_pictures WHERE channel_id = ?1", [id])?;
    }
    let sql = "INSERT OR REPLACE INTO failover (channel_id, loss_ms, disorder_ms, black_ms, frozen_ms, silence_ms, \
               return_after_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let [loss, disorder, black, frozen, silence] =
        channel.failover.after.map(|after| after.map(Ticks::millis));
    let return_after = channel.failover.return_after.map(Ticks::millis);
    write.execute(sql, params![id, loss, disorder, black, frozen, silence, return_after])?;
    put_playback(write, id, wanted)?;
    put_sources(write, id, wanted, now_ms)
}

fn update_channel(write: &Transaction<'_>, id: i64, channel: &Channel) -> Result<(), StoreError> {
    let sql = "UPDATE channels SET name = ?2, running = ?3, canvas_width = ?4, canvas_height = ?5, \
               canvas_rate_numerator = ?6, canvas_rate_denominator = ?7, audio_bitrate_bps = ?8, latency = ?9, \
               dvr_secs = ?10, pass_through = ?11, encoder = ?12 WHERE id = ?1";
    let (running, canvas) = (channel.desired == Desired::Running, channel.canvas);
    let (numerator, denominator) = (canvas.rate.numerator(), canvas.rate.denominator());
    let (audio, latency, dvr) = (channel.audio_bitrate_bps, latency_name(channel.latency), channel.dvr_secs);
    write.execute(
        sql,
        params![
            id,
            channel.name,
            running,
            canvas.width,
            canvas.height,
            numerator,
            denominator,
            audio,
            latency,
            dvr,
            channel.pass_through,
            channel.encoder.to_string()
        ],
    )?;
    write.execute(
        "UPDATE sources SET kind = ?2 WHERE channel_id = ?1 AND position = 0",
        params![id, source_name(channel.source)],
    )?;
    Ok(())
}

fn put_playback(write: &Transaction<'_>, id: i64, wanted: &WantedChannel) -> Result<(), StoreError> {
    let mut bits = [0_u8; 32];
    getrandom::fill(&mut bits)?;
    // Tokens stay good: the secret is another only where there was none.
    let sql = "INSERT INTO playback (channel_id, protected, token_secret, tiers) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT (channel_id) DO UPDATE SET protected = ?2, tiers = ?4";
    write.execute(sql, params![id, wanted.protected, bits.as_slice(), playback::names(&wanted.tiers)])?;
    write.execute("DELETE FROM playback_origins WHERE channel_id = ?1", [id])?;
    for origin in &wanted.origins {
        write.execute(
            "INSERT INTO playback_origins (channel_id, origin) VALUES (?1, ?2)",
            params![id, origin],
        )?;
    }
    Ok(())
}

/// Back-ups, and the keys of all sources: those of the document, those that are there, or new ones.
fn put_sources(
    write: &Transaction<'_>,
    id: i64,
    wanted: &WantedChannel,
    now_ms: i64,
) -> Result<(), StoreError> {
    let sources = wanted.channel.sources();
    for (number, source) in (0_u8..).zip(sources) {
        let at = params![id, number];
        let Some(source) = source else {
            write.execute("DELETE FROM sources WHERE channel_id = ?1 AND position = ?2", at)?;
            write.execute("DELETE FROM stream_keys WHERE channel_id = ?1 AND position = ?2", at)?;
            continue;
        };
        let sql = "INSERT INTO sources (channel_id, position, kind) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (channel_id, position) DO UPDATE SET kind = ?3";
        write.execute(sql, params![id, number, source_name(source)])?;
        let sql = "SELECT 1 FROM stream_keys WHERE channel_id = ?1 AND position = ?2 LIMIT 1";
        let has_one = write.query_row(sql, at, |_| Ok(())).optional()?.is_some();
        match wanted.keys.get(&number) {
            Some(key) => insert_key(write, id, number, &StreamKey::stored(key.clone()), now_ms)?,
            None if !has_one => insert_key(write, id, number, &StreamKey::random()?, now_ms)?,
            None => (),
        }
    }
    Ok(())
}

fn put_destinations(
    write: &Transaction<'_>,
    wanted: &Wanted,
    now: &wire::Configuration,
) -> Result<(), StoreError> {
    let before = destinations::all(write)?;
    for gone in now
        .destinations
        .iter()
        .filter(|each| wanted.document.destinations.iter().all(|other| other.name != each.name))
    {
        write.execute("DELETE FROM destinations WHERE name = ?1", [&gone.name])?;
    }
    for each in &wanted.document.destinations {
        let old = before.iter().find(|old| old.name == each.name);
        let secret = old.filter(|old| is_same_place(&old.via, &each.via)).and_then(|old| old.secret.clone());
        let wire::DestinationConfiguration { name, least, of_box, channels, via, .. } = each.clone();
        destinations::put(write, &Destination { name, via, least, channels, of_box, secret })?;
    }
    Ok(())
}

/// A hash of which nobody knows the password.
fn no_password() -> Result<String, StoreError> {
    let (mut salt, mut hash) = ([0_u8; 16], [0_u8; 32]);
    getrandom::fill(&mut salt)?;
    getrandom::fill(&mut hash)?;
    Ok(format!(
        "$argon2id$v=19$m=19456,t=2,p=1${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(hash)
    ))
}

fn put_users(
    write: &Transaction<'_>,
    wanted: &[wire::User],
    now: &[wire::User],
    now_ms: i64,
) -> Result<(), StoreError> {
    if now.is_empty() {
        return Ok(());
    }
    let is_same = |one: &wire::User, other: &wire::User| one.name.eq_ignore_ascii_case(&other.name);
    // Of those who have a password, one must be left who may give others theirs.
    let stays = |user: &wire::User| {
        wanted.iter().any(|other| is_same(user, other) && other.role == Role::Administrator)
    };
    if !now.iter().any(|user| user.role == Role::Administrator && stays(user)) {
        return Err(StoreError::LastAdministrator);
    }
    for gone in now.iter().filter(|user| !wanted.iter().any(|other| is_same(user, other))) {
        write.execute("DELETE FROM users WHERE name = ?1", [&gone.name])?;
    }
    for user in wanted {
        let role = accounts::role_name(user.role);
        let sql = "UPDATE users SET role = ?2, name = ?1 WHERE name = ?1";
        if write.execute(sql, params![user.name, role])? == 0 {
            let sql = "INSERT INTO users (name, role, password, created_at_ms) VALUES (?1, ?2, ?3, ?4)";
            write.execute(sql, params![user.name, role, no_password()?, now_ms])?;
        }
    }
    Ok(())
}

fn put_settings(write: &Transaction<'_>, settings: &wire::BoxSettings) -> Result<(), StoreError> {
    write.execute("DELETE FROM settings WHERE name = ?1", [crate::api::BOX_NAME])?;
    if let Some(name) = &settings.name {
        let value = serde_json::Value::from(name.as_str()).to_string();
        write.execute(
            "INSERT INTO settings (name, value) VALUES (?1, ?2)",
            params![crate::api::BOX_NAME, value],
        )?;
    }
    Ok(())
}

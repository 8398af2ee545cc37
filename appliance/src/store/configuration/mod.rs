//! All that an operator sets, as one document: told, compared with another, and made so in one transaction.
//!
//! | module | what it is |
//! |---|---|
//! | [`checked`] | pure: a document that may be applied |
//! | [`mod@diff`] | pure: what a document would change, in words |
//! | `apply` | the SQL that makes it so |
//!
//! What is not in it: passwords, secrets of destinations, and pictures of slates. What has them keeps them.

mod apply;
pub mod checked;
pub mod diff;
#[cfg(test)]
mod tests;

pub(super) use apply::apply;
pub use checked::{ConfigurationError, Wanted};
pub use diff::{diff, tag, things};

use super::error::StoreError;
use super::{
    Channel, Desired, StreamKey, backups, channels, destinations, failover, grants, playback, settings, slate,
};
use media::grid::Latency;
use rusqlite::{Connection, Transaction};

/// Of the document's form.
pub const VERSION: u32 = 1;

pub(super) fn export(connection: &mut Connection, keys: bool) -> Result<wire::Configuration, StoreError> {
    let users = users(connection)?;
    let name = settings::get(connection, crate::api::BOX_NAME)?;
    let rows = channels::list(connection)?;
    let read = connection.transaction()?;
    told(&read, rows, users, name.as_ref(), keys)
}

fn users(connection: &mut Connection) -> Result<Vec<wire::User>, StoreError> {
    let user = |account: wire::Account| wire::User { name: account.name, role: account.role };
    Ok(grants::accounts(connection)?.into_iter().map(user).collect())
}

fn told(
    read: &Transaction<'_>,
    rows: Vec<Channel>,
    users: Vec<wire::User>,
    name: Option<&serde_json::Value>,
    keys: bool,
) -> Result<wire::Configuration, StoreError> {
    let mut channels: Vec<_> =
        rows.into_iter().map(|row| channel(read, row, keys)).collect::<Result<_, _>>()?;
    channels.sort_by(|one, other| one.slug.cmp(&other.slug));
    let destinations = destinations::all(read)?.into_iter().map(|each| wire::DestinationConfiguration {
        has_secret: each.secret.is_some(),
        name: each.name,
        least: each.least,
        of_box: each.of_box,
        channels: each.channels,
        via: each.via,
    });
    Ok(wire::Configuration {
        version: VERSION,
        settings: wire::BoxSettings { name: name.and_then(|name| name.as_str()).map(str::to_owned) },
        channels,
        destinations: destinations.collect(),
        users,
    })
}

fn channel(
    read: &Transaction<'_>,
    row: Channel,
    keys: bool,
) -> Result<wire::ChannelConfiguration, StoreError> {
    let id = channels::id_of(read, row.slug.as_str())?;
    let access = playback::access(read, id)?;
    let keys = if keys { self::keys(read, id)? } else { Vec::new() };
    let backup =
        |backup: &super::Backup| wire::BackupConfiguration { number: backup.number, source: backup.source };
    let rung = |rung: &media::link::Rung| wire::Rung {
        width: rung.width,
        height: rung.height,
        bitrate_bps: rung.bitrate_bps,
    };
    Ok(wire::ChannelConfiguration {
        running: row.desired == Desired::Running,
        source: row.source,
        latency: match row.latency {
            Latency::Standard => wire::Latency::Standard,
            Latency::Low => wire::Latency::Low,
        },
        dvr_secs: row.dvr_secs,
        pass_through: row.pass_through,
        encoder: row.encoder.to_string(),
        audio_bitrate_bps: row.audio_bitrate_bps,
        canvas: wire::CanvasConfiguration {
            width: row.canvas.width,
            height: row.canvas.height,
            frame_rate: row.canvas.rate.to_string(),
        },
        slate: slate::shown(&row.slate),
        failover: failover::shown(&row.failover),
        playback: wire::PlaybackConfiguration {
            protected: access.secret.is_some(),
            allowed_origins: access.origins.into_iter().collect(),
            tiers: access.tiers,
        },
        ladder: row.ladder.iter().map(rung).collect(),
        backups: row.backups.iter().map(backup).collect(),
        keys,
        slate_picture: row.slate_picture,
        slug: row.slug.to_string(),
        name: row.name,
    })
}

fn keys(read: &Transaction<'_>, id: i64) -> Result<Vec<wire::KeyConfiguration>, StoreError> {
    let numbers = std::iter::once(0).chain(backups::list(read, id)?.into_iter().map(|backup| backup.number));
    let sql = "SELECT stream_key FROM stream_keys WHERE channel_id = ?1 AND position = ?2 \
               ORDER BY created_at_ms DESC LIMIT 1";
    numbers
        .map(|number| {
            let text = read.query_row(sql, rusqlite::params![id, number], |row| row.get(0))?;
            let stream_key = StreamKey::stored(text).expose().to_owned();
            Ok(wire::KeyConfiguration { number, stream_key })
        })
        .collect()
}

//! The SQL of channels and their keys. Each function is one transaction or one read.

use super::error::StoreError;
use super::removed::{self, Gone};
use super::{
    Channel, Desired, Draft, Encoder, EncoderError, KeyHash, Keyed, Maker, Slug, StreamKey, backups,
    failover, grants,
};
use crate::limits::CHANNELS_MAX;
use bytes::Bytes;
use media::grid::Latency;
use media::link::{Canvas, Rung, Slate};
use media::time::{FrameRate, Ticks};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

const COLUMNS: &str = "channels.id, slug, name, running, canvas_width, canvas_height, canvas_rate_numerator, \
                       canvas_rate_denominator, audio_bitrate_bps, latency, dvr_secs, sources.kind, slate_text, \
                       slate_after_ms, slate_back_after_ms, slate_tone, \
                       (SELECT digest FROM slate_pictures WHERE channel_id = channels.id), pass_through, encoder";
const FROM: &str = "FROM channels JOIN sources ON sources.channel_id = channels.id AND sources.position = 0";

pub(super) fn list(connection: &mut Connection) -> Result<Vec<Channel>, StoreError> {
    // One transaction, so that a channel and its rungs are of the same moment.
    let read = connection.transaction()?;
    let mut statement =
        read.prepare_cached(&format!("SELECT {COLUMNS} {FROM} ORDER BY name COLLATE NOCASE, slug"))?;
    let rows: Vec<_> = statement.query_map((), Stored::from_row)?.collect::<Result<_, _>>()?;
    rows.into_iter().map(|row| row.with_rest(&read)).collect()
}

pub(super) fn get(connection: &mut Connection, slug: &str) -> Result<Channel, StoreError> {
    let read = connection.transaction()?;
    find(&read, slug)?.ok_or_else(|| no_such(slug))
}

pub(super) fn add(
    connection: &mut Connection,
    draft: &Draft,
    key: &StreamKey,
    maker: &Maker,
    now_ms: i64,
) -> Result<Channel, StoreError> {
    let write = begin(connection)?;
    refuse_taken(&write, &draft.name, None)?;
    let slug = free_slug(&write, &draft.slug)?;
    let id = insert_channel(&write, draft, &slug, now_ms)?;
    insert_ladder(&write, id, &draft.ladder)?;
    insert_key(&write, id, 0, key, now_ms)?;
    grants::to_maker(&write, maker, id)?;
    let added = find(&write, slug.as_str())?.ok_or_else(|| no_such(slug.as_str()))?;
    write.commit()?;
    Ok(added)
}

pub(super) fn remove(
    connection: &mut Connection,
    slug: &str,
    by: Option<&str>,
    now: Ticks,
) -> Result<i64, StoreError> {
    let write = begin(connection)?;
    id_of(&write, slug)?;
    let name: String =
        write.query_row("SELECT name FROM channels WHERE slug = ?1", [slug], |row| row.get(0))?;
    let (kind, name, channel) = (wire::RemovedKind::Channel, name.as_str(), Some(slug));
    let kept =
        removed::keep(&write, &Gone { kind, name, channel, owner: None, by, key: &slug, number: None }, now)?;
    write.execute("DELETE FROM channels WHERE slug = ?1", [slug])?;
    write.commit()?;
    Ok(kept)
}

pub(super) fn set_desired(
    connection: &mut Connection,
    slug: &str,
    desired: Desired,
) -> Result<Channel, StoreError> {
    let write = begin(connection)?;
    let running = desired == Desired::Running;
    write.execute("UPDATE channels SET running = ?2 WHERE slug = ?1", params![slug, running])?;
    let changed = find(&write, slug)?.ok_or_else(|| no_such(slug))?;
    write.commit()?;
    Ok(changed)
}

/// Its slug stays, and so does all that goes by it: addresses, keys, grants, numbers.
pub(super) fn rename(connection: &mut Connection, slug: &str, name: &str) -> Result<Channel, StoreError> {
    let write = begin(connection)?;
    let id = id_of(&write, slug)?;
    refuse_taken(&write, name, Some(id))?;
    write.execute("UPDATE channels SET name = ?2 WHERE id = ?1", params![id, name])?;
    let changed = find(&write, slug)?.ok_or_else(|| no_such(slug))?;
    write.commit()?;
    Ok(changed)
}

pub(super) fn set_ladder(
    connection: &mut Connection,
    slug: &str,
    ladder: &[Rung],
) -> Result<Channel, StoreError> {
    let write = begin(connection)?;
    let id = id_of(&write, slug)?;
    if let Some(best) = ladder.first() {
        let sql = "UPDATE channels SET canvas_width = ?2, canvas_height = ?3 WHERE id = ?1";
        write.execute(sql, params![id, best.width, best.height])?;
        write.execute("DELETE FROM rungs WHERE channel_id = ?1", [id])?;
        insert_ladder(&write, id, ladder)?;
    }
    let changed = find(&write, slug)?.ok_or_else(|| no_such(slug))?;
    write.commit()?;
    Ok(changed)
}

pub(super) fn set_encoder(
    connection: &mut Connection,
    slug: &str,
    encoder: &Encoder,
) -> Result<Channel, StoreError> {
    let write = begin(connection)?;
    let id = id_of(&write, slug)?;
    write.execute("UPDATE channels SET encoder = ?2 WHERE id = ?1", params![id, encoder.to_string()])?;
    let changed = find(&write, slug)?.ok_or_else(|| no_such(slug))?;
    write.commit()?;
    Ok(changed)
}

pub(super) fn renew_key(
    connection: &mut Connection,
    slug: &str,
    key: StreamKey,
    now_ms: i64,
) -> Result<StreamKey, StoreError> {
    let write = begin(connection)?;
    let id = id_of(&write, slug)?;
    write.execute("DELETE FROM stream_keys WHERE channel_id = ?1 AND position = 0", [id])?;
    insert_key(&write, id, 0, &key, now_ms)?;
    write.commit()?;
    Ok(key)
}

/// The index is searched by hash, which whoever presents a key cannot steer towards a stored one; what is found is
/// compared once more, in constant time.
pub(super) fn by_key(connection: &mut Connection, presented: &KeyHash) -> Result<Option<Keyed>, StoreError> {
    let read = connection.transaction()?;
    let sql = "SELECT slug, key_sha256, position FROM stream_keys JOIN channels ON channels.id = channel_id \
               WHERE key_sha256 = ?1";
    let row = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?, row.get(2)?));
    let found = read.query_row(sql, [presented.bytes().as_slice()], row).optional()?;
    match found {
        Some((slug, stored, number)) if presented.matches(&stored) => {
            Ok(find(&read, &slug)?.map(|channel| Keyed { channel, number }))
        }
        _ => Ok(None),
    }
}

/// A write takes its lock at once, so that waiting for it happens here and nowhere in the middle.
pub(super) fn begin(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    Ok(connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

pub(super) fn no_such(slug: &str) -> StoreError {
    StoreError::NoSuchChannel(slug.chars().take(crate::limits::SLUG_CHARS_MAX).collect())
}

pub(super) fn id_of(read: &Transaction<'_>, slug: &str) -> Result<i64, StoreError> {
    let found =
        read.query_row("SELECT id FROM channels WHERE slug = ?1", [slug], |row| row.get(0)).optional()?;
    found.ok_or_else(|| no_such(slug))
}

/// By another channel than `own`.
fn refuse_taken(write: &Transaction<'_>, name: &str, own: Option<i64>) -> Result<(), StoreError> {
    let sql = "SELECT slug FROM channels WHERE name = ?1 COLLATE NOCASE AND id IS NOT ?2";
    let taken: Option<String> = write.query_row(sql, params![name, own], |row| row.get(0)).optional()?;
    taken.map_or(Ok(()), |slug| Err(StoreError::NameTaken { name: name.into(), slug }))
}

/// The slug wanted, or the first with a number that is free.
fn free_slug(write: &Transaction<'_>, wanted: &Slug) -> Result<Slug, StoreError> {
    let count: u32 = write.query_row("SELECT count(*) FROM channels", (), |row| row.get(0))?;
    if count as usize >= CHANNELS_MAX {
        return Err(StoreError::TooManyChannels);
    }
    let numbered = (2..=CHANNELS_MAX + 1).map(|number| wanted.numbered(number));
    for slug in std::iter::once(wanted.clone()).chain(numbered) {
        if find(write, slug.as_str())?.is_none() {
            return Ok(slug);
        }
    }
    Err(StoreError::TooManyChannels)
}

pub(super) fn insert_channel(
    write: &Transaction<'_>,
    draft: &Draft,
    slug: &Slug,
    now_ms: i64,
) -> Result<i64, StoreError> {
    let Canvas { width, height, rate } = draft.canvas;
    let sql = "INSERT INTO channels (slug, name, running, canvas_width, canvas_height, canvas_rate_numerator, \
               canvas_rate_denominator, audio_bitrate_bps, created_at_ms, latency, dvr_secs, pass_through, encoder) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    let running = draft.desired == Desired::Running;
    let (numerator, denominator) = (rate.numerator(), rate.denominator());
    let (audio, latency) = (draft.audio_bitrate_bps, latency_name(draft.latency));
    let row = params![
        slug.as_str(),
        draft.name,
        running,
        width,
        height,
        numerator,
        denominator,
        audio,
        now_ms,
        latency,
        draft.dvr_secs,
        draft.pass_through,
        draft.encoder.to_string()
    ];
    write.execute(sql, row)?;
    let id = write.last_insert_rowid();
    let sql = "INSERT INTO sources (channel_id, position, kind) VALUES (?1, 0, ?2)";
    write.execute(sql, params![id, source_name(draft.source)])?;
    Ok(id)
}

pub(super) fn insert_ladder(write: &Transaction<'_>, id: i64, ladder: &[Rung]) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO rungs (channel_id, position, width, height, bitrate_bps) VALUES (?1, ?2, ?3, ?4, ?5)";
    for (position, rung) in (0_i64..).zip(ladder) {
        write.execute(sql, params![id, position, rung.width, rung.height, rung.bitrate_bps])?;
    }
    Ok(())
}

/// The key of the channel's source that has this number.
pub(super) fn insert_key(
    write: &Transaction<'_>,
    id: i64,
    number: u8,
    key: &StreamKey,
    now_ms: i64,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO stream_keys (channel_id, position, stream_key, key_sha256, created_at_ms) \
               VALUES (?1, ?2, ?3, ?4, ?5)";
    write.execute(sql, params![id, number, key.expose(), key.hash().bytes().as_slice(), now_ms])?;
    Ok(())
}

pub(super) fn find(read: &Transaction<'_>, slug: &str) -> Result<Option<Channel>, StoreError> {
    let mut statement = read.prepare_cached(&format!("SELECT {COLUMNS} {FROM} WHERE slug = ?1"))?;
    let row = statement.query_row([slug], Stored::from_row).optional()?;
    row.map(|row| row.with_rest(read)).transpose()
}

/// A row as it is; its meaning is checked afterwards.
struct Stored {
    id: i64,
    slug: String,
    name: String,
    running: bool,
    size: (u32, u32),
    rate: (u32, u32),
    audio_bitrate_bps: u32,
    latency: String,
    dvr_secs: u32,
    kind: String,
    slate: Slate,
    slate_picture: Option<String>,
    pass_through: bool,
    encoder: String,
}

impl Stored {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            slug: row.get(1)?,
            name: row.get(2)?,
            running: row.get(3)?,
            size: (row.get(4)?, row.get(5)?),
            rate: (row.get(6)?, row.get(7)?),
            audio_bitrate_bps: row.get(8)?,
            latency: row.get(9)?,
            dvr_secs: row.get(10)?,
            kind: row.get(11)?,
            slate: Slate {
                text: row.get(12)?,
                after: Ticks::from_millis(row.get(13)?),
                back_after: Ticks::from_millis(row.get(14)?),
                tone: row.get(15)?,
                picture: Bytes::new(),
            },
            slate_picture: row.get(16)?,
            pass_through: row.get(17)?,
            encoder: row.get(18)?,
        })
    }

    fn with_rest(self, read: &Transaction<'_>) -> Result<Channel, StoreError> {
        let impossible = |what: String| StoreError::Impossible(format!("channel `{}`: {what}", self.slug));
        let rate = FrameRate::new(self.rate.0, self.rate.1).map_err(|error| impossible(error.to_string()))?;
        let ladder = ladder(read, self.id)?;
        if ladder.is_empty() {
            return Err(impossible("no rungs".into()));
        }
        Ok(Channel {
            source: source(&self.kind).ok_or_else(|| impossible(format!("source `{}`", self.kind)))?,
            desired: if self.running { Desired::Running } else { Desired::Stopped },
            canvas: Canvas { width: self.size.0, height: self.size.1, rate },
            ladder,
            latency: latency(&self.latency)
                .ok_or_else(|| impossible(format!("latency `{}`", self.latency)))?,
            dvr_secs: self.dvr_secs,
            pass_through: self.pass_through,
            slate: self.slate,
            slate_picture: self.slate_picture,
            backups: backups::list(read, self.id)?,
            failover: failover::read(read, self.id)?,
            audio_bitrate_bps: self.audio_bitrate_bps,
            encoder: self.encoder.parse().map_err(|error: EncoderError| impossible(error.to_string()))?,
            slug: Slug::parse(&self.slug)?,
            name: self.name,
        })
    }
}

fn ladder(read: &Transaction<'_>, id: i64) -> Result<Vec<Rung>, StoreError> {
    let sql = "SELECT width, height, bitrate_bps FROM rungs WHERE channel_id = ?1 ORDER BY position";
    let mut statement = read.prepare_cached(sql)?;
    let rung = |row: &Row<'_>| Ok(Rung { width: row.get(0)?, height: row.get(1)?, bitrate_bps: row.get(2)? });
    Ok(statement.query_map([id], rung)?.collect::<Result<_, _>>()?)
}

const LATENCIES: [(&str, Latency); 2] = [("standard", Latency::Standard), ("low", Latency::Low)];

pub(super) const fn latency_name(latency: Latency) -> &'static str {
    match latency {
        Latency::Standard => "standard",
        Latency::Low => "low",
    }
}

fn latency(name: &str) -> Option<Latency> {
    LATENCIES.into_iter().find_map(|(each, latency)| (each == name).then_some(latency))
}

pub(super) const fn source_name(source: wire::Source) -> &'static str {
    match source {
        wire::Source::TestPattern => "test-pattern",
        wire::Source::Rtmp => "rtmp",
        wire::Source::Srt => "srt",
    }
}

pub(super) fn source(name: &str) -> Option<wire::Source> {
    let all = [wire::Source::TestPattern, wire::Source::Rtmp, wire::Source::Srt];
    all.into_iter().find(|source| source_name(*source) == name)
}

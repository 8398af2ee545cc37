//! What the operator has asked for, in SQLite: channels, keys, settings.
//!
//! The connection lives on a thread of its own. [`Store`] is a handle on that thread's bounded queue; each call has
//! a deadline, after which it is [`StoreError::Busy`] and is not carried out. The media path never waits for it.
//!
//! | module | what it is |
//! |---|---|
//! | [`slug`] | pure: a channel's name in URLs |
//! | [`draft`] | pure: a new channel, checked |
//! | `encoder` | pure: what is to encode a channel, checked |
//! | [`key`] | stream keys: made, hidden, compared |
//! | `open` | the folder, the file, its health, the migrations |
//! | `copies` | copies of it, and what is done with them when it is damaged |
//! | [`configuration`] | all of it as one document: told, compared, applied |
//! | `history` | what happened, in a file of its own |
//! | [`measures`], `trends` | how the machine was, and how channels went, in the same file |
//! | [`state`] | the files as a whole: copied for a backup, looked at before they are taken over |
//! | [`template`] | pure: what a new channel may be made of |
//! | `thread` | the queue and its deadline |
//! | [`slate`] | what a channel shows without a source: checked, and its SQL |
//! | [`slate_picture`] | a picture of the operator's for it: made of an upload, and its SQL |
//! | [`failover`] | when another source takes over: checked, and its SQL |
//! | `access` | what the store is asked of grants, tokens and second steps, and its copy for trials |
//! | `removed`, `undo` | what was removed of late, and can be put back: its SQL, and what the store is asked of it |
//! | `channels`, `backups`, `playback`, `accounts`, `grants`, `tokens`, `totp`, `destinations`, `settings` | the SQL |
//!
//! Only this module knows SQLite. Boot-only settings (ports, folders) are elsewhere.
//!
//! **Stream keys are stored readable.** An operator must be able to see a key again, hours after the encoder was
//! set up, so a hash alone does not do. What protects them at rest is the file's mode, 0600 in a folder of 0700.
//! Encrypting them with a key bound to the box (`systemd-creds`, TPM) belongs to the box's image, and comes with
//! it. A presented key is looked up by its SHA-256 and compared in constant time.

mod access;
mod accounts;
mod audit;
mod backups;
mod channels;
pub mod configuration;
mod copies;
mod destinations;
pub mod draft;
mod encoder;
mod error;
pub mod failover;
mod grants;
mod history;
pub mod key;
pub mod measures;
mod open;
mod playback;
mod removed;
mod settings;
pub mod slate;
pub mod slate_picture;
pub mod slug;
pub mod state;
pub mod template;
#[cfg(test)]
mod tests;
mod thread;
mod tokens;
mod totp;
mod trends;
mod undo;

pub use accounts::Session;
pub use audit::Deed;
pub use copies::Restored;
pub(crate) use draft::hidden;
pub use draft::{Draft, DraftError, checked_ladder, checked_name};
pub use encoder::{Encoder, EncoderError};
pub use error::{OpenError, StoreError};
pub use grants::Maker;
pub use history::{HISTORY_FILE, Happened, History};
pub use key::{KeyHash, StreamKey};
pub use playback::{Playback, has_doubles};
pub use slug::{Slug, SlugError};
pub use tokens::{Bearer, TokenDraft};
pub use totp::Totp;
pub use trends::{Step, Stepped};

use crate::clock::House;
use crate::ingest::failover::Rules;
use crate::notify::destination::Destination;
use crate::serve::access::{Access, Secret};
use bytes::Bytes;
use media::grid::Latency;
use media::link::{Canvas, Rung, SOURCES_MAX, Slate};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use thread::Queue;
use tokio::sync::Notify;

/// The database's file name within the data folder.
pub const FILE_NAME: &str = "forebay.db";

/// A channel as the operator wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its name in URLs.
    pub slug: Slug,
    /// For people.
    pub name: String,
    /// Where its media comes from.
    pub source: wire::Source,
    /// Whether it is switched on.
    pub desired: Desired,
    /// Size and rate of the canvas.
    pub canvas: Canvas,
    /// Video rungs, best first; never empty.
    pub ladder: Vec<Rung>,
    /// How finely its media is cut.
    pub latency: Latency,
    /// Whether viewers of the best rung get the source's own pictures, where those are fit for it.
    pub pass_through: bool,
    /// Seconds of the past to which viewers may seek; 0 for none.
    pub dvr_secs: u32,
    /// What it shows without a source, but for the picture.
    pub slate: Slate,
    /// What tells the slate's picture from others; none without one.
    pub slate_picture: Option<String>,
    /// What takes over from the source, in this order.
    pub backups: Vec<Backup>,
    /// When it does.
    pub failover: Rules,
    /// Of the audio rendition, in bits per second.
    pub audio_bitrate_bps: u32,
    /// What is to encode it.
    pub encoder: Encoder,
}

/// A source that takes over when the ones before it fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// From 1.
    pub number: u8,
    /// How it arrives.
    pub source: wire::Source,
}

/// What a presented key opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// The channel.
    pub channel: Channel,
    /// Which of its sources: 0 is the main one.
    pub number: u8,
}

impl Channel {
    /// How each of its sources arrives, by number; none for those that it does not have.
    #[must_use]
    pub fn sources(&self) -> [Option<wire::Source>; SOURCES_MAX] {
        let mut all = [None; SOURCES_MAX];
        all[0] = Some(self.source);
        for backup in &self.backups {
            all[usize::from(backup.number)] = Some(backup.source);
        }
        all
    }
}

/// What the operator wants a channel to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desired {
    /// On air.
    Running,
    /// Switched off.
    Stopped,
}

/// A handle on the store; clones share the one connection.
#[derive(Clone, Debug)]
pub struct Store {
    queue: Queue,
    house: House,
    data_dir: Arc<PathBuf>,
    restored: Option<Arc<Restored>>,
    /// Rows that had been changed when the last copy was made.
    copied_at: Arc<AtomicU64>,
    refused: Arc<Notify>,
    /// Why nothing can be changed.
    frozen: Arc<OnceLock<String>>,
}

/// Before the first copy, and after a write that the disk did not take.
const NEVER: u64 = u64::MAX;

impl Store {
    /// Opens the database in `data_dir`, making folder and file when absent, checks its health and brings its
    /// schema up to date. One that cannot be used is set aside for the newest copy that can. Blocks: to be called at
    /// start.
    ///
    /// # Errors
    /// [`OpenError`]: names the path and what to do.
    pub fn open(data_dir: &Path, house: House) -> Result<Self, OpenError> {
        let (connection, restored) = open::open(data_dir, house.now())?;
        let queue = Queue::start(connection).map_err(|source| OpenError::Thread { source })?;
        let (data_dir, restored) = (Arc::new(data_dir.to_owned()), restored.map(Arc::new));
        let (copied_at, refused, frozen) = (Arc::new(AtomicU64::new(NEVER)), Arc::default(), Arc::default());
        Ok(Self { queue, house, data_dir, restored, copied_at, refused, frozen })
    }

    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut rusqlite::Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let done = self.queue.call(work).await.map_err(|error| match (error, self.frozen.get()) {
            (StoreError::Unwritable(_), Some(why)) => StoreError::Frozen(why.clone()),
            (error, _) => error,
        });
        if let Err(StoreError::DiskFull | StoreError::Unwritable(_) | StoreError::Frozen(_)) = done {
            self.copied_at.store(NEVER, Ordering::Relaxed);
            self.refused.notify_one();
        }
        done
    }

    /// Has everything that would change the settings be refused from now on, for this reason: what is open here is a copy,
    /// and what was written to it would be lost.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn freeze(&self, why: &str) -> Result<(), StoreError> {
        let _first = self.frozen.set(why.to_owned());
        self.call(|connection| Ok(connection.pragma_update(None, "query_only", true)?)).await
    }

    /// Whether nothing can be changed.
    ///
    /// # Errors
    /// [`StoreError::Frozen`] then.
    pub fn thawed(&self) -> Result<(), StoreError> {
        self.frozen.get().map_or(Ok(()), |why| Err(StoreError::Frozen(why.clone())))
    }

    /// Waits until the disk has not taken what was to be written. For one listener.
    pub async fn refused(&self) {
        self.refused.notified().await;
    }

    /// Whether the settings that were found at this start had to give way to a copy.
    #[must_use]
    pub fn restored(&self) -> Option<&Restored> {
        self.restored.as_deref()
    }

    /// Makes a copy of the database, unless nothing has changed since the last one. Proves that it can be written,
    /// unless that is known.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], [`StoreError::Unwritable`].
    pub async fn copy_what_changed(&self) -> Result<(), StoreError> {
        let (data_dir, copied_at, now) = (self.data_dir.clone(), self.copied_at.clone(), self.house.now());
        let work = move |connection: &mut rusqlite::Connection| {
            let at = copied_at.load(Ordering::Relaxed);
            if at == NEVER {
                // Says what it said before, on the disk.
                connection.pragma_update(None, "user_version", open::SCHEMA)?;
            }
            if at != connection.total_changes() {
                copies::make(connection, &data_dir, now)?;
                copied_at.store(connection.total_changes(), Ordering::Relaxed);
            }
            Ok(())
        };
        self.call(work).await
    }

    /// The folder that it is in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.data_dir
    }

    /// Copies the database as it is now to a new file.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn copy_to(&self, to: PathBuf) -> Result<(), StoreError> {
        self.call(move |connection| state::copy(connection, &to)).await
    }

    /// "ok", or what is wrong with the database.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn verdict(&self) -> Result<String, StoreError> {
        self.call(|connection| Ok(open::verdict(connection)?)).await
    }

    /// All channels, by name.
    ///
    /// # Errors
    /// [`StoreError`], as for all calls below.
    pub async fn channels(&self) -> Result<Vec<Channel>, StoreError> {
        self.call(channels::list).await
    }

    /// One channel.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`].
    pub async fn channel(&self, slug: &str) -> Result<Channel, StoreError> {
        let slug = slug.to_owned();
        self.call(move |connection| channels::get(connection, &slug)).await
    }

    /// Adds a channel with a new key. The slug is made from the name.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`], [`StoreError::TooManyChannels`], [`StoreError::Slug`].
    pub async fn add(&self, draft: Draft) -> Result<Channel, StoreError> {
        self.add_for(draft, Maker::default()).await
    }

    /// The same, for somebody: it exists for them.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`], [`StoreError::TooManyChannels`], [`StoreError::Slug`].
    pub async fn add_for(&self, draft: Draft, maker: Maker) -> Result<Channel, StoreError> {
        let (key, now_ms) = (StreamKey::random()?, self.house.now().millis());
        self.call(move |connection| channels::add(connection, &draft, &key, &maker, now_ms)).await
    }

    /// Switches a channel on or off.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`].
    pub async fn set_desired(&self, slug: &str, desired: Desired) -> Result<Channel, StoreError> {
        let slug = slug.to_owned();
        self.call(move |connection| channels::set_desired(connection, &slug, desired)).await
    }

    /// Gives a channel another name, which [`checked_name`] has made; its slug stays.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`], [`StoreError::NameTaken`], or the database fails.
    pub async fn rename(&self, slug: &str, name: String) -> Result<Channel, StoreError> {
        let slug = slug.to_owned();
        self.call(move |connection| channels::rename(connection, &slug, &name)).await
    }

    /// Gives a channel another ladder; its canvas is as large as the best rung.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`], or the database fails.
    pub async fn set_ladder(
        &self,
        slug: &str,
        ladder: Vec<media::link::Rung>,
    ) -> Result<Channel, StoreError> {
        let slug = slug.to_owned();
        self.call(move |connection| channels::set_ladder(connection, &slug, &ladder)).await
    }

    /// Has a channel encoded by something else.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`], or the database fails.
    pub async fn set_encoder(&self, slug: &str, encoder: Encoder) -> Result<Channel, StoreError> {
        let slug = slug.to_owned();
        self.call(move |connection| channels::set_encoder(connection, &slug, &encoder)).await
    }

    /// The key of a channel's main source, to show it.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`].
    pub async fn key(&self, slug: &str) -> Result<StreamKey, StoreError> {
        self.source_key(slug, 0).await.map(|(key, _)| key)
    }

    /// Gives a channel a new key; the old ones are void.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`].
    pub async fn renew_key(&self, slug: &str) -> Result<StreamKey, StoreError> {
        let (slug, key, now_ms) = (slug.to_owned(), StreamKey::random()?, self.house.now().millis());
        self.call(move |connection| channels::renew_key(connection, &slug, key, now_ms)).await
    }

    /// The channel and the source of it that a presented key opens, if any.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn channel_by_key(&self, presented: KeyHash) -> Result<Option<Keyed>, StoreError> {
        self.call(move |connection| channels::by_key(connection, &presented)).await
    }

    /// Who may watch which channel, by slug.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn access_rules(&self) -> Result<BTreeMap<String, Access>, StoreError> {
        self.call(playback::rules).await
    }

    /// Who may watch a channel.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`].
    pub async fn access(&self, slug: &str) -> Result<Access, StoreError> {
        let slug = slug.to_owned();
        self.call(move |connection| playback::get(connection, &slug)).await
    }

    /// Says who may watch a channel.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`].
    pub async fn set_playback(&self, slug: &str, wanted: Playback) -> Result<Access, StoreError> {
        let (slug, mut bits) = (slug.to_owned(), [0; 32]);
        getrandom::fill(&mut bits)?;
        self.call(move |connection| playback::set(connection, &slug, &wanted, &Secret(bits))).await
    }

    /// Says what a channel shows without a source.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`].
    pub async fn set_slate(&self, slug: &str, slate: Slate) -> Result<Channel, StoreError> {
        let slug = slug.to_owned();
        self.call(move |connection| slate::set(connection, &slug, &slate)).await
    }

    /// The picture that a channel shows without a source, as JPEG; nothing where text does.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`].
    pub async fn slate_picture(&self, slug: &str) -> Result<Option<Bytes>, StoreError> {
        let slug = slug.to_owned();
        let found = self.call(move |connection| slate_picture::get(connection, &slug)).await?;
        Ok(found.map(Bytes::from))
    }

    /// Gives a channel a picture, made by [`slate_picture::made`], to show without a source.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`].
    pub async fn set_slate_picture(&self, slug: &str, jpeg: Vec<u8>) -> Result<Channel, StoreError> {
        let slug = slug.to_owned();
        self.call(move |connection| slate_picture::set(connection, &slug, &jpeg)).await
    }

    /// Takes that picture away, if there is one.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`].
    pub async fn remove_slate_picture(&self, slug: &str) -> Result<(), StoreError> {
        let slug = slug.to_owned();
        self.call(move |connection| slate_picture::remove(connection, &slug)).await
    }

    /// Gives a channel one more back-up source, with a key of its own.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`], [`StoreError::NoBackupFor`], [`StoreError::TooManyBackups`].
    pub async fn add_backup(
        &self,
        slug: &str,
        source: wire::Source,
    ) -> Result<(Backup, StreamKey), StoreError> {
        let (slug, key, now_ms) = (slug.to_owned(), StreamKey::random()?, self.house.now().millis());
        let shown = key.clone();
        let work = move |connection: &mut _| backups::add(connection, &slug, source, &key, now_ms);
        Ok((self.call(work).await?, shown))
    }

    /// A source's key, to show it, and how the source arrives.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`], [`StoreError::NoSuchSource`].
    pub async fn source_key(&self, slug: &str, number: u8) -> Result<(StreamKey, wire::Source), StoreError> {
        let slug = slug.to_owned();
        self.call(move |connection| backups::key(connection, &slug, number)).await
    }

    /// Says when another source takes over.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`].
    pub async fn set_failover(&self, slug: &str, rules: Rules) -> Result<Channel, StoreError> {
        let slug = slug.to_owned();
        self.call(move |connection| failover::set(connection, &slug, &rules)).await
    }

    /// Whether anybody may sign in.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        self.call(accounts::any).await
    }

    /// Makes the first administrator; `hash` is the password's.
    ///
    /// # Errors
    /// [`StoreError::Claimed`].
    pub async fn add_first_user(&self, name: String, hash: String) -> Result<(), StoreError> {
        let now_ms = self.house.now().millis();
        self.call(move |connection| accounts::add_first(connection, &name, &hash, now_ms)).await
    }

    /// Makes another user.
    ///
    /// # Errors
    /// [`StoreError::UserTaken`], [`StoreError::TooManyUsers`].
    pub async fn add_user(&self, user: wire::User, hash: String) -> Result<(), StoreError> {
        let now_ms = self.house.now().millis();
        self.call(move |connection| accounts::add(connection, &user, &hash, now_ms)).await
    }

    /// Gives a user another password, and signs them out everywhere but in the session whose token has the hash `kept`.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUser`].
    pub async fn set_password(
        &self,
        name: String,
        hash: String,
        kept: Option<[u8; 32]>,
    ) -> Result<(), StoreError> {
        self.call(move |connection| accounts::set_password(connection, &name, &hash, kept)).await
    }

    /// Who has this name, and the hash of their password.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn credentials(&self, name: String) -> Result<Option<(wire::User, String)>, StoreError> {
        self.call(move |connection| accounts::credentials(connection, &name)).await
    }

    /// Signs a user in; returns the token for the browser.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUser`].
    pub async fn open_session(&self, name: String) -> Result<StreamKey, StoreError> {
        let (token, now) = (StreamKey::random()?, self.house.now());
        let hash = *token.hash().bytes();
        self.call(move |connection| accounts::open_session(connection, &name, &hash, now)).await?;
        Ok(token)
    }

    /// Who has presented this token; nobody when the session is over. `is_call` says that somebody is there, and not only
    /// a page that listens.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn session(&self, token: &KeyHash, is_call: bool) -> Result<Option<Session>, StoreError> {
        let (hash, now) = (*token.bytes(), self.house.now());
        self.call(move |connection| accounts::session(connection, &hash, is_call, now)).await
    }

    /// Signs somebody out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_session(&self, session: &Session) -> Result<(), StoreError> {
        let token = session.token;
        self.call(move |connection| accounts::end_session(connection, &token)).await
    }

    /// Writes down who changed what.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_deed(&self, deed: Deed) -> Result<(), StoreError> {
        let now_ms = self.house.now().millis();
        self.call(move |connection| audit::append(connection, &deed, now_ms)).await
    }

    /// Who changed what: `limit` rows before the one of that number, or the newest; the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deeds(&self, before: Option<i64>, limit: u32) -> Result<Vec<wire::AuditEntry>, StoreError> {
        self.call(move |connection| audit::list(connection, before, limit)).await
    }

    /// Where alarms are sent on to, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn destinations(&self) -> Result<Vec<Destination>, StoreError> {
        self.call(destinations::list).await
    }

    /// One of them.
    ///
    /// # Errors
    /// [`StoreError::NoSuchDestination`].
    pub async fn destination(&self, name: &str) -> Result<Destination, StoreError> {
        let name = name.to_owned();
        self.call(move |connection| destinations::get(connection, &name)).await
    }

    /// Adds one.
    ///
    /// # Errors
    /// [`StoreError::DestinationTaken`], [`StoreError::TooManyDestinations`].
    pub async fn add_destination(&self, new: Destination) -> Result<(), StoreError> {
        self.call(move |connection| destinations::add(connection, &new)).await
    }

    /// Changes the one of that name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn change_destination(&self, new: Destination) -> Result<(), StoreError> {
        self.call(move |connection| destinations::change(connection, &new)).await
    }

    /// All that an operator sets; with stream keys or without.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn configuration(&self, keys: bool) -> Result<wire::Configuration, StoreError> {
        self.call(move |connection| configuration::export(connection, keys)).await
    }

    /// Makes all of it what a checked document says, or nothing; `only_if` it has this tag. What was changed.
    ///
    /// # Errors
    /// [`StoreError::Changed`], [`StoreError::LastAdministrator`] and others.
    pub async fn configure(
        &self,
        wanted: configuration::Wanted,
        only_if: Option<String>,
    ) -> Result<wire::ConfigurationDiff, StoreError> {
        let now_ms = self.house.now().millis();
        self.call(move |connection| configuration::apply(connection, &wanted, only_if.as_deref(), now_ms))
            .await
    }

    /// A setting of the box; nothing while it has its default.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn setting(&self, name: &str) -> Result<Option<serde_json::Value>, StoreError> {
        let name = name.to_owned();
        self.call(move |connection| settings::get(connection, &name)).await
    }

    /// Gives a setting of the box its default again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_setting(&self, name: &str) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.call(move |connection| settings::remove(connection, &name)).await
    }

    /// Changes a setting of the box.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_setting(&self, name: &str, value: serde_json::Value) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.call(move |connection| settings::set(connection, &name, &value)).await
    }
}

//! A document that may be applied. Pure.

use super::VERSION;
use crate::limits::{AUDIO_BITRATE_BPS, CHANNELS_MAX, HEIGHT_PIXELS, ORIGINS_MAX, USERS_MAX, WIDTH_PIXELS};
use crate::notify::destination::Destination;
use crate::store::{Backup, Channel, Desired, Draft, Slug, failover, has_doubles, hidden, slate};
use media::link::{Canvas, SOURCES_MAX};
use media::time::FrameRate;
use std::collections::{BTreeMap, BTreeSet};
use wire::Via;

/// What is to be.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// As it came.
    pub document: wire::Configuration,
    pub(super) channels: Vec<WantedChannel>,
}

#[derive(Clone, Debug)]
pub(super) struct WantedChannel {
    pub(super) channel: Channel,
    pub(super) draft: Draft,
    pub(super) protected: bool,
    pub(super) origins: BTreeSet<String>,
    pub(super) tiers: Vec<wire::Tier>,
    pub(super) keys: BTreeMap<u8, String>,
}

/// Why a document cannot be applied. `field` is the member at fault, as a JSON pointer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ConfigurationError {
    /// Where.
    pub field: String,
    what: String,
}

fn wrong<T>(field: impl Into<String>, what: impl Into<String>) -> Result<T, ConfigurationError> {
    Err(ConfigurationError { field: field.into(), what: what.into() })
}

impl Wanted {
    /// Checks all of a document.
    ///
    /// # Errors
    /// [`ConfigurationError`].
    pub fn checked(mut document: wire::Configuration) -> Result<Self, ConfigurationError> {
        document.channels.iter_mut().for_each(as_stored);
        if document.version != VERSION {
            return wrong("/version", format!("this Forebay understands version {VERSION} of the document"));
        }
        if let Some(name) = &document.settings.name {
            check_box_name(name)
                .map_err(|what| ConfigurationError { field: "/settings/name".into(), what })?;
        }
        if document.channels.len() > CHANNELS_MAX {
            return wrong("/channels", format!("a box has {CHANNELS_MAX} channels at most"));
        }
        let mut channels = Vec::new();
        for (at, each) in document.channels.iter().enumerate() {
            let at = format!("/channels/{at}");
            let checked = channel(each).map_err(|error| ConfigurationError {
                field: format!("{at}{}", error.field),
                what: format!("channel `{}`: {}", each.slug, error.what),
            })?;
            channels.push(checked);
        }
        unique("/channels", "slug", document.channels.iter().map(|each| each.slug.clone()))?;
        unique(
            "/channels",
            "name",
            document.channels.iter().map(|each| each.name.trim().to_ascii_lowercase()),
        )?;
        let keys = document.channels.iter().flat_map(|each| &each.keys).map(|key| key.stream_key.clone());
        unique("/channels", "stream key", keys)?;
        check_destinations(&document)?;
        check_users(&document.users)?;
        Ok(Self { document, channels })
    }
}

/// Of the box.
pub(crate) fn check_box_name(name: &str) -> Result<(), String> {
    let fits = (1..=60).contains(&name.chars().count()) && !name.chars().any(hidden) && name.trim() == name;
    if fits { Ok(()) } else { Err("the box's name has 1 to 60 characters, all of them visible".into()) }
}

fn unique(field: &str, what: &str, all: impl Iterator<Item = String>) -> Result<(), ConfigurationError> {
    let mut seen = BTreeSet::new();
    for (at, each) in all.enumerate() {
        if !seen.insert(each) {
            return wrong(format!("{field}/{at}"), format!("two have the same {what}; each has its own"));
        }
    }
    Ok(())
}

/// As it would be told once it was applied, so that it is compared as such.
fn as_stored(told: &mut wire::ChannelConfiguration) {
    told.name = told.name.trim().to_owned();
    told.slate.text = told.slate.text.trim().to_owned();
    told.playback.allowed_origins.sort();
    told.playback.allowed_origins.dedup();
    told.backups.sort_by_key(|backup| backup.number);
}

fn channel(told: &wire::ChannelConfiguration) -> Result<WantedChannel, ConfigurationError> {
    let slug = Slug::parse(&told.slug).or_else(|error| wrong("/slug", error.to_string()))?;
    let new = wire::NewChannel {
        name: told.name.clone(),
        source: told.source,
        ladder: Some(told.ladder.clone()),
        latency: told.latency,
        dvr_secs: told.dvr_secs,
        pass_through: told.pass_through,
        encoder: Some(told.encoder.clone()),
        start: told.running,
        template: None,
    };
    let draft = Draft::try_from(new).or_else(|error| wrong(error.field(), error.to_string()))?;
    let canvas = canvas(&told.canvas)?;
    if !AUDIO_BITRATE_BPS.contains(&told.audio_bitrate_bps) {
        let (least, most) = (AUDIO_BITRATE_BPS.start(), AUDIO_BITRATE_BPS.end());
        return wrong("/audio_bitrate_bps", format!("sound has {least} to {most} bits per second"));
    }
    let draft = Draft { canvas, slug: slug.clone(), audio_bitrate_bps: told.audio_bitrate_bps, ..draft };
    let channel = Channel {
        name: draft.name.clone(),
        source: told.source,
        desired: if told.running { Desired::Running } else { Desired::Stopped },
        canvas,
        ladder: draft.ladder.clone(),
        latency: draft.latency,
        dvr_secs: draft.dvr_secs,
        pass_through: draft.pass_through,
        encoder: draft.encoder.clone(),
        slate: slate::checked(&told.slate)
            .or_else(|error| wrong(format!("/slate{}", error.field()), error.to_string()))?,
        slate_picture: told.slate_picture.clone(),
        backups: backups(told)?,
        failover: failover::checked(&told.failover)
            .or_else(|error| wrong(format!("/failover{}", error.field()), error.to_string()))?,
        audio_bitrate_bps: told.audio_bitrate_bps,
        slug,
    };
    let origins = &told.playback.allowed_origins;
    if origins.len() > ORIGINS_MAX || !origins.iter().all(|origin| crate::api::is_origin(origin)) {
        return wrong(
            "/playback/allowed_origins",
            format!("up to {ORIGINS_MAX} origins, such as https://www.example.org"),
        );
    }
    if has_doubles(&told.playback.tiers) {
        return wrong("/playback/tiers", "each tier has one place");
    }
    let tiers = told.playback.tiers.clone();
    let keys = keys(told)?;
    let (protected, origins) = (told.playback.protected, origins.iter().cloned().collect());
    Ok(WantedChannel { channel, draft, protected, origins, tiers, keys })
}

fn canvas(told: &wire::CanvasConfiguration) -> Result<Canvas, ConfigurationError> {
    let Some(rate) = FrameRate::ALL.into_iter().find(|rate| rate.to_string() == told.frame_rate) else {
        let all = FrameRate::ALL.map(|rate| rate.to_string()).join(", ");
        return wrong("/canvas/frame_rate", format!("the frame rate is one of {all}"));
    };
    let sizes = [("width", told.width, WIDTH_PIXELS), ("height", told.height, HEIGHT_PIXELS)];
    for (what, value, range) in sizes {
        if !range.contains(&value) || !value.is_multiple_of(2) {
            return wrong(
                format!("/canvas/{what}"),
                format!("it is even and within {} and {}", range.start(), range.end()),
            );
        }
    }
    Ok(Canvas { width: told.width, height: told.height, rate })
}

fn backups(told: &wire::ChannelConfiguration) -> Result<Vec<Backup>, ConfigurationError> {
    let is_made_here = |source| source == wire::Source::TestPattern;
    if told.backups.iter().any(|backup| is_made_here(told.source) || is_made_here(backup.source)) {
        return wrong("/backups", "a test pattern neither has a back-up nor is one");
    }
    let mut all: Vec<Backup> =
        told.backups.iter().map(|backup| Backup { number: backup.number, source: backup.source }).collect();
    all.sort_by_key(|backup| backup.number);
    let fits = all.iter().all(|backup| (1..SOURCES_MAX as u8).contains(&backup.number));
    if !fits || all.windows(2).any(|two| two[0].number == two[1].number) {
        return wrong(
            "/backups",
            format!("back-ups have numbers of their own, from 1 to {}", SOURCES_MAX - 1),
        );
    }
    Ok(all)
}

fn keys(told: &wire::ChannelConfiguration) -> Result<BTreeMap<u8, String>, ConfigurationError> {
    let is_key =
        |text: &str| text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_there = |number: u8| number == 0 || told.backups.iter().any(|backup| backup.number == number);
    if !told.keys.iter().all(|key| is_key(&key.stream_key) && is_there(key.number)) {
        return wrong(
            "/keys",
            "a stream key has 32 hexadecimal digits in lower case, and belongs to one of the sources",
        );
    }
    Ok(told.keys.iter().map(|key| (key.number, key.stream_key.clone())).collect())
}

fn check_destinations(document: &wire::Configuration) -> Result<(), ConfigurationError> {
    unique("/destinations", "name", document.destinations.iter().map(|each| each.name.clone()))?;
    for (at, each) in document.destinations.iter().enumerate() {
        let secret = match &each.via {
            Via::Webhook { .. } | Via::Email { user: Some(_), .. } => {
                Some("stands for its secret".to_owned())
            }
            _ => None,
        };
        let wire::DestinationConfiguration { name, least, of_box, channels, via, .. } = each.clone();
        let new = wire::NewDestination { name, via, least, channels, of_box, secret };
        Destination::checked(new, None)
            .or_else(|error| wrong(format!("/destinations/{at}{}", error.field()), error.to_string()))?;
    }
    Ok(())
}

fn check_users(users: &[wire::User]) -> Result<(), ConfigurationError> {
    unique("/users", "name", users.iter().map(|user| user.name.to_ascii_lowercase()))?;
    let fits = |name: &str| {
        (1..=60).contains(&name.chars().count()) && !name.chars().any(hidden) && name.trim() == name
    };
    match users.iter().position(|user| !fits(&user.name)) {
        Some(at) => {
            wrong(format!("/users/{at}/name"), "a user's name has 1 to 60 characters, all of them visible")
        }
        None if users.len() > USERS_MAX as usize => {
            wrong("/users", format!("a box has {USERS_MAX} users at most"))
        }
        None => Ok(()),
    }
}

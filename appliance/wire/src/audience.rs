//! Who watches, as far as players and connections tell, and how a channel went lately.

use serde::{Deserialize, Serialize};

/// Who watches, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Audience {
    /// Channels that somebody watches, by slug.
    pub channels: Vec<ChannelAudience>,
    /// Which kind of device plays which tier.
    pub devices: Vec<DeviceTier>,
}

/// Who watches one channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ChannelAudience {
    /// Its slug.
    pub channel: String,
    /// Players and connections that fetched media of it in the last seconds.
    pub viewers: u32,
    /// Of those, how many by LL-DASH, LL-HLS and HLS-TS.
    pub by_tier: [u32; 3],
    /// How late the one in the middle is, in milliseconds, as the players measure it; those that tell of themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u32>,
    /// How late that one aims to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_ms: Option<u32>,
    /// The same of those by each tier.
    #[serde(default)]
    pub latency_by: PerTier,
    /// Times that players ran dry in the last ten minutes.
    pub stalls: u32,
}

/// How a tier is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PlayerDevice {
    /// Media Source Extensions: desktop browsers, Android, most TVs.
    MediaSource,
    /// ManagedMediaSource: iPhones from iOS 17.1, iPads and Macs.
    ManagedMediaSource,
    /// HLS by the device itself: iOS before, Apple TV.
    NativeHls,
    /// A player that is not ours.
    Other,
}

/// One cell of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DeviceTier {
    /// The kind of device.
    pub device: PlayerDevice,
    /// Place of the tier: LL-DASH, LL-HLS, HLS-TS.
    pub tier: u8,
    /// How many play that now.
    pub players: u32,
}

/// What the box's own player tells of itself every few seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Beacon {
    /// Made up by the page when it was opened; it tells pages apart, not people.
    pub session: String,
    /// The kind of device, found out by asking it what it can do.
    pub device: PlayerDevice,
    /// Place of the tier: LL-DASH, LL-HLS, HLS-TS.
    pub tier: u8,
    /// What plays it.
    pub engine: String,
    /// `live`, `stalled` and so on.
    pub state: String,
    /// Behind the moment of capture, in milliseconds.
    #[serde(default)]
    pub latency_ms: Option<u32>,
    /// What the player aims at.
    #[serde(default)]
    pub target_ms: Option<u32>,
    /// Media ahead of the picture.
    #[serde(default)]
    pub buffer_ms: u32,
    /// Of what is played, bits per second.
    #[serde(default)]
    pub bitrate_bps: u32,
    /// Times that it ran dry, since the page was opened.
    #[serde(default)]
    pub stalls: u32,
    /// For how long, all together.
    #[serde(default)]
    pub stalled_ms: u32,
    /// Hundred is the speed of life; more is catching up.
    #[serde(default)]
    pub rate_percent: u32,
    /// Times that it changed the tier.
    #[serde(default)]
    pub switches: u32,
    /// How long ago it ran dry last; absent if it has not.
    #[serde(default)]
    pub last_stall_ago_ms: Option<u32>,
}

/// A player that tells of itself: by the beacon, or by CMCD.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PlayerSession {
    /// A few characters to tell it from others.
    pub session: String,
    /// The channel's slug.
    pub channel: String,
    /// The kind of device.
    pub device: PlayerDevice,
    /// Place of the tier: LL-DASH, LL-HLS, HLS-TS.
    pub tier: u8,
    /// What plays it; `CMCD` for players that are not ours.
    pub engine: String,
    /// In a word; empty where it does not say.
    pub state: String,
    /// Behind the moment of capture, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u32>,
    /// What it aims at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_ms: Option<u32>,
    /// Media ahead of the picture.
    pub buffer_ms: u32,
    /// Bits per second.
    pub bitrate_bps: u32,
    /// Times that it ran dry.
    pub stalls: u32,
    /// For how long, all together.
    pub stalled_ms: u32,
    /// Hundred is the speed of life.
    pub rate_percent: u32,
    /// Times that it changed the tier.
    pub switches: u32,
    /// Times that it asked for a segment that had not begun.
    #[serde(default)]
    pub early: u32,
    /// Seconds since it was first heard of.
    pub watched_secs: u64,
    /// Seconds since it was last heard of.
    pub silent_secs: u64,
}

/// A number for each tier; absent where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PerTier {
    /// LL-DASH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lldash: Option<u32>,
    /// LL-HLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub llhls: Option<u32>,
    /// HLS-TS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ts: Option<u32>,
}

impl From<[Option<u32>; 3]> for PerTier {
    fn from([lldash, llhls, ts]: [Option<u32>; 3]) -> Self {
        Self { lldash, llhls, ts }
    }
}

/// What happened to a channel and to its viewers, on one axis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Timeline {
    /// House time at which it begins, milliseconds since the epoch.
    pub from_ms: i64,
    /// At which it ends: now.
    pub to_ms: i64,
    /// Of the channel and of the box as a whole, oldest first.
    pub events: Vec<super::Event>,
    /// When players ran dry, oldest first.
    pub stalls: Vec<Stall>,
}

/// Players of one tier that ran dry within two seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Stall {
    /// When the first of them did, milliseconds since the epoch.
    pub at_ms: i64,
    /// Place of the tier: LL-DASH, LL-HLS, HLS-TS.
    pub tier: u8,
    /// How many.
    pub players: u32,
    /// A few characters of the session of one of them.
    pub session: String,
    /// How long the longest lasted so far; 0 where the player does not say.
    pub stalled_ms: u32,
    /// What happened in the seconds before that can explain it, the likeliest first; none: it is the network, or the device.
    #[serde(default)]
    pub causes: Vec<super::Event>,
}

/// How a channel went in the last minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Trend {
    /// Between two samples.
    pub step_ms: u32,
    /// As many samples as there are once the channel has run long enough.
    pub slots: u32,
    /// Oldest first; the last one is of now.
    pub samples: Vec<Sample>,
}

/// How a channel was at a moment. What is absent was not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Sample {
    /// House time, milliseconds since the epoch.
    pub at_ms: i64,
    /// Bits per second that the source on air sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_bps: Option<u32>,
    /// Pictures in a hundred seconds that it sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_fps_hundredths: Option<u32>,
    /// Bits per second handed to viewers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_bps: Option<u64>,
    /// How old the newest packaged picture was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_ms: Option<u32>,
    /// How long blocked playlist requests were held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_ms: Option<u32>,
    /// How many watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub viewers: Option<u32>,
    /// Of those, by each tier.
    #[serde(default)]
    pub viewers_by: PerTier,
    /// How late the viewer in the middle was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u32>,
    /// How late the one in the middle of each tier was.
    #[serde(default)]
    pub latency_by: PerTier,
    /// Times that players ran dry since the sample before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stalls: Option<u32>,
    /// Stages and workers that were replaced since the sample before.
    #[serde(default)]
    pub faults: u32,
}

/// Another ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewLadder {
    /// Video rungs, best first.
    pub ladder: Vec<super::Rung>,
}

/// A chapter of the manual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Chapter {
    /// In addresses.
    pub name: String,
    /// Its heading.
    pub title: String,
}

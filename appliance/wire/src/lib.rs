//! The API's types, shared by the daemon, its command line and the admin UI. Serde only; no logic but one estimate ([`Cost`]).
//!
//! Everything lives under `/api/v1`:
//!
//! | call | body | answer |
//! |---|---|---|
//! | `GET /channels` | | [`ChannelList`] |
//! | `POST /channels` | [`NewChannel`] | 201, [`Channel`] |
//! | `GET /channels/{slug}` | | [`Channel`] |
//! | `PATCH /channels/{slug}` | [`ChannelEdit`] | [`Channel`]; `If-Match` if wanted |
//! | `DELETE /channels/{slug}` | | 204 |
//! | `POST /channels/{slug}/start` and `…/stop` | | [`Channel`] |
//! | `GET /channels/{slug}/picture` | | what viewers see, small, `image/jpeg`; 404 while it is not on air |
//! | `GET /channels/{slug}/key` | | [`StreamKey`] |
//! | `GET` and `PUT /channels/{slug}/playback` | [`Playback`] | [`Playback`] |
//! | `GET` and `PUT /channels/{slug}/slate` | [`Slate`] | [`Slate`] |
//! | `GET /channels/{slug}/slate/picture` | | the picture, `image/jpeg` |
//! | `PUT /channels/{slug}/slate/picture` | a picture, `image/png` or `image/jpeg` | [`Channel`] |
//! | `DELETE /channels/{slug}/slate/picture` | | 204; text is shown |
//! | `PUT /channels/{slug}/ladder` | [`NewLadder`] | [`Channel`]; one that is on air starts anew |
//! | `PUT /channels/{slug}/encoder` | [`NewEncoder`] | [`Channel`]; one that is on air starts anew |
//! | `GET /channels/{slug}/trend` | | [`Trend`]; `?span=` 10m, 1h, 1d or 30d |
//! | `GET /channels/{slug}/timeline` | | [`Timeline`], with the same |
//! | `GET /audience` | | [`Audience`] |
//! | `GET /audience/players` | | list of [`PlayerSession`] |
//! | `POST /channels/{slug}/backups` | [`NewBackup`] | 201, [`Backup`] |
//! | `DELETE /channels/{slug}/sources/{number}` | | 204; for back-ups |
//! | `GET /channels/{slug}/sources/{number}/key` | | [`StreamKey`] |
//! | `POST /channels/{slug}/sources/{number}/take` | | [`Channel`]; that source is on air |
//! | `GET` and `PUT /channels/{slug}/failover` | [`Failover`] | [`Failover`] |
//! | `POST /channels/{slug}/tokens` | [`NewToken`] | [`Token`] |
//! | `POST /channels/{slug}/drill` | [`NewDrill`] | 202, [`Drill`] |
//! | `GET /drill` | | [`Drill`] or `null` |
//! | `GET /devices` | | [`DeviceList`] |
//! | `GET /devices/health` | | [`BoxHealth`] |
//! | `GET /devices/history?metric={ids}&span={span}` | | [`HealthHistory`]; several metrics with commas between |
//! | `POST /devices/{name}/trust` | | [`DeviceList`]; that one is used again |
//! | `GET /session` | | [`SessionState`]; for everybody |
//! | `POST /claim` | [`NewClaim`] | 201, [`User`], a cookie; for everybody, once |
//! | `POST /session` | [`NewSession`] | 201, [`User`], a cookie; for everybody |
//! | `DELETE /session` | | 204 |
//! | `POST /claim-code` | | [`ClaimCode`]; on the box's socket alone |
//! | `GET /users` | | list of [`Account`] |
//! | `POST /users` | [`NewUser`] | 201, [`User`] |
//! | `GET /users/{name}` | | [`Account`] |
//! | `DELETE /users/{name}` | | 204 |
//! | `GET` and `PUT /users/{name}/channels` | [`Grants`] | [`Grants`]; which channels exist for them |
//! | `PUT /users/{name}/password` | [`NewPassword`] | 204; one's own, or as administrator |
//! | `GET /tokens` | | list of [`ApiToken`]; one's own, or as administrator |
//! | `POST /tokens` | [`NewApiToken`] | 201, [`MadeApiToken`] |
//! | `DELETE /tokens/{id}` | | 204; one's own, or as administrator |
//! | `GET /box` | | [`BoxStatus`] |
//! | `GET /alarms` | | list of [`Alarm`] |
//! | `POST /alarms/{id}/acknowledge` | [`OfChannel`] | [`Alarm`]; somebody has seen it |
//! | `DELETE /alarms/{id}` | | 204; for those that are dismissible |
//! | `GET` and `POST /notifications` | [`NewDestination`] | list of [`Destination`]; 201, [`SavedDestination`] |
//! | `GET`, `PUT` and `DELETE /notifications/{name}` | [`NewDestination`] | [`Destination`]; [`SavedDestination`]; 204 |
//! | `POST /notifications/{name}/test` | | [`TestResult`] |
//! | `GET /configuration?keys={true or false}` | | [`Configuration`], its tag as `ETag`; with stream keys only where asked for |
//! | `POST /configuration/diff` | [`Configuration`] | [`ConfigurationDiff`]; nothing is changed |
//! | `PUT /configuration` | [`Configuration`], `If-Match` if wanted | [`ConfigurationDiff`]; what was changed |
//! | `POST /backup` | [`NewBackupFile`] | the whole state, encrypted, as a file |
//! | `PUT /restore/file` | a backup | [`UploadedFile`] |
//! | `POST /restore/contents` | [`OpenBackup`] | [`BackupContents`] of what was uploaded; nothing is changed |
//! | `POST /restore` | [`Restore`] | 202, [`Restarting`] |
//! | `POST /restore/undo` | [`Confirmation`] | 202, [`Restarting`]; what was before the last restore |
//! | `POST /factory-reset` | [`FactoryReset`] | 202, [`Restarting`] |
//! | `GET /support-bundle` | | what is wrong, without what is secret, as a compressed tar |
//! | `GET /update` | | [`UpdateStatus`] |
//! | `PUT /update/bundle` | an update | [`UploadedFile`] |
//! | `POST /update/{step}` | | 202, [`UpdateStatus`] |
//! | `GET` and `PUT /settings` | [`BoxSettings`] | [`BoxSettings`] |
//! | `GET /templates` | | list of [`Template`] |
//! | `GET /history?channel={slug}&limit={n}` | | list of [`Event`], the newest first; both may be left out |
//! | `GET /audit?before={id}&limit={n}` | | list of [`AuditEntry`], the newest first; both may be left out |
//! | `GET /events` | | Server-Sent Events; event `channels`, data [`ChannelList`], on every change |
//!
//! Whoever has not signed in sends a token: `Authorization: Bearer SECRET`.
//! Players tell of themselves by `POST /beacon/{slug}`, with a [`Beacon`], outside of the API and for everybody.
//!
//! Errors are [`Problem`] with content type `application/problem+json` (RFC 9457).
#![forbid(unsafe_code)]

mod accounts;
mod audience;
mod cost;
mod hardware;
mod upkeep;

pub use accounts::{
    Account, ApiToken, Grants, MadeApiToken, NewApiToken, NewTotp, RecoveryCodes, Removed, RemovedKind,
    Scope, TotpCode, TotpState,
};
pub use audience::{
    Audience, Beacon, ChannelAudience, Chapter, DeviceTier, NewLadder, PerTier, PlayerDevice, PlayerSession,
    Sample, Stall, Timeline, Trend,
};

pub use cost::Cost;
pub use hardware::{
    BoxHealth, ClockHealth, ClockState, Drive, EngineLoad, Filesystem, GpuFigures, HealthHistory, Memory,
    Metric, NetworkLink, Processor, Room, Sensor, SensorKind, Series, Span, Supply, Unit,
};
pub use upkeep::{
    BackupContents, Confirmation, FactoryReset, NewBackupFile, OpenBackup, Restarting, Restore,
    UpdateOutcome, UpdateStatus, UpdateStep, UploadProgress, UploadedFile,
};

use serde::{Deserialize, Serialize};

/// All channels, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ChannelList {
    /// By slug.
    pub channels: Vec<Channel>,
    /// What needs the operator; of the box first.
    #[serde(default)]
    pub alarms: Vec<Alarm>,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything.
    Administrator,
    /// Everything about channels.
    Operator,
    /// See, and change nothing.
    Viewer,
}

/// Somebody who may manage the box.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct User {
    /// As they sign in.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// How whoever asks stands to the box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SessionState {
    /// There is an administrator: whoever manages the box signs in.
    pub claimed: bool,
    /// Who has signed in.
    pub user: Option<User>,
    /// Nobody has to sign in: the call comes from the box itself, and nobody has claimed it; or by its socket.
    pub trusted: bool,
    /// Passwords may be sent: the connection is encrypted, or does not leave the box.
    pub secure: bool,
    /// Where encrypted connections are taken.
    pub https_port: u16,
}

/// Makes the first administrator.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewClaim {
    /// As the box shows it.
    pub code: String,
    /// Of the administrator.
    pub name: String,
    /// Theirs.
    pub password: String,
}

/// Signs somebody in.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    /// Who.
    pub name: String,
    /// Theirs.
    pub password: String,
    /// Of their authenticator app, or a recovery code, where they have asked for a second step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// What is needed to make a user.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// As they sign in.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Theirs.
    pub password: String,
}

/// Another password.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// From now on.
    pub password: String,
    /// That of whoever asks for it, once more; not on the box's socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_password: Option<String>,
}

/// Secrets of people: none of these may be printed.
macro_rules! hide_passwords {
    ($($kind:ident)*) => {
        $(impl std::fmt::Debug for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($kind), "(hidden)"))
            }
        })*
    };
}
hide_passwords!(NewClaim NewSession NewUser NewPassword);

/// By which the first administrator is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ClaimCode {
    /// Such as `K7QD-2MXP`.
    pub code: String,
    /// It is good for so long, once.
    pub expires_in_secs: u32,
}

/// Something that needs the operator, and is so now.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Alarm {
    /// Its kind, such as `disk-full`; there is at most one of a kind for a channel, and for the box.
    pub id: String,
    /// The channel's slug; absent for the box as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// House time at which it was raised, milliseconds since the epoch.
    pub since_ms: i64,
    /// What is the matter.
    pub cause: String,
    /// What to do.
    pub remedy: String,
    /// It tells of the past, and stays until the operator dismisses it; others clear by themselves.
    pub dismissible: bool,
    /// How bad it is.
    #[serde(default)]
    pub severity: Severity,
    /// The page of the admin side where something can be done about it, below the box's address.
    #[serde(default)]
    pub link: String,
    /// It comes and goes: it is held until it has been quiet for a while.
    #[serde(default)]
    pub flapping: bool,
    /// Who has seen it; absent while nobody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledgement>,
}

/// How bad something is; the worst last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Viewers notice nothing; somebody should know.
    Minor,
    /// Viewers notice nothing yet, or little.
    #[default]
    Major,
    /// Viewers see it, or soon will.
    Critical,
}

/// Somebody has seen an alarm.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Acknowledgement {
    /// A user's name; in brackets who needed none, such as `(console)`.
    pub by: String,
    /// House time, milliseconds since the epoch.
    pub at_ms: i64,
}

/// Which of the alarms of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OfChannel {
    /// The channel's slug; absent for the box as a whole.
    #[serde(default)]
    pub channel: Option<String>,
}

/// How a destination of alarms is reached. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Via {
    /// JSON by HTTP, signed with the destination's secret as Standard Webhooks says.
    Webhook {
        /// `{secret}` in it stands for the destination's secret.
        url: String,
        /// PEM of the one authority to trust; those of the system when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ca_pem: Option<String>,
    },
    /// RFC 5424.
    Syslog {
        /// Name or address.
        host: String,
        /// 514 or 601, and 6514 with TLS, as a rule.
        port: u16,
        /// How.
        transport: SyslogTransport,
        /// PEM of the one authority to trust; those of the system when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ca_pem: Option<String>,
    },
    /// SMTP.
    Email {
        /// Name or address.
        host: String,
        /// 587 with STARTTLS, 465 with TLS, as a rule.
        port: u16,
        /// On its way.
        security: MailSecurity,
        /// Mail address.
        from: String,
        /// Mail addresses.
        to: Vec<String>,
        /// Whose password is the destination's secret; absent where the server asks for none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// PEM of the one authority to trust; those of the system when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ca_pem: Option<String>,
    },
}

/// How syslog is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SyslogTransport {
    /// Octets counted.
    Tcp,
    /// The same, encrypted.
    Tls,
    /// May be lost.
    Udp,
}

/// How mail is protected on its way to its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum MailSecurity {
    /// Encrypted after a word in clear; refused where the server cannot.
    Starttls,
    /// Encrypted from the beginning.
    Tls,
    /// Not at all.
    Plain,
}

/// What is needed to send alarms somewhere.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewDestination {
    /// Of a-z, 0-9 and -, such as `night-shift`.
    pub name: String,
    /// How it is reached.
    pub via: Via,
    /// Nothing less bad is sent.
    #[serde(default = "minor")]
    pub least: Severity,
    /// Slugs of the channels whose alarms are sent; of all when absent.
    #[serde(default)]
    pub channels: Option<Vec<String>>,
    /// Alarms of the box as a whole are sent too.
    #[serde(default = "yes")]
    pub of_box: bool,
    /// A mail account's password, or what a webhook is signed with. Absent: as before; a webhook gets a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

fn minor() -> Severity {
    Severity::Minor
}

impl std::fmt::Debug for NewDestination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewDestination({}, hidden)", self.name)
    }
}

/// Where alarms are sent on to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Destination {
    /// As asked for, as are those below.
    pub name: String,
    /// How it is reached.
    pub via: Via,
    /// Nothing less bad is sent.
    pub least: Severity,
    /// Of these channels alone; of all when absent.
    #[serde(default)]
    pub channels: Option<Vec<String>>,
    /// Alarms of the box as a whole are sent too.
    pub of_box: bool,
    /// It has a secret, which is never shown.
    pub has_secret: bool,
    /// How it does.
    #[serde(default)]
    pub status: DestinationStatus,
}

/// How a destination does, since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DestinationStatus {
    /// Notices that wait for it.
    pub waiting: u32,
    /// Notices that it will never get: too many waited, or it refused one too often.
    pub lost: u64,
    /// The last attempt has failed.
    pub failing: bool,
    /// What the other side said last, or why it did not.
    #[serde(default)]
    pub last: Option<String>,
    /// House time of that, milliseconds since the epoch.
    #[serde(default)]
    pub last_at_ms: Option<i64>,
}

/// A destination as it was saved.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SavedDestination {
    /// As it is shown from now on.
    #[serde(flatten)]
    pub destination: Destination,
    /// The secret that the box has made for it: this once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl std::fmt::Debug for SavedDestination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SavedDestination({}, hidden)", self.destination.name)
    }
}

/// What an operator sets of the box as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BoxSettings {
    /// For people, such as in mails; the host's name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// All that an operator sets, as one document. Without secrets, but for stream keys where they were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Of this form: 1.
    pub version: u32,
    /// Of the box as a whole.
    #[serde(default)]
    pub settings: BoxSettings,
    /// By short name.
    #[serde(default)]
    pub channels: Vec<ChannelConfiguration>,
    /// By name.
    #[serde(default)]
    pub destinations: Vec<DestinationConfiguration>,
    /// By name; their passwords are not told.
    #[serde(default)]
    pub users: Vec<User>,
}

/// A channel as it is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChannelConfiguration {
    /// Its name in URLs: which channel is meant.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Switched on.
    pub running: bool,
    /// Where its media comes from.
    pub source: Source,
    /// How finely its media is cut.
    pub latency: Latency,
    /// Seconds of the past to which viewers may seek; 0 for none.
    pub dvr_secs: u32,
    /// Whether viewers of the best rung get the source's own pictures, where those are fit for it.
    #[serde(default)]
    pub pass_through: bool,
    /// What is to encode it: `auto`, `software`, or a device's name.
    #[serde(default = "auto")]
    pub encoder: String,
    /// Of the audio rendition, bits per second.
    pub audio_bitrate_bps: u32,
    /// Tells the slate's picture from others. The picture itself is not part of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slate_picture: Option<String>,
    /// What it is drawn on.
    pub canvas: CanvasConfiguration,
    /// What it shows without a source.
    pub slate: Slate,
    /// When another source takes over.
    pub failover: Failover,
    /// Who may watch.
    #[serde(default)]
    pub playback: PlaybackConfiguration,
    /// Video rungs, best first.
    pub ladder: Vec<Rung>,
    /// Back-up sources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backups: Vec<BackupConfiguration>,
    /// Stream keys, which are secrets. Absent: those that are there stay, new sources get new ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyConfiguration>,
}

/// Size and rate of a channel's pictures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CanvasConfiguration {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Frames a second, such as `30` or `30000/1001`.
    pub frame_rate: String,
}

/// Who may watch a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PlaybackConfiguration {
    /// Those who have a token alone.
    pub protected: bool,
    /// Sites whose players may load it; none means all.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    /// What the watch page plays, the first choice first; empty: all, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
}

/// A back-up source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BackupConfiguration {
    /// From 1.
    pub number: u8,
    /// How it arrives.
    pub source: Source,
}

/// The stream key of one source.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyConfiguration {
    /// Of the source; 0 for the main one.
    pub number: u8,
    /// 128 bits in hexadecimal.
    pub stream_key: String,
}

impl std::fmt::Debug for KeyConfiguration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyConfiguration({}, hidden)", self.number)
    }
}

/// Where alarms are sent on to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DestinationConfiguration {
    /// As commands say it.
    pub name: String,
    /// Nothing less bad is sent.
    pub least: Severity,
    /// Alarms of the box as a whole are sent too.
    pub of_box: bool,
    /// It had a secret, which is not part of the document.
    #[serde(default)]
    pub has_secret: bool,
    /// Of these channels alone; of all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<String>>,
    /// How it is reached.
    pub via: Via,
}

/// What a configuration would change, or has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ConfigurationDiff {
    /// Of the configuration that it was compared with, for `If-Match`.
    pub tag: String,
    /// One for each thing that is added, changed or removed; none where nothing is.
    pub changes: Vec<Change>,
}

/// One thing that is added, changed or removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Change {
    /// What becomes of it.
    pub kind: ChangeKind,
    /// Such as ``channel `hall` ``.
    pub subject: String,
    /// In words, one for each value; secrets are not told.
    pub words: Vec<String>,
    /// What the operator should know before: viewers who are cut off, secrets that are missing.
    pub notes: Vec<String>,
}

/// What becomes of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is another.
    Changed,
    /// It goes.
    Removed,
    /// The document cannot do it; see the notes.
    LeftAlone,
}

/// What a new channel may be made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Template {
    /// As commands say it.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it is good for.
    pub what: String,
    /// Frames a second.
    pub frame_rate: String,
    /// How finely its media is cut.
    pub latency: Latency,
    /// Video rungs, best first.
    pub ladder: Vec<Rung>,
    /// What a channel made of it costs.
    pub effect: Effect,
}

/// What a channel costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Effect {
    /// Estimated thousandths of a core, for decoding a source as large as the best rung, scaling, sound and encoding.
    pub cpu_millicores: u32,
    /// All renditions together, bits per second.
    pub encoded_bps: u32,
    /// What one viewer takes at most, bits per second.
    pub viewer_bps_max: u32,
    /// How far behind live LL-DASH players aim to be, milliseconds.
    pub latency_ms: u32,
}

/// How a test went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TestResult {
    /// It has arrived, as far as can be known.
    pub delivered: bool,
    /// What the other side said, or what went wrong.
    pub said: String,
}

/// What of a channel changes without its being started anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChannelEdit {
    /// For people, 1 to 100 visible characters. The name in addresses stays.
    pub name: String,
}

/// Another encoder for a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewEncoder {
    /// `auto`, `software`, or a device's name.
    pub encoder: String,
}

/// One channel: what was asked for and what it is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Channel {
    /// Its name in URLs; made from the name, never changes.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Where its media comes from.
    pub source: Source,
    /// Video rungs, best first.
    pub ladder: Vec<Rung>,
    /// How finely its media is cut.
    #[serde(default)]
    pub latency: Latency,
    /// Seconds of the past to which viewers may seek; 0: not beyond the live window.
    #[serde(default)]
    pub dvr_secs: u32,
    /// Whether viewers of the best rung get the source's own pictures, where those are fit for it.
    #[serde(default)]
    pub pass_through: bool,
    /// What is to encode it: `auto`, `software`, or a device's name.
    #[serde(default)]
    pub encoder: String,
    /// What does encode it; absent while nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// How much of that there is just now; absent without DVR, and before the channel is on air.
    #[serde(default)]
    pub dvr: Option<DvrStatus>,
    /// What it shows without a source.
    #[serde(default)]
    pub slate: Slate,
    /// Where the picture is that it shows instead of the slate's text, below the box's address; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slate_picture: Option<String>,
    /// Its sources, the main one first, then back-ups in the order in which they are tried; empty for a test pattern.
    #[serde(default)]
    pub sources: Vec<SourceStatus>,
    /// When another source takes over.
    #[serde(default)]
    pub failover: Failover,
    /// What it is doing.
    pub state: ChannelState,
    /// Its four stages, source first.
    pub stages: Vec<Stage>,
    /// Why it is in that state, when that needs a word; empty otherwise.
    pub detail: String,
    /// Where publishers send to, with the key left as `STREAM_KEY`; empty for a test pattern.
    pub publish_urls: Vec<String>,
    /// Page with the player.
    pub watch_url: String,
    /// Where a small picture is of what viewers see, renewed each second or so; absent while the channel is not on air.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Restarts of any stage since the channel was started.
    pub restarts: u32,
    /// Seconds since it was started; absent while stopped.
    pub uptime_secs: Option<u64>,
}

/// What encodes a channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Encoding {
    /// A GPU's name; absent for software.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Why that one.
    pub why: String,
}

/// The GPUs of the box.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DeviceList {
    /// By node.
    pub devices: Vec<Device>,
    /// How many more channels with the default ladder they have room for, as far as that can be told.
    pub more_default_channels: u32,
    /// What was looked for, and what of it there is, each in a sentence.
    #[serde(default)]
    pub looked_for: Vec<String>,
}

/// A GPU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Device {
    /// Stays the same from one start to the next.
    pub name: String,
    /// Its render node, or its place on the bus.
    pub node: String,
    /// As its driver calls itself; empty where none answers.
    pub driver: String,
    /// How it is.
    pub health: DeviceHealth,
    /// What is the matter with it; empty if nothing is.
    pub detail: String,
    /// What it can do, each in a few words.
    pub abilities: Vec<String>,
    /// Slugs of those that it encodes.
    pub channels: Vec<String>,
    /// Encoders that are open on it.
    pub sessions: u64,
    /// How much is taken of what it is thought to be able to do.
    pub taken_percent: u64,
    /// What it tells of itself.
    #[serde(default)]
    pub figures: GpuFigures,
}

/// How a GPU is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DeviceHealth {
    /// It may be used.
    Good,
    /// It failed, and is not used until the operator trusts it again.
    Distrusted,
    /// It cannot encode channels.
    Unusable,
}

/// What a channel shows while it has no source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Slate {
    /// Below the channel's name; empty for nothing.
    pub text: String,
    /// It comes so many milliseconds after the source's last picture; until then that one stands still.
    pub after_ms: u32,
    /// It goes after so many milliseconds of steady pictures.
    pub back_after_ms: u32,
    /// A tone sounds while the source brings no sound, rather than silence.
    pub tone: bool,
}

/// One of a channel's sources.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SourceStatus {
    /// 0 for the main one.
    pub number: u8,
    /// How it arrives.
    pub source: Source,
    /// Viewers see this one.
    pub on_air: bool,
    /// How it is.
    pub light: Light,
    /// In plain words.
    pub detail: String,
}

/// When another source takes over. Each time in milliseconds; absent: no matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Failover {
    /// No picture has come for so long.
    pub loss_ms: u32,
    /// Time stamps have jumped, or run backwards, again and again for so long.
    #[serde(default)]
    pub disorder_ms: Option<u32>,
    /// The picture has been black for so long.
    #[serde(default)]
    pub black_ms: Option<u32>,
    /// The picture has stood still for so long.
    #[serde(default)]
    pub frozen_ms: Option<u32>,
    /// Nothing has been heard for so long.
    #[serde(default)]
    pub silence_ms: Option<u32>,
    /// An earlier source has been without fault for so long: it takes over again. Absent: only by hand.
    #[serde(default)]
    pub return_after_ms: Option<u32>,
}

/// What is needed to give a channel a back-up source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewBackup {
    /// How it arrives.
    pub source: Source,
}

/// A back-up source, with its secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Backup {
    /// Its number, from 1.
    pub number: u8,
    /// 128 random bits in hexadecimal.
    pub stream_key: String,
    /// Complete addresses to publish to.
    pub publish_urls: Vec<String>,
}

impl std::fmt::Debug for Backup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Backup({}, hidden)", self.number)
    }
}

/// A fault that may be tried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DrillFault {
    /// The encode worker is killed.
    KillWorker,
    /// The encode worker hangs.
    HangWorker,
    /// What the source on air sends is lost on its way.
    CutSource,
    /// The source on air is taken for one of another size, rate and coding.
    ChangeSourceFormat,
    /// The disk is taken for full by all that is recorded.
    FullDisk,
    /// The box's clock is taken to have been set.
    ClockStep,
    /// Many viewers come at once; by whoever asks for the drill.
    Flood,
    /// A panic in the stage that serves.
    PanicServe,
    /// A panic in the stage that packages.
    PanicPackage,
    /// A panic in the stage that owns the worker.
    PanicEncode,
    /// A panic in the stage that owns the sources.
    PanicIngest,
}

/// What is needed for a fault drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewDrill {
    /// Which fault.
    pub fault: DrillFault,
    /// How long, where the fault has a length; a length that shows it when absent.
    #[serde(default)]
    pub secs: Option<u32>,
}

/// A fault drill that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Drill {
    /// The channel's slug.
    pub channel: String,
    /// Which fault.
    pub fault: DrillFault,
    /// House time at which it began, milliseconds since the epoch.
    pub begins_ms: i64,
    /// House time at which it ends.
    pub ends_ms: i64,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Event {
    /// House time, milliseconds since the epoch.
    pub at_ms: i64,
    /// The channel's slug; absent for the box as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Its kind, such as `source-switched`.
    pub kind: String,
    /// In plain words, with its cause.
    pub what: String,
}

/// A call that changed something, or was to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// Rises by one.
    pub id: i64,
    /// House time, milliseconds since the epoch.
    pub at_ms: i64,
    /// A user's name; in brackets who needed none, such as `(console)`.
    pub who: String,
    /// Where from; empty on the box itself.
    pub address: String,
    /// Method and path below `/api/v1`.
    pub call: String,
    /// HTTP status of the answer.
    pub status: u16,
    /// What of its subject the call changed, as it was before: JSON, without secrets. Absent where there was nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The same after the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// SHA-256, in hexadecimal, over the entry before and this one.
    pub hash: String,
}

/// How much past a channel has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DvrStatus {
    /// Seconds to which viewers may seek back now: the past of a channel that has just started is short.
    pub listed_secs: u64,
    /// The disk has no room for more: older media is given up sooner than asked for.
    pub short_of_disk: bool,
}

/// Where media comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Made on the box: a clock, a counter, a beep.
    TestPattern,
    /// RTMP push.
    Rtmp,
    /// SRT push.
    Srt,
}

/// How finely media is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Latency {
    /// Parts of half a second: steady on every network.
    #[default]
    Standard,
    /// Parts of a fifth of a second: for networks of the premises; more requests.
    Low,
}

/// One video rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Rung {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Bits per second.
    pub bitrate_bps: u32,
}

/// What a channel is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ChannelState {
    /// Switched off by the operator.
    Stopped,
    /// Switched on, nothing to watch yet.
    Starting,
    /// On air, with the slate, since no source has come or it has gone.
    Waiting,
    /// On air with its source.
    Live,
    /// Failed too often; tried again at growing intervals.
    Parked,
}

/// One stage of a channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Stage {
    /// `source`, `encode`, `package` or `serve`.
    pub name: String,
    /// How it is.
    pub light: Light,
    /// In plain words, such as `1920x1080 H.264, 30 fps` or `encoder restarted 2 s ago`.
    pub detail: String,
}

/// How a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Light {
    /// Not running.
    Off,
    /// Running as it should.
    Good,
    /// Running, but something is missing or late.
    Degraded,
    /// Not working.
    Bad,
}

/// What is needed to make a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewChannel {
    /// For people; the slug is made from it.
    pub name: String,
    /// Where its media comes from.
    pub source: Source,
    /// Video rungs, best first; the default ladder when absent.
    #[serde(default)]
    pub ladder: Option<Vec<Rung>>,
    /// How finely its media is cut.
    #[serde(default)]
    pub latency: Latency,
    /// Seconds of the past to which viewers may seek; 0: not beyond the live window.
    #[serde(default)]
    pub dvr_secs: u32,
    /// Whether viewers of the best rung get the source's own pictures, where those are fit for it.
    #[serde(default)]
    pub pass_through: bool,
    /// What is to encode it: `auto`, `software`, or a device's name; `auto` when absent.
    #[serde(default)]
    pub encoder: Option<String>,
    /// Whether it starts at once.
    #[serde(default = "yes")]
    pub start: bool,
    /// The template of which it takes ladder, frame rate and latency, by its id; a ladder that is given goes before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

fn auto() -> String {
    "auto".into()
}

fn yes() -> bool {
    true
}

/// A channel's secret. Shown only when asked for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StreamKey {
    /// 128 random bits in hexadecimal.
    pub stream_key: String,
    /// Complete addresses to publish to.
    pub publish_urls: Vec<String>,
}

impl std::fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StreamKey(hidden)")
    }
}

/// Who may watch a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Playback {
    /// Playlists, segments and parts are sent only to those who show a token.
    pub protected: bool,
    /// Makes all tokens so far void. Never true in an answer.
    #[serde(default)]
    pub renew_secret: bool,
    /// Sites whose players may load the channel in a browser, such as `https://www.example.org`; none means all.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    /// What the watch page plays, the first choice first: what a device cannot play is left out, and the page falls to
    /// the next one when one fails. Empty: all, best first.
    #[serde(default)]
    pub tiers: Vec<Tier>,
}

/// How media is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// LL-DASH: segments, chunk by chunk.
    LlDash,
    /// LL-HLS: parts.
    LlHls,
    /// HLS with MPEG-TS segments.
    Ts,
}

impl Tier {
    /// All of them, best first.
    pub const ALL: [Self; 3] = [Self::LlDash, Self::LlHls, Self::Ts];

    /// As addresses and scripts say it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::LlDash => "lldash",
            Self::LlHls => "llhls",
            Self::Ts => "ts",
        }
    }
}

/// What is needed to make a playback token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// From now; twelve hours when absent.
    #[serde(default)]
    pub expires_in_secs: Option<u32>,
    /// The one address for which it is good; any when absent.
    #[serde(default)]
    pub address: Option<String>,
}

/// A playback token. Whoever has it may watch.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Token {
    /// The token itself.
    pub token: String,
    /// UTC, RFC 3339.
    pub expires_at: String,
    /// The watch page with the token.
    pub watch_url: String,
    /// LL-HLS, LL-DASH and HLS-TS with the token.
    pub playback_urls: Vec<String>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// The box as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BoxStatus {
    /// Of the program.
    pub version: String,
    /// Seconds since the daemon started.
    pub uptime_secs: u64,
    /// House time, milliseconds since the epoch.
    pub house_time_ms: i64,
    /// Listening ports.
    pub ports: Ports,
}

/// Listening ports, as written to `ports.json`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Ports {
    /// Viewers and admin.
    pub http: u16,
    /// The same with TLS; 0 while there is none.
    #[serde(default)]
    pub https: u16,
    /// RTMP push.
    pub rtmp: u16,
    /// SRT push.
    pub srt: u16,
    /// Admin pages and API, when they have a port of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin: Option<u16>,
}

/// What the conformance judge has found of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Judgement {
    /// Rounds since the channel went on air.
    pub rounds: u64,
    /// When the last one ended, ISO 8601, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_at: Option<String>,
    /// Every clause, in the order of the documents.
    pub clauses: Vec<Clause>,
}

/// How a channel stands by one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Clause {
    /// Stable: the specification, its section, the rule.
    pub id: String,
    /// In plain words.
    pub title: String,
    /// Where it is written.
    pub source: String,
    /// In the last round in which there was anything to see it by.
    pub verdict: Verdict,
    /// Rounds that it passed.
    pub passes: u64,
    /// Rounds that it failed.
    pub fails: u64,
    /// The last time it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_fault: Option<ClauseFault>,
}

/// How a channel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It obeys.
    Pass,
    /// It does not.
    Fail,
    /// There was nothing to see it by.
    NotSeen,
}

/// What was wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ClauseFault {
    /// When, ISO 8601, UTC.
    pub at: String,
    /// In plain words.
    pub what: String,
    /// The offending bytes, with their place.
    pub evidence: String,
}

/// The certificate that HTTPS serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TlsStatus {
    /// By the operator; otherwise the box made it.
    pub uploaded: bool,
    /// Whom it names.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// Host names and addresses that it is for.
    pub names: Vec<String>,
    /// ISO 8601, UTC.
    pub not_before: String,
    /// ISO 8601, UTC.
    pub not_after: String,
    /// SHA-256 of the certificate, in hexadecimal.
    pub fingerprint_sha256: String,
    /// SHA-256 of the box's own authority, in hexadecimal: what devices show when they are told to trust it.
    pub authority_sha256: String,
    /// What the operator should know, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// A certificate to be served.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewCertificate {
    /// PEM: the server's own first, then each signer behind what it signed.
    pub chain_pem: String,
    /// PEM: its private key, not encrypted.
    pub key_pem: String,
}

/// Never shows the key.
impl std::fmt::Debug for NewCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewCertificate").field("chain_pem", &self.chain_pem).finish_non_exhaustive()
    }
}

/// An error as RFC 9457 has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Problem {
    /// In a few words, the same for each error of its kind.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What is wrong in this case, and what to do.
    pub detail: String,
    /// The member of the body at fault, as a JSON pointer, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

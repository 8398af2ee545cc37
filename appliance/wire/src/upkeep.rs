//! What keeps a box over its life: backup and restore, updates, starting over.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What is needed to make a backup.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewBackupFile {
    /// What the file is encrypted with, 12 to 200 characters. It is kept nowhere.
    pub passphrase: String,
    /// One's own password once more; not on the box's socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// A file that has been uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UploadedFile {
    /// How long it is.
    pub bytes: u64,
    /// SHA-256 in hexadecimal, to compare with what its maker says.
    pub sha256: String,
}

/// What is in a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BackupContents {
    /// Always `forebay`.
    pub product: String,
    /// Of the file itself.
    pub format: u32,
    /// Of the Forebay that made it.
    pub version: String,
    /// Of the settings in it: how many migrations they have seen.
    pub schema: u32,
    /// When it was made, milliseconds since the epoch.
    pub made_at_ms: i64,
    /// The box's name, if it has one.
    pub box_name: Option<String>,
    /// Names of the channels, by their names in addresses.
    pub channels: Vec<String>,
    /// Who may sign in.
    pub users: Vec<String>,
    /// Pictures of slates.
    pub slate_pictures: u32,
    /// Places that alarms are sent to.
    pub destinations: u32,
    /// Events of the history.
    pub events: u32,
    /// Entries of the audit log.
    pub audit_entries: u32,
    /// SHA-256 of the box's own authority, in hexadecimal.
    pub authority_sha256: Option<String>,
    /// There is a certificate of the operator's own in it.
    pub own_certificate: bool,
}

/// Has the uploaded backup be opened.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OpenBackup {
    /// What it was encrypted with.
    pub passphrase: String,
}

/// Has the uploaded backup take the place of all that is on the box.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// What it was encrypted with.
    pub passphrase: String,
    /// One's own password once more; not on the box's socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// One's own password once more, for what cannot be undone.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// Not on the box's socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// The daemon starts anew by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Restarting {
    /// What is so afterwards.
    pub then: String,
}

/// Has the box forget everything.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FactoryReset {
    /// One's own password once more; not on the box's socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Recordings too.
    #[serde(default)]
    pub recordings: bool,
    /// What the machine was told besides: network, time servers, journal, and recordings. Only where it was installed from the image.
    #[serde(default)]
    pub whole_machine: bool,
}

/// What the box is to do next with an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum UpdateStep {
    /// Look at what was uploaded.
    Check,
    /// Write it beside the system that runs.
    Apply,
    /// Start it.
    Restart,
    /// Throw it away.
    Cancel,
    /// Forget everything, the machine's own settings too.
    FactoryReset,
}

/// An upload on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UploadProgress {
    /// So much is on the disk,
    pub bytes: u64,
    /// of so much.
    pub of: u64,
}

/// How the last start into an update ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UpdateOutcome {
    /// `updated`, or `went-back` where the new system did not serve.
    pub outcome: String,
    /// The version before.
    pub from: Option<String>,
    /// The version that was tried.
    pub to: Option<String>,
    /// Why it went back.
    pub reason: Option<String>,
    /// When, by the box's clock.
    pub at_unix_s: i64,
}

/// How an update stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct UpdateStatus {
    /// This machine was installed from the image. Where it was not, nothing else here counts.
    pub possible: bool,
    /// `idle`, `checking`, `accepted`, `writing`, `written`, `restarting`, `refused` or `failed`.
    pub state: String,
    /// The version that runs.
    pub running: String,
    /// The slot it is in, `A` or `B`.
    pub slot: String,
    /// It has proved itself since it was installed.
    pub kept: bool,
    /// Bytes that an update may have.
    pub slot_bytes: u64,
    /// The version that was uploaded.
    pub offered: Option<String>,
    /// While it is written.
    pub progress_percent: Option<u8>,
    /// Why it was refused or failed, for scripts.
    pub code: Option<String>,
    /// The same in words.
    pub reason: Option<String>,
    /// Since when it is so, by the box's clock.
    pub at_unix_s: i64,
    /// How the last one ended.
    pub last: Option<UpdateOutcome>,
    /// The box is about to do what it was asked.
    pub waiting: bool,
    /// An upload on its way.
    pub uploading: Option<UploadProgress>,
}

macro_rules! hidden {
    ($($secret:ident),*) => {$(
        impl fmt::Debug for $secret {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($secret), "(hidden)"))
            }
        }
    )*};
}

hidden!(NewBackupFile, OpenBackup, Restore, Confirmation, FactoryReset);

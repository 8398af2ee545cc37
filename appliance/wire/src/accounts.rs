//! Who may manage the box, and by what.

use crate::Role;
use serde::{Deserialize, Serialize};

/// Somebody who may sign in, as administrators see them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Account {
    /// As they sign in.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Slugs of the channels that exist for them; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<String>>,
    /// Signing in takes a code of their authenticator app besides the password.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub totp: bool,
}

/// How the second step of signing in (RFC 6238) stands for somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TotpState {
    /// Signing in takes a code.
    pub enabled: bool,
    /// House time since when, milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// Recovery codes that have not been used.
    pub recovery_codes_left: u32,
}

/// What an authenticator app is told. It is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NewTotp {
    /// In base 32, to be typed.
    pub secret: String,
    /// The same as an `otpauth` address, to be shown as a QR code.
    pub uri: String,
}

/// A code of an authenticator app.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TotpCode {
    /// Six digits.
    pub code: String,
}

/// What takes a code's place when the app is gone, each once. They are shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    /// All of them.
    pub recovery_codes: Vec<String>,
}

impl std::fmt::Debug for NewTotp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewTotp(hidden)")
    }
}

impl std::fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryCodes(hidden)")
    }
}

/// What can be put back once it has been removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RemovedKind {
    /// A channel, with its keys, rules and grants.
    Channel,
    /// A back-up source of a channel.
    Source,
    /// Somebody who may sign in, with their grants and tokens.
    User,
    /// A token for scripts.
    Token,
    /// Where alarms are sent on to.
    Destination,
}

/// Something that has been removed, and can be put back for a while.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Removed {
    /// By what it is put back.
    pub id: i64,
    /// What it was.
    pub kind: RemovedKind,
    /// What it was called.
    pub name: String,
    /// Slug of the channel that it was, or was a source of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Whose token it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Who has removed it; absent: the box's own user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_by: Option<String>,
    /// House time, milliseconds since the epoch.
    pub removed_at_ms: i64,
    /// It can be put back until then.
    pub until_ms: i64,
}

/// Which channels exist for somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Grants {
    /// Their slugs; `null`: all.
    pub channels: Option<Vec<String>>,
}

/// The most that a token may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// What a viewer may.
    Read,
    /// What an operator may.
    Operate,
    /// What an administrator may.
    Administer,
}

/// What is needed to make a token for a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewApiToken {
    /// What it is for.
    pub name: String,
    /// The most that it may.
    pub scope: Scope,
    /// Slugs of the channels that exist for it; absent: those that exist for its owner.
    #[serde(default)]
    pub channels: Option<Vec<String>>,
    /// How long it is good, in seconds; 90 days when absent.
    #[serde(default)]
    pub expires_in_secs: Option<u32>,
    /// On whose behalf. On the box's socket alone, where nobody has signed in.
    #[serde(default)]
    pub owner: Option<String>,
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ApiToken {
    /// Identity.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// On whose behalf it calls.
    pub owner: String,
    /// The most that it may, if its owner may as much.
    pub scope: Scope,
    /// Slugs of the channels that exist for it, of those that exist for its owner; absent: all of those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<String>>,
    /// House time, milliseconds since the epoch.
    pub created_at_ms: i64,
    /// Good until then.
    pub expires_at_ms: i64,
    /// The newest call, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at_ms: Option<i64>,
}

/// A token that has just been made. Its secret is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MadeApiToken {
    /// To be sent as `Authorization: Bearer SECRET`.
    pub secret: String,
    /// What is kept.
    pub token: ApiToken,
}

impl std::fmt::Debug for MadeApiToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeApiToken").field("token", &self.token).finish_non_exhaustive()
    }
}

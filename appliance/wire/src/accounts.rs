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

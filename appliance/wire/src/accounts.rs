//! Who may manage the box, and by what.

use crate::Role;
use serde::{Deserialize, Serialize};

/// Somebody who may sign in, as administrators see them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
#[serde(deny_unknown_fields)]
pub struct Grants {
    /// Their slugs; `null`: all.
    pub channels: Option<Vec<String>>,
}

//! I6: whose bytes are whose. Channels that are watched together must show different content.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Which channel a segment was first seen on, by the hash of its bytes; shared by all channels of a watcher.
#[derive(Clone, Debug, Default)]
pub(super) struct Owners(Arc<Mutex<BTreeMap<u64, String>>>);

impl Owners {
    /// Notes that `channel` served these bytes. Returns the other channel that served them before.
    pub(super) fn claim(&self, hash: u64, channel: &str) -> Option<String> {
        let mut owners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = owners.entry(hash).or_insert_with(|| channel.to_owned());
        (owner != channel).then(|| owner.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_belong_to_the_channel_that_served_them_first() {
        let owners = Owners::default();
        assert_eq!(owners.claim(1, "a"), None);
        assert_eq!(owners.clone().claim(1, "a"), None);
        assert_eq!(owners.claim(2, "b"), None);
        assert_eq!(owners.claim(1, "b").as_deref(), Some("a"));
    }
}

//! The secret that a publisher shows.

use std::fmt;

/// A stream key as a publisher sent it. It has no `Display`, and its `Debug` tells nothing, so that it cannot get
/// into a log by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamKey(String);

impl StreamKey {
    pub(crate) const fn new(key: String) -> Self {
        Self(key)
    }

    /// The key itself, for comparing it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_it() {
        assert_eq!(format!("{:?}", StreamKey::new("4711".into())), "StreamKey(hidden)");
    }
}

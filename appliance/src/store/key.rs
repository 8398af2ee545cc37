//! Stream keys: 128 random bits in hexadecimal, never in a log.

use super::error::StoreError;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// A publisher's secret. Its `Debug` hides it, and it has no `Display`: whoever shows it must say so.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamKey(String);

impl StreamKey {
    /// A new one, from the system's randomness.
    pub(super) fn random() -> Result<Self, StoreError> {
        let mut bits = [0_u8; 16];
        getrandom::fill(&mut bits)?;
        Ok(Self(format!("{:032x}", u128::from_be_bytes(bits))))
    }

    pub(super) fn stored(text: String) -> Self {
        Self(text)
    }

    /// In clear, to be shown to the operator who asked for it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What it is looked up by.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash::of(&self.0)
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKey(hidden)")
    }
}

/// SHA-256 of what a publisher presented. Equality takes the same time wherever two hashes differ.
#[derive(Clone, Copy)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// Of any text that may be a key.
    #[must_use]
    pub fn of(presented: &str) -> Self {
        Self(Sha256::digest(presented.as_bytes()).into())
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(super) fn matches(&self, stored: &[u8]) -> bool {
        self.0.as_slice().ct_eq(stored).into()
    }
}

impl PartialEq for KeyHash {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Eq for KeyHash {}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_random_hexadecimal_and_hidden() {
        let (one, other) = (StreamKey::random().unwrap(), StreamKey::random().unwrap());
        assert_ne!(one, other);
        assert!(one.expose().len() == 32 && one.expose().bytes().all(|b| b.is_ascii_hexdigit()));
        assert!(!format!("{one:?} {:?}", one.hash()).contains(&one.expose()[..4]));
        assert_eq!(one.hash(), KeyHash::of(one.expose()));
        assert_ne!(one.hash(), other.hash());
    }
}

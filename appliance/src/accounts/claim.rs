//! The one-time code that makes the first administrator: pure.

use crate::limits::{CLAIM_ATTEMPTS_MAX, CLAIM_CODE_LIFE};
use media::time::Ticks;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Without those that look like others.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// A code, as a hash. Its `Debug` shows nothing of it.
pub(super) struct Code {
    hash: [u8; 32],
    expires: Ticks,
    attempts_left: u32,
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(hidden)")
    }
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    /// It may be tried again.
    Wrong,
    /// Too late, or too often.
    Void,
}

impl Code {
    /// From random bits, 40 of which count; and its text, such as `K7QD-2MXP`.
    pub(super) fn new(bits: [u8; 8], now: Ticks) -> (Self, String) {
        let mut text: String = bits.iter().map(|bits| char::from(LETTERS[usize::from(bits % 32)])).collect();
        let code =
            Self { hash: hash(&text), expires: now + CLAIM_CODE_LIFE, attempts_left: CLAIM_ATTEMPTS_MAX };
        text.insert(4, '-');
        (code, text)
    }

    pub(super) fn present(&mut self, presented: &str, now: Ticks) -> Verdict {
        if now >= self.expires || self.attempts_left == 0 {
            return Verdict::Void;
        }
        self.attempts_left -= 1;
        let plain: String = presented.chars().filter(char::is_ascii_alphanumeric).collect();
        if hash(&plain.to_ascii_uppercase()).ct_eq(&self.hash).into() {
            Verdict::Right
        } else {
            Verdict::Wrong
        }
    }
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_good_for_its_time_however_it_is_typed() {
        let start = Ticks::from_secs(1000);
        let (mut code, text) = Code::new([0, 1, 2, 3, 4, 5, 6, 255], start);
        assert_eq!(text, "2345-678Z");
        assert_eq!(code.present("2345-6789", start), Verdict::Wrong);
        assert_eq!(code.present(" 2345 678z ", start + CLAIM_CODE_LIFE - Ticks(1)), Verdict::Right);
        assert_eq!(code.present("2345-678Z", start + CLAIM_CODE_LIFE), Verdict::Void);
        assert!(!format!("{code:?}").contains("2345"));
    }
}

//! Which passwords are taken (OWASP ASVS 6.2), and how they are kept: Argon2id with 19 MiB and two passes.

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use std::sync::LazyLock;

/// Characters.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=256;

/// Long enough, and yet what everybody tries first. Without spaces, in lower case.
const COMMON: [&str; 24] = [
    "password",
    "123456789",
    "1234567890",
    "qwertyuiop",
    "qwerty",
    "letmein",
    "administrator",
    "admin",
    "welcome",
    "iloveyou",
    "changeme",
    "forebay",
    "abcdefghijkl",
    "asdfghjkl",
    "1q2w3e4r5t6y",
    "zaq12wsx",
    "trustno1",
    "superman",
    "football",
    "baseball",
    "dragon",
    "sunshine",
    "princess",
    "correcthorsebatterystaple",
];

/// Why a password is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too short, or far too long.
    #[error("a password has {} to {} characters; several words are easy to remember", LENGTH.start(), LENGTH.end())]
    Length,
    /// Among the first that anybody tries.
    #[error(
        "that password is among the first that anybody tries; take several words that do not belong together"
    )]
    Common,
    /// The system has no randomness, or no memory.
    #[error("the password cannot be kept: {0}")]
    Hash(String),
}

/// Whether it is taken for this user: no rules of composition, for they make passwords worse.
///
/// # Errors
/// [`PasswordError`].
pub fn check(password: &str, name: &str) -> Result<(), PasswordError> {
    if !LENGTH.contains(&password.chars().count()) {
        return Err(PasswordError::Length);
    }
    let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    let (password, name) = (plain(password), plain(name));
    // One of them, once or again and again, with a number behind it at most.
    let is_of = |word: &str| {
        let rest = password.replace(word, "");
        password.contains(word) && rest.chars().count() <= 4 && !rest.chars().any(char::is_alphabetic)
    };
    let first = password.chars().next();
    let is_one_letter = password.chars().all(|c| Some(c) == first);
    let of_name = name.chars().count() >= 3 && is_of(&name);
    if is_one_letter || of_name || COMMON.into_iter().any(is_of) {
        Err(PasswordError::Common)
    } else {
        Ok(())
    }
}

/// As it is kept: a PHC string with a salt of its own.
///
/// # Errors
/// [`PasswordError::Hash`].
pub fn hashed(password: &str) -> Result<String, PasswordError> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| PasswordError::Hash(error.to_string()))
}

/// Whether it is the one that was kept.
#[must_use]
pub fn matches(password: &str, kept: &str) -> bool {
    Argon2::default().verify_password(password.as_bytes(), kept).is_ok()
}

/// What the password of somebody who is not there is compared with.
pub fn nobodys() -> &'static str {
    static NOBODYS: LazyLock<String> =
        LazyLock::new(|| hashed("nobody has this password").unwrap_or_default());
    &NOBODYS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_ones_are_taken_and_common_ones_are_not() {
        for good in ["tall green kettle", "x9!Qm2#kLp0z", "päßwörter sind länger", &"long ".repeat(40)] {
            assert_eq!(check(good, "ada"), Ok(()), "{good}");
        }
        for common in [
            "passwordpassword",
            "Password 1234",
            "111111111111",
            "adaadaadaada",
            "administrator1",
            "qwertyuiop12",
        ] {
            assert_eq!(check(common, "ada"), Err(PasswordError::Common), "{common}");
        }
        for length in ["", "elevenchars", &"x".repeat(300)] {
            assert_eq!(check(length, "ada"), Err(PasswordError::Length), "{length}");
        }
    }

    #[test]
    fn what_is_kept_is_argon2id_with_the_least_that_owasp_asks_for() {
        let kept = hashed("tall green kettle").unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_ne!(hashed("tall green kettle").unwrap(), kept, "each has a salt of its own");
        assert!(matches("tall green kettle", &kept) && !matches("tall green kettles", &kept));
        assert!(!matches("x", "not a hash") && !matches("nobody", nobodys()));
    }
}

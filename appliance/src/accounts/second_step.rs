//! The second step of signing in: codes of an authenticator app (RFC 6238), and recovery codes. Pure but for randomness.

use crate::limits::RECOVERY_CODES;
use crate::store::StoreError;
use data_encoding::{BASE32_NOPAD, Specification};
use media::time::Ticks;
use sha2::{Digest, Sha256};
use totp_rs::{Builder, TotpError};

/// Seconds of an interval (RFC 6238, 5.2: "We RECOMMEND a default time-step size of 30 seconds").
const STEP_SECS: u64 = 30;

/// As apps expect it: SHA-1, six digits, one interval of delay either way.
fn generator(secret: [u8; 20]) -> Builder {
    Builder::new().with_secret(secret).with_step_duration(STEP_SECS)
}

/// A secret, from the system's randomness.
pub(super) fn secret() -> Result<[u8; 20], StoreError> {
    let mut bits = [0; 20];
    getrandom::fill(&mut bits)?;
    Ok(bits)
}

/// What an app is told; `issuer` is what it calls this box.
pub(super) fn told(secret: [u8; 20], user: &str, issuer: &str) -> Result<wire::NewTotp, TotpError> {
    // A colon ends the issuer there.
    let plain = |text: &str| text.replace(':', " ");
    let totp = generator(secret).with_account_name(plain(user)).with_issuer(Some(plain(issuer))).build()?;
    Ok(wire::NewTotp { secret: BASE32_NOPAD.encode(&secret), uri: totp.to_url()? })
}

/// The interval of which this is the code, if it is one of now.
pub(super) fn step_of(secret: [u8; 20], code: &str, now: Ticks) -> Option<i64> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let is_code = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let secs = u64::try_from(now.millis().div_euclid(1000)).ok()?;
    let step = generator(secret).build().ok()?.check(digits.as_str(), secs);
    step.filter(|_| is_code).and_then(|step| i64::try_from(step).ok())
}

/// New recovery codes, and what is kept of them.
pub(super) fn recovery_codes() -> Result<(Vec<String>, Vec<[u8; 32]>), StoreError> {
    let codes = (0..RECOVERY_CODES).map(|_| {
        let mut bits = [0; 10];
        getrandom::fill(&mut bits)?;
        let text = letters().encode(&bits);
        let hash = recovery_hash(&text);
        let fours: Vec<_> = text.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
        Ok((fours.join("-"), hash))
    });
    codes.collect::<Result<Vec<_>, StoreError>>().map(|codes| codes.into_iter().unzip())
}

/// What is kept of a recovery code, however it is typed.
pub(super) fn recovery_hash(code: &str) -> [u8; 32] {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    Sha256::digest(plain.to_ascii_uppercase().as_bytes()).into()
}

/// Without those that look like others, as claim codes have them.
fn letters() -> data_encoding::Encoding {
    let mut letters = Specification::new();
    letters.symbols.push_str("23456789ABCDEFGHJKLMNPQRSTUVWXYZ");
    letters.encoding().expect("32 different letters are an alphabet")
}

/// The code of now, as an app shows it.
#[cfg(test)]
pub(crate) fn code_of(secret: &str, now: Ticks) -> String {
    let secret: [u8; 20] = BASE32_NOPAD.decode(secret.as_bytes()).unwrap().try_into().unwrap();
    let secs = u64::try_from(now.millis() / 1000).unwrap();
    generator(secret).build().unwrap().generate(secs).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, the last six of its eight digits.
        let secret = *b"12345678901234567890";
        let at = |secs: i64, code: &str| step_of(secret, code, Ticks::from_secs(secs));
        assert_eq!(at(59, "287082"), Some(1));
        assert_eq!(at(1_111_111_109, "081 804"), Some(1_111_111_109 / 30));
        assert_eq!(at(20_000_000_000, "353130"), Some(20_000_000_000 / 30));
        // One interval early or late, and no more.
        let late = [-31, -30, 0, 30, 59, 61].map(|by| at(1_234_567_890 + by, "005924").is_some());
        assert_eq!(late, [false, true, true, true, true, false]);
        for other in ["", "287083", "94287082", "28708", "28708a", "+28708", "２８７０８２"] {
            assert_eq!(at(59, other), None, "{other}");
        }
    }

    #[test]
    fn an_app_is_told_whose_and_of_what_box() {
        let told = told(*b"12345678901234567890", "Zoë: K", "Main Box").unwrap();
        assert_eq!(told.secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = told.uri.as_str();
        assert!(uri.starts_with("otpauth://totp/Main%20Box:Zo%C3%AB%20%20K?"), "{uri}");
        assert!(
            uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ") && uri.contains("issuer=Main"),
            "{uri}"
        );
        assert_eq!(format!("{told:?}"), "NewTotp(hidden)");
    }

    #[test]
    fn recovery_codes_are_long_unlike_and_typed_as_one_likes() {
        let (codes, hashes) = recovery_codes().unwrap();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), RECOVERY_CODES);
        assert!(codes.iter().all(|code| code.len() == 19 && code.split('-').count() == 4), "{codes:?}");
        assert_eq!(recovery_hash(&codes[3].to_lowercase().replace('-', " ")), hashes[3]);
        assert_ne!(hashes[3], hashes[4]);
    }
}

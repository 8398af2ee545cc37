//! Takes out of a text what is secret, and addresses. Pure.
//!
//! Whatever looks like a key goes, known or not: 32 hexadecimal digits are a stream key, a token, a cookie or a hash. Addresses of
//! publishers and viewers become numbers, the same ones throughout, so that what belongs together can still be seen.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Digits of the shortest key.
const KEY_DIGITS: usize = 32;

/// Characters of what can only be a key when it has letters of both cases and digits.
const TOKEN_CHARS: usize = 40;

/// With what is known to be secret, and the addresses that it has met.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    secrets: Vec<String>,
    addresses: BTreeMap<IpAddr, usize>,
}

impl Redactor {
    /// That takes these out too.
    #[must_use]
    pub fn new(secrets: Vec<String>) -> Self {
        // The longest first, should one be part of another.
        let mut secrets: Vec<_> = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { secrets, addresses: BTreeMap::new() }
    }

    /// A text without them.
    pub fn text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret, "[secret]");
        }
        let text = runs(&text, is_of_token, |run| self.token(run));
        runs(&text, is_of_address, |run| self.address(run))
    }

    fn token(&self, run: &str) -> Option<String> {
        if run.starts_with("$argon2") {
            return Some("[hash]".into());
        }
        let pieces: Vec<_> = run.split_inclusive(|character: char| !character.is_ascii_hexdigit()).collect();
        let digits = |piece: &&&str| piece.chars().filter(char::is_ascii_hexdigit).count() >= KEY_DIGITS;
        if pieces.iter().any(|piece| digits(&piece)) {
            // What ends it is no part of it.
            let rest = |piece: &str| piece.trim_start_matches(|it: char| it.is_ascii_hexdigit()).to_owned();
            let hide = |piece: &&str| match digits(&piece) {
                true => format!("[key]{}", rest(piece)),
                false => (*piece).to_owned(),
            };
            return Some(pieces.iter().map(hide).collect());
        }
        let has = |kind: fn(&char) -> bool| run.chars().any(|character| kind(&character));
        let is_token = run.len() >= TOKEN_CHARS
            && !run.contains(['/', '.'])
            && has(char::is_ascii_lowercase)
            && has(char::is_ascii_uppercase)
            && has(char::is_ascii_digit);
        is_token.then(|| "[key]".into())
    }

    fn address(&mut self, run: &str) -> Option<String> {
        // What ends a sentence is no part of it.
        let trimmed = run.trim_end_matches(['.', ':']);
        let rest = &run[trimmed.len()..];
        if let Ok(socket) = trimmed.parse::<SocketAddr>() {
            return Some(format!("{}:{}{rest}", self.name(socket.ip()), socket.port()));
        }
        let bare = trimmed.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(trimmed);
        let address = bare.parse::<IpAddr>().ok().filter(|_| bare.len() > 3)?;
        Some(format!("{}{rest}", self.name(address)))
    }

    fn name(&mut self, address: IpAddr) -> String {
        let next = self.addresses.len() + 1;
        let number = *self.addresses.entry(address.to_canonical()).or_insert(next);
        format!("[address {number}]")
    }
}

const fn is_of_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '+' | '/' | '=' | '_' | '-' | '$' | ',')
}

const fn is_of_address(character: char) -> bool {
    character.is_ascii_hexdigit() || matches!(character, '.' | ':' | '[' | ']')
}

/// Each run of such characters as `change` has it; as it is where that says nothing.
fn runs(text: &str, is_part: fn(char) -> bool, mut change: impl FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let within = is_part(first);
        let end = rest.find(|character| is_part(character) != within).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        match within.then(|| change(run)).flatten() {
            Some(changed) => out.push_str(&changed),
            None => out.push_str(run),
        }
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_goes_and_what_is_not_stays() {
        let mut redactor = Redactor::new(vec!["hunter2".into(), String::new()]);
        for (text, expected) in [
            ("publish to /live/00112233445566778899aabbccddeeff now", "publish to /live/[key] now"),
            ("forebay_00112233445566778899aabbccddeeff", "forebay_[key]"),
            ("~1767225600-o-00112233445566778899aabbccddeeff/", "~1767225600-o-[key]/"),
            ("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA", "[hash]"),
            ("password hunter2.", "password [secret]."),
            ("whsec_C2FVsBQIhrscChlQIMV7b5sQJ0dVsBQIhrscChlQ9", "[key]"),
            (
                "720p/12345678.m4s avc1.64001f main-hall 2026-11-26T22:09:00.512Z",
                "720p/12345678.m4s avc1.64001f main-hall 2026-11-26T22:09:00.512Z",
            ),
            ("BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2900000", "BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2900000"),
        ] {
            assert_eq!(redactor.text(text), expected);
        }
    }

    #[test]
    fn addresses_become_numbers_that_stay() {
        let mut redactor = Redactor::default();
        for (text, expected) in [
            ("RTMP from 192.0.2.7:51234, gone.", "RTMP from [address 1]:51234, gone."),
            ("from 192.0.2.7. And ::ffff:192.0.2.7", "from [address 1]. And [address 1]"),
            ("[2001:db8::7]:443 and 2001:db8::7", "[address 2]:443 and [address 2]"),
            ("at 12:30:05 forebay::root 1.0", "at 12:30:05 forebay::root 1.0"),
            ("{\"address\":\"127.0.0.9\"}", "{\"address\":\"[address 3]\"}"),
        ] {
            assert_eq!(redactor.text(text), expected);
        }
    }
}

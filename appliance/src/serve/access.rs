//! Who may watch a channel: playback tokens, and the sites whose players may load it. Pure.
//!
//! A token is `EXPIRY-KIND-SIGNATURE`: the second since the epoch at which it ends, `o` (for anybody) or `a` (for one
//! address alone), and 128 bits of HMAC-SHA-256 (RFC 2104) over these, the channel and the address. It goes into the
//! path, `/live/CHANNEL/~TOKEN/…`: relative addresses in playlists and manifests then carry it on to every playlist,
//! segment and part, while all viewers share one rendering. `?token=` does as well for a playlist that lists others.

use hmac::{Hmac, KeyInit, Mac};
use media::time::Ticks;
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, RwLock};

/// What tokens are signed with. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub [u8; 32]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// The rules of one channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Tokens are asked for, and signed with this.
    pub secret: Option<Secret>,
    /// Sites whose players may load the channel, as browsers write them; none means all.
    pub origins: BTreeSet<String>,
    /// What the watch page plays, the first choice first; empty: all, best first. It offers; it does not forbid.
    pub tiers: Vec<wire::Tier>,
}

/// Why somebody may not watch: 403.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No token.
    #[error("This channel is for those who have a token; ask for an address with one.")]
    Missing,
    /// Not one of ours, or of another channel, or of an older secret, or for another address.
    #[error("This token is not for this channel, or not for this device; ask for a new address.")]
    Foreign,
    /// It was good once.
    #[error("This token has expired; ask for a new address.")]
    Expired,
}

/// 128 bits in hexadecimal.
const SIGNATURE_CHARS: usize = 32;

fn signature(secret: &Secret, slug: &str, expiry_secs: i64, address: Option<IpAddr>) -> [u8; 16] {
    let address = address.map(|address| address.to_canonical().to_string());
    let text = format!("forebay playback 1\n{slug}\n{expiry_secs}\n{}", address.as_deref().unwrap_or("-"));
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    let whole: [u8; 32] = mac.finalize().into_bytes().into();
    *whole.first_chunk().expect("32 bytes begin with 16")
}

/// A token for `slug` until `expiry`, for anybody or for one address alone.
#[must_use]
pub fn token(secret: &Secret, slug: &str, expiry: Ticks, address: Option<IpAddr>) -> String {
    let secs = expiry.millis().div_euclid(1000);
    let kind = if address.is_some() { 'a' } else { 'o' };
    let bits = u128::from_be_bytes(signature(secret, slug, secs, address));
    format!("{secs}-{kind}-{bits:032x}")
}

impl Access {
    /// Whether whoever shows `token` from `peer` may watch `slug` now.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn check(
        &self,
        slug: &str,
        token: Option<&str>,
        peer: Option<IpAddr>,
        now: Ticks,
    ) -> Result<(), Refused> {
        let Some(secret) = &self.secret else { return Ok(()) };
        let Shown { expiry_secs, bound, bits } = Shown::parse(token.ok_or(Refused::Missing)?)?;
        let address = if bound { Some(peer.ok_or(Refused::Foreign)?) } else { None };
        let wanted = u128::from_be_bytes(signature(secret, slug, expiry_secs, address));
        if !bool::from(subtle::ConstantTimeEq::ct_eq(&wanted, &bits)) {
            return Err(Refused::Foreign);
        }
        if now >= Ticks::from_secs(expiry_secs) { Err(Refused::Expired) } else { Ok(()) }
    }

    /// What `Access-Control-Allow-Origin` says to a page of this origin, if it may load the channel.
    #[must_use]
    pub fn allow_origin<'a>(&self, origin: Option<&'a str>) -> Option<&'a str> {
        match origin {
            _ if self.origins.is_empty() => Some("*"),
            Some(origin) => self.origins.contains(origin).then_some(origin),
            None => None,
        }
    }
}

/// A token as it was shown.
struct Shown {
    expiry_secs: i64,
    bound: bool,
    bits: u128,
}

impl Shown {
    fn parse(token: &str) -> Result<Self, Refused> {
        let mut fields = token.split('-');
        let (Some(expiry), Some(kind), Some(bits), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(Refused::Foreign);
        };
        // Ten digits reach the year 2286; eleven cannot overflow ticks.
        let plain = (1..=11).contains(&expiry.len()) && expiry.bytes().all(|byte| byte.is_ascii_digit());
        let hexadecimal = bits.len() == SIGNATURE_CHARS && bits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (true, true, "a" | "o") = (plain, hexadecimal, kind) else { return Err(Refused::Foreign) };
        let bits = u128::from_str_radix(bits, 16).map_err(|_| Refused::Foreign)?;
        Ok(Self { expiry_secs: expiry.parse().map_err(|_| Refused::Foreign)?, bound: kind == "a", bits })
    }
}

/// The rules of all channels, by slug; clones share them. A channel without an entry is open.
#[derive(Clone, Debug, Default)]
pub struct AccessRules(Arc<RwLock<BTreeMap<String, Arc<Access>>>>);

impl AccessRules {
    /// Of one channel.
    #[must_use]
    pub fn of(&self, slug: &str) -> Arc<Access> {
        self.0.read().expect("no holder of this lock panics").get(slug).cloned().unwrap_or_default()
    }

    /// Replaces all of them at once.
    pub fn replace(&self, rules: BTreeMap<String, Arc<Access>>) {
        *self.0.write().expect("no holder of this lock panics") = rules;
    }
}

/// The parts of `/live/CHANNEL/[~TOKEN/]REST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LivePath<'a> {
    /// The channel.
    pub slug: &'a str,
    /// From the path.
    pub token: Option<&'a str>,
    /// What follows, without a slash before it.
    pub rest: &'a str,
}

impl<'a> LivePath<'a> {
    /// `None` for what is not below `/live/`.
    #[must_use]
    pub fn parse(path: &'a str) -> Option<Self> {
        let (slug, rest) = path.strip_prefix("/live/")?.split_once('/')?;
        match rest.strip_prefix('~').and_then(|rest| rest.split_once('/')) {
            Some((token, rest)) => Some(Self { slug, token: Some(token), rest }),
            None => Some(Self { slug, token: None, rest }),
        }
    }

    /// The same without the token: what is routed, and what caches go by.
    #[must_use]
    pub fn plain(&self) -> String {
        format!("/live/{}/{}", self.slug, self.rest)
    }

    /// What relative addresses in the text at this path need before them, so that they carry `token` on.
    #[must_use]
    pub fn prefix(&self, token: &str) -> String {
        let up = "../".repeat(self.rest.matches('/').count());
        let below = self.rest.rsplit_once('/').map_or(String::new(), |(folders, _)| format!("{folders}/"));
        format!("{up}~{token}/{below}")
    }
}

/// The token in a query string.
#[must_use]
pub fn query_token(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("token="))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Ticks = Ticks::from_secs(1_795_358_340);
    const LATER: Ticks = Ticks::from_secs(1_795_358_400);

    fn access() -> Access {
        Access { secret: Some(Secret([7; 32])), ..Access::default() }
    }

    fn made(slug: &str, address: Option<&str>) -> String {
        token(&Secret([7; 32]), slug, LATER, address.map(|address| address.parse().unwrap()))
    }

    fn check(token: &str, peer: &str, now: Ticks) -> Result<(), Refused> {
        access().check("hall", Some(token), Some(peer.parse().unwrap()), now)
    }

    #[test]
    fn a_token_opens_its_channel_until_it_ends() {
        let token = made("hall", None);
        assert_eq!(check(&token, "10.0.0.1", NOW), Ok(()));
        assert_eq!(check(&token, "10.0.0.1", LATER), Err(Refused::Expired));
        assert_eq!(access().check("hall", None, None, NOW), Err(Refused::Missing));
        assert_eq!(Access::default().check("hall", None, None, NOW), Ok(()));
    }

    #[test]
    fn what_is_not_ours_is_foreign() {
        let good = made("hall", None);
        let longer = good.replace("1795358400", "1795358401");
        let bound = good.replace("-o-", "-a-");
        let other = made("yard", None);
        let secret = token(&Secret([8; 32]), "hall", LATER, None);
        for bad in [
            &longer,
            &bound,
            &other,
            &secret,
            "",
            "-",
            "1-o-",
            "--",
            "a-o-00",
            "1-o-+f",
            "99999999999999999999-o-0",
        ] {
            assert_eq!(check(bad, "10.0.0.1", NOW), Err(Refused::Foreign), "{bad}");
        }
        // A forged token that has also expired does not learn that it was once good.
        assert_eq!(check(&longer, "10.0.0.1", LATER + LATER), Err(Refused::Foreign));
    }

    #[test]
    fn a_token_for_one_address_opens_for_no_other() {
        let token = made("hall", Some("10.0.0.1"));
        assert_eq!(check(&token, "10.0.0.1", NOW), Ok(()));
        assert_eq!(check(&token, "::ffff:10.0.0.1", NOW), Ok(()));
        assert_eq!(check(&token, "10.0.0.2", NOW), Err(Refused::Foreign));
        assert_eq!(access().check("hall", Some(&token), None, NOW), Err(Refused::Foreign));
    }

    #[test]
    fn listed_sites_may_load() {
        let mut access = Access::default();
        assert_eq!(access.allow_origin(Some("https://a.example")), Some("*"));
        access.origins.insert("https://a.example".into());
        assert_eq!(access.allow_origin(Some("https://a.example")), Some("https://a.example"));
        assert_eq!(access.allow_origin(Some("https://b.example")), None);
        assert_eq!(access.allow_origin(None), None);
    }

    #[test]
    fn the_token_is_a_folder_of_its_own() {
        let path = LivePath::parse("/live/hall/~1-o-ab/720p/media.m3u8").unwrap();
        assert_eq!((path.slug, path.token, path.rest), ("hall", Some("1-o-ab"), "720p/media.m3u8"));
        assert_eq!(path.plain(), "/live/hall/720p/media.m3u8");
        assert_eq!(LivePath::parse("/watch/hall"), None);
        let prefix = |path| LivePath::parse(path).unwrap().prefix("T");
        assert_eq!(prefix("/live/hall/master.m3u8"), "~T/");
        assert_eq!(prefix("/live/hall/ts/master.m3u8"), "../~T/ts/");
        assert_eq!(query_token("a=b&token=T&c"), Some("T"));
        assert_eq!(query_token("tokens=T"), None);
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert!(!format!("{:?}", access()).contains('7'));
    }
}

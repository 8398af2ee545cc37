//! Where to, checked. Pure.

use crate::alarms::Turn;
use crate::limits::{
    NOTIFY_CA_BYTES_MAX, NOTIFY_RECIPIENTS_MAX, NOTIFY_SECRET_CHARS, NOTIFY_TEXT_CHARS_MAX, SLUG_CHARS_MAX,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::Address;
use lettre::message::Mailbox;
use std::fmt;
use std::net::IpAddr;
use wire::{MailSecurity, Severity, SyslogTransport, Via};

/// Where alarms are sent on to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// As commands and addresses say it.
    pub name: String,
    /// How it is reached.
    pub via: Via,
    /// Nothing less bad is sent.
    pub least: Severity,
    /// The channels whose alarms are sent; none for all.
    pub channels: Option<Vec<String>>,
    /// Alarms of the box as a whole are sent too.
    pub of_box: bool,
    /// What is signed with, or a password.
    pub secret: Option<Secret>,
}

/// A secret of a destination. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    /// In clear: for the one who sends, and for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A new one, as Standard Webhooks writes them: "24 to 64 bytes, base64, prefixed with whsec_".
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bits = [0_u8; 32];
        getrandom::fill(&mut bits)?;
        Ok(Self(format!("{SECRET_PREFIX}{}", STANDARD.encode(bits))))
    }

    /// What HMAC is keyed with: what stands behind the prefix in base64, or the text itself.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        let coded = self.0.strip_prefix(SECRET_PREFIX).and_then(|rest| STANDARD.decode(rest).ok());
        coded.unwrap_or_else(|| self.0.clone().into_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

const SECRET_PREFIX: &str = "whsec_";

/// Stands in a webhook's address for its secret.
pub const SECRET_PLACE: &str = "{secret}";

/// Why a destination cannot be. [`DestinationError::field`] names the member at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct DestinationError {
    field: &'static str,
    what: String,
}

impl DestinationError {
    /// The member of [`wire::NewDestination`] at fault, as a JSON pointer.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        self.field
    }
}

fn wrong<T>(field: &'static str, what: impl Into<String>) -> Result<T, DestinationError> {
    Err(DestinationError { field, what: what.into() })
}

impl Destination {
    /// As asked for. `before` has this name already: its secret stays while it goes to the same place.
    ///
    /// # Errors
    /// [`DestinationError`].
    pub fn checked(new: wire::NewDestination, before: Option<&Self>) -> Result<Self, DestinationError> {
        let wire::NewDestination { name, via, least, channels, of_box, secret } = new;
        check_name(&name)?;
        check_via(&via)?;
        let kept =
            before.filter(|before| is_same_place(&before.via, &via)).and_then(|before| before.secret.clone());
        let secret = match secret {
            Some(text) => Some(checked_secret(&via, text)?),
            None => kept,
        };
        check_needs_secret(&via, secret.is_some())?;
        if channels.iter().flatten().any(|slug| crate::store::Slug::parse(slug).is_err()) {
            return wrong("/channels", "name channels by their short names, as in their addresses");
        }
        Ok(Self { name, via, least, channels, of_box, secret })
    }

    /// Whether it is to be told of this.
    #[must_use]
    pub fn wants(&self, turn: &Turn) -> bool {
        let is_its = match (&turn.channel, &self.channels) {
            (None, _) => self.of_box,
            (Some(_), None) => true,
            (Some(slug), Some(its)) => its.contains(slug),
        };
        is_its && turn.kind.severity() >= self.least
    }

    /// As it is shown: without its secret.
    #[must_use]
    pub fn shown(&self, status: wire::DestinationStatus) -> wire::Destination {
        let Self { name, via, least, channels, of_box, secret } = self.clone();
        wire::Destination { name, via, least, channels, of_box, has_secret: secret.is_some(), status }
    }
}

/// A secret must not go where it was not meant to: whoever may change the address may not know it.
#[must_use]
pub fn is_same_place(before: &Via, after: &Via) -> bool {
    let place = |via: &Via| match via.clone() {
        Via::Webhook { url, ca_pem } => (url, 0, None, None, ca_pem),
        Via::Syslog { host, port, .. } => (host, port, None, None, None),
        Via::Email { host, port, security, user, ca_pem, .. } => (host, port, Some(security), user, ca_pem),
    };
    std::mem::discriminant(before) == std::mem::discriminant(after) && place(before) == place(after)
}

fn check_name(name: &str) -> Result<(), DestinationError> {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let fits = (1..=SLUG_CHARS_MAX).contains(&name.len()) && name.bytes().all(allowed);
    if fits {
        Ok(())
    } else {
        wrong("/name", format!("the name has 1 to {SLUG_CHARS_MAX} of a-z, 0-9 and -, such as night-shift"))
    }
}

fn check_via(via: &Via) -> Result<(), DestinationError> {
    let ca = match via {
        Via::Webhook { url, ca_pem } => {
            check_url(url)?;
            ca_pem
        }
        Via::Syslog { host, port, transport, ca_pem } => {
            check_host(host, *port)?;
            if ca_pem.is_some() && *transport != SyslogTransport::Tls {
                return wrong(
                    "/via/ca_pem",
                    "a certification authority is for TLS; choose tls, or leave it out",
                );
            }
            ca_pem
        }
        Via::Email { host, port, from, to, user, security, ca_pem } => {
            check_host(host, *port)?;
            check_mail(from, to)?;
            if *security == MailSecurity::Plain && user.is_some() && !is_loopback(host) {
                let told = "a password must not cross the network in clear: choose starttls or tls, or leave the user out";
                return wrong("/via/security", told);
            }
            ca_pem
        }
    };
    match ca {
        Some(pem) if pem.len() > NOTIFY_CA_BYTES_MAX || super::trust::certificates(pem).is_err() => wrong(
            "/via/ca_pem",
            format!("send one or more certificates as PEM, {NOTIFY_CA_BYTES_MAX} bytes at most"),
        ),
        _ => Ok(()),
    }
}

fn check_url(url: &str) -> Result<(), DestinationError> {
    let told = "write the whole address, such as https://example.org/alarms, without user and password; {secret} in it stands \
                for its secret";
    let parsed = url.replace(SECRET_PLACE, "x").parse::<actix_web::http::Uri>();
    let Ok(uri) = parsed else { return wrong("/via/url", told) };
    let (Some(authority), Some(scheme)) = (uri.authority(), uri.scheme_str()) else {
        return wrong("/via/url", told);
    };
    let fits = matches!(scheme, "https" | "http") && url.len() <= NOTIFY_TEXT_CHARS_MAX;
    if !fits || authority.as_str().contains('@') || authority.as_str().contains(SECRET_PLACE) {
        return wrong("/via/url", told);
    }
    let host_part = url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    if host_part.contains(SECRET_PLACE) {
        return wrong("/via/url", told);
    }
    if scheme == "http" && url.contains(SECRET_PLACE) && !is_loopback(uri.host().unwrap_or_default()) {
        return wrong("/via/url", "a secret must not cross the network in clear: use https");
    }
    Ok(())
}

fn check_host(host: &str, port: u16) -> Result<(), DestinationError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'_');
    if !(1..=253).contains(&host.len()) || !host.bytes().all(allowed) {
        return wrong("/via/host", "the host is a name or an address, such as mail.example.org or 192.0.2.7");
    }
    if port == 0 { wrong("/via/port", "the port is between 1 and 65535") } else { Ok(()) }
}

fn check_mail(from: &str, to: &[String]) -> Result<(), DestinationError> {
    let is_address = |text: &str| text.parse::<Address>().is_ok() && text.parse::<Mailbox>().is_ok();
    if !is_address(from) {
        return wrong("/via/from", "the sender is a mail address, such as forebay@example.org");
    }
    if !(1..=NOTIFY_RECIPIENTS_MAX).contains(&to.len()) || !to.iter().all(|to| is_address(to)) {
        return wrong(
            "/via/to",
            format!("name 1 to {NOTIFY_RECIPIENTS_MAX} recipients by their mail addresses"),
        );
    }
    Ok(())
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn checked_secret(via: &Via, text: String) -> Result<Secret, DestinationError> {
    let plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    let least = if matches!(via, Via::Webhook { .. }) { *NOTIFY_SECRET_CHARS.start() } else { 1 };
    if !plain || text.len() < least || text.len() > *NOTIFY_SECRET_CHARS.end() {
        let most = NOTIFY_SECRET_CHARS.end();
        return wrong(
            "/secret",
            format!(
                "the secret has {least} to {most} visible ASCII characters; left out, a webhook's is made by the box"
            ),
        );
    }
    if text.strip_prefix(SECRET_PREFIX).is_some_and(|rest| STANDARD.decode(rest).is_err()) {
        return wrong("/secret", "what begins with whsec_ goes on in base64; copy it whole");
    }
    Ok(Secret(text))
}

fn check_needs_secret(via: &Via, has: bool) -> Result<(), DestinationError> {
    match via {
        Via::Email { user: Some(_), .. } if !has => wrong(
            "/secret",
            "the mail account has a user: give its password, which is asked for again when the server or the user is another",
        ),
        Via::Email { user: None, .. } if has => {
            wrong("/secret", "a password without a user is of no use: give both, or neither")
        }
        Via::Syslog { .. } if has => wrong("/secret", "syslog takes no secret; leave it out"),
        Via::Webhook { url, .. } if !has && url.contains(SECRET_PLACE) => wrong(
            "/secret",
            "the address has {secret} in it: give the secret, which is asked for again when the address is another",
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::{Became, Kind, Words};
    use media::time::Ticks;

    fn webhook(url: &str) -> wire::NewDestination {
        let via = Via::Webhook { url: url.into(), ca_pem: None };
        wire::NewDestination {
            name: "ops".into(),
            via,
            least: Severity::Minor,
            channels: None,
            of_box: true,
            secret: None,
        }
    }

    fn mail(
        host: &str,
        user: Option<&str>,
        secret: Option<&str>,
        security: MailSecurity,
    ) -> wire::NewDestination {
        let via = Via::Email {
            host: host.into(),
            port: 25,
            security,
            from: "box@example.org".into(),
            to: vec!["ops@example.org".into()],
            user: user.map(str::to_owned),
            ca_pem: None,
        };
        wire::NewDestination { via, secret: secret.map(str::to_owned), ..webhook("") }
    }

    fn field(new: wire::NewDestination) -> &'static str {
        Destination::checked(new, None).map_or_else(|error| error.field(), |_| "")
    }

    #[test]
    fn every_fault_names_its_member() {
        let plain = MailSecurity::Plain;
        let cases = [
            (webhook("https://example.org/a?b=c"), ""),
            (webhook("http://192.0.2.1:8080/a"), ""),
            (webhook("ftp://example.org"), "/via/url"),
            (webhook("https://ada:pw@example.org/"), "/via/url"),
            (webhook("/alarms"), "/via/url"),
            (webhook("https://{secret}.example.org/"), "/via/url"),
            (webhook("https://example.org/{secret}"), "/secret"),
            (wire::NewDestination { name: "No!".into(), ..webhook("https://example.org") }, "/name"),
            (
                wire::NewDestination { secret: Some("short".into()), ..webhook("https://example.org") },
                "/secret",
            ),
            (
                wire::NewDestination {
                    secret: Some("whsec_?????????????".into()),
                    ..webhook("https://example.org")
                },
                "/secret",
            ),
            (
                wire::NewDestination { channels: Some(vec!["A b".into()]), ..webhook("https://example.org") },
                "/channels",
            ),
            (
                wire::NewDestination {
                    secret: Some("a long enough secret".into()),
                    ..webhook("http://example.org/{secret}")
                },
                "/via/url",
            ),
            (mail("mail.example.org", None, None, plain), ""),
            (mail("mail.example.org", Some("a"), Some("p"), plain), "/via/security"),
            (mail("127.0.0.1", Some("a"), Some("p"), plain), ""),
            (mail("mail.example.org", Some("a"), None, MailSecurity::Tls), "/secret"),
            (mail("mail.example.org", None, Some("p"), MailSecurity::Tls), "/secret"),
            (mail("a b", None, None, plain), "/via/host"),
        ];
        for (new, expected) in cases {
            let told = format!("{new:?} {:?}", new.via);
            assert_eq!(field(new), expected, "{told}");
        }
    }

    #[test]
    fn a_secret_does_not_follow_to_another_place() {
        let secret = Some("a long enough secret".to_owned());
        let first = wire::NewDestination { secret, ..webhook("https://a.example/{secret}") };
        let first = Destination::checked(first, None).unwrap();
        let same = Destination::checked(webhook("https://a.example/{secret}"), Some(&first)).unwrap();
        assert_eq!(same.secret, first.secret);
        assert_eq!(
            Destination::checked(webhook("https://b.example/{secret}"), Some(&first)).unwrap_err().field(),
            "/secret"
        );
        let mine =
            Destination::checked(mail("a.example", Some("u"), Some("pw"), MailSecurity::Tls), None).unwrap();
        let theirs = mail("b.example", Some("u"), None, MailSecurity::Tls);
        assert_eq!(Destination::checked(theirs, Some(&mine)).unwrap_err().field(), "/secret");
    }

    #[test]
    fn it_is_told_what_it_wants() {
        let turn = |channel: Option<&str>, kind| Turn {
            at: Ticks::ZERO,
            channel: channel.map(str::to_owned),
            kind,
            words: Words::new("a", "b"),
            what: Became::Raised,
        };
        let all = Destination::checked(webhook("https://example.org"), None).unwrap();
        let some = Destination {
            channels: Some(vec!["hall".into()]),
            of_box: false,
            least: Severity::Critical,
            ..all.clone()
        };
        let cases = [
            (turn(None, Kind::DiskFull), true, false),
            (turn(Some("hall"), Kind::SourceLost), true, true),
            (turn(Some("hall"), Kind::OnBackup), true, false),
            (turn(Some("attic"), Kind::SourceLost), true, false),
        ];
        for (turn, by_all, by_some) in cases {
            assert_eq!((all.wants(&turn), some.wants(&turn)), (by_all, by_some), "{turn:?}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let secret = Secret::random().unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(hidden)");
        assert_eq!(secret.key().len(), 32);
    }
}

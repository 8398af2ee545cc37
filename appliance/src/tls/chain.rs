//! An uploaded chain and key, checked before it is taken. Pure.

use crate::limits::TLS_CHAIN_MAX;
use data_encoding::HEXLOWER;
use media::time::Ticks;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A certificate in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Whom it names.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// Host names and addresses that it is for.
    pub names: Vec<String>,
    /// From when.
    pub not_before: Ticks,
    /// Until when.
    pub not_after: Ticks,
    /// SHA-256, in hexadecimal.
    pub fingerprint: String,
    /// Who signed the last certificate of the chain, when that is not in the chain.
    pub unknown_issuer: Option<String>,
}

/// A chain that can be served.
#[derive(Clone, Debug)]
pub struct Chain {
    /// For rustls.
    pub key: Arc<CertifiedKey>,
    /// Of the first certificate.
    pub summary: Summary,
}

/// What is wrong with a chain or its key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Nothing there.
    #[error(
        "there is no certificate in the chain; it begins with -----BEGIN CERTIFICATE-----, the server's own first"
    )]
    NoCertificate,
    /// More than any real chain has.
    #[error(
        "the chain has more than {TLS_CHAIN_MAX} certificates; send the server's own and its intermediates"
    )]
    TooLong,
    /// Not a certificate.
    #[error("certificate {0} of the chain cannot be read: {1}; send PEM as the authority gave it")]
    Unreadable(usize, String),
    /// Nothing there.
    #[error("there is no private key; it begins with -----BEGIN PRIVATE KEY-----")]
    NoKey,
    /// With a pass phrase.
    #[error("the private key is encrypted; decrypt it first: openssl pkey -in KEY -out PLAIN")]
    EncryptedKey,
    /// Of a kind that is not spoken.
    #[error(
        "this private key cannot be used: {0}; RSA from 2048 bits, ECDSA P-256 or P-384, and Ed25519 can"
    )]
    UnusableKey(String),
    /// Another key.
    #[error(
        "the private key does not belong to the first certificate, \"{0}\"; the server's own must come first"
    )]
    KeyMismatch(String),
    /// Wrong order, or one is missing.
    #[error(
        "\"{0}\" was signed by \"{1}\", but the next certificate of the chain is \"{2}\"; put each signer behind \
         what it signed, and leave none out"
    )]
    Order(String, String, String),
    /// Too old.
    #[error("the certificate of \"{0}\" expired on {1}; ask the authority for a new one")]
    Expired(String, String),
    /// Too young.
    #[error("the certificate of \"{0}\" is not valid before {1}; check the box's clock, or wait")]
    NotYetValid(String, String),
    /// Browsers have looked at nothing but the alternative names for years.
    #[error("the certificate of \"{0}\" has no subject alternative name; players would refuse it")]
    NoName(String),
    /// Not a server's.
    #[error("the certificate of \"{0}\" is not for servers (its extended key usage lacks serverAuth)")]
    NotForServers(String),
    /// An authority's.
    #[error("the first certificate, \"{0}\", is an authority's; put the server's own first")]
    Authority(String),
    /// A signature is wrong, or a signer may not sign.
    #[error(
        "the chain of \"{0}\" does not hold: {1}; ask the authority for the intermediates that belong to it"
    )]
    Broken(String, String),
}

impl ChainError {
    /// The member of the upload at fault, as a JSON pointer.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            Self::NoKey | Self::EncryptedKey | Self::UnusableKey(_) | Self::KeyMismatch(_) => "/key_pem",
            _ => "/chain_pem",
        }
    }
}

impl Chain {
    /// Reads a chain and its key, and checks that they belong together.
    ///
    /// # Errors
    /// What is wrong.
    pub fn read(chain_pem: &str, key_pem: &str) -> Result<Self, ChainError> {
        let chain = certificates(chain_pem)?;
        let summary = summary(&chain)?;
        let key = private_key(key_pem)?;
        let signing = ring::sign::any_supported_type(&key)
            .map_err(|error| ChainError::UnusableKey(error.to_string()))?;
        let key = CertifiedKey::new(chain, signing);
        key.keys_match().map_err(|_| ChainError::KeyMismatch(summary.subject.clone()))?;
        Ok(Self { key: Arc::new(key), summary })
    }

    /// Reads one, and checks all that a player would: order, dates, names, use, signatures.
    ///
    /// # Errors
    /// What is wrong.
    pub fn checked(chain_pem: &str, key_pem: &str, now: Ticks) -> Result<Self, ChainError> {
        let chain = Self::read(chain_pem, key_pem)?;
        let parsed: Vec<_> =
            chain.key.cert.iter().enumerate().map(|(at, der)| parse(at, der)).collect::<Result<_, _>>()?;
        in_order(&parsed)?;
        parsed.iter().try_for_each(|certificate| in_time(certificate, now))?;
        for_a_server(&parsed[0], &chain.summary)?;
        signed(&chain.key.cert, &chain.summary, now)?;
        Ok(chain)
    }
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, ChainError> {
    let mut chain = Vec::new();
    for (at, found) in CertificateDer::pem_slice_iter(pem.as_bytes()).enumerate() {
        if at == TLS_CHAIN_MAX {
            return Err(ChainError::TooLong);
        }
        chain.push(found.map_err(|error| ChainError::Unreadable(at + 1, error.to_string()))?);
    }
    if chain.is_empty() { Err(ChainError::NoCertificate) } else { Ok(chain) }
}

fn private_key(pem: &str) -> Result<PrivateKeyDer<'static>, ChainError> {
    if pem.contains("BEGIN ENCRYPTED PRIVATE KEY") || pem.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(ChainError::EncryptedKey);
    }
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| ChainError::NoKey)
}

fn parse<'a>(at: usize, der: &'a CertificateDer<'static>) -> Result<X509Certificate<'a>, ChainError> {
    let parsed = X509Certificate::from_der(der);
    parsed
        .map(|(_, certificate)| certificate)
        .map_err(|error| ChainError::Unreadable(at + 1, error.to_string()))
}

fn summary(chain: &[CertificateDer<'static>]) -> Result<Summary, ChainError> {
    let first = parse(0, &chain[0])?;
    let last = parse(chain.len() - 1, &chain[chain.len() - 1])?;
    let alternatives = first.subject_alternative_name().ok().flatten();
    let names = alternatives.map(|found| found.value.general_names.iter().filter_map(name).collect());
    let self_signed = last.issuer().as_raw() == last.subject().as_raw();
    Ok(Summary {
        subject: first.subject().to_string(),
        issuer: first.issuer().to_string(),
        names: names.unwrap_or_default(),
        not_before: Ticks::from_secs(first.validity().not_before.timestamp()),
        not_after: Ticks::from_secs(first.validity().not_after.timestamp()),
        fingerprint: fingerprint(&chain[0]),
        unknown_issuer: (!self_signed).then(|| last.issuer().to_string()),
    })
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(host) => Some((*host).to_owned()),
        GeneralName::IPAddress(octets) => match *octets {
            [a, b, c, d] => Some(Ipv4Addr::new(*a, *b, *c, *d).to_string()),
            octets => <[u8; 16]>::try_from(octets).ok().map(|octets| Ipv6Addr::from(octets).to_string()),
        },
        _ => None,
    }
}

/// SHA-256, in hexadecimal.
#[must_use]
pub fn fingerprint(der: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(der))
}

fn in_order(chain: &[X509Certificate<'_>]) -> Result<(), ChainError> {
    let broken = chain.windows(2).find(|pair| pair[0].issuer().as_raw() != pair[1].subject().as_raw());
    match broken {
        Some(pair) => Err(ChainError::Order(
            pair[0].subject().to_string(),
            pair[0].issuer().to_string(),
            pair[1].subject().to_string(),
        )),
        None => Ok(()),
    }
}

fn in_time(certificate: &X509Certificate<'_>, now: Ticks) -> Result<(), ChainError> {
    let (validity, subject) = (certificate.validity(), certificate.subject().to_string());
    let date = |seconds| media::date::Utc(Ticks::from_secs(seconds)).to_string();
    let (from, until) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    if Ticks::from_secs(until) < now {
        return Err(ChainError::Expired(subject, date(until)));
    }
    if now < Ticks::from_secs(from) {
        return Err(ChainError::NotYetValid(subject, date(from)));
    }
    Ok(())
}

fn for_a_server(leaf: &X509Certificate<'_>, summary: &Summary) -> Result<(), ChainError> {
    let subject = summary.subject.clone();
    if leaf.is_ca() {
        return Err(ChainError::Authority(subject));
    }
    if summary.names.is_empty() {
        return Err(ChainError::NoName(subject));
    }
    let usage = leaf.extended_key_usage().ok().flatten();
    match usage {
        Some(usage) if !usage.value.server_auth && !usage.value.any => {
            Err(ChainError::NotForServers(subject))
        }
        _ => Ok(()),
    }
}

/// Each by the next; what signed the last one is not in the chain unless it did so itself.
fn signed(chain: &[CertificateDer<'static>], summary: &Summary, now: Ticks) -> Result<(), ChainError> {
    let broken = |error: webpki::Error| ChainError::Broken(summary.subject.clone(), error.to_string());
    let [leaf, signers @ ..] = chain else { return Err(ChainError::NoCertificate) };
    let last = match signers {
        [.., last] => last,
        [] if summary.unknown_issuer.is_none() => leaf,
        // A chain of one that another authority signed: there is nothing here to check it by.
        [] => return Ok(()),
    };
    let anchors = [anchor_from_trusted_cert(last).map_err(broken)?];
    let millis = u64::try_from(now.millis()).unwrap_or(0);
    let time = UnixTime::since_unix_epoch(Duration::from_millis(millis));
    let end = EndEntityCert::try_from(leaf).map_err(broken)?;
    let usage = KeyUsage::server_auth();
    end.verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, signers, time, usage, None, None)
        .map_err(broken)?;
    Ok(())
}

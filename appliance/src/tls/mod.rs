//! TLS: the box's own authority and certificate, or a certificate that the operator uploads.
//!
//! | module | what it is |
//! |---|---|
//! | [`names`] | what the box is called, and its addresses |
//! | [`authority`] | the box's own certification authority (RFC 5280), bound to private names |
//! | [`chain`] | pure: an uploaded chain and key, checked before it is taken |
//! | `resolver` | which certificate the next handshake gets; what runs already keeps its own |
//! | `files` | secrets on disk, whole or not at all |
//! | `profile` | pure: the configuration profile that makes an iPhone know the authority |
//! | [`routes`] | what devices load to trust the box |
//!
//! The key of the box's own certificate is never written: each start makes a new certificate below the same authority,
//! so devices that trust the authority never notice.

pub mod authority;
pub mod chain;
mod files;
pub mod names;
mod profile;
mod resolver;
pub mod routes;
#[cfg(test)]
mod tests;

use crate::clock::House;
use crate::limits::{TLS_RENEW_WITHIN, TLS_WARN_DAYS};
use anyhow::Context;
use authority::Authority;
use chain::{Chain, ChainError, Summary};
use media::time::Ticks;
use names::Names;
use resolver::{Current, Resolver};
use rustls::ServerConfig;
use rustls::crypto::ring;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tracing::{info, warn};

/// The folder of keys and certificates within the data folder.
const FOLDER: &str = "tls";
/// An uploaded key and its chain, in one file so that they can never be of different uploads.
const UPLOADED: &str = "uploaded.pem";

/// What cannot be made anew, within the data folder.
pub const KEPT: [&str; 2] = ["tls/ca.pem", "tls/uploaded.pem"];

/// SHA-256 of the authority that is kept in a data folder, in hexadecimal; nothing where there is none that can be read.
#[must_use]
pub fn authority_in(data_dir: &Path) -> Option<String> {
    Authority::kept(&data_dir.join(FOLDER)).map(|authority| authority.fingerprint())
}

/// Whether a certificate of the operator's own is kept in a data folder.
#[must_use]
pub fn uploaded_in(data_dir: &Path) -> bool {
    data_dir.join(FOLDER).join(UPLOADED).is_file()
}

/// The box's certificates; clones share them.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    house: House,
    authority: Authority,
    resolver: Arc<Resolver>,
    /// Held by whoever changes which certificate is served.
    changing: Mutex<()>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("folder", &self.0.folder).finish_non_exhaustive()
    }
}

/// An uploaded certificate was not taken.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// It is wrong.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// It could not be kept.
    #[error("the certificate could not be kept: {0}")]
    Disk(#[from] std::io::Error),
}

impl Tls {
    /// Loads the authority, or makes it at the first start, and serves the uploaded certificate or a new one.
    ///
    /// # Errors
    /// When the folder cannot be used, or no key can be made.
    pub fn open(data_dir: &Path, house: House) -> anyhow::Result<Self> {
        let folder = data_dir.join(FOLDER);
        files::private_folder(&folder).with_context(|| format!("{} cannot be used", folder.display()))?;
        let names = Names::as_far_as_known();
        let authority = Authority::load_or_make(&folder, &names)?;
        let current = match uploaded(&folder, house.now()) {
            Some(current) => current,
            None => own(&authority, &names, house.now())?,
        };
        let resolver = Arc::new(Resolver::new(current));
        Ok(Self(Arc::new(Inner { folder, house, authority, resolver, changing: Mutex::default() })))
    }

    /// For the HTTPS listener; HTTP versions are added by whoever listens.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn server_config(&self) -> anyhow::Result<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?.with_no_client_auth();
        let mut config = builder.with_cert_resolver(self.0.resolver.clone());
        config.ticketer = ring::Ticketer::new().context("no key for session tickets")?;
        Ok(config)
    }

    /// What is served now.
    #[must_use]
    pub fn status(&self) -> wire::TlsStatus {
        let (current, now) = (self.0.resolver.current(), self.0.house.now());
        let Summary { subject, issuer, names, not_before, not_after, fingerprint, unknown_issuer } =
            current.summary.clone();
        let (authority, days) = (self.0.authority.fingerprint(), days_left(not_after, now));
        let warning = match (unknown_issuer, days) {
            (_, ..0) => {
                Some("The certificate has expired: install a new one, or go back to the box's own.".into())
            }
            (_, 0..TLS_WARN_DAYS) => {
                Some(format!("The certificate expires in {days} days: install a new one."))
            }
            (Some(issuer), _) => Some(format!(
                "The chain ends below \"{issuer}\": players must know that authority themselves."
            )),
            (None, _) => None,
        };
        wire::TlsStatus {
            uploaded: current.uploaded,
            subject,
            issuer,
            names,
            not_before: utc(not_before),
            not_after: utc(not_after),
            fingerprint_sha256: fingerprint,
            authority_sha256: authority,
            warning: warning.filter(|_| current.uploaded),
        }
    }

    /// Checks an uploaded chain and key, keeps them, and serves them from the next handshake on.
    ///
    /// # Errors
    /// When they are wrong or cannot be kept; what was served before is served still.
    pub fn install(&self, chain_pem: &str, key_pem: &str) -> Result<(), InstallError> {
        let _one = self.0.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let chain = Chain::checked(chain_pem, key_pem, self.0.house.now())?;
        files::write_secret(&self.0.folder.join(UPLOADED), format!("{key_pem}\n{chain_pem}\n").as_bytes())?;
        info!(subject = chain.summary.subject, "an uploaded certificate is served");
        self.0.resolver.set(Current { key: chain.key, summary: chain.summary, uploaded: true });
        Ok(())
    }

    /// Forgets the uploaded certificate and serves the box's own again.
    ///
    /// # Errors
    /// When it cannot be removed, or no key can be made.
    pub fn reset(&self) -> anyhow::Result<()> {
        let _one = self.0.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let current = own(&self.0.authority, &Names::as_far_as_known(), self.0.house.now())?;
        files::remove(&self.0.folder.join(UPLOADED))?;
        self.0.resolver.set(current);
        info!("the box's own certificate is served");
        Ok(())
    }

    /// Makes a new certificate when the box's own one is served and will expire, or the box's addresses have changed.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn refresh(&self) -> anyhow::Result<()> {
        let _one = self.0.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let (served, now) = (self.0.resolver.current(), self.0.house.now());
        let valid = served.summary.not_before <= now && now + TLS_RENEW_WITHIN < served.summary.not_after;
        let names = match Names::of_this_box() {
            // Addresses that cannot be listed now have not changed.
            Err(_) if valid => return Ok(()),
            Err(_) => Names::as_far_as_known(),
            Ok(names) => names,
        };
        if served.uploaded || (valid && served.summary.names == self.0.authority.permitted(&names)) {
            return Ok(());
        }
        self.0.resolver.set(own(&self.0.authority, &names, now)?);
        info!("a new certificate is served: the old one would expire, or the box has other addresses");
        Ok(())
    }

    /// The authority's certificate.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.0.authority
    }
}

fn days_left(end: Ticks, now: Ticks) -> i64 {
    (end - now).millis().div_euclid(86_400_000)
}

fn utc(time: Ticks) -> String {
    media::date::Utc(time).to_string()
}

fn own(authority: &Authority, names: &Names, now: Ticks) -> anyhow::Result<Current> {
    let (key, summary) = authority.issue(names, now)?;
    Ok(Current { key, summary, uploaded: false })
}

/// What was uploaded, as it is: an old certificate is told of, not taken away.
fn uploaded(folder: &Path, now: Ticks) -> Option<Current> {
    let path = folder.join(UPLOADED);
    let pem = match std::fs::read_to_string(&path) {
        Ok(pem) => pem,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            warn!(path = %path.display(), %error, "the uploaded certificate cannot be read; the box's own is served");
            return None;
        }
    };
    if let Err(why) = Chain::checked(&pem, &pem, now) {
        warn!(%why, "the uploaded certificate is no longer right");
    }
    match Chain::read(&pem, &pem) {
        Ok(chain) => Some(Current { key: chain.key, summary: chain.summary, uploaded: true }),
        Err(error) => {
            warn!(%error, "the uploaded certificate does not serve; the box's own is served");
            None
        }
    }
}

/// Keeps the box's own certificate valid.
///
/// # Errors
/// When no key can be made.
pub async fn keep_fresh(tls: Tls) -> anyhow::Result<()> {
    loop {
        tokio::time::sleep(crate::limits::TLS_CHECK_INTERVAL).await;
        tls.refresh()?;
    }
}

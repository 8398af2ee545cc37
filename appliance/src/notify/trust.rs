//! Whom TLS trusts: the authority that the operator has given, and nobody else; or those of the system.

use super::deliver::SendError;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// Certificates of a PEM file, at least one.
pub(super) fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, SendError> {
    let unreadable =
        || SendError::Setting("the certification authority that was given cannot be read as PEM".into());
    let found: Vec<_> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().map_err(|_| unreadable())?;
    if found.is_empty() { Err(unreadable()) } else { Ok(found) }
}

/// For a client of whom that authority, or the system's, can tell that it speaks to the right one.
pub(super) async fn client(ca_pem: Option<&str>) -> Result<Arc<ClientConfig>, SendError> {
    let mut roots = RootCertStore::empty();
    match ca_pem {
        Some(pem) => {
            for certificate in certificates(pem)? {
                roots.add(certificate).map_err(|error| {
                    SendError::Setting(format!("the certification authority cannot be used: {error}"))
                })?;
            }
        }
        None => {
            // Reads some hundred files.
            let loaded = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
            let loaded =
                loaded.map_err(|_| SendError::Setting("the system's certificates were not read".into()))?;
            roots.add_parsable_certificates(loaded.certs);
            if roots.is_empty() {
                let told = "the system trusts no certification authority (package ca-certificates); give the one to trust";
                return Err(SendError::Setting(told.into()));
            }
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions();
    let config = config.map_err(|error| SendError::Setting(error.to_string()))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

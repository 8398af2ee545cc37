//! Which certificate the next handshake gets.

use super::chain::Summary;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// A certificate that is served.
#[derive(Clone)]
pub(super) struct Current {
    pub key: Arc<CertifiedKey>,
    pub summary: Summary,
    /// By the operator; otherwise the box's own.
    pub uploaded: bool,
}

/// Hands out one certificate until it is told another. Connections that are established keep theirs.
pub(super) struct Resolver(RwLock<Current>);

impl Resolver {
    pub(super) fn new(current: Current) -> Self {
        Self(RwLock::new(current))
    }

    pub(super) fn current(&self) -> Current {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, current: Current) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = current;
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Resolver").field(&self.current().summary).finish()
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).key.clone())
    }
}

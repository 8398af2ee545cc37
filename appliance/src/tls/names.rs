//! What the box is called, and its addresses: what its certificate is made out to.

use crate::limits::TLS_NAMES_MAX;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Host names and addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// In lower case.
    pub hosts: BTreeSet<String>,
    /// Of the box's interfaces.
    pub addresses: BTreeSet<IpAddr>,
}

impl Names {
    /// The host name, that name in `.local` (mDNS, RFC 6762), `localhost`, and every address that a URL can name.
    ///
    /// # Errors
    /// When the addresses cannot be listed, such as for want of descriptors.
    pub fn of_this_box() -> std::io::Result<Self> {
        let interfaces = if_addrs::get_if_addrs()?;
        let addresses = interfaces.iter().map(if_addrs::Interface::ip).filter(has_a_url);
        Ok(Self { addresses: addresses.take(TLS_NAMES_MAX).collect(), ..Self::without_addresses() })
    }

    /// As [`Names::of_this_box`]; without addresses when they cannot be listed.
    #[must_use]
    pub fn as_far_as_known() -> Self {
        Self::of_this_box().unwrap_or_else(|error| {
            tracing::warn!(%error, "the box's addresses cannot be listed; its certificate is for its names alone");
            Self::without_addresses()
        })
    }

    fn without_addresses() -> Self {
        let node = host_name();
        let local =
            node.as_deref().and_then(|node| node.split('.').next()).map(|label| format!("{label}.local"));
        let hosts = ["localhost".to_owned()].into_iter().chain(node).chain(local).collect();
        Self { hosts, addresses: BTreeSet::new() }
    }

    /// All as text, hosts first.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        self.hosts.iter().cloned().chain(self.addresses.iter().map(ToString::to_string))
    }
}

/// The kernel's node name, if it can stand in a certificate.
#[must_use]
pub fn host_name() -> Option<String> {
    let name = rustix::system::uname().nodename().to_str().ok()?.to_ascii_lowercase();
    is_host_name(&name).then_some(name)
}

/// RFC 1123, 2.1
fn is_host_name(name: &str) -> bool {
    let good = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(good)
}

/// Link-local addresses of IPv6 need a zone, which no URL of a browser has.
fn has_a_url(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(address) => !address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_box_has_a_name_and_the_loopback() {
        let names = Names::of_this_box().unwrap();
        assert!(names.hosts.contains("localhost"));
        assert!(names.addresses.iter().any(IpAddr::is_loopback), "{names:?}");
    }

    #[test]
    fn odd_node_names_are_left_out() {
        assert!(is_host_name("box-1.studio.example"));
        for odd in ["", "-box", "box_1", "a..b", "größe", &"a".repeat(64)] {
            assert!(!is_host_name(odd), "{odd}");
        }
    }
}

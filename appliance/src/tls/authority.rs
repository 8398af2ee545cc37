//! The box's own certification authority.
//!
//! Whoever trusts it on a telephone trusts it with everything it may sign. So it may sign for private names alone: its
//! certificate carries name constraints (RFC 5280, 4.2.1.10) for the addresses of private networks, the names of
//! local ones, and the box's own name. A thief of its key cannot pretend to be a bank.

use super::chain::{Chain, Summary};
use super::files;
use super::names::{Names, host_name};
use crate::limits::TLS_LEAF_DAYS;
use anyhow::Context;
use media::date::Utc;
use media::time::Ticks;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::CertifiedKey;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Key and certificate, in one file.
const FILE: &str = "ca.pem";

/// RFC 6761, 6762, 8375; "internal" is ICANN's for private use; "lan" is what routers hand out.
const PRIVATE_DOMAINS: [&str; 5] = ["localhost", "local", "internal", "home.arpa", "lan"];

/// RFC 1918, 1122, 3927, 6598, 4193, 4291.
const PRIVATE_NETWORKS: [(&str, u8); 8] = [
    ("10.0.0.0", 8),
    ("172.16.0.0", 12),
    ("192.168.0.0", 16),
    ("127.0.0.0", 8),
    ("169.254.0.0", 16),
    ("100.64.0.0", 10),
    ("fc00::", 7),
    ("::1", 128),
];

/// Signs the box's own certificates.
pub struct Authority {
    der: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("sha256", &self.fingerprint()).finish_non_exhaustive()
    }
}

impl Authority {
    /// The one in this folder; made when there is none. One that cannot be read is set aside, for the box must start.
    ///
    /// # Errors
    /// When it cannot be made or kept.
    pub fn load_or_make(folder: &Path, names: &Names) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let known = match std::fs::read_to_string(&path) {
            Ok(pem) => Some(Self::read(&pem)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
        };
        match known {
            Some(Ok(authority)) => return Ok(authority),
            Some(Err(error)) => {
                let aside = path.with_extension("unreadable");
                tracing::error!(
                    "{} is no authority ({error:#}); it is kept as {}, and a new one is made, which every device has \
                     to be told to trust",
                    path.display(),
                    aside.display()
                );
                std::fs::rename(&path, &aside)?;
            }
            None => tracing::info!("first start: the box makes its own certification authority"),
        }
        let pem = make(names)?;
        files::write_secret(&path, pem.as_bytes()).with_context(|| format!("{}", path.display()))?;
        Self::read(&pem)
    }

    /// The one in this folder, if it can be read.
    pub(super) fn kept(folder: &Path) -> Option<Self> {
        Self::read(&std::fs::read_to_string(folder.join(FILE)).ok()?).ok()
    }

    fn read(pem: &str) -> anyhow::Result<Self> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).context("its certificate")?;
        let issuer = Issuer::from_ca_cert_der(&der, KeyPair::from_pem(pem).context("its key")?)?;
        let begin = pem.find("-----BEGIN CERTIFICATE-----").context("its certificate")?;
        Ok(Self { der, pem: pem[begin..].to_owned(), issuer })
    }

    /// A new key and certificate for those of these names that the authority may sign.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn issue(&self, names: &Names, now: Ticks) -> anyhow::Result<(Arc<CertifiedKey>, Summary)> {
        let day = |days: i64| {
            let (year, month, day) = day(now + Ticks::from_secs(days * 86_400));
            rcgen::date_time_ymd(year, month, day)
        };
        let mut params = CertificateParams::new(self.permitted(names))?;
        params.distinguished_name = named(&host_name().unwrap_or_else(|| "localhost".into()));
        // A clock a little behind the box's must not find the certificate too young.
        (params.not_before, params.not_after) = (day(-1), day(TLS_LEAF_DAYS));
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let leaf = params.signed_by(&key, &self.issuer)?;
        let chain = Chain::read(&format!("{}{}", leaf.pem(), self.pem()), &key.serialize_pem())?;
        Ok((chain.key, chain.summary))
    }

    /// Those of the names that it may sign for, as they stand in a certificate.
    #[must_use]
    pub fn permitted(&self, names: &Names) -> Vec<String> {
        let Ok((_, certificate)) = X509Certificate::from_der(&self.der) else { return Vec::new() };
        let constraints = certificate.name_constraints().ok().flatten();
        let trees = constraints.and_then(|found| found.value.permitted_subtrees.as_ref());
        let Some(trees) = trees else { return Vec::new() };
        let may = |fits: &dyn Fn(&GeneralName<'_>) -> bool| trees.iter().any(|tree| fits(&tree.base));
        let hosts = names.hosts.iter().filter(|host| may(&|base| has_host(base, host)));
        let addresses = names.addresses.iter().filter(|address| may(&|base| has_address(base, **address)));
        hosts.cloned().chain(addresses.map(ToString::to_string)).collect()
    }

    /// Its certificate, DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its certificate, PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// SHA-256 of its certificate, in hexadecimal.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        super::chain::fingerprint(&self.der)
    }
}

/// RFC 5280, 4.2.1.10: "any DNS name that can be constructed by simply adding zero or more labels to the left".
fn has_host(base: &GeneralName<'_>, host: &str) -> bool {
    let GeneralName::DNSName(domain) = base else { return false };
    host == *domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// RFC 5280, 4.2.1.10: the address, then its mask.
fn has_address(base: &GeneralName<'_>, address: IpAddr) -> bool {
    let GeneralName::IPAddress(subnet) = base else { return false };
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let (network, mask) = subnet.split_at(subnet.len() / 2);
    let masked = |(octet, mask): (&u8, &u8)| octet & mask;
    network.len() == octets.len() && octets.iter().zip(mask).map(masked).eq(network.iter().copied())
}

/// Year, month and day.
fn day(time: Ticks) -> (i32, u8, u8) {
    let text = Utc(time).to_string();
    let mut numbers = text.split(['-', 'T']);
    let small = |number: Option<&str>| number.and_then(|digits| digits.parse().ok()).unwrap_or(1);
    let year = numbers.next().and_then(|digits| digits.parse().ok()).unwrap_or(1970);
    (year, small(numbers.next()), small(numbers.next()))
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::OrganizationName, "Forebay");
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Key and certificate, PEM.
fn make(names: &Names) -> anyhow::Result<String> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    let id: String = super::chain::fingerprint(&key.serialize_der()).chars().take(6).collect();
    let box_name = host_name().unwrap_or_else(|| "this box".into());
    params.distinguished_name = named(&format!("Forebay on {box_name} ({id})"));
    // Independent of the clock, which may be wrong at the very first start.
    (params.not_before, params.not_after) =
        (rcgen::date_time_ymd(2024, 1, 1), rcgen::date_time_ymd(2054, 1, 1));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints =
        Some(NameConstraints { permitted_subtrees: permitted(names), excluded_subtrees: Vec::new() });
    let certificate = params.self_signed(&key)?;
    Ok(format!("{}{}", key.serialize_pem(), certificate.pem()))
}

/// Private networks and domains, and what the box is called already.
fn permitted(names: &Names) -> Vec<GeneralSubtree> {
    let domains = PRIVATE_DOMAINS.into_iter().map(str::to_owned).chain(names.hosts.iter().cloned());
    let networks =
        PRIVATE_NETWORKS.into_iter().filter_map(|(network, prefix)| Some((network.parse().ok()?, prefix)));
    let own = names.addresses.iter().map(|address| (*address, if address.is_ipv4() { 32 } else { 128 }));
    let subnets = networks.chain(own).map(|(address, prefix)| CidrSubnet::from_addr_prefix(address, prefix));
    domains.map(GeneralSubtree::DnsName).chain(subnets.map(GeneralSubtree::IpAddress)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_private_network_is_an_address() {
        assert!(PRIVATE_NETWORKS.iter().all(|(network, _)| network.parse::<IpAddr>().is_ok()));
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(day(Ticks::from_secs(951_826_000)), (2000, 2, 29));
    }

    #[test]
    fn it_signs_for_private_names_alone() {
        let names = |hosts: &[&str], addresses: &[&str]| Names {
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        };
        let authority =
            Authority::read(&make(&names(&["box.studio.example"], &["198.51.100.7"])).unwrap()).unwrap();
        let good =
            names(&["box.studio.example", "tv.local", "localhost"], &["10.1.2.3", "198.51.100.7", "fd00::1"]);
        assert_eq!(authority.permitted(&good), good.texts().collect::<Vec<_>>());
        let bad = names(&["bank.example", "notlocal", "studio.example"], &["198.51.100.8", "2001:db8::1"]);
        assert_eq!(authority.permitted(&bad), Vec::<String>::new());
    }
}

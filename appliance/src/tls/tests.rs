//! Chains as operators upload them, right and wrong, and which certificate is served when.

use super::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use tempfile::TempDir;

const DAY: i64 = 86_400;

/// 2026-11-26.
fn now() -> Ticks {
    Ticks::from_secs(1_795_651_200)
}

type Signer = CertifiedIssuer<'static, KeyPair>;

fn params(name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) =
        (rcgen::date_time_ymd(2026, 1, 1), rcgen::date_time_ymd(2028, 1, 1));
    params
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn root() -> Signer {
    Signer::self_signed(authority_params("root"), KeyPair::generate().unwrap()).unwrap()
}

fn below(name: &str, signer: &Signer) -> Signer {
    Signer::signed_by(authority_params(name), KeyPair::generate().unwrap(), signer).unwrap()
}

/// PEM of the certificate and of its key.
fn leaf(signer: &Signer, change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
    let mut params = params("tv.example.org", &["tv.example.org", "192.0.2.7"]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, signer).unwrap().pem(), key.serialize_pem())
}

fn refused(chain: &str, key: &str) -> String {
    Chain::checked(chain, key, now()).map(drop).unwrap_err().to_string()
}

#[test]
fn a_whole_chain_is_taken_with_and_without_its_root() {
    let root = root();
    let middle = below("intermediate", &root);
    let (leaf, key) = leaf(&middle, |_| ());
    let whole = Chain::checked(&[leaf.as_str(), &middle.pem(), &root.pem()].concat(), &key, now()).unwrap();
    assert_eq!(whole.summary.names, ["tv.example.org", "192.0.2.7"]);
    assert_eq!(whole.summary.unknown_issuer, None);
    let usual = Chain::checked(&[leaf.as_str(), &middle.pem()].concat(), &key, now()).unwrap();
    assert!(usual.summary.unknown_issuer.unwrap().contains("root"));
    Chain::checked(&leaf, &key, now())
        .expect("an authority that signs servers itself need not be in the chain");
}

#[test]
fn a_certificate_that_signed_itself_is_taken() {
    let key = KeyPair::generate().unwrap();
    let own = params("tv", &["tv.lan"]).self_signed(&key).unwrap();
    assert_eq!(Chain::checked(&own.pem(), &key.serialize_pem(), now()).unwrap().summary.unknown_issuer, None);
}

#[test]
fn a_wrong_order_or_a_missing_signer_is_named() {
    let root = root();
    let middle = below("intermediate", &root);
    let (leaf, key) = leaf(&middle, |_| ());
    let reason = refused(&[leaf.as_str(), &root.pem(), &middle.pem()].concat(), &key);
    assert!(reason.contains("intermediate") && reason.contains("put each signer behind"), "{reason}");
    assert!(refused(&[leaf.as_str(), &root.pem()].concat(), &key).contains("leave none out"));
    let upside_down = refused(&[middle.pem().as_str(), &leaf].concat(), &key);
    assert!(upside_down.contains("must come first"), "{upside_down}");
}

#[test]
fn a_signer_of_the_same_name_with_another_key_is_found_out() {
    let (real, forged) = (root(), root());
    let (leaf, key) = leaf(&real, |_| ());
    assert!(refused(&[leaf.as_str(), &forged.pem()].concat(), &key).contains("does not hold"));
}

#[test]
fn one_that_may_not_sign_is_found_out() {
    let root = root();
    let plain =
        Signer::signed_by(params("not an authority", &["x.example"]), KeyPair::generate().unwrap(), &root)
            .unwrap();
    let (leaf, key) = leaf(&plain, |_| ());
    let reason = refused(&[leaf.as_str(), &plain.pem(), &root.pem()].concat(), &key);
    assert!(reason.contains("does not hold"), "{reason}");
}

#[test]
fn dates_names_and_use_are_looked_at() {
    let root = root();
    let with = |change: fn(&mut CertificateParams)| {
        let (leaf, key) = leaf(&root, change);
        refused(&[leaf.as_str(), &root.pem()].concat(), &key)
    };
    let old = with(|params| params.not_after = rcgen::date_time_ymd(2026, 11, 25));
    assert!(old.contains("expired on 2026-11-25"), "{old}");
    assert!(
        with(|params| params.not_before = rcgen::date_time_ymd(2026, 12, 1))
            .contains("not valid before 2026-12-01")
    );
    assert!(with(|params| params.subject_alt_names.clear()).contains("no subject alternative name"));
    let client = with(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    assert!(client.contains("lacks serverAuth"), "{client}");
    assert!(
        with(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)).contains("is an authority's")
    );
}

#[test]
fn what_is_no_certificate_or_no_key_is_named() {
    let root = root();
    let (leaf, key) = leaf(&root, |_| ());
    let (_, other_key) = self::leaf(&root, |_| ());
    assert!(refused("", &key).contains("there is no certificate"));
    assert!(
        refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &key)
            .contains("certificate 1")
    );
    assert!(refused(&leaf, "").contains("there is no private key"));
    assert!(refused(&leaf, &other_key).contains("does not belong to the first certificate"));
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    assert!(refused(&leaf, encrypted).contains("decrypt it first"));
    assert!(refused(&leaf.repeat(11), &key).contains("more than 10"));
}

#[test]
fn the_authority_stays_and_its_certificates_hold() {
    let folder = TempDir::new().unwrap();
    let open = || Tls::open(folder.path(), House::anchor()).unwrap();
    let (first, again) = (open(), open());
    assert_eq!(first.authority().fingerprint(), again.authority().fingerprint());
    let (first, again) = (first.status(), again.status());
    assert!(!first.uploaded && first.names.contains(&"localhost".to_owned()) && first.warning.is_none());
    assert_ne!(first.fingerprint_sha256, again.fingerprint_sha256, "the key is never written");
    // webpki knows name constraints: the leaf must be within those of the authority.
    let authority = open().0.authority.pem().to_owned();
    let (key, _) = open().0.authority.issue(&Names::of_this_box().unwrap(), now()).unwrap();
    let anchor = rustls::pki_types::pem::PemObject::from_pem_slice(authority.as_bytes()).unwrap();
    let anchors = [webpki::anchor_from_trusted_cert(&anchor).unwrap()];
    let time = rustls::pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_795_651_200));
    let end = webpki::EndEntityCert::try_from(&key.cert[0]).unwrap();
    let usage = webpki::KeyUsage::server_auth();
    end.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &anchors, &[], time, usage, None, None).unwrap();
}

#[test]
fn an_unreadable_authority_is_set_aside() {
    let folder = TempDir::new().unwrap();
    Tls::open(folder.path(), House::anchor()).unwrap();
    let file = folder.path().join("tls/ca.pem");
    std::fs::write(&file, "what a failing disk left").unwrap();
    Tls::open(folder.path(), House::anchor()).unwrap();
    let kept = std::fs::read_to_string(file.with_extension("unreadable")).unwrap();
    assert_eq!(kept, "what a failing disk left");
}

#[test]
fn an_upload_is_served_at_once_kept_and_forgotten_on_request() {
    let folder = TempDir::new().unwrap();
    let house = House::anchor();
    let tls = Tls::open(folder.path(), house).unwrap();
    let own = tls.status().fingerprint_sha256;
    let key = KeyPair::generate().unwrap();
    let mut params = params("tv", &["tv.lan"]);
    // The real clock decides here.
    (params.not_before, params.not_after) =
        (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2120, 1, 1));
    let uploaded = params.self_signed(&key).unwrap();
    assert!(tls.install("no certificate", "").is_err());
    assert_eq!(tls.status().fingerprint_sha256, own, "a refused upload changes nothing");
    tls.install(&uploaded.pem(), &key.serialize_pem()).unwrap();
    let served = tls.status();
    assert!(served.uploaded && served.names == ["tv.lan"]);
    tls.refresh().unwrap();
    assert_eq!(tls.status(), served, "what was uploaded is not replaced");
    assert_eq!(Tls::open(folder.path(), house).unwrap().status(), served);
    tls.reset().unwrap();
    assert!(!tls.status().uploaded && !Tls::open(folder.path(), house).unwrap().status().uploaded);
}

#[test]
fn keys_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let tls = Tls::open(folder.path(), House::anchor()).unwrap();
    let mode = |path: &str| std::fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("tls"), mode("tls/ca.pem")), (0o700, 0o600));
    assert!(!tls.authority().pem().contains("PRIVATE"));
}

#[test]
fn days_are_counted_down() {
    assert_eq!(days_left(now() + Ticks::from_secs(3 * DAY), now()), 3);
    assert_eq!(days_left(now() - Ticks::from_secs(1), now()), -1);
}

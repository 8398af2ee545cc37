//! The configuration profile that makes an iPhone, iPad or Mac know the authority. Pure.

use sha2::{Digest, Sha256};

/// The same for the same bytes, so that a profile loaded twice replaces itself (RFC 9562, 5.8).
fn uuid(purpose: &str, data: &str) -> String {
    let mut hash = [0; 16];
    hash.copy_from_slice(&Sha256::new().chain_update(purpose).chain_update(data).finalize()[..16]);
    let value = u128::from_be_bytes(hash) & !(0xF << 76) & !(0x3 << 62) | 0x8 << 76 | 0x2 << 62;
    let hex = format!("{value:032X}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The profile, with this certificate in it; `box_name`, a host name, is for people.
pub(super) fn mobileconfig(authority_pem: &str, box_name: &str) -> String {
    // Data of a property list and PEM are base64 alike.
    let lines: Vec<&str> = authority_pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let data = lines.join("\n");
    let (profile, payload) = (uuid("profile", &data), uuid("root", &data));
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
<key>PayloadType</key><string>Configuration</string>
<key>PayloadVersion</key><integer>1</integer>
<key>PayloadIdentifier</key><string>forebay.authority.{profile}</string>
<key>PayloadUUID</key><string>{profile}</string>
<key>PayloadDisplayName</key><string>Forebay on {box_name}</string>
<key>PayloadDescription</key><string>Lets this device play what the box {box_name} serves over HTTPS.</string>
<key>PayloadContent</key>
<array>
<dict>
<key>PayloadType</key><string>com.apple.security.root</string>
<key>PayloadVersion</key><integer>1</integer>
<key>PayloadIdentifier</key><string>forebay.authority.{profile}.root</string>
<key>PayloadUUID</key><string>{payload}</string>
<key>PayloadDisplayName</key><string>Certification authority of {box_name}</string>
<key>PayloadCertificateFileName</key><string>forebay.crt</string>
<key>PayloadContent</key>
<data>
{data}
</data>
</dict>
</array>
</dict>
</plist>
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_of_version_8_and_stays() {
        let id = uuid("profile", "x");
        assert_eq!((&id[14..15], id.len()), ("8", 36));
        assert!(matches!(&id[19..20], "8" | "9" | "A" | "B"), "{id}");
        assert_eq!(id, uuid("profile", "x"));
        assert_ne!(id, uuid("root", "x"));
    }
}

//! Network interfaces.

use super::kernel::{Root, names, number, text};
use crate::limits::LINKS_MAX;
use wire::NetworkLink;

/// IFF_UP of `flags`.
const UP: u32 = 1;

/// An interface, and what it has moved so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawLink {
    /// Without rates.
    pub link: NetworkLink,
    /// Bytes.
    pub received: u64,
    /// Bytes.
    pub sent: u64,
}

/// All but the machine's own and those without hardware that are switched off; hardware first. None when one of them cannot
/// be read, such as for want of descriptors: what is not known has not gone.
#[must_use]
pub fn all(root: &Root) -> Vec<RawLink> {
    let folder = root.at("sys/class/net");
    let one = |name: String| {
        let at = folder.join(&name);
        let count = |of: &str| number::<u64>(&at.join("statistics").join(of)).unwrap_or(0);
        let flags = text(&at.join("flags"))
            .and_then(|hex| u32::from_str_radix(hex.trim_start_matches("0x"), 16).ok())?;
        // Cannot be read of one that is switched off.
        let carrier = text(&at.join("carrier")).or_else(|| (flags & UP == 0).then(String::new))?;
        let link = NetworkLink {
            hardware: at.join("device").exists(),
            up: flags & UP != 0,
            carrier: carrier == "1",
            // -1 where it is not known.
            speed_mbps: number::<i64>(&at.join("speed")).and_then(|speed| u32::try_from(speed).ok()),
            errors: count("rx_errors") + count("tx_errors"),
            dropped: count("rx_dropped") + count("tx_dropped"),
            carrier_changes: number(&at.join("carrier_changes")).unwrap_or(0),
            ..NetworkLink::default()
        };
        let (received, sent) = (count("rx_bytes"), count("tx_bytes"));
        Some(RawLink { link: NetworkLink { name, ..link }, received, sent })
    };
    let found = names(&folder).into_iter().filter(|name| name != "lo").map(one);
    let found = found.collect::<Option<Vec<_>>>().unwrap_or_default().into_iter();
    let mut found: Vec<_> = found.filter(|raw| raw.link.hardware || raw.link.up).collect();
    found.sort_by_key(|raw| !raw.link.hardware);
    found.truncate(LINKS_MAX);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::read::fixture;

    #[test]
    fn interfaces_of_hardware_come_first_and_those_that_are_off_are_none() {
        let (_folder, root) = fixture(&[
            ("sys/class/net/br0/flags", "0x1003"),
            ("sys/class/net/br0/carrier", "0"),
            ("sys/class/net/eth1/flags", "0x1003"),
            ("sys/class/net/eth1/device/vendor", "x"),
            ("sys/class/net/eth1/carrier", "1"),
            ("sys/class/net/eth1/speed", "2500"),
            ("sys/class/net/eth1/statistics/rx_bytes", "77"),
            ("sys/class/net/eth1/statistics/tx_errors", "3"),
            ("sys/class/net/lo/flags", "0x9"),
            ("sys/class/net/sit0/flags", "0x80"),
        ]);
        let found = all(&root);
        let names: Vec<_> = found.iter().map(|raw| raw.link.name.as_str()).collect();
        assert_eq!(names, ["eth1", "br0"]);
        let (_folder, unread) =
            fixture(&[("sys/class/net/eth0/flags", "0x1003"), ("sys/class/net/eth0/device/vendor", "x")]);
        assert_eq!(all(&unread), [], "nobody knows whether a cable is in");
        let RawLink { link, received, .. } = &found[0];
        assert_eq!(
            (link.up, link.carrier, link.speed_mbps, link.errors, *received),
            (true, true, Some(2500), 3, 77)
        );
    }
}

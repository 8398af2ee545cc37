//! What the viewers of a channel were told of its encoders, and so which others may take over: pure.

use crate::devices::Reach;
use media::unit::CodecConfig;
use std::collections::{BTreeMap, BTreeSet};

/// Of one channel since it went on air; outlives workers and stages.
#[derive(Debug, Default)]
pub struct Course {
    told: BTreeMap<usize, CodecConfig>,
    on_air: Option<Option<String>>,
    without: BTreeSet<String>,
}

impl Course {
    /// Takes note of what decoders of a rendition must know; says whether those that are at work do, so that nothing
    /// changes for them.
    pub fn announce(&mut self, rendition: usize, config: &CodecConfig) -> bool {
        let known = self.told.get(&rendition).is_some_and(|told| told.covers(config));
        if self.on_air.is_none() {
            self.told.insert(rendition, config.clone());
        }
        known || self.on_air.is_none()
    }

    /// Pictures are out, of this driver's device or of software: what was announced stays.
    pub fn on_air(&mut self, driver: Option<&str>) {
        self.on_air.get_or_insert_with(|| driver.map(str::to_owned));
    }

    /// Where it may move to.
    #[must_use]
    pub fn reach(&self) -> Reach<'_> {
        match &self.on_air {
            None => Reach::Any,
            Some(Some(driver)) => Reach::Driver(driver),
            Some(None) => Reach::Software,
        }
    }

    /// This device's pictures are others than viewers were told of.
    pub fn leave_out(&mut self, device: &str) {
        self.without.insert(device.to_owned());
    }

    /// Those that were left out.
    #[must_use]
    pub const fn without(&self) -> &BTreeSet<String> {
        &self.without
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn avc(others: &[&'static [u8]]) -> CodecConfig {
        let sets = |kind: u8| {
            [&[&b"\x67one"[..], b"\x68one"], others].concat().into_iter().filter(move |set| set[0] == kind)
        };
        let sets = |kind| sets(kind).map(Bytes::from_static).collect();
        CodecConfig::Avc { sps: sets(0x67), pps: sets(0x68) }
    }

    #[test]
    fn a_channel_on_a_device_may_move_to_software_and_to_its_like() {
        let mut course = Course::default();
        let on_device = avc(&[b"\x67two", b"\x68two"]);
        assert!(course.announce(0, &avc(&[])) && course.announce(0, &on_device), "nothing was shown yet");
        assert_eq!(course.reach(), Reach::Any);
        course.on_air(Some("iHD"));
        assert!(course.announce(0, &avc(&[])) && course.announce(0, &on_device));
        assert!(!course.announce(0, &avc(&[b"\x67three"])));
        course.on_air(None);
        assert_eq!(course.reach(), Reach::Driver("iHD"));
    }

    #[test]
    fn a_channel_in_software_stays_there() {
        let mut course = Course::default();
        assert!(course.announce(0, &avc(&[])));
        course.on_air(None);
        assert_eq!(course.reach(), Reach::Software);
        assert!(!course.announce(0, &avc(&[b"\x67two"])));
    }
}

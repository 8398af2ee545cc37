//! What a GPU can do, asked of libva here and of NVIDIA's driver in [`nvidia`]. Runs in a process of its own, since drivers
//! crash and hang.
//!
//! Not here: which devices there are, and what to do when one does not answer (the daemon); encoding (`ladder::engine`).

mod ffi;
pub(crate) mod ffi_nvidia;
pub mod nvidia;

use anyhow::Context as _;
use media::link::DeviceKind;
use serde::{Deserialize, Serialize};
use std::ffi::c_int;
use std::fs::File;
use std::path::Path;

/// Names by the numbers in `va.h`: what matters to a live channel.
const PROFILES: [(c_int, &str); 9] = [
    (1, "MPEG-2 Main"),
    (6, "H.264 Main"),
    (7, "H.264 High"),
    (13, "H.264 Constrained Baseline"),
    (17, "HEVC Main"),
    (18, "HEVC Main 10"),
    (19, "VP9 0"),
    (21, "VP9 2"),
    (32, "AV1 0"),
];
const ENTRYPOINTS: [(c_int, Work); 3] = [(1, Work::Decode), (6, Work::Encode), (8, Work::EncodeLowPower)];
const RATE_CONTROLS: [(u32, &str); 3] = [(0x02, "CBR"), (0x04, "VBR"), (0x10, "CQP")];
const RT_FORMAT_YUV420_10: u32 = 0x100;
/// `VAConfigAttribRTFormat`, `…RateControl`, `…MaxPictureWidth`, `…MaxPictureHeight`.
const ATTRIBUTES: [c_int; 4] = [0, 5, 18, 19];

/// What libva calls an entry point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Coded pictures in.
    Decode,
    /// Coded pictures out.
    Encode,
    /// The same, by a smaller engine.
    EncodeLowPower,
}

/// One thing that a device can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ability {
    /// Such as `H.264 High`.
    pub profile: String,
    /// What it does with it.
    pub work: Work,
    /// The widest picture in pixels, where the driver says so.
    pub width_max: Option<u32>,
    /// The highest picture in pixels, where the driver says so.
    pub height_max: Option<u32>,
    /// Such as `CBR`.
    pub rate_controls: Vec<String>,
    /// Whether it takes ten bits a sample.
    pub ten_bit: bool,
}

/// A device that answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probed {
    /// By which interface it encodes.
    pub kind: DeviceKind,
    /// As the driver calls itself.
    pub driver: String,
    /// The device's name, where it is not the driver's.
    pub model: Option<String>,
    /// How many of them encode side by side.
    pub engines: u32,
    /// What it can do.
    pub abilities: Vec<Ability>,
}

/// Asks the driver of a render node.
///
/// # Errors
/// When the node cannot be opened, or its driver does not load or answer.
pub fn probe(node: &Path) -> anyhow::Result<Probed> {
    let file = File::options().read(true).write(true).open(node).context("it cannot be opened")?;
    let display = ffi::Display::open(file)?;
    let mut abilities = Vec::new();
    for profile in display.profiles()? {
        let Some((_, name)) = PROFILES.iter().find(|(number, _)| *number == profile) else { continue };
        for entrypoint in display.entrypoints(profile)? {
            let Some((_, work)) = ENTRYPOINTS.iter().find(|(number, _)| *number == entrypoint) else {
                continue;
            };
            abilities.push(ability(name, *work, display.attributes(profile, entrypoint, ATTRIBUTES)?));
        }
    }
    Ok(Probed { kind: DeviceKind::VaApi, driver: display.vendor(), model: None, engines: 1, abilities })
}

fn ability(profile: &str, work: Work, attributes: [Option<u32>; 4]) -> Ability {
    let [formats, rate_control, width_max, height_max] = attributes;
    let has = |set: Option<u32>, bit| set.unwrap_or(0) & bit != 0;
    let rate_controls = RATE_CONTROLS.iter().filter(|(bit, _)| has(rate_control, *bit));
    Ability {
        profile: profile.into(),
        work,
        width_max,
        height_max,
        rate_controls: rate_controls.map(|(_, name)| (*name).into()).collect(),
        ten_bit: has(formats, RT_FORMAT_YUV420_10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_become_names() {
        let known = ability("HEVC Main 10", Work::Encode, [Some(0x101), Some(0x16), Some(4096), None]);
        assert_eq!(known.rate_controls, ["CBR", "VBR", "CQP"]);
        assert!(known.ten_bit && known.width_max == Some(4096) && known.height_max.is_none());
        let silent = ability("H.264 Main", Work::Decode, [None; 4]);
        assert!(silent.rate_controls.is_empty() && !silent.ten_bit);
    }

    #[test]
    fn what_is_no_render_node_is_refused() {
        assert!(probe(Path::new("/dev/null")).is_err());
        assert!(probe(Path::new("/nowhere")).unwrap_err().to_string().contains("cannot be opened"));
    }
}

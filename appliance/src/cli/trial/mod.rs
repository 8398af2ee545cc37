//! `forebay check --encode`: each device encodes the default ladder, by the very worker that channels have.
//!
//! | module | what it is |
//! |---|---|
//! | `run` | a worker, its plan, and what it makes |
//! | `verdict` | pure: whether that is what a live channel needs |

mod run;
mod verdict;

use super::check::Check;
use crate::devices::{Found, place};
use media::link;

/// The processor first, then each device that says it can.
#[must_use]
pub fn checks(found: &[Found]) -> Vec<Check> {
    let usable = found.iter().filter_map(device).map(|device| (device.name.clone(), Some(device)));
    std::iter::once(("in software".to_owned(), None))
        .chain(usable.map(|(name, device)| (format!("on {name}"), device)))
        .map(|(name, device)| Check::new(format!("encode {name}"), trial(device)))
        .collect()
}

/// None for one that does not encode: its own check says why.
fn device(found: &Found) -> Option<link::Device> {
    let probed = found.answer.as_ref().ok()?;
    let (_, low_power) = place::capacity(probed, found.reading.as_ref()).ok()?;
    let node = found.node.display().to_string();
    Some(link::Device { name: found.name.clone(), kind: probed.kind, node, low_power })
}

fn trial(device: Option<link::Device>) -> Result<String, String> {
    let (plan, made) = run::run(device)?;
    let decode = |config: &_, units: &[_]| {
        worker::decode::count_pictures(config, units).map_err(|error| format!("{error:#}"))
    };
    verdict::judge(&plan, &made, decode)
}

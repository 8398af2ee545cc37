//! The GPUs in `forebay check`.

use super::check::Check;
use super::trial;
use crate::devices::probe::{self, Looked};
use crate::devices::{Found, shown};

/// One for each device; one that says so if there is none. With `encode` each of them encodes too, and the processor.
#[must_use]
pub fn checks(encode: bool) -> Vec<Check> {
    let Looked { found, looked_for } = probe::all(&[]);
    let trials = if encode { trial::checks(&found) } else { Vec::new() };
    let listed = if found.is_empty() {
        vec![Check::new("GPU", Ok(format!("none found. {}", looked_for.join(". "))))]
    } else {
        found.into_iter().map(check).collect()
    };
    [listed, trials].concat()
}

fn check(found: Found) -> Check {
    let described = found.answer.map(|probed| {
        let abilities = shown::abilities(&probed);
        let abilities = if abilities.is_empty() { "nothing of use".into() } else { abilities.join(", ") };
        let figures = found.reading.as_ref().map_or(String::new(), shown::reading);
        format!("{}: {abilities}{figures}", shown::title(&probed))
    });
    Check::new(format!("GPU {}", found.name), described)
}

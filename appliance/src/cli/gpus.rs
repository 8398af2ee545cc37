//! The GPUs in `forebay check`.

use super::check::Check;
use crate::devices::{Found, probe, shown};

/// One for each device; one that says so if there is none.
#[must_use]
pub fn checks() -> Vec<Check> {
    let found = probe::all(&[]);
    if found.is_empty() {
        vec![Check::new("GPU", Ok(none_found()))]
    } else {
        found.into_iter().map(check).collect()
    }
}

fn none_found() -> String {
    format!(
        "none found: there is no {}/renderD…; with a GPU in this machine, install its kernel driver and firmware",
        probe::FOLDER
    )
}

fn check(found: Found) -> Check {
    let described = found.answer.map(|probed| {
        let abilities = shown::abilities(&probed);
        let abilities = if abilities.is_empty() { "nothing of use".into() } else { abilities.join(", ") };
        format!("{}: {abilities}", probed.driver)
    });
    Check::new(format!("GPU {}", found.name), described)
}

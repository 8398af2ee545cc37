//! Makes sure that there is an admin UI to embed: the built one, or a page which says that it was not built.
//!
//! `admin-ui/dist` is written by the crate `admin-ui-build`, for which a wasm32 target is needed. The daemon builds and is
//! tested without it, and never silently.

use std::path::Path;
use std::{fs, io};

/// Left by `admin-ui-build` in a folder that it has written in full.
const STAMP: &str = ".stamp";

/// What the daemon serves where there is no admin UI.
const PLACEHOLDER: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>Forebay</title>
<p>The admin UI was not built into this binary; run make build.</p>
<p>Everything it does is also in the API, under <code>/api/v1/</code>, and in <code>forebay channel</code>.</p>
</html>
";

fn main() -> io::Result<()> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../admin-ui/dist");
    fs::create_dir_all(&dist)?;
    if !dist.join("index.html").exists() {
        fs::write(dist.join("index.html"), PLACEHOLDER)?;
    }
    if !dist.join(STAMP).exists() {
        println!("cargo::warning=the admin UI was not built, a placeholder page is embedded; run make build");
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", dist.display());
    Ok(())
}

//! Builds the admin UI for the browser and lays it out in `admin-ui/dist`, which the daemon embeds.
//!
//! ```text
//! inputs    what the result depends on, as one number: unchanged inputs, nothing to do
//! compile   cargo for wasm32, then wasm-bindgen as a library: no tool to install, no version to match
//! dist      names with a hash, brotli siblings, written so that a reader never sees half of it
//! ```
//!
//! Run it as `cargo run --release --locked -p admin-ui-build`. The layout is a contract with the daemon: `index.html` and
//! `assets/*`, each with a `.br` sibling; assets never change under their name, so they may be cached for ever.
#![forbid(unsafe_code)]

mod compile;
mod dist;
mod inputs;

use anyhow::{Context, Result};
use std::path::Path;

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .context("this crate lies two folders below the root")?;
    let dist = root.join("admin-ui/dist");
    let stamp = inputs::stamp(root)?;
    if dist::is_current(&dist, &stamp) {
        println!("admin UI: nothing changed");
        return Ok(());
    }
    println!("admin UI: compiling for WebAssembly (some minutes the first time)");
    let module = compile::module(root)?;
    let page = dist::Page::read(&root.join("admin-ui"), module)?;
    let written = dist::write(&dist, &page.assets(), &stamp)?;
    for (name, plain_bytes, brotli_bytes) in written {
        println!("admin UI: {name:<40} {plain_bytes:>8} bytes, {brotli_bytes:>7} in brotli");
    }
    Ok(())
}

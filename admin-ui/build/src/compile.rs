//! From the crate `admin-ui` to a WebAssembly module and the JavaScript that speaks with it.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};
use wasm_bindgen_cli_support::Bindgen;

/// The target triple of browsers.
const TARGET: &str = "wasm32-unknown-unknown";
/// Small, and aborting on panic. These go over the release profile instead of being a profile of their own, so that
/// build scripts and macros are compiled once for the daemon and for this.
const PROFILE: [(&str, &str); 5] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "z"),
    ("CARGO_PROFILE_RELEASE_LTO", "fat"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
    ("CARGO_PROFILE_RELEASE_STRIP", "debuginfo"),
];

/// What the browser loads.
pub(crate) struct Module {
    /// The program.
    pub(crate) wasm: Vec<u8>,
    /// Its glue to the browser's interfaces.
    pub(crate) js: Vec<u8>,
}

/// Compiles the admin UI of the workspace at `root`.
pub(crate) fn module(root: &Path) -> Result<Module> {
    let target_dir =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
    compile(root, &target_dir, wasm_environment(root)?)?;
    bind(&target_dir.join(TARGET).join("release").join("admin_ui.wasm"), &target_dir.join("admin-ui-bindgen"))
}

/// What cargo needs in its environment to reach a standard library for the target on this machine.
fn wasm_environment(root: &Path) -> Result<Vec<(String, String)>> {
    let script = root.join("admin-ui/build/ensure-wasm-target.sh");
    let output = Command::new("bash").arg(&script).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("running {} (is bash installed?)", script.display()))?;
    ensure!(output.status.success(), "no way was found to compile for {TARGET}: see the lines above");
    let lines = String::from_utf8(output.stdout).context("the script prints UTF-8")?;
    Ok(lines
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.into(), value.into()))
        .collect())
}

/// Runs cargo. The cargo that runs this program holds no lock by now: it lets go before it starts what it has built.
fn compile(root: &Path, target_dir: &Path, environment: Vec<(String, String)>) -> Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root).envs(environment).envs(PROFILE).env("CARGO_TARGET_DIR", target_dir);
    command.args(["build", "--locked", "--release", "--lib", "--package", "admin-ui", "--target", TARGET]);
    let status = command.status().context("running cargo")?;
    ensure!(status.success(), "cargo could not compile the admin UI for {TARGET}: see the lines above");
    Ok(())
}

/// Does what the wasm-bindgen command does, by the library of exactly the version that the crate uses.
fn bind(wasm: &Path, out: &Path) -> Result<Module> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).web(true)?.typescript(false).omit_default_module_path(true);
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen.generate(out).with_context(|| format!("wasm-bindgen on {}", wasm.display()))?;
    let read = |name: &str| -> Result<Vec<u8>> {
        let path: PathBuf = out.join(name);
        fs::read(&path).with_context(|| format!("reading {}", path.display()))
    };
    Ok(Module { wasm: read("admin_ui_bg.wasm")?, js: read("admin_ui.js")? })
}

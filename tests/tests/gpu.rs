//! What the product finds of GPUs, by its own way through the real libva: against a driver without a GPU (`gpu-doubles/`).

use anyhow::{Context, ensure};
use e2e::daemon::{binary, workspace};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Two render nodes whose driver is the double.
struct Doubles {
    folder: TempDir,
}

impl Doubles {
    /// Builds driver and shim.
    fn new() -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        run(Command::new(cargo)
            .args(["build", "--quiet", "--locked", "--package", "va-double"])
            .current_dir(workspace()))?;
        std::fs::copy(built()?.join("libdouble_drv_video.so"), folder.path().join("double_drv_video.so"))?;
        let shim = workspace().join("tests/gpu-doubles/drm/shim.c");
        run(Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .arg(folder.path().join("shim.so"))
            .arg(shim))?;
        let nodes = folder.path().join("dri");
        std::fs::create_dir(&nodes)?;
        for name in ["renderD128", "renderD129", "card0"] {
            std::fs::write(nodes.join(name), [])?;
        }
        Ok(Self { folder })
    }

    /// What `forebay check` says of GPUs: name, whether it is good, what was found.
    fn check(&self, drivers: &Path, nodes: &Path) -> anyhow::Result<Vec<(String, bool, String)>> {
        let data = TempDir::new()?;
        let mut command = Command::new(binary());
        command.args(["check", "--json", "--bind", "127.0.0.1", "--data-dir"]).arg(data.path());
        for port in ["--http-port", "--https-port", "--rtmp-port", "--srt-port"] {
            command.args([port, "0"]);
        }
        command.env("LIBVA_DRIVERS_PATH", drivers).env("LIBVA_DRIVER_NAME", "double");
        command.env("LD_PRELOAD", self.folder.path().join("shim.so")).env("DOUBLE_DRI", nodes);
        let output = command.stdin(Stdio::null()).output()?;
        let told: Vec<Value> = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let gpus = told.iter().filter(|check| text(&check["name"]).starts_with("GPU"));
        let gpus: Vec<_> =
            gpus.map(|gpu| (text(&gpu["name"]), gpu["good"] == true, text(&gpu["found"]))).collect();
        ensure!(
            gpus.iter().all(|(_, good, _)| *good) || !output.status.success(),
            "{gpus:?}: {}",
            output.status
        );
        Ok(gpus)
    }
}

/// Where cargo leaves what it builds for tests.
fn built() -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    Ok(test.ancestors().nth(2).context("no target folder")?.to_owned())
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[test]
fn devices_are_found_with_what_they_can_do_and_what_they_lack_is_said() -> anyhow::Result<()> {
    let doubles = Doubles::new()?;
    let (drivers, nodes) = (doubles.folder.path(), doubles.folder.path().join("dri"));
    let found = doubles.check(drivers, &nodes)?;
    let names: Vec<_> = found.iter().map(|(name, good, _)| (name.as_str(), *good)).collect();
    ensure!(names == [("GPU renderD128", true), ("GPU renderD129", true)], "{found:?}");
    for expected in ["encodes H.264 High to 4096x4096 by CBR", "encodes H.264 Constrained Baseline"] {
        ensure!(found[0].2.contains(expected), "{expected}: {}", found[0].2);
    }

    let empty = TempDir::new()?;
    let without_driver = doubles.check(empty.path(), &nodes)?;
    for (name, good, told) in &without_driver {
        ensure!(!good && told.contains("intel-media-va-driver"), "{name}: {told}");
    }
    ensure!(without_driver.len() == 2, "{without_driver:?}");

    let none = doubles.check(drivers, empty.path())?;
    ensure!(none.len() == 1 && none[0].1 && none[0].2.starts_with("none found"), "{none:?}");
    Ok(())
}

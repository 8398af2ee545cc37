//! ffmpeg as an encoder: a real H.264/AAC file, sent in real time over RTMP or SRT.

use crate::daemon::{Channel, Daemon};
use anyhow::{Context, ensure};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use tempfile::NamedTempFile;

/// How a source comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// `rtmp://HOST/live/KEY`.
    Rtmp,
    /// `srt://HOST?streamid=KEY`.
    Srt,
}

impl Transport {
    /// The channel's source in the API.
    #[must_use]
    pub fn source(self) -> &'static str {
        match self {
            Self::Rtmp => "rtmp",
            Self::Srt => "srt",
        }
    }

    /// Where to send to.
    #[must_use]
    pub fn url(self, daemon: &Daemon, key: &str) -> String {
        match self {
            Self::Rtmp => format!("rtmp://127.0.0.1:{}/live/{key}", daemon.ports.rtmp),
            Self::Srt => format!("srt://127.0.0.1:{}?streamid={key}", daemon.ports.srt),
        }
    }

    fn container(self) -> &'static str {
        match self {
            Self::Rtmp => "flv",
            Self::Srt => "mpegts",
        }
    }
}

/// A publisher; dropping it cuts the source.
#[derive(Debug)]
pub struct Publisher {
    child: Child,
}

impl Publisher {
    /// Begins to send the sample, over and over, to a channel.
    ///
    /// # Errors
    /// When ffmpeg cannot be run.
    pub fn start(daemon: &Daemon, channel: &Channel, transport: Transport) -> anyhow::Result<Self> {
        Self::to(&transport.url(daemon, &channel.stream_key), transport)
    }

    /// Begins to send to any address.
    ///
    /// # Errors
    /// When ffmpeg cannot be run.
    pub fn to(url: &str, transport: Transport) -> anyhow::Result<Self> {
        Self::coded(url, transport, &["-c", "copy"])
    }

    /// Begins to send the sample, coded anew as these arguments of ffmpeg say.
    ///
    /// # Errors
    /// When ffmpeg cannot be run.
    pub fn coded(url: &str, transport: Transport, coding: &[&str]) -> anyhow::Result<Self> {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-hide_banner", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i"]).arg(sample()?);
        ffmpeg.args(coding).args(["-f", transport.container(), url]);
        Self::run(ffmpeg)
    }

    /// Begins to send a transport stream as it is, once and in real time.
    ///
    /// # Errors
    /// When ffmpeg cannot be run.
    pub fn file(url: &str, transport: Transport, file: &Path) -> anyhow::Result<Self> {
        Self::stamped(url, transport, file, 0, None)
    }

    /// Begins to send a transport stream in real time, its stamps from so many seconds on, and another so many seconds later
    /// from the given second of it on.
    ///
    /// # Errors
    /// When ffmpeg cannot be run.
    pub fn stamped(
        url: &str,
        transport: Transport,
        file: &Path,
        begin: u64,
        jump: Option<(u64, u64)>,
    ) -> anyhow::Result<Self> {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-hide_banner", "-loglevel", "error", "-re", "-i"]).arg(file).args(["-c", "copy"]);
        if let Some((from, by)) = jump {
            let stamps = format!("setts=ts='TS+gte(TS*TB,{from})*{by}/TB'");
            ffmpeg.args(["-bsf:v", &stamps, "-bsf:a", &stamps]);
        }
        ffmpeg.args(["-output_ts_offset", &begin.to_string(), "-f", transport.container(), url]);
        Self::run(ffmpeg)
    }

    /// Stops it where it is, connected, or has it go on: then it sends what it is behind with at once.
    ///
    /// # Errors
    /// When it has gone.
    pub fn stall(&self, stalls: bool) -> anyhow::Result<()> {
        let signal = if stalls { rustix::process::Signal::STOP } else { rustix::process::Signal::CONT };
        crate::procfs::signal(self.child.id(), signal)
    }

    fn run(mut ffmpeg: Command) -> anyhow::Result<Self> {
        let child = ffmpeg.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Ok(Self { child: child.context("running ffmpeg")? })
    }

    /// Whether it is still connected: ffmpeg exits when it is refused or cut off.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A file of 20 s, 640x360 at 30 fps with sound, closed GOPs of 1 s: made once per test program.
///
/// # Errors
/// When ffmpeg cannot make it.
pub fn sample() -> anyhow::Result<PathBuf> {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    if let Some(path) = MADE.get() {
        return Ok(path.clone());
    }
    // Kept for the next test program: making it takes seconds.
    let path = std::env::temp_dir().join("forebay-e2e-sample-1.mp4");
    if !path.is_file() {
        make_sample(&path)?;
    }
    Ok(MADE.get_or_init(|| path).clone())
}

/// What a source looks like.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Width and height.
    pub size: (u32, u32),
    /// Pictures a second.
    pub rate: u32,
    /// Channels of sound.
    pub channels: u32,
    /// Samples a second.
    pub sample_rate: u32,
}

impl Look {
    /// Arguments of ffmpeg that make so many seconds of it from `begin` on: each second begins with a flash and a beep.
    fn args(self, seconds: u64, begin: u64) -> Vec<String> {
        let Self { size: (width, height), rate, channels, sample_rate } = self;
        let flash = "drawbox=t=fill:color=white:enable='lt(mod(t,1),0.1)'";
        let picture = format!("color=c=0x203040:s={width}x{height}:r={rate}:d={seconds},{flash}");
        let sound = format!("aevalsrc='0.5*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':s={sample_rate}:d={seconds}");
        let inputs = ["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound];
        let video =
            ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"];
        let (gop, channels, begin) = (rate.to_string(), channels.to_string(), begin.to_string());
        let rest = ["-g", &gop, "-c:a", "aac", "-ac", &channels, "-output_ts_offset", &begin];
        [&inputs[..], &video, &rest].concat().into_iter().map(ToOwned::to_owned).collect()
    }
}

/// One transport stream in which the source changes its look each so many seconds.
///
/// # Errors
/// When ffmpeg cannot make it.
pub fn changing(looks: &[Look], seconds: u64) -> anyhow::Result<NamedTempFile> {
    let joined = tempfile::Builder::new().suffix(".ts").tempfile()?;
    for (look, index) in looks.iter().zip(0..) {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-hide_banner", "-loglevel", "error"]).args(look.args(seconds, index * seconds));
        ffmpeg.args(["-muxdelay", "0", "-f", "mpegts", "-"]);
        let made = ffmpeg.stdin(Stdio::null()).output().context("running ffmpeg")?;
        ensure!(made.status.success(), "ffmpeg: {}", String::from_utf8_lossy(&made.stderr));
        joined.as_file().write_all(&made.stdout)?;
    }
    Ok(joined)
}

/// A transport stream whose content is well, then black, well, frozen, well, silent and well again, each for so many
/// seconds.
///
/// # Errors
/// When ffmpeg cannot make it.
pub fn faulty(seconds: u64) -> anyhow::Result<NamedTempFile> {
    let during = |phase: u64| format!("between(t,{},{})", phase * seconds, (phase + 1) * seconds);
    let whole = 7 * seconds;
    let picture = format!(
        "testsrc2=s=640x360:r=30:d={whole},drawbox=t=fill:color=black:enable='{}',\
         drawbox=t=fill:color=0x405060:enable='{}'",
        during(1),
        during(3)
    );
    let sound = format!("aevalsrc='0.3*sin(2*PI*440*t)*(1-{})':s=48000:d={whole}", during(5));
    let file = tempfile::Builder::new().suffix(".ts").tempfile()?;
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-hide_banner", "-loglevel", "error", "-y", "-f", "lavfi", "-i", &picture]);
    ffmpeg.args([
        "-f",
        "lavfi",
        "-i",
        &sound,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-tune",
        "zerolatency",
    ]);
    ffmpeg.args([
        "-g",
        "30",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
        "-ac",
        "2",
        "-muxdelay",
        "0",
        "-f",
        "mpegts",
    ]);
    let made = ffmpeg.arg(file.path()).stdin(Stdio::null()).output().context("running ffmpeg")?;
    ensure!(made.status.success(), "ffmpeg: {}", String::from_utf8_lossy(&made.stderr));
    Ok(file)
}

fn make_sample(path: &std::path::Path) -> anyhow::Result<()> {
    let half_done = path.with_extension(format!("{}.mp4", std::process::id()));
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-hide_banner", "-loglevel", "error", "-y"]);
    ffmpeg.args([
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=640x360:r=30:d=20",
        "-f",
        "lavfi",
        "-i",
        "sine=f=440:b=1:r=48000:d=20",
    ]);
    ffmpeg.args(["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "high"]);
    ffmpeg.args(["-b:v", "1M", "-g", "30", "-sc_threshold", "0", "-pix_fmt", "yuv420p"]);
    ffmpeg.args(["-c:a", "aac", "-ac", "2", "-b:a", "128k"]).arg(&half_done);
    let made = ffmpeg.stdin(Stdio::null()).output().context("running ffmpeg")?;
    ensure!(made.status.success(), "ffmpeg: {}", String::from_utf8_lossy(&made.stderr));
    // Two test programs may make it at once: the last rename wins, each whole.
    std::fs::rename(&half_done, path)?;
    Ok(())
}

//! Drivers without a GPU behind them (`gpu-doubles/`), daemons that find them, and what is expected of channels there.

use crate::clock::until;
use crate::daemon::{Channel, Daemon, binary, small_ladder, workspace};
use crate::playlist::{Media, Multivariant};
use crate::{ffmpeg, http, judges};
use anyhow::{Context, ensure};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::{NamedTempFile, TempDir};
use wire::{DeviceHealth, DeviceList};

/// On a busy machine; what viewers may see of it is the watcher's to say.
pub const MOVE_LIMIT: Duration = Duration::from_secs(20);
/// Names by which NVIDIA's driver is looked for.
const LIBRARIES: [&str; 3] = ["libcuda.so.1", "libnvidia-encode.so.1", "libnvidia-ml.so.1"];

/// Devices whose driver is a double.
pub struct Doubles {
    folder: TempDir,
    /// Environment by which a process finds them.
    found_by: Vec<(&'static str, PathBuf)>,
}

impl Doubles {
    /// Two render nodes, behind the real libva.
    ///
    /// # Errors
    /// When they cannot be built.
    pub fn va() -> anyhow::Result<Self> {
        let folder = build("va-double")?;
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
        let found_by = vec![
            ("LIBVA_DRIVERS_PATH", folder.path().to_owned()),
            ("LIBVA_DRIVER_NAME", "double".into()),
            ("LD_PRELOAD", folder.path().join("shim.so")),
            ("DOUBLE_DRI", nodes),
        ];
        Ok(Self { folder, found_by })
    }

    /// NVIDIA's cards: place on the bus, MiB of memory and name of each, in NVML's order.
    ///
    /// # Errors
    /// When they cannot be built.
    pub fn nvidia(cards: &[&str]) -> anyhow::Result<Self> {
        let folder = build("nvidia-double")?;
        std::fs::copy(built()?.join("libdouble_nvidia.so"), folder.path().join("libdouble_nvidia.so"))?;
        for library in LIBRARIES {
            std::os::unix::fs::symlink("libdouble_nvidia.so", folder.path().join(library))?;
        }
        std::fs::write(folder.path().join("cards"), cards.join("\n"))?;
        let found_by = vec![
            ("LD_LIBRARY_PATH", folder.path().to_owned()),
            ("DOUBLE_NVIDIA", folder.path().join("cards")),
        ];
        Ok(Self { folder, found_by })
    }

    /// Where their files are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A daemon that finds them.
    ///
    /// # Errors
    /// As [`Daemon::start_in`].
    pub fn daemon(&self) -> anyhow::Result<Daemon> {
        self.fault("")?;
        let fault = self.fault_file();
        let all = self.found_by.iter().map(|(name, value)| (*name, value.as_path()));
        Daemon::start_in(&all.chain([("DOUBLE_FAULT", fault.as_path())]).collect::<Vec<_>>())
    }

    /// A command that finds them.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).stdin(Stdio::null());
        command.envs(self.found_by.iter().map(|(name, value)| (*name, value)));
        command.env("DOUBLE_FAULT", self.fault_file());
        command
    }

    fn fault_file(&self) -> PathBuf {
        self.folder.path().join("fault")
    }

    /// From now on this goes wrong. Whole or not at all: the driver reads it at each picture.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn fault(&self, words: &str) -> anyhow::Result<()> {
        let part = self.folder.path().join("fault.part");
        std::fs::write(&part, words)?;
        Ok(std::fs::rename(part, self.fault_file())?)
    }

    /// What `forebay check` says of GPUs: name, whether it is good, what was found. With changes to its environment.
    ///
    /// # Errors
    /// When it says nothing, or its exit code contradicts what it says.
    pub fn check(&self, changes: &[(&str, &Path)]) -> anyhow::Result<Vec<(String, bool, String)>> {
        self.checks("GPU", &[], changes)
    }

    /// What `forebay check --encode` says of each encoder.
    ///
    /// # Errors
    /// As [`Doubles::check`].
    pub fn trials(&self) -> anyhow::Result<Vec<(String, bool, String)>> {
        self.checks("encode", &["--encode"], &[])
    }

    fn checks(
        &self,
        of: &str,
        flags: &[&str],
        changes: &[(&str, &Path)],
    ) -> anyhow::Result<Vec<(String, bool, String)>> {
        let data = TempDir::new()?;
        let mut command = self.command(&["check", "--json", "--bind", "127.0.0.1", "--data-dir"]);
        command.arg(data.path()).args(flags);
        for port in ["--http-port", "--https-port", "--rtmp-port", "--srt-port"] {
            command.args([port, "0"]);
        }
        let output = command.envs(changes.iter().copied()).output()?;
        let told: Vec<Value> = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let gpus = told.iter().filter(|check| text(&check["name"]).starts_with(of));
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

/// Has cargo build a double; gives a folder for it.
fn build(package: &str) -> anyhow::Result<TempDir> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo)
        .args(["build", "--quiet", "--locked", "--package", package])
        .current_dir(workspace()))?;
    Ok(TempDir::new()?)
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

/// As `forebay devices` lists them.
///
/// # Errors
/// What it says instead.
pub fn devices(daemon: &Daemon) -> anyhow::Result<DeviceList> {
    let listed = daemon.cli(&["devices", "--json"])?;
    serde_json::from_slice(&listed.stdout)
        .with_context(|| String::from_utf8_lossy(&listed.stderr).into_owned())
}

/// Waits until a channel is encoded there; none is software.
///
/// # Errors
/// Where it is instead.
pub fn wait_on(daemon: &Daemon, channel: &Channel, device: Option<&str>) -> anyhow::Result<()> {
    let moved = until("the channel moves", MOVE_LIMIT, || {
        let encoding = daemon.channel(&channel.slug)?.encoding.context("nothing encodes it")?;
        ensure!(encoding.device.as_deref() == device, "{encoding:?}");
        Ok(())
    });
    moved.with_context(|| daemon.log())
}

fn newest(daemon: &Daemon, channel: &Channel) -> anyhow::Result<(Media, u64)> {
    let playlists = Multivariant::fetch(&daemon.live(channel, "master.m3u8"))?;
    let media = Media::fetch(&playlists.video[0])?;
    let msn = media.complete().next_back().context("no complete segment")?.0;
    Ok((media, msn))
}

/// Waits until so many segments more are there.
///
/// # Errors
/// How many there are.
pub fn segments_more(daemon: &Daemon, channel: &Channel, count: u64) -> anyhow::Result<()> {
    let from = newest(daemon, channel)?.1;
    until("more segments", MOVE_LIMIT + Duration::from_secs(2 * count), || {
        let now = newest(daemon, channel)?.1;
        ensure!(now >= from + count, "{} of {count}", now - from);
        Ok(())
    })
}

/// All that the playlist of pictures lists now, behind its one header, in the eyes of ffprobe and ffmpeg.
///
/// # Errors
/// What is wrong with it.
pub fn judge_pictures(daemon: &Daemon, channel: &Channel) -> anyhow::Result<()> {
    let (media, _) = newest(daemon, channel)?;
    ensure!(!media.text.contains("DISCONTINUITY"), "{}", media.text);
    ensure!(media.text.matches("#EXT-X-MAP").count() == 1, "{}", media.text);
    let mut file = NamedTempFile::with_suffix(".mp4")?;
    file.write_all(&http::fetch(media.init_url.as_deref().context("EXT-X-MAP")?)?.body)?;
    let segments: Vec<_> = media.complete().collect();
    for (_, url) in &segments {
        file.write_all(&http::fetch(url)?.body)?;
    }
    let complaints = ffmpeg::complaints(file.path())?;
    ensure!(complaints.is_empty(), "{complaints}");
    let said = judges::ffprobe(file.path())?;
    for (name, value) in [("codec_name", "h264"), ("profile", "High"), ("width", "640"), ("height", "360")] {
        ensure!(said[0][name] == value, "{name}: {said:?}");
    }
    let packets = ffmpeg::packets(file.path(), "v:0")?;
    ensure!(
        packets.len() == 60 * segments.len(),
        "{} pictures in {} segments",
        packets.len(),
        segments.len()
    );
    let frame = packets[1].dts - packets[0].dts;
    for (index, two) in packets.windows(2).enumerate() {
        ensure!(two[1].dts - two[0].dts == frame && two[0].pts == two[0].dts, "picture {index}: {two:?}");
    }
    // One each second; more only where an encoder took over in between.
    ensure!(packets.iter().step_by(30).all(ffmpeg::Packet::is_key), "an IDR picture is missing on the grid");
    Ok(())
}

/// The alarm that names devices that have failed.
///
/// # Errors
/// When the daemon does not answer.
pub fn distrust_alarm(daemon: &Daemon) -> anyhow::Result<Option<wire::Alarm>> {
    let alarms: Vec<wire::Alarm> = http::fetch(&format!("{}/api/v1/alarms", daemon.base()))?.json()?;
    Ok(alarms.into_iter().find(|alarm| alarm.id == "device-distrusted"))
}

/// Has a device trusted again.
///
/// # Errors
/// What the daemon says instead.
pub fn trust(daemon: &Daemon, name: &str) -> anyhow::Result<()> {
    let done = daemon.cli(&["devices", "trust", name])?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

/// What goes wrong, on which device, where the channel goes, and what the alarm says of it.
pub struct Fault {
    /// In the double's words.
    pub word: &'static str,
    /// Name of the device that fails.
    pub from: &'static str,
    /// Name of the one to which the channel goes.
    pub to: &'static str,
    /// As the alarm tells it.
    pub cause: &'static str,
}

/// A channel leaves a device that fails without a seam, new ones are not placed there, and it is used again when the
/// operator says so.
///
/// # Errors
/// What is otherwise.
pub fn survive(daemon: &Daemon, doubles: &Doubles, channel: &Channel, fault: &Fault) -> anyhow::Result<()> {
    let Fault { word, from, to, cause } = fault;
    segments_more(daemon, channel, 3)?;
    let place = from.strip_prefix("pci-").unwrap_or(from);
    doubles.fault(&format!("{place}:{word}"))?;
    wait_on(daemon, channel, Some(to)).context(*word)?;
    let alarm = distrust_alarm(daemon)?.context("no alarm")?;
    ensure!(alarm.cause.contains(&format!("{from}: {cause}")), "{word}: {alarm:?}");
    ensure!(alarm.remedy.contains(&format!("forebay devices trust {from}")), "{word}: {alarm:?}");
    segments_more(daemon, channel, 2)?;
    judge_pictures(daemon, channel).with_context(|| format!("after {word}"))?;
    let other = daemon.add_channel("Other", "srt", &small_ladder())?;
    wait_on(daemon, &other, Some(to)).context("it is placed on a device that failed")?;
    daemon.cli(&["channel", "remove", &other.slug])?;
    doubles.fault("")?;
    trust(daemon, from)?;
    ensure!(distrust_alarm(daemon)?.is_none(), "the alarm stays");
    until("the device is good again", MOVE_LIMIT, || {
        let list = devices(daemon)?.devices;
        ensure!(list.iter().all(|device| device.health == DeviceHealth::Good), "{list:?}");
        Ok(())
    })
}

/// With the channel on `last_but_one`, which fails, and no session on the `last`: software it is, and back when the `last` is
/// trusted again.
///
/// # Errors
/// What is otherwise.
pub fn survive_in_software(
    daemon: &Daemon,
    doubles: &Doubles,
    channel: &Channel,
    [last_but_one, last]: [&str; 2],
) -> anyhow::Result<()> {
    let place = |name: &str| name.strip_prefix("pci-").unwrap_or(name).to_owned();
    doubles.fault(&format!("{}:fail@1 {}:sessions=0", place(last_but_one), place(last)))?;
    wait_on(daemon, channel, None)?;
    let health: Vec<_> = devices(daemon)?.devices.iter().map(|device| device.health).collect();
    ensure!(health == [DeviceHealth::Distrusted; 2], "{health:?}");
    let cause = distrust_alarm(daemon)?.context("no alarm")?.cause;
    ensure!(cause.contains(&format!("{last}: rung 0 (640x360): open the encoder")), "{cause}");
    segments_more(daemon, channel, 3)?;
    judge_pictures(daemon, channel).context("in software")?;
    doubles.fault("")?;
    trust(daemon, last)?;
    wait_on(daemon, channel, Some(last))?;
    segments_more(daemon, channel, 3)?;
    judge_pictures(daemon, channel).context("back on a device")
}

//! GPUs, by the product's own way through the real libva and libavcodec: against a driver without a GPU (`gpu-doubles/`).
//! They are found, channels are encoded on them, and leave one that fails without their viewers noticing.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Channel, Daemon, binary, small_ladder, workspace};
use e2e::playlist::{Media, Multivariant};
use e2e::watcher::{Excuse, Watcher};
use e2e::{alone, ffmpeg, http, judges};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::{NamedTempFile, TempDir};
use wire::{ChannelState, DeviceHealth, DeviceList};

/// On a busy machine; what viewers may see of it is the watcher's to say.
const MOVE_LIMIT: Duration = Duration::from_secs(20);
/// A device that hangs is seen after a second; the worker that waits then catches up.
const HUNG: Excuse = Excuse::PartGap(Duration::from_secs(3), "the test hangs a device");

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

    /// A daemon that finds them.
    fn daemon(&self) -> anyhow::Result<Daemon> {
        self.fault("")?;
        let (folder, nodes) = (self.folder.path(), self.folder.path().join("dri"));
        Daemon::start_in(&[
            ("LIBVA_DRIVERS_PATH", folder),
            ("LIBVA_DRIVER_NAME", Path::new("double")),
            ("LD_PRELOAD", &folder.join("shim.so")),
            ("DOUBLE_DRI", &nodes),
            ("DOUBLE_FAULT", &folder.join("fault")),
        ])
    }

    /// From now on this goes wrong. Whole or not at all: the driver reads it at each picture.
    fn fault(&self, words: &str) -> anyhow::Result<()> {
        let (whole, part) = (self.folder.path().join("fault"), self.folder.path().join("fault.part"));
        std::fs::write(&part, words)?;
        Ok(std::fs::rename(part, whole)?)
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

fn devices(daemon: &Daemon) -> anyhow::Result<DeviceList> {
    let listed = daemon.cli(&["devices", "--json"])?;
    serde_json::from_slice(&listed.stdout)
        .with_context(|| String::from_utf8_lossy(&listed.stderr).into_owned())
}

/// Waits until a channel is encoded there; none is software.
fn wait_on(daemon: &Daemon, channel: &Channel, device: Option<&str>) -> anyhow::Result<()> {
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

fn segments_more(daemon: &Daemon, channel: &Channel, count: u64) -> anyhow::Result<()> {
    let from = newest(daemon, channel)?.1;
    until("more segments", MOVE_LIMIT + Duration::from_secs(2 * count), || {
        let now = newest(daemon, channel)?.1;
        ensure!(now >= from + count, "{} of {count}", now - from);
        Ok(())
    })
}

/// All that the playlist of pictures lists now, behind its one header, in the eyes of ffprobe and ffmpeg.
fn judge_pictures(daemon: &Daemon, channel: &Channel) -> anyhow::Result<()> {
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

fn distrust_alarm(daemon: &Daemon) -> anyhow::Result<Option<wire::Alarm>> {
    let alarms: Vec<wire::Alarm> = http::fetch(&format!("{}/api/v1/alarms", daemon.base()))?.json()?;
    Ok(alarms.into_iter().find(|alarm| alarm.id == "device-distrusted"))
}

fn trust(daemon: &Daemon, name: &str) -> anyhow::Result<()> {
    let done = daemon.cli(&["devices", "trust", name])?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

#[test]
fn channels_play_from_gpus_and_are_spread_over_them() -> anyhow::Result<()> {
    let _alone = alone();
    let doubles = Doubles::new()?;
    let daemon = doubles.daemon()?;
    let one = daemon.add_channel("One", "test-pattern", &small_ladder())?;
    wait_on(&daemon, &one, Some("renderD128"))?;
    let two = daemon.add_channel("Two", "srt", &small_ladder())?;
    wait_on(&daemon, &two, Some("renderD129"))?;
    daemon.wait_on_air(&one, ChannelState::Live)?;
    daemon.wait_begun(&two, ChannelState::Waiting)?;
    let watcher = Watcher::start(daemon.live(&one, "").trim_end_matches('/').to_owned());
    let watcher = watcher.with_player("")?;
    let list = devices(&daemon)?;
    let channels: Vec<_> = list.devices.iter().map(|device| device.channels.concat()).collect();
    ensure!(channels == ["one", "two"] && list.more_default_channels > 0, "{list:?}");

    for (encoder, words) in [("gpu 9", "is no encoder"), ("renderD200", "there are: renderD128, renderD129")]
    {
        let refused =
            daemon.cli(&["channel", "add", "--name", "x", "--source", "srt", "--encoder", encoder])?;
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        ensure!(!refused.status.success() && told.contains(words), "{encoder}: {told}");
    }
    let added = daemon.cli(&[
        "channel",
        "add",
        "--name",
        "Soft",
        "--source",
        "test-pattern",
        "--encoder",
        "software",
    ])?;
    ensure!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let soft = Channel { slug: "soft".into(), stream_key: String::new() };
    wait_on(&daemon, &soft, None)?;
    daemon.cli(&["channel", "remove", "soft"])?;

    segments_more(&daemon, &one, 4)?;
    judge_pictures(&daemon, &one)?;
    watcher.stop().clean().map(drop)
}

/// What goes wrong, on which device, where the channel goes, and what the alarm says of it.
const FAULTS: [(&str, &str, &str, &str); 4] = [
    ("fail@1", "renderD128", "renderD129", "encode: Input/output error"),
    ("garbage@1", "renderD129", "renderD128", "what it made is no H.264 picture"),
    ("crash@1", "renderD128", "renderD129", "the process that used it crashed (signal: 6"),
    ("hang@1", "renderD129", "renderD128", "it hung"),
];

#[test]
fn a_gpu_that_fails_is_left_for_another_and_then_for_software_without_a_seam() -> anyhow::Result<()> {
    let _alone = alone();
    let doubles = Doubles::new()?;
    let daemon = doubles.daemon()?;
    let channel = daemon.add_channel("One", "test-pattern", &small_ladder())?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    wait_on(&daemon, &channel, Some("renderD128"))?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    let watcher = watcher.with_player("")?;
    for (fault, from, to, cause) in FAULTS {
        segments_more(&daemon, &channel, 3)?;
        doubles.fault(&format!("{from}:{fault}"))?;
        wait_on(&daemon, &channel, Some(to)).context(fault)?;
        let alarm = distrust_alarm(&daemon)?.context("no alarm")?;
        ensure!(alarm.cause.contains(&format!("{from}: {cause}")), "{fault}: {alarm:?}");
        ensure!(alarm.remedy.contains(&format!("forebay devices trust {from}")), "{fault}: {alarm:?}");
        segments_more(&daemon, &channel, 2)?;
        judge_pictures(&daemon, &channel).with_context(|| format!("after {fault}"))?;
        let other = daemon.add_channel("Other", "srt", &small_ladder())?;
        wait_on(&daemon, &other, Some(to)).context("it is placed on a device that failed")?;
        daemon.cli(&["channel", "remove", &other.slug])?;
        doubles.fault("")?;
        trust(&daemon, from)?;
        ensure!(distrust_alarm(&daemon)?.is_none(), "the alarm stays");
    }

    // No session on the other one either: software it is, and back when one is trusted again.
    doubles.fault("renderD128:fail@1 renderD129:sessions=0")?;
    wait_on(&daemon, &channel, None)?;
    let health: Vec<_> = devices(&daemon)?.devices.iter().map(|device| device.health).collect();
    ensure!(health == [DeviceHealth::Distrusted; 2], "{health:?}");
    let cause = distrust_alarm(&daemon)?.context("no alarm")?.cause;
    ensure!(cause.contains("renderD129: rung 0 (640x360): open the encoder"), "{cause}");
    segments_more(&daemon, &channel, 3)?;
    judge_pictures(&daemon, &channel).context("in software")?;
    doubles.fault("")?;
    trust(&daemon, "renderD129")?;
    wait_on(&daemon, &channel, Some("renderD129"))?;
    segments_more(&daemon, &channel, 3)?;
    judge_pictures(&daemon, &channel).context("back on a device")?;
    watcher.stop().clean_but(&[HUNG]).map(drop)
}

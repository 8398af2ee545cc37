//! GPUs by VA-API, by the product's own way through the real libva and libavcodec: against a driver without a GPU (`gpu-doubles/`).
//! They are found, channels are encoded on them, and leave one that fails without their viewers noticing.

use anyhow::ensure;
use e2e::alone;
use e2e::daemon::{Channel, small_ladder};
use e2e::gpus::{
    Doubles, Fault, devices, judge_pictures, segments_more, survive, survive_in_software, wait_on,
};
use e2e::watcher::{Excuse, Watcher};
use std::time::Duration;
use tempfile::TempDir;
use wire::ChannelState;

/// A device that hangs is seen after a second; the worker that waits then catches up.
const HUNG: Excuse = Excuse::PartGap(Duration::from_secs(3), "the test hangs a device");

#[test]
fn devices_are_found_with_what_they_can_do_and_what_they_lack_is_said() -> anyhow::Result<()> {
    let doubles = Doubles::va()?;
    let found = doubles.check(&[])?;
    let names: Vec<_> = found.iter().map(|(name, good, _)| (name.as_str(), *good)).collect();
    ensure!(names == [("GPU renderD128", true), ("GPU renderD129", true)], "{found:?}");
    for expected in ["encodes H.264 High to 4096x4096 by CBR", "encodes H.264 Constrained Baseline"] {
        ensure!(found[0].2.contains(expected), "{expected}: {}", found[0].2);
    }

    let empty = TempDir::new()?;
    let without_driver = doubles.check(&[("LIBVA_DRIVERS_PATH", empty.path())])?;
    for (name, good, told) in &without_driver {
        ensure!(!good && told.contains("intel-media-va-driver"), "{name}: {told}");
    }
    ensure!(without_driver.len() == 2, "{without_driver:?}");

    let none = doubles.check(&[("DOUBLE_DRI", empty.path())])?;
    ensure!(none.len() == 1 && none[0].1 && none[0].2.contains("there is no /dev/dri/renderD…"), "{none:?}");
    Ok(())
}

#[test]
fn channels_play_from_gpus_and_are_spread_over_them() -> anyhow::Result<()> {
    let _alone = alone();
    let doubles = Doubles::va()?;
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

const FAULTS: [Fault; 4] = [
    Fault { word: "fail@1", from: "renderD128", to: "renderD129", cause: "encode: Input/output error" },
    Fault {
        word: "garbage@1",
        from: "renderD129",
        to: "renderD128",
        cause: "what it made is no H.264 picture",
    },
    Fault {
        word: "crash@1",
        from: "renderD128",
        to: "renderD129",
        cause: "the process that used it crashed (signal: 6",
    },
    Fault { word: "hang@1", from: "renderD129", to: "renderD128", cause: "it hung" },
];

#[test]
fn a_gpu_that_fails_is_left_for_another_and_then_for_software_without_a_seam() -> anyhow::Result<()> {
    let _alone = alone();
    let doubles = Doubles::va()?;
    let daemon = doubles.daemon()?;
    let channel = daemon.add_channel("One", "test-pattern", &small_ladder())?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    wait_on(&daemon, &channel, Some("renderD128"))?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    let watcher = watcher.with_player("")?;
    for fault in FAULTS {
        survive(&daemon, &doubles, &channel, &fault)?;
    }
    survive_in_software(&daemon, &doubles, &channel, ["renderD128", "renderD129"])?;
    watcher.stop().clean_but(&[HUNG]).map(drop)
}

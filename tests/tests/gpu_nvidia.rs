//! NVIDIA's GPUs, by the product's own way through CUDA, NVML and libavcodec's `h264_nvenc`: against a driver without a GPU
//! (`gpu-doubles/`). They are found, channels are encoded on them, and leave one that fails without their viewers noticing.

use anyhow::ensure;
use e2e::alone;
use e2e::daemon::small_ladder;
use e2e::gpus::{Doubles, Fault, devices, survive, survive_in_software, wait_on};
use e2e::watcher::{Excuse, Watcher};
use std::time::Duration;
use tempfile::TempDir;
use wire::ChannelState;

/// A device that hangs is seen after a second; the worker that waits then catches up.
const HUNG: Excuse = Excuse::PartGap(Duration::from_secs(3), "the test hangs a device");

const A: &str = "pci-0000:41:00.0";
const B: &str = "pci-0000:65:00.0";
const CARDS: [&str; 2] = ["0000:41:00.0 15360 Tesla T4", "0000:65:00.0 15360 NVIDIA L4"];

#[test]
fn cards_are_found_with_what_they_can_do_and_how_they_are() -> anyhow::Result<()> {
    let doubles = Doubles::nvidia(&CARDS)?;
    doubles.fault("0000:65:00.0:hot=71 0000:41:00.0:busy=37")?;
    let found = doubles.check(&[])?;
    let names: Vec<_> = found.iter().map(|(name, good, _)| (name.as_str(), *good)).collect();
    ensure!(names == [(&*format!("GPU {A}"), true), (&*format!("GPU {B}"), true)], "{found:?}");
    for (number, expected) in [
        (0, "Tesla T4, NVIDIA 550.54.14: encodes H.264 High to 4096x4096 by CBR/VBR"),
        (0, "41 °C, 512 of 15360 MiB, encoder 37 % busy"),
        (1, "NVIDIA L4, NVIDIA 550.54.14"),
        (1, "71 °C, 512 of 15360 MiB"),
    ] {
        ensure!(found[number].2.contains(expected), "{expected}: {}", found[number].2);
    }

    doubles.fault("0000:65:00.0:vanished 0000:41:00.0:sessions=0")?;
    let wrong = doubles.check(&[])?;
    ensure!(wrong.iter().all(|(_, good, _)| !good), "{wrong:?}");
    ensure!(
        wrong[0].2.contains("no session is left") && wrong[0].2.contains("end another program"),
        "{wrong:?}"
    );
    ensure!(wrong[1].2.contains("it has been lost") && wrong[1].2.contains("Xid"), "{wrong:?}");

    let empty = TempDir::new()?;
    let none = doubles.check(&[("LD_LIBRARY_PATH", empty.path())])?;
    ensure!(none.len() == 1 && none[0].1, "{none:?}");
    for expected in ["none found", "libnvidia-ml.so.1", "/dev/dri/renderD…"] {
        ensure!(none[0].2.contains(expected), "{expected}: {none:?}");
    }
    Ok(())
}

#[test]
fn one_command_has_each_encoder_encode_and_says_what_is_wrong() -> anyhow::Result<()> {
    let _alone = alone();
    let doubles = Doubles::nvidia(&CARDS)?;
    doubles.fault("0000:65:00.0:garbage@9")?;
    let told = doubles.trials()?;
    let names: Vec<_> = told.iter().map(|(name, ..)| name.as_str()).collect();
    ensure!(
        names == ["encode in software", &format!("encode on {A}"), &format!("encode on {B}")],
        "{told:?}"
    );
    for (name, good, found) in &told[..2] {
        // A busy machine may be too slow; that is judged when all else is found good.
        let is_slow = found.ends_with("fewer or smaller rungs");
        ensure!((*good && found.ends_with("all 720 pictures can be decoded")) || is_slow, "{name}: {found}");
    }
    let (_, good, found) = &told[2];
    ensure!(!good && found.contains("what it made is no H.264 picture"), "{found}");
    ensure!(found.contains("install another version of its driver"), "{found}");
    Ok(())
}

const fn fault(word: &'static str, from: &'static str, to: &'static str, cause: &'static str) -> Fault {
    Fault { word, from, to, cause }
}

const FAULTS: [Fault; 6] = [
    fault("fail@1", A, B, "encode: Unknown error occurred"),
    fault("garbage@1", B, A, "what it made is no H.264 picture"),
    fault("crash@1", A, B, "the process that used it crashed (signal: 6"),
    fault("hang@1", B, A, "it hung"),
    fault("hot=95", A, B, "it is overheated: 95 °C, where 93 are too much"),
    // While a picture is sent there or while it is encoded: both fail, and say how.
    fault("vanished", B, A, ""),
];

#[test]
fn a_card_that_fails_is_left_for_another_and_then_for_software_without_a_seam() -> anyhow::Result<()> {
    let _alone = alone();
    let doubles = Doubles::nvidia(&CARDS)?;
    let daemon = doubles.daemon()?;
    let channel = daemon.add_channel("One", "test-pattern", &small_ladder())?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    wait_on(&daemon, &channel, Some(A))?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    let watcher = watcher.with_player("")?;
    let list = devices(&daemon)?;
    let figures = &list.devices[0].figures;
    ensure!(figures.temperature == Some(41.0) && figures.memory_total == Some(15360 << 20), "{list:?}");
    for fault in FAULTS {
        survive(&daemon, &doubles, &channel, &fault)?;
    }
    survive_in_software(&daemon, &doubles, &channel, [A, B])?;
    watcher.stop().clean_but(&[HUNG]).map(drop)
}

#[test]
fn a_card_that_is_too_slow_is_left_without_a_hole() -> anyhow::Result<()> {
    let _alone = alone();
    let doubles = Doubles::nvidia(&CARDS)?;
    let daemon = doubles.daemon()?;
    let channel = daemon.add_channel("One", "test-pattern", &small_ladder())?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    wait_on(&daemon, &channel, Some(A))?;
    survive(&daemon, &doubles, &channel, &fault("slow=80", A, B, "it is too slow"))
}

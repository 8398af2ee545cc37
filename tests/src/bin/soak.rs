//! Runs a channel with a back-up, two publishers and a viewer for as long as is asked for, and prints what daemon and
//! worker hold: memory that grows by more than a tenth after the beginning is a failure.
//!
//! `FOREBAY_SOAK_MINUTES` (default 30), `FOREBAY_SOAK_STEP_SECONDS` (default 300: between two lines).

use anyhow::ensure;
use e2e::clock::now;
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::procfs::{self, Usage};
use e2e::publish::{Publisher, Transport};
use e2e::{http, setting};
use std::time::Duration;
use wire::ChannelState;

/// Between two looks of the viewer.
const LOOK: Duration = Duration::from_secs(2);

fn main() -> anyhow::Result<()> {
    let length = Duration::from_secs(60 * setting("FOREBAY_SOAK_MINUTES", 30));
    let step = Duration::from_secs(setting("FOREBAY_SOAK_STEP_SECONDS", 300));
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Soak", "srt", &small_ladder())?;
    let backup = daemon.add_backup(&channel, "rtmp")?;
    let publishers = [
        Publisher::start(&daemon, &channel, Transport::Srt)?,
        Publisher::start(&daemon, &backup, Transport::Rtmp)?,
    ];
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    let began = now();
    let mut seen = vec![look(&daemon, &channel, began.elapsed())?];
    while began.elapsed() < length {
        let next = step * seen.len() as u32;
        while began.elapsed() < next {
            for file in ["master.m3u8", "manifest.mpd", "ts/master.m3u8"] {
                http::fetch(&daemon.live(&channel, file))?;
            }
            http::fetch(&format!("{}/metrics", daemon.base()))?;
            std::thread::sleep(LOOK);
        }
        seen.push(look(&daemon, &channel, began.elapsed())?);
    }
    drop(publishers);
    // The first line is of a channel whose window is not full yet.
    if let ([_, settled, ..], Some(last)) = (&seen[..], seen.last()) {
        for (what, settled, last) in [
            ("daemon", settled.0.resident_bytes, last.0.resident_bytes),
            ("worker", settled.1.resident_bytes, last.1.resident_bytes),
        ] {
            ensure!(last <= settled + settled / 10, "the {what} has grown from {settled} to {last} bytes");
        }
    }
    ensure!(daemon.channel(&channel.slug)?.restarts == 0, "something was restarted");
    println!("nothing has grown");
    Ok(())
}

fn look(daemon: &Daemon, channel: &Channel, after: Duration) -> anyhow::Result<(Usage, Usage)> {
    let (of_daemon, of_worker) =
        (procfs::usage(daemon.pid())?, procfs::usage(daemon.worker(&channel.slug)?)?);
    println!(
        "{:>3} min {:>2} s  daemon {:>6} KiB {:>3} descriptors {:>3} threads  worker {:>6} KiB {:>3} descriptors {:>3} threads",
        after.as_secs() / 60,
        after.as_secs() % 60,
        of_daemon.resident_bytes / 1024,
        of_daemon.descriptors,
        of_daemon.threads,
        of_worker.resident_bytes / 1024,
        of_worker.descriptors,
        of_worker.threads
    );
    Ok((of_daemon, of_worker))
}

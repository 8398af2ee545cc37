//! What happens to the disk and the database is no reason to leave the air, and the operator is told of it.

use anyhow::{Context, ensure};
use e2e::alone;
use e2e::clock::until;
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::http::{self, Answer};
use e2e::playlist::{Media, Multivariant};
use e2e::watcher::Watcher;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use wire::{Alarm, ChannelState};

/// Longer than any retry of the box.
const SOON: Duration = Duration::from_secs(40);

fn alarms(daemon: &Daemon) -> anyhow::Result<Vec<Alarm>> {
    let told = daemon.cli(&["alarms", "--json"])?;
    ensure!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    Ok(serde_json::from_slice(&told.stdout)?)
}

fn has_alarm(daemon: &Daemon, id: &str, wanted: bool) -> anyhow::Result<()> {
    let what = if wanted { "is raised" } else { "is cleared" };
    until(&format!("{id} {what}"), SOON, || {
        let alarms = alarms(daemon)?;
        ensure!(alarms.iter().any(|alarm| alarm.id == id) == wanted, "{alarms:?}");
        Ok(())
    })
}

fn newest_msn(daemon: &Daemon, channel: &Channel) -> anyhow::Result<u64> {
    let url = Multivariant::fetch(&daemon.live(channel, "master.m3u8"))?.video[0].clone();
    Ok(Media::fetch(&url)?.complete().next_back().context("no segment")?.0)
}

fn copies(daemon: &Daemon) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(daemon.folder().join("copies"))?;
    let mut copies = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    copies.retain(|path| path.extension().is_some_and(|suffix| suffix == "db"));
    copies.sort_unstable();
    Ok(copies)
}

#[test]
fn a_corrupt_database_gives_way_to_its_last_good_copy() -> anyhow::Result<()> {
    let _alone = alone();
    let mut daemon = Daemon::start()?;
    let channel = daemon.add_channel("Hall", "test-pattern", &small_ladder())?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    until("the change is copied", SOON, || {
        ensure!(copies(&daemon)?.len() >= 2, "{:?}", copies(&daemon)?);
        Ok(())
    })?;
    let before = newest_msn(&daemon, &channel)?;
    daemon.kill()?;
    let file = daemon.folder().join("forebay.db");
    let _merged = fs::remove_file(daemon.folder().join("forebay.db-wal"));
    let len = usize::try_from(fs::metadata(&file)?.len())?.max(8192);
    fs::write(&file, vec![0x5a; len])?;

    daemon.start_again()?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    ensure!(newest_msn(&daemon, &channel)? > before, "numbers went back");
    let alarm = alarms(&daemon)?.into_iter().find(|alarm| alarm.id == "settings-restored");
    let alarm = alarm.context("no alarm")?;
    ensure!(alarm.dismissible && alarm.cause.contains("not a database"), "{alarm:?}");
    let folder = daemon.folder().join("damaged");
    ensure!(alarm.remedy.contains(&folder.display().to_string()), "{alarm:?}");
    let aside = fs::read_dir(&folder)?.next().context("nothing was set aside")??.path().join("forebay.db");
    ensure!(fs::read(aside)? == vec![0x5a; len], "the damaged file is not what it was");

    // It waits for the operator, over restarts too.
    daemon.stop()?;
    daemon.start_again()?;
    has_alarm(&daemon, "settings-restored", true)?;
    let metrics = http::fetch(&format!("{}/metrics", daemon.base()))?.text();
    ensure!(metrics.contains("forebay_alarm{alarm=\"settings-restored\",channel=\"\"} 1"), "{metrics}");
    ensure!(daemon.cli(&["alarms", "--dismiss", "settings-restored"])?.status.success(), "not dismissed");
    has_alarm(&daemon, "settings-restored", false)?;
    daemon.stop()?;
    daemon.start_again()?;
    has_alarm(&daemon, "settings-restored", false)
}

fn add(daemon: &Daemon, name: &str) -> anyhow::Result<Answer> {
    let body = serde_json::json!({ "name": name, "source": "srt", "start": false }).to_string();
    http::post(&format!("{}/api/v1/channels", daemon.base()), "application/json", body.as_bytes())
}

#[test]
fn a_full_disk_refuses_settings_and_leaves_channels_on_air() -> anyhow::Result<()> {
    const DISK_BYTES: u64 = 8 << 20;
    let _alone = alone();
    let daemon = Daemon::start_all_on_small_disk(DISK_BYTES)?;
    let channel = daemon.add_channel("Hall", "test-pattern", &small_ladder())?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());

    let filler = daemon.folder().join("filler");
    let mut file = fs::File::create(&filler)?;
    let piece = [0_u8; 4096];
    let full = (0..DISK_BYTES / 4096 + 1).find_map(|_| file.write_all(&piece).err());
    ensure!(
        full.is_some_and(|error| error.kind() == std::io::ErrorKind::StorageFull),
        "the disk is not full"
    );
    has_alarm(&daemon, "disk-full", true)?;
    // The database may have some room of its own left.
    let mut number = 0;
    let refused = until("a setting is refused", SOON, || {
        number += 1;
        let answer = add(&daemon, &format!("Extra {number}"))?;
        ensure!(answer.status != 201, "{number} were taken");
        Ok(answer)
    })?;
    let told = refused.text();
    ensure!(refused.status == 507 && told.contains("was not saved"), "{}: {told}", refused.status);
    has_alarm(&daemon, "settings-unwritable", true)?;
    ensure!(
        http::get(&format!("{}/api/v1/channels/extra-{number}", daemon.base()))?.status == 404,
        "half a channel"
    );

    fs::remove_file(&filler)?;
    drop(file);
    has_alarm(&daemon, "disk-full", false)?;
    has_alarm(&daemon, "settings-unwritable", false)?;
    let taken = add(&daemon, "After")?;
    ensure!(taken.status == 201, "{}", taken.text());
    watcher.stop().clean().map(drop)
}

#[test]
fn a_data_folder_that_can_only_be_read_keeps_nothing_off_the_air() -> anyhow::Result<()> {
    let _alone = alone();
    let mut daemon = Daemon::start()?;
    let channel = daemon.add_channel("Hall", "test-pattern", &small_ladder())?;
    daemon.wait_begun(&channel, ChannelState::Live)?;
    let before = newest_msn(&daemon, &channel)?;
    let authority = http::fetch(&format!("{}/tls/ca.pem", daemon.base()))?.body;
    // The channel stands in the log of the database alone, which nobody has merged.
    daemon.kill()?;

    daemon.start_again_read_only()?;
    daemon.wait_begun(&channel, ChannelState::Live)?;
    ensure!(newest_msn(&daemon, &channel)? > before, "numbers went back");
    let same = http::fetch(&format!("{}/tls/ca.pem", daemon.base()))?.body;
    ensure!(same == authority, "devices that trust the box would have to be told anew");
    has_alarm(&daemon, "settings-unwritable", true)?;
    let alarm = alarms(&daemon)?.into_iter().find(|alarm| alarm.id == "settings-unwritable");
    let alarm = alarm.context("no alarm")?;
    let folder = daemon.folder().display().to_string();
    ensure!(alarm.cause.contains(&folder) && alarm.remedy.contains("restart Forebay"), "{alarm:?}");
    let refused = add(&daemon, "Attic")?;
    ensure!(refused.status == 507 && refused.text().contains(&folder), "{}", refused.text());
    let refused = daemon.cli(&["tls", "reset"])?;
    ensure!(!refused.status.success(), "a certificate was changed that would be forgotten");
    ensure!(String::from_utf8_lossy(&refused.stderr).contains("nothing can be changed"), "{refused:?}");

    daemon.stop()?;
    daemon.start_again()?;
    daemon.wait_begun(&channel, ChannelState::Live)?;
    has_alarm(&daemon, "settings-unwritable", false)?;
    let taken = add(&daemon, "Attic")?;
    ensure!(taken.status == 201, "{}", taken.text());
    Ok(())
}

//! A configuration that is brought back while channels are on air touches those that it changes, and no other.

use anyhow::ensure;
use e2e::alone;
use e2e::clock::until;
use e2e::daemon::{Daemon, small_ladder};
use std::time::Duration;
use wire::{ChannelState, Configuration};

/// A channel that is started anew is on air again within two segments.
const SOON: Duration = Duration::from_secs(30);

#[test]
fn an_import_restarts_what_it_changes_and_nothing_else() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let hall = daemon.add_channel("Hall", "test-pattern", &small_ladder())?;
    let attic = daemon.add_channel("Attic", "test-pattern", &small_ladder())?;
    for channel in [&hall, &attic] {
        daemon.wait_begun(channel, ChannelState::Live)?;
    }
    let (hall_before, attic_before) = (daemon.worker(&hall.slug)?, daemon.worker(&attic.slug)?);
    let exported = daemon.cli(&["config", "export", "--json"])?;
    let mut configuration: Configuration = serde_json::from_slice(&exported.stdout)?;
    let changed = configuration.channels.iter_mut().find(|channel| channel.slug == attic.slug);
    if let Some(channel) = changed {
        channel.ladder[0].bitrate_bps = 600_000;
        // The rate of the templates for sport.
        channel.canvas.frame_rate = "60".into();
    }
    let file = daemon.folder().join("import.json");
    std::fs::write(&file, serde_json::to_vec(&configuration)?)?;
    let path = file.display().to_string();

    let told = daemon.cli(&["config", "import", &path])?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    ensure!(told.contains("800000 becomes 600000") && told.contains("started anew"), "{told}");
    ensure!(daemon.channel(&attic.slug)?.ladder[0].bitrate_bps == 800_000, "told, not done");
    let done = daemon.cli(&["config", "import", &path, "--yes"])?;
    ensure!(done.status.success(), "{done:?}");
    until("the changed channel has another worker", SOON, || {
        let worker = daemon.worker(&attic.slug)?;
        ensure!(worker != attic_before, "it is the same");
        let seen = daemon.channel(&attic.slug)?;
        ensure!(seen.state == ChannelState::Live && seen.ladder[0].bitrate_bps == 600_000, "{seen:?}");
        Ok(())
    })?;
    ensure!(daemon.worker(&hall.slug)? == hall_before, "the other one was started anew too");
    let again = daemon.cli(&["config", "diff", &path])?;
    ensure!(String::from_utf8_lossy(&again.stdout) == "no difference\n", "{again:?}");

    // One that is no longer in the file goes, and the other stays on air.
    configuration.channels.retain(|channel| channel.slug == hall.slug);
    std::fs::write(&file, serde_json::to_vec(&configuration)?)?;
    ensure!(daemon.cli(&["config", "import", &path, "--yes"])?.status.success());
    until("the removed channel's worker is gone", SOON, || {
        ensure!(daemon.worker(&attic.slug).is_err(), "it runs");
        Ok(())
    })?;
    ensure!(daemon.worker(&hall.slug)? == hall_before && daemon.channel(&attic.slug).is_err());
    Ok(())
}

//! A channel with a back-up source: what makes it take over, when, and when the main source is back.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::publish::{Look, Publisher, Transport, changing, faulty};
use e2e::rtmp_by_hand::HandPublisher;
use e2e::watcher::{Baseline, Watcher};
use e2e::{alone, http};
use std::time::Duration;
use wire::ChannelState;

/// For a daemon on a busy machine to notice.
const SOON: Duration = Duration::from_secs(15);
/// How long a fault must last here.
const AFTER_MS: u64 = 2000;
/// How long pictures must be missing, unless the operator says otherwise.
const LOSS_MS: u64 = 400;
/// A switch may come so much later; one of them may be later still where the machine was held up.
const LATE_MS: u64 = 500;
const LOOK: Look = Look { size: (640, 360), rate: 30, channels: 1, sample_rate: 44_100 };
/// How long the source is well, or not.
const PHASE_SECONDS: u64 = 6;

fn change(daemon: &Daemon, args: &[&str]) -> anyhow::Result<String> {
    let done = daemon.cli(&[&["channel"], args].concat())?;
    ensure!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Switches from source to source so far, oldest first.
fn switches(daemon: &Daemon, channel: &Channel) -> anyhow::Result<Vec<String>> {
    let events = daemon.history(&channel.slug)?.into_iter().rev();
    Ok(events.filter(|event| event.kind == "source-switched").map(|event| event.what).collect())
}

fn on_air(daemon: &Daemon, channel: &Channel) -> anyhow::Result<u8> {
    let sources = daemon.channel(&channel.slug)?.sources;
    sources.iter().find(|source| source.on_air).map(|source| source.number).context("none is on air")
}

fn goes_on_air(daemon: &Daemon, channel: &Channel, number: u8, within: Duration) -> anyhow::Result<()> {
    until(&format!("source {number} is on air"), within, || {
        let seen = on_air(daemon, channel)?;
        ensure!(seen == number, "source {seen} is; {:?}", switches(daemon, channel)?);
        Ok(())
    })
}

/// The milliseconds in "… for 2.1 s".
fn lasted_ms(what: &str) -> anyhow::Result<u64> {
    let (_, length) = what.rsplit_once("for ").with_context(|| what.to_owned())?;
    let (seconds, tenths) = length.trim_end_matches(" s").split_once('.').with_context(|| what.to_owned())?;
    Ok(seconds.parse::<u64>()? * 1000 + tenths.parse::<u64>()? * 100)
}

/// On air with its main source, with a back-up that is there.
fn with_backup() -> anyhow::Result<(Daemon, Channel, Channel)> {
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Hall", "srt", &small_ladder())?;
    let backup = daemon.add_backup(&channel, "rtmp")?;
    let after = AFTER_MS.to_string();
    change(
        &daemon,
        &[
            "failover",
            "hall",
            "--black-ms",
            &after,
            "--frozen-ms",
            &after,
            "--silence-ms",
            &after,
            "--return-after-ms",
            &after,
        ],
    )?;
    Ok((daemon, channel, backup))
}

#[test]
fn each_fault_brings_the_backup_and_its_end_the_main_source() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel, backup) = with_backup()?;
    let source = faulty(PHASE_SECONDS)?;
    let standing_by = Publisher::start(&daemon, &backup, Transport::Rtmp)?;
    // Nobody has ever published to the main source: the back-up is better than nothing.
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    goes_on_air(&daemon, &channel, 1, SOON)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    let watcher = watcher.with_baseline(Baseline::of(&daemon)?).with_player("lldash")?;

    let url = Transport::Srt.url(&daemon, &channel.stream_key);
    let main = Publisher::file(&url, Transport::Srt, source.path())?;
    let phase = Duration::from_secs(PHASE_SECONDS) + SOON;
    goes_on_air(&daemon, &channel, 0, phase)?;
    for _black_frozen_silent in 0..3 {
        goes_on_air(&daemon, &channel, 1, phase)?;
        goes_on_air(&daemon, &channel, 0, phase)?;
    }
    // Its file has ended.
    goes_on_air(&daemon, &channel, 1, phase)?;
    drop(main);
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    let seen = switches(&daemon, &channel)?;
    let causes = [
        "brings no picture",
        "without fault",
        "is black",
        "without fault",
        "stands still",
        "without fault",
        "is silent",
        "without fault",
        "brings no picture",
    ];
    ensure!(seen.len() == causes.len(), "it flapped: {seen:#?}");
    for (what, cause) in seen.iter().zip(causes) {
        ensure!(what.contains(cause), "{cause}: {seen:#?}");
    }
    eprintln!("{seen:#?}");
    let mut late = Vec::new();
    for what in &seen[1..] {
        let after = if what.contains("no picture") { LOSS_MS } else { AFTER_MS };
        let lasted = lasted_ms(what)?;
        ensure!(lasted >= after, "{what}: before its time, which is {after} ms");
        if lasted > after + LATE_MS {
            late.push(what);
        }
    }
    ensure!(late.len() <= 1, "more than {LATE_MS} ms after their time: {late:#?}");
    ensure!(daemon.channel(&channel.slug)?.restarts == 0);
    watcher.stop().clean()?;
    drop(standing_by);
    Ok(())
}

/// No encoder that works sends these; one that is broken, or a network between, does.
#[test]
fn time_stamps_that_jump_bring_the_backup() -> anyhow::Result<()> {
    const HOUR: u64 = 3_600_000;
    const WELL_MS: u64 = 8000;
    /// Each second tenth of a second an hour ahead, for as long as it is not well.
    fn jumping(at: u64) -> u64 {
        let jumps = (WELL_MS..2 * WELL_MS).contains(&at) && at / 100 % 2 == 1;
        HOUR + at + if jumps { HOUR } else { 0 }
    }
    let _alone = alone();
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Hall", "rtmp", &small_ladder())?;
    let backup = daemon.add_backup(&channel, "srt")?;
    let after = AFTER_MS.to_string();
    change(&daemon, &["failover", "hall", "--disorder-ms", &after, "--return-after-ms", &after])?;
    let source = changing(&[LOOK], 60)?;
    let standing_by = Publisher::start(&daemon, &backup, Transport::Srt)?;
    daemon.wait_begun(&channel, ChannelState::Live)?;
    goes_on_air(&daemon, &channel, 1, SOON)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());

    let main = HandPublisher::start(daemon.ports.rtmp, &channel.stream_key, source.path(), jumping)?;
    let phase = Duration::from_millis(WELL_MS) + SOON;
    for number in [0, 1, 0] {
        goes_on_air(&daemon, &channel, number, phase)?;
    }
    main.stop()?;
    let seen = switches(&daemon, &channel)?;
    eprintln!("{seen:#?}");
    let jumped = seen
        .iter()
        .find(|what| what.contains("disordered time stamps"))
        .with_context(|| format!("{seen:#?}"))?;
    let lasted = lasted_ms(jumped)?;
    ensure!((AFTER_MS..=AFTER_MS + LATE_MS).contains(&lasted), "{jumped}: it is {AFTER_MS} ms that were set");
    watcher.stop().clean()?;
    drop(standing_by);
    Ok(())
}

#[test]
fn the_operator_chooses_removes_and_adds_sources_on_air() -> anyhow::Result<()> {
    let _alone = alone();
    let (mut daemon, channel, backup) = with_backup()?;
    let mut main = Publisher::start(&daemon, &channel, Transport::Srt)?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    let refused = daemon.cli(&["channel", "take", "hall", "1"])?;
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(refused.status.code() == Some(4) && told.contains("publish to it first"), "{told}");

    let mut second = Publisher::start(&daemon, &backup, Transport::Rtmp)?;
    until("the back-up may be taken", SOON, || change(&daemon, &["take", "hall", "1"]).map(drop))?;
    goes_on_air(&daemon, &channel, 1, SOON)?;
    // Chosen by hand it stays, though the main source has been well for longer than it takes to return.
    std::thread::sleep(Duration::from_millis(2 * AFTER_MS));
    goes_on_air(&daemon, &channel, 1, Duration::ZERO)?;
    ensure!(
        daemon.channel("hall")?.stages[0].detail.starts_with("back-up 1: RTMP"),
        "the source stage says so"
    );

    change(&daemon, &["backup", "remove", "hall", "1"])?;
    goes_on_air(&daemon, &channel, 0, SOON)?;
    until("the publisher of the removed back-up was cut off", SOON, || {
        ensure!(!second.runs(), "it is connected");
        Ok(())
    })?;
    ensure!(daemon.channel("hall")?.sources.len() == 1);
    watcher.stop().clean()?;

    // The history and the rules are there after a restart; keys are in no log.
    let third = daemon.add_backup(&channel, "srt")?;
    daemon.kill()?;
    daemon.start_again()?;
    let events = daemon.history("hall")?;
    ensure!(events.iter().any(|event| event.what.contains("the operator wanted it")), "{events:#?}");
    let rules: wire::Failover =
        http::fetch(&format!("{}/api/v1/channels/hall/failover", daemon.base()))?.json()?;
    ensure!(rules.black_ms == Some(AFTER_MS as u32), "{rules:?}");
    for key in [&channel.stream_key, &backup.stream_key, &third.stream_key] {
        ensure!(!daemon.log().contains(key.as_str()), "a key is in the log");
    }
    let _ended = main.runs();
    Ok(())
}

//! What sources do, and what viewers see of it: nothing but other pictures.
//!
//! The short form is what `make test` runs; `make test-faults` runs the long one:
//! `FOREBAY_CUT_SECONDS` (default 6; 60) is how long the long cut lasts, `FOREBAY_CUTS` (default 2; 20) how many short ones there are,
//! `FOREBAY_LOOKS` (default 3; 5) how many formats a source that reconnects comes in.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::playlist::{Media, Multivariant, record};
use e2e::publish::{Look, Publisher, Transport, changing};
use e2e::rtmp_by_hand::HandPublisher;
use e2e::watcher::{Baseline, Watcher};
use e2e::{alone, ffmpeg, http, setting};
use std::time::Duration;
use tempfile::NamedTempFile;
use wire::ChannelState;

/// For a daemon on a busy machine to notice.
const SOON: Duration = Duration::from_secs(15);
/// Sound and picture of the output, at most apart.
const LIP_SYNC_MS: i64 = 40;

fn becomes(daemon: &Daemon, channel: &Channel, state: ChannelState) -> anyhow::Result<()> {
    until(&format!("the channel is {state:?}"), SOON, || {
        let seen = daemon.channel(&channel.slug)?;
        ensure!(seen.state == state, "it is {:?}: {}", seen.state, seen.detail);
        Ok(())
    })
}

fn alarms(daemon: &Daemon) -> anyhow::Result<Vec<wire::Alarm>> {
    http::fetch(&format!("{}/api/v1/alarms", daemon.base()))?.json()
}

/// A channel that is on air with its slate, and who watches it.
fn on_slate(source: &str) -> anyhow::Result<(Daemon, Channel, Watcher)> {
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Hall", source, &small_ladder())?;
    daemon.wait_begun(&channel, ChannelState::Waiting)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    Ok((daemon, channel, watcher))
}

/// So many segments of the TS tier, of a second each, from the newest on.
fn recorded(daemon: &Daemon, channel: &Channel, segments: u64) -> anyhow::Result<NamedTempFile> {
    let playlists = Multivariant::fetch(&daemon.live(channel, "ts/master.m3u8"))?;
    let file = tempfile::Builder::new().suffix(".ts").tempfile()?;
    record(&playlists.video[0], segments, file.as_file())?;
    Ok(file)
}

/// The mean luma of the newest complete segment.
fn brightness(daemon: &Daemon, channel: &Channel) -> anyhow::Result<u64> {
    let file = recorded(daemon, channel, 1)?;
    let luma = ffmpeg::luma(file.path(), 64, 36)?;
    Ok(luma.iter().map(|pixel| u64::from(*pixel)).sum::<u64>() / luma.len().max(1) as u64)
}

/// From one to five seconds, spread evenly and in no order.
fn cut_length(number: u64) -> Duration {
    Duration::from_millis(1000 + number * 2618 % 4000)
}

#[test]
fn a_source_that_is_cut_gives_way_to_the_slate_and_comes_back() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Hall", "rtmp", &small_ladder())?;
    let mut publisher = Publisher::start(&daemon, &channel, Transport::Rtmp)?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    let watcher =
        watcher.with_baseline(Baseline::of(&daemon)?).with_player("lldash")?.with_player("llhls")?;
    let with_source = brightness(&daemon, &channel)?;

    drop(publisher);
    becomes(&daemon, &channel, ChannelState::Waiting)?;
    let raised = alarms(&daemon)?;
    ensure!(raised.iter().any(|alarm| alarm.id == "source-lost"), "{raised:?}");
    until("the slate is seen", SOON, || {
        let seen = brightness(&daemon, &channel)?;
        ensure!(seen + 30 < with_source, "mean luma {seen}, with the source {with_source}");
        Ok(())
    })?;
    std::thread::sleep(Duration::from_secs(setting("FOREBAY_CUT_SECONDS", 6)));
    publisher = Publisher::start(&daemon, &channel, Transport::Rtmp)?;
    becomes(&daemon, &channel, ChannelState::Live)?;
    until("the source is seen again", SOON, || {
        let seen = brightness(&daemon, &channel)?;
        ensure!(seen + 30 > with_source, "mean luma {seen}, with the source {with_source}");
        Ok(())
    })?;
    ensure!(alarms(&daemon)?.is_empty(), "{:?}", alarms(&daemon)?);

    for number in 0..setting("FOREBAY_CUTS", 2) {
        drop(publisher);
        std::thread::sleep(cut_length(number));
        publisher = Publisher::start(&daemon, &channel, Transport::Rtmp)?;
        becomes(&daemon, &channel, ChannelState::Live)?;
    }
    ensure!(publisher.runs(), "the last publisher was cut off");
    let seen = daemon.channel(&channel.slug)?;
    ensure!(seen.restarts == 0, "{seen:?}");
    drop(publisher);
    watcher.stop().clean().map(drop)
}

/// The newest complete segment: its first picture, and the mean of its sound without sign.
fn seen_and_heard(daemon: &Daemon, channel: &Channel) -> anyhow::Result<(Vec<u8>, u64)> {
    let file = recorded(daemon, channel, 1)?;
    let picture = ffmpeg::luma(file.path(), 640, 360)?[..640 * 360].to_vec();
    let sound = ffmpeg::sound(file.path())?;
    let sum: u64 = sound.iter().map(|sample| u64::from(sample.unsigned_abs())).sum();
    Ok((picture, sum / sound.len().max(1) as u64))
}

#[test]
fn the_slate_is_what_the_operator_wants_and_changes_on_air() -> anyhow::Result<()> {
    const LOUD: u64 = 1000;
    let _alone = alone();
    let (daemon, channel, watcher) = on_slate("rtmp")?;
    let (before, sound) = seen_and_heard(&daemon, &channel)?;
    ensure!(sound < 10, "it is not silent: {sound}");

    let change = |args: &[&str]| daemon.cli(&[&["channel", "slate", "hall"], args].concat());
    let changed = change(&["--text", "Back at noon", "--sound", "tone", "--after-ms", "3000", "--json"])?;
    let slate: wire::Slate = serde_json::from_slice(&changed.stdout)?;
    ensure!(slate.text == "Back at noon" && slate.tone && slate.after_ms == 3000, "{slate:?}");
    until("the tone is heard and the new text is seen", SOON, || {
        let (picture, sound) = seen_and_heard(&daemon, &channel)?;
        // The text lies between 48 and 55 % of the height; the clock below it changes anyway.
        let text = 640 * 172..640 * 198;
        let differing = picture[text.clone()].iter().zip(&before[text]).filter(|(a, b)| a.abs_diff(**b) > 60);
        let differing = differing.count();
        ensure!(sound > LOUD && differing > 300, "sound {sound}, {differing} pixels");
        Ok(())
    })?;

    // A picture in place of the text, and text again.
    let picture = tempfile::Builder::new().suffix(".png").tempfile()?;
    let path = picture.path().to_str().context("a path of text")?;
    ffmpeg::still("white", picture.path())?;
    let seen = String::from_utf8(change(&["--picture", path])?.stdout)?;
    ensure!(seen.contains("picture  yes"), "{seen}");
    until("the picture is seen", SOON, || {
        let bright = brightness(&daemon, &channel)?;
        ensure!(bright > 200, "mean luma {bright}");
        Ok(())
    })?;
    change(&["--no-picture"])?;
    until("the text is seen again", SOON, || {
        let dark = brightness(&daemon, &channel)?;
        ensure!(dark < 60, "mean luma {dark}");
        Ok(())
    })?;

    // The source's own sound takes over, and the last picture stands for the three seconds asked for.
    let publisher = Publisher::start(&daemon, &channel, Transport::Rtmp)?;
    becomes(&daemon, &channel, ChannelState::Live)?;
    drop(publisher);
    becomes(&daemon, &channel, ChannelState::Waiting)?;
    change(&["--sound", "silence"])?;
    until("it is silent again", SOON, || {
        let (_, sound) = seen_and_heard(&daemon, &channel)?;
        ensure!(sound < 10, "{sound}");
        Ok(())
    })?;
    let refused = change(&["--after-ms", "5"])?;
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(refused.status.code() == Some(4) && told.contains("after_ms is 5"), "{told}");
    ensure!(daemon.channel(&channel.slug)?.restarts == 0, "the worker was restarted for it");
    watcher.stop().clean().map(drop)
}

const LOOKS: [Look; 5] = [
    Look { size: (1920, 1080), rate: 30, channels: 2, sample_rate: 48_000 },
    Look { size: (1280, 720), rate: 25, channels: 2, sample_rate: 48_000 },
    Look { size: (480, 854), rate: 15, channels: 2, sample_rate: 48_000 },
    Look { size: (480, 854), rate: 15, channels: 6, sample_rate: 48_000 },
    Look { size: (640, 360), rate: 30, channels: 1, sample_rate: 44_100 },
];
const LOOK_SECONDS: u64 = 6;

/// What decoders of the channel are set up with, by rendition.
fn headers(daemon: &Daemon, channel: &Channel) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let playlists = Multivariant::fetch(&daemon.live(channel, "master.m3u8"))?;
    let of = |url: &str| -> anyhow::Result<_> {
        let media = Media::fetch(url)?;
        ensure!(!media.text.contains("EXT-X-DISCONTINUITY"), "{}", media.text);
        let init = media.init_url.context("EXT-X-MAP")?;
        let bytes = http::fetch(&init)?.body;
        Ok((init, bytes))
    };
    playlists.all().map(|url| of(url)).collect()
}

/// Each beep that has a flash beside it is near it; there are enough of them. A beep in which the source changes may
/// begin late, for the sound that was there before ends an AAC frame later than its picture.
fn in_step(file: &std::path::Path, at_least: usize, changes: usize) -> anyhow::Result<()> {
    let (flashes, mut beeps) = (ffmpeg::flashes(file)?, ffmpeg::beeps(file)?);
    // A beep in which the source changes is cut in two.
    beeps.dedup_by(|second, first| *second - *first < 500);
    // How far a source's sound lies behind its picture is learnt in its first two seconds.
    beeps.retain(|beep| flashes.first().is_some_and(|first| *beep > first + 2500));
    let nearest = |beep: i64| flashes.iter().map(|flash| beep - flash).min_by_key(|apart| apart.abs());
    // Where the source changes, one of the two may be lost.
    let apart: Vec<_> = beeps.iter().filter_map(|beep| nearest(*beep)).filter(|ms| ms.abs() < 500).collect();
    eprintln!("{} flashes, {} beeps, ms between them: {apart:?}", flashes.len(), beeps.len());
    ensure!(apart.len() >= at_least, "only {} of them: {flashes:?} {beeps:?}", apart.len());
    let out_of_step = apart.iter().filter(|ms| ms.abs() > LIP_SYNC_MS).count();
    let far = apart.iter().filter(|ms| ms.abs() > 2 * LIP_SYNC_MS).count();
    ensure!(out_of_step <= changes && far == 0, "sound and picture are apart: {apart:?} ms");
    Ok(())
}

#[test]
fn a_source_that_changes_in_one_session_changes_nothing_but_the_picture() -> anyhow::Result<()> {
    let _alone = alone();
    let source = changing(&LOOKS, LOOK_SECONDS)?;
    let (daemon, channel, watcher) = on_slate("srt")?;
    let before = headers(&daemon, &channel)?;
    let watcher = watcher.with_player("lldash")?;

    let publisher =
        Publisher::file(&Transport::Srt.url(&daemon, &channel.stream_key), Transport::Srt, source.path())?;
    becomes(&daemon, &channel, ChannelState::Live)?;
    let seconds = LOOKS.len() as u64 * LOOK_SECONDS;
    let output = recorded(&daemon, &channel, seconds)?;
    let log = daemon.log();
    for size in ["1920x1080", "1280x720", "480x854", "640x360"] {
        ensure!(log.contains(&format!("source is now {size}")), "{size} was not seen: {log}");
    }
    for sound in ["48000 Hz 6 ch", "44100 Hz 1 ch"] {
        ensure!(log.contains(sound), "{sound}: {log}");
    }
    drop(publisher);

    ensure!(headers(&daemon, &channel)? == before, "decoders would have to be set up anew");
    let complaints = ffmpeg::complaints(output.path())?;
    ensure!(complaints.is_empty(), "{complaints}");
    let pictures = ffmpeg::packets(output.path(), "v:0")?;
    ensure!(pictures.windows(2).all(|two| two[1].dts - two[0].dts == 3000), "30 fps is not held");
    in_step(output.path(), LOOKS.len() * (LOOK_SECONDS as usize - 3), LOOKS.len() - 1)?;
    watcher.stop().clean().map(drop)
}

#[test]
fn stamps_of_33_bits_that_begin_anew_are_not_seen() -> anyhow::Result<()> {
    // 2^33 / 90,000 is 95,443.7 s.
    const WRAP_SECONDS: u64 = 95_443;
    let _alone = alone();
    let (daemon, channel, watcher) = on_slate("srt")?;
    let watcher = watcher.with_player("lldash")?;
    let source = changing(&[LOOKS[4]], 40)?;
    let address = Transport::Srt.url(&daemon, &channel.stream_key);
    let publisher = Publisher::stamped(&address, Transport::Srt, source.path(), WRAP_SECONDS - 10, None)?;
    becomes(&daemon, &channel, ChannelState::Live)?;
    let output = recorded(&daemon, &channel, 20)?;
    in_step(output.path(), 16, 0)?;
    // A flash each second, and none is repeated or left out, once the path is known.
    let flashes = ffmpeg::flashes(output.path())?.split_off(3);
    let steady = flashes.windows(2).filter(|two| (two[1] - two[0] - 1000).abs() <= 34).count();
    ensure!(steady + 1 >= flashes.len(), "the picture stood still or jumped: {flashes:?}");
    drop(publisher);
    watcher.stop().clean().map(drop)
}

/// FLV has 31 bits for milliseconds, RTMP an extended time stamp from 24 bits on: a sender begins ten seconds before
/// each, another jumps by an hour, and one stalls.
#[test]
fn stamps_of_rtmp_may_wrap_jump_and_stall() -> anyhow::Result<()> {
    const BITS_24: u64 = (1 << 24) / 1000;
    const BITS_31: u64 = (1 << 31) / 1000;
    const HOUR: u64 = 3600;
    let _alone = alone();
    let source = changing(&[LOOKS[4]], 40)?;
    let (daemon, channel, watcher) = on_slate("rtmp")?;
    let address = Transport::Rtmp.url(&daemon, &channel.stream_key);
    let cases =
        [("24 bits", BITS_24 - 10, None), ("31 bits", BITS_31 - 10, None), ("jump", 0, Some((10, HOUR)))];
    for (case, begin, jump) in cases {
        let publisher = Publisher::stamped(&address, Transport::Rtmp, source.path(), begin, jump)?;
        becomes(&daemon, &channel, ChannelState::Live)?;
        let output = recorded(&daemon, &channel, 12)?;
        in_step(output.path(), 6, 1).with_context(|| case)?;
        if case != "jump" {
            drop(publisher);
            becomes(&daemon, &channel, ChannelState::Waiting)?;
            continue;
        }
        publisher.stall(true)?;
        becomes(&daemon, &channel, ChannelState::Waiting)?;
        publisher.stall(false)?;
        becomes(&daemon, &channel, ChannelState::Live)?;
    }
    watcher.stop().clean().map(drop)
}

/// What ffmpeg does not send: 32 bits that wrap, and stamps that jump back, far and by little.
#[test]
fn stamps_of_rtmp_may_run_backwards() -> anyhow::Result<()> {
    const HOUR: u64 = 3_600_000;
    /// A stamp of the file, in milliseconds, to the one that is sent.
    type Stamp = fn(u64) -> u64;
    let cases: [(&str, Stamp); 3] = [
        ("32 bits", |at| (1 << 32) - 10_000 + at),
        ("an hour back", |at| if at < 10_000 { 2 * HOUR + at } else { HOUR + at }),
        ("three seconds back", |at| if at < 10_000 { HOUR + at } else { HOUR + at - 3000 }),
    ];
    let _alone = alone();
    let source = changing(&[LOOKS[4]], 40)?;
    let (daemon, channel, watcher) = on_slate("rtmp")?;
    for (case, stamp) in cases {
        let port = daemon.ports.rtmp;
        let publisher = HandPublisher::start(port, &channel.stream_key, source.path(), stamp)?;
        becomes(&daemon, &channel, ChannelState::Live)?;
        let output = recorded(&daemon, &channel, 16)?;
        in_step(output.path(), 8, 1).with_context(|| case)?;
        publisher.stop().with_context(|| case)?;
        becomes(&daemon, &channel, ChannelState::Waiting)?;
    }
    watcher.stop().clean().map(drop)
}

#[test]
fn a_source_that_comes_back_different_changes_nothing_but_the_picture() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel, watcher) = on_slate("rtmp")?;
    let before = headers(&daemon, &channel)?;
    let watcher = watcher.with_player("llhls")?;
    // From large and fast to small and slow, and to mono; the long form has all.
    let step = if setting("FOREBAY_LOOKS", 3) < 5 { 2 } else { 1 };
    for look in LOOKS.into_iter().step_by(step) {
        // Made beforehand: a machine that has to code 1080p at the same time may be too slow for it.
        let source = changing(&[look], 4 * LOOK_SECONDS)?;
        let address = Transport::Rtmp.url(&daemon, &channel.stream_key);
        let publisher = Publisher::file(&address, Transport::Rtmp, source.path())?;
        let (width, height) = look.size;
        until("the new source is seen", SOON, || {
            let seen = daemon.channel(&channel.slug)?;
            let encode = seen.stages.iter().find(|stage| stage.name == "encode").context("a stage")?;
            ensure!(encode.detail.contains(&format!("{width}x{height}")), "{encode:?}");
            ensure!(seen.state == ChannelState::Live, "it is {:?}", seen.state);
            Ok(())
        })?;
        // The first of them may show the slate, and 2.5 s of beeps are not looked at.
        let output = recorded(&daemon, &channel, LOOK_SECONDS + 3)?;
        // While the reserve of a source that has just come settles, a picture near the edge of a slot goes to the one beside.
        in_step(output.path(), LOOK_SECONDS as usize - 3, 1).with_context(|| format!("{look:?}"))?;
        drop(publisher);
    }
    ensure!(headers(&daemon, &channel)? == before, "decoders would have to be set up anew");
    watcher.stop().clean().map(drop)
}

//! A channel whose source's own pictures pass through: what viewers get, what they see when the source goes, comes back, and
//! comes back coded otherwise; and what the operator is told of a source that is not fit for it.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Channel, Daemon};
use e2e::playlist::{Media, Multivariant};
use e2e::publish::{Publisher, Transport, sample};
use e2e::watcher::Watcher;
use e2e::{alone, http};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use wire::{ChannelState, Judgement, Light, Verdict};

/// For a source to be seen, announced and passed through, on a busy machine.
const SOON: Duration = Duration::from_secs(30);
/// A source in the recommended form, but with other parameter sets than the sample.
const OTHERWISE: [&str; 16] = [
    "-c:v",
    "libx264",
    "-preset",
    "superfast",
    "-tune",
    "zerolatency",
    "-profile:v",
    "main",
    "-coder",
    "1",
    "-g",
    "30",
    "-b:v",
    "800k",
    "-c:a",
    "copy",
];

fn start() -> anyhow::Result<(Daemon, Channel)> {
    let daemon = Daemon::start()?;
    let ladder = json!([{ "width": 640, "height": 360, "bitrate_bps": 2_000_000 }]);
    let body = json!({ "name": "Passed", "source": "rtmp", "ladder": ladder, "pass_through": true });
    let channel = daemon.add(&body)?;
    daemon.wait_begun(&channel, ChannelState::Waiting)?;
    Ok((daemon, channel))
}

fn encode_stage(daemon: &Daemon, channel: &Channel) -> anyhow::Result<wire::Stage> {
    let stages = daemon.channel(&channel.slug)?.stages;
    stages.into_iter().find(|stage| stage.name == "encode").context("no encode stage")
}

fn told(daemon: &Daemon, channel: &Channel, what: &str, light: Light) -> anyhow::Result<()> {
    until(&format!("the operator is told \"{what}\""), SOON, || {
        let stage = encode_stage(daemon, channel)?;
        ensure!(stage.detail.contains(what) && stage.light == light, "{stage:?}");
        Ok(())
    })
}

fn media(daemon: &Daemon, channel: &Channel) -> anyhow::Result<Media> {
    Media::fetch(&Multivariant::fetch(&daemon.live(channel, "master.m3u8"))?.video[0])
}

/// Checksums of coded pictures, in whatever wrapping, without what is not theirs.
fn pictures(file: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-i"]).arg(file).args(["-map", "v", "-c", "copy"]);
    ffmpeg.args(["-bsf:v", "h264_mp4toannexb,filter_units=remove_types=7-9", "-f", "framemd5", "-"]);
    let made = ffmpeg.stdin(Stdio::null()).output().context("running ffmpeg")?;
    ensure!(made.status.success(), "ffmpeg: {}", String::from_utf8_lossy(&made.stderr));
    let text = String::from_utf8_lossy(&made.stdout).into_owned();
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    Ok(rows.filter_map(|row| row.rsplit(',').next()).map(|sum| sum.trim().to_owned()).collect())
}

/// The headers that a playlist names, oldest first.
fn maps(media: &Media) -> Vec<String> {
    let named = |line: &str| Some(line.strip_prefix("#EXT-X-MAP:URI=\"")?.strip_suffix('"')?.to_owned());
    media.text.lines().filter_map(named).collect()
}

/// The newest complete segment with the header that is in force for it.
fn newest_segment(media: &Media) -> anyhow::Result<tempfile::NamedTempFile> {
    let map = maps(media).pop().context("no EXT-X-MAP")?;
    let (_, segment) = media.complete().next_back().context("no complete segment")?;
    let file = tempfile::Builder::new().suffix(".mp4").tempfile()?;
    let bytes = [http::fetch(&http::join(&media.url, &map))?.body, http::fetch(segment)?.body].concat();
    std::fs::write(file.path(), bytes)?;
    Ok(file)
}

/// Waits until the newest segment has the sample's own pictures, all of them.
fn sample_is_passed(daemon: &Daemon, channel: &Channel) -> anyhow::Result<()> {
    let sent = pictures(&sample()?)?;
    until("a whole segment is the sample's", SOON, || {
        let got = pictures(newest_segment(&media(daemon, channel)?)?.path())?;
        let passed = got.intersection(&sent).count();
        ensure!(got.len() == 60 && passed == 60, "{passed} of {} pictures", got.len());
        Ok(())
    })
}

fn discontinuities(daemon: &Daemon, channel: &Channel) -> anyhow::Result<[usize; 3]> {
    let count = |text: &str| text.matches("#EXT-X-DISCONTINUITY\n").count();
    let multivariant = Multivariant::fetch(&daemon.live(channel, "master.m3u8"))?;
    let audio = multivariant.audio.first().context("no audio playlist")?;
    let ts = Multivariant::fetch(&daemon.live(channel, "ts/master.m3u8"))?;
    let texts = [&multivariant.video[0], audio, &ts.video[0]].map(|url| Ok(http::fetch(url)?.text()));
    let texts = texts.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    Ok([count(&texts[0]), count(&texts[1]), count(&texts[2])])
}

fn periods(daemon: &Daemon, channel: &Channel) -> anyhow::Result<usize> {
    Ok(http::fetch(&daemon.live(channel, "manifest.mpd"))?.text().matches("<Period ").count())
}

fn judged(daemon: &Daemon, channel: &Channel) -> anyhow::Result<Judgement> {
    http::fetch(&format!("{}/api/v1/channels/{}/judge", daemon.base(), channel.slug))?.json()
}

/// What the box's own judge finds wrong after two rounds more.
fn no_clause_fails(daemon: &Daemon, channel: &Channel) -> anyhow::Result<()> {
    let from = judged(daemon, channel)?.rounds;
    let judgement = until("the judge has been round", Duration::from_secs(60), || {
        let now = judged(daemon, channel)?;
        ensure!(now.rounds >= from + 2, "{} rounds", now.rounds - from);
        Ok(now)
    })?;
    let wrong: Vec<_> = judgement.clauses.iter().filter(|clause| clause.verdict == Verdict::Fail).collect();
    ensure!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

#[test]
fn a_fit_source_passes_through_goes_and_comes_back_while_players_watch() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = start()?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    let watcher = watcher.with_player("lldash")?.with_player("llhls")?;
    let publisher = Publisher::start(&daemon, &channel, Transport::Rtmp)?;
    told(&daemon, &channel, "passed through", Light::Good)?;
    sample_is_passed(&daemon, &channel)?;
    ensure!(discontinuities(&daemon, &channel)?[..2] == [1, 1], "{:?}", discontinuities(&daemon, &channel)?);
    ensure!(periods(&daemon, &channel)? == 2, "periods");
    no_clause_fails(&daemon, &channel)?;

    drop(publisher);
    until("the slate is on air", SOON, || {
        let state = daemon.channel(&channel.slug)?.state;
        ensure!(state == ChannelState::Waiting, "{state:?}");
        Ok(())
    })?;
    let publisher = Publisher::start(&daemon, &channel, Transport::Rtmp)?;
    sample_is_passed(&daemon, &channel)?;
    // Its header was there all the time.
    ensure!(discontinuities(&daemon, &channel)?.iter().all(|count| *count <= 1), "another discontinuity");

    let header = maps(&media(&daemon, &channel)?).pop().context("no EXT-X-MAP")?;
    drop(publisher);
    let mut publisher =
        Publisher::coded(&Transport::Rtmp.url(&daemon, &channel.stream_key), Transport::Rtmp, &OTHERWISE)?;
    until("the next era has begun", SOON, || {
        let media = media(&daemon, &channel)?;
        let text = &media.text;
        let (sends, stage) = (publisher.runs(), encode_stage(&daemon, &channel)?);
        let began = maps(&media).iter().position(|map| *map != header);
        ensure!(
            began.is_some() && text.contains("#EXT-X-DISCONTINUITY\n"),
            "the publisher runs: {sends}; {stage:?}; {text}\n{}",
            daemon.log()
        );
        Ok(())
    })?;
    told(&daemon, &channel, "passed through", Light::Good)?;
    no_clause_fails(&daemon, &channel)?;
    watcher.stop().clean().map(drop)
}

#[test]
fn the_worker_is_killed_while_a_source_passes_through() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = start()?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    let _publisher = Publisher::start(&daemon, &channel, Transport::Rtmp)?;
    told(&daemon, &channel, "passed through", Light::Good)?;
    let worker = daemon.worker(&channel.slug)?;
    e2e::procfs::signal(worker, rustix::process::Signal::KILL)?;
    until("another worker runs", SOON, || {
        ensure!(daemon.worker(&channel.slug)? != worker, "still the same");
        Ok(())
    })?;
    told(&daemon, &channel, "passed through", Light::Good)?;
    sample_is_passed(&daemon, &channel)?;
    ensure!(discontinuities(&daemon, &channel)?[0] <= 1, "another discontinuity");
    watcher.stop().clean().map(drop)
}

#[test]
fn a_source_that_is_not_fit_is_encoded_and_the_operator_is_told_why() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = start()?;
    let coding = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-bf", "2", "-c:a", "copy"];
    let url = Transport::Rtmp.url(&daemon, &channel.stream_key);
    let publisher = Publisher::coded(&url, Transport::Rtmp, &coding)?;
    told(&daemon, &channel, "not passed through: it has B-frames; switch them off", Light::Degraded)?;
    drop(publisher);
    let coding =
        ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "60", "-c:a", "copy"];
    let _publisher = Publisher::coded(&url, Transport::Rtmp, &coding)?;
    told(&daemon, &channel, "its key frames are 2000 ms apart; set 1000 ms", Light::Degraded)?;
    ensure!(discontinuities(&daemon, &channel)? == [0; 3], "it was encoded all the time");
    Ok(())
}

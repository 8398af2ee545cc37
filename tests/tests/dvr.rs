//! DVR: viewers seek back in real players, what they get comes from disk, and a full disk shortens the past alone.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::playlist::{Media, Multivariant, attribute};
use e2e::watcher::Watcher;
use e2e::{alone, boxes, browser, http};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use wire::{ChannelState, DvrStatus, Light};

/// The least that a channel may have.
const WINDOW_SECS: u64 = 60;
/// Until that much has been made, on a busy machine.
const FILLED_LIMIT: Duration = Duration::from_secs(180);

fn on_air(daemon: &Daemon, dvr_secs: u64) -> anyhow::Result<Channel> {
    let body = json!({
        "name": "Past", "source": "test-pattern", "ladder": small_ladder(), "dvr_secs": dvr_secs
    });
    let channel = daemon.add(&body)?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    Ok(channel)
}

fn dvr(daemon: &Daemon, channel: &Channel) -> anyhow::Result<DvrStatus> {
    daemon.channel(&channel.slug)?.dvr.context("the API says nothing of DVR")
}

#[test]
fn viewers_seek_back_in_hls_js_and_dash_js() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let channel = on_air(&daemon, WINDOW_SECS)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    until("the past is as long as asked for", FILLED_LIMIT, || {
        let listed = dvr(&daemon, &channel)?.listed_secs;
        ensure!(listed >= WINDOW_SECS, "{listed} s");
        Ok(())
    })?;
    let playlists = Multivariant::fetch(&daemon.live(&channel, "master.m3u8"))?;
    for url in playlists.all() {
        lists_its_past(url)?;
    }
    iframes_reach_back(&daemon.live(&channel, "360p/iframes.m3u8"))?;
    let manifest = http::fetch(&daemon.live(&channel, "manifest.mpd"))?.text();
    ensure!(manifest.contains("timeShiftBufferDepth=\"PT60.0S\""), "{manifest}");
    for tier in ["llhls", "lldash"] {
        seeks_back(&daemon, &channel, tier)?;
    }
    let judged = daemon.cli(&["judge", &channel.slug])?;
    ensure!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stdout));
    watcher.stop().clean().map(drop)
}

/// The oldest segment is on disk; it is whole, in ranges too; and a delta update is the same playlist.
fn lists_its_past(url: &str) -> anyhow::Result<()> {
    let whole = Media::fetch(url)?;
    let (oldest_msn, oldest) = whole.complete().next().context("no segment")?;
    let (newest_msn, _) = whole.complete().next_back().context("no segment")?;
    ensure!(newest_msn - oldest_msn + 1 >= WINDOW_SECS / 2, "{url} lists {oldest_msn} to {newest_msn}");
    let listed = whole.segments.windows(2).all(|two| two[1].msn == two[0].msn + 1);
    ensure!(listed && whole.segments.iter().all(|segment| !segment.gap), "{url} has holes");

    let segment = http::fetch(oldest)?.body;
    let init = http::fetch(whole.init_url.as_deref().context("EXT-X-MAP")?)?.body;
    let fragments = boxes::fragments(&segment)?;
    let seconds =
        fragments.iter().map(|each| each.duration).sum::<u64>() as f64 / boxes::timescale(&init)? as f64;
    ensure!((seconds - 2.0).abs() < 0.022, "{oldest} lasts {seconds} s");
    let range = http::get_with(oldest, "range", "bytes=100-999")?;
    ensure!(range.status == 206 && range.body == segment[100..1000], "{oldest} in a range: {}", range.status);
    let removed = http::get(&oldest.replace(&oldest_msn.to_string(), &(oldest_msn - 1000).to_string()))?;
    ensure!(removed.status == 410, "what is no longer kept: {}", removed.status);

    let delta = http::fetch(&format!("{url}?_HLS_skip=YES"))?.text();
    let skip = delta.lines().find_map(|line| line.strip_prefix("#EXT-X-SKIP:")).context("EXT-X-SKIP")?;
    let skipped: usize = attribute(skip, "SKIPPED-SEGMENTS").context("SKIPPED-SEGMENTS")?.parse()?;
    let first: u64 =
        delta.lines().find_map(|l| l.strip_prefix("#EXT-X-MEDIA-SEQUENCE:")).context("number")?.parse()?;
    let next = delta.lines().find(|line| !line.starts_with('#')).context("an address")?;
    let expected = format!("{}.m4s", first + skipped as u64);
    ensure!(next == expected, "after {skipped} segments from {first}, {next} is not {expected}");
    ensure!(skipped as u64 >= WINDOW_SECS / 2 - 12, "only {skipped} are skipped");
    Ok(())
}

fn iframes_reach_back(url: &str) -> anyhow::Result<()> {
    let text = http::fetch(url)?.text();
    let range = text.lines().find_map(|line| line.strip_prefix("#EXT-X-BYTERANGE:")).context("a range")?;
    let (length, offset) = range.split_once('@').context("an offset")?;
    let (length, offset): (u64, u64) = (length.parse()?, offset.parse()?);
    let name = text.lines().find(|line| !line.starts_with('#')).context("an address")?;
    let bytes = format!("bytes={offset}-{}", offset + length - 1);
    let answer = http::get_with(&http::join(url, name), "range", &bytes)?;
    ensure!(answer.status == 206 && answer.body.len() as u64 == length, "{name}: {}", answer.status);
    let entries = text.matches("#EXTINF:").count() as u64;
    ensure!(entries >= WINDOW_SECS, "{entries} I-frames of {WINDOW_SECS} s");
    Ok(())
}

/// What `seek.mjs` reports.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Seeking {
    why: Option<String>,
    behind_ms: Vec<i64>,
    live_again_ms: Vec<i64>,
    failures: Vec<serde_json::Value>,
    page_errors: Vec<String>,
    console_errors: Vec<String>,
    bad_status: Vec<String>,
}

fn seeks_back(daemon: &Daemon, channel: &Channel, tier: &str) -> anyhow::Result<()> {
    const BACK_SECS: i64 = 48;
    let (base, back) = (daemon.base(), BACK_SECS.to_string());
    let args = ["--base", &base, "--channel", &channel.slug, "--tier", tier, "--back", &back];
    let report: Seeking = serde_json::from_value(browser::script("seek.mjs", &args)?)?;
    ensure!(report.why.is_none(), "{tier}: {report:?}");
    let errors = [&report.page_errors, &report.console_errors, &report.bad_status];
    ensure!(report.failures.is_empty() && errors.iter().all(|list| list.is_empty()), "{tier}: {report:?}");
    // A seek lands on a key picture or near one, and loading takes its time.
    let there = |ms: &i64| (BACK_SECS - 6) * 1000 <= *ms && *ms <= (BACK_SECS + 12) * 1000;
    ensure!(report.behind_ms.len() >= 10 && report.behind_ms.iter().all(there), "{tier}: {report:?}");
    let last = report.live_again_ms.last().context("no picture at the live edge")?;
    ensure!(*last < 15_000, "{tier} did not come back to the live edge: {report:?}");
    Ok(())
}

#[test]
fn a_full_disk_shortens_the_past_and_nothing_else() -> anyhow::Result<()> {
    const DISK_BYTES: u64 = 3 << 20;
    let _alone = alone();
    let daemon = Daemon::start_on_small_disk("dvr", DISK_BYTES)?;
    let channel = on_air(&daemon, 3600)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    until("the disk is full", FILLED_LIMIT, || {
        let dvr = dvr(&daemon, &channel)?;
        ensure!(dvr.short_of_disk, "{} s so far", dvr.listed_secs);
        Ok(())
    })?;
    let url = Multivariant::fetch(&daemon.live(&channel, "master.m3u8"))?.video[0].clone();
    let before = Media::fetch(&url)?;
    let oldest = |media: &Media| media.complete().next().map(|(msn, url)| (msn, url.to_owned()));
    let (from, _) = oldest(&before).context("no segment")?;
    until("more is made, and older given up for it", FILLED_LIMIT, || {
        let (now, _) = oldest(&Media::fetch(&url)?).context("no segment")?;
        ensure!(now > from + 10, "{now} is the oldest, it was {from}");
        Ok(())
    })?;
    let (_, oldest) = oldest(&Media::fetch(&url)?).context("no segment")?;
    ensure!(http::get(&oldest)?.status == 200, "{oldest} is listed and not there");
    let told = daemon.channel(&channel.slug)?;
    let serve = told.stages.iter().find(|stage| stage.name == "serve").context("a serve stage")?;
    ensure!(serve.light == Light::Degraded && serve.detail.contains("the disk has room for"), "{serve:?}");
    let metrics = http::fetch(&format!("{}/metrics", daemon.base()))?.text();
    let line = metrics.lines().find(|line| line.starts_with("forebay_dvr_disk_bytes{"));
    let bytes: u64 =
        line.and_then(|line| line.split_whitespace().next_back()).context("no metric")?.parse()?;
    ensure!(bytes <= DISK_BYTES, "{bytes} bytes on a disk of {DISK_BYTES}");
    watcher.stop().clean().map(drop)
}

//! Many viewers, too many viewers, and one who does not read: what is counted, who is turned away, who is dropped.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::playlist::{Media, Multivariant};
use e2e::watcher::Watcher;
use e2e::{alone, http};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;
use wire::{ChannelState, Problem};

fn on_air(flags: &[&str]) -> anyhow::Result<(Daemon, Channel)> {
    let daemon = Daemon::start_with(flags)?;
    let channel = daemon.add_channel("Pattern", "test-pattern", &small_ladder())?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    Ok((daemon, channel))
}

/// `/metrics` by series. OpenMetrics 1.0: lines of `name{labels} value`, comments, and `# EOF` at the end.
fn metrics(daemon: &Daemon) -> anyhow::Result<BTreeMap<String, f64>> {
    let answer = http::fetch(&format!("{}/metrics", daemon.base()))?;
    ensure!(answer.content_type.starts_with("application/openmetrics-text"), "{}", answer.content_type);
    let text = answer.text();
    ensure!(text.ends_with("# EOF\n"), "no end: {text}");
    let series = text.lines().filter(|line| !line.starts_with('#'));
    series
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').with_context(|| format!("not a series: {line}"))?;
            let value = value.parse().with_context(|| format!("not a number: {line}"))?;
            Ok((name.to_owned(), value))
        })
        .collect()
}

fn value(metrics: &BTreeMap<String, f64>, series: &str) -> anyhow::Result<f64> {
    metrics.get(series).copied().with_context(|| format!("there is no {series} in {:#?}", metrics.keys()))
}

#[test]
fn what_viewers_do_is_counted() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = on_air(&[])?;
    let slug = &channel.slug;
    let playlist = Multivariant::fetch(&daemon.live(&channel, "master.m3u8"))?.video[0].clone();
    let (msn, part) = Media::fetch(&playlist)?.newest_part().context("no part")?;
    http::fetch(&format!("{playlist}?_HLS_msn={msn}&_HLS_part={part}"))?;
    let far = http::get(&format!("{playlist}?_HLS_msn={}", msn + 9))?;
    ensure!(far.status == 400, "{}", far.status);
    let early = http::get(&playlist.replace("media.m3u8", &format!("{}.m4s", msn + 3)))?;
    ensure!(early.status == 404, "{}", early.status);
    let part = Media::fetch(&playlist)?.segments.iter().rev().find_map(|each| each.parts.last().cloned());
    let part = http::fetch(&part.context("no part")?)?.body.len() as f64;
    let now = metrics(&daemon)?;
    let hold =
        |outcome| format!("forebay_manifest_hold_seconds_count{{channel=\"{slug}\",outcome=\"{outcome}\"}}");
    ensure!(value(&now, &hold("released"))? >= 1.0 && value(&now, &hold("bad-request"))? >= 1.0, "{now:#?}");
    let early = format!("forebay_early_requests_total{{channel=\"{slug}\",outcome=\"not-found\"}}");
    ensure!(value(&now, &early)? >= 1.0, "{now:#?}");
    let sent = format!("forebay_sent_bytes_total{{channel=\"{slug}\",tier=\"llhls\"}}");
    ensure!(value(&now, &sent)? >= part, "{now:#?}");
    let late = format!("forebay_part_lateness_seconds_count{{channel=\"{slug}\",rendition=\"360p\"}}");
    ensure!(value(&now, &late)? >= 8.0, "{now:#?}");
    let viewers = "forebay_viewers{tier=\"llhls\",http=\"1\",transport=\"plain\"}";
    ensure!(value(&now, viewers)? >= 1.0, "{now:#?}");
    until("the judge's verdicts are there", Duration::from_secs(60), || {
        let clause = format!("forebay_judge_clause{{channel=\"{slug}\",clause=\"hls-4.1-form\"}}");
        ensure!((value(&metrics(&daemon)?, &clause)? - 1.0).abs() < 1e-9, "it does not pass");
        Ok(())
    })?;
    let stop = format!("{}/api/v1/channels/{slug}/stop", daemon.base());
    ensure!(http::post(&stop, "application/json", b"")?.status == 200, "it cannot be stopped");
    until("its series are gone", Duration::from_secs(20), || {
        let left = metrics(&daemon)?;
        let own = left.keys().find(|series| series.contains(&format!("channel=\"{slug}\"")));
        ensure!(own.is_none(), "{own:?}");
        Ok(())
    })
}

#[test]
fn one_viewer_too_many_is_told_to_come_back() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = on_air(&["--viewer-requests-max", "10"])?;
    let playlist = Multivariant::fetch(&daemon.live(&channel, "master.m3u8"))?.video[0].clone();
    let refused =
        until("a channel with all its requests open refuses one more", Duration::from_secs(30), || {
            let next = Media::fetch(&playlist)?.complete().next_back().context("no segment")?.0 + 2;
            // Nine tenths of ten; each is held for up to two segments.
            let held: Vec<_> = (0..9)
                .map(|_| {
                    let url = format!("{playlist}?_HLS_msn={next}");
                    std::thread::spawn(move || http::get(&url))
                })
                .collect();
            let answer = until("it is full", Duration::from_secs(3), || {
                let answer = http::get(&playlist)?;
                ensure!(answer.status == 503, "{}", answer.status);
                Ok(answer)
            });
            for each in held {
                let status = each.join().expect("it does not panic")?.status;
                ensure!(status == 200 || status == 503, "who was held got {status}");
            }
            answer
        })?;
    ensure!(refused.header("retry-after").is_some(), "503 without Retry-After: {refused:?}");
    ensure!(refused.cache_control == "no-store", "a cache may keep it: {}", refused.cache_control);
    ensure!(http::get(&playlist)?.status == 200, "it stays full");
    let counted = metrics(&daemon)?;
    ensure!(
        value(&counted, "forebay_refused_requests_total{reason=\"channel-full\"}")? >= 1.0,
        "{counted:#?}"
    );
    // The admin side is another matter.
    let missing: Problem = http::get(&format!("{}/api/v1/channels/nobody", daemon.base()))?.json()?;
    ensure!(missing.status == 404, "{missing:?}");
    Ok(())
}

/// A viewer who asks for far more than fits its socket and reads none of it.
fn deaf(daemon: &Daemon, segment: &str) -> anyhow::Result<TcpStream> {
    let path = segment.strip_prefix(&daemon.base()).context("of this box")?;
    let mut stream = TcpStream::connect(("127.0.0.1", daemon.ports.http))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // More bytes than the kernel's buffers of both ends hold.
    stream.write_all(request.repeat(200).as_bytes())?;
    Ok(stream)
}

#[test]
fn a_viewer_who_does_not_read_is_dropped_alone() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = on_air(&[])?;
    let playlist = Multivariant::fetch(&daemon.live(&channel, "master.m3u8"))?.video[0].clone();
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    let newest = Media::fetch(&playlist)?.complete().next_back().context("no segment")?.1.to_owned();
    let stream = deaf(&daemon, &newest)?;
    // The kernel gives it up without a word to its other end.
    until("the box drops it", Duration::from_secs(60), || {
        let counted = metrics(&daemon)?;
        ensure!(value(&counted, "forebay_slow_readers_dropped_total")? >= 1.0, "it is still there");
        Ok(())
    })?;
    drop(stream);
    watcher.stop().clean().map(drop)
}

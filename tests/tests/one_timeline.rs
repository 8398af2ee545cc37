//! Bytes are encoded and packaged once: one URL for LL-HLS and LL-DASH, one timeline on every rung and tier.
//!
//! `FOREBAY_E2E_IDR_SECONDS` (default 20; 300 in the long form) is how much of the stream is looked at.

use anyhow::{Context, ensure};
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::ffmpeg::{self, Packet};
use e2e::playlist::{Media, Mpd, Multivariant};
use e2e::{alone, binary_clock, clock, http, setting};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;
use tempfile::NamedTempFile;
use wire::ChannelState;

fn test_pattern(ladder: &Value) -> anyhow::Result<(Daemon, Channel)> {
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Pattern", "test-pattern", ladder)?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    Ok((daemon, channel))
}

#[test]
fn a_segment_has_one_url_and_the_same_bytes_in_ll_hls_and_ll_dash() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = test_pattern(&small_ladder())?;
    let mpd = Mpd::fetch(&daemon.live(&channel, "manifest.mpd"))?;
    let playlists = Multivariant::fetch(&daemon.live(&channel, "master.m3u8"))?;
    for url in playlists.all() {
        let media = Media::fetch(url)?;
        let (msn, segment) = media.complete().next_back().context("no complete segment")?;
        let in_dash: Vec<_> =
            mpd.media.iter().map(|each| each.replace("$Number$", &msn.to_string())).collect();
        ensure!(in_dash.iter().any(|each| each == segment), "{segment} is none of {in_dash:?}");
        let parts = &media.segments.iter().find(|each| each.msn == msn).context("listed")?.parts;
        ensure!(!parts.is_empty(), "the newest complete segment lists no parts");
        let of_parts =
            parts.iter().map(|part| Ok(http::fetch(part)?.body)).collect::<anyhow::Result<Vec<_>>>()?;
        ensure!(of_parts.concat() == http::fetch(segment)?.body, "{segment} is not its parts joined");
    }
    Ok(())
}

/// Each video rung over the same numbers, as one file that ffprobe reads.
fn recordings(playlists: &Multivariant, seconds: u64) -> anyhow::Result<Vec<NamedTempFile>> {
    let newest = |url: &str| -> anyhow::Result<u64> {
        Ok(Media::fetch(url)?.complete().next_back().context("no complete segment")?.0)
    };
    let first = newest(&playlists.video[0])? + 1;
    let files: Vec<_> =
        playlists.video.iter().map(|url| Ok((url, init_file(url)?))).collect::<anyhow::Result<_>>()?;
    for msn in first..first + seconds.div_ceil(2) {
        for (url, file) in &files {
            let segment = clock::until("the next segment is listed", Duration::from_secs(10), || {
                let media = Media::fetch(url)?;
                media
                    .complete()
                    .find(|(each, _)| *each == msn)
                    .map(|(_, url)| url.to_owned())
                    .context("not yet")
            })?;
            file.as_file().write_all(&http::fetch(&segment)?.body)?;
        }
    }
    Ok(files.into_iter().map(|(_, file)| file).collect())
}

fn init_file(playlist: &str) -> anyhow::Result<NamedTempFile> {
    let file = tempfile::Builder::new().suffix(".mp4").tempfile()?;
    let init = Media::fetch(playlist)?.init_url.context("EXT-X-MAP")?;
    file.as_file().write_all(&http::fetch(&init)?.body)?;
    Ok(file)
}

#[test]
fn idrs_are_a_second_apart_at_the_same_times_on_every_rung() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = test_pattern(&Value::Null)?;
    let playlists = Multivariant::fetch(&daemon.live(&channel, "master.m3u8"))?;
    ensure!(playlists.video.len() > 1, "the default ladder has one rung");
    let seconds = setting("FOREBAY_E2E_IDR_SECONDS", 20);
    let files = recordings(&playlists, seconds)?;
    let rungs =
        files.iter().map(|file| ffmpeg::packets(file.path(), "v:0")).collect::<anyhow::Result<Vec<_>>>()?;
    let keys =
        |rung: &[Packet]| rung.iter().filter(|each| each.is_key()).map(|each| each.pts).collect::<Vec<_>>();
    let first = keys(&rungs[0]);
    // Video has 360,000 units a second.
    ensure!(first.windows(2).all(|pair| pair[1] - pair[0] == 360_000), "IDRs at {first:?}");
    ensure!(first.len() as u64 == seconds.div_ceil(2) * 2, "{} IDRs in {seconds} s", first.len());
    for rung in &rungs {
        ensure!(keys(rung) == first, "IDRs of a rung at {:?}, of the first at {first:?}", keys(rung));
        ensure!(rung.iter().all(|each| each.pts == each.dts), "pictures are reordered");
        ensure!(rung.windows(2).all(|pair| pair[1].dts - pair[0].dts == 12_000), "30 fps is not held");
    }
    Ok(())
}

/// The pattern beeps at each full UTC second, and every picture says its own time: so sound and picture of a
/// decoded TS segment can be compared with one clock.
#[test]
fn sound_and_picture_are_within_20_ms() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = test_pattern(&small_ladder())?;
    let playlist = Multivariant::fetch(&daemon.live(&channel, "ts/master.m3u8"))?.video[0].clone();
    let file = tempfile::Builder::new().suffix(".ts").tempfile()?;
    for (_, url) in Media::fetch(&playlist)?.complete() {
        file.as_file().write_all(&http::fetch(url)?.body)?;
    }
    let offsets = utc_minus_pts(file.path())?;
    ensure!(offsets.len() == 1, "UTC minus PTS of the pictures, in ms, and how often: {offsets:?}");
    let offset = *offsets.keys().next().context("no picture with a clock")?;
    let beeps = ffmpeg::beeps(file.path())?;
    ensure!(beeps.len() >= 3, "{} beeps", beeps.len());
    for beep in beeps {
        let from_second = (beep + offset + 500).rem_euclid(1000) - 500;
        ensure!(from_second.abs() <= 20, "a beep {from_second} ms from its second");
    }
    Ok(())
}

/// Clock in the picture minus its PTS, in milliseconds, with the number of pictures that say so.
fn utc_minus_pts(file: &std::path::Path) -> anyhow::Result<BTreeMap<i64, usize>> {
    let (width, height) = (640, 360);
    let packets = ffmpeg::packets(file, "v:0")?;
    let pictures = ffmpeg::luma(file, width, height)?;
    ensure!(pictures.len() == packets.len() * width * height, "not every picture was decoded");
    let mut offsets = BTreeMap::new();
    for (packet, luma) in packets.iter().zip(pictures.chunks_exact(width * height)) {
        let utc_ms = binary_clock::read(luma, width, height).context("a picture without a readable clock")?;
        // Both are rounded down from the same instant: the frame's start, 1/90,000 and 1/1,000 s.
        let pts_ms = (packet.pts as f64 / 90.0).round() as i64;
        let offset = offsets.keys().find(|each: &&i64| each.abs_diff(utc_ms - pts_ms) <= 1).copied();
        *offsets.entry(offset.unwrap_or(utc_ms - pts_ms)).or_insert(0) += 1;
    }
    Ok(offsets)
}

//! I-frame playlists: every byte range is one picture, as ffmpeg decodes it.

use anyhow::{Context, ensure};
use e2e::daemon::{Daemon, small_ladder};
use e2e::playlist::attribute;
use e2e::{alone, ffmpeg, http};
use std::io::Write;
use wire::ChannelState;

/// Byte ranges that are looked at, the newest.
const FRAMES: usize = 4;

#[test]
fn every_listed_range_is_one_picture() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Pattern", "test-pattern", &small_ladder())?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    let master = daemon.live(&channel, "master.m3u8");
    let text = http::fetch(&master)?.text();
    let list = text.lines().find_map(|line| line.strip_prefix("#EXT-X-I-FRAME-STREAM-INF:"));
    let list = list.with_context(|| format!("no I-frame playlist in {text}"))?;
    ensure!(attribute(list, "RESOLUTION").as_deref() == Some("640x360"), "{list}");
    let url = http::join(&master, &attribute(list, "URI").context("URI")?);
    let playlist = http::fetch(&url)?.text();
    ensure!(playlist.contains("#EXT-X-I-FRAMES-ONLY") && !playlist.contains("#EXT-X-PART"), "{playlist}");
    let map = playlist.lines().find_map(|line| line.strip_prefix("#EXT-X-MAP:")).context("EXT-X-MAP")?;
    let init = http::fetch(&http::join(&url, &attribute(map, "URI").context("URI")?))?.body;
    let entries = entries(&playlist)?;
    ensure!(entries.len() >= FRAMES, "{} I-frames", entries.len());
    for (range, name) in &entries[entries.len() - FRAMES..] {
        let (length, offset) = range.split_once('@').context("a range with its offset")?;
        let (length, offset): (u64, u64) = (length.parse()?, offset.parse()?);
        let bytes = format!("bytes={offset}-{}", offset + length - 1);
        let answer = http::get_with(&http::join(&url, name), "range", &bytes)?;
        ensure!(
            answer.status == 206 && answer.body.len() as u64 == length,
            "{name} {bytes}: {}",
            answer.status
        );
        let mut file = tempfile::Builder::new().suffix(".mp4").tempfile()?;
        file.write_all(&init)?;
        file.write_all(&answer.body)?;
        let luma = ffmpeg::luma(file.path(), 64, 36)?;
        ensure!(luma.len() == 64 * 36, "{name} {bytes} is {} pictures", luma.len() as f64 / (64.0 * 36.0));
    }
    Ok(())
}

/// Range and address of each entry.
fn entries(playlist: &str) -> anyhow::Result<Vec<(String, String)>> {
    let mut lines = playlist.lines();
    let mut entries = Vec::new();
    while let Some(line) = lines.next() {
        let Some(range) = line.strip_prefix("#EXT-X-BYTERANGE:") else { continue };
        entries.push((range.to_owned(), lines.next().context("an address behind its range")?.to_owned()));
    }
    Ok(entries)
}

//! What others think of the media and the manifests: ffprobe, ffmpeg, mediainfo, shaka packager, tstools and the DASH
//! schema, on a live channel of three rungs. The players among the judges watch in `judge.rs`.

use anyhow::{Context, ensure};
use e2e::daemon::{Channel, Daemon};
use e2e::judges::{self, DashSchema, Said};
use e2e::playlist::{Media, Multivariant, attribute};
use e2e::{alone, ffmpeg, http};
use serde_json::{Value, json};
use std::io::Write;
use tempfile::NamedTempFile;
use wire::ChannelState;

/// Segments of 2 s that are looked at; each has 60 pictures.
const SEGMENTS: usize = 3;
const FRAMES: usize = SEGMENTS * 60;

fn three_rungs() -> Value {
    json!([
        { "width": 854, "height": 480, "bitrate_bps": 1_500_000 },
        { "width": 640, "height": 360, "bitrate_bps": 800_000 },
        { "width": 426, "height": 240, "bitrate_bps": 400_000 },
    ])
}

fn on_air() -> anyhow::Result<(Daemon, Channel)> {
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Pattern", "test-pattern", &three_rungs())?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    Ok((daemon, channel))
}

/// What a multivariant playlist promises of a variant.
struct Promise {
    url: String,
    codecs: Vec<String>,
    width: String,
    height: String,
}

fn promises(master: &str) -> anyhow::Result<Vec<Promise>> {
    let text = http::fetch(master)?.text();
    let mut lines = text.lines();
    let mut promises = Vec::new();
    while let Some(line) = lines.next() {
        let Some(list) = line.strip_prefix("#EXT-X-STREAM-INF:") else { continue };
        let of = |name: &str| attribute(list, name).with_context(|| format!("{name} of {line}"));
        ensure!(of("FRAME-RATE")? == "30.000", "{line}");
        let size = of("RESOLUTION")?;
        let (width, height) = size.split_once('x').context("RESOLUTION")?;
        promises.push(Promise {
            url: http::join(master, lines.next().context("a URI after EXT-X-STREAM-INF")?),
            codecs: of("CODECS")?.split(',').map(ToOwned::to_owned).collect(),
            width: width.to_owned(),
            height: height.to_owned(),
        });
    }
    ensure!(promises.len() == 3, "{} variants in {text}", promises.len());
    Ok(promises)
}

/// The newest complete segments of a rendition as one file, behind its init segment where it has one.
fn recorded(playlist: &str, suffix: &str, segments: usize) -> anyhow::Result<NamedTempFile> {
    let media = Media::fetch(playlist)?;
    let mut file = tempfile::Builder::new().suffix(suffix).tempfile()?;
    if let Some(init) = &media.init_url {
        file.write_all(&http::fetch(init)?.body)?;
    }
    let listed: Vec<_> = media.complete().collect();
    ensure!(listed.len() >= segments, "{playlist} lists {} segments", listed.len());
    for (_, url) in &listed[listed.len() - segments..] {
        file.write_all(&http::fetch(url)?.body)?;
    }
    Ok(file)
}

fn same(said: &Said, expected: &[(&str, &str)]) -> anyhow::Result<()> {
    for (name, value) in expected {
        let found = said.get(*name).map(String::as_str);
        ensure!(found == Some(value), "{name} is {found:?}, where {value} was promised: {said:?}");
    }
    Ok(())
}

fn track<'a>(tracks: &'a [Said], kind: &str) -> anyhow::Result<&'a Said> {
    let found = tracks.iter().find(|track| track.get("@type").is_some_and(|each| each == kind));
    found.with_context(|| format!("mediainfo sees no {kind}"))
}

#[test]
fn ffprobe_mediainfo_and_shaka_packager_see_what_the_playlist_promises() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = on_air()?;
    let master = daemon.live(&channel, "master.m3u8");
    for promise in promises(&master)? {
        video_is_as_promised(&promise).with_context(|| promise.url.clone())?;
    }
    let audio = &Multivariant::fetch(&master)?.audio[0];
    audio_is_as_promised(audio).with_context(|| audio.clone())
}

fn video_is_as_promised(promise: &Promise) -> anyhow::Result<()> {
    let file = recorded(&promise.url, ".mp4", SEGMENTS)?;
    let (width, height) = (promise.width.as_str(), promise.height.as_str());
    let frames = FRAMES.to_string();
    let complaints = ffmpeg::complaints(file.path())?;
    ensure!(complaints.is_empty(), "ffmpeg complained: {complaints}");
    let packets = ffmpeg::packets(file.path(), "v:0")?;
    ensure!(packets.len() == FRAMES, "{} pictures, not {frames}", packets.len());
    let probed = judges::ffprobe(file.path())?;
    let expected = [("codec_name", "h264"), ("width", width), ("height", height), ("avg_frame_rate", "30/1")];
    same(probed.first().context("ffprobe sees no stream")?, &expected)?;
    let seen = judges::mediainfo(file.path())?;
    let expected = [("Format", "AVC"), ("Width", width), ("Height", height), ("FrameRate", "30.000")];
    same(track(&seen, "Video")?, &expected)?;
    same(track(&seen, "Video")?, &[("FrameRate_Mode", "CFR"), ("FrameCount", &frames)])?;
    let dumped = judges::packager(file.path())?;
    ensure!(dumped.len() == 1, "the packager sees {} streams", dumped.len());
    let expected = [("type", "Video"), ("codec_string", &promise.codecs[0]), ("time_scale", "360000")];
    same(&dumped[0], &expected)?;
    same(&dumped[0], &[("width", width), ("height", height), ("pixel_aspect_ratio", "1:1")])
}

fn audio_is_as_promised(playlist: &str) -> anyhow::Result<()> {
    let file = recorded(playlist, ".mp4", SEGMENTS)?;
    let complaints = ffmpeg::complaints(file.path())?;
    ensure!(complaints.is_empty(), "ffmpeg complained: {complaints}");
    let probed = judges::ffprobe(file.path())?;
    let expected = [("codec_name", "aac"), ("sample_rate", "48000"), ("channels", "2")];
    same(probed.first().context("ffprobe sees no stream")?, &expected)?;
    let seen = judges::mediainfo(file.path())?;
    same(track(&seen, "Audio")?, &[("Format", "AAC"), ("SamplingRate", "48000"), ("Channels", "2")])?;
    let dumped = judges::packager(file.path())?;
    ensure!(dumped.len() == 1, "the packager sees {} streams", dumped.len());
    let expected = [("type", "Audio"), ("codec_string", "mp4a.40.2"), ("sampling_frequency", "48000")];
    same(&dumped[0], &expected)
}

#[test]
fn tstools_and_ffmpeg_accept_the_transport_stream() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = on_air()?;
    for promise in promises(&daemon.live(&channel, "ts/master.m3u8"))? {
        let one = recorded(&promise.url, ".ts", 1)?;
        // "PAT and PMT are the first two packets of each segment": 3.1.1 of the draft.
        ensure!(judges::first_tables(one.path())? == (1, 2), "{}: PAT and PMT are late", promise.url);
        let file = recorded(&promise.url, ".ts", SEGMENTS)?;
        for complaints in [judges::transport_stream(file.path())?, ffmpeg::complaints(file.path())?] {
            ensure!(complaints.is_empty(), "{}: {complaints}", promise.url);
        }
        let seen = judges::mediainfo(file.path())?;
        let size = [("Width", promise.width.as_str()), ("Height", promise.height.as_str())];
        same(track(&seen, "Video")?, &size)?;
        same(track(&seen, "Audio")?, &[("Format", "AAC"), ("SamplingRate", "48000")])?;
    }
    Ok(())
}

#[test]
fn the_mpd_is_valid_by_the_dash_schema() -> anyhow::Result<()> {
    let Some(schema) = DashSchema::at_hand()? else {
        eprintln!("SKIPPED: MPEG's schema is not at hand; name its folder in FOREBAY_DASH_SCHEMA");
        return Ok(());
    };
    let _alone = alone();
    let (daemon, channel) = on_air()?;
    let mpd = http::fetch(&daemon.live(&channel, "manifest.mpd"))?.text();
    let complaints = schema.complaints(&mpd)?;
    ensure!(complaints.is_empty(), "{complaints}\n{mpd}");
    let wrong = mpd.replace("availabilityTimeComplete=\"false\"", "availabilityTimeComplete=\"FALSE\"");
    ensure!(wrong != mpd && !schema.complaints(&wrong)?.is_empty(), "the schema accepts FALSE as a boolean");
    Ok(())
}

/// A judge that accepts everything would be none.
#[test]
fn the_judges_find_what_is_wrong() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = on_air()?;
    let transport = recorded(&promises(&daemon.live(&channel, "ts/master.m3u8"))?[0].url, ".ts", 3)?;
    let whole = std::fs::read(transport.path())?;
    // One packet of 188 bytes is lost, in the middle of a picture: no table, not the first, and none after whose counter
    // tsreport would begin anew (it takes 0 for "not seen yet").
    let packets = whole.chunks_exact(188).enumerate().skip(whole.len() / 2 / 188);
    let of_a_picture = |packet: &[u8]| packet[1..3] == [0x01, 0x00] && (0x13..=0x1F).contains(&packet[3]);
    let lost = packets.map(|(at, packet)| (at * 188, packet)).find(|(_, packet)| of_a_picture(packet));
    let (lost, _) = lost.context("no packet of a picture")?;
    std::fs::write(transport.path(), [&whole[..lost], &whole[lost + 188..]].concat())?;
    ensure!(
        judges::transport_stream(transport.path())?.contains("iscontinuity"),
        "tsreport missed a lost packet"
    );
    std::fs::write(transport.path(), &whole[2 * 188..])?;
    ensure!(judges::first_tables(transport.path())? != (1, 2), "tsinfo missed that PAT and PMT are late");
    let file = recorded(&promises(&daemon.live(&channel, "master.m3u8"))?[0].url, ".mp4", 2)?;
    let whole = std::fs::read(file.path())?;
    // The length of a picture's first NAL unit, and what follows it.
    let mdat = whole.windows(4).position(|four| four == b"mdat").context("mdat")? + 4;
    let spoilt = [&whole[..mdat], &[0xFF; 500], &whole[mdat + 500..]].concat();
    std::fs::write(file.path(), spoilt)?;
    ensure!(!ffmpeg::complaints(file.path())?.is_empty(), "ffmpeg accepts spoilt pictures");
    std::fs::write(file.path(), &whole[8..])?;
    ensure!(judges::packager(file.path()).is_err(), "the packager accepts a file without ftyp");
    Ok(())
}

//! A real encode as MPEG-TS segments, read by `ffprobe` and decoded by `ffmpeg`.

use crate::real::{access_units, encode, run};
use bytes::Bytes;
use media::codec::aac::{AudioSpecificConfig, parse_adts};
use media::codec::h264::{annexb_to_length_prefixed, kind_of_sample, parameter_sets_of_annexb};
use media::grid::Grid;
use media::packager::{RenditionPackager, WindowLimits};
use media::time::{FrameRate, Ticks};
use media::ts::{TsMsn, segment};
use media::unit::{AccessUnit, CodecConfig, UnitKind};
use media::window::{Rendition, RenditionKind, Snapshot};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const RATE: FrameRate = FrameRate::FPS_30;
const START: Ticks = Ticks::from_secs(1_780_000_000);

/// The window that these access units make, one after the other from [`START`] on.
fn window(rendition: Rendition, units: impl Iterator<Item = (UnitKind, Bytes)>) -> Snapshot {
    let limits = WindowLimits { listed_segments: 10, kept_segments: 10, listed_step: 1 };
    let step = rendition.unit_duration;
    let mut packager = RenditionPackager::new(Arc::new(rendition), limits);
    for (count, (kind, data)) in units.enumerate() {
        let dts = Grid::next_frame_start(START, step) + step * count as i64;
        packager
            .push(AccessUnit { dts, pts: dts, duration: step, kind, data })
            .expect("units of a real encode are well-formed");
    }
    packager.snapshot().as_ref().clone()
}

fn video() -> Snapshot {
    let stream = encode();
    let kind = RenditionKind::Video { width: 320, height: 180, rate: RATE };
    let config = parameter_sets_of_annexb(&stream).expect("x264 repeats its parameter sets");
    let rendition = Rendition::new("180p", kind, config, 400_000, Grid::for_rate(RATE));
    let rendition = rendition.expect("x264 made what was asked for");
    let units = access_units(&stream).into_iter().map(|unit| annexb_to_length_prefixed(&unit));
    window(rendition, units.map(|data| (kind_of_sample(&data), data)))
}

/// 4.5 s of a tone, so that the four seconds of video have all their sound.
fn audio() -> Snapshot {
    let args = "-v error -f lavfi -i sine=frequency=1000:sample_rate=48000:duration=4.5 -ac 2 -c:a aac -b:a 128k \
                -f adts -";
    let stream = Bytes::from(run("ffmpeg", &args.split_whitespace().collect::<Vec<_>>()));
    let mut frames = Vec::new();
    let mut at = 0;
    while at < stream.len() {
        let header = parse_adts(&stream[at..]).expect("ffmpeg writes whole frames");
        frames.push((UnitKind::Key, stream.slice(at + header.header_len..at + header.frame_len)));
        at += header.frame_len;
    }
    let audio_specific_config =
        AudioSpecificConfig::lc(48_000, 2).expect("both are in the tables").to_bytes();
    let kind = RenditionKind::Audio { sample_rate: 48_000, channels: 2 };
    let config = CodecConfig::Aac { audio_specific_config };
    let rendition = Rendition::new("audio", kind, config, 128_000, Grid::for_rate(RATE));
    window(rendition.expect("ffmpeg made what was asked for"), frames.into_iter())
}

/// Presentation times in 90 kHz of the packets of each stream: 0 video, 1 audio.
fn times(file: &Path) -> BTreeMap<i64, Vec<i64>> {
    let file = file.to_str().expect("temporary folders have plain names");
    let entries = ["-show_entries", "packet=stream_index,pts", "-of", "csv=p=0"];
    let csv = run("ffprobe", &[&["-v", "warning", "-show_packets"], &entries[..], &[file]].concat());
    let mut times: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for line in String::from_utf8(csv).expect("ffprobe prints text").lines().filter(|line| !line.is_empty()) {
        let mut fields = line.trim_end_matches(',').split(',');
        times.entry(number(fields.next())).or_default().push(number(fields.next()));
    }
    times
}

fn number(field: Option<&str>) -> i64 {
    field.and_then(|field| field.parse().ok()).expect("each line has two numbers")
}

/// What `ffmpeg` has to say about a file when it decodes all of it.
fn complaints(file: &Path) -> String {
    let args = [
        "-v",
        "warning",
        "-xerror",
        "-i",
        file.to_str().expect("temporary folders have plain names"),
        "-f",
        "null",
        "-",
    ];
    let output = std::process::Command::new("ffmpeg").args(args).output().expect("ffmpeg is installed");
    String::from_utf8(output.stderr).expect("ffmpeg prints text")
}

#[test]
fn ffprobe_reads_consecutive_transport_stream_segments() {
    let (video, audio) = (video(), audio());
    let first = TsMsn::first_of(video.segments[0].msn);
    let make = |index| segment(&video, Some(&audio), TsMsn(first.0 + index)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("joined.ts");
    std::fs::write(&file, [make(0), make(1), make(2)].concat()).unwrap();

    let times = times(&file);
    let expected = |snapshot: &Snapshot| {
        let units = snapshot.segments.iter().flat_map(|segment| segment.units());
        let within = units.map(|(sample, _)| sample.dts).filter(|dts| *dts < START + Ticks::from_secs(3));
        within.map(|dts| dts.scaled(90_000) % (1 << 33)).collect::<Vec<_>>()
    };
    assert_eq!(times[&0], expected(&video));
    // A demultiplexer counts on from the time of a PES packet by the length of its frames: 1920 each.
    assert_eq!(times[&1], expected(&audio));
    assert_eq!(complaints(&file), "");
}

#[test]
fn ffmpeg_decodes_each_segment_alone() {
    let (video, audio) = (video(), audio());
    let first = TsMsn::first_of(video.segments[0].msn);
    let folder = tempfile::tempdir().unwrap();
    for index in 0..4 {
        let file = folder.path().join(format!("{index}.ts"));
        std::fs::write(&file, segment(&video, Some(&audio), TsMsn(first.0 + index)).unwrap()).unwrap();
        assert_eq!(complaints(&file), "");
        assert_eq!(times(&file)[&0].len(), 30);
    }
}

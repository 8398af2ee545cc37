//! A real encode, packaged, and read by `ffprobe`. Needs `ffmpeg`, as the whole test machine does.

use bytes::Bytes;
use media::codec::aac::parse_adts;
use media::codec::h264::{
    NalKind, annexb_to_length_prefixed, kind_of_sample, nals_of_annexb, parameter_sets_of_annexb,
};
use media::grid::Grid;
use media::packager::{Pushed, RenditionPackager, WindowLimits};
use media::time::{FrameRate, Ticks};
use media::unit::{AccessUnit, CodecConfig, UnitKind};
use media::window::{Rendition, RenditionKind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

pub(crate) fn run(program: &str, args: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(args).output();
    let output = output.unwrap_or_else(|error| panic!("{program} is needed for this test: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Four seconds at 30 frames a second, encoded as a worker does; one byte stream.
pub(crate) fn encode() -> Vec<u8> {
    let source = "testsrc2=size=320x180:rate=30:duration=4";
    let x264 = "keyint=30:min-keyint=30:scenecut=0:open-gop=0:aud=1:force-cfr=1";
    let args = format!(
        "-v error -f lavfi -i {source} -pix_fmt yuv420p -c:v libx264 -preset superfast -tune zerolatency -bf 0 \
         -x264-params {x264} -f h264 -"
    );
    run("ffmpeg", &args.split_whitespace().collect::<Vec<_>>())
}

/// Cuts a byte stream before each access unit delimiter.
pub(crate) fn access_units(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut units: Vec<Vec<u8>> = Vec::new();
    for nal in nals_of_annexb(stream) {
        if NalKind::of(nal) == Some(NalKind::Delimiter) {
            units.push(Vec::new());
        }
        let unit = units.last_mut().expect("each access unit begins with a delimiter");
        unit.extend_from_slice(&[0, 0, 0, 1]);
        unit.extend_from_slice(nal);
    }
    units
}

/// Header and all segments as one file.
fn package(rendition: Rendition, start: Ticks, units: impl Iterator<Item = Bytes>) -> Vec<u8> {
    let rendition = Arc::new(rendition);
    let limits = WindowLimits { listed_segments: 10, kept_segments: 10, listed_step: 1 };
    let mut packager = RenditionPackager::new(rendition.clone(), limits);
    for (count, data) in units.enumerate() {
        let dts = start + rendition.unit_duration * count as i64;
        let kind = if rendition.is_video() { kind_of_sample(&data) } else { UnitKind::Key };
        let pushed = packager.push(AccessUnit { dts, pts: dts, duration: Ticks::ZERO, kind, data });
        assert!(!matches!(pushed.expect("encoders make well-formed units"), Pushed::Dropped));
    }
    let snapshot = packager.snapshot();
    let chunks = snapshot.segments.iter().flat_map(|segment| segment.chunks());
    let media = chunks.flat_map(|chunk| chunk.bytes.to_vec());
    rendition.init.iter().copied().chain(media).collect()
}

/// dts, pts, duration and whether a key unit, of each packet, in units of the timescale.
fn packets(file: &Path) -> Vec<(i64, i64, Option<i64>, bool)> {
    let file = file.to_str().expect("temporary folders have plain names");
    let fields = "packet=pts,dts,duration,flags";
    let csv = run("ffprobe", &["-v", "error", "-show_entries", fields, "-of", "csv=p=0", file]);
    let csv = String::from_utf8(csv).expect("ffprobe prints text");
    let packet = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let time = |at: usize| fields[at].parse().unwrap_or_else(|_| panic!("no time: {line:?}"));
        (time(1), time(0), fields[2].parse().ok(), fields[3].starts_with('K'))
    };
    csv.lines().filter(|line| !line.is_empty()).map(packet).collect()
}

/// Decodes the whole file: nothing may be complained about.
fn decode(file: &Path) {
    let file = file.to_str().expect("temporary folders have plain names");
    assert_eq!(run("ffmpeg", &["-v", "error", "-xerror", "-i", file, "-f", "null", "-"]), b"");
}

fn write(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("packaged.mp4");
    std::fs::write(&file, bytes).expect("a temporary file can be written");
    (folder, file)
}

#[test]
fn ffprobe_reads_the_pictures_that_were_encoded() {
    let stream = encode();
    let units = access_units(&stream);
    assert_eq!(units.len(), 120);
    let config = parameter_sets_of_annexb(&stream).expect("x264 repeats its parameter sets");
    let (rate, start) = (FrameRate::FPS_30, Ticks::from_secs(1_780_000_000));
    let kind = RenditionKind::Video { width: 320, height: 180, rate };
    let rendition = Rendition::new("180p", kind, config, 400_000, Grid::for_rate(rate)).unwrap();
    let bytes = package(rendition, start, units.iter().map(|unit| annexb_to_length_prefixed(unit)));
    let (_folder, file) = write(&bytes);
    let at = |count: i64| start.0 + 12_000 * count;
    let expected: Vec<_> =
        (0..120).map(|count| (at(count), at(count), Some(12_000), count % 30 == 0)).collect();
    assert_eq!(packets(&file), expected);
    decode(&file);
}

#[test]
fn ffprobe_reads_the_sound_that_was_encoded() {
    let source = "sine=frequency=440:sample_rate=48000:duration=4";
    let args = format!("-v error -f lavfi -i {source} -ac 2 -c:a aac -b:a 128k -f adts -");
    let stream = Bytes::from(run("ffmpeg", &args.split_whitespace().collect::<Vec<_>>()));
    let mut rest = stream;
    let (mut frames, mut config) = (Vec::new(), None);
    while !rest.is_empty() {
        let header = parse_adts(&rest).unwrap();
        let mut frame = rest.split_to(header.frame_len);
        frames.push(frame.split_off(header.header_len));
        config = Some(header.config);
    }
    let config = CodecConfig::Aac { audio_specific_config: config.unwrap().to_bytes() };
    let kind = RenditionKind::Audio { sample_rate: 48_000, channels: 2 };
    let rendition =
        Rendition::new("audio", kind, config, 128_000, Grid::for_rate(FrameRate::FPS_30)).unwrap();
    let start = Grid::next_frame_start(Ticks::from_secs(1_780_000_000), rendition.unit_duration);
    let bytes = package(rendition, start, frames.iter().cloned());
    let (_folder, file) = write(&bytes);
    let read = packets(&file);
    // The last chunk waits for its end.
    assert!(
        read.len() <= frames.len() && read.len() + 5 > frames.len(),
        "{} of {}",
        read.len(),
        frames.len()
    );
    for (count, packet) in (0..).zip(read) {
        let at = start.scaled(48_000) + 1024 * count;
        // ffprobe gives no duration for the first AAC packet of any file without an edit list, its own included.
        assert_eq!(packet, (at, at, (count > 0).then_some(1024), true));
    }
    decode(&file);
}

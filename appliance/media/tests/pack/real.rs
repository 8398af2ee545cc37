//! A real encode, packaged, and read by `ffprobe`. Needs `ffmpeg`, as the whole test machine does.

use media::codec::h264::{
    NalKind, annexb_to_length_prefixed, kind_of_sample, nals_of_annexb, parameter_sets_of_annexb,
};
use media::grid::Grid;
use media::packager::{Pushed, RenditionPackager, WindowLimits};
use media::time::{FrameRate, Ticks};
use media::unit::AccessUnit;
use media::window::{Rendition, RenditionKind};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

fn run(program: &str, args: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(args).output();
    let output = output.unwrap_or_else(|error| panic!("{program} is needed for this test: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Four seconds at 30 frames a second, encoded as a worker does; one byte stream.
fn encode() -> Vec<u8> {
    let source = "testsrc2=size=320x180:rate=30:duration=4";
    let x264 = "keyint=30:min-keyint=30:scenecut=0:open-gop=0:aud=1:force-cfr=1";
    let args = format!(
        "-v error -f lavfi -i {source} -pix_fmt yuv420p -c:v libx264 -preset superfast -tune zerolatency -bf 0 \
         -x264-params {x264} -f h264 -"
    );
    run("ffmpeg", &args.split_whitespace().collect::<Vec<_>>())
}

/// Cuts a byte stream before each access unit delimiter.
fn access_units(stream: &[u8]) -> Vec<Vec<u8>> {
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

fn package(rendition: &Arc<Rendition>, start: Ticks, units: &[Vec<u8>]) -> Vec<u8> {
    let limits = WindowLimits { listed_segments: 10, kept_segments: 10 };
    let mut packager = RenditionPackager::new(rendition.clone(), limits);
    for (count, unit) in units.iter().enumerate() {
        let dts = start + rendition.unit_duration * count as i64;
        let data = annexb_to_length_prefixed(unit);
        let kind = kind_of_sample(&data);
        let pushed = packager.push(AccessUnit { dts, pts: dts, duration: Ticks::ZERO, kind, data });
        assert!(!matches!(pushed.expect("x264's units are well-formed"), Pushed::Dropped));
    }
    let snapshot = packager.snapshot();
    assert_eq!(snapshot.segments.len(), 2);
    let chunks = snapshot.segments.iter().flat_map(|segment| segment.chunks());
    let media = chunks.flat_map(|chunk| chunk.bytes.to_vec());
    rendition.init.iter().copied().chain(media).collect()
}

/// dts, pts, duration, flags of each packet, in units of the timescale.
fn packets(file: &Path) -> Vec<(i64, i64, i64, bool)> {
    let file = file.to_str().expect("temporary folders have plain names");
    let fields = "packet=pts,dts,duration,flags";
    let csv =
        run("ffprobe", &["-v", "error", "-show_packets", "-show_entries", fields, "-of", "csv=p=0", file]);
    let csv = String::from_utf8(csv).expect("ffprobe prints text");
    let packet = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |at: usize| fields[at].parse().expect("times are numbers");
        (number(1), number(0), number(2), fields[3].starts_with('K'))
    };
    csv.lines().filter(|line| !line.is_empty()).map(packet).collect()
}

#[test]
fn ffprobe_reads_what_was_encoded() {
    let stream = encode();
    let units = access_units(&stream);
    assert_eq!(units.len(), 120);
    let config = parameter_sets_of_annexb(&stream).expect("x264 repeats its parameter sets");
    let (rate, start) = (FrameRate::FPS_30, Ticks::from_secs(1_780_000_000));
    let kind = RenditionKind::Video { width: 320, height: 180, rate };
    let rendition = Rendition::new("180p", kind, config, 400_000, Grid::for_rate(rate)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("packaged.mp4");
    std::fs::write(&file, package(&Arc::new(rendition), start, &units)).unwrap();
    let expected: Vec<_> = (0..120i64)
        .map(|count| (start.0 + 12_000 * count, start.0 + 12_000 * count, 12_000, count % 30 == 0))
        .collect();
    assert_eq!(packets(&file), expected);
    // Decoding finds nothing to complain about.
    let file = file.to_str().unwrap();
    let frames = ["-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"];
    assert_eq!(String::from_utf8_lossy(&run("ffprobe", &[&frames[..], &[file]].concat())).trim(), "120");
    assert_eq!(run("ffmpeg", &["-v", "error", "-xerror", "-i", file, "-f", "null", "-"]), b"");
}

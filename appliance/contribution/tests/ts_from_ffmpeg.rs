//! The TS demultiplexer on what FFmpeg's multiplexer makes, with ffprobe as the judge.

use contribution::testing::{run_ts, uneven};
use contribution::{Demuxed, Medium, ts};
use media::time::Ticks;
use media::unit::{AccessUnit, SourceCodec, SourceEvent, SourceTrack, UnitKind};
use std::io::Write;
use std::process::{Command, Stdio};

/// One packet as ffprobe sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Probed {
    pts: i64,
    dts: i64,
    bytes: usize,
    key: bool,
}

/// Two seconds of picture and sound as a transport stream.
fn make(video: &[&str], audio: &[&str]) -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin"])
        .args(["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30"])
        .args(["-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", "2", "-g", "30", "-ac", "2"])
        .args(video)
        .args(audio)
        .args(["-f", "mpegts", "pipe:1"])
        .output()
        .expect("ffmpeg is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn probe(bytes: &[u8], stream: &str) -> Vec<Probed> {
    let mut child = Command::new("ffprobe")
        .args(["-v", "error", "-f", "mpegts", "-select_streams", stream])
        .args(["-show_entries", "packet=pts,dts,size,flags", "-of", "csv=p=0", "pipe:0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("ffprobe is installed");
    let (mut input, bytes) = (child.stdin.take().expect("it is piped"), bytes.to_vec());
    let writer = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output().expect("ffprobe ends");
    writer.join().expect("it does not panic").expect("ffprobe reads all");
    let lines = String::from_utf8(output.stdout).expect("it is ASCII");
    lines.lines().filter(|line| !line.is_empty()).map(probed).collect()
}

fn probed(line: &str) -> Probed {
    let fields: Vec<_> = line.split(',').collect();
    let number = |at: usize| fields[at].parse().unwrap_or_else(|_| panic!("no number in {line}"));
    Probed { pts: number(0), dts: number(1), bytes: number(2) as usize, key: fields[3].starts_with('K') }
}

/// Ours, put as ffprobe would; `stripped` bytes were taken off.
fn seen(unit: &AccessUnit, stripped: usize) -> Probed {
    Probed {
        pts: unit.pts.scaled(90_000),
        dts: unit.dts.scaled(90_000),
        bytes: unit.data.len() + stripped,
        key: unit.kind == UnitKind::Key,
    }
}

struct Demuxing {
    tracks: Vec<SourceTrack>,
    video: Vec<AccessUnit>,
    audio: Vec<AccessUnit>,
}

fn demux(bytes: &[u8]) -> Demuxing {
    let (events, counters) = run_ts(uneven(bytes).into_iter());
    let packets = bytes.len() as u64 / 188;
    assert_eq!(counters, ts::Counters { packets, ..ts::Counters::default() });
    let mut demuxing = Demuxing { tracks: Vec::new(), video: Vec::new(), audio: Vec::new() };
    for event in events {
        match event {
            Demuxed::Event(SourceEvent::VideoTrack(track) | SourceEvent::AudioTrack(track)) => {
                demuxing.tracks.push(track);
            }
            Demuxed::Event(SourceEvent::Video(unit)) => demuxing.video.push(unit),
            Demuxed::Event(SourceEvent::Audio(unit)) => demuxing.audio.push(unit),
            Demuxed::Unsupported(unsupported) => panic!("{unsupported}"),
        }
    }
    demuxing
}

fn check_video(bytes: &[u8], demuxing: &Demuxing) {
    let ours: Vec<_> = demuxing.video.iter().map(|unit| seen(unit, 0)).collect();
    let theirs = probe(bytes, "v:0");
    assert_eq!((ours.len(), theirs.len()), (60, 60));
    for (one, other) in ours.iter().zip(&theirs) {
        // ffprobe's H.265 parser counts the first zero of a start code of four bytes to the picture before.
        assert!(one.bytes.abs_diff(other.bytes) <= 1, "{one:?} {other:?}");
        assert_eq!(Probed { bytes: 0, ..*one }, Probed { bytes: 0, ..*other });
    }
    let sum = |packets: &[Probed]| packets.iter().map(|packet| packet.bytes).sum::<usize>();
    assert_eq!(sum(&ours), sum(&theirs));
}

fn codecs(demuxing: &Demuxing) -> Vec<SourceCodec> {
    demuxing.tracks.iter().map(|track| track.codec).collect()
}

#[test]
fn h264_and_aac() {
    let bytes = make(&["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2"], &["-c:a", "aac"]);
    let demuxing = demux(&bytes);
    assert_eq!(codecs(&demuxing), [SourceCodec::H264, SourceCodec::Aac]);
    assert_eq!(demuxing.tracks[1].config, [0x11, 0x90]);
    check_video(&bytes, &demuxing);
    let (ours, theirs) = (&demuxing.audio, probe(&bytes, "a:0"));
    assert_eq!(ours.len(), theirs.len());
    for (unit, probed) in ours.iter().zip(theirs) {
        let unit = seen(unit, 7);
        assert!((unit.pts - probed.pts).abs() <= 1, "{unit:?} {probed:?}");
        assert_eq!(Probed { pts: 0, dts: 0, ..unit }, Probed { pts: 0, dts: 0, ..probed });
    }
}

#[test]
fn h265_and_ac3() {
    let x265 = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"];
    let bytes = make(&x265, &["-c:a", "ac3"]);
    let demuxing = demux(&bytes);
    assert_eq!(codecs(&demuxing), [SourceCodec::H265, SourceCodec::Ac3]);
    check_video(&bytes, &demuxing);
    assert_eq!(demuxing.audio[0].data[..2], [0x0B, 0x77]);
}

#[test]
fn mpeg2_video_and_mpeg_audio() {
    let bytes = make(&["-c:v", "mpeg2video"], &["-c:a", "mp2"]);
    let demuxing = demux(&bytes);
    assert_eq!(codecs(&demuxing), [SourceCodec::Mpeg2Video, SourceCodec::MpegAudio]);
    check_video(&bytes, &demuxing);
    assert_eq!(demuxing.audio[0].data[0], 0xFF);
}

#[test]
fn h264_and_opus() {
    let bytes = make(&["-c:v", "libx264", "-preset", "ultrafast"], &["-c:a", "libopus", "-ar", "48000"]);
    let demuxing = demux(&bytes);
    assert_eq!(codecs(&demuxing), [SourceCodec::H264, SourceCodec::Opus]);
    assert_eq!(demuxing.tracks[1].config[..10], *b"OpusHead\x01\x02");
    let steps = demuxing.audio.windows(2).map(|pair| pair[1].pts - pair[0].pts);
    assert!(steps.take(90).all(|step| step == Ticks::from_millis(20)));
}

#[test]
fn e_ac3_alone() {
    let bytes = make(&["-vn"], &["-c:a", "eac3"]);
    let demuxing = demux(&bytes);
    assert_eq!(codecs(&demuxing), [SourceCodec::Eac3]);
    assert!(!demuxing.tracks[0].codec.is_video(), "{}", Medium::Audio);
}

//! A source pushed over the link: shown when it comes, replaced by the slate when it goes, damaged or not.

use super::*;
use crate::ff::{Encoder, Frame, VideoSettings};
use crate::paint::{Colour, Rect};
use bytes::Bytes;
use media::unit::UnitKind;

/// A camera with sound: 25 pictures a second of one grey, a beep each half second.
pub(super) struct Camera {
    video: Encoder,
    frames: i64,
    size: (u32, u32),
    luma: u8,
}

pub(super) const FRAME: Ticks = Ticks(14_400);
/// Units are handed over this long before they are said to arrive, so that a busy machine does not make them late.
const AHEAD: Ticks = Ticks::from_millis(400);

impl Camera {
    pub(super) fn new(size: (u32, u32), luma: u8) -> Self {
        let rate = FrameRate::new(25, 1).unwrap();
        let settings = VideoSettings { width: size.0, height: size.1, rate, bitrate_bps: 500_000, set_id: 0 };
        Self { video: Encoder::h264(settings).unwrap(), frames: 0, size, luma }
    }

    /// As MPEG-TS carries it: parameter sets in band, here with each announcement.
    pub(super) fn byte_stream_track(&self) -> SourceTrack {
        let config = self.video.extradata().to_vec();
        SourceTrack { codec: SourceCodec::H264, framing: SourceFraming::ByteStream, config }
    }

    /// As FLV carries it.
    pub(super) fn length_prefixed_track(&self) -> SourceTrack {
        let sets = media::codec::h264::parameter_sets_of_annexb(self.video.extradata()).unwrap();
        let CodecConfig::Avc { sps, pps } = sets else { panic!("H.264 has an AVC configuration") };
        let said = media::codec::sps::Sps::parse(&sps[0]).unwrap();
        let config = media::codec::avcc::build(&said, &sps, &pps).to_vec();
        SourceTrack { codec: SourceCodec::H264, framing: SourceFraming::LengthPrefixed, config }
    }

    /// The next picture, on the camera's own timeline.
    pub(super) fn picture(&mut self) -> AccessUnit {
        let mut frame = Frame::picture(self.size.0, self.size.1).unwrap();
        let whole = Rect { x: 0, y: 0, width: self.size.0 as usize, height: self.size.1 as usize };
        frame.surface().unwrap().fill(whole, Colour::grey(self.luma));
        frame.set_pts(self.frames);
        frame.set_idr(self.frames % 25 == 0);
        self.video.send(&frame).unwrap();
        let coded = self.video.receive().unwrap().unwrap();
        let dts = FRAME * self.frames;
        self.frames += 1;
        let kind = if coded.is_key { UnitKind::Key } else { UnitKind::Delta };
        AccessUnit { dts, pts: dts, duration: FRAME, kind, data: coded.data }
    }
}

/// Pushes `count` pictures in real time of the house clock, reading what comes meanwhile.
pub(super) fn push(
    running: &mut Running,
    camera: &mut Camera,
    count: usize,
    spoil: impl Fn(&mut AccessUnit),
) {
    for _ in 0..count {
        let mut unit = camera.picture();
        spoil(&mut unit);
        let arrived = running.units[0].last().map_or(HOUSE_START, |unit| unit.dts) + AHEAD;
        running.tell(&ToWorker::Source(0, FromSource::Video(unit, arrived)));
        let (seen, due) = (running.units[0].len(), arrived - AHEAD + FRAME);
        running.collect_until(|running| {
            running.units[0].last().is_some_and(|unit| unit.dts >= due) || running.units[0].len() > seen + 2
        });
    }
}

/// Luma at the middle of the left edge of each picture of the smaller rung.
fn lefts(running: &Running) -> Vec<u8> {
    let pictures = decode_video(&running.configs[1], &running.units[1]);
    pictures.iter().map(|(_, luma, stride)| luma[120 * stride + 20]).collect()
}

#[test]
fn the_source_appears_changes_is_damaged_and_goes() {
    let mut running = Running::start(&plan(PlanSource::Link));
    running.collect_until(|running| running.collected(5));
    assert!(lefts(&running).iter().all(|luma| *luma < 40), "the slate is dark");

    let mut camera = Camera::new((320, 180), 120);
    running.tell(&ToWorker::Source(0, FromSource::VideoTrack(camera.length_prefixed_track())));
    push(&mut running, &mut camera, 30, |unit| {
        unit.data = media::codec::h264::annexb_to_length_prefixed(&unit.data);
    });
    running.collect_until(|running| running.status.on_source);
    assert_eq!(running.status.video, "320x180 yuv420p");
    assert!(lefts(&running).iter().any(|luma| luma.abs_diff(120) < 5));

    // Damage is counted and survived.
    push(&mut running, &mut camera, 5, |unit| unit.data = Bytes::from_static(b"\0\0\0\x08\x65garbage"));
    running.collect_until(|running| running.status.decode_errors > 0);
    assert!(running.status.last_error.contains("damaged"), "{}", running.status.last_error);

    // Another size and shape, in mid-stream: pillars left and right.
    let mut camera = Camera::new((320, 240), 200);
    running.tell(&ToWorker::Source(0, FromSource::VideoTrack(camera.byte_stream_track())));
    push(&mut running, &mut camera, 40, |_| ());
    running.collect_until(|running| running.status.video == "320x240 yuv420p");
    assert!(lefts(&running).iter().any(|luma| *luma < 22), "black beside a narrower picture, not the slate");

    running.tell(&ToWorker::Source(0, FromSource::Lost));
    running.collect_until(|running| !running.status.on_source);
    running.units.iter().for_each(|units| assert_contiguous(units));
    running.stop().unwrap();
}

#[test]
fn another_source_takes_over_and_each_ones_signal_is_told() {
    let mut running = Running::start(&plan(PlanSource::Link));
    running.collect_until(|running| running.collected(1));
    let mut cameras = [Camera::new((320, 180), 120), Camera::new((480, 270), 16)];
    for (number, camera) in (0..).zip(&cameras) {
        running.tell(&ToWorker::Source(number, FromSource::VideoTrack(camera.byte_stream_track())));
    }
    // One is a shade of grey, the other black; one second of it each time.
    let both = |running: &mut Running, cameras: &mut [Camera; 2]| {
        for _ in 0..25 {
            let arrived = running.units[0].last().map_or(HOUSE_START, |unit| unit.dts) + AHEAD;
            for (number, camera) in (0..).zip(cameras.iter_mut()) {
                let unit = camera.picture();
                running.tell(&ToWorker::Source(number, FromSource::Video(unit, arrived)));
            }
            running.collect_until(|running| {
                running.units[0].last().is_some_and(|unit| unit.dts >= arrived - AHEAD + FRAME)
            });
        }
    };
    both(&mut running, &mut cameras);
    assert!(lefts(&running).iter().any(|luma| luma.abs_diff(120) < 5));
    running.tell(&ToWorker::OnAir(1));
    both(&mut running, &mut cameras);
    running.collect_until(|running| running.status.video == "480x270 yuv420p");
    let newest = *lefts(&running).last().unwrap();
    assert!(newest.abs_diff(16) < 3, "the second source is on air, not {newest}");
    let [grey, black] = running.signals[..] else { panic!("{:?}", running.signals) };
    assert!(grey.black.is_none() && black.black.is_some(), "{grey:?} {black:?}");
    for signal in [grey, black] {
        assert!(
            signal.frozen.is_some() && signal.silent.is_some() && signal.disorder.is_none(),
            "{signal:?}"
        );
    }
    running.tell(&ToWorker::Source(1, FromSource::Lost));
    running.collect_until(|running| running.signals[1] == Signal::default() && !running.status.on_source);
    running.tell(&ToWorker::OnAir(0));
    both(&mut running, &mut cameras);
    running.collect_until(|running| running.status.on_source);
    running.units.iter().for_each(|units| assert_contiguous(units));
    running.stop().unwrap();
}

#[test]
fn a_source_that_cannot_be_decoded_is_named() {
    let mut running = Running::start(&plan(PlanSource::Link));
    let track = SourceTrack {
        codec: SourceCodec::Flac,
        framing: SourceFraming::ByteStream,
        config: b"no stream information".to_vec(),
    };
    running.tell(&ToWorker::Source(0, FromSource::AudioTrack(track)));
    running.collect_until(|running| running.status.last_error.contains("FLAC"));
    running.stop().unwrap();
}

/// A microphone: AAC, a beep at the beginning of each second of the house clock, seen from its own timeline.
fn microphone(seconds: i64) -> (SourceTrack, Vec<AccessUnit>) {
    let mut encoder = Encoder::aac(128_000).unwrap();
    let config = encoder.extradata().to_vec();
    let mut units = Vec::new();
    for block in 0..seconds * 48_000 / 1024 {
        let mut frame = Frame::sound().unwrap();
        let [left, right] = frame.channels().unwrap();
        for (index, (left, right)) in left.iter_mut().zip(right).enumerate() {
            (*left, *right) = (crate::pattern::beep(block * 1024 + index as i64), 0.0);
        }
        frame.set_pts(block * 1024);
        encoder.send(&frame).unwrap();
        while let Some(coded) = encoder.receive().unwrap() {
            let dts = Ticks::from_scaled(coded.pts, 48_000);
            units.push(AccessUnit {
                dts,
                pts: dts,
                duration: Ticks(7680),
                kind: UnitKind::Key,
                data: coded.data,
            });
        }
    }
    (SourceTrack { codec: SourceCodec::Aac, framing: SourceFraming::ByteStream, config }, units)
}

#[test]
fn sound_keeps_its_place_beside_the_picture() {
    let mut running = Running::start(&plan(PlanSource::Link));
    running.collect_until(|running| running.collected(1));
    let (track, units) = microphone(4);
    running.tell(&ToWorker::Source(0, FromSource::AudioTrack(track)));
    // The source's timeline begins in a while: what is handed over that long before it is said to arrive cannot be
    // late, however busy the machine.
    let origin = running.units[2].last().unwrap().dts + AHEAD * 3;
    for unit in units {
        let arrived = origin + unit.dts;
        running.collect_until(|running| running.units[2].last().unwrap().dts + AHEAD * 3 >= arrived);
        running.tell(&ToWorker::Source(0, FromSource::Audio(unit, arrived)));
    }
    running.collect_until(|running| running.units[2].last().unwrap().dts >= origin + Ticks::from_secs(4));
    assert_contiguous(&running.units[2]);
    let beeps = onsets(&decode_audio(&running.configs[2], &running.units[2]));
    // Beeps at 0 (perhaps cut off), 1, 2 and 3 s of the source, all by the same delay.
    let delays: Vec<_> =
        beeps.iter().rev().take(3).map(|beep| (*beep - origin).0.rem_euclid(360_000)).collect();
    assert_eq!(delays.len(), 3, "{beeps:?}");
    let reserve = Ticks::from_millis(80) + crate::source::clock::AUDIO_LEAD;
    for delay in delays {
        let off = (delay - reserve.0).abs();
        assert!(off < Ticks::from_millis(15).0, "sound is {off} ticks off its place");
    }
    assert_eq!(running.status.audio, "48000 Hz 2 ch");
    running.stop().unwrap();
}

/// A JPEG of one colour, twice as wide as high.
fn jpeg(colour: &str) -> Bytes {
    let source = format!("color={colour}:size=640x320");
    let made = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", &source, "-frames:v", "1", "-f", "mjpeg", "-"])
        .output()
        .expect("ffmpeg is installed");
    made.stdout.into()
}

#[test]
fn a_slate_may_be_a_picture() {
    let mut running = Running::start(&plan(PlanSource::Link));
    running.collect_until(|running| running.units[0].len() >= 10);
    let slate = media::link::Slate { picture: jpeg("white"), ..Default::default() };
    running.tell(&ToWorker::Slate(slate.clone()));
    running.collect_until(|running| running.units[0].len() >= 40);
    // One that cannot be read gives way to text, and is told of.
    running
        .tell(&ToWorker::Slate(media::link::Slate { picture: Bytes::from_static(b"\xff\xd8\xff"), ..slate }));
    running.collect_until(|running| running.units[0].len() >= 80 && !running.status.last_error.is_empty());
    assert!(running.status.last_error.contains("slate's picture"), "{}", running.status.last_error);
    let pictures = decode_video(&running.configs[0], &running.units[0]);
    let luma = |picture: usize, row: usize, column: usize| {
        let (_, pixels, stride) = &pictures[picture];
        pixels[row * stride + column]
    };
    let last = pictures.len() - 1;
    // Of 640x360, the picture takes 640x320.
    assert!(luma(0, 60, 30) < 40 && luma(39, 60, 30) > 220 && luma(last, 60, 30) < 40);
    assert!(luma(39, 8, 30) < 22, "black above it");
    running.stop().unwrap();
}

//! Bodies as publishers send them, and as they should not.

use super::*;
use media::unit::{SourceCodec, SourceEvent, SourceFraming, SourceTrack};
use proptest::prelude::*;

/// What these video and audio bodies make, in one line each.
fn demux(medium: Medium, bodies: &[&[u8]]) -> (Vec<String>, u64) {
    let mut demuxer = Demuxer::new();
    let mut lines = Vec::new();
    for (at, body) in bodies.iter().enumerate() {
        let (at, body) = (Ticks::from_millis(at as i64), Bytes::copy_from_slice(body));
        match medium {
            Medium::Video => demuxer.handle_video(at, &body),
            Medium::Audio => demuxer.handle_audio(at, &body),
        }
        lines.extend(std::iter::from_fn(|| demuxer.poll()).map(|event| line(&event)));
    }
    (lines, demuxer.malformed())
}

fn line(event: &Demuxed) -> String {
    match event {
        Demuxed::Event(SourceEvent::VideoTrack(track) | SourceEvent::AudioTrack(track)) => {
            format!("{} {:02x?}", track.codec.label(), track.config)
        }
        Demuxed::Event(SourceEvent::Video(unit) | SourceEvent::Audio(unit)) => {
            let offset = (unit.pts - unit.dts).millis();
            format!("{:?} +{offset} {:02x?}", unit.kind, &unit.data[..])
        }
        Demuxed::Unsupported(unsupported) => format!("not taken: {}", unsupported.codec),
    }
}

fn video(bodies: &[&[u8]]) -> Vec<String> {
    demux(Medium::Video, bodies).0
}

fn audio(bodies: &[&[u8]]) -> Vec<String> {
    demux(Medium::Audio, bodies).0
}

/// Header byte, FourCC, rest.
fn enhanced(first: u8, four_cc: &[u8; 4], rest: &[u8]) -> Vec<u8> {
    [&[first][..], four_cc, rest].concat()
}

#[test]
fn avc_is_announced_once_and_its_composition_time_has_a_sign() {
    let config = [0x17, 0, 0, 0, 0, 1, 2];
    let lines = video(&[&config, &config, &[0x27, 1, 0xFF, 0xFF, 0xFE, 9], &[0x17, 2, 0, 0, 0], &[0x57, 0]]);
    assert_eq!(lines, ["H.264 [01, 02]", "Delta +-2 [09]"]);
}

#[test]
fn a_changed_configuration_is_announced_again() {
    let lines = video(&[&[0x17, 0, 0, 0, 0, 1], &[0x17, 0, 0, 0, 0, 2], &[0x17, 1, 0, 0, 0, 7]]);
    assert_eq!(lines, ["H.264 [01]", "H.264 [02]", "Key +0 [07]"]);
}

#[test]
fn pictures_before_their_configuration_are_dropped() {
    assert_eq!(demux(Medium::Video, &[&[0x17, 1, 0, 0, 0, 7]]), (vec![], 1));
    assert_eq!(demux(Medium::Audio, &[&[0xAF, 1, 7]]), (vec![], 1));
}

/// mediamtx #2378: index panic; xiu #25, river #4: arithmetic.
#[test]
fn empty_and_short_bodies_are_malformed() {
    let short: [&[u8]; 9] = [
        &[],
        &[0x17],
        &[0x17, 0],
        &[0x17, 1, 0, 0],
        &[0x17, 0, 0, 0, 0],
        &[0x90],
        &[0x90, b'h', b'v', b'c'],
        &[0x97],
        &[0x96, 0x11, b'h', b'v', b'c', b'1', 0, 0xFF, 0xFF, 0xFF, 1],
    ];
    for body in short {
        assert_eq!(demux(Medium::Video, &[body]), (vec![], 1), "{body:02x?}");
    }
    for body in [&[][..], &[0xAF], &[0xAF, 7], &[0xAF, 0], &[0x2F], &[0x90]] {
        assert_eq!(demux(Medium::Audio, &[body]), (vec![], 1), "{body:02x?}");
    }
    let (lines, malformed) = demux(Medium::Video, &[&[0x17, 0, 0, 0, 0, 1], &[0x17, 1, 0, 0, 0]]);
    assert_eq!((lines.len(), malformed), (1, 1), "an empty access unit");
}

#[test]
fn aac_and_mp3() {
    assert_eq!(audio(&[&[0xAF, 0, 0x11, 0x90], &[0xAF, 1, 5]]), ["AAC [11, 90]", "Key +0 [05]"]);
    assert_eq!(audio(&[&[0x2F, 5], &[0x2F, 6]]), ["MPEG audio []", "Key +0 [05]", "Key +0 [06]"]);
}

#[test]
fn enhanced_video_codecs() {
    let hevc = [
        enhanced(0x90, b"hvc1", &[1]),
        enhanced(0x91, b"hvc1", &[0, 0, 4, 9]),
        enhanced(0xA3, b"hvc1", &[8]),
    ];
    let bodies: Vec<_> = hevc.iter().map(Vec::as_slice).collect();
    assert_eq!(video(&bodies), ["H.265 [01]", "Key +4 [09]", "Delta +0 [08]"]);
    let av1 = [enhanced(0x90, b"av01", &[0x81]), enhanced(0x91, b"av01", &[0, 0, 4, 9])];
    let bodies: Vec<_> = av1.iter().map(Vec::as_slice).collect();
    assert_eq!(video(&bodies), ["AV1 [81]", "Key +0 [00, 00, 04, 09]"]);
    assert_eq!(
        video(&[&enhanced(0x90, b"vp09", &[1, 2]), &enhanced(0x91, b"vp09", &[9])]),
        ["VP9 []", "Key +0 [09]"]
    );
    assert_eq!(
        video(&[&enhanced(0x90, b"avc1", &[1]), &enhanced(0x93, b"avc1", &[9])]),
        ["H.264 [01]", "Key +0 [09]"]
    );
    assert_eq!(
        video(&[&enhanced(0x94, b"hvc1", &[2, 0]), &enhanced(0x92, b"hvc1", &[]), &[0xD1, 0]]),
        [""; 0]
    );
}

#[test]
fn enhanced_audio_codecs() {
    assert_eq!(
        audio(&[&enhanced(0x90, b"Opus", b"OpusHead"), &enhanced(0x91, b"Opus", &[9])])[1],
        "Key +0 [09]"
    );
    assert_eq!(audio(&[&enhanced(0x91, b"ac-3", &[9])]), ["AC-3 []", "Key +0 [09]"]);
    assert_eq!(audio(&[&enhanced(0x91, b"ec-3", &[9])]), ["E-AC-3 []", "Key +0 [09]"]);
    assert_eq!(audio(&[&enhanced(0x91, b".mp3", &[9])]), ["MPEG audio []", "Key +0 [09]"]);
    assert_eq!(audio(&[&enhanced(0x90, b"mp4a", &[0x11, 0x90])]), ["AAC [11, 90]"]);
    let stream_info = [&b"fLaC\x80\0\0\x22"[..], &[7; 34], &[1, 2]].concat();
    assert_eq!(audio(&[&enhanced(0x90, b"fLaC", &stream_info)]), [format!("FLAC {:02x?}", [7; 34])]);
    assert_eq!(audio(&[&enhanced(0x94, b"Opus", &[0, 2]), &enhanced(0x92, b"Opus", &[])]), [""; 0]);
}

#[test]
fn of_many_tracks_the_first_is_taken() {
    let two = |first: u8, second: u8| {
        let mut body = vec![0x96, 0x10];
        body.extend(b"hvc1");
        body.extend([first, 0, 0, 1, 0xAA, second, 0, 0, 1, 0xBB]);
        body
    };
    assert_eq!(video(&[&two(0, 1)]), ["H.265 [aa]"]);
    assert_eq!(video(&[&two(1, 0)]), ["H.265 [bb]"]);
    assert_eq!(video(&[&two(1, 2)]), [""; 0]);
    assert_eq!(video(&[b"\x96\x00hvc1\x00\x05"]), ["H.265 [05]"]);
    assert_eq!(audio(&[b"\x95\x20Opus\x01\x00\x00\x01\x09mp4a\x00\x00\x00\x02\x11\x90"]), ["AAC [11, 90]"]);
}

#[test]
fn extensions_before_the_packet_are_passed_over() {
    // A timestamp offset of three bytes; then one of 257.
    let short = [&[0x97, 2, 0, 0, 9, 0x00][..], b"hvc1", &[1]].concat();
    assert_eq!(video(&[&short]), ["H.265 [01]"]);
    let long = [&[0x97, 255, 1, 0][..], &[0; 257], &[0x00], b"hvc1", &[1]].concat();
    assert_eq!(video(&[&long]), ["H.265 [01]"]);
    assert_eq!(demux(Medium::Video, &[&[0x97, 0, 0].repeat(100)]).1, 1);
}

#[test]
fn unknown_codecs_are_named_once_and_not_for_ever() {
    assert_eq!(
        video(&[&enhanced(0x90, b"vp08", &[1]), &enhanced(0x91, b"vp08", &[1])]),
        ["not taken: 'vp08'"]
    );
    assert_eq!(video(&[&[0x12, 1]]), ["not taken: Sorenson H.263"]);
    let many: Vec<_> = (0..100u8).map(|at| enhanced(0x90, &[b'x', b'y', b'\n', at], &[])).collect();
    let bodies: Vec<_> = many.iter().map(Vec::as_slice).collect();
    let lines = video(&bodies);
    assert_eq!((lines.len(), &lines[0][..]), (8, "not taken: 'xy\\n\\x00'"));
}

#[test]
fn framing_is_that_of_the_codec() {
    let mut demuxer = Demuxer::new();
    demuxer.handle_video(Ticks::ZERO, &Bytes::from_static(&[0x17, 0, 0, 0, 0, 1]));
    let track =
        SourceTrack { codec: SourceCodec::H264, framing: SourceFraming::LengthPrefixed, config: vec![1] };
    assert_eq!(demuxer.poll(), Some(Demuxed::Event(SourceEvent::VideoTrack(track))));
}

#[test]
fn a_huge_configuration_is_malformed() {
    let body = [&[0x17, 0, 0, 0, 0][..], &[0; crate::limits::CONFIG_BYTES_MAX + 1]].concat();
    assert_eq!(demux(Medium::Video, &[&body]), (vec![], 1));
}

proptest! {
    #[test]
    fn any_body_is_read_or_malformed(bytes in prop::collection::vec(any::<u8>(), 0..80), ex in any::<bool>()) {
        let mut bytes = bytes;
        if let (true, Some(first)) = (ex, bytes.first_mut()) {
            *first |= 0x90;
        }
        let both = [demux(Medium::Video, &[&bytes]), demux(Medium::Audio, &[&bytes])];
        prop_assert!(both.iter().all(|(lines, malformed)| lines.len() <= 2 && *malformed <= 1));
    }
}

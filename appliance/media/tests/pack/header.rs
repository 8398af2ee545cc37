//! The CMAF header, read by `mp4-atom`.

use bytes::Bytes;
use media::grid::Grid;
use media::rendition::RenditionError;
use media::testing::{AAC_LC_48K_STEREO, PPS_720P30, SPS_720P30, audio_rendition, video_rendition};
use media::time::{FrameRate, Ticks};
use media::unit::CodecConfig;
use media::window::{Rendition, RenditionKind};
use mp4_atom::{Any, Codec, Decode, Ftyp, Moov};
use std::fmt::Write;

fn read(rendition: &Rendition) -> (Ftyp, Moov) {
    let mut rest = &rendition.init[..];
    let ftyp = Ftyp::decode(&mut rest).expect("ftyp comes first");
    let Any::Moov(moov) = Any::decode(&mut rest).expect("whole boxes") else { panic!("no moov") };
    assert!(rest.is_empty());
    (ftyp, moov)
}

/// Names and sizes, indented; what is not known to contain boxes is a leaf.
fn tree(mut bytes: &[u8], depth: usize, out: &mut String) {
    while let Some((header, _)) = bytes.split_first_chunk::<8>() {
        let len = u32::from_be_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let kind = std::str::from_utf8(&header[4..]).expect("kinds are letters");
        writeln!(out, "{}{kind} {len}", "  ".repeat(depth)).expect("strings take all");
        let skip = match kind {
            "moov" | "mvex" | "trak" | "mdia" | "minf" | "dinf" | "stbl" => Some(8),
            "dref" | "stsd" => Some(16),
            "avc1" => Some(8 + 78),
            "mp4a" => Some(8 + 28),
            _ => None,
        };
        if let Some(skip) = skip {
            tree(&bytes[skip..len], depth + 1, out);
        }
        bytes = &bytes[len..];
    }
}

fn tree_of(rendition: &Rendition) -> String {
    let mut out = String::new();
    tree(&rendition.init, 0, &mut out);
    out
}

#[test]
fn the_video_header_describes_the_track() {
    let rendition = video_rendition(FrameRate::FPS_30);
    let (ftyp, moov) = read(&rendition);
    assert_eq!(ftyp.major_brand, (*b"iso6").into());
    for brand in [b"iso6", b"cmfc", b"dash", b"cfhd"] {
        assert!(ftyp.compatible_brands.contains(&(*brand).into()), "{brand:?}");
    }
    let trak = &moov.trak[0];
    assert_eq!((trak.tkhd.track_id, trak.mdia.mdhd.timescale), (1, 360_000));
    let [Codec::Avc1(entry)] = &trak.mdia.minf.stbl.stsd.codecs[..] else { panic!("not one avc1") };
    assert_eq!((entry.visual.width, entry.visual.height), (1280, 720));
    assert_eq!(entry.avcc.sequence_parameter_sets, [SPS_720P30]);
    assert_eq!(entry.avcc.picture_parameter_sets, [PPS_720P30]);
    assert_eq!(moov.mvex.expect("mvex").trex[0].track_id, 1);
    assert_eq!(rendition.codecs, "avc1.64001f");
    assert_eq!((rendition.timescale, rendition.unit_duration), (360_000, Ticks(12_000)));
}

#[test]
fn the_audio_header_describes_the_track() {
    let rendition = audio_rendition(FrameRate::FPS_30);
    let (ftyp, moov) = read(&rendition);
    assert!(ftyp.compatible_brands.contains(&(*b"caac").into()));
    let [Codec::Mp4a(entry)] = &moov.trak[0].mdia.minf.stbl.stsd.codecs[..] else { panic!("not one mp4a") };
    assert_eq!(entry.audio.channel_count, 2);
    let config = &entry.esds.es_desc.dec_config;
    assert_eq!((config.object_type_indication, config.stream_type, config.avg_bitrate), (0x40, 5, 128_000));
    let specific = config.dec_specific.as_ref().expect("AudioSpecificConfig");
    assert_eq!((specific.profile, specific.freq_index, specific.chan_conf), (2, 3, 2));
    assert_eq!(rendition.codecs, "mp4a.40.2");
    assert_eq!((rendition.timescale, rendition.unit_duration), (48_000, Ticks(7680)));
}

#[test]
fn the_boxes_are_these() {
    insta::assert_snapshot!(tree_of(&video_rendition(FrameRate::FPS_30)), @r"
    ftyp 32
    moov 667
      mvhd 108
      trak 511
        tkhd 92
        mdia 411
          mdhd 32
          hdlr 38
          minf 333
            vmhd 20
            dinf 36
              dref 28
                url  12
            stbl 269
              stsd 193
                avc1 177
                  avcC 56
                  colr 19
                  pasp 16
              stts 16
              stsc 16
              stsz 20
              stco 16
      mvex 40
        trex 32
    ");
}

#[test]
fn the_boxes_of_sound_are_these() {
    insta::assert_snapshot!(tree_of(&audio_rendition(FrameRate::FPS_30)), @r"
    ftyp 32
    moov 561
      mvhd 108
      trak 405
        tkhd 92
        mdia 305
          mdhd 32
          hdlr 38
          minf 227
            smhd 16
            dinf 36
              dref 28
                url  12
            stbl 167
              stsd 91
                mp4a 75
                  esds 39
              stts 16
              stsc 16
              stsz 20
              stco 16
      mvex 40
        trex 32
    ");
}

#[test]
fn the_name_follows_the_bytes() {
    let (video, again) = (video_rendition(FrameRate::FPS_30), video_rendition(FrameRate::FPS_30));
    assert_eq!(video, again);
    insta::assert_snapshot!(video.init_name, @"init-0a2dd25d.mp4");
    insta::assert_snapshot!(audio_rendition(FrameRate::FPS_30).init_name, @"init-70618b7b.mp4");
}

#[test]
fn contradictions_are_refused_in_words() {
    let grid = Grid::for_rate(FrameRate::FPS_30);
    let kind = RenditionKind::Video { width: 1280, height: 720, rate: FrameRate::FPS_30 };
    let small = RenditionKind::Video { width: 640, height: 360, rate: FrameRate::FPS_30 };
    let mono = RenditionKind::Audio { sample_rate: 48_000, channels: 1 };
    let avc = CodecConfig::Avc { sps: vec![SPS_720P30.into()], pps: vec![PPS_720P30.into()] };
    let aac = CodecConfig::Aac { audio_specific_config: AAC_LC_48K_STEREO.into() };
    let no_sps = CodecConfig::Avc { sps: vec![Bytes::from_static(b"\x67")], pps: vec![PPS_720P30.into()] };
    let error = |id: &str, kind, config: &CodecConfig| {
        Rendition::new(id, kind, config.clone(), 1, grid).unwrap_err().to_string()
    };
    let all = [
        error("720P", kind, &avc),
        error("", kind, &avc),
        error("720p", kind, &aac),
        error("720p", small, &avc),
        error("audio", mono, &aac),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    "720P" cannot name a rendition; use 1 to 32 lower-case letters, digits and '-'
    "" cannot name a rendition; use 1 to 32 lower-case letters, digits and '-'
    the codec configuration does not belong to this kind of media; send that of its own encoder
    the encoder makes 1280x720 pictures, 640x360 were asked for; restart it
    the encoder makes 2 channels at 48000 Hz, other than asked for; use 48000 Hz
    "#);
    assert!(matches!(Rendition::new("720p", kind, no_sps, 1, grid), Err(RenditionError::Sps(_))));
}

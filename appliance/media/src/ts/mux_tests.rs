use super::*;
use crate::fixture::{self, MSN};
use crate::testing;
use crate::time::{FrameRate, Msn, Ticks};
use crate::unit::AccessUnit;
use crate::window::Sample;
use mpeg2ts::pes::{PesPacket, PesPacketReader, ReadPesPacket};
use mpeg2ts::ts::{ReadTsPacket, TsPacket, TsPacketReader, TsPayload};
use proptest::prelude::*;
use std::collections::HashMap;

const FIRST: TsMsn = TsMsn::first_of(MSN);
const PTS_MODULUS: i64 = 1 << 33;

fn packets(bytes: &[u8]) -> Vec<TsPacket> {
    let mut reader = TsPacketReader::new(bytes);
    std::iter::from_fn(|| reader.read_ts_packet().expect("it is a transport stream")).collect()
}

fn pes_packets(bytes: &[u8], pid: u16) -> Vec<PesPacket<Vec<u8>>> {
    // One stream at a time, since the reader yields packets of several in the order in which they end.
    let of_pid = |packet: &&[u8]| {
        let this = u16::from_be_bytes([packet[1] & 0x1f, packet[2]]);
        this == pid || this == PAT_PID || this == PMT_PID
    };
    let stream: Vec<u8> = bytes.chunks(PACKET_BYTES).filter(of_pid).flatten().copied().collect();
    let mut reader = PesPacketReader::new(TsPacketReader::new(stream.as_slice()));
    std::iter::from_fn(|| reader.read_pes_packet().expect("it is a stream of PES packets")).collect()
}

/// Windows of four segments of video and audio at `rate`, from `msn` on.
fn windows(rate: FrameRate, msn: Msn) -> [Snapshot; 2] {
    [testing::video_rendition(rate), testing::audio_rendition(rate)].map(|rendition| {
        let (from, until) = (rendition.grid.segment_start(msn), rendition.grid.segment_start(Msn(msn.0 + 4)));
        fixture::window(rendition, from, until)
    })
}

fn segments(windows: &[Snapshot; 2], first: TsMsn, count: u64) -> Vec<Bytes> {
    let [video, audio] = windows;
    (first.0..first.0 + count).map(|number| segment(video, Some(audio), TsMsn(number)).unwrap()).collect()
}

fn units(snapshot: &Snapshot, number: TsMsn) -> Vec<(Sample, Bytes)> {
    Half::of(snapshot, number).unwrap().units().collect()
}

/// Every counter starts at 0, rises by one a packet, and ends where the next segment starts.
fn check_continuity(segment: &[u8]) -> Result<(), TestCaseError> {
    let mut next: HashMap<u16, u8> = HashMap::new();
    for packet in packets(segment) {
        let expected = next.entry(packet.header.pid.as_u16()).or_default();
        prop_assert_eq!(packet.header.continuity_counter.as_u8(), *expected, "{:?}", packet.header);
        *expected = (*expected + 1) % 16;
    }
    prop_assert!(next.values().all(|count| *count == 0), "{:?}", next);
    Ok(())
}

#[test]
fn b3_1_1_pat_and_pmt_are_the_first_two_packets() {
    for bytes in segments(&windows(FrameRate::FPS_30, MSN), FIRST, 3) {
        let packets = packets(&bytes);
        let Some(TsPayload::Pat(pat)) = &packets[0].payload else { panic!("{:?}", packets[0]) };
        assert_eq!(pat.table.iter().map(|p| p.program_map_pid.as_u16()).collect::<Vec<_>>(), [PMT_PID]);
        let Some(TsPayload::Pmt(pmt)) = &packets[1].payload else { panic!("{:?}", packets[1]) };
        assert_eq!(pmt.pcr_pid.map(|pid| pid.as_u16()), Some(VIDEO_PID));
        let streams: Vec<_> =
            pmt.es_info.iter().map(|es| (es.stream_type as u8, es.elementary_pid.as_u16())).collect();
        assert_eq!(streams, [(0x1b, VIDEO_PID), (0x0f, AUDIO_PID)]);
        let pats = packets.iter().filter(|packet| packet.header.pid.as_u16() == PAT_PID).count();
        assert_eq!(pats, 16);
    }
}

#[test]
fn tables_are_spread_over_the_segment() {
    let bytes = &segments(&windows(FrameRate::FPS_30, MSN), FIRST, 1)[0];
    let packets = packets(bytes);
    let (mut pts, mut since, mut longest) = (0, 0, 0);
    for packet in &packets {
        match &packet.payload {
            Some(TsPayload::Pat(_)) => since = pts,
            Some(TsPayload::PesStart(pes)) => pts = pes.header.pts.map_or(pts, |pts| pts.as_u64()),
            _ => {}
        }
        longest = if since == 0 { 0 } else { longest.max(pts - since) };
    }
    assert!(longest <= 9000, "a player that joins anywhere sees tables within 100 ms: {longest}");
}

#[test]
fn b7_4_each_segment_begins_with_an_idr_behind_its_parameter_sets() {
    for bytes in segments(&windows(FrameRate::FPS_30, MSN), FIRST, 4) {
        let video = pes_packets(&bytes, VIDEO_PID);
        let nal_types = |data: &[u8]| h264::nals_of_annexb(data).map(|nal| nal[0] & 0x1f).collect::<Vec<_>>();
        assert_eq!(nal_types(&video[0].data), [9, 7, 8, 5]);
        assert!(video[1..].iter().all(|pes| nal_types(&pes.data) == [9, 1]));
        let first = packets(&bytes).swap_remove(2);
        assert_eq!(first.header.pid.as_u16(), VIDEO_PID);
        assert!(first.adaptation_field.unwrap().random_access_indicator);
    }
}

#[test]
fn pictures_and_sound_come_out_as_they_went_in() {
    let windows = windows(FrameRate::new(25, 1).unwrap(), MSN);
    for (index, bytes) in segments(&windows, FIRST, 4).iter().enumerate() {
        let number = TsMsn(FIRST.0 + index as u64);
        let read = |pes: PesPacket<Vec<u8>>| h264::annexb_to_length_prefixed(&pes.data);
        let video: Vec<Bytes> = pes_packets(bytes, VIDEO_PID).into_iter().map(read).collect();
        let expected: Vec<Bytes> = units(&windows[0], number).into_iter().map(|unit| unit.1).collect();
        assert_eq!(video, expected);
        let audio: Vec<u8> = pes_packets(bytes, AUDIO_PID).into_iter().flat_map(|pes| pes.data).collect();
        assert_eq!(
            adts_frames(&audio),
            units(&windows[1], number).into_iter().map(|unit| unit.1).collect::<Vec<_>>()
        );
    }
}

fn adts_frames(mut bytes: &[u8]) -> Vec<Bytes> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let header = aac::parse_adts(bytes).unwrap();
        frames.push(Bytes::copy_from_slice(&bytes[header.header_len..header.frame_len]));
        bytes = &bytes[header.frame_len..];
    }
    frames
}

#[test]
fn pts_is_the_time_in_90_khz_and_wraps_at_33_bits() {
    let wrap = Ticks(PTS_MODULUS * 4 * 18_800);
    let rate = FrameRate::FPS_30;
    let msn = testing::video_rendition(rate).grid.place(wrap - Ticks::from_secs(2)).msn;
    let windows = windows(rate, msn);
    let mut last: Option<i64> = None;
    for (index, bytes) in segments(&windows, TsMsn::first_of(msn), 6).iter().enumerate() {
        let number = TsMsn(TsMsn::first_of(msn).0 + index as u64);
        let pts = |pes: &PesPacket<Vec<u8>>| pes.header.pts.unwrap().as_u64().cast_signed();
        let video: Vec<i64> = pes_packets(bytes, VIDEO_PID).iter().map(pts).collect();
        let expected =
            units(&windows[0], number).into_iter().map(|(sample, _)| sample.dts.0 / 4 % PTS_MODULUS);
        assert_eq!(video, expected.collect::<Vec<_>>());
        for pts in video {
            assert!(last.is_none_or(|last| (pts - last).rem_euclid(PTS_MODULUS) == 3000));
            last = Some(pts);
        }
        assert!(pes_packets(bytes, VIDEO_PID).iter().all(|pes| pes.header.dts.is_none()));
    }
    assert!(last.unwrap() < 1_000_000, "it has wrapped");
}

#[test]
fn b2_4_3_5_the_clock_runs_a_fifth_of_a_second_ahead_of_each_picture() {
    let wrap = Ticks(PTS_MODULUS * 4 * 18_800);
    let rate = FrameRate::new(60_000, 1001).unwrap();
    let msn = testing::video_rendition(rate).grid.place(wrap).msn;
    for bytes in segments(&windows(rate, msn), TsMsn::first_of(msn), 2) {
        let mut clocks = 0;
        for packet in packets(&bytes) {
            let (Some(TsPayload::PesStart(pes)), Some(field)) = (packet.payload, packet.adaptation_field)
            else {
                continue;
            };
            let Some(pcr) = field.pcr.filter(|_| packet.header.pid.as_u16() == VIDEO_PID) else { continue };
            let pts = pes.header.pts.unwrap().as_u64().cast_signed();
            let lead = (pts - (pcr.as_u64() / 300).cast_signed()).rem_euclid(PTS_MODULUS);
            assert!((18_000..=18_001).contains(&lead), "{lead}");
            clocks += 1;
        }
        assert_eq!(clocks, 60, "one a picture");
    }
}

#[test]
fn a_later_window_gives_the_same_bytes() {
    let rate = FrameRate::FPS_30;
    let all = windows(rate, MSN);
    let early = [fixture::video_720p(), fixture::audio(rate)].map(|like| {
        let rendition =
            if like.is_video() { testing::video_rendition(rate) } else { testing::audio_rendition(rate) };
        let from = rendition.grid.segment_start(MSN);
        fixture::window(rendition, from, from + Ticks::from_millis(3100))
    });
    assert_eq!(segments(&early, FIRST, 3), segments(&all, FIRST, 3));
}

#[test]
fn what_is_not_whole_or_not_there_is_not_made() {
    let [video, audio] = windows(FrameRate::FPS_30, MSN);
    assert!(segment(&video, Some(&audio), TsMsn(FIRST.0 - 1)).is_none());
    assert!(segment(&video, Some(&audio), TsMsn(FIRST.0 + 8)).is_none());
    assert!(segment(&audio, None, FIRST).is_none(), "sound alone is no segment of this tier");
    let short = fixture::audio_window(0, 3);
    assert!(segment(&video, Some(&short), FIRST).is_some());
    assert!(segment(&video, Some(&short), TsMsn(FIRST.0 + 1)).is_none(), "its sound is still to come");
    let mut holed = video.clone();
    fixture::gap(&mut holed, MSN);
    assert!(segment(&holed, Some(&audio), FIRST).is_none());
}

#[test]
fn every_listed_segment_can_be_made() {
    let (video, audio) = (fixture::video_window(2, 3), fixture::audio_window(2, 2));
    let listed: Vec<TsMsn> =
        super::super::listed_halves(&video, Some(&audio)).map(|half| half.number).collect();
    assert_eq!(listed.len(), 5);
    assert!(listed.into_iter().all(|number| segment(&video, Some(&audio), number).is_some()));
}

#[test]
fn sound_that_is_missing_for_ever_is_not_waited_for() {
    let (video, mut audio) = (fixture::video_window(2, 0), fixture::audio_window(2, 0));
    fixture::gap(&mut audio, MSN);
    let silent = segment(&video, Some(&audio), FIRST).unwrap();
    assert!(pes_packets(&silent, AUDIO_PID).is_empty());
    assert_eq!(pes_packets(&silent, VIDEO_PID).len(), 30);
    check_continuity(&silent).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn b2_4_3_3_counters_continue_from_any_segment_to_the_next(
        rate in 0usize..8,
        msn in 0u64..1_000_000_000,
        video_bytes in prop::collection::vec(1usize..3000, 1..40),
        audio_bytes in prop::collection::vec(1usize..500, 1..40),
    ) {
        let rate = FrameRate::ALL[rate];
        let sized = |rendition: crate::window::Rendition, sizes: &[usize]| {
            let from = rendition.grid.segment_start(Msn(msn));
            let until = from + rendition.grid.segment_duration();
            let units = testing::units(&rendition, from).take_while(|unit| unit.dts < until);
            let units: Vec<AccessUnit> = units.zip(sizes.iter().cycle()).map(|(unit, size)| resized(unit, *size)).collect();
            fixture::window_of(rendition, units)
        };
        let windows = [
            sized(testing::video_rendition(rate), &video_bytes),
            sized(testing::audio_rendition(rate), &audio_bytes),
        ];
        for bytes in segments(&windows, TsMsn::first_of(Msn(msn)), 2) {
            prop_assert_eq!(bytes.len() % PACKET_BYTES, 0);
            check_continuity(&bytes)?;
        }
    }
}

/// One NAL unit of this size, or a frame of it.
fn resized(unit: AccessUnit, size: usize) -> AccessUnit {
    let header = if unit.kind == crate::unit::UnitKind::Key { 0x65 } else { 0x41 };
    let nal = std::iter::once(header).chain((1..size).map(|at| at as u8 | 1));
    let length = u32::try_from(size).unwrap().to_be_bytes();
    AccessUnit { data: length.into_iter().chain(nal).collect(), ..unit }
}

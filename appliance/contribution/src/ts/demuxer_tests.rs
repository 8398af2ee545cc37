//! The demultiplexer against a multiplexer of a few lines, and against what broke others.

use super::super::adts::tests::frame;
use super::super::section::tests::section;
use super::*;
use crate::limits::UNIT_BYTES_MAX;
use crate::testing::{fuzz_ts, run_ts};
use media::time::Ticks;
use media::unit::{AccessUnit, SourceCodec, SourceEvent, UnitKind};
use proptest::prelude::*;
use std::collections::BTreeMap;

const VIDEO: u16 = 0x100;
const AUDIO: u16 = 0x101;
const IDR: [u8; 6] = [0, 0, 0, 1, 0x65, 0x88];
const SLICE: [u8; 6] = [0, 0, 0, 1, 0x41, 0x9A];

/// Cuts payloads into packets.
#[derive(Default)]
struct Muxer {
    bytes: Vec<u8>,
    counters: BTreeMap<u16, u8>,
}

impl Muxer {
    /// One program with H.264 and ADTS.
    fn started() -> Self {
        let mut muxer = Self::default();
        muxer.tables(&[(0x1B, VIDEO), (0x0F, AUDIO)]);
        muxer
    }

    fn tables(&mut self, streams: &[(u8, u16)]) {
        self.payload(0, &[vec![0], section(0, 1, &[0, 1, 0xF0, 0])].concat());
        let mut map = vec![0xE1, 0, 0xF0, 0];
        for (stream_type, pid) in streams {
            map.push(*stream_type);
            map.extend((0xE000 | pid).to_be_bytes());
            map.extend([0xF0, 0]);
        }
        self.payload(0x1000, &[vec![0], section(2, 1, &map)].concat());
    }

    /// A PES packet with a PTS, of unknown length if it is video.
    fn pes(&mut self, pid: u16, pts: u64, data: &[u8]) {
        let length = if pid == VIDEO { 0 } else { 8 + data.len() as u16 };
        let mut bytes = vec![0, 0, 1, if pid == VIDEO { 0xE0 } else { 0xC0 }];
        bytes.extend(length.to_be_bytes());
        bytes.extend([0x80, 0x80, 5, 0x21 | (pts >> 29 & 0x0E) as u8, (pts >> 22) as u8]);
        bytes.extend([(pts >> 14 | 1) as u8, (pts >> 7) as u8, (pts << 1 | 1) as u8]);
        bytes.extend(data);
        self.payload(pid, &bytes);
    }

    fn payload(&mut self, pid: u16, payload: &[u8]) {
        for (index, piece) in payload.chunks(184).enumerate() {
            let counter = self.counters.entry(pid).or_default();
            let start = if index == 0 { 0x4000 } else { 0 };
            self.bytes.push(0x47);
            self.bytes.extend((pid | start).to_be_bytes());
            let stuffing = 184 - piece.len();
            self.bytes.push(*counter | if stuffing > 0 { 0x30 } else { 0x10 });
            *counter = (*counter + 1) & 0x0F;
            if stuffing > 0 {
                self.bytes.push(stuffing as u8 - 1);
                self.bytes.extend([0].iter().chain(&[0xFF; 182]).take(stuffing - 1));
            }
            self.bytes.extend(piece);
        }
    }

    fn run(&self) -> (Vec<Demuxed>, Counters) {
        run_ts(std::iter::once(&self.bytes[..]))
    }
}

fn units(events: &[Demuxed], medium: crate::Medium) -> Vec<&AccessUnit> {
    let unit = |event| match (event, medium) {
        (&Demuxed::Event(SourceEvent::Video(ref unit)), crate::Medium::Video) => Some(unit),
        (&Demuxed::Event(SourceEvent::Audio(ref unit)), crate::Medium::Audio) => Some(unit),
        _ => None,
    };
    events.iter().filter_map(unit).collect()
}

fn video(events: &[Demuxed]) -> Vec<&AccessUnit> {
    units(events, crate::Medium::Video)
}

fn tracks(events: &[Demuxed]) -> Vec<(SourceCodec, Vec<u8>)> {
    let track = |event: &Demuxed| match event {
        Demuxed::Event(SourceEvent::VideoTrack(track) | SourceEvent::AudioTrack(track)) => {
            Some((track.codec, track.config.clone()))
        }
        _ => None,
    };
    events.iter().filter_map(track).collect()
}

#[test]
fn tracks_and_access_units_come_out() {
    let mut muxer = Muxer::started();
    muxer.pes(VIDEO, 9000, &[&IDR[..], &[7; 500]].concat());
    muxer.pes(AUDIO, 9000, &[frame(b"one"), frame(b"two")].concat());
    muxer.pes(VIDEO, 12_000, &SLICE);
    let (events, counters) = muxer.run();
    assert_eq!(tracks(&events), [(SourceCodec::H264, vec![]), (SourceCodec::Aac, vec![0x11, 0x90])]);
    let pictures = video(&events);
    assert_eq!(pictures.iter().map(|unit| unit.kind).collect::<Vec<_>>(), [UnitKind::Key, UnitKind::Delta]);
    assert_eq!((pictures[0].dts, pictures[0].data.len()), (Ticks::from_millis(100), 506));
    let sounds = units(&events, crate::Medium::Audio);
    assert_eq!(sounds.iter().map(|unit| unit.pts.0).collect::<Vec<_>>(), [36_000, 43_680]);
    assert_eq!(counters, Counters { packets: 7, ..Counters::default() });
}

#[test]
fn a_lost_packet_costs_its_pes_packet_and_is_counted() {
    let mut muxer = Muxer::started();
    let large = [&SLICE[..], &[7; 1000]].concat();
    (0..3).for_each(|at| muxer.pes(VIDEO, 3000 * at, &large));
    // Each takes six packets, behind two of tables: lose one out of the middle of the second.
    muxer.bytes.drain(188 * 10..188 * 11);
    let (events, counters) = muxer.run();
    assert_eq!(video(&events).iter().map(|unit| unit.dts.0 / 12_000).collect::<Vec<_>>(), [0, 2]);
    assert_eq!((counters.discontinuities, counters.dropped_units), (1, 1));
}

#[test]
fn duplicate_packets_are_taken_once() {
    let mut muxer = Muxer::started();
    muxer.pes(VIDEO, 0, &[&IDR[..], &[7; 300]].concat());
    let last = muxer.bytes[muxer.bytes.len() - 188..].to_vec();
    muxer.bytes.extend(last);
    let (events, counters) = muxer.run();
    assert_eq!((video(&events)[0].data.len(), counters.discontinuities), (306, 0));
}

#[test]
fn timestamps_go_on_over_33_bits() {
    let mut muxer = Muxer::started();
    let start = (1u64 << 33) - 900_000;
    for at in 0..600 {
        let pts = (start + 3000 * at) % (1 << 33);
        muxer.pes(VIDEO, pts, &IDR);
        muxer.pes(AUDIO, pts, &frame(b"x"));
    }
    let (events, _) = muxer.run();
    let expected: Vec<_> = (0..600).map(|at| 4 * (start as i64 + 3000 * at)).collect();
    for medium in [crate::Medium::Video, crate::Medium::Audio] {
        let times: Vec<_> = units(&events, medium).iter().map(|unit| unit.pts.0).collect();
        assert_eq!(times, expected);
    }
}

#[test]
fn a_changed_map_replaces_streams_and_keeps_the_others() {
    let mut muxer = Muxer::started();
    muxer.pes(VIDEO, 0, &IDR);
    muxer.tables(&[(0x1B, VIDEO), (0x81, 0x102)]);
    muxer.pes(0x102, 0, b"ac3");
    muxer.tables(&[(0x24, VIDEO), (0x81, 0x102)]);
    muxer.pes(VIDEO, 3000, &[0, 0, 1, 0x26, 1]);
    let (events, counters) = muxer.run();
    let codecs: Vec<_> = tracks(&events).into_iter().map(|(codec, _)| codec).collect();
    assert_eq!(codecs, [SourceCodec::H264, SourceCodec::Ac3, SourceCodec::H265]);
    assert_eq!(video(&events).len(), 2);
    assert_eq!(counters.dropped_units, 0);
}

#[test]
fn a_repeated_map_changes_nothing() {
    let mut muxer = Muxer::started();
    muxer.pes(VIDEO, 0, &[&IDR[..], &[7; 400]].concat());
    muxer.tables(&[(0x1B, VIDEO), (0x0F, AUDIO)]);
    muxer.pes(VIDEO, 3000, &SLICE);
    assert_eq!(tracks(&muxer.run().0).len(), 1);
}

#[test]
fn latm_is_reported_once() {
    let mut muxer = Muxer::default();
    (0..3).for_each(|_| muxer.tables(&[(0x1B, VIDEO), (0x11, AUDIO)]));
    let reports = muxer.run().0.iter().filter(|event| matches!(event, Demuxed::Unsupported(_))).count();
    assert_eq!(reports, 1);
}

/// Empty access units have broken others: mediamtx #4346.
#[test]
fn empty_access_units_and_those_without_a_time_are_dropped() {
    let mut muxer = Muxer::started();
    muxer.pes(VIDEO, 0, &[]);
    muxer.payload(VIDEO, &[&[0, 0, 1, 0xE0, 0, 0, 0x80, 0, 0][..], &IDR].concat());
    let (events, counters) = muxer.run();
    assert_eq!((video(&events).len(), counters.dropped_units), (0, 2));
}

#[test]
fn damaged_and_scrambled_packets_are_counted() {
    let mut muxer = Muxer::started();
    (0..4).for_each(|at| muxer.pes(VIDEO, 3000 * at, &IDR));
    muxer.bytes[188 * 2 + 1] |= 0x80;
    muxer.bytes[188 * 3 + 3] |= 0x80;
    let (events, counters) = muxer.run();
    assert_eq!((counters.damaged_packets, counters.scrambled_packets), (1, 1));
    assert_eq!(video(&events).len(), 2);
}

#[test]
fn a_picture_without_end_is_dropped_and_memory_stays_bounded() {
    let mut muxer = Muxer::started();
    muxer.pes(VIDEO, 0, &vec![7; UNIT_BYTES_MAX + 1000]);
    muxer.pes(VIDEO, 3000, &IDR);
    let (events, counters) = muxer.run();
    assert_eq!((video(&events).len(), counters.dropped_units), (1, 1));
}

#[test]
fn what_nobody_polls_is_dropped_and_counted() {
    let mut muxer = Muxer::started();
    (0..6).for_each(|at| muxer.pes(VIDEO, 3000 * at, &vec![7; UNIT_BYTES_MAX - 100]));
    let mut demuxer = Demuxer::new();
    demuxer.handle(&muxer.bytes);
    assert!(demuxer.buffered_bytes() <= OUTPUT_BYTES_MAX + crate::testing::TS_HELD_BYTES_MAX);
    assert_eq!(demuxer.counters().dropped_events, 1);
}

proptest! {
    #[test]
    fn any_damage_and_any_split_does_no_harm(
        damage in prop::collection::vec((0usize..188 * 12, any::<u8>()), 0..20),
        lost in prop::option::of(0usize..188 * 12),
    ) {
        let mut muxer = Muxer::started();
        for at in 0..3 {
            muxer.pes(VIDEO, 3000 * at, &[&SLICE[..], &[7; 400]].concat());
            muxer.pes(AUDIO, 3000 * at, &frame(&[1; 50]).repeat(2));
        }
        let mut bytes = muxer.bytes;
        for (at, value) in damage {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        if let Some(at) = lost {
            bytes.remove(at % bytes.len());
        }
        fuzz_ts(&bytes);
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(prop_oneof![Just(0x47u8), any::<u8>()], 0..2000)) {
        fuzz_ts(&bytes);
    }
}

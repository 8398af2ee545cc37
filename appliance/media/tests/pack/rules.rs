//! The packager's rules over random streams of all frame rates and of sound.

use crate::judge::{Judge, read};
use bytes::Bytes;
use media::packager::{Counters, PackError, Pushed, RenditionPackager, WindowLimits};
use media::testing::{audio_rendition, units, video_rendition};
use media::time::{FrameRate, Msn, PartIndex, Ticks};
use media::unit::{AccessUnit, UnitKind};
use media::window::{Rendition, Segment};
use proptest::prelude::*;
use std::sync::Arc;

const LIMITS: WindowLimits = WindowLimits { listed_segments: 3, kept_segments: 5, listed_step: 1 };
const START: Ticks = Ticks::from_secs(1_780_000_000);

/// Video at each rate, then sound on the grid of each.
fn rendition(which: usize) -> Rendition {
    let rate = FrameRate::ALL[which % 8];
    if which < 8 { video_rendition(rate) } else { audio_rendition(rate) }
}

struct Bench {
    rendition: Arc<Rendition>,
    packager: RenditionPackager,
    judge: Judge,
}

impl Bench {
    fn new(rendition: Rendition) -> Self {
        let rendition = Arc::new(rendition);
        let packager = RenditionPackager::new(rendition.clone(), LIMITS);
        Self { rendition, packager, judge: Judge::default() }
    }

    fn push(&mut self, unit: AccessUnit) -> Pushed {
        // What comes twice is expected as it came first.
        if self.packager.next_unit_start().is_none_or(|next| next <= unit.dts) {
            self.judge.sent.insert(unit.dts, unit.clone());
        }
        let pushed = self.packager.push(unit).expect("generated units are well-formed");
        if let Pushed::Published(update) = &pushed {
            self.judge.check(&update.snapshot);
            assert_eq!(update.snapshot.segments.last().expect("not empty").msn, update.msn);
        }
        pushed
    }

    /// Pushes everything from `from` to before `to`.
    fn run(&mut self, from: Ticks, to: Ticks) {
        for unit in units(&self.rendition.clone(), from).take_while(|unit| unit.dts < to) {
            self.push(unit);
        }
    }

    fn segments(&self) -> Vec<Arc<Segment>> {
        self.packager.snapshot().segments.clone()
    }

    fn segment_start(&self, msn: u64) -> Ticks {
        self.rendition.grid.segment_start(Msn(msn))
    }

    fn first_msn(&self) -> u64 {
        self.rendition.grid.place(START).msn.0 + 1
    }
}

fn bytes(segment: &Segment) -> Vec<Bytes> {
    segment.chunks().map(|chunk| chunk.bytes.clone()).collect()
}

/// What may happen to a stream, in access units.
#[derive(Clone, Copy, Debug)]
enum Event {
    Flow(u16),
    Lose(u16),
    Repeat(u8),
    /// The next key unit arrives as another.
    Spoil,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1u16..200).prop_map(Event::Flow),
        2 => (1u16..300).prop_map(Event::Lose),
        1 => (1u8..80).prop_map(Event::Repeat),
        1 => Just(Event::Spoil),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_comes_the_promises_hold(
        which in 0usize..16, offset in 0i64..2_000_000, events in prop::collection::vec(event(), 1..12),
    ) {
        let mut bench = Bench::new(rendition(which));
        let step = bench.rendition.unit_duration;
        let unit = |bench: &Bench, at: i64| {
            units(&bench.rendition, START + Ticks(offset) + step * at).next().expect("endless")
        };
        let (mut at, mut pushed) = (0i64, 0u64);
        for event in events {
            match event {
                Event::Flow(count) => for _ in 0..count {
                    let unit = unit(&bench, at);
                    bench.push(unit);
                    (at, pushed) = (at + 1, pushed + 1);
                },
                Event::Lose(count) => at += i64::from(count),
                Event::Repeat(count) => at = (at - i64::from(count)).max(0),
                Event::Spoil => {
                    let unit = unit(&bench, at);
                    bench.push(AccessUnit { kind: UnitKind::Delta, ..unit });
                    (at, pushed) = (at + 1, pushed + 1);
                }
            }
        }
        let Counters { units, duplicates, skipped, .. } = bench.packager.counters();
        prop_assert_eq!(units + duplicates + skipped, pushed);
    }

    #[test]
    fn an_unbroken_stream_is_packaged_whole(which in 0usize..16, offset in 0i64..2_000_000) {
        let mut bench = Bench::new(rendition(which));
        let first = bench.rendition.grid.place(START + Ticks(offset)).msn.0 + 1;
        bench.run(START + Ticks(offset), bench.segment_start(first + 3) + Ticks(100_000));
        let segments = bench.segments();
        // A start exactly on a boundary brings one more.
        let msns: Vec<u64> = segments.iter().map(|segment| segment.msn.0).filter(|msn| *msn >= first).collect();
        prop_assert_eq!(msns, (first..=first + 3).collect::<Vec<_>>());
        for segment in segments.iter().filter(|segment| segment.complete) {
            prop_assert_eq!(segment.parts.len(), 4);
            let off = segment.duration - bench.rendition.grid.segment_duration();
            prop_assert!(off.0.abs() < bench.rendition.unit_duration.0);
        }
        let counters = bench.packager.counters();
        prop_assert_eq!((counters.duplicates, counters.holes, counters.gaps, counters.resets), (0, 0, 0, 0));
    }

    #[test]
    fn a_packager_that_starts_later_makes_the_same(which in 0usize..16, late in 1u64..4) {
        let (mut early, mut other) = (Bench::new(rendition(which)), Bench::new(rendition(which)));
        let (first, end) = (early.first_msn(), early.segment_start(early.first_msn() + 4));
        early.run(START, end);
        other.run(other.segment_start(first + late - 1) + Ticks(50_000), end);
        let (early, other) = (early.segments(), other.segments());
        for segment in &other {
            let twin = early.iter().find(|twin| twin.msn == segment.msn).expect("both cut on one grid");
            prop_assert!(segment == twin, "segment {} differs", segment.msn);
        }
        prop_assert_eq!(other.first().expect("it ran").msn, Msn(first + late));
    }

    #[test]
    fn an_encoder_that_resumes_leaves_no_trace(which in 0usize..16, cut in 1usize..180, back in 0i64..40) {
        let (mut whole, mut resumed) = (Bench::new(rendition(which)), Bench::new(rendition(which)));
        let (from, end) = (whole.segment_start(whole.first_msn()), whole.segment_start(whole.first_msn() + 4));
        whole.run(from, end);
        for unit in units(&resumed.rendition.clone(), from).take(cut) {
            resumed.push(unit);
        }
        let next = resumed.packager.next_unit_start().expect("it has started");
        prop_assert!(next > from);
        let step = resumed.rendition.unit_duration;
        resumed.run((next - step * back).max(from), end);
        prop_assert!(whole.segments() == resumed.segments(), "the resumed stream differs");
        prop_assert_eq!(resumed.packager.counters().holes, 0);
    }
}

#[test]
fn a_chunk_is_out_with_the_unit_that_reaches_its_end() {
    let mut bench = Bench::new(video_rendition(FrameRate::FPS_30));
    let from = bench.segment_start(bench.first_msn());
    let mut log = String::new();
    for unit in units(&bench.rendition.clone(), from).take(60) {
        log.push(match bench.push(unit) {
            Pushed::Held => '.',
            Pushed::Dropped => 'x',
            Pushed::Published(update) => match (update.part_done, update.segment_done) {
                (false, _) => 'c',
                (true, false) => 'P',
                (true, true) => 'S',
            },
        });
    }
    insta::assert_snapshot!(log, @"..c..c..c..c..P..c..c..c..c..P..c..c..c..c..P..c..c..c..c..S");
}

#[test]
fn twenty_five_frames_make_parts_of_13_and_12() {
    let mut bench = Bench::new(video_rendition(FrameRate::new(25, 1).unwrap()));
    let from = bench.segment_start(bench.first_msn());
    bench.run(from, from + Ticks::from_secs(2));
    let segments = bench.segments();
    let shape: Vec<Vec<usize>> = segments[0]
        .parts
        .iter()
        .map(|part| part.chunks.iter().map(|chunk| chunk.samples.len()).collect())
        .collect();
    insta::assert_snapshot!(format!("{shape:?}"), @"[[3, 2, 3, 2, 3], [2, 3, 2, 3, 2], [3, 2, 3, 2, 3], [2, 3, 2, 3, 2]]");
}

#[test]
fn a_short_hole_costs_the_rest_of_its_segment() {
    let mut bench = Bench::new(video_rendition(FrameRate::FPS_30));
    let first = bench.first_msn();
    let (from, next) = (bench.segment_start(first), bench.segment_start(first + 1));
    bench.run(from, from + Ticks::from_millis(700));
    bench.run(from + Ticks::from_millis(800), next + Ticks::from_millis(200));
    let segments = bench.segments();
    assert_eq!(segments.iter().map(|segment| segment.msn.0).collect::<Vec<_>>(), [first, first + 1]);
    assert!(segments[0].complete && !segments[0].gap);
    assert_eq!(segments[0].parts.len(), 2);
    assert_eq!(segments[0].duration, Ticks::from_millis(700));
    let counters = bench.packager.counters();
    assert_eq!((counters.holes, counters.gaps, counters.skipped), (1, 0, 36));
}

#[test]
fn a_longer_hole_is_bridged_by_gaps_and_the_resume_point_waits_there() {
    let mut bench = Bench::new(audio_rendition(FrameRate::FPS_30));
    let first = bench.first_msn();
    let from = bench.segment_start(first);
    bench.run(from, from + Ticks::from_millis(700));
    let resumes = bench.segment_start(first + 3);
    bench.run(resumes - Ticks::from_millis(900), resumes - Ticks::from_millis(800));
    let expected = bench.segment_start(first + 1);
    let point = bench.packager.next_unit_start().unwrap();
    assert!((Ticks::ZERO..bench.rendition.unit_duration).contains(&(point - expected)));
    bench.run(resumes, resumes + Ticks::from_millis(300));
    let segments = bench.segments();
    assert_eq!(segments.iter().map(|segment| segment.gap).collect::<Vec<_>>(), [false, true, true, false]);
    assert_eq!(bench.packager.counters().gaps, 2);
}

#[test]
fn another_packager_goes_on_after_what_was_published() {
    for which in 0..16 {
        let mut whole = Bench::new(rendition(which));
        let mut handed = Bench::new(rendition(which));
        let from = whole.segment_start(whole.first_msn());
        let to = from + Ticks::from_secs(9);
        whole.run(from, to);
        // Each takes over after some milliseconds, and what its predecessor held back comes again.
        let mut at = from;
        for length in [10, 730, 1, 90, 1999, 40, 640, 3000, 10_000] {
            let until = (at + Ticks::from_millis(length)).min(to);
            handed.run(at, until);
            handed.packager = RenditionPackager::resume(handed.packager.snapshot(), LIMITS);
            at = handed.packager.next_unit_start().unwrap_or(from);
        }
        handed.run(at, to);
        let bytes_of =
            |bench: &Bench| bench.segments().iter().map(|segment| bytes(segment)).collect::<Vec<_>>();
        assert_eq!(bytes_of(&handed), bytes_of(&whole), "rendition {which}");
    }
}

#[test]
fn a_hole_of_the_whole_window_empties_it() {
    let mut bench = Bench::new(video_rendition(FrameRate::FPS_30));
    let first = bench.first_msn();
    bench.run(bench.segment_start(first), bench.segment_start(first + 2));
    bench.run(bench.segment_start(first + 5), bench.segment_start(first + 6));
    let segments = bench.segments();
    assert_eq!(segments.iter().map(|segment| segment.msn.0).collect::<Vec<_>>(), [first + 5]);
    assert_eq!(bench.packager.counters().resets, 1);
    assert_eq!(bench.packager.snapshot().listed_from, Msn(first + 5));
}

#[test]
fn a_segment_without_a_key_unit_becomes_a_gap() {
    let mut bench = Bench::new(video_rendition(FrameRate::FPS_30));
    let first = bench.first_msn();
    let (from, spoilt) = (bench.segment_start(first), bench.segment_start(first + 1));
    for mut unit in units(&bench.rendition.clone(), from).take(150) {
        if unit.dts == spoilt {
            unit.kind = UnitKind::Delta;
        }
        bench.push(unit);
    }
    let segments = bench.segments();
    assert_eq!(segments.iter().map(|segment| segment.gap).collect::<Vec<_>>(), [false, true, false]);
    assert!(bench.packager.snapshot().live_edge().is_some());
}

#[test]
fn the_window_slides_and_shares_what_did_not_change() {
    let mut bench = Bench::new(video_rendition(FrameRate::FPS_30));
    let first = bench.first_msn();
    bench.run(bench.segment_start(first), bench.segment_start(first + 8));
    let before = bench.packager.snapshot();
    assert_eq!(before.segments.len(), 5);
    assert_eq!(before.listed_from, Msn(first + 5));
    bench.run(bench.segment_start(first + 8), bench.segment_start(first + 8) + Ticks::from_secs(1));
    let after = bench.packager.snapshot();
    assert_eq!(after.listed_from, Msn(first + 5));
    assert_eq!(after.live_edge(), Some((Msn(first + 8), PartIndex(1))));
    assert!(after.segments.iter().zip(&before.segments).all(|(a, b)| Arc::ptr_eq(a, b)));
    assert_eq!(bytes(&before.segments[4]), bytes(&after.segments[4]));
}

#[test]
fn with_a_step_the_list_begins_at_a_multiple_of_it_and_never_goes_back() {
    let limits = WindowLimits { listed_segments: 3, kept_segments: 10, listed_step: 5 };
    let rendition = Arc::new(video_rendition(FrameRate::FPS_30));
    let mut packager = RenditionPackager::new(rendition.clone(), limits);
    let (grid, first) = (rendition.grid, Msn(rendition.grid.place(START).msn.0 + 1));
    let (start, end) = (grid.segment_start(first), grid.segment_start(Msn(first.0 + 20)));
    let mut before = first;
    for unit in units(&rendition, start).take_while(|unit| unit.dts < end) {
        let Pushed::Published(update) = packager.push(unit).unwrap() else { continue };
        let (from, newest) = (update.snapshot.listed_from, update.snapshot.segments.last().unwrap());
        let complete = newest.msn.0 + u64::from(newest.complete) - from.0;
        assert!(from == first || from.0 % 5 == 0, "{from}");
        assert!(from >= before && complete < 3 + 5, "{complete} from {from}, {before} before");
        assert!(update.snapshot.segment(from).is_some() || from == Msn(0), "what is listed is kept");
        before = from;
    }
    assert!(before > first);
}

#[test]
fn bandwidth_is_what_the_segments_take() {
    let mut bench = Bench::new(video_rendition(FrameRate::FPS_30));
    assert_eq!((bench.packager.snapshot().peak_bps(), bench.packager.snapshot().average_bps()), (0, 0));
    let first = bench.first_msn();
    bench.run(bench.segment_start(first), bench.segment_start(first + 3));
    let snapshot = bench.packager.snapshot();
    let lens: Vec<u64> = snapshot.segments.iter().map(|segment| segment.len() as u64).collect();
    assert_eq!(snapshot.peak_bps(), lens.iter().max().unwrap() * 4);
    assert_eq!(snapshot.average_bps(), (lens.iter().sum::<u64>() * 4).div_ceil(3));
}

#[test]
fn malformed_units_are_refused_and_change_nothing() {
    let mut bench = Bench::new(video_rendition(FrameRate::FPS_30));
    let first = bench.first_msn();
    let good = units(&bench.rendition, bench.segment_start(first)).next().unwrap();
    let packager = &mut bench.packager;
    let mut refused = |unit: AccessUnit| packager.push(unit).unwrap_err();
    let (dts, step) = (good.dts, good.duration);
    assert_eq!(refused(AccessUnit { dts: Ticks(-12_000), ..good.clone() }), PackError::Time(Ticks(-12_000)));
    assert_eq!(
        refused(AccessUnit { dts: Ticks(i64::MAX), ..good.clone() }),
        PackError::Time(Ticks(i64::MAX))
    );
    let off = dts + Ticks(1);
    let error = refused(AccessUnit { dts: off, pts: off, ..good.clone() });
    assert_eq!(error, PackError::OffGrid { dts: off, unit_duration: step });
    let error = refused(AccessUnit { duration: Ticks(1), ..good.clone() });
    assert_eq!(error, PackError::Duration { dts, duration: Ticks(1), unit_duration: step });
    assert_eq!(refused(AccessUnit { pts: dts + step, ..good.clone() }), PackError::Reordered(dts));
    assert_eq!(refused(AccessUnit { data: Bytes::new(), ..good.clone() }), PackError::Length { dts, len: 0 });
    assert_eq!(bench.packager.counters(), Counters::default());
    assert!(matches!(bench.push(good), Pushed::Held));
}

#[test]
fn sequence_numbers_are_places_on_the_grid() {
    let mut bench = Bench::new(video_rendition(FrameRate::FPS_30));
    let first = bench.first_msn();
    bench.run(bench.segment_start(first), bench.segment_start(first + 1));
    let sequences: Vec<u32> = bench.segments()[0].chunks().map(|chunk| read(&chunk.bytes).sequence).collect();
    let expected: Vec<u32> = (0..20).map(|chunk| (first * 20 + chunk) as u32).collect();
    assert_eq!(sequences, expected);
}

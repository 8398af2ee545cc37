use super::*;
use crate::fixture::{self, MSN};
use crate::time::{FrameRate, Ticks};
use proptest::prelude::*;

/// Segments 0, 1 and 2 whole, and parts 0 and 1 of segment 3, counted from [`MSN`].
fn live() -> Snapshot {
    fixture::video_window(3, 2)
}

fn ask(snapshot: &Snapshot, msn: i64, part: Option<u32>) -> Decision {
    let msn = Some(Msn(MSN.0.strict_add_signed(msn)));
    decide(snapshot, &BlockingRequest { msn, part: part.map(PartIndex), skip: Skip::No })
}

fn wait(msn: u64, part: Option<u32>) -> Decision {
    Decision::Wait { msn: Msn(MSN.0 + msn), part: part.map(PartIndex) }
}

#[test]
fn b6_2_5_2_msn_alone_waits_for_the_whole_segment() {
    assert_eq!(ask(&live(), 2, None), Decision::Serve);
    assert_eq!(ask(&live(), 3, None), wait(3, None));
    assert_eq!(ask(&fixture::video_window(3, 3), 3, None), wait(3, None));
    assert_eq!(ask(&fixture::video_window(4, 0), 3, None), Decision::Serve);
}

#[test]
fn b6_2_5_2_part_waits_for_that_part() {
    assert_eq!(ask(&live(), 3, Some(1)), Decision::Serve);
    assert_eq!(ask(&live(), 3, Some(2)), wait(3, Some(2)));
    assert_eq!(ask(&live(), 4, Some(0)), wait(4, Some(0)));
}

#[test]
fn b6_2_5_2_a_part_past_the_last_is_part_0_of_the_next_segment() {
    assert_eq!(ask(&live(), 2, Some(3)), Decision::Serve);
    assert_eq!(ask(&live(), 2, Some(4)), Decision::Serve, "part 0 of segment 3 is there");
    assert_eq!(ask(&fixture::video_window(3, 0), 2, Some(4)), wait(3, Some(0)));
    assert_eq!(ask(&fixture::video_window(3, 0), 2, Some(1000)), wait(3, Some(0)));
    assert_eq!(ask(&live(), 3, Some(4)), wait(4, Some(0)));
}

#[test]
fn b6_2_5_2_a_part_past_the_last_of_a_gap_is_part_0_of_the_next_segment() {
    let mut snapshot = fixture::video_window(3, 0);
    fixture::gap(&mut snapshot, Msn(MSN.0 + 2));
    assert_eq!(ask(&snapshot, 2, None), Decision::Serve);
    assert_eq!(ask(&snapshot, 2, Some(0)), wait(3, Some(0)));
}

#[test]
fn b6_2_5_2_the_entire_playlist_is_delivered_for_segments_no_longer_in_it() {
    let mut snapshot = live();
    snapshot.listed_from = Msn(MSN.0 + 2);
    for msn in [-5000, -1, 0, 1] {
        assert_eq!(ask(&snapshot, msn, None), Decision::Serve);
        assert_eq!(ask(&snapshot, msn, Some(0)), Decision::Serve);
        assert_eq!(ask(&snapshot, msn, Some(9999)), Decision::Serve);
    }
}

#[test]
fn b6_2_5_2_more_than_two_segments_ahead_is_400() {
    let last = Msn(MSN.0 + 2);
    assert_eq!(ask(&live(), 4, None), wait(4, None));
    for part in [None, Some(0)] {
        let msn = Msn(MSN.0 + 5);
        assert_eq!(ask(&live(), 5, part), Decision::BadRequest(BadRequest::MsnTooFar { msn, last }));
    }
    let all = BlockingRequest { msn: Some(Msn(u64::MAX)), part: Some(PartIndex(u32::MAX)), skip: Skip::No };
    assert!(matches!(decide(&live(), &all), Decision::BadRequest(_)));
}

#[test]
fn b6_2_5_2_more_parts_ahead_than_the_advance_part_limit_is_400() {
    let too_far = |msn, part| {
        let (msn, part) = (Msn(MSN.0 + msn), PartIndex(part));
        Decision::BadRequest(BadRequest::PartTooFar { msn, part })
    };
    // Parts of 0.5 s: the limit is six, and the last part is 3.1.
    assert_eq!(ask(&live(), 3, Some(7)), wait(4, Some(0)));
    assert_eq!(ask(&live(), 3, Some(8)), too_far(3, 8));
    assert_eq!(ask(&live(), 4, Some(3)), wait(4, Some(3)));
    assert_eq!(ask(&live(), 4, Some(4)), too_far(4, 4));
}

#[test]
fn b6_2_5_2_the_advance_part_limit_is_three_seconds_of_parts() {
    assert_eq!(advance_part_limit(&fixture::video_window(1, 0)), 6);
    assert_eq!(advance_part_limit(&fixture::audio_window(1, 0)), 5);
    let ntsc = fixture::video("v", 1280, 720, FrameRate::new(30_000, 1001).unwrap(), 1);
    assert_eq!(advance_part_limit(&fixture::window(ntsc, Ticks::ZERO, Ticks(1))), 5);
}

#[test]
fn b6_2_5_2_part_without_msn_is_400() {
    assert_eq!(BlockingRequest::parse("_HLS_part=1"), Err(BadRequest::PartWithoutMsn));
    assert_eq!(BlockingRequest::parse("a=b&_HLS_part=0&_HLS_skip=YES"), Err(BadRequest::PartWithoutMsn));
}

#[test]
fn b6_2_5_2_directives_are_decimal_integers() {
    for value in ["", "-1", "+1", "1.0", "0x1", "one", "99999999999999999999999", " 1", "%31"] {
        let error = BlockingRequest::parse(&format!("_HLS_msn={value}")).unwrap_err();
        assert!(matches!(error, BadRequest::NotANumber { directive: "_HLS_msn", .. }), "{value}");
    }
    let error = BlockingRequest::parse("_HLS_msn=1&_HLS_part=4294967296").unwrap_err().to_string();
    assert!(error.contains("_HLS_part=4294967296"), "{error}");
}

#[test]
fn b6_2_5_directives_are_read_in_any_order_among_others() {
    let request = BlockingRequest::parse("token=x&_HLS_skip=v2&_HLS_part=3&CMCD=bl%3D1&_HLS_msn=12").unwrap();
    let expected = BlockingRequest { msn: Some(Msn(12)), part: Some(PartIndex(3)), skip: Skip::Yes };
    assert_eq!(request, expected);
    assert_eq!(BlockingRequest::parse("").unwrap(), BlockingRequest::default());
}

#[test]
fn b6_2_5_1_only_yes_and_v2_skip() {
    let skip = |query| BlockingRequest::parse(query).unwrap().skip;
    assert_eq!(skip("_HLS_skip=YES"), Skip::Yes);
    assert_eq!(skip("_HLS_skip=v2"), Skip::Yes);
    assert_eq!(skip("_HLS_skip=NO"), Skip::No);
    assert_eq!(skip("_HLS_skip=yes"), Skip::No);
}

#[test]
fn a_window_without_a_whole_segment_answers_nobody_yet() {
    let empty = fixture::video_window(0, 0);
    let parts_only = fixture::video_window(0, 3);
    for snapshot in [&empty, &parts_only] {
        assert!(matches!(decide(snapshot, &BlockingRequest::default()), Decision::Wait { part: None, .. }));
        assert!(matches!(ask(snapshot, 0, Some(0)), Decision::Wait { part: None, .. }));
    }
    assert_eq!(decide(&live(), &BlockingRequest::default()), Decision::Serve);
}

proptest! {
    /// What is waited for comes, and once it has, the same request is served: nobody waits for ever.
    #[test]
    fn every_wait_ends(segments in 1i64..4, parts in 0i64..4, msn in 0i64..8, part in prop::option::of(0u32..12)) {
        let before = fixture::video_window(segments, parts);
        if let Decision::Wait { msn: wanted, part: wanted_part } = ask(&before, msn, part) {
            let after = fixture::video_window((wanted.0 - MSN.0).cast_signed() + 1, 0);
            prop_assert_eq!(ask(&after, msn, part), Decision::Serve);
            if let Some(PartIndex(wanted_part)) = wanted_part {
                let parts = i64::from(wanted_part) + 1;
                let after = fixture::video_window((wanted.0 - MSN.0).cast_signed(), parts);
                prop_assert_eq!(ask(&after, msn, part), Decision::Serve);
            }
        }
    }

    #[test]
    fn no_query_can_panic(query in ".{0,60}") {
        let _ = BlockingRequest::parse(&query);
    }
}

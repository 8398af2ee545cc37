use super::*;
use crate::fixture::{self, MSN};
use crate::time::FrameRate;
use std::sync::Arc;

fn render(snapshot: &Snapshot, others: &[&Snapshot], skip: Skip) -> String {
    let all = std::iter::once(snapshot).chain(others.iter().copied());
    let control = ServerControl::for_renditions(all.map(|s| s.rendition.as_ref()));
    let reports = RenditionReport::of_others(others.iter().copied(), &snapshot.rendition.id);
    media_playlist(snapshot, &reports, &control, skip)
}

/// The numbers of the segments, counted from [`MSN`], whose parts are listed.
fn segments_with_parts(playlist: &str) -> Vec<u64> {
    let uris = playlist.lines().filter_map(|line| line.strip_prefix("#EXT-X-PART:")?.split("URI=\"").nth(1));
    let mut numbers: Vec<u64> =
        uris.map(|uri| uri.split('.').next().unwrap().parse::<u64>().unwrap() - MSN.0).collect();
    numbers.dedup();
    numbers
}

#[test]
fn video_in_the_middle_of_a_segment() {
    let text = render(&fixture::video_window(4, 2), &[&fixture::audio_window(4, 1)], Skip::No);
    insta::assert_snapshot!(text, @r#"
    #EXTM3U
    #EXT-X-VERSION:9
    #EXT-X-TARGETDURATION:2
    #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.536,CAN-SKIP-UNTIL=12.0
    #EXT-X-PART-INF:PART-TARGET=0.5
    #EXT-X-MEDIA-SEQUENCE:897679170
    #EXT-X-MAP:URI="init-0badcafe.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:00.000Z
    #EXTINF:2.0,
    897679170.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:02.000Z
    #EXTINF:2.0,
    897679171.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:04.000Z
    #EXT-X-PART:DURATION=0.5,URI="897679172.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.5,URI="897679172.1.m4s"
    #EXT-X-PART:DURATION=0.5,URI="897679172.2.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.5,URI="897679172.3.m4s"
    #EXTINF:2.0,
    897679172.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:06.000Z
    #EXT-X-PART:DURATION=0.5,URI="897679173.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.5,URI="897679173.1.m4s"
    #EXT-X-PART:DURATION=0.5,URI="897679173.2.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.5,URI="897679173.3.m4s"
    #EXTINF:2.0,
    897679173.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:08.000Z
    #EXT-X-PART:DURATION=0.5,URI="897679174.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.5,URI="897679174.1.m4s"
    #EXT-X-PRELOAD-HINT:TYPE=PART,URI="897679174.2.m4s"
    #EXT-X-RENDITION-REPORT:URI="../audio/media.m3u8",LAST-MSN=897679174,LAST-PART=0
    "#);
}

#[test]
fn audio_at_the_end_of_a_segment() {
    let text = render(&fixture::audio_window(1, 0), &[&fixture::video_window(1, 0)], Skip::No);
    insta::assert_snapshot!(text, @r#"
    #EXTM3U
    #EXT-X-VERSION:9
    #EXT-X-TARGETDURATION:2
    #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.536,CAN-SKIP-UNTIL=12.0
    #EXT-X-PART-INF:PART-TARGET=0.512
    #EXT-X-MEDIA-SEQUENCE:897679170
    #EXT-X-MAP:URI="init-0deafbed.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:00.010Z
    #EXT-X-PART:DURATION=0.490667,URI="897679170.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.512,URI="897679170.1.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.490667,URI="897679170.2.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.512,URI="897679170.3.m4s",INDEPENDENT=YES
    #EXTINF:2.005333,
    897679170.m4s
    #EXT-X-PRELOAD-HINT:TYPE=PART,URI="897679171.0.m4s"
    #EXT-X-RENDITION-REPORT:URI="../720p/media.m3u8",LAST-MSN=897679170,LAST-PART=3
    "#);
}

#[test]
fn b6_2_5_1_a_delta_update_leaves_out_what_is_beyond_the_skip_boundary() {
    let snapshot = fixture::video_window(9, 1);
    let full = render(&snapshot, &[], Skip::No);
    let delta = render(&snapshot, &[], Skip::Yes);
    insta::assert_snapshot!(delta, @r#"
    #EXTM3U
    #EXT-X-VERSION:9
    #EXT-X-TARGETDURATION:2
    #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,CAN-SKIP-UNTIL=12.0
    #EXT-X-PART-INF:PART-TARGET=0.5
    #EXT-X-MEDIA-SEQUENCE:897679170
    #EXT-X-SKIP:SKIPPED-SEGMENTS=2
    #EXT-X-MAP:URI="init-0badcafe.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:04.000Z
    #EXTINF:2.0,
    897679172.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:06.000Z
    #EXTINF:2.0,
    897679173.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:08.000Z
    #EXTINF:2.0,
    897679174.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:10.000Z
    #EXTINF:2.0,
    897679175.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:12.000Z
    #EXTINF:2.0,
    897679176.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:14.000Z
    #EXT-X-PART:DURATION=0.5,URI="897679177.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.5,URI="897679177.1.m4s"
    #EXT-X-PART:DURATION=0.5,URI="897679177.2.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.5,URI="897679177.3.m4s"
    #EXTINF:2.0,
    897679177.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:16.000Z
    #EXT-X-PART:DURATION=0.5,URI="897679178.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.5,URI="897679178.1.m4s"
    #EXT-X-PART:DURATION=0.5,URI="897679178.2.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.5,URI="897679178.3.m4s"
    #EXTINF:2.0,
    897679178.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:18.000Z
    #EXT-X-PART:DURATION=0.5,URI="897679179.0.m4s",INDEPENDENT=YES
    #EXT-X-PRELOAD-HINT:TYPE=PART,URI="897679179.1.m4s"
    "#);
    // "All tags that were not skipped MUST remain in the Playlist Delta Update." (6.2.5.1)
    let kept = delta.lines().filter(|line| !line.starts_with("#EXT-X-SKIP:"));
    assert!(kept.clone().all(|line| full.lines().any(|other| other == line)));
    let removed = full.lines().count() - kept.count();
    assert_eq!(removed, 2 * 3, "date, duration and URI of two segments");
}

#[test]
fn b6_2_5_1_a_delta_update_of_a_short_window_is_the_playlist() {
    let snapshot = fixture::video_window(7, 3);
    assert_eq!(render(&snapshot, &[], Skip::Yes), render(&snapshot, &[], Skip::No));
}

#[test]
fn b6_2_2_parts_are_listed_up_to_three_target_durations_from_the_end() {
    let listed = |segments, parts| {
        segments_with_parts(&render(&fixture::video_window(segments, parts), &[], Skip::No))
    };
    assert_eq!(listed(8, 0), [5, 6, 7]);
    assert_eq!(listed(8, 1), [6, 7, 8]);
    assert_eq!(listed(8, 3), [6, 7, 8]);
}

#[test]
fn b6_2_1_a_gap_has_its_duration_and_no_parts() {
    let mut snapshot = fixture::video_window(3, 0);
    fixture::gap(&mut snapshot, MSN.next());
    let text = render(&snapshot, &[], Skip::No);
    let gap = format!(
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:02.000Z\n#EXT-X-GAP\n#EXTINF:2.0,\n{}.m4s\n",
        MSN.0 + 1
    );
    assert!(text.contains(&gap), "{text}");
    assert_eq!(segments_with_parts(&text), [0, 2]);
}

#[test]
fn b4_4_5_3_the_hint_is_the_part_that_comes_next() {
    let hint = |segments, parts| {
        next_part(&fixture::video_window(segments, parts)).map(|(msn, part)| (msn.0 - MSN.0, part.0))
    };
    assert_eq!(hint(0, 0), None);
    assert_eq!(hint(1, 0), Some((1, 0)));
    assert_eq!(hint(1, 1), Some((1, 1)));
    assert_eq!(hint(1, 3), Some((1, 3)));
}

#[test]
fn an_incomplete_part_is_neither_listed_nor_hinted_past() {
    let grid = fixture::video_720p().grid;
    let from = grid.segment_start(MSN);
    let until = from + grid.segment_duration() + grid.part_duration() + Ticks::from_millis(200);
    let with_half_a_part = fixture::window(fixture::video_720p(), from, until);
    assert_eq!(render(&with_half_a_part, &[], Skip::No), render(&fixture::video_window(1, 1), &[], Skip::No));
}

#[test]
fn b4_4_5_4_every_other_rendition_is_reported_with_its_own_edge() {
    let low = fixture::video("360p", 640, 360, FrameRate::FPS_30, 1);
    let from = low.grid.segment_start(MSN);
    let low = fixture::window(low, from, from + Ticks::from_millis(5500));
    let text = render(
        &fixture::video_window(2, 2),
        &[&low, &fixture::audio_window(2, 1), &fixture::video_window(2, 2)],
        Skip::No,
    );
    let reports: Vec<&str> = text.lines().filter(|line| line.contains("REPORT")).collect();
    let report = |id, part| {
        format!("#EXT-X-RENDITION-REPORT:URI=\"../{id}/media.m3u8\",LAST-MSN={},LAST-PART={part}", MSN.0 + 2)
    };
    assert_eq!(reports, [report("360p", 2), report("audio", 0)]);
}

#[test]
fn b4_4_4_9_parts_keep_to_the_part_target_at_every_rate() {
    for rate in FrameRate::ALL {
        for rendition in [fixture::video("v", 1280, 720, rate, 1), fixture::audio(rate)] {
            let (target, grid) = (rendition.part_target(), rendition.grid);
            let from = grid.segment_start(MSN);
            let snapshot = fixture::window(rendition, from, from + grid.segment_duration() * 4);
            let parts = snapshot.segments.iter().flat_map(|segment| &segment.parts);
            assert!(parts.map(|part| part.duration).all(|duration| duration <= target), "{rate}");
        }
    }
}

#[test]
fn an_independent_parser_reads_every_rate() {
    for rate in FrameRate::ALL {
        for rendition in [fixture::video("v", 1280, 720, rate, 1), fixture::audio(rate)] {
            let grid = rendition.grid;
            let from = grid.segment_start(MSN);
            let snapshot = fixture::window(rendition, from, from + grid.segment_duration() * 8);
            let text = render(&snapshot, &[], Skip::No);
            let (rest, playlist) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
            assert!(rest.is_empty() && !playlist.end_list && playlist.playlist_type.is_none());
            assert!(!playlist.independent_segments);
            assert_eq!((playlist.target_duration, playlist.media_sequence), (2, MSN.0));
            assert!(playlist.segments.iter().all(|segment| segment.duration.round() <= 2.0));
            for (read, segment) in playlist.segments.iter().zip(&snapshot.segments) {
                let date = read.program_date_time.unwrap().timestamp_millis();
                assert_eq!(date, segment.start.millis(), "{rate}");
            }
        }
    }
}

#[test]
fn an_empty_window_still_makes_a_playlist() {
    let empty = Snapshot { segments: Vec::new(), listed_from: MSN, ..fixture::video_window(0, 0) };
    assert!(
        render(&empty, &[], Skip::Yes)
            .ends_with(&format!("#EXT-X-MEDIA-SEQUENCE:{MSN}\n#EXT-X-MAP:URI=\"init-0badcafe.mp4\"\n"))
    );
}

#[test]
fn a_segment_that_was_broken_off_has_the_duration_of_what_it_has() {
    let mut snapshot = fixture::video_window(3, 0);
    let broken = Arc::make_mut(&mut snapshot.segments[1]);
    broken.parts.truncate(3);
    broken.duration = Ticks::from_millis(1500);
    let text = render(&snapshot, &[], Skip::No);
    assert!(text.contains(&format!("#EXTINF:1.5,\n{}.m4s\n", MSN.0 + 1)), "{text}");
}

/// Three segments of one era, then two and two parts of another.
fn two_eras() -> Snapshot {
    let rendition = fixture::video_720p();
    let other = Rendition { init_name: "init-0000beef.mp4".into(), ..rendition.clone() };
    let grid = rendition.grid;
    let from = grid.segment_start(MSN);
    let limits = crate::packager::WindowLimits { listed_segments: 4, kept_segments: 8, listed_step: 1 };
    let mut packager = crate::packager::RenditionPackager::in_era(
        Era::open(7, std::sync::Arc::new(rendition.clone())),
        limits,
    );
    let until = from + grid.segment_duration() * 5 + grid.part_duration() * 2;
    for unit in crate::testing::units(&rendition, from).take_while(|unit| unit.dts < until) {
        if unit.dts == from + grid.segment_duration() * 2 {
            packager.begin_era(Era {
                number: 8,
                first: Msn(MSN.0 + 3),
                rendition: std::sync::Arc::new(other.clone()),
            });
        }
        packager.push(unit).unwrap();
    }
    packager.snapshot().as_ref().clone()
}

fn of_eras(snapshot: &Snapshot, skip: Skip) -> String {
    let control = ServerControl::for_renditions([snapshot.rendition.as_ref()]);
    media_playlist(snapshot, &[], &control, skip)
}

#[test]
fn b4_4_4_3_an_era_begins_with_a_discontinuity_and_its_own_map() {
    let text = of_eras(&two_eras(), Skip::No);
    let begins = "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-0000beef.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:";
    assert_eq!(
        (text.matches(begins).count(), text.matches("#EXT-X-DISCONTINUITY\n").count()),
        (1, 1),
        "{text}"
    );
    let (before, after) = text.split_once("#EXT-X-DISCONTINUITY\n").unwrap();
    assert!(before.contains("#EXT-X-DISCONTINUITY-SEQUENCE:7\n"), "{text}");
    assert!(before.contains("#EXT-X-MAP:URI=\"init-0badcafe.mp4\"\n"), "{text}");
    assert!(
        before.contains(&format!("{}.m4s\n", MSN.0 + 2)) && after.contains(&format!("{}.m4s", MSN.0 + 3))
    );
}

#[test]
fn b6_2_2_the_discontinuity_sequence_rises_when_the_tag_goes() {
    let snapshot = two_eras();
    let listed_from = |msn| of_eras(&Snapshot { listed_from: Msn(msn), ..snapshot.clone() }, Skip::No);
    let first = listed_from(MSN.0 + 3);
    assert!(first.contains("#EXT-X-DISCONTINUITY-SEQUENCE:7\n") && first.contains("#EXT-X-DISCONTINUITY\n"));
    assert_eq!(first.matches("#EXT-X-MAP").count(), 1, "{first}");
    let second = listed_from(MSN.0 + 4);
    assert!(
        second.contains("#EXT-X-DISCONTINUITY-SEQUENCE:8\n") && !second.contains("#EXT-X-DISCONTINUITY\n")
    );
    assert!(second.contains("#EXT-X-MAP:URI=\"init-0000beef.mp4\"\n"), "{second}");
    let delta = of_eras(&snapshot, Skip::Yes);
    assert!(delta.contains("#EXT-X-DISCONTINUITY-SEQUENCE:7\n"), "{delta}");
}

#[test]
fn b6_2_6_the_map_of_an_era_to_come_is_hinted_at() {
    let mut snapshot = two_eras();
    snapshot.segments.truncate(snapshot.segments.len() - 3);
    let text = of_eras(&snapshot, Skip::No);
    let hints = format!(
        "#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"init-0000beef.mp4\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{}.0.m4s\"\n",
        MSN.0 + 3
    );
    assert!(text.ends_with(&hints), "{text}");
}

#[test]
fn the_ts_tier_and_i_frames_tell_the_discontinuity_too() {
    let snapshot = two_eras();
    let ts = crate::hls::ts_media_playlist(&snapshot, None);
    assert!(ts.contains("#EXT-X-DISCONTINUITY-SEQUENCE:7\n") && !ts.contains("EXT-X-MAP"), "{ts}");
    let (_, after) = ts.split_once("#EXT-X-DISCONTINUITY\n").unwrap();
    assert!(after.contains(&format!("\n{}.ts", 2 * (MSN.0 + 3))), "{ts}");
    let control = ServerControl::for_renditions([snapshot.rendition.as_ref()]);
    let iframes = crate::hls::iframe_playlist(&snapshot, &control, Skip::No);
    assert_eq!(
        iframes.matches("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-0000beef.mp4\"\n").count(),
        1,
        "{iframes}"
    );
}

#[test]
fn eras_that_have_left_the_window_are_forgotten() {
    let snapshot = two_eras();
    assert_eq!(snapshot.eras.len(), 2);
    assert_eq!(snapshot.rendition_of(Msn(MSN.0 + 2)).init_name, "init-0badcafe.mp4");
    assert_eq!(snapshot.rendition_of(Msn(MSN.0 + 9)).init_name, "init-0000beef.mp4");
    let limits = crate::packager::WindowLimits { listed_segments: 1, kept_segments: 2, listed_step: 1 };
    let rendition = snapshot.rendition.clone();
    let mut packager = crate::packager::RenditionPackager::in_era(Era::open(7, rendition.clone()), limits);
    packager.begin_era(Era { number: 8, first: MSN, rendition: rendition.clone() });
    let from = rendition.grid.segment_start(Msn(MSN.0 - 2));
    for unit in crate::testing::units(&rendition, from).take(60 * 5) {
        packager.push(unit).unwrap();
    }
    assert_eq!(packager.snapshot().eras.iter().map(|era| era.number).collect::<Vec<_>>(), [8]);
}

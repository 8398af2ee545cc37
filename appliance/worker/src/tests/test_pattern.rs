//! The ladder of the test pattern: on the grid, without holes, in sync, over a restart.

use super::*;
use crate::pattern::binary_clock::{Stamp, decode};
use media::grid::Grid;
use media::unit::UnitKind;

/// IDR exactly once a second of the grid, at the same times on all rungs, and nowhere else.
fn assert_idrs_on_the_grid(running: &Running) {
    let interval = Grid::for_rate(FrameRate::FPS_30).idr_interval();
    for rung in &running.units[..2] {
        for unit in rung {
            assert_eq!(unit.kind == UnitKind::Key, unit.dts.0 % interval.0 == 0, "{:?}", unit.dts);
            assert_eq!(media::codec::h264::kind_of_sample(&unit.data), unit.kind);
        }
    }
}

#[test]
fn the_ladder_is_on_the_grid_and_in_sync() {
    let plan = plan(PlanSource::TestPattern);
    let mut running = Running::start(&plan);
    running.collect_until(|running| running.collected(75));
    let segment = Grid::for_rate(FrameRate::FPS_30).segment_duration();
    assert_eq!(running.units[0][0].dts.0 % segment.0, 0, "the first worker begins with a segment");
    assert_eq!(running.units[0][0].dts, running.units[1][0].dts);
    running.units.iter().for_each(|units| assert_contiguous(units));
    assert_idrs_on_the_grid(&running);
    let audio = &running.units[2];
    assert!(audio[0].dts >= running.units[0][0].dts && audio[0].dts.0 % 7680 == 0);
    assert!(audio.iter().all(|unit| unit.duration == Ticks(7680) && unit.kind == UnitKind::Key));

    // Every picture of every rung tells its own slot, after scaling and coding.
    for (rung, wanted) in plan.rungs.iter().enumerate() {
        let pictures = decode_video(&running.configs[rung], &running.units[rung]);
        assert_eq!(pictures.len(), running.units[rung].len(), "one picture for each access unit, at once");
        for (pts, luma, stride) in &pictures {
            let stamp = decode(luma, *stride, wanted.width as usize, wanted.height as usize);
            assert_eq!(stamp, Some(Stamp::of_slot(*pts, Ticks(12_000))));
        }
    }
    assert_beep_meets_flash(&running);
    assert!(running.status.slots > 0 && running.status.on_source);
    running.stop().unwrap();
}

fn assert_beep_meets_flash(running: &Running) {
    let pictures = decode_video(&running.configs[0], &running.units[0]);
    let is_white = |luma: &[u8], stride: usize| luma[180 * stride + 560] > 200;
    let flashes: Vec<_> = pictures
        .windows(2)
        .filter(|pair| !is_white(&pair[0].1, pair[0].2) && is_white(&pair[1].1, pair[1].2))
        .map(|pair| pair[1].0)
        .collect();
    let beeps = onsets(&decode_audio(&running.configs[2], &running.units[2]));
    assert!(!flashes.is_empty());
    for flash in flashes.iter().filter(|flash| **flash < running.units[2].last().unwrap().dts) {
        assert_eq!(flash.0 % Ticks::from_secs(1).0, 0);
        let nearest = beeps.iter().map(|beep| (*beep - *flash).0.abs()).min().unwrap();
        assert!(nearest < Ticks::from_millis(5).0, "beep and flash are {nearest} ticks apart");
    }
}

#[test]
fn a_successor_continues_without_hole_or_overlap() {
    let mut plan = plan(PlanSource::TestPattern);
    let mut first = Running::start(&plan);
    first.collect_until(|running| running.collected(20));
    let (configs, mut units) = (first.configs.clone(), std::mem::take(&mut first.units));
    first.stop().unwrap();
    let next = |units: &[AccessUnit]| units.last().map(|unit| unit.dts + unit.duration);
    // What a rung had more than another, the daemon throws away: the successor makes all from one slot on.
    let resume = next(&units[0]).min(next(&units[1]));
    (plan.resume_video, plan.resume_audio) = (resume, next(&units[2]));
    let mut second = Running::start(&plan);
    second.collect_until(|running| running.collected(50));
    assert_eq!(second.configs, configs, "players keep their decoders");
    let resume = resume.unwrap();
    for (before, after) in units.iter_mut().zip(&second.units) {
        before.retain(|unit| unit.duration != Ticks(12_000) || unit.dts < resume);
        before.extend(after.iter().cloned());
        assert_contiguous(before);
    }
    for rung in &second.units[..2] {
        assert_eq!((rung[0].dts, rung[0].kind), (resume, UnitKind::Key));
        let keys = rung[1..].iter().filter(|unit| unit.kind == UnitKind::Key);
        assert!(keys.clone().count() >= 1 && keys.clone().all(|unit| unit.dts.0 % 360_000 == 0));
    }
    // The sound is whole across the seam: the beeps are where they belong and nowhere else.
    let beeps = onsets(&decode_audio(&configs[2], &units[2]));
    assert!(!beeps.is_empty());
    for beep in beeps {
        let off = (beep + Ticks::from_millis(500)).0.rem_euclid(360_000) - Ticks::from_millis(500).0;
        assert!(off.abs() < Ticks::from_millis(5).0, "a beep {off} ticks off its second");
    }
    second.stop().unwrap();
}

#[test]
fn the_worker_ends_when_the_daemon_goes_away() {
    let mut running = Running::start(&plan(PlanSource::TestPattern));
    running.collect_until(|running| running.collected(1));
    let Running { stream, reader, worker, .. } = running;
    drop((stream, reader));
    worker.join().unwrap().unwrap();
}

#[test]
fn a_plan_that_cannot_be_carried_out_is_an_error() {
    let mut plan = plan(PlanSource::TestPattern);
    plan.rungs[1].width = 427;
    let running = Running::start(&plan);
    let error = running.worker.join().unwrap().unwrap_err().to_string();
    assert!(error.contains("even"), "{error}");
}

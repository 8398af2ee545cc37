//! A source whose own pictures pass through: from where, until when, and what comes in their place.

use super::link_source::{Camera, push};
use super::*;
use media::codec::h264;
use media::link::{PassThrough, Passing};
use media::unit::UnitKind;
use std::cell::RefCell;
use std::collections::HashSet;

fn passing_plan() -> Plan {
    let canvas = Canvas { rate: FrameRate::new(25, 1).unwrap(), ..plan(PlanSource::Link).canvas };
    Plan { canvas, pass_through: Some(PassThrough::default()), ..plan(PlanSource::Link) }
}

/// Pushes `count` pictures as FLV carries them, and keeps them.
fn push_kept(running: &mut Running, camera: &mut Camera, count: usize, sent: &RefCell<HashSet<Vec<u8>>>) {
    push(running, camera, count, |unit| {
        unit.data = h264::annexb_to_length_prefixed(&unit.data);
        sent.borrow_mut().insert(unit.data.to_vec());
    });
}

/// Of each slot of the best rung, whether it has a picture that the camera sent.
fn passed(running: &Running, sent: &RefCell<HashSet<Vec<u8>>>) -> Vec<bool> {
    running.units[0].iter().map(|unit| sent.borrow().contains(&unit.data[..])).collect()
}

#[test]
fn a_sources_own_pictures_pass_through_and_the_encoder_takes_over_without_a_hole() {
    let mut running = Running::start(&passing_plan());
    running.collect_until(|running| running.collected(5));
    let (mut camera, sent) = (Camera::new((640, 360), 120), RefCell::default());
    running.tell(&ToWorker::Source(0, FromSource::VideoTrack(camera.length_prefixed_track())));
    push_kept(&mut running, &mut camera, 200, &sent);
    running.collect_until(|running| running.status.passing == Passing::Yes);
    let [(from, config)] = &running.eras.clone()[..] else { panic!("{:?}", running.eras) };
    assert_eq!(from.0 % Ticks::from_secs(2).0, 0, "at the start of a segment");
    let first = passed(&running, &sent).iter().position(|passed| *passed).unwrap();
    assert!(running.units[0][first].dts >= *from);

    running.tell(&ToWorker::Source(0, FromSource::Lost));
    running.collect_until(|running| !running.status.on_source);
    running.units.iter().for_each(|units| assert_contiguous(units));
    let passed = passed(&running, &sent);
    let last = passed.iter().rposition(|passed| *passed).unwrap();
    assert!(last - first >= 50 && passed[first..=last].iter().all(|passed| *passed), "{passed:?}");
    assert_eq!(running.units[0][last + 1].kind, UnitKind::Key, "the encoder takes over with an IDR");
    for unit in running.units[0].iter().filter(|unit| unit.dts.0 % Ticks::from_secs(1).0 == 0) {
        assert_eq!(unit.kind, UnitKind::Key, "each second of the grid begins with an IDR");
    }
    // One header explains them all: slate, encoded, passed through, slate.
    let pictures = decode_video(config, &running.units[0]);
    let shown: Vec<_> = pictures.iter().map(|(at, ..)| *at).collect();
    let missing: Vec<_> =
        running.units[0].iter().enumerate().filter(|(_, unit)| !shown.contains(&unit.dts)).collect();
    assert!(
        missing.is_empty(),
        "{first} to {last}: {:?}",
        missing.iter().map(|(index, _)| index).collect::<Vec<_>>()
    );
    let middle = |picture: usize| pictures[picture].1[180 * pictures[picture].2 + 320];
    assert!(middle((first + last) / 2).abs_diff(120) < 5);

    // It comes back: viewers have its sets already.
    running.tell(&ToWorker::Source(0, FromSource::VideoTrack(camera.length_prefixed_track())));
    push_kept(&mut running, &mut camera, 100, &sent);
    running.collect_until(|running| running.status.passing == Passing::Yes);
    assert_eq!(running.eras.len(), 1);
    running.stop().unwrap();
}

#[test]
fn a_successor_knows_what_viewers_have() {
    let mut running = Running::start(&passing_plan());
    let camera = Camera::new((640, 360), 120);
    running.collect_until(|running| running.collected(1));
    let CodecConfig::Avc { sps, pps } = running.configs[0].clone() else { panic!("{:?}", running.configs) };
    running.stop().unwrap();
    let CodecConfig::Avc { sps: theirs, pps: their_pps } =
        h264::parameter_sets_of_annexb(&camera.byte_stream_track().config).unwrap()
    else {
        panic!("H.264 has an AVC configuration")
    };
    let has = PassThrough { sps: [sps, theirs].concat(), pps: [pps, their_pps].concat() };
    let mut running = Running::start(&Plan { pass_through: Some(has.clone()), ..passing_plan() });
    running.collect_until(|running| running.collected(1));
    assert_eq!(running.configs[0], CodecConfig::Avc { sps: has.sps, pps: has.pps });
    running.stop().unwrap();
}

#[test]
fn a_source_that_is_not_fit_is_encoded_and_told_why() {
    let mut running = Running::start(&passing_plan());
    running.collect_until(|running| running.collected(5));
    let mut camera = Camera::new((320, 180), 120);
    running.tell(&ToWorker::Source(0, FromSource::VideoTrack(camera.byte_stream_track())));
    push(&mut running, &mut camera, 60, |_| ());
    running.collect_until(|running| running.status.on_source);
    let why = Passing::No("it is 320x180; send 640x360".into());
    running.collect_until(|running| running.status.passing == why);
    assert!(running.eras.is_empty());
    running.stop().unwrap();
}

//! Who gets what, who is not trusted, and what is told of it.

use super::*;
use crate::clock::House;
use crate::store::History;
use media::link::{DeviceKind, Rung};
use media::time::FrameRate;
use worker::gpu::{Ability, Work as Entry};

fn found(name: &str, driver: &str) -> Found {
    let ability = Ability {
        profile: "H.264 High".into(),
        work: Entry::Encode,
        width_max: Some(4096),
        height_max: Some(4096),
        rate_controls: vec!["CBR".into()],
        ten_bit: false,
    };
    let kind = DeviceKind::VaApi;
    let answer =
        Ok(Probed { kind, driver: driver.into(), model: None, engines: 1, abilities: vec![ability] });
    Found { name: name.into(), node: format!("/dev/dri/{name}").into(), answer, reading: None }
}

fn devices(found: Vec<Found>) -> Devices {
    let house = House::anchor();
    let devices = Devices::new(Board::new(house, History::in_memory(house).unwrap()));
    devices.settle(Looked { found, looked_for: vec![] });
    devices
}

fn work() -> Work {
    let rung = Rung { width: 1280, height: 720, bitrate_bps: 2_500_000 };
    Work { rungs: vec![rung], rate: FrameRate::FPS_30 }
}

fn placed(devices: &Devices, encoder: &Encoder, reach: Reach<'_>) -> (Option<String>, String, Placed) {
    let (work, without) = (work(), BTreeSet::new());
    let placed = devices.place(&Wish { channel: "hall", encoder, work: &work, reach, without: &without });
    (placed.seat.as_ref().map(|seat| seat.device.name.clone()), placed.why.clone(), placed)
}

#[test]
fn auto_takes_a_gpu_that_has_room_and_gives_it_back() {
    let devices = devices(vec![found("a", "x"), found("b", "x")]);
    let (first, _, held) = placed(&devices, &Encoder::Auto, Reach::Any);
    let (second, why, _held) = placed(&devices, &Encoder::Auto, Reach::Any);
    assert_eq!((first.as_deref(), second.as_deref()), (Some("a"), Some("b")), "{why}");
    let sessions = |at: usize| devices.list(&work()).devices[at].sessions;
    assert_eq!((sessions(0), sessions(1)), (1, 1));
    drop(held);
    assert_eq!(sessions(0), 0);
    assert_eq!(placed(&devices, &Encoder::Software, Reach::Any).0, None);
    let (none, why, _) = placed(&self::devices(vec![]), &Encoder::Auto, Reach::Any);
    assert_eq!((none, why.as_str()), (None, "there is no GPU"));
}

#[test]
fn a_device_that_failed_is_left_alone_until_it_is_trusted_again() {
    let devices = devices(vec![found("a", "x"), found("b", "y")]);
    devices.distrust("a", Some("hall"), "it hung");
    let wanted = Encoder::Device("a".into());
    let (other, why, _held) = placed(&devices, &wanted, Reach::Any);
    assert_eq!(other.as_deref(), Some("b"));
    assert_eq!(why, "instead of a: it has failed: it hung (channel hall)");
    let (software, ..) = placed(&devices, &wanted, Reach::Driver("x"));
    assert_eq!(software, None, "viewers do not know what b makes");
    let alarm = &devices.0.board.alarms()[0];
    assert!(alarm.id == "device-distrusted" && alarm.cause.contains("a: it hung"), "{alarm:?}");
    assert!(alarm.remedy.contains("forebay devices trust a"), "{alarm:?}");
    let refused = devices.check(&wanted, &work()).unwrap_err();
    assert!(refused.contains("it hung") && refused.contains("`b` has room"), "{refused}");

    assert!(devices.trust("a") && !devices.trust("c"));
    assert!(devices.0.board.alarms().is_empty() && devices.check(&wanted, &work()).is_ok());
    assert_eq!(placed(&devices, &wanted, Reach::Driver("x")).0.as_deref(), Some("a"));
}

#[test]
fn what_went_on_air_in_software_stays_there() {
    let devices = devices(vec![found("a", "x")]);
    assert_eq!(placed(&devices, &Encoder::Auto, Reach::Software).0, None);
    let unknown = devices.check(&Encoder::Device("z".into()), &work()).unwrap_err();
    assert_eq!(unknown, "there is no device `z`; there are: a. `auto` takes what there is");
}

#[test]
fn channels_leave_a_device_that_is_overheated_and_others_count() {
    let reading = |is_overheated, encode_percent| Reading {
        is_overheated,
        temperature: Some(95),
        temperature_max: Some(93),
        encode_percent: Some(encode_percent),
        ..Reading::default()
    };
    let read = |name, is_overheated, percent| Found {
        reading: Some(reading(is_overheated, percent)),
        ..found(name, "x")
    };
    let devices = devices(vec![read("a", false, 50), read("b", false, 0)]);
    let (first, ..) = placed(&devices, &Encoder::Auto, Reach::Any);
    assert_eq!(first.as_deref(), Some("b"), "another program takes half of the first one");

    devices.settle(Looked { found: vec![read("a", false, 0), read("b", true, 0)], looked_for: vec![] });
    let cause = devices.must_leave("b").unwrap();
    assert_eq!(cause, "it is overheated: 95 °C, where 93 are too much");
    assert!(devices.must_leave("a").is_none());
    assert_eq!(placed(&devices, &Encoder::Auto, Reach::Any).0.as_deref(), Some("a"));
    assert!(devices.0.board.alarms()[0].cause.contains("b: it is overheated"));
    assert!(devices.trust("b") && devices.must_leave("b").is_none());
}

//! Placement never goes over budget, spreads, and is the same each time.

use super::*;
use media::link::DeviceKind;
use proptest::prelude::*;

fn work(rungs: &[(u32, u32)]) -> Work {
    let rung = |(width, height): &(u32, u32)| Rung { width: *width, height: *height, bitrate_bps: 1_000_000 };
    Work { rungs: rungs.iter().map(rung).collect(), rate: FrameRate::FPS_30 }
}

/// The default: 42 megapixels a second in three sessions.
fn default_ladder() -> Work {
    work(&[(1280, 720), (854, 480), (640, 360)])
}

fn device(name: &str, megapixels: u64, sessions: u64) -> Candidate {
    let most = Load { pixels_per_sec: megapixels * 1_000_000, sessions, memory_mib: u64::MAX };
    let capacity = Ok(Capacity { most, width_max: 4096, height_max: 4096 });
    Candidate {
        name: name.into(),
        capacity,
        load: Load::default(),
        others: Load::default(),
        driver: "d".into(),
    }
}

/// Where each of these goes, one after the other.
fn placed(devices: &mut [Candidate], works: &[Work]) -> Vec<Option<String>> {
    let place = |work: &Work| {
        let name = choose(devices, work).ok()?.name.clone();
        let chosen = devices.iter_mut().find(|one| one.name == name).unwrap();
        chosen.load = chosen.load.plus(work.load());
        Some(name)
    };
    works.iter().map(place).collect()
}

/// As docs/gpus.md tells it.
#[test]
fn ten_channels_over_three_unequal_devices_are_placed_as_documented() {
    let mut devices = [device("a", 500, 64), device("b", 250, 64), device("c", 125, 64)];
    let names: Vec<_> = placed(&mut devices, &vec![default_ladder(); 10]).into_iter().flatten().collect();
    assert_eq!(names.concat(), "aabaabcaab");
    assert_eq!(forecast(&devices, &default_ladder()), 7);
}

/// As docs/gpus.md tells it: another program keeps half of `b`'s encoder busy, and has nearly all of `c`'s memory.
#[test]
fn what_other_programs_take_counts() {
    let mut devices = [device("a", 500, 64), device("b", 500, 64), device("c", 500, 64)];
    devices[1].others.pixels_per_sec = 250_000_000;
    for one in &mut devices {
        one.capacity.as_mut().unwrap().most.memory_mib = 8000;
    }
    devices[2].others.memory_mib = 7800;
    let names: Vec<_> = placed(&mut devices, &vec![default_ladder(); 10]).into_iter().flatten().collect();
    assert_eq!(names.concat(), "aaaaaababa");
    let refusal = choose(&devices[2..], &default_ladder()).unwrap_err().to_string();
    assert_eq!(refusal, "c: 200 MiB of its memory are free, 311 are needed");
}

#[test]
fn others_have_what_is_taken_and_is_not_ours() {
    let most = Load { pixels_per_sec: 1_000_000_000, sessions: 8, memory_mib: 8192 };
    let capacity = Capacity { most, width_max: 4096, height_max: 4096 };
    let own = Load { pixels_per_sec: 100_000_000, sessions: 3, memory_mib: 310 };
    let reading = Reading {
        encode_percent: Some(43),
        sessions: Some(5),
        memory_used: Some(1000 << 20),
        ..Reading::default()
    };
    let expected = Load { pixels_per_sec: 300_000_000, sessions: 2, memory_mib: 690 };
    assert_eq!(others(&reading, &capacity, own), expected);
    assert_eq!(others(&Reading::default(), &capacity, own), Load::default());
}

#[test]
fn geforce_cards_have_few_sessions() {
    let sessions = |model: &str, driver: &str| {
        let driver = driver.to_owned();
        let model = Some(model.to_owned());
        sessions_max(&Probed { kind: DeviceKind::Nvenc, driver, model, engines: 1, abilities: vec![] })
    };
    assert_eq!(sessions("NVIDIA GeForce RTX 3050", "NVIDIA 535.183.01"), 5);
    assert_eq!(sessions("NVIDIA GeForce RTX 3050", "NVIDIA 550.54.14"), 8);
    assert_eq!(sessions("Tesla T4", "NVIDIA 535.183.01"), DEVICE_SESSIONS_MAX);
}

#[test]
fn a_refusal_says_why_and_what_would_do() {
    let mut busy = device("a", 500, 4);
    busy.load.sessions = 2;
    let mut failed = device("b", 500, 64);
    failed.capacity = Err(Unfit::Distrusted("it hung".into()));
    let refusal = choose(&[busy, failed], &default_ladder()).unwrap_err().to_string();
    assert_eq!(
        refusal,
        "a: 2 of its sessions are free, 3 are needed; b: it has failed: it hung; a ladder that begins with 854x480 \
         would fit on a"
    );
    let small = device("a", 20, 64);
    let refusal = choose(&[small], &default_ladder()).unwrap_err().to_string();
    assert!(
        refusal.starts_with("a: 20 megapixels a second of it are free, 47 are needed; a ladder"),
        "{refusal}"
    );
    let uhd = choose(&[device("a", 5000, 64)], &work(&[(7680, 4320)])).unwrap_err().to_string();
    assert_eq!(uhd, "a: it codes 4096x4096 at most");
}

fn any_device() -> impl Strategy<Value = Candidate> {
    let others = (0..300u64, 0..9u64, 0..6000u64);
    (0..600u64, 0..20u64, 1..9000u64, others, any::<bool>()).prop_map(
        |(megapixels, sessions, memory, (others, their_sessions, their_memory), works)| {
            let mut one = device("", megapixels, sessions);
            one.capacity.as_mut().unwrap().most.memory_mib = memory;
            one.others = Load {
                pixels_per_sec: others * 1_000_000,
                sessions: their_sessions,
                memory_mib: their_memory,
            };
            if works { one } else { Candidate { capacity: Err(Unfit::CannotEncode), ..one } }
        },
    )
}

fn any_devices() -> impl Strategy<Value = Vec<Candidate>> {
    prop::collection::btree_map("[a-f]", any_device(), 0..5)
        .prop_map(|all| all.into_iter().map(|(name, one)| Candidate { name, ..one }).collect())
}

fn any_work() -> impl Strategy<Value = Work> {
    prop::collection::vec((2..2160u32, 2..2160u32), 1..5).prop_map(|rungs| work(&rungs))
}

proptest! {
    #[test]
    fn never_over_budget(mut devices in any_devices(), works in prop::collection::vec(any_work(), 0..30)) {
        placed(&mut devices, &works);
        for one in devices {
            match one.capacity {
                Ok(Capacity { most, .. }) if one.load != Load::default() => {
                    let taken = one.load.plus(one.others);
                    prop_assert!(taken.sessions <= most.sessions);
                    prop_assert!(taken.pixels_per_sec <= most.pixels_per_sec);
                    prop_assert!(taken.memory_mib <= most.memory_mib);
                }
                _ => prop_assert_eq!(one.load, Load::default()),
            }
        }
    }

    #[test]
    fn the_same_whatever_their_order(devices in any_devices(), work in any_work(), by in 0..5usize) {
        let mut turned = devices.clone();
        turned.rotate_left(by.min(devices.len()));
        let name = |devices: &[Candidate]| choose(devices, &work).ok().map(|one| one.name.clone());
        prop_assert_eq!(name(&devices), name(&turned));
    }

    #[test]
    fn equal_devices_are_filled_evenly(count in 1..5usize, channels in 0..12usize) {
        let names = ["a", "b", "c", "d"];
        let mut devices: Vec<_> = names[..count].iter().map(|name| device(name, 10_000, 640)).collect();
        placed(&mut devices, &vec![default_ladder(); channels]);
        let loads = || devices.iter().map(|one| one.load.sessions / 3);
        prop_assert!(loads().max().unwrap() - loads().min().unwrap() <= 1);
    }

    #[test]
    fn as_many_fit_as_is_forecast(mut devices in any_devices(), work in any_work()) {
        let more = forecast(&devices, &work) as usize;
        let names = placed(&mut devices, &vec![work.clone(); (more + 1).min(FORECAST_MAX as usize)]);
        prop_assert_eq!(names.iter().flatten().count(), more.min(names.len()));
    }

    #[test]
    fn what_a_refusal_names_does_fit(devices in any_devices(), work in any_work()) {
        if let Err(Refusal { nearest: Some((rung, name)), .. }) = choose(&devices, &work) {
            let from = work.rungs.iter().position(|each| *each == rung).unwrap();
            let smaller = Work { rungs: work.rungs[from..].to_vec(), ..work };
            prop_assert_eq!(&choose(&devices, &smaller).unwrap().name, &name);
        }
    }
}

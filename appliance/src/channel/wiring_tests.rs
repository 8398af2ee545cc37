//! A panic in one stage of one channel, injected for real: what restarts, and what does not.

use super::*;
use crate::ingest::failover::Rules;
use crate::serve::access::AccessRules;
use crate::supervise::{ChildState, ChildStatus, Exit};
use media::link::{Canvas, PlanSource, Rung};
use media::time::FrameRate;
use media::unit::CodecConfig;
use tokio::sync::watch;

fn wiring(slug: &str, services: &Services) -> Rc<Wiring> {
    let plan = Plan {
        channel: slug.into(),
        source: PlanSource::Link,
        canvas: Canvas { width: 640, height: 360, rate: FrameRate::FPS_30 },
        rungs: vec![Rung { width: 640, height: 360, bitrate_bps: 700_000 }],
        latency: media::grid::Latency::Standard,
        slate: media::link::Slate::default(),
        audio_bitrate_bps: 128_000,
        house_offset_nanos: 0,
        resume_video: None,
        resume_audio: None,
        pass_through: None,
        source_follows: false,
        device: None,
    };
    let slate = watch::channel(plan.slate.clone()).1;
    let sources = std::array::from_fn(|number| (number == 0).then_some(wire::Source::Rtmp));
    let lineup = watch::channel(Lineup { sources, rules: Rules::default() }).1;
    Rc::new(Wiring::new(slug, lineup, (plan, Encoder::Software), slate, Ticks::ZERO, services.clone()))
}

/// A channel's stages, running; the encoder finds no worker program here, and keeps trying.
fn run(wiring: &Rc<Wiring>) -> watch::Receiver<Vec<ChildStatus>> {
    let stages = stages(wiring);
    let status = stages.handle().status();
    actix_rt::spawn(stages.run());
    status
}

async fn all_running(status: &mut watch::Receiver<Vec<ChildStatus>>, restarts: [u32; 4]) -> Vec<ChildStatus> {
    let reached = |stages: &Vec<ChildStatus>| {
        stages.len() == 4
            && stages.iter().all(|stage| stage.state == ChildState::Running)
            && stages.iter().map(|stage| stage.restarts).eq(restarts)
    };
    status.wait_for(reached).await.unwrap().clone()
}

/// No rendition has this number: the packager's invariant is broken, and it panics.
fn poison() -> Encoded {
    Encoded::Config(99, CodecConfig::Aac { audio_specific_config: bytes::Bytes::new() })
}

#[actix_rt::test]
async fn a_panic_in_a_stage_restarts_it_and_its_feeders_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::in_memory(House::anchor()).unwrap();
    let board = Board::new(House::anchor(), history.clone());
    let drills = Drills::new(House::anchor(), board.clone());
    let services = Services {
        access: AccessRules::default(),
        house: House::anchor(),
        catalogue: Catalogue::default(),
        doors: Doors::default(),
        devices: Devices::new(board.clone()),
        board,
        drills: drills.clone(),
        history,
        metrics: Metrics::default(),
        shelf: Shelf::open(folder.path(), drills).unwrap(),
    };
    let (sick, well) = (wiring("sick", &services), wiring("well", &services));
    let (mut sick_status, mut well_status) = (run(&sick), run(&well));
    all_running(&mut sick_status, [0; 4]).await;
    all_running(&mut well_status, [0; 4]).await;
    let (queue, neighbours_queue) = (sick.to_package.borrow().clone(), well.to_package.borrow().clone());

    queue.send(poison()).await.unwrap();

    let stages = all_running(&mut sick_status, [0, 1, 1, 1]).await;
    assert!(matches!(stages[1].last_exit, Some(Exit::Panic(_))), "{stages:?}");
    assert!(queue.is_closed() && !sick.to_package.borrow().is_closed());
    assert!(services.catalogue.get("sick").is_some(), "viewers keep what was published");
    all_running(&mut well_status, [0; 4]).await;
    assert!(!neighbours_queue.is_closed() && services.catalogue.get("well").is_some());
}

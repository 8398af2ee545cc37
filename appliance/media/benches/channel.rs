//! What one channel's packaging costs: three rungs and sound of the default ladder through their packagers, with every
//! playlist rendered whole and as a delta update at every part, on both presets.
//!
//! Budget: below 1 % of a core, so that the box's cores are for encoders. Measured on a quiet two-core machine: 0.014 %, and
//! 0.031 % with low latency. Prints medians and the spread of several runs.

use media::grid::Latency;
use media::hls::{RenditionReport, ServerControl, Skip, media_playlist};
use media::packager::{Pushed, RenditionPackager, WindowLimits};
use media::testing::{audio_rendition_on, units, video_rendition_on};
use media::time::{FrameRate, Ticks};
use media::unit::AccessUnit;
use media::window::{Rendition, Snapshot};
use std::sync::Arc;
use std::time::Instant;

const START: Ticks = Ticks::from_secs(1_780_000_000);
const LIMITS: WindowLimits = WindowLimits { listed_segments: 10, kept_segments: 18, listed_step: 1 };
/// Of media, a run: enough that the window is full most of the time.
const SECONDS: i64 = 120;
const RUNS: usize = 9;
/// Bytes of a picture at 2.5, 1.2 and 0.7 Mbit/s and 30 fps, and of an audio frame at 128 kbit/s.
const UNIT_BYTES: [usize; 4] = [10_416, 5_000, 2_916, 341];

fn main() {
    for latency in [Latency::Standard, Latency::Low] {
        let mut percents: Vec<f64> = (0..RUNS).map(|_| run(latency)).collect();
        percents.sort_by(f64::total_cmp);
        println!(
            "one channel, {latency:?}: {:.3} % of a core (fastest {:.3}, slowest {:.3}, {RUNS} runs); budget 1 %",
            percents[RUNS / 2],
            percents[0],
            percents[RUNS - 1]
        );
    }
}

struct Channel {
    packagers: Vec<RenditionPackager>,
    control: ServerControl,
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures")]
fn now() -> Instant {
    Instant::now()
}

/// CPU time a second of media, in per cent: nothing here waits, so time on the clock is time on a core.
fn run(latency: Latency) -> f64 {
    let rate = FrameRate::FPS_30;
    let video = || video_rendition_on(rate, latency);
    let renditions: Vec<Arc<Rendition>> =
        [video(), video(), video(), audio_rendition_on(rate, latency)].map(Arc::new).into();
    let control = ServerControl::for_renditions(renditions.iter().map(Arc::as_ref));
    let packagers = renditions.iter().map(|each| RenditionPackager::new(each.clone(), LIMITS)).collect();
    let mut channel = Channel { packagers, control };
    let mut all: Vec<(usize, AccessUnit)> = Vec::new();
    for (index, rendition) in renditions.iter().enumerate() {
        let until = START + Ticks::from_secs(SECONDS);
        let sized = |unit| AccessUnit { data: vec![0x41; UNIT_BYTES[index]].into(), ..unit };
        let own = units(rendition, START).take_while(|unit| unit.dts < until).map(sized);
        all.extend(own.map(|unit| (index, unit)));
    }
    all.sort_by_key(|(_, unit)| unit.dts);
    let began = now();
    for (index, unit) in all {
        channel.push(index, unit);
    }
    began.elapsed().as_secs_f64() / SECONDS as f64 * 100.0
}

impl Channel {
    fn push(&mut self, index: usize, unit: AccessUnit) {
        let pushed = self.packagers[index].push(unit).expect("generated units are well-formed");
        let Pushed::Published(update) = pushed else { return };
        if !update.part_done {
            return;
        }
        let others: Vec<Arc<Snapshot>> = self.packagers.iter().map(RenditionPackager::snapshot).collect();
        let id = &update.snapshot.rendition.id;
        let reports = RenditionReport::of_others(others.iter().map(Arc::as_ref), id);
        for skip in [Skip::No, Skip::Yes] {
            std::hint::black_box(media_playlist(&update.snapshot, &reports, &self.control, skip));
        }
    }
}

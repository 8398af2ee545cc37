//! What packaging costs. One channel of three rungs and sound is about 140 access units and 8 parts a second.
//!
//! Budget, on one core of a small server: 5 us for an access unit of 10 kB, 150 us for a part of 0.5 s at
//! 2.5 Mbit/s, most of it copying into fresh memory: below 2 ms of each second for a channel. Measured on a
//! busy two-core machine, medians: 1.1 us, 56 us; the boxes of a chunk alone 0.4 us.

use divan::Bencher;
use media::cmaf::chunk::{Lead, chunk};
use media::packager::{RenditionPackager, WindowLimits};
use media::testing::{audio_rendition, units, video_rendition};
use media::time::{FrameRate, Ticks};
use media::unit::AccessUnit;
use media::window::Rendition;
use std::sync::Arc;

fn main() {
    divan::main();
}

const START: Ticks = Ticks::from_secs(1_780_000_000);
const LIMITS: WindowLimits = WindowLimits { listed_segments: 15, kept_segments: 20, listed_step: 1 };

/// A packager with a full window, and the units that come next, each of `len` bytes.
fn warm(rendition: Rendition, len: usize, count: usize) -> (RenditionPackager, Vec<AccessUnit>) {
    let rendition = Arc::new(rendition);
    let mut packager = RenditionPackager::new(rendition.clone(), LIMITS);
    for unit in units(&rendition, START).take_while(|unit| unit.dts < START + Ticks::from_secs(40)) {
        packager.push(unit).expect("generated units are well-formed");
    }
    let next = packager.next_unit_start().expect("segments were packaged");
    let sized = units(&rendition, next).take(count);
    (packager, sized.map(|unit| AccessUnit { data: vec![0x41; len].into(), ..unit }).collect())
}

fn pack(bencher: Bencher<'_, '_>, rendition: &Rendition, len: usize, count: usize) {
    bencher.with_inputs(|| warm(rendition.clone(), len, count)).bench_local_values(
        |(mut packager, units)| {
            for unit in units {
                divan::black_box(packager.push(unit).expect("generated units are well-formed"));
            }
            packager
        },
    );
}

/// 30 access units: one second. Divide by 30 for one; copying is most of it.
#[divan::bench(args = [1_000, 10_000, 40_000])]
fn second_of_video(bencher: Bencher<'_, '_>, len: usize) {
    pack(bencher, &video_rendition(FrameRate::FPS_30), len, 30);
}

/// 15 access units: one part at 2.5 Mbit/s.
#[divan::bench]
fn part_of_video(bencher: Bencher<'_, '_>) {
    pack(bencher, &video_rendition(FrameRate::FPS_30), 10_416, 15);
}

/// 47 access units: one second at 128 kbit/s.
#[divan::bench]
fn second_of_audio(bencher: Bencher<'_, '_>) {
    pack(bencher, &audio_rendition(FrameRate::FPS_30), 341, 47);
}

/// The boxes of one chunk alone.
#[divan::bench]
fn chunk_of_three(bencher: Bencher<'_, '_>) {
    let rendition = video_rendition(FrameRate::FPS_30);
    let units: Vec<AccessUnit> = units(&rendition, START).take(3).collect();
    bencher.bench_local(|| chunk(&rendition, Lead::Segment, divan::black_box(&units)));
}

//! What the demo's ladder costs: 720p30, 480p30 and 360p30 of the test pattern with sound, in cores and milliseconds.
//!
//! `cargo run --release -p worker --example bench_ladder [SECONDS]`

use bytes::BytesMut;
use media::link::{Canvas, FromWorker, Message, Plan, PlanSource, Rung, ToWorker, take};
use media::time::{FrameRate, Ticks};
use rustix::time::{ClockId, clock_gettime};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

fn nanos(clock: ClockId) -> i64 {
    let now = clock_gettime(clock);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// House time is the monotonic clock's here: 1970, but that is all the same to the ladder.
fn plan() -> Plan {
    let rung = |width, height, bitrate_bps| Rung { width, height, bitrate_bps };
    Plan {
        channel: "bench".into(),
        source: PlanSource::TestPattern,
        canvas: Canvas { width: 1280, height: 720, rate: FrameRate::FPS_30 },
        rungs: vec![rung(1280, 720, 2_500_000), rung(854, 480, 1_200_000), rung(640, 360, 700_000)],
        latency: media::grid::Latency::Standard,
        slate: media::link::Slate::default(),
        audio_bitrate_bps: 128_000,
        house_offset_nanos: 0,
        resume_video: None,
        resume_audio: None,
        pass_through: None,
        source_follows: false,
        device: None,
    }
}

fn main() -> anyhow::Result<()> {
    let seconds: i64 = std::env::args().nth(1).map_or(Ok(10), |seconds| seconds.parse())?;
    let (mut stream, theirs) = UnixStream::pair()?;
    std::thread::spawn(move || worker::run_on(theirs, "bench"));
    let mut bytes = BytesMut::new();
    ToWorker::Plan(Box::new(plan())).encode(&mut bytes);
    stream.write_all(&bytes)?;

    let (mut buffer, mut chunk) = (BytesMut::new(), vec![0; 65_536]);
    let (mut lateness, mut sizes, mut began) = (vec![Vec::new(); 4], vec![0usize; 4], None);
    loop {
        let len = stream.read(&mut chunk)?;
        anyhow::ensure!(len > 0, "the worker ended");
        buffer.extend_from_slice(&chunk[..len]);
        while let Some(message) = take::<FromWorker>(&mut buffer)? {
            let FromWorker::Unit { rendition, unit } = message else { continue };
            let now = Ticks::from_nanos(i128::from(nanos(ClockId::Monotonic)));
            let (began, cpu) = *began.get_or_insert((now, nanos(ClockId::ProcessCPUTime)));
            lateness[usize::from(rendition)].push((now - unit.dts).0 / 36);
            sizes[usize::from(rendition)] += unit.data.len();
            if now - began >= Ticks::from_secs(seconds) {
                let cpu = nanos(ClockId::ProcessCPUTime) - cpu;
                report(cpu as f64 / (now - began).nanos() as f64, &mut lateness, &sizes, seconds as usize);
                return Ok(());
            }
        }
    }
}

fn report(cores: f64, lateness: &mut [Vec<i64>], sizes: &[usize], seconds: usize) {
    println!("{cores:.3} cores in all");
    for (rendition, (lateness, bytes)) in lateness.iter_mut().zip(sizes).enumerate() {
        lateness.sort_unstable();
        let at = |share: usize| lateness[(lateness.len() - 1) * share / 100] as f64 / 10.0;
        let kbps = bytes * 8 / seconds / 1000;
        println!(
            "rendition {rendition}: {} units, {kbps} kbit/s, ms after their time: p50 {:.1} p95 {:.1} max {:.1}",
            lateness.len(),
            at(50),
            at(95),
            at(100)
        );
    }
}

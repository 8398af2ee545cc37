//! The worker as the daemon sees it: over a socket, from the plan to the last access unit.

pub(crate) mod coded;
mod link_source;
mod passing;
mod test_pattern;

use crate::clock::monotonic_nanos;
use crate::ff::Decoder;
use crate::link::Reader;
use bytes::BytesMut;
use media::link::{
    Canvas, FromSource, FromWorker, Message, Plan, PlanSource, Rung, Signal, ToWorker, WorkerStatus,
};
use media::time::{FrameRate, Ticks};
use media::unit::{AccessUnit, CodecConfig, SourceCodec, SourceFraming, SourceTrack};
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;
use std::time::Duration;

/// House time of the test: any UTC will do, it need not be now.
const HOUSE_START: Ticks = Ticks::from_millis(1_780_000_000_500);
/// No message for this long is a failure, so that a broken worker does not hang the tests.
const SILENCE_MAX: Duration = Duration::from_secs(20);

fn house_offset_nanos() -> i64 {
    HOUSE_START.nanos() as i64 - monotonic_nanos()
}

fn plan(source: PlanSource) -> Plan {
    let rung = |width, height, bitrate_bps| Rung { width, height, bitrate_bps };
    Plan {
        channel: "Main hall".into(),
        source,
        canvas: Canvas { width: 640, height: 360, rate: FrameRate::FPS_30 },
        rungs: vec![rung(640, 360, 700_000), rung(426, 240, 400_000)],
        latency: media::grid::Latency::Standard,
        slate: media::link::Slate::default(),
        audio_bitrate_bps: 128_000,
        house_offset_nanos: house_offset_nanos(),
        resume_video: None,
        resume_audio: None,
        pass_through: None,
        source_follows: false,
        device: None,
    }
}

/// A running worker, seen from the daemon's end.
struct Running {
    stream: UnixStream,
    reader: Reader,
    worker: JoinHandle<anyhow::Result<()>>,
    configs: Vec<CodecConfig>,
    eras: Vec<(Ticks, CodecConfig)>,
    units: Vec<Vec<AccessUnit>>,
    status: WorkerStatus,
    signals: Vec<Signal>,
}

impl Running {
    fn start(plan: &Plan) -> Self {
        let (stream, theirs) = UnixStream::pair().unwrap();
        stream.set_read_timeout(Some(SILENCE_MAX)).unwrap();
        let worker = std::thread::spawn(move || crate::run_on(theirs, "test"));
        let reader = Reader::new(stream.try_clone().unwrap());
        let units = vec![Vec::new(); plan.rungs.len() + 1];
        let (status, signals) = Default::default();
        let mut running =
            Self { stream, reader, worker, configs: vec![], eras: vec![], units, status, signals };
        running.tell(&ToWorker::Plan(Box::new(plan.clone())));
        running
    }

    fn tell(&mut self, message: &ToWorker) {
        let mut bytes = BytesMut::new();
        message.encode(&mut bytes);
        self.stream.write_all(&bytes).unwrap();
    }

    /// Takes messages until `done` says so.
    fn collect_until(&mut self, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            match self.reader.next().unwrap().expect("the worker goes on until it is told to stop") {
                FromWorker::Config { rendition, config } => {
                    assert_eq!(usize::from(rendition), self.configs.len(), "configurations come in order");
                    self.configs.push(config);
                }
                FromWorker::Era { from, config } => self.eras.push((from, config)),
                FromWorker::Unit { rendition, unit } => {
                    assert_eq!(self.configs.len(), self.units.len(), "configurations come first");
                    self.units[usize::from(rendition)].push(unit);
                }
                FromWorker::Status(status) => self.status = status,
                FromWorker::Signals(signals) => self.signals = signals,
                FromWorker::DeviceFailed(cause) => panic!("{cause}"),
                FromWorker::Picture(jpeg) => assert!(jpeg.starts_with(&[0xff, 0xd8]), "a JPEG"),
            }
        }
    }

    /// Says stop, waits for the worker's end, and returns what it returned.
    fn stop(mut self) -> anyhow::Result<()> {
        self.tell(&ToWorker::Stop);
        self.worker.join().unwrap()
    }

    fn collected(&self, units: usize) -> bool {
        self.units.iter().all(|of| of.len() >= units)
    }
}

/// Each begins where the one before ends.
fn assert_contiguous(units: &[AccessUnit]) {
    for pair in units.windows(2) {
        assert_eq!(pair[0].dts + pair[0].duration, pair[1].dts);
        assert_eq!(pair[1].dts, pair[1].pts);
    }
}

/// Decodes our own video access units into luma planes: width, height, stride, pixels.
fn decode_video(config: &CodecConfig, units: &[AccessUnit]) -> Vec<(Ticks, Vec<u8>, usize)> {
    let CodecConfig::Avc { sps, pps, .. } = config else { panic!("video has an AVC configuration") };
    let start_code = [0, 0, 0, 1];
    let sets = sps.iter().chain(pps).flat_map(|set| [&start_code, &set[..]].concat());
    let config = sets.collect();
    let track = SourceTrack { codec: SourceCodec::H264, framing: SourceFraming::ByteStream, config };
    let mut decoder = Decoder::open(&track).unwrap();
    let mut pictures = Vec::new();
    for unit in units {
        let nals = media::codec::h264::nals_length_prefixed(&unit.data);
        let annexb: Vec<u8> = nals.flat_map(|nal| [&start_code, nal].concat()).collect();
        decoder.send(&annexb, unit.pts, unit.kind).unwrap();
        while let Some(picture) = decoder.receive().unwrap() {
            let (luma, stride) = picture.luma().unwrap().plane();
            pictures.push((Ticks(picture.pts().unwrap()), luma.to_vec(), stride));
        }
    }
    pictures
}

/// Decodes our own audio access units; each piece with its time.
fn decode_audio(config: &CodecConfig, units: &[AccessUnit]) -> Vec<(Ticks, Vec<f32>)> {
    let CodecConfig::Aac { audio_specific_config } = config else { panic!("sound has an AAC configuration") };
    let config = audio_specific_config.to_vec();
    let track = SourceTrack { codec: SourceCodec::Aac, framing: SourceFraming::ByteStream, config };
    let mut decoder = Decoder::open(&track).unwrap();
    let mut pieces = Vec::new();
    for unit in units {
        decoder.send(&unit.data, unit.pts, unit.kind).unwrap();
        while let Some(sound) = decoder.receive().unwrap() {
            pieces.push((Ticks(sound.pts().unwrap()), sound.left().to_vec()));
        }
    }
    pieces
}

/// Times at which sound sets in after at least a tenth of a second of silence.
fn onsets(pieces: &[(Ticks, Vec<f32>)]) -> Vec<Ticks> {
    let mut onsets = Vec::new();
    let mut quiet = 0;
    for (start, samples) in pieces {
        for (index, sample) in samples.iter().enumerate() {
            if sample.abs() < 0.05 {
                quiet += 1;
                continue;
            }
            if quiet > 4800 {
                onsets.push(*start + Ticks::from_scaled(index as i64, 48_000));
            }
            quiet = 0;
        }
    }
    onsets
}

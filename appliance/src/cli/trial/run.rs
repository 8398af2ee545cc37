//! A worker that is behind by a known time, and so encodes as fast as it can.

use crate::clock::{self, House};
use crate::limits::{TRIAL_LENGTH, TRIAL_SILENCE_MAX};
use crate::store::draft;
use bytes::BytesMut;
use media::grid::{Grid, Latency};
use media::link::{self, Canvas, Device, FromWorker, Message, Plan, PlanSource, Slate, ToWorker};
use media::unit::{AccessUnit, CodecConfig};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const READ_BYTES: usize = 64 << 10;
const AUDIO_BITRATE_BPS: u32 = 128_000;

/// What a worker made; by rung.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) configs: Vec<Option<CodecConfig>>,
    pub(super) units: Vec<Vec<AccessUnit>>,
    /// From its first picture to its last.
    pub(super) took: Duration,
}

/// Ends and reaps its process whatever happens.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        // It has ended by itself otherwise.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn plan(house: House, device: Option<Device>) -> Plan {
    let rungs = draft::default_ladder();
    let (width, height) = rungs.first().map_or((1280, 720), |rung| (rung.width, rung.height));
    let segment = Grid::for_rate(draft::DEFAULT_RATE).segment_duration();
    let begin = Grid::next_frame_start(house.now() - TRIAL_LENGTH, segment);
    Plan {
        channel: "check".into(),
        source: PlanSource::TestPattern,
        canvas: Canvas { width, height, rate: draft::DEFAULT_RATE },
        rungs,
        slate: Slate::default(),
        latency: Latency::Standard,
        audio_bitrate_bps: AUDIO_BITRATE_BPS,
        house_offset_nanos: house.offset_nanos(),
        resume_video: Some(begin),
        resume_audio: Some(begin),
        pass_through: None,
        source_follows: false,
        device,
    }
}

/// Has a worker encode [`TRIAL_LENGTH`] there, or in software. Blocks.
///
/// # Errors
/// What went wrong, and what to do.
pub(super) fn run(device: Option<Device>) -> Result<(Plan, Made), String> {
    let failed = |error: io::Error| format!("the worker could not be run: {error}; see `ulimit -a`");
    let plan = plan(House::anchor(), device);
    let (ours, theirs) = UnixStream::pair().map_err(failed)?;
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.args(["worker", "--channel", "check"]).stdin(OwnedFd::from(theirs));
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(failed)?;
    // The other end is the child's alone: it closes with the child.
    drop(command);
    let mut worker = Worker(child);
    let mut out = BytesMut::new();
    ToWorker::Plan(Box::new(plan.clone())).encode(&mut out);
    ours.set_read_timeout(Some(TRIAL_SILENCE_MAX)).map_err(failed)?;
    (&ours).write_all(&out).map_err(failed)?;
    match listen(&plan, ours) {
        Ok(made) => Ok((plan, made)),
        Err(Ended::Said(words)) => Err(words),
        Err(Ended::Closed) => Err(match worker.0.wait() {
            Ok(status) => {
                format!("the process that used it crashed ({status}); install another version of the driver")
            }
            Err(error) => failed(error),
        }),
    }
}

enum Ended {
    Said(String),
    Closed,
}

fn listen(plan: &Plan, mut from: UnixStream) -> Result<Made, Ended> {
    let rungs = plan.rungs.len();
    let pictures = pictures(plan);
    let mut made = Made { configs: vec![None; rungs], units: vec![Vec::new(); rungs], took: Duration::ZERO };
    let (mut buffer, mut chunk, mut began) = (BytesMut::new(), vec![0; READ_BYTES], None);
    while made.units.iter().any(|units| units.len() < pictures) {
        match from.read(&mut chunk) {
            Ok(0) => return Err(Ended::Closed),
            Ok(len) => buffer.extend_from_slice(&chunk[..len]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(_) => {
                return Err(Ended::Said(format!(
                    "it hangs: no picture in {} s; look at the kernel's log, and restart the machine",
                    TRIAL_SILENCE_MAX.as_secs()
                )));
            }
        }
        while let Some(message) = link::take::<FromWorker>(&mut buffer)
            .map_err(|error| Ended::Said(format!("the worker sent nonsense: {error}; report this")))?
        {
            match message {
                FromWorker::Config { rendition, config } if usize::from(rendition) < rungs => {
                    made.configs[usize::from(rendition)] = Some(config);
                }
                FromWorker::Unit { rendition, unit } if usize::from(rendition) < rungs => {
                    let began = *began.get_or_insert_with(clock::monotonic);
                    let units = &mut made.units[usize::from(rendition)];
                    if units.len() < pictures {
                        units.push(unit);
                        made.took = clock::monotonic().saturating_sub(began);
                    }
                }
                FromWorker::DeviceFailed(cause) => {
                    return Err(Ended::Said(format!(
                        "{cause}; end other programs that encode on it, or install another version of its driver"
                    )));
                }
                _ => (),
            }
        }
    }
    Ok(made)
}

/// How many a rung has in all.
fn pictures(plan: &Plan) -> usize {
    usize::try_from(TRIAL_LENGTH.0 / plan.canvas.rate.frame_duration().0).unwrap_or(0)
}

//! A source of another format than any encoder has: a worker of its own codes the test pattern so.

use crate::clock::House;
use crate::limits::STRANGER_UNITS_MAX;
use crate::supervise::Process;
use anyhow::Context as _;
use bytes::BytesMut;
use media::codec::avcc;
use media::codec::sps::Sps;
use media::grid::Latency;
use media::link::{self, Canvas, FromWorker, Message, Plan, PlanSource, Rung, Slate, ToWorker};
use media::time::{FrameRate, Ticks};
use media::unit::{CodecConfig, SourceCodec, SourceEvent, SourceFraming, SourceTrack};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tracing::warn;

/// Held upright, at the rate of films.
const SIZE: (u32, u32) = (480, 854);
const RATE: (u32, u32) = (24, 1);

/// What it sends, and when that arrived in house time. It ends when the receiver is dropped.
///
/// # Errors
/// When no process can be made.
pub fn units(slug: &str, house: House) -> io::Result<mpsc::Receiver<(SourceEvent, Ticks)>> {
    let mut command = std::process::Command::new(std::env::current_exe()?);
    // Not the slug alone: `ps` must tell it from the channel's own worker.
    command.args(["worker", "--channel", &format!("drill:{slug}")]);
    let (process, socket) = Process::spawn(&format!("drill {slug}"), command)?;
    let (sender, receiver) = mpsc::channel(STRANGER_UNITS_MAX);
    actix_rt::spawn(async move {
        if let Err(error) = converse(socket, house, sender).await {
            warn!(%error, "the drill's source has ended");
        }
        // Dropping it kills it.
        drop(process);
    });
    Ok(receiver)
}

fn plan(house: House) -> Plan {
    let (width, height) = SIZE;
    Plan {
        channel: "Another format".into(),
        source: PlanSource::TestPattern,
        canvas: Canvas { width, height, rate: FrameRate::new(RATE.0, RATE.1).expect("a known rate") },
        rungs: vec![Rung { width, height, bitrate_bps: 1_500_000 }],
        slate: Slate::default(),
        latency: Latency::Standard,
        audio_bitrate_bps: 128_000,
        house_offset_nanos: house.offset_nanos(),
        resume_video: None,
        resume_audio: None,
        pass_through: None,
        source_follows: false,
        device: None,
    }
}

async fn converse(
    mut socket: UnixStream,
    house: House,
    sender: mpsc::Sender<(SourceEvent, Ticks)>,
) -> anyhow::Result<()> {
    let mut out = BytesMut::new();
    ToWorker::Plan(Box::new(plan(house))).encode(&mut out);
    socket.write_all_buf(&mut out).await?;
    let mut buffer = BytesMut::with_capacity(64 << 10);
    loop {
        while let Some(message) = link::take(&mut buffer)? {
            if let Some(event) = event(message)?
                && sender.send((event, house.now())).await.is_err()
            {
                return Ok(());
            }
        }
        let ended = tokio::select! {
            read = socket.read_buf(&mut buffer) => read? == 0,
            () = sender.closed() => true,
        };
        if ended {
            return Ok(());
        }
    }
}

/// As a source would send it: rendition 0 is the picture, 1 the sound.
fn event(message: FromWorker) -> anyhow::Result<Option<SourceEvent>> {
    let framing = SourceFraming::LengthPrefixed;
    Ok(match message {
        FromWorker::Config { config: CodecConfig::Avc { sps, pps }, .. } => {
            let said = Sps::parse(sps.first().context("no sequence parameter set")?)?;
            let config = avcc::build(&said, &sps, &pps).to_vec();
            Some(SourceEvent::VideoTrack(SourceTrack { codec: SourceCodec::H264, framing, config }))
        }
        FromWorker::Config { config: CodecConfig::Aac { audio_specific_config }, .. } => {
            let config = audio_specific_config.to_vec();
            Some(SourceEvent::AudioTrack(SourceTrack { codec: SourceCodec::Aac, framing, config }))
        }
        FromWorker::Unit { rendition: 0, unit } => Some(SourceEvent::Video(unit)),
        FromWorker::Unit { unit, .. } => Some(SourceEvent::Audio(unit)),
        FromWorker::Era { .. }
        | FromWorker::Status(_)
        | FromWorker::Signals(_)
        | FromWorker::Picture(_)
        | FromWorker::DeviceFailed(_) => None,
    })
}

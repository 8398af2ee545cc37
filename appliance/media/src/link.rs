//! The framed protocol between the daemon and an encode worker: coded source in, coded ladder out.
//!
//! One frame is `length: u32` (of all that follows), `kind: u8`, payload; integers little-endian. Control
//! messages carry JSON, since they are rare; access units carry a fixed header and their bytes.
//!
//! The worker finds the socket as its standard input. Both ends belong to the same build, so there is no
//! negotiation of versions. Each end drops the other on the first malformed frame.

use crate::grid::Latency;
use crate::time::{FrameRate, Ticks};
use crate::unit::{AccessUnit, CodecConfig, SourceTrack, UnitKind};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

/// No frame may be longer: 8 MiB holds any access unit of a source up to 500 Mbit/s at 8 frames a second.
pub const FRAME_BYTES_MAX: usize = 8 << 20;

/// A channel has at most so many sources: one, and back-ups.
pub const SOURCES_MAX: usize = 8;

/// Everything that an encode worker must know; sent once, first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Name of the channel, drawn into the test pattern and the slate.
    pub channel: String,
    /// Where pictures and sound come from.
    pub source: PlanSource,
    /// Size and rate of the canvas.
    pub canvas: Canvas,
    /// Video rungs, best first. The index is the rendition's number on this link.
    pub rungs: Vec<Rung>,
    /// What is shown while there is no source.
    pub slate: Slate,
    /// How finely media is cut.
    pub latency: Latency,
    /// Audio rate in bits per second; the audio rendition's number is `rungs.len()`.
    pub audio_bitrate_bps: u32,
    /// House time minus `CLOCK_MONOTONIC`, in nanoseconds: both processes see the same monotonic clock.
    pub house_offset_nanos: i64,
    /// The first slot of video to encode, when a predecessor's work is to be continued: the worker begins there,
    /// with an IDR, and catches up with the house clock. `None`: begin at the next IDR slot of the grid.
    pub resume_video: Option<Ticks>,
    /// The same for audio: start of the first audio frame to emit.
    pub resume_audio: Option<Ticks>,
    /// The source's own pictures are the best rung's wherever they are fit for it.
    pub pass_through: Option<PassThrough>,
    /// What the source on air sent since its newest key picture follows right after the plan: the worker shows that, and
    /// not the slate, from its first slot on.
    pub source_follows: bool,
    /// What encodes the rungs; software when absent.
    #[serde(default)]
    pub device: Option<Device>,
}

/// By which interface a GPU encodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// VA-API: Intel, AMD.
    #[default]
    VaApi,
    /// NVENC: NVIDIA.
    Nvenc,
}

/// A GPU that encodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// As the operator knows it.
    pub name: String,
    /// By which interface.
    #[serde(default)]
    pub kind: DeviceKind,
    /// Its render node, such as `/dev/dri/renderD128`; for NVENC its place on the bus, such as `0000:41:00.0`.
    pub node: String,
    /// Only its low-power engine encodes.
    pub low_power: bool,
}

/// What a worker must know to pass a source's own pictures through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassThrough {
    /// Parameter sets that viewers have, of whichever encoder: sources that use them need no new header.
    pub sps: Vec<Bytes>,
    /// The picture parameter sets.
    pub pps: Vec<Bytes>,
}

/// What a channel shows while it has no source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slate {
    /// Below the channel's name.
    pub text: String,
    /// It comes so long after the last picture; until then that one is repeated.
    pub after: Ticks,
    /// It goes when the source has brought pictures for so long.
    pub back_after: Ticks,
    /// A tone sounds while the source brings no sound; otherwise there is silence.
    pub tone: bool,
    /// A JPEG that is shown in place of all text; empty for none. A plan goes without: [`ToWorker::Slate`] follows it.
    #[serde(skip)]
    pub picture: Bytes,
}

impl Default for Slate {
    /// Half a second is longer than any hiccup and shorter than a viewer's doubt.
    fn default() -> Self {
        let (after, back_after) = (Ticks::from_millis(500), Ticks::ZERO);
        Self { text: "NO SOURCE".into(), after, back_after, tone: false, picture: Bytes::new() }
    }
}

/// Where pictures and sound come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanSource {
    /// Drawn by the worker.
    TestPattern,
    /// Pushed over this link.
    Link,
}

/// Size and rate of the canvas. Sound is always 48 kHz stereo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canvas {
    /// Pixels across; even.
    pub width: u32,
    /// Pixels down; even.
    pub height: u32,
    /// Frames per second.
    pub rate: FrameRate,
}

/// One rung of the ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// Pixels across; even.
    pub width: u32,
    /// Pixels down; even.
    pub height: u32,
    /// Held within a VBV of one second.
    pub bitrate_bps: u32,
}

/// From the daemon to the worker.
#[derive(Clone, Debug, PartialEq)]
pub enum ToWorker {
    /// First message.
    Plan(Box<Plan>),
    /// The house clock was slewed: the new offset, as in [`Plan::house_offset_nanos`].
    Clock {
        /// Nanoseconds.
        house_offset_nanos: i64,
    },
    /// News of the source that has this number, below [`SOURCES_MAX`]; 0 is the main one.
    Source(u8, FromSource),
    /// Pictures and sound come from the source that has this number; at first from 0.
    OnAir(u8),
    /// The slate is now this.
    Slate(Slate),
    /// Finish and exit.
    Stop,
}

/// What comes from a source.
#[derive(Clone, Debug, PartialEq)]
pub enum FromSource {
    /// Its video is now this.
    VideoTrack(SourceTrack),
    /// Its audio is now this.
    AudioTrack(SourceTrack),
    /// One coded picture, on the source's own timeline, and the house time at which it arrived.
    Video(AccessUnit, Ticks),
    /// One coded audio frame, and the house time at which it arrived.
    Audio(AccessUnit, Ticks),
    /// It has gone, until tracks are announced again.
    Lost,
}

/// From the worker to the daemon.
#[derive(Clone, Debug, PartialEq)]
pub enum FromWorker {
    /// A rendition's encoder is open. Sent before its first access unit.
    Config {
        /// As in [`Plan::rungs`].
        rendition: u8,
        /// What decoders must know.
        config: CodecConfig,
    },
    /// From `from` on, the start of a segment that is [`ERA_NOTICE`](crate::dash::ERA_NOTICE) away, decoders of the best rung
    /// must know this.
    Era {
        /// House time.
        from: Ticks,
        /// In place of what [`Config`](FromWorker::Config) said.
        config: CodecConfig,
    },
    /// One coded access unit. Per rendition they come in order and without a hole.
    Unit {
        /// As in [`Plan::rungs`].
        rendition: u8,
        /// House time; `data` as in [`AccessUnit`].
        unit: AccessUnit,
    },
    /// Twice a second, whatever happens: proof of life and what it is doing.
    Status(WorkerStatus),
    /// Twenty times a second, while there may be sources: what each one's signal is like, by number.
    Signals(Vec<Signal>),
    /// Each second or so: what viewers see, small, as a JPEG. For the operator's eyes alone.
    Picture(Bytes),
    /// The device of its plan did not do what it was to: in words, such as `encode: Input/output error`. The worker ends.
    DeviceFailed(String),
}

/// What the decoded signal of a source is like. Each fault with the house time since which it lasts; none while there is
/// no such fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Signal {
    /// When the newest picture was decoded; none if there has been none since the source came.
    pub newest: Option<Ticks>,
    /// The picture is black.
    pub black: Option<Ticks>,
    /// The picture stands still.
    pub frozen: Option<Ticks>,
    /// There is no sound, or none that can be heard.
    pub silent: Option<Ticks>,
    /// Stamps jump or run backwards, again and again.
    pub disorder: Option<Ticks>,
}

/// Whether a source's own pictures pass through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passing {
    /// They are not to.
    #[default]
    NotAsked,
    /// They do.
    Yes,
    /// They are encoded anew: why, and what to do about it.
    No(String),
}

/// What a worker is doing; all counters since its start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkerStatus {
    /// Canvas slots encoded.
    pub slots: u64,
    /// Slots for which there was no new source frame: the last was repeated.
    pub repeated: u64,
    /// Source frames that no slot had room for.
    pub dropped: u64,
    /// Slots that showed the slate.
    pub slate: u64,
    /// Source pictures decoded.
    pub decoded: u64,
    /// Source access units that could not be decoded.
    pub decode_errors: u64,
    /// Whether the picture now comes from the source.
    pub on_source: bool,
    /// How far the newest encoded slot lies behind the house clock, in milliseconds.
    pub behind_ms: i64,
    /// The source as decoded, such as `1920x1080 yuv420p`, empty until known.
    pub video: String,
    /// The source's sound as decoded, such as `44100 Hz 2 ch`, empty until known.
    pub audio: String,
    /// Whether the source's own pictures are what viewers get.
    pub passing: Passing,
    /// The last thing that went wrong, for people; empty when nothing has.
    pub last_error: String,
}

/// A frame that neither end would have sent.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Longer than [`FRAME_BYTES_MAX`], or empty.
    #[error("frame of {0} bytes; at most {FRAME_BYTES_MAX} and at least 1 are allowed")]
    Length(usize),
    /// Kind byte that this direction does not have.
    #[error("unknown frame kind {0:#04x}")]
    Kind(u8),
    /// Payload shorter than its kind needs, or of the wrong shape.
    #[error("malformed frame of kind {kind:#04x}: {what}")]
    Malformed {
        /// Kind byte.
        kind: u8,
        /// What is wrong with it.
        what: String,
    },
}

mod kind {
    pub(super) const PLAN: u8 = 0x01;
    pub(super) const CLOCK: u8 = 0x02;
    /// Each of a source's kinds begins with its number.
    pub(super) const VIDEO_TRACK: u8 = 0x03;
    pub(super) const AUDIO_TRACK: u8 = 0x04;
    pub(super) const VIDEO: u8 = 0x05;
    pub(super) const AUDIO: u8 = 0x06;
    pub(super) const SOURCE_LOST: u8 = 0x07;
    pub(super) const STOP: u8 = 0x08;
    pub(super) const SLATE: u8 = 0x09;
    pub(super) const ON_AIR: u8 = 0x0a;
    pub(super) const CONFIG_AVC: u8 = 0x81;
    pub(super) const CONFIG_AAC: u8 = 0x82;
    pub(super) const UNIT: u8 = 0x83;
    pub(super) const STATUS: u8 = 0x84;
    pub(super) const SIGNALS: u8 = 0x85;
    pub(super) const PICTURE: u8 = 0x86;
    pub(super) const ERA: u8 = 0x87;
    pub(super) const DEVICE_FAILED: u8 = 0x88;
}

/// A message of one direction.
pub trait Message: Sized {
    /// Appends the whole frame to `out`.
    fn encode(&self, out: &mut BytesMut);

    /// Reads one frame's content: its kind byte and payload.
    ///
    /// # Errors
    /// [`LinkError`] when the frame is not one of this direction's.
    fn decode(kind: u8, payload: Bytes) -> Result<Self, LinkError>;
}

/// Takes one whole frame from the front of `buffer`, or nothing when it has not all arrived.
///
/// # Errors
/// [`LinkError`]: the connection is to be dropped.
pub fn take<M: Message>(buffer: &mut BytesMut) -> Result<Option<M>, LinkError> {
    let Some(header) = buffer.first_chunk::<4>() else { return Ok(None) };
    let len = u32::from_le_bytes(*header) as usize;
    if len == 0 || len > FRAME_BYTES_MAX {
        return Err(LinkError::Length(len));
    }
    if buffer.len() < 4 + len {
        buffer.reserve(4 + len - buffer.len());
        return Ok(None);
    }
    buffer.advance(4);
    let mut frame = buffer.split_to(len).freeze();
    let kind = frame.get_u8();
    M::decode(kind, frame).map(Some)
}

/// Writes the length and kind, then the payload by `fill`. Other links of the same shape use it as well.
pub fn frame(out: &mut BytesMut, kind: u8, fill: impl FnOnce(&mut BytesMut)) {
    let at = out.len();
    out.put_u32_le(0);
    out.put_u8(kind);
    fill(out);
    let len = (out.len() - at - 4) as u32;
    out[at..at + 4].copy_from_slice(&len.to_le_bytes());
}

fn frame_json(out: &mut BytesMut, kind: u8, value: &impl Serialize) {
    frame(out, kind, |out| put_json(out, value));
}

fn put_json(out: &mut BytesMut, value: &impl Serialize) {
    out.put_slice(&serde_json::to_vec(value).expect("plain structs with string keys always serialise"));
}

fn from_json<'a, T: Deserialize<'a>>(kind: u8, payload: &'a [u8]) -> Result<T, LinkError> {
    serde_json::from_slice(payload).map_err(|error| LinkError::Malformed { kind, what: error.to_string() })
}

fn short(kind: u8) -> impl FnOnce(bytes::TryGetError) -> LinkError {
    move |error| LinkError::Malformed { kind, what: error.to_string() }
}

/// dts, pts, duration, key, data to the end of the frame.
fn put_unit(out: &mut BytesMut, unit: &AccessUnit) {
    for ticks in [unit.dts, unit.pts, unit.duration] {
        out.put_i64_le(ticks.0);
    }
    out.put_u8(u8::from(unit.kind == UnitKind::Key));
    out.put_slice(&unit.data);
}

fn get_unit(kind: u8, mut payload: Bytes) -> Result<AccessUnit, LinkError> {
    let mut ticks = || payload.try_get_i64_le().map(Ticks).map_err(short(kind));
    let (dts, pts, duration) = (ticks()?, ticks()?, ticks()?);
    let key = payload.try_get_u8().map_err(short(kind))?;
    let unit_kind = if key == 1 { UnitKind::Key } else { UnitKind::Delta };
    Ok(AccessUnit { dts, pts, duration, kind: unit_kind, data: payload })
}

fn get_source_unit(kind: u8, mut payload: Bytes) -> Result<(AccessUnit, Ticks), LinkError> {
    let arrived = Ticks(payload.try_get_i64_le().map_err(short(kind))?);
    Ok((get_unit(kind, payload)?, arrived))
}

/// Length of the JSON, JSON, picture to the end of the frame.
fn put_slate(out: &mut BytesMut, slate: &Slate) {
    let mut json = BytesMut::new();
    put_json(&mut json, slate);
    out.put_u32_le(json.len() as u32);
    out.put_slice(&json);
    out.put_slice(&slate.picture);
}

fn get_slate(kind: u8, mut payload: Bytes) -> Result<Slate, LinkError> {
    let len = payload.try_get_u32_le().map_err(short(kind))? as usize;
    if len > payload.len() {
        return Err(LinkError::Malformed { kind, what: format!("{len} bytes of JSON are not there") });
    }
    let slate: Slate = from_json(kind, &payload.split_to(len))?;
    Ok(Slate { picture: payload, ..slate })
}

/// How many, then each with its length.
fn put_sets(out: &mut BytesMut, sets: &[Bytes]) {
    out.put_u8(u8::try_from(sets.len()).expect("there are at most 31 or 255 parameter sets of a kind"));
    for set in sets {
        out.put_u16_le(u16::try_from(set.len()).expect("parameter sets are under 64 KiB"));
        out.put_slice(set);
    }
}

fn get_sets(kind: u8, payload: &mut Bytes) -> Result<Vec<Bytes>, LinkError> {
    let count = payload.try_get_u8().map_err(short(kind))?;
    let set = |_| {
        let len = usize::from(payload.try_get_u16_le().map_err(short(kind))?);
        if len > payload.len() {
            let what = format!("{len} bytes of a parameter set announced, {} there", payload.len());
            return Err(LinkError::Malformed { kind, what });
        }
        Ok(payload.split_to(len))
    };
    (0..count).map(set).collect()
}

fn get_avc(kind: u8, mut payload: Bytes) -> Result<CodecConfig, LinkError> {
    let sps = get_sets(kind, &mut payload)?;
    Ok(CodecConfig::Avc { sps, pps: get_sets(kind, &mut payload)? })
}

fn get_number(kind: u8, payload: &mut Bytes) -> Result<u8, LinkError> {
    match payload.try_get_u8().map_err(short(kind))? {
        number if usize::from(number) < SOURCES_MAX => Ok(number),
        number => Err(LinkError::Malformed { kind, what: format!("source {number}") }),
    }
}

impl FromSource {
    const fn kind(&self) -> u8 {
        match self {
            Self::VideoTrack(_) => kind::VIDEO_TRACK,
            Self::AudioTrack(_) => kind::AUDIO_TRACK,
            Self::Video(..) => kind::VIDEO,
            Self::Audio(..) => kind::AUDIO,
            Self::Lost => kind::SOURCE_LOST,
        }
    }

    fn encode(&self, number: u8, out: &mut BytesMut) {
        frame(out, self.kind(), |out| {
            out.put_u8(number);
            match self {
                Self::VideoTrack(track) | Self::AudioTrack(track) => put_json(out, track),
                Self::Video(unit, arrived) | Self::Audio(unit, arrived) => {
                    out.put_i64_le(arrived.0);
                    put_unit(out, unit);
                }
                Self::Lost => (),
            }
        });
    }

    fn decode(kind: u8, payload: Bytes) -> Result<Self, LinkError> {
        Ok(match kind {
            kind::VIDEO_TRACK => Self::VideoTrack(from_json(kind, &payload)?),
            kind::AUDIO_TRACK => Self::AudioTrack(from_json(kind, &payload)?),
            kind::VIDEO => get_source_unit(kind, payload).map(|(unit, at)| Self::Video(unit, at))?,
            kind::AUDIO => get_source_unit(kind, payload).map(|(unit, at)| Self::Audio(unit, at))?,
            kind::SOURCE_LOST => Self::Lost,
            other => return Err(LinkError::Kind(other)),
        })
    }
}

impl Message for ToWorker {
    fn encode(&self, out: &mut BytesMut) {
        match self {
            Self::Plan(plan) => frame_json(out, kind::PLAN, &**plan),
            Self::Clock { house_offset_nanos } => {
                frame(out, kind::CLOCK, |out| out.put_i64_le(*house_offset_nanos));
            }
            Self::Source(number, news) => news.encode(*number, out),
            Self::OnAir(number) => frame(out, kind::ON_AIR, |out| out.put_u8(*number)),
            Self::Slate(slate) => frame(out, kind::SLATE, |out| put_slate(out, slate)),
            Self::Stop => frame(out, kind::STOP, |_| ()),
        }
    }

    fn decode(kind: u8, mut payload: Bytes) -> Result<Self, LinkError> {
        Ok(match kind {
            kind::PLAN => Self::Plan(Box::new(from_json(kind, &payload)?)),
            kind::CLOCK => Self::Clock { house_offset_nanos: payload.try_get_i64_le().map_err(short(kind))? },
            kind::ON_AIR => Self::OnAir(get_number(kind, &mut payload)?),
            kind::SLATE => Self::Slate(get_slate(kind, payload)?),
            kind::STOP => Self::Stop,
            kind::VIDEO_TRACK..=kind::SOURCE_LOST => {
                let number = get_number(kind, &mut payload)?;
                Self::Source(number, FromSource::decode(kind, payload)?)
            }
            other => return Err(LinkError::Kind(other)),
        })
    }
}

impl Message for FromWorker {
    fn encode(&self, out: &mut BytesMut) {
        match self {
            Self::Config { rendition, config: CodecConfig::Avc { sps, pps } } => {
                frame(out, kind::CONFIG_AVC, |out| {
                    out.put_u8(*rendition);
                    put_sets(out, sps);
                    put_sets(out, pps);
                });
            }
            Self::Era { from, config } => frame(out, kind::ERA, |out| {
                out.put_i64_le(from.0);
                // Sound never changes: what is no H.264 is told as no sets, and refused there.
                let (sps, pps) = match config {
                    CodecConfig::Avc { sps, pps } => (&sps[..], &pps[..]),
                    CodecConfig::Aac { .. } => (&[][..], &[][..]),
                };
                put_sets(out, sps);
                put_sets(out, pps);
            }),
            Self::Config { rendition, config: CodecConfig::Aac { audio_specific_config } } => {
                frame(out, kind::CONFIG_AAC, |out| {
                    out.put_u8(*rendition);
                    out.put_slice(audio_specific_config);
                });
            }
            Self::Unit { rendition, unit } => frame(out, kind::UNIT, |out| {
                out.put_u8(*rendition);
                put_unit(out, unit);
            }),
            Self::Status(status) => frame_json(out, kind::STATUS, status),
            Self::Signals(signals) => frame_json(out, kind::SIGNALS, signals),
            Self::Picture(jpeg) => frame(out, kind::PICTURE, |out| out.put_slice(jpeg)),
            Self::DeviceFailed(cause) => frame_json(out, kind::DEVICE_FAILED, cause),
        }
    }

    fn decode(kind: u8, mut payload: Bytes) -> Result<Self, LinkError> {
        Ok(match kind {
            kind::CONFIG_AVC => {
                let rendition = payload.try_get_u8().map_err(short(kind))?;
                Self::Config { rendition, config: get_avc(kind, payload)? }
            }
            kind::ERA => {
                let from = Ticks(payload.try_get_i64_le().map_err(short(kind))?);
                Self::Era { from, config: get_avc(kind, payload)? }
            }
            kind::CONFIG_AAC => {
                let rendition = payload.try_get_u8().map_err(short(kind))?;
                Self::Config { rendition, config: CodecConfig::Aac { audio_specific_config: payload } }
            }
            kind::UNIT => {
                let rendition = payload.try_get_u8().map_err(short(kind))?;
                Self::Unit { rendition, unit: get_unit(kind, payload)? }
            }
            kind::STATUS => Self::Status(from_json(kind, &payload)?),
            kind::SIGNALS => Self::Signals(from_json(kind, &payload)?),
            kind::PICTURE => Self::Picture(payload),
            kind::DEVICE_FAILED => Self::DeviceFailed(from_json(kind, &payload)?),
            other => return Err(LinkError::Kind(other)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::{SourceCodec, SourceFraming};
    use proptest::prelude::*;

    fn unit() -> AccessUnit {
        let dts = Ticks::from_secs(1_780_000_000);
        let data = Bytes::from_static(b"\0\0\0\x01e");
        AccessUnit { dts, pts: dts, duration: Ticks(12_000), kind: UnitKind::Key, data }
    }

    fn plan() -> Plan {
        Plan {
            channel: "demo".into(),
            source: PlanSource::TestPattern,
            canvas: Canvas { width: 1280, height: 720, rate: FrameRate::FPS_30 },
            rungs: vec![Rung { width: 1280, height: 720, bitrate_bps: 2_500_000 }],
            slate: Slate::default(),
            latency: Latency::Standard,
            audio_bitrate_bps: 128_000,
            house_offset_nanos: -5,
            resume_video: Some(Ticks(12_000)),
            resume_audio: None,
            pass_through: Some(PassThrough { sps: vec![Bytes::from_static(b"sps")], pps: Vec::new() }),
            source_follows: false,
            device: Some(Device {
                name: "a".into(),
                kind: DeviceKind::VaApi,
                node: "/dev/dri/renderD128".into(),
                low_power: false,
            }),
        }
    }

    fn round_trip<M: Message + PartialEq + std::fmt::Debug>(messages: &[M]) {
        let mut whole = BytesMut::new();
        messages.iter().for_each(|message| message.encode(&mut whole));
        // Fed byte by byte: a frame appears exactly when its last byte does.
        let (mut buffer, mut seen) = (BytesMut::new(), Vec::new());
        for byte in whole {
            buffer.put_u8(byte);
            while let Some(message) = take::<M>(&mut buffer).unwrap() {
                seen.push(message);
            }
        }
        assert_eq!(seen, messages);
        assert!(buffer.is_empty());
    }

    #[test]
    fn messages_survive_the_link() {
        let track = SourceTrack {
            codec: SourceCodec::H264,
            framing: SourceFraming::LengthPrefixed,
            config: vec![1, 2, 3],
        };
        round_trip(&[
            ToWorker::Plan(Box::new(plan())),
            ToWorker::Clock { house_offset_nanos: 7 },
            ToWorker::Source(0, FromSource::VideoTrack(track.clone())),
            ToWorker::Source(7, FromSource::AudioTrack(track)),
            ToWorker::Source(0, FromSource::Video(unit(), Ticks(9))),
            ToWorker::Source(1, FromSource::Audio(unit(), Ticks(-9))),
            ToWorker::Source(2, FromSource::Lost),
            ToWorker::OnAir(1),
            ToWorker::Slate(Slate { text: "BACK SOON".into(), tone: true, ..Slate::default() }),
            ToWorker::Slate(Slate { picture: Bytes::from_static(b"\xff\xd8"), ..Slate::default() }),
            ToWorker::Stop,
        ]);
        let set = Bytes::from_static;
        let avc = CodecConfig::Avc { sps: vec![set(b"sps"), set(b"other")], pps: vec![set(b"pps")] };
        let aac = CodecConfig::Aac { audio_specific_config: Bytes::from_static(&[0x11, 0x90]) };
        round_trip(&[
            FromWorker::Config { rendition: 0, config: avc.clone() },
            FromWorker::Era { from: Ticks(720_000), config: avc },
            FromWorker::Config { rendition: 3, config: aac },
            FromWorker::Unit { rendition: 2, unit: unit() },
            FromWorker::Status(WorkerStatus { slots: 3, ..WorkerStatus::default() }),
            FromWorker::DeviceFailed("it made no IDR picture".into()),
            FromWorker::Signals(vec![Signal { black: Some(Ticks(4)), ..Signal::default() }]),
        ]);
    }

    #[test]
    fn a_frame_beyond_the_limit_is_refused_before_it_is_awaited() {
        let mut buffer = BytesMut::from(&u32::MAX.to_le_bytes()[..]);
        assert!(matches!(take::<FromWorker>(&mut buffer), Err(LinkError::Length(_))));
    }

    #[test]
    fn a_source_that_no_channel_has_is_refused() {
        let mut buffer = BytesMut::new();
        ToWorker::OnAir(8).encode(&mut buffer);
        assert!(matches!(take::<ToWorker>(&mut buffer), Err(LinkError::Malformed { .. })));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut framed = BytesMut::new();
            framed.put_u32_le(bytes.len() as u32);
            framed.put_slice(&bytes);
            let _ = take::<FromWorker>(&mut framed.clone());
            let _ = take::<ToWorker>(&mut framed);
        }
    }
}

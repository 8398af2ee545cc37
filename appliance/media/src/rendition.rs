//! Making a [`Rendition`]: checks that shape and configuration agree, and derives all that follows from them.

use crate::cmaf::init::{Entry, Track, header};
use crate::codec::aac::{AacError, AudioSpecificConfig};
use crate::codec::avcc;
use crate::codec::sps::{Sps, SpsError};
use crate::grid::Grid;
use crate::time::{AAC_FRAME_SAMPLES, AUDIO_SAMPLE_RATE, TICKS_PER_SECOND, Ticks};
use crate::unit::CodecConfig;
use crate::window::{Rendition, RenditionKind};
use bytes::Bytes;

/// Characters of a rendition's name: it stands in each URL and each playlist line.
pub const ID_LEN_MAX: usize = 32;

/// Bytes of an AudioSpecificConfig: descriptors with lengths of one byte can hold it. Common ones have 2 to 5.
const AUDIO_CONFIG_BYTES_MAX: usize = 64;

/// Pixels on a side: the fields of the sample entry have 16 bits.
const SIDE_PIXELS_MAX: u32 = 0xffff;

/// Why a rendition cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenditionError {
    /// Not usable in a URL.
    #[error("{0:?} cannot name a rendition; use 1 to 32 lower-case letters, digits and '-'")]
    Id(String),
    /// Video announced with an audio configuration, or the reverse.
    #[error("the codec configuration does not belong to this kind of media; send that of its own encoder")]
    Kind,
    /// H.264 without a sequence parameter set.
    #[error("the encoder gave no sequence parameter set; restart it")]
    NoSets,
    /// The parameter set describes another picture.
    #[error("the encoder makes {}x{} pictures, {}x{} were asked for; restart it", made.0, made.1, asked.0, asked.1)]
    Size {
        /// By the sequence parameter set.
        made: (u32, u32),
        /// By the rendition.
        asked: (u32, u32),
    },
    /// The configuration describes other sound.
    #[error("the encoder makes {channels} channels at {sample_rate} Hz, other than asked for; use 48000 Hz")]
    Sound {
        /// Samples per second.
        sample_rate: u32,
        /// Speakers.
        channels: u8,
    },
    /// Longer than any real one.
    #[error("an AudioSpecificConfig of {0} bytes; at most 64 can be packaged")]
    AudioConfigLength(usize),
    /// See there.
    #[error(transparent)]
    Sps(#[from] SpsError),
    /// See there.
    #[error(transparent)]
    Aac(#[from] AacError),
}

impl Rendition {
    /// A rendition as its encoder announced it, cut on `grid`.
    ///
    /// # Errors
    /// [`RenditionError`] when the name is unfit for a URL, or the configuration cannot be read or contradicts
    /// `kind`.
    pub fn new(
        id: impl Into<String>,
        kind: RenditionKind,
        config: CodecConfig,
        bitrate_bps: u32,
        grid: Grid,
    ) -> Result<Self, RenditionError> {
        let id = checked_id(id.into())?;
        let derived = match (kind, &config) {
            (RenditionKind::Video { width, height, rate }, CodecConfig::Avc { sps, pps }) => {
                video(sps, pps, (width, height), rate.frame_duration(), bitrate_bps)?
            }
            (RenditionKind::Audio { sample_rate, channels }, CodecConfig::Aac { audio_specific_config }) => {
                audio(audio_specific_config, sample_rate, channels, bitrate_bps)?
            }
            _ => return Err(RenditionError::Kind),
        };
        let Derived { codecs, init, timescale, unit_duration } = derived;
        let init_name = format!("init-{:08x}.mp4", fnv1a(&init));
        Ok(Self { id, kind, config, codecs, bitrate_bps, init, init_name, timescale, unit_duration, grid })
    }
}

/// What follows from kind and configuration.
struct Derived {
    codecs: String,
    init: Bytes,
    timescale: u32,
    unit_duration: Ticks,
}

fn checked_id(id: String) -> Result<String, RenditionError> {
    let fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=ID_LEN_MAX).contains(&id.len()) && id.bytes().all(fit) {
        Ok(id)
    } else {
        Err(RenditionError::Id(id))
    }
}

fn video(
    sps: &[Bytes],
    pps: &[Bytes],
    asked: (u32, u32),
    unit_duration: Ticks,
    bitrate_bps: u32,
) -> Result<Derived, RenditionError> {
    let mut all = Vec::with_capacity(sps.len());
    for set in sps {
        let said = Sps::parse(set)?;
        let made = (said.width, said.height);
        if made != asked || made.0.max(made.1) > SIDE_PIXELS_MAX {
            return Err(RenditionError::Size { made, asked });
        }
        all.push(said);
    }
    let said = all.into_iter().reduce(|all, said| all.and(&said)).ok_or(RenditionError::NoSets)?;
    let record = avcc::build(&said, sps, pps);
    let timescale = TICKS_PER_SECOND as u32;
    let entry = Entry::Avc { said: &said, record: &record };
    let init = header(&Track { timescale, bitrate_bps, entry });
    Ok(Derived { codecs: said.codecs(), init, timescale, unit_duration })
}

fn audio(config: &[u8], sample_rate: u32, channels: u8, bitrate_bps: u32) -> Result<Derived, RenditionError> {
    if config.len() > AUDIO_CONFIG_BYTES_MAX {
        return Err(RenditionError::AudioConfigLength(config.len()));
    }
    let said = AudioSpecificConfig::parse(config)?;
    let made = (said.sample_rate(), said.channels());
    if made != (sample_rate, channels) || sample_rate != AUDIO_SAMPLE_RATE {
        return Err(RenditionError::Sound { sample_rate: made.0, channels: made.1 });
    }
    let entry = Entry::Aac { said: &said, bytes: config };
    let init = header(&Track { timescale: sample_rate, bitrate_bps, entry });
    let unit_duration = Ticks::from_scaled(AAC_FRAME_SAMPLES.into(), AUDIO_SAMPLE_RATE);
    Ok(Derived { codecs: said.codecs(), init, timescale: sample_rate, unit_duration })
}

/// FNV-1a, 32 bits: a name for bytes, not a seal on them.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

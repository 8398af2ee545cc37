//! AAC: the AudioSpecificConfig that MP4, FLV and RTMP carry once, and the ADTS header that MPEG-TS carries
//! with each frame. Clause numbers are those of ISO/IEC 14496-3.
//!
//! Only what ADTS can say is accepted: object types 1 to 4, with or without SBR announced, rates of the table.

use bytes::Bytes;

/// Bytes of an ADTS header without CRC.
pub const ADTS_HEADER_BYTES: usize = 7;

/// The longest frame that an ADTS header can announce: aac_frame_length has 13 bits and counts the header.
/// 4.5.3.2 allows 768 bytes a channel, so only a broken encoder comes near.
pub const ADTS_PAYLOAD_BYTES_MAX: usize = (1 << 13) - 1 - ADTS_HEADER_BYTES;

/// Table 1.18: samplingFrequencyIndex.
const SAMPLE_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// Why a configuration or header was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AacError {
    /// It ends before it is whole.
    #[error("the AAC configuration ends after {0} bytes, before it is whole")]
    Short(usize),
    /// Neither Main, LC, SSR nor LTP at its core.
    #[error("AAC object type {0} cannot be carried; use AAC-LC (2)")]
    ObjectType(u8),
    /// Not in table 1.18.
    #[error("AAC at {0} Hz cannot be carried; use 48000 Hz")]
    SampleRate(u32),
    /// Zero (described in the stream itself) or reserved.
    #[error("AAC channel configuration {0} cannot be carried; use 1 to 7, such as 2 for stereo")]
    Channels(u8),
    /// 960 samples a frame.
    #[error("AAC with 960 samples a frame cannot be carried; use 1024")]
    FrameLength,
    /// The bytes are no ADTS header.
    #[error("no ADTS header: it must begin with twelve one bits, and its length must cover itself")]
    NoAdts,
}

/// What a decoder must know of an AAC stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioSpecificConfig {
    object_type: u8,
    sample_rate_index: u8,
    channel_configuration: u8,
    extension: Option<u8>,
}

/// What stands in front of one ADTS frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdtsHeader {
    /// Of the frame.
    pub config: AudioSpecificConfig,
    /// 7, or 9 with a CRC.
    pub header_len: usize,
    /// Of header and payload together.
    pub frame_len: usize,
}

impl AudioSpecificConfig {
    /// AAC-LC.
    ///
    /// # Errors
    /// [`AacError`] when the rate is not in the standard's table or there are not 1 to 7 channel configurations.
    pub fn lc(sample_rate: u32, channel_configuration: u8) -> Result<Self, AacError> {
        Self::new(2, index_of(sample_rate)?, channel_configuration, None)
    }

    fn new(object_type: u8, index: u8, channels: u8, extension: Option<u8>) -> Result<Self, AacError> {
        if !(1..=4).contains(&object_type) {
            return Err(AacError::ObjectType(object_type));
        }
        if !(1..=7).contains(&channels) {
            return Err(AacError::Channels(channels));
        }
        if usize::from(index) >= SAMPLE_RATES.len() {
            return Err(AacError::SampleRate(0));
        }
        Ok(Self { object_type, sample_rate_index: index, channel_configuration: channels, extension })
    }

    /// Reads 1.6.2.1 AudioSpecificConfig(). What follows the core's frame length flag is not looked at.
    ///
    /// # Errors
    /// [`AacError`] when it is cut off or says what ADTS cannot.
    pub fn parse(bytes: &[u8]) -> Result<Self, AacError> {
        let mut bits = Bits { bytes, at: 0 };
        let mut object_type = bits.object_type()?;
        let index = bits.sample_rate_index()?;
        let channels = bits.take(4)? as u8;
        let mut extension = None;
        // 1.6.2.1: audioObjectType 5 (SBR) and 29 (PS) announce the extension, then comes the core's type.
        if matches!(object_type, 5 | 29) {
            extension = Some(object_type);
            bits.sample_rate_index()?;
            object_type = bits.object_type()?;
        }
        let config = Self::new(object_type, index, channels, extension)?;
        // 4.4.1 GASpecificConfig: frameLengthFlag, 0 for 1024 samples.
        if bits.take(1)? == 1 {
            return Err(AacError::FrameLength);
        }
        Ok(config)
    }

    /// The configuration of the core as bytes: an extension is left to be found by the decoder
    /// (1.6.5.3, implicit signalling).
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let (kind, index) = (u16::from(self.object_type), u16::from(self.sample_rate_index));
        let word = kind << 11 | index << 7 | u16::from(self.channel_configuration) << 3;
        Bytes::copy_from_slice(&word.to_be_bytes())
    }

    /// Samples per second of the core.
    #[must_use]
    pub fn sample_rate(&self) -> u32 {
        SAMPLE_RATES[usize::from(self.sample_rate_index)]
    }

    /// Speakers: configuration 7 is 7.1.
    #[must_use]
    pub fn channels(&self) -> u8 {
        if self.channel_configuration == 7 { 8 } else { self.channel_configuration }
    }

    /// RFC 6381, such as `mp4a.40.2`.
    #[must_use]
    pub fn codecs(&self) -> String {
        format!("mp4a.40.{}", self.extension.unwrap_or(self.object_type))
    }
}

fn index_of(sample_rate: u32) -> Result<u8, AacError> {
    let found = SAMPLE_RATES.iter().position(|&rate| rate == sample_rate);
    found.map(|index| index as u8).ok_or(AacError::SampleRate(sample_rate))
}

/// The header of an ADTS frame (1.A.2.2) around `payload_len` bytes, of which no more than
/// [`ADTS_PAYLOAD_BYTES_MAX`] can be said.
#[must_use]
pub fn adts_header(config: &AudioSpecificConfig, payload_len: usize) -> [u8; ADTS_HEADER_BYTES] {
    let len = payload_len.min(ADTS_PAYLOAD_BYTES_MAX) + ADTS_HEADER_BYTES;
    let (profile, index) = (config.object_type - 1, config.sample_rate_index);
    let channels = config.channel_configuration;
    [
        0xff,
        // syncword, ID 0 (MPEG-4), layer 00, protection_absent 1
        0xf1,
        profile << 6 | index << 2 | channels >> 2,
        (channels & 3) << 6 | (len >> 11) as u8,
        (len >> 3) as u8,
        // adts_buffer_fullness 0x7FF: variable rate
        (len << 5) as u8 | 0x1f,
        // number_of_raw_data_blocks_in_frame 0: one
        0xfc,
    ]
}

/// Reads the header at the start of `bytes`. The frame itself may be longer than they are.
///
/// # Errors
/// [`AacError`] when there is none, or it says what we cannot carry.
pub fn parse_adts(bytes: &[u8]) -> Result<AdtsHeader, AacError> {
    let header: &[u8; ADTS_HEADER_BYTES] = bytes.first_chunk().ok_or(AacError::Short(bytes.len()))?;
    let [sync, flags, a, b, c, d, _] = header.map(usize::from);
    // syncword 0xFFF; layer "always 00"
    if sync != 0xff || flags & 0xf6 != 0xf0 {
        return Err(AacError::NoAdts);
    }
    let header_len = if flags & 1 == 1 { 7 } else { 9 };
    let frame_len = (b & 3) << 11 | c << 3 | d >> 5;
    if frame_len < header_len {
        return Err(AacError::NoAdts);
    }
    let channels = (a & 1) << 2 | b >> 6;
    let config = AudioSpecificConfig::new((a >> 6) as u8 + 1, (a >> 2 & 15) as u8, channels as u8, None)?;
    Ok(AdtsHeader { config, header_len, frame_len })
}

/// Reads bits, most significant first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Result<u32, AacError> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8).ok_or(AacError::Short(self.bytes.len()))?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Ok(value)
    }

    /// 1.6.2.1 GetAudioObjectType()
    fn object_type(&mut self) -> Result<u8, AacError> {
        Ok(match self.take(5)? {
            31 => 32 + self.take(6)? as u8,
            short => short as u8,
        })
    }

    /// samplingFrequencyIndex, or with the escape value 0xf the frequency itself.
    fn sample_rate_index(&mut self) -> Result<u8, AacError> {
        match self.take(4)? {
            15 => index_of(self.take(24)?),
            index => Ok(index as u8),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_usual_configuration_is_two_bytes() {
        let config = AudioSpecificConfig::lc(48_000, 2).unwrap();
        assert_eq!(&config.to_bytes()[..], [0x11, 0x90]);
        assert_eq!(AudioSpecificConfig::parse(&[0x11, 0x90]), Ok(config));
        assert_eq!((config.sample_rate(), config.channels()), (48_000, 2));
        assert_eq!(config.codecs(), "mp4a.40.2");
    }

    #[test]
    fn announced_extensions_are_named_and_their_core_is_kept() {
        // audioObjectType 5, 24 kHz, stereo, extension 48 kHz, core 2: as encoders write HE-AAC.
        let he = AudioSpecificConfig::parse(&[0x2b, 0x11, 0x88, 0x00]).unwrap();
        assert_eq!((he.codecs().as_str(), he.sample_rate()), ("mp4a.40.5", 24_000));
        // PPPP: 2, index 15 and 48000 written out.
        let escaped = AudioSpecificConfig::parse(&[0x17, 0x80, 0x5d, 0xc0, 0x10]).unwrap();
        assert_eq!(escaped, AudioSpecificConfig::lc(48_000, 2).unwrap());
    }

    #[test]
    fn what_cannot_be_carried_is_refused_in_words() {
        assert_eq!(AudioSpecificConfig::parse(&[0x11]), Err(AacError::Short(1)));
        assert_eq!(AudioSpecificConfig::parse(&[0x11, 0x80]), Err(AacError::Channels(0)));
        assert_eq!(AudioSpecificConfig::parse(&[0x11, 0x94]), Err(AacError::FrameLength));
        assert_eq!(AudioSpecificConfig::parse(&[0xf8, 0x80, 0, 0]), Err(AacError::ObjectType(36)));
        assert_eq!(AudioSpecificConfig::lc(47_999, 2), Err(AacError::SampleRate(47_999)));
        assert_eq!(parse_adts(&[0xff, 0xf1, 0x4c, 0x80, 0, 0x1f, 0xfc]), Err(AacError::NoAdts));
    }

    #[test]
    fn the_adts_header_is_the_one_that_encoders_write() {
        let config = AudioSpecificConfig::lc(48_000, 2).unwrap();
        assert_eq!(adts_header(&config, 364), [0xff, 0xf1, 0x4c, 0x80, 0x2e, 0x7f, 0xfc]);
    }

    proptest! {
        #[test]
        fn adts_and_configurations_survive(rate in 0usize..13, channels in 1u8..8, len in 0..=ADTS_PAYLOAD_BYTES_MAX) {
            let config = AudioSpecificConfig::lc(SAMPLE_RATES[rate], channels).unwrap();
            prop_assert_eq!(AudioSpecificConfig::parse(&config.to_bytes()), Ok(config));
            let header = parse_adts(&adts_header(&config, len)).unwrap();
            prop_assert_eq!(header, AdtsHeader { config, header_len: 7, frame_len: len + 7 });
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            let _ = (AudioSpecificConfig::parse(&bytes), parse_adts(&bytes));
        }
    }
}

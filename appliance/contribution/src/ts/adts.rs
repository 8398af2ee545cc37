//! AAC in ADTS (ISO/IEC 14496-3 1.A.2.2), split into bare frames.

use crate::limits::ADTS_FRAME_BYTES_MAX;
use bytes::{Bytes, BytesMut};
use media::time::{AAC_FRAME_SAMPLES, Ticks};

/// `sampling_frequency_index` (table 1.18).
const SAMPLE_RATES_HZ: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// Bytes of a header without CRC.
const HEADER_BYTES: usize = 7;

/// One bare frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) config: Config,
    pub(super) at: Ticks,
    pub(super) data: Bytes,
}

/// What every ADTS header says of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Config {
    object_type: u8,
    sample_rate_index: u8,
    channels: u8,
}

impl Config {
    /// AudioSpecificConfig (1.6.2.1): five bits of object type, four of rate, four of channels; then three of
    /// GASpecificConfig, all zero: 1,024 samples, no core coder, no extension.
    pub(super) const fn audio_specific_config(self) -> [u8; 2] {
        let (rate, channels) = (self.sample_rate_index, self.channels);
        [self.object_type << 3 | rate >> 1, (rate & 1) << 7 | channels << 3]
    }

    /// Whether the channels are described inside the frames, where a bare frame's decoder does not look.
    pub(super) const fn is_in_band(self) -> bool {
        self.channels == 0
    }

    fn sample_rate_hz(self) -> u32 {
        SAMPLE_RATES_HZ[usize::from(self.sample_rate_index)]
    }
}

/// Splits PES packets into frames; a frame may begin in one and end in another.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    carry: BytesMut,
    /// A known time, and the samples since.
    anchor: Option<(Ticks, i64)>,
    config: Option<Config>,
    malformed: u64,
}

struct Header {
    config: Config,
    header_bytes: usize,
    frame_bytes: usize,
}

impl Splitter {
    /// Takes the data of a PES packet. Its time is that "of the first access unit that commences in this PES
    /// packet" (ISO/IEC 13818-1 2.4.3.7).
    pub(super) fn split(&mut self, mut at: Option<Ticks>, data: &[u8]) -> Vec<Frame> {
        let boundary = self.carry.len();
        self.carry.extend_from_slice(data);
        let bytes = std::mem::take(&mut self.carry).freeze();
        let (mut from, mut frames) = (0, Vec::new());
        while let Some(header) = self.find_frame(&bytes, &mut from) {
            if from >= boundary
                && let Some(at) = at.take()
            {
                self.anchor = Some((at, 0));
            }
            if bytes.len() < from + header.frame_bytes {
                break;
            }
            let data = bytes.slice(from + header.header_bytes..from + header.frame_bytes);
            from += header.frame_bytes;
            frames.extend(self.next_time(header.config).map(|at| Frame { config: header.config, at, data }));
        }
        // What is left has begun here, though its header may not be whole.
        if let (true, Some(at)) = (from >= boundary && from < bytes.len(), at) {
            self.anchor = Some((at, 0));
        }
        self.carry.extend_from_slice(&bytes[from..]);
        debug_assert!(self.carry.len() <= ADTS_FRAME_BYTES_MAX, "only a frame's beginning is carried");
        frames
    }

    /// Packets are missing: the end of what was begun will not come.
    pub(super) fn drop_partial(&mut self) {
        self.carry.clear();
    }

    /// Frames without a time or with blocks that cannot be told apart, and places with no frame.
    pub(super) const fn malformed(&self) -> u64 {
        self.malformed
    }

    pub(super) fn buffered_bytes(&self) -> usize {
        self.carry.len()
    }

    /// Moves `from` to the next header that makes sense.
    fn find_frame(&mut self, bytes: &[u8], from: &mut usize) -> Option<Header> {
        let mut lost = 0;
        let header = loop {
            let Some(start) = bytes.get(*from..).and_then(|rest| rest.first_chunk()) else { break None };
            if let Some(header) = Header::read(start) {
                break Some(header);
            }
            lost = 1;
            *from += 1;
        };
        self.malformed += lost;
        header
    }

    /// The time of the next frame, and go on from there.
    fn next_time(&mut self, config: Config) -> Option<Ticks> {
        let before = self.config.replace(config).unwrap_or(config);
        let Some((anchor, samples)) = self.anchor else {
            self.malformed += 1;
            return None;
        };
        let at = anchor + Ticks::from_scaled(samples, before.sample_rate_hz());
        self.anchor = Some(match before == config {
            true => (anchor, samples + i64::from(AAC_FRAME_SAMPLES)),
            false => (at, i64::from(AAC_FRAME_SAMPLES)),
        });
        Some(at)
    }
}

impl Header {
    fn read(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let &[sync, flags, shape, channels, length, length_low, last] = bytes;
        // "syncword: '1111 1111 1111'", "layer: always '00'"
        if sync != 0xFF || flags & 0xF6 != 0xF0 {
            return None;
        }
        let header_bytes = if flags & 1 == 1 { HEADER_BYTES } else { HEADER_BYTES + 2 };
        let frame_bytes =
            usize::from(channels & 3) << 11 | usize::from(length) << 3 | usize::from(length_low >> 5);
        let config = Config {
            object_type: (shape >> 6) + 1,
            sample_rate_index: shape >> 2 & 0x0F,
            channels: (shape & 1) << 2 | channels >> 6,
        };
        // "number_of_raw_data_blocks_in_frame": several cannot be told apart without decoding them
        let sensible = usize::from(config.sample_rate_index) < SAMPLE_RATES_HZ.len()
            && frame_bytes > header_bytes
            && last & 3 == 0;
        sensible.then_some(Self { config, header_bytes, frame_bytes })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// 48 kHz stereo AAC-LC around `data`.
    pub(in crate::ts) fn frame(data: &[u8]) -> Vec<u8> {
        let length = data.len() + HEADER_BYTES;
        let lengths = [0x80 | (length >> 11) as u8, (length >> 3) as u8, ((length & 7) << 5) as u8 | 0x1F];
        [&[0xFF, 0xF1, 0x4C][..], &lengths, &[0xFC], data].concat()
    }

    fn times(frames: &[Frame]) -> Vec<i64> {
        frames.iter().map(|frame| frame.at.0).collect()
    }

    #[test]
    fn frames_are_stripped_timed_and_explained() {
        let mut splitter = Splitter::default();
        let frames = splitter.split(Some(Ticks(100)), &[frame(b"one"), frame(b"two")].concat());
        assert_eq!(times(&frames), [100, 7780]);
        assert_eq!(frames[1].data[..], *b"two");
        assert_eq!(frames[0].config.audio_specific_config(), [0x11, 0x90]);
    }

    #[test]
    fn frames_go_over_the_border_of_pes_packets() {
        let bytes = [frame(b"first"), frame(b"second"), frame(b"third")].concat();
        for cut in 1..bytes.len() {
            let mut splitter = Splitter::default();
            let mut frames = splitter.split(Some(Ticks(0)), &bytes[..cut]);
            // The time of the second packet is that of the first frame which begins in it.
            let begun = [0, 12, 25].iter().filter(|&&start| start < cut).count() as i64;
            frames.extend(splitter.split(Some(Ticks(7680 * begun)), &bytes[cut..]));
            assert_eq!(times(&frames), [0, 7680, 15_360], "cut at {cut}");
            assert_eq!(splitter.malformed(), 0);
        }
    }

    #[test]
    fn garbage_is_skipped_and_counted() {
        let mut splitter = Splitter::default();
        let frames = splitter
            .split(Some(Ticks(0)), &[b"garbage", &frame(b"one")[..], b"\xFF", &frame(b"two")].concat());
        assert_eq!(times(&frames), [0, 7680]);
        assert_eq!(splitter.malformed(), 2);
        assert_eq!(splitter.split(Some(Ticks(9)), &vec![0xFF; 100_000]), []);
        assert!(splitter.buffered_bytes() < HEADER_BYTES);
    }

    #[test]
    fn without_any_time_nothing_is_handed_on() {
        let mut splitter = Splitter::default();
        assert_eq!(splitter.split(None, &frame(b"one")), []);
        assert_eq!(splitter.malformed(), 1);
    }

    #[test]
    fn at_44_100_hz_no_rounding_adds_up() {
        let mut one = frame(b"x");
        one[2] = 0x50;
        let frames = Splitter::default().split(Some(Ticks(0)), &one.repeat(441));
        assert_eq!(frames[440].at, Ticks::from_scaled(440 * 1024, 44_100));
    }
}

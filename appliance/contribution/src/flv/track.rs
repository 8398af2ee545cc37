//! What is known of one track, and when that is news.

use super::Malformed;
use crate::limits::CONFIG_BYTES_MAX;
use bytes::Bytes;
use media::unit::{SourceCodec, SourceFraming, SourceTrack};

/// A codec that we take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known(pub(super) SourceCodec);

impl Known {
    const fn framing(self) -> SourceFraming {
        match self.0 {
            SourceCodec::H264 | SourceCodec::H265 => SourceFraming::LengthPrefixed,
            _ => SourceFraming::ByteStream,
        }
    }

    /// Whether nothing can be decoded without a configuration.
    const fn needs_config(self) -> bool {
        matches!(self.0, SourceCodec::H264 | SourceCodec::H265 | SourceCodec::Aac | SourceCodec::Flac)
    }

    /// The configuration as [`SourceCodec`] describes it, taken from what the publisher sent.
    fn config(self, sent: &[u8]) -> &[u8] {
        match self.0 {
            // "AV1CodecConfigurationRecord", "AVCDecoderConfigurationRecord" and so on are what we want; a
            // "VPCodecConfigurationRecord" tells what each key frame tells as well.
            SourceCodec::Vp9 => &[],
            SourceCodec::Flac => stream_info(sent),
            _ => sent,
        }
    }
}

/// The STREAMINFO block out of "fLaC", block header, block (RFC 9639 8.1, 8.2); or what was sent, if it is bare.
fn stream_info(sent: &[u8]) -> &[u8] {
    match sent.strip_prefix(b"fLaC") {
        // "0: Streaminfo", the first bit tells whether more blocks follow
        Some([0 | 0x80, 0, 0, 34, block @ ..]) if block.len() >= 34 => &block[..34],
        _ => sent,
    }
}

/// What has been announced.
#[derive(Debug)]
pub(super) struct Track {
    announced: Option<SourceTrack>,
}

impl Track {
    pub(super) const fn new() -> Self {
        Self { announced: None }
    }

    /// Takes a configuration; gives the track when that changes it.
    pub(super) fn configure(&mut self, known: Known, sent: &[u8]) -> Result<Option<SourceTrack>, Malformed> {
        let config = known.config(sent);
        if config.len() > CONFIG_BYTES_MAX || (config.is_empty() && known.needs_config()) {
            return Err(Malformed);
        }
        let track = SourceTrack { codec: known.0, framing: known.framing(), config: config.to_vec() };
        if self.announced.as_ref() == Some(&track) {
            return Ok(None);
        }
        self.announced = Some(track.clone());
        Ok(Some(track))
    }

    /// Before an access unit: gives the track when it was not announced yet, and needs no configuration.
    pub(super) fn announce(&mut self, known: Known) -> Result<Option<SourceTrack>, Malformed> {
        match &self.announced {
            Some(track) if track.codec == known.0 => Ok(None),
            _ => self.configure(known, &Bytes::new()),
        }
    }
}

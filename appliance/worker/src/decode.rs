//! Whether libavcodec can decode what an encoder has made. For checks: channels are not decoded again.

use crate::ff::Decoder;
use anyhow::Context as _;
use media::codec::h264;
use media::unit::{AccessUnit, CodecConfig, SourceCodec, SourceFraming, SourceTrack, UnitKind};

const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// How many pictures come out of these access units of one rung.
///
/// # Errors
/// When the decoder refuses one.
pub fn count_pictures(config: &CodecConfig, units: &[AccessUnit]) -> anyhow::Result<usize> {
    let CodecConfig::Avc { sps, pps } = config else { anyhow::bail!("this is no video") };
    let sets: Vec<u8> = sps.iter().chain(pps).flat_map(|set| START_CODE.iter().chain(set)).copied().collect();
    let track = SourceTrack { codec: SourceCodec::H264, framing: SourceFraming::ByteStream, config: vec![] };
    let (mut decoder, mut pictures) = (Decoder::open(&track)?, 0);
    for (index, unit) in units.iter().enumerate() {
        let mut data = if unit.kind == UnitKind::Key { sets.clone() } else { Vec::new() };
        for nal in h264::nals_length_prefixed(&unit.data) {
            data.extend_from_slice(&START_CODE);
            data.extend_from_slice(nal);
        }
        decoder.send(&data, unit.pts, unit.kind).with_context(|| format!("picture {index}"))?;
        while decoder.receive()?.is_some() {
            pictures += 1;
        }
    }
    Ok(pictures)
}

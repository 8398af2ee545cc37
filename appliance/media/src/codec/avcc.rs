//! The AVCDecoderConfigurationRecord of ISO/IEC 14496-15 5.3.3.1: how MP4 and FLV carry parameter sets.

use super::sps::Sps;
use crate::codec::h264::LENGTH_BYTES;
use bytes::{BufMut, Bytes};

/// numOfSequenceParameterSets has 5 bits.
const SPS_MAX: usize = 31;
/// numOfPictureParameterSets has 8.
const PPS_MAX: usize = 255;

/// What a record says that we need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvcConfig {
    /// Bytes of the length in front of each NAL unit: 1, 2 or 4.
    pub length_bytes: usize,
    /// Sequence parameter sets, bare NAL units.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets, bare NAL units.
    pub pps: Vec<Bytes>,
}

/// A record that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AvcConfigError {
    /// It ends before it is whole.
    #[error("the AVC configuration record ends after {0} bytes, before it is whole")]
    Short(usize),
    /// Not version 1.
    #[error("AVC configuration record of version {0}; only version 1 exists")]
    Version(u8),
    /// Lengths of three bytes.
    #[error("the AVC configuration record announces NAL unit lengths of 3 bytes, which the standard forbids")]
    LengthSize,
}

/// Reads a record. What follows the picture parameter sets repeats the first sequence parameter set.
///
/// # Errors
/// [`AvcConfigError`] when it is cut off or not a record.
pub fn parse(record: &[u8]) -> Result<AvcConfig, AvcConfigError> {
    let short = AvcConfigError::Short(record.len());
    let (&[version, _, _, _, lengths, sps_count], mut rest) = record.split_first_chunk().ok_or(short)?;
    if version != 1 {
        return Err(AvcConfigError::Version(version));
    }
    let length_bytes = usize::from(lengths & 3) + 1;
    if length_bytes == 3 {
        return Err(AvcConfigError::LengthSize);
    }
    let sps = take_sets(&mut rest, sps_count & 0x1f).ok_or(short)?;
    let (&pps_count, mut rest) = rest.split_first().ok_or(short)?;
    let pps = take_sets(&mut rest, pps_count).ok_or(short)?;
    Ok(AvcConfig { length_bytes, sps, pps })
}

fn take_sets(rest: &mut &[u8], count: u8) -> Option<Vec<Bytes>> {
    let mut sets = Vec::new();
    for _ in 0..count {
        let (len, after) = rest.split_first_chunk::<2>()?;
        let (set, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        sets.push(Bytes::copy_from_slice(set));
        *rest = after;
    }
    Some(sets)
}

/// Writes the record of these parameter sets, for 4-byte lengths. `said` is what all of them obey.
#[must_use]
pub fn build(said: &Sps, sps: &[Bytes], pps: &[Bytes]) -> Bytes {
    let (sps, pps) = (&sps[..sps.len().min(SPS_MAX)], &pps[..pps.len().min(PPS_MAX)]);
    let mut record = vec![1, said.profile, said.constraints, said.level];
    // '111111'b reserved, lengthSizeMinusOne; '111'b reserved, numOfSequenceParameterSets
    record.extend([0xfc | (LENGTH_BYTES - 1) as u8, 0xe0 | sps.len() as u8]);
    sps.iter().for_each(|set| put_set(&mut record, set));
    record.push(pps.len() as u8);
    pps.iter().for_each(|set| put_set(&mut record, set));
    // "if( AVCProfileIndication == 100 || AVCProfileIndication == 110 || … )"
    if matches!(said.profile, 100 | 110 | 122 | 144 | 244) {
        let (luma, chroma) = (said.luma_bits - 8, said.chroma_bits - 8);
        record.extend([0xfc | said.chroma_format, 0xf8 | luma, 0xf8 | chroma, 0]);
    }
    record.into()
}

fn put_set(record: &mut Vec<u8>, set: &[u8]) {
    record.put_u16(u16::try_from(set.len()).expect("a parameter set that was read is under 64 KiB"));
    record.put_slice(set);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{PPS_720P30, SPS_720P30};
    use proptest::prelude::*;

    #[test]
    fn a_record_survives() {
        let said = Sps::parse(SPS_720P30).unwrap();
        let record = build(&said, &[SPS_720P30.into()], &[PPS_720P30.into()]);
        assert_eq!(record[..6], [1, 0x64, 0x00, 0x1f, 0xff, 0xe1]);
        assert!(record.ends_with(&[0xfd, 0xf8, 0xf8, 0]));
        let read = parse(&record).unwrap();
        assert_eq!(read.length_bytes, 4);
        assert_eq!((&read.sps[0][..], &read.pps[0][..]), (SPS_720P30, PPS_720P30));
    }

    #[test]
    fn several_sets_stand_side_by_side() {
        let said = Sps::parse(SPS_720P30).unwrap();
        let older = Sps { profile: 77, constraints: 0x40, level: 41, ..said };
        let (sps, pps) = (vec![SPS_720P30.into(), Bytes::from_static(b"\x67")], vec![PPS_720P30.into()]);
        let record = build(&said.and(&older), &sps, &pps);
        assert_eq!(record[..6], [1, 0x64, 0x00, 0x29, 0xff, 0xe2]);
        let read = parse(&record).unwrap();
        assert_eq!((read.sps, read.pps), (sps, pps));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(prop_oneof![Just(0u8), Just(1), any::<u8>()], 0..80)) {
            let _ = parse(&[&[1], &bytes[..]].concat());
        }
    }
}

//! H.264 byte streams: annex B start codes on one side, NAL units with 4-byte lengths on the other.
//!
//! Clause numbers are those of ISO/IEC 14496-10 (H.264) unless said otherwise. What parameter sets say is read
//! in [`sps`](super::sps), the record that carries them in MP4 and FLV in [`avcc`](super::avcc).

use crate::unit::{CodecConfig, UnitKind};
use bytes::Bytes;
use h264_reader::rbsp::{BitRead, BitReader, decode_nal};

/// Bytes of the length in front of each NAL unit (ISO/IEC 14496-15 5.3.3.1: lengthSizeMinusOne + 1).
pub const LENGTH_BYTES: usize = 4;

/// The NAL unit types that matter to who carries them (table 7-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NalKind {
    /// 1: coded slice of a picture that needs others.
    Slice,
    /// 5: coded slice of an IDR picture.
    Idr,
    /// 6: supplemental enhancement information, such as captions.
    Sei,
    /// 7: sequence parameter set.
    Sps,
    /// 8: picture parameter set.
    Pps,
    /// 9: access unit delimiter.
    Delimiter,
    /// 12: filler data.
    Filler,
    /// Any other, by its number.
    Other(u8),
}

impl NalKind {
    /// The kind of a NAL unit; none when it is empty.
    #[must_use]
    pub fn of(nal: &[u8]) -> Option<Self> {
        // 7.3.1: forbidden_zero_bit f(1), nal_ref_idc u(2), nal_unit_type u(5)
        Some(match nal.first()? & 0x1f {
            1 => Self::Slice,
            5 => Self::Idr,
            6 => Self::Sei,
            7 => Self::Sps,
            8 => Self::Pps,
            9 => Self::Delimiter,
            12 => Self::Filler,
            other => Self::Other(other),
        })
    }

    /// Whether it belongs into a sample of an `avc1` track: parameter sets are in the sample entry
    /// (ISO/IEC 14496-15 5.4.2.1.2), delimiters and filler say nothing that the boxes do not.
    #[must_use]
    pub fn belongs_in_sample(self) -> bool {
        !matches!(self, Self::Sps | Self::Pps | Self::Delimiter | Self::Filler)
    }
}

/// The NAL units of an annex B byte stream, without start codes, in order. Empty ones are skipped.
pub fn nals_of_annexb(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = start_code(stream, 0);
    std::iter::from_fn(move || {
        loop {
            let from = at? + 3;
            at = start_code(stream, from);
            let nal = without_trailing_zeros(&stream[from..at.unwrap_or(stream.len())]);
            if !nal.is_empty() {
                return Some(nal);
            }
        }
    })
}

/// 7.4.1: "The last byte of the NAL unit shall not be equal to 0x00": zeros are trailing_zero_8bits, or the
/// zero_byte of the next start code.
fn without_trailing_zeros(nal: &[u8]) -> &[u8] {
    let len = nal.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    &nal[..len]
}

/// Where the next `00 00 01` is. Looks at every third byte as long as that one cannot be part of it.
fn start_code(stream: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(&[a, b, c]) = stream.get(at..at + 3) {
        match (a, b, c) {
            (0, 0, 1) => return Some(at),
            (_, _, 0) => at += 1,
            _ => at += 3,
        }
    }
    None
}

/// The NAL units of a sample with 4-byte lengths, in order. Ends where the lengths stop making sense.
pub fn nals_length_prefixed(sample: &[u8]) -> impl Iterator<Item = &[u8]> {
    nals_with_lengths(sample, LENGTH_BYTES)
}

/// The same with lengths of 1, 2 or 4 bytes.
pub fn nals_with_lengths(sample: &[u8], length_bytes: usize) -> impl Iterator<Item = &[u8]> {
    let mut rest = sample;
    std::iter::from_fn(move || {
        let (len, after) = rest.split_at_checked(length_bytes.min(LENGTH_BYTES))?;
        let len = len.iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
        if rest.is_empty() {
            return None;
        }
        let (nal, after) = after.split_at_checked(len)?;
        rest = after;
        Some(nal)
    })
}

/// One access unit of annex B as a sample of an `avc1` track: NAL units with 4-byte lengths, without
/// parameter sets, delimiters and filler. Empty when nothing else was there.
#[must_use]
pub fn annexb_to_length_prefixed(unit: &[u8]) -> Bytes {
    let mut sample = Vec::with_capacity(unit.len() + LENGTH_BYTES);
    for nal in nals_of_annexb(unit).filter(|nal| NalKind::of(nal).is_some_and(NalKind::belongs_in_sample)) {
        let len = u32::try_from(nal.len()).expect("an access unit is far below 4 GiB");
        sample.extend_from_slice(&len.to_be_bytes());
        sample.extend_from_slice(nal);
    }
    sample.into()
}

/// The first sequence and the first picture parameter set of an annex B byte stream, when both are there.
#[must_use]
pub fn parameter_sets_of_annexb(stream: &[u8]) -> Option<CodecConfig> {
    let first = |kind| nals_of_annexb(stream).find(|nal| NalKind::of(nal) == Some(kind));
    let (sps, pps) = (first(NalKind::Sps)?, first(NalKind::Pps)?);
    let (sps, pps) = (vec![Bytes::copy_from_slice(sps)], vec![Bytes::copy_from_slice(pps)]);
    Some(CodecConfig::Avc { sps, pps })
}

/// Bytes at the front of a NAL unit in which its first few numbers lie: 32 bits each at most, and what keeps start codes
/// out of them.
const NUMBERS_WITHIN: usize = 24;

/// The numbers with which a NAL unit begins, behind its header and `skip` bytes more: ue(v), 9.1.
fn first_numbers<const COUNT: usize>(nal: &[u8], skip: u32) -> Option<[u32; COUNT]> {
    // A header and something behind it.
    let front = nal.get(..nal.len().min(NUMBERS_WITHIN)).filter(|front| front.len() > 1)?;
    let rbsp = decode_nal(front).ok()?;
    let mut bits = BitReader::new(&rbsp[..]);
    bits.skip(8 * skip, "what stands before the numbers").ok()?;
    let mut numbers = [0; COUNT];
    for number in &mut numbers {
        *number = bits.read_ue("a number at the front of a NAL unit").ok()?;
    }
    Some(numbers)
}

/// seq_parameter_set_id of a sequence parameter set (7.3.2.1.1): behind profile, constraints and level.
#[must_use]
pub fn id_of_sps(sps: &[u8]) -> Option<u32> {
    first_numbers::<1>(sps, 3).map(|[id]| id)
}

/// pic_parameter_set_id of a picture parameter set, and the seq_parameter_set_id that it refers to (7.3.2.2).
#[must_use]
pub fn ids_of_pps(pps: &[u8]) -> Option<(u32, u32)> {
    first_numbers::<2>(pps, 0).map(|[id, sps]| (id, sps))
}

/// The picture parameter set that a sample's pictures are coded by: that of its first slice, behind first_mb_in_slice and
/// slice_type (7.3.3).
#[must_use]
pub fn pps_id_of_sample(sample: &[u8]) -> Option<u32> {
    let is_slice = |nal: &&[u8]| matches!(NalKind::of(nal), Some(NalKind::Slice | NalKind::Idr));
    let slice = nals_length_prefixed(sample).find(is_slice)?;
    first_numbers::<3>(slice, 0).map(|[_, _, pps]| pps)
}

/// What makes a sample no coded picture, as far as the heads of its NAL units tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SampleFault {
    /// No slice.
    #[error("what it made is no H.264 picture")]
    NoPicture,
    /// Only an IDR picture would do.
    #[error("it made no IDR picture where one was asked for")]
    NoIdr,
}

/// Looks whether a sample with 4-byte lengths is a coded picture, and an IDR picture where one was asked for.
///
/// # Errors
/// [`SampleFault`].
pub fn check_sample(sample: &[u8], wants_idr: bool) -> Result<(), SampleFault> {
    // 7.4.1: "forbidden_zero_bit shall be equal to 0"
    let kinds = || nals_length_prefixed(sample).map(|nal| NalKind::of(nal).filter(|_| nal[0] < 0x80));
    let is_whole =
        nals_length_prefixed(sample).map(|nal| nal.len() + LENGTH_BYTES).sum::<usize>() == sample.len();
    let has = |wanted: NalKind| kinds().any(|kind| kind == Some(wanted));
    match (has(NalKind::Idr), has(NalKind::Slice)) {
        _ if !is_whole || kinds().any(|kind| kind.is_none()) => Err(SampleFault::NoPicture),
        (false, false) => Err(SampleFault::NoPicture),
        (false, true) if wants_idr => Err(SampleFault::NoIdr),
        _ => Ok(()),
    }
}

/// Whether decoding may start at a sample: it holds an IDR picture.
#[must_use]
pub fn kind_of_sample(sample: &[u8]) -> UnitKind {
    let idr = nals_length_prefixed(sample).any(|nal| NalKind::of(nal) == Some(NalKind::Idr));
    if idr { UnitKind::Key } else { UnitKind::Delta }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{PPS_720P30, SPS_720P30};
    use proptest::prelude::*;

    const UNIT: &[u8] =
        b"\0\0\0\x01\x09\xf0\0\0\0\x01\x67sps\0\0\x01\x68pps\0\0\x01\x65idr\0\0\0\0\x01\x65two\0";

    #[test]
    fn annex_b_becomes_lengths_without_what_the_sample_entry_holds() {
        assert_eq!(&annexb_to_length_prefixed(UNIT)[..], b"\0\0\0\x04\x65idr\0\0\0\x04\x65two");
        assert_eq!(kind_of_sample(&annexb_to_length_prefixed(UNIT)), UnitKind::Key);
        assert_eq!(kind_of_sample(b"\0\0\0\x02\x41x"), UnitKind::Delta);
    }

    #[test]
    fn parameter_sets_are_bare_nal_units() {
        let (sps, pps) = (vec![Bytes::from_static(b"\x67sps")], vec![Bytes::from_static(b"\x68pps")]);
        assert_eq!(parameter_sets_of_annexb(UNIT), Some(CodecConfig::Avc { sps, pps }));
        assert_eq!(parameter_sets_of_annexb(b"\0\0\x01\x67sps"), None);
    }

    #[test]
    fn parameter_sets_and_slices_say_their_numbers() {
        assert_eq!(id_of_sps(SPS_720P30), Some(0));
        assert_eq!(ids_of_pps(PPS_720P30), Some((0, 0)));
        // 1: first_mb_in_slice 0; 00110: slice_type 5; 00101: set 4.
        assert_eq!(pps_id_of_sample(b"\0\0\0\x02\x06\x05\0\0\0\x03\x65\x98\xa0"), Some(4));
        assert_eq!(pps_id_of_sample(b"\0\0\0\x01\x65"), None);
        assert_eq!((id_of_sps(b"\x67"), ids_of_pps(b"")), (None, None));
    }

    #[test]
    fn what_is_no_picture_is_told_from_one() {
        let check = |sample: &[u8], wants_idr| check_sample(sample, wants_idr).err();
        assert_eq!(check(&annexb_to_length_prefixed(UNIT), true), None);
        assert_eq!(check(b"\0\0\0\x02\x41x", false), None);
        assert_eq!(check(b"\0\0\0\x02\x41x", true), Some(SampleFault::NoIdr));
        let none: [&[u8]; 5] =
            [b"", b"\0\0\0\x02\x06x", b"\xa5\xa5\xa5\xa5\xa5", b"\0\0\0\x02\xe5x", b"\0\0\0\x02\x65x!"];
        for sample in none {
            assert_eq!(check(sample, false), Some(SampleFault::NoPicture), "{sample:?}");
        }
    }

    #[test]
    fn a_stream_without_start_codes_has_no_nal_units() {
        assert_eq!(nals_of_annexb(b"").count(), 0);
        assert_eq!(nals_of_annexb(b"\0\0\x02\x65").count(), 0);
        assert_eq!(nals_of_annexb(b"\0\0\x01").count(), 0);
        assert_eq!(nals_of_annexb(b"\0\0\x01\0\0\x01\0\0\0").count(), 0);
    }

    #[test]
    fn a_length_beyond_the_end_ends_the_sample() {
        assert_eq!(nals_length_prefixed(b"\0\0\0\x01\x65\0\0\0\x09\x65").collect::<Vec<_>>(), [b"\x65"]);
        assert_eq!(nals_length_prefixed(b"\xff\xff\xff\xff").count(), 0);
    }

    /// A NAL unit as an encoder makes it: emulation prevention keeps three-byte codes out, no zero at the end.
    fn nal() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop_oneof![Just(0u8), Just(1), 2..=255u8], 1..40).prop_map(|payload| {
            let mut nal = vec![0x41];
            for byte in payload {
                if nal.ends_with(&[0, 0]) && byte <= 3 {
                    nal.push(3);
                }
                nal.push(byte);
            }
            nal.push(0x80);
            nal
        })
    }

    proptest! {
        #[test]
        fn what_was_put_behind_start_codes_comes_out(nals in prop::collection::vec((nal(), 0usize..4), 0..6)) {
            let mut stream = Vec::new();
            for (nal, zeros) in &nals {
                stream.extend(std::iter::repeat_n(0, *zeros));
                stream.extend_from_slice(&[0, 0, 1]);
                stream.extend_from_slice(nal);
            }
            let expected: Vec<&[u8]> = nals.iter().map(|(nal, _)| &nal[..]).collect();
            prop_assert_eq!(nals_of_annexb(&stream).collect::<Vec<_>>(), expected.clone());
            let sample = annexb_to_length_prefixed(&stream);
            prop_assert_eq!(nals_length_prefixed(&sample).collect::<Vec<_>>(), expected);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(prop_oneof![Just(0u8), Just(1), any::<u8>()], 0..200)) {
            let _ = (nals_of_annexb(&bytes).count(), nals_length_prefixed(&bytes).count());
            let _ = (annexb_to_length_prefixed(&bytes), parameter_sets_of_annexb(&bytes));
            let _ = (id_of_sps(&bytes), ids_of_pps(&bytes), pps_id_of_sample(&bytes));
        }
    }
}

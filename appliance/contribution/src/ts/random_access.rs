//! Whether decoding may start at a picture, as far as its byte stream tells.

use media::unit::SourceCodec;

/// Looks at the first coded slice: is it of an IDR picture (H.264), an IRAP picture (H.265), an I picture (MPEG-2)?
pub(super) fn starts_here(codec: SourceCodec, byte_stream: &[u8]) -> bool {
    start_codes(byte_stream).find_map(|unit| slice_kind(codec, unit)).unwrap_or(false)
}

/// Whether this is a slice where decoding may start; `None` if it is no slice.
fn slice_kind(codec: SourceCodec, unit: &[u8]) -> Option<bool> {
    let first = *unit.first()?;
    match codec {
        // nal_unit_type (ISO/IEC 14496-10 table 7-1): 1 - 4 slices of non-IDR pictures, 5 of IDR pictures
        SourceCodec::H264 => match first & 0x1F {
            1..=4 => Some(false),
            5 => Some(true),
            _ => None,
        },
        // nal_unit_type (ISO/IEC 23008-2 table 7-1): 16 - 23 IRAP, other slices below 32
        SourceCodec::H265 => match first >> 1 & 0x3F {
            16..=23 => Some(true),
            0..=31 => Some(false),
            _ => None,
        },
        // picture_start_code, temporal_reference of ten bits, picture_coding_type (ISO/IEC 13818-2 6.2.3)
        SourceCodec::Mpeg2Video if first == 0 => Some(unit.get(2)? >> 3 & 7 == 1),
        _ => None,
    }
}

/// What follows each start code.
fn start_codes(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.windows(3).enumerate().filter(|(_, window)| *window == [0, 0, 1]).map(|(at, _)| &bytes[at + 3..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_told_apart() {
        let starts = |codec, bytes: &[u8]| starts_here(codec, bytes);
        assert!(starts(SourceCodec::H264, &[0, 0, 0, 1, 9, 16, 0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x65, 8]));
        assert!(!starts(SourceCodec::H264, &[0, 0, 0, 1, 9, 16, 0, 0, 1, 0x41, 8, 0, 0, 1, 0x65]));
        assert!(starts(SourceCodec::H265, &[0, 0, 1, 0x40, 1, 0, 0, 1, 0x2A, 1]));
        assert!(!starts(SourceCodec::H265, &[0, 0, 1, 0x40, 1, 0, 0, 1, 0x02, 1]));
        assert!(starts(SourceCodec::Mpeg2Video, &[0, 0, 1, 0xB3, 0, 0, 0, 1, 0, 0, 0x08]));
        assert!(!starts(SourceCodec::Mpeg2Video, &[0, 0, 1, 0, 0, 0x10]));
    }

    /// mediamtx #2378, #4346; CVE-2026-12892.
    #[test]
    fn empty_nal_units_and_those_of_extensions_are_passed_over() {
        for codec in [SourceCodec::H264, SourceCodec::H265, SourceCodec::Mpeg2Video] {
            for bytes in [&[][..], &[0, 0, 1], &[0, 0, 1, 0, 0, 1], &[0, 0, 0, 1], &[1, 2, 3]] {
                assert!(!starts_here(codec, bytes));
            }
        }
        // prefix NAL and MVC slice before the IDR slice
        assert!(starts_here(SourceCodec::H264, &[0, 0, 1, 14, 0, 0, 1, 20, 0, 0, 1, 0x65]));
    }
}

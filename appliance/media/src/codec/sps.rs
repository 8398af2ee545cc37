//! What an H.264 sequence parameter set says of the pictures. Parsing is that of `h264-reader`; here is the
//! small part of it that packaging and ingest reports need.

use h264_reader::nal::sps::{AspectRatioInfo, FrameMbsFlags, SeqParameterSet};
use h264_reader::rbsp::{BitReader, decode_nal};

/// What a sequence parameter set says (ISO/IEC 14496-10 7.3.2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sps {
    /// profile_idc: 66 Baseline, 77 Main, 100 High, and so on.
    pub profile: u8,
    /// The byte of constraint_set flags.
    pub constraints: u8,
    /// level_idc: ten times the level.
    pub level: u8,
    /// Pixels across, after cropping.
    pub width: u32,
    /// Pixels down, after cropping.
    pub height: u32,
    /// chroma_format_idc: 1 for 4:2:0.
    pub chroma_format: u8,
    /// Bits of a luma sample.
    pub luma_bits: u8,
    /// Bits of a chroma sample.
    pub chroma_bits: u8,
    /// Of one pixel, when the VUI says.
    pub sample_aspect: Option<(u16, u16)>,
    /// How to show the colours, when the VUI says.
    pub colour: Option<Colour>,
    /// Field rate as time_scale / num_units_in_tick, twice the frame rate; when the VUI says.
    pub field_rate: Option<(u32, u32)>,
    /// Whether pictures may be coded as fields (frame_mbs_only_flag 0).
    pub may_have_fields: bool,
    /// Whether there may be B-frames in need of reordering: false only when the VUI promises none.
    pub may_reorder: bool,
}

/// Code points of ISO/IEC 23091-2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    /// colour_primaries.
    pub primaries: u8,
    /// transfer_characteristics.
    pub transfer: u8,
    /// matrix_coefficients.
    pub matrix: u8,
    /// video_full_range_flag.
    pub full_range: bool,
}

impl Colour {
    /// BT.709, limited range: what every canvas has, and what silence means for HD.
    pub const BT709: Self = Self { primaries: 1, transfer: 1, matrix: 1, full_range: false };
}

/// A sequence parameter set that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the H.264 sequence parameter set cannot be read: {0}")]
pub struct SpsError(String);

impl Sps {
    /// Reads a bare NAL unit of type 7, without length or start code.
    ///
    /// # Errors
    /// [`SpsError`] when it is not one, or breaks the standard.
    pub fn parse(nal: &[u8]) -> Result<Self, SpsError> {
        if nal.first().is_none_or(|header| header & 0x1f != 7) {
            return Err(SpsError("it is no NAL unit of type 7".into()));
        }
        let rbsp = decode_nal(nal).map_err(|error| SpsError(error.to_string()))?;
        let sps = SeqParameterSet::from_bits(BitReader::new(&rbsp[..]));
        let sps = sps.map_err(|error| SpsError(format!("{error:?}")))?;
        let (width, height) = sps.pixel_dimensions().map_err(|error| SpsError(format!("{error:?}")))?;
        Ok(Self::from_parsed(&sps, width, height))
    }

    fn from_parsed(sps: &SeqParameterSet, width: u32, height: u32) -> Self {
        let (chroma, vui) = (&sps.chroma_info, sps.vui_parameters.as_ref());
        let timing = vui.and_then(|vui| vui.timing_info.as_ref());
        let reorder = vui.and_then(|vui| vui.bitstream_restrictions.as_ref());
        Self {
            profile: sps.profile_idc.into(),
            constraints: sps.constraint_flags.into(),
            level: sps.level_idc,
            width,
            height,
            chroma_format: chroma.chroma_format.to_u32() as u8,
            luma_bits: 8 + chroma.bit_depth_luma_minus8,
            chroma_bits: 8 + chroma.bit_depth_chroma_minus8,
            sample_aspect: vui.and_then(|vui| vui.aspect_ratio_info.as_ref()).and_then(AspectRatioInfo::get),
            colour: vui.and_then(|vui| vui.video_signal_type.as_ref()).and_then(colour),
            field_rate: timing.map(|timing| (timing.time_scale, timing.num_units_in_tick)),
            may_have_fields: sps.frame_mbs_flags != FrameMbsFlags::Frames,
            may_reorder: reorder.is_none_or(|limits| limits.max_num_reorder_frames > 0),
        }
    }

    /// The same with the profile, constraints and level that pictures by either set obey (ISO/IEC 14496-15 5.3.3.1.2).
    /// High contains Main, and Main what encoders call Baseline.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        Self {
            profile: self.profile.max(other.profile),
            constraints: self.constraints & other.constraints,
            level: self.level.max(other.level),
            ..self
        }
    }

    /// RFC 6381 3.3, such as `avc1.64001f`: profile_idc, constraint flags and level_idc in hexadecimal.
    #[must_use]
    pub fn codecs(&self) -> String {
        format!("avc1.{:02x}{:02x}{:02x}", self.profile, self.constraints, self.level)
    }
}

fn colour(signal: &h264_reader::nal::sps::VideoSignalType) -> Option<Colour> {
    let described = signal.colour_description.as_ref()?;
    Some(Colour {
        primaries: described.colour_primaries,
        transfer: described.transfer_characteristics,
        matrix: described.matrix_coefficients,
        full_range: signal.video_full_range_flag,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{PPS_720P30, SPS_720P30};
    use proptest::prelude::*;

    #[test]
    fn an_encoders_set_is_understood() {
        let sps = Sps::parse(SPS_720P30).unwrap();
        let expected = Sps {
            profile: 100,
            constraints: 0,
            level: 31,
            width: 1280,
            height: 720,
            chroma_format: 1,
            luma_bits: 8,
            chroma_bits: 8,
            sample_aspect: Some((1, 1)),
            colour: Some(Colour::BT709),
            field_rate: Some((60, 1)),
            may_have_fields: false,
            may_reorder: false,
        };
        assert_eq!(sps, expected);
        assert_eq!(sps.codecs(), "avc1.64001f");
    }

    #[test]
    fn other_nal_units_are_refused() {
        assert!(Sps::parse(&[]).is_err());
        assert!(Sps::parse(PPS_720P30).unwrap_err().to_string().contains("type 7"));
        assert!(Sps::parse(&SPS_720P30[..8]).is_err());
    }

    proptest! {
        #[test]
        fn no_set_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Sps::parse(&[&[0x67], &bytes[..]].concat());
        }

        #[test]
        fn no_damage_panics(at in 1usize..SPS_720P30.len(), flip in 1u8.., cut in 1usize..=SPS_720P30.len()) {
            let mut bytes = SPS_720P30.to_vec();
            bytes[at] ^= flip;
            let _ = Sps::parse(&bytes[..cut]);
        }
    }
}

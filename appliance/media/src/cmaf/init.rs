//! The CMAF header of a rendition (ISO/IEC 23000-19 7.3.1): `ftyp` and `moov`.
//!
//! It depends on the configuration alone: the same encoder settings give the same bytes, today and tomorrow.
//! Clause numbers are those of ISO/IEC 14496-12 unless said otherwise.

use super::TRACK_ID;
use super::boxes::{boxed, full_box};
use crate::codec::aac::AudioSpecificConfig;
use crate::codec::sps::{Colour, Sps};
use bytes::{BufMut, Bytes};

/// The track, as the header describes it.
#[derive(Clone, Copy, Debug)]
pub struct Track<'a> {
    /// Units of time per second.
    pub timescale: u32,
    /// Held by the encoder, in bits per second.
    pub bitrate_bps: u32,
    /// What its samples are.
    pub entry: Entry<'a>,
}

/// What the samples of a track are: its one sample entry.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// `avc1`
    Avc {
        /// What the sequence parameter set says.
        said: &'a Sps,
        /// The AVCDecoderConfigurationRecord.
        record: &'a [u8],
    },
    /// `mp4a`
    Aac {
        /// What the AudioSpecificConfig says.
        said: &'a AudioSpecificConfig,
        /// The AudioSpecificConfig.
        bytes: &'a [u8],
    },
}

impl<'a> Entry<'a> {
    fn is_video(&self) -> bool {
        matches!(self, Self::Avc { .. })
    }

    /// ISO/IEC 23000-19 annexes A and K: the media profile that the track obeys, when it obeys one.
    fn media_profile(&self) -> Option<&'static [u8; 4]> {
        let Self::Avc { said, .. } = self else { return Some(b"caac") };
        let plain = matches!(said.profile, 77 | 100) && said.chroma_format == 1 && said.luma_bits == 8;
        let bt709 = said.colour.is_none_or(|colour| colour == Colour::BT709);
        match (plain && bt709, said.level, said.width, said.height) {
            (true, ..=31, ..=864, ..=576) => Some(b"cfsd"),
            (true, ..=40, ..=1920, ..=1080) => Some(b"cfhd"),
            (true, ..=42, ..=1920, ..=1080) => Some(b"chdf"),
            _ => None,
        }
    }
}

/// Identity: no rotation.
const MATRIX: [u32; 9] = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000];

/// Writes the header.
#[must_use]
pub fn header(track: &Track<'_>) -> Bytes {
    let mut out = Vec::with_capacity(1024);
    // 23000-19 7.2: 'cmfc' among the compatible brands; 'iso6' is what tfdt and default-base-is-moof need.
    boxed(&mut out, b"ftyp", |out| {
        out.put_slice(b"iso6");
        out.put_u32(0);
        out.put_slice(b"iso6cmfcdash");
        out.put_slice(track.entry.media_profile().map_or(&[], |brand| &brand[..]));
    });
    boxed(&mut out, b"moov", |out| {
        mvhd(out, track);
        trak(out, track);
        // 8.8.1: "warns readers that there might be Movie Fragment Boxes in this file"
        boxed(out, b"mvex", |out| {
            full_box(out, b"trex", 0, 0, |out| {
                [TRACK_ID, 1, 0, 0, 0].into_iter().for_each(|field| out.put_u32(field));
            });
        });
    });
    out.into()
}

/// 8.2.2. Times of creation stay zero: they would make each start's bytes differ.
fn mvhd(out: &mut Vec<u8>, track: &Track<'_>) {
    full_box(out, b"mvhd", 0, 0, |out| {
        [0, 0, track.timescale, 0, 0x0001_0000].into_iter().for_each(|field| out.put_u32(field));
        out.put_u16(0x0100);
        out.put_bytes(0, 10);
        MATRIX.into_iter().for_each(|cell| out.put_u32(cell));
        out.put_bytes(0, 24);
        out.put_u32(TRACK_ID + 1);
    });
}

fn trak(out: &mut Vec<u8>, track: &Track<'_>) {
    boxed(out, b"trak", |out| {
        tkhd(out, &track.entry);
        boxed(out, b"mdia", |out| {
            full_box(out, b"mdhd", 0, 0, |out| {
                [0, 0, track.timescale, 0].into_iter().for_each(|field| out.put_u32(field));
                // ISO 639-2/T "und", five bits a letter
                out.put_u16(0x55c4);
                out.put_u16(0);
            });
            full_box(out, b"hdlr", 0, 0, |out| {
                out.put_u32(0);
                out.put_slice(if track.entry.is_video() { b"vide" } else { b"soun" });
                out.put_bytes(0, 12);
                out.put_slice(if track.entry.is_video() { b"video\0" } else { b"audio\0" });
            });
            minf(out, track);
        });
    });
}

/// 8.3.2: flags 3 are track_enabled and track_in_movie.
fn tkhd(out: &mut Vec<u8>, entry: &Entry<'_>) {
    let (volume, width, height) = match entry {
        Entry::Avc { said, .. } => (0, said.width, said.height),
        Entry::Aac { .. } => (0x0100, 0, 0),
    };
    full_box(out, b"tkhd", 0, 3, |out| {
        [0, 0, TRACK_ID, 0, 0, 0, 0].into_iter().for_each(|field| out.put_u32(field));
        // layer, alternate_group, volume, reserved
        [0, 0, volume, 0].into_iter().for_each(|field| out.put_u16(field));
        MATRIX.into_iter().for_each(|cell| out.put_u32(cell));
        // 16.16 fixed point
        out.put_u32(width << 16);
        out.put_u32(height << 16);
    });
}

fn minf(out: &mut Vec<u8>, track: &Track<'_>) {
    boxed(out, b"minf", |out| {
        if track.entry.is_video() {
            full_box(out, b"vmhd", 0, 1, |out| out.put_bytes(0, 8));
        } else {
            full_box(out, b"smhd", 0, 0, |out| out.put_bytes(0, 4));
        }
        boxed(out, b"dinf", |out| {
            full_box(out, b"dref", 0, 0, |out| {
                out.put_u32(1);
                // 8.7.2: flag 1, the media is in this file
                full_box(out, b"url ", 0, 1, |_| ());
            });
        });
        stbl(out, track);
    });
}

/// 8.5.1. Samples are in fragments alone: their tables here are empty.
fn stbl(out: &mut Vec<u8>, track: &Track<'_>) {
    boxed(out, b"stbl", |out| {
        full_box(out, b"stsd", 0, 0, |out| {
            out.put_u32(1);
            match track.entry {
                Entry::Avc { said, record } => avc1(out, said, record),
                Entry::Aac { said, bytes } => mp4a(out, said, bytes, track.bitrate_bps),
            }
        });
        full_box(out, b"stts", 0, 0, |out| out.put_u32(0));
        full_box(out, b"stsc", 0, 0, |out| out.put_u32(0));
        full_box(out, b"stsz", 0, 0, |out| out.put_u64(0));
        full_box(out, b"stco", 0, 0, |out| out.put_u32(0));
    });
}

/// 8.5.2.2: reserved, data_reference_index.
fn sample_entry(out: &mut Vec<u8>) {
    out.put_bytes(0, 6);
    out.put_u16(1);
}

/// 12.1.3 VisualSampleEntry; ISO/IEC 14496-15 5.4.2.1.
fn avc1(out: &mut Vec<u8>, said: &Sps, record: &[u8]) {
    boxed(out, b"avc1", |out| {
        sample_entry(out);
        out.put_bytes(0, 16);
        out.put_u16(said.width as u16);
        out.put_u16(said.height as u16);
        // 72 dpi both ways, reserved, one frame a sample, no compressor name, depth 24, pre_defined -1
        [0x0048_0000, 0x0048_0000, 0].into_iter().for_each(|field| out.put_u32(field));
        out.put_u16(1);
        out.put_bytes(0, 32);
        out.put_u16(0x18);
        out.put_u16(0xffff);
        boxed(out, b"avcC", |out| out.put_slice(record));
        colr(out, &said.colour.unwrap_or(Colour::BT709));
        let (across, down) = said.sample_aspect.unwrap_or((1, 1));
        boxed(out, b"pasp", |out| [across, down].into_iter().for_each(|field| out.put_u32(field.into())));
    });
}

/// 12.1.5
fn colr(out: &mut Vec<u8>, colour: &Colour) {
    boxed(out, b"colr", |out| {
        out.put_slice(b"nclx");
        let points = [colour.primaries, colour.transfer, colour.matrix];
        points.into_iter().for_each(|point| out.put_u16(point.into()));
        out.put_u8(u8::from(colour.full_range) << 7);
    });
}

/// 12.2.3 AudioSampleEntry; ISO/IEC 14496-14 6.7.
fn mp4a(out: &mut Vec<u8>, said: &AudioSpecificConfig, config: &[u8], bitrate_bps: u32) {
    boxed(out, b"mp4a", |out| {
        sample_entry(out);
        out.put_u64(0);
        out.put_u16(said.channels().into());
        out.put_u16(16);
        out.put_u32(0);
        out.put_u32(said.sample_rate() << 16);
        full_box(out, b"esds", 0, 0, |out| es_descriptor(out, config, bitrate_bps));
    });
}

/// ISO/IEC 14496-1 7.2.6.5: ES, decoder configuration, decoder specific information, SL configuration.
fn es_descriptor(out: &mut Vec<u8>, config: &[u8], bitrate_bps: u32) {
    let specific = config.len() as u8;
    // 14496-14 3.1.2: in files ES_ID is 0.
    out.put_slice(&[0x03, 3 + 2 + 13 + 2 + specific + 3, 0, 0, 0]);
    // objectTypeIndication 0x40: ISO/IEC 14496-3; streamType 5: audio, upStream 0, reserved 1
    out.put_slice(&[0x04, 13 + 2 + specific, 0x40, 0x15, 0, 0, 0]);
    out.put_u32(bitrate_bps);
    out.put_u32(bitrate_bps);
    out.put_slice(&[0x05, specific]);
    out.put_slice(config);
    // predefined 2: "Reserved for use in MP4 files"
    out.put_slice(&[0x06, 1, 2]);
}

//! Which program, and which of its streams: the program association and program map tables (2.4.4.3, 2.4.4.8).

use super::elementary::Coding;
use super::section::Section;
use crate::limits::PROGRAM_STREAMS_MAX;
use crate::{Medium, Unsupported};
use media::unit::SourceCodec;

/// Where the map of a program is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) number: u16,
    pub(super) map_pid: u16,
}

/// A stream that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) pid: u16,
    pub(super) coding: Coding,
}

/// What is taken of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) video: Option<Chosen>,
    pub(super) audio: Option<Chosen>,
    /// Of a medium of which nothing could be chosen.
    pub(super) unsupported: Vec<Unsupported>,
}

/// What one stream of the map is.
enum Offer {
    Coded(Coding),
    Unsupported(Medium, &'static str),
    /// Data, subtitles, private streams.
    Other,
}

/// The first program of the association table. "program_number 0x0000: then the following PID reference shall be
/// the network PID."
pub(super) fn first_program(section: &Section) -> Option<Program> {
    if section.table_id != 0 || !section.is_current || section.number != 0 {
        return None;
    }
    let (entries, _) = section.body.as_chunks::<4>();
    let mut programs = entries.iter().map(|&[number, number_low, pid, pid_low]| Program {
        number: u16::from_be_bytes([number, number_low]),
        map_pid: u16::from_be_bytes([pid & 0x1F, pid_low]),
    });
    programs.find(|program| program.number != 0)
}

/// What is taken of `program`, if this is its current map.
pub(super) fn select(section: &Section, program: Program) -> Option<Selection> {
    if section.table_id != 2 || !section.is_current || section.extension != program.number {
        return None;
    }
    // PCR_PID, program_info_length, and so many bytes of descriptors
    let (&[_, _, high, low], rest) = section.body.split_first_chunk()?;
    let mut rest = rest.get(usize::from(u16::from_be_bytes([high & 0x0F, low]))..)?;
    let mut selection = Selection::default();
    for _ in 0..PROGRAM_STREAMS_MAX {
        let Some((&[stream_type, pid, pid_low, high, low], after)) = rest.split_first_chunk() else { break };
        let length = usize::from(u16::from_be_bytes([high & 0x0F, low]));
        let Some((descriptors, after)) = after.split_at_checked(length) else { break };
        selection.consider(u16::from_be_bytes([pid & 0x1F, pid_low]), offer(stream_type, descriptors));
        rest = after;
    }
    let (video, audio) = (selection.video.is_some(), selection.audio.is_some());
    selection.unsupported.retain(|unsupported| match unsupported.medium {
        Medium::Video => !video,
        Medium::Audio => !audio,
    });
    Some(selection)
}

impl Selection {
    fn consider(&mut self, pid: u16, offer: Offer) {
        match offer {
            Offer::Coded(coding) if coding.medium() == Medium::Video => {
                self.video.get_or_insert(Chosen { pid, coding });
            }
            Offer::Coded(coding) => {
                self.audio.get_or_insert(Chosen { pid, coding });
            }
            Offer::Unsupported(medium, codec) => {
                self.unsupported.push(Unsupported { medium, codec: codec.into() });
            }
            Offer::Other => {}
        }
    }
}

/// Table 2-34, and what ATSC A/53 and others have made of the user-private range.
fn offer(stream_type: u8, descriptors: &[u8]) -> Offer {
    match stream_type {
        0x02 => Offer::Coded(Coding::Video(SourceCodec::Mpeg2Video)),
        0x1B => Offer::Coded(Coding::Video(SourceCodec::H264)),
        0x24 => Offer::Coded(Coding::Video(SourceCodec::H265)),
        0x03 | 0x04 => Offer::Coded(Coding::Audio(SourceCodec::MpegAudio)),
        0x0F => Offer::Coded(Coding::Adts),
        0x81 => Offer::Coded(Coding::Audio(SourceCodec::Ac3)),
        0x87 => Offer::Coded(Coding::Audio(SourceCodec::Eac3)),
        0x06 => private_data(descriptors),
        0x01 => Offer::Unsupported(Medium::Video, "MPEG-1 video"),
        0x10 => Offer::Unsupported(Medium::Video, "MPEG-4 part 2 video"),
        0x21 => Offer::Unsupported(Medium::Video, "JPEG 2000"),
        0x33 => Offer::Unsupported(Medium::Video, "H.266"),
        0x42 | 0xD2 => Offer::Unsupported(Medium::Video, "AVS"),
        0xD1 => Offer::Unsupported(Medium::Video, "Dirac"),
        0xEA => Offer::Unsupported(Medium::Video, "VC-1"),
        0x11 => Offer::Unsupported(Medium::Audio, "AAC in LATM"),
        0x2D | 0x2E => Offer::Unsupported(Medium::Audio, "MPEG-H 3D audio"),
        0x80 => Offer::Unsupported(Medium::Audio, "LPCM"),
        0x82 | 0x85 | 0x88 | 0x8A => Offer::Unsupported(Medium::Audio, "DTS"),
        0x83 => Offer::Unsupported(Medium::Audio, "Dolby TrueHD"),
        _ => Offer::Other,
    }
}

/// "PES packets containing private data": the descriptors tell what they are.
fn private_data(descriptors: &[u8]) -> Offer {
    let mut offer = Offer::Other;
    let mut opus_channels = 0;
    for (tag, body) in Descriptors(descriptors) {
        offer = match (tag, body) {
            // registration_descriptor (2.6.8)
            (0x05, [b'O', b'p', b'u', b's', ..]) => Offer::Coded(Coding::Opus { channel_configuration: 0 }),
            (0x05, [b'A', b'C', b'-', b'3', ..]) => Offer::Coded(Coding::Audio(SourceCodec::Ac3)),
            (0x05, [b'E', b'A', b'C', b'3', ..]) => Offer::Coded(Coding::Audio(SourceCodec::Eac3)),
            (0x05, [b'H', b'E', b'V', b'C', ..]) => Offer::Coded(Coding::Video(SourceCodec::H265)),
            // AC-3 and enhanced AC-3 descriptors (ETSI EN 300 468 annex D)
            (0x6A, _) => Offer::Coded(Coding::Audio(SourceCodec::Ac3)),
            (0x7A, _) => Offer::Coded(Coding::Audio(SourceCodec::Eac3)),
            (0x7B, _) => Offer::Unsupported(Medium::Audio, "DTS"),
            // DVB extension descriptor; "Encapsulation of Opus in MPEG TS": 0x80, channel_config_code
            (0x7F, &[0x80, code, ..]) => {
                opus_channels = code;
                continue;
            }
            _ => continue,
        };
    }
    match offer {
        Offer::Coded(Coding::Opus { .. }) => {
            Offer::Coded(Coding::Opus { channel_configuration: opus_channels })
        }
        offer => offer,
    }
}

/// Tags and bodies, as far as they fit.
struct Descriptors<'a>(&'a [u8]);

impl<'a> Iterator for Descriptors<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[tag, length], rest) = self.0.split_first_chunk()?;
        let (body, rest) = rest.split_at_checked(length.into())?;
        self.0 = rest;
        Some((tag, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    const PROGRAM: Program = Program { number: 1, map_pid: 0x1000 };

    fn section(table_id: u8, body: &[u8]) -> Section {
        let body = Bytes::copy_from_slice(body);
        Section { table_id, extension: 1, is_current: true, number: 0, body }
    }

    fn selection(streams: &[(u8, u16, &[u8])]) -> Selection {
        let mut body = vec![0xE1, 0, 0xF0, 0];
        for (stream_type, pid, descriptors) in streams {
            body.push(*stream_type);
            body.extend((0xE000 | pid).to_be_bytes());
            body.extend([0xF0, descriptors.len() as u8]);
            body.extend(*descriptors);
        }
        select(&section(2, &body), PROGRAM).unwrap()
    }

    #[test]
    fn the_first_program_is_not_the_network() {
        let body = [0, 0, 0xE0, 0x10, 0, 1, 0xF0, 0, 0, 2, 0xF0, 1];
        assert_eq!(first_program(&section(0, &body)), Some(PROGRAM));
        assert_eq!(first_program(&section(0, &body[..7])), None);
    }

    #[test]
    fn the_first_streams_that_can_be_taken_are() {
        let chosen = selection(&[
            (0x06, 9, &[0x59, 0]),
            (0x11, 10, &[]),
            (0x1B, 11, &[]),
            (0x24, 12, &[]),
            (0x03, 13, &[]),
        ]);
        assert_eq!(chosen.video, Some(Chosen { pid: 11, coding: Coding::Video(SourceCodec::H264) }));
        assert_eq!(chosen.audio, Some(Chosen { pid: 13, coding: Coding::Audio(SourceCodec::MpegAudio) }));
        assert_eq!(chosen.unsupported, []);
    }

    #[test]
    fn latm_alone_is_reported() {
        let chosen = selection(&[(0x11, 10, &[])]);
        let report = chosen.unsupported.iter().map(ToString::to_string).collect::<String>();
        insta::assert_snapshot!(report, @"the source's audio is AAC in LATM, which is not taken; set the encoder to AAC");
    }

    #[test]
    fn private_streams_are_known_by_their_descriptors() {
        let coding =
            |descriptors: &[u8]| selection(&[(0x06, 10, descriptors)]).audio.map(|chosen| chosen.coding);
        let opus = [&[5, 4][..], b"Opus", &[0x7F, 2, 0x80, 2]].concat();
        assert_eq!(coding(&opus), Some(Coding::Opus { channel_configuration: 2 }));
        assert_eq!(coding(&[0x6A, 1, 0]), Some(Coding::Audio(SourceCodec::Ac3)));
        assert_eq!(coding(&[5, 200, b'O']), None);
    }

    #[test]
    fn maps_that_end_early_give_what_was_whole() {
        let body = [0xE1, 0, 0xF0, 0, 0x1B, 0xE1, 0, 0xF0, 0, 0x0F, 0xE1, 1, 0xF0, 9];
        let selection = select(&section(2, &body), PROGRAM).unwrap();
        assert!(selection.video.is_some() && selection.audio.is_none());
        assert_eq!(select(&section(2, &[0xE1, 0, 0xFF, 0xFF]), PROGRAM), None);
        assert_eq!(select(&section(2, &[]), PROGRAM), None);
    }
}

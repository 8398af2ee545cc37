//! Sections of program-specific information (2.4.4), put together over packets and checked.

use crate::limits::SECTION_BYTES_MAX;
use bytes::{Buf, Bytes, BytesMut};

/// Bytes of the header of a section up to its length; of the rest of the header; of the CRC.
const PREFIX_BYTES: usize = 3;
const SYNTAX_BYTES: usize = 5;
const CRC_BYTES: usize = 4;

/// A whole section with a good CRC, with the fields that all have (2.4.4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) table_id: u8,
    /// `transport_stream_id` or `program_number`
    pub(super) extension: u16,
    /// `current_next_indicator`
    pub(super) is_current: bool,
    pub(super) number: u8,
    /// What is between header and CRC.
    pub(super) body: Bytes,
}

/// Puts the sections of one PID together.
#[derive(Debug, Default)]
pub(super) struct SectionReader {
    /// A section in the making; `None` until one starts.
    partial: Option<BytesMut>,
    bad: u64,
}

impl SectionReader {
    /// Takes the payload of a packet; gives the sections that it completes.
    pub(super) fn handle(&mut self, payload: &[u8], starts_unit: bool) -> Vec<Section> {
        let mut sections = Vec::new();
        if !starts_unit {
            self.append(payload, &mut sections);
            return sections;
        }
        // "pointer_field: the number of bytes, immediately following the pointer_field until the first byte of the
        // first section" (2.4.4.2)
        let Some((&pointer, rest)) = payload.split_first() else { return sections };
        let Some((tail, start)) = rest.split_at_checked(pointer.into()) else {
            self.drop_partial();
            return sections;
        };
        self.append(tail, &mut sections);
        self.partial = Some(BytesMut::new());
        self.append(start, &mut sections);
        sections
    }

    /// Packets are missing: what was begun cannot be finished.
    pub(super) fn drop_partial(&mut self) {
        self.bad += u64::from(self.partial.take().is_some_and(|partial| !partial.is_empty()));
    }

    /// Sections dropped: too long, too short, or with a wrong CRC.
    pub(super) const fn bad(&self) -> u64 {
        self.bad
    }

    pub(super) fn buffered_bytes(&self) -> usize {
        self.partial.as_ref().map_or(0, BytesMut::len)
    }

    fn append(&mut self, bytes: &[u8], sections: &mut Vec<Section>) {
        let Some(partial) = &mut self.partial else { return };
        partial.extend_from_slice(bytes);
        while let Some(&[table_id, high, low]) = partial.first_chunk::<PREFIX_BYTES>() {
            let length = PREFIX_BYTES + usize::from(u16::from_be_bytes([high & 0x0F, low]));
            // "Within a Transport Stream, packet stuffing bytes of value 0xFF may be found [...] after the last
            // byte of a section" (2.4.4.1)
            if table_id == 0xFF {
                self.partial = None;
                return;
            }
            if length > SECTION_BYTES_MAX {
                return self.drop_partial();
            }
            if partial.len() < length {
                return;
            }
            let section = read(partial.split_to(length).freeze());
            self.bad += u64::from(section.is_none());
            sections.extend(section);
        }
    }
}

fn read(mut bytes: Bytes) -> Option<Section> {
    // Shorter ones have broken others: the CRC would begin before the header ends.
    if bytes.len() < PREFIX_BYTES + SYNTAX_BYTES + CRC_BYTES || bytes[1] & 0x80 == 0 || crc32(&bytes) != 0 {
        return None;
    }
    let [table_id, _, _, high, low, version, number] = *bytes.first_chunk()?;
    bytes.advance(PREFIX_BYTES + SYNTAX_BYTES);
    bytes.truncate(bytes.len() - CRC_BYTES);
    let extension = u16::from_be_bytes([high, low]);
    Some(Section { table_id, extension, is_current: version & 1 != 0, number, body: bytes })
}

/// Annex A: over a section with its CRC it is zero.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
            if crc & 0x8000_0000 == 0 { crc << 1 } else { crc << 1 ^ 0x04C1_1DB7 }
        })
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A section around `body`.
    pub(in crate::ts) fn section(table_id: u8, extension: u16, body: &[u8]) -> Vec<u8> {
        let length = (SYNTAX_BYTES + body.len() + CRC_BYTES) as u16;
        let mut bytes = vec![table_id];
        bytes.extend((0xB000 | length).to_be_bytes());
        bytes.extend(extension.to_be_bytes());
        bytes.extend([0xC1, 0, 0]);
        bytes.extend(body);
        bytes.extend(crc32(&bytes).to_be_bytes());
        bytes
    }

    #[test]
    fn sections_are_put_together_over_packets() {
        let long = section(2, 7, &[0x55; 300]);
        let mut reader = SectionReader::default();
        assert!(reader.handle(&[&[0], &long[..183]].concat(), true).is_empty());
        assert_eq!(reader.buffered_bytes(), 183);
        let short = section(2, 8, &[]);
        let rest = [&[(long.len() - 183) as u8], &long[183..], &short, &[0xFF; 20]].concat();
        let sections = reader.handle(&rest, true);
        assert_eq!(
            sections.iter().map(|s| (s.extension, s.body.len())).collect::<Vec<_>>(),
            [(7, 300), (8, 0)]
        );
        assert_eq!((reader.buffered_bytes(), reader.bad()), (0, 0));
    }

    #[test]
    fn a_wrong_crc_is_dropped_and_counted() {
        let mut bytes = [vec![0], section(0, 1, &[0, 1, 0xE0, 0x20])].concat();
        bytes[10] ^= 1;
        let mut reader = SectionReader::default();
        assert!(reader.handle(&bytes, true).is_empty());
        assert_eq!(reader.bad(), 1);
    }

    /// CVE-2016-9812.
    #[test]
    fn a_small_ts_section_is_dropped() {
        for length in 0..9 {
            let bytes = [&[0, 2, 0xB0, length][..], &[0; 9][..length.into()]].concat();
            let mut reader = SectionReader::default();
            assert!(reader.handle(&bytes, true).is_empty());
            assert_eq!(reader.bad(), 1, "length {length}");
        }
        assert!(SectionReader::default().handle(&[], true).is_empty());
        assert!(SectionReader::default().handle(&[0], true).is_empty());
        assert!(SectionReader::default().handle(&[200, 1, 2], true).is_empty());
    }

    #[test]
    fn a_section_too_long_is_dropped_at_once() {
        let mut reader = SectionReader::default();
        reader.handle(&[0, 2, 0xBF, 0xFF, 1, 2, 3], true);
        assert_eq!((reader.bad(), reader.buffered_bytes()), (1, 0));
    }
}

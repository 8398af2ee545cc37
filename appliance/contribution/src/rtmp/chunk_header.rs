//! The chunk header (5.3.1), collected byte by byte until it is whole.

/// Basic header, message header and extended timestamp at their longest: 3 + 11 + 4.
const HEADER_BYTES_MAX: usize = 18;

/// "0xFFFFFF indicates the presence of an Extended Timestamp field."
const EXTENDED: u32 = 0xFF_FFFF;

/// The bytes of one chunk header so far.
#[derive(Debug, Default)]
pub(super) struct HeaderBytes {
    bytes: [u8; HEADER_BYTES_MAX],
    len: usize,
}

/// A chunk header, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChunkHeader {
    /// Chunk stream.
    pub(super) stream: u32,
    /// What it says about its message.
    pub(super) format: Format,
    /// The extended timestamp field, where there is one.
    pub(super) extended: Option<u32>,
}

/// Chunk message header (5.3.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Type 0: everything, with an absolute timestamp.
    Full { timestamp_ms: u32, length: usize, kind: u8, stream_id: u32 },
    /// Type 1: the message stream is as before.
    SameStream { delta_ms: u32, length: usize, kind: u8 },
    /// Type 2: so are length and kind.
    SameLength { delta_ms: u32 },
    /// Type 3: everything is as before, or the message goes on.
    Same,
}

impl HeaderBytes {
    /// Takes what it needs from `input`; gives the header when it is whole. `has_extended` tells whether the last
    /// message header of a chunk stream had an extended timestamp, since then type 3 chunks have it too.
    pub(super) fn advance(
        &mut self,
        input: &mut &[u8],
        has_extended: impl Fn(u32) -> bool,
    ) -> Option<ChunkHeader> {
        loop {
            let needed = self.needed(&has_extended);
            if self.len == needed {
                let header = self.read(&has_extended);
                self.len = 0;
                return Some(header);
            }
            let take = input.len().min(needed - self.len);
            if take == 0 {
                return None;
            }
            self.bytes[self.len..self.len + take].copy_from_slice(&input[..take]);
            self.len += take;
            *input = &input[take..];
        }
    }

    pub(super) const fn buffered_bytes(&self) -> usize {
        self.len
    }

    /// Bytes of the header, as far as those that are here can tell.
    fn needed(&self, has_extended: impl Fn(u32) -> bool) -> usize {
        if self.len == 0 {
            return 1;
        }
        let fixed = self.basic_bytes() + self.message_bytes();
        if self.len < fixed {
            return fixed;
        }
        fixed + if self.is_extended(has_extended) { 4 } else { 0 }
    }

    /// 5.3.1.1: one byte for chunk streams 2 - 63, two up to 319, three up to 65599.
    const fn basic_bytes(&self) -> usize {
        match self.bytes[0] & 0x3F {
            0 => 2,
            1 => 3,
            _ => 1,
        }
    }

    const fn message_bytes(&self) -> usize {
        match self.bytes[0] >> 6 {
            0 => 11,
            1 => 7,
            2 => 3,
            _ => 0,
        }
    }

    /// "This field is present in Type 3 chunks when the most recent Type 0, 1, or 2 chunk for the same chunk
    /// stream ID indicated the presence of an extended timestamp field." (5.3.1.3)
    fn is_extended(&self, has_extended: impl Fn(u32) -> bool) -> bool {
        match self.message_bytes() {
            0 => has_extended(self.stream()),
            _ => self.u24(0) == EXTENDED,
        }
    }

    fn stream(&self) -> u32 {
        let [first, second, third, ..] = self.bytes;
        match first & 0x3F {
            0 => u32::from(second) + 64,
            1 => u32::from(third) * 256 + u32::from(second) + 64,
            stream => u32::from(stream),
        }
    }

    /// Of the message header, at `at`.
    fn u24(&self, at: usize) -> u32 {
        let at = self.basic_bytes() + at;
        u32::from_be_bytes([0, self.bytes[at], self.bytes[at + 1], self.bytes[at + 2]])
    }

    fn read(&self, has_extended: impl Fn(u32) -> bool) -> ChunkHeader {
        let tail = |at: usize| [self.bytes[at], self.bytes[at + 1], self.bytes[at + 2], self.bytes[at + 3]];
        let (basic, fixed) = (self.basic_bytes(), self.basic_bytes() + self.message_bytes());
        let extended = self.is_extended(has_extended).then(|| u32::from_be_bytes(tail(fixed)));
        let time = || extended.unwrap_or_else(|| self.u24(0));
        let format = match self.bytes[0] >> 6 {
            0 => Format::Full {
                timestamp_ms: time(),
                length: self.u24(3) as usize,
                kind: self.bytes[basic + 6],
                stream_id: u32::from_le_bytes(tail(basic + 7)),
            },
            1 => Format::SameStream {
                delta_ms: time(),
                length: self.u24(3) as usize,
                kind: self.bytes[basic + 6],
            },
            2 => Format::SameLength { delta_ms: time() },
            _ => Format::Same,
        };
        ChunkHeader { stream: self.stream(), format, extended }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<ChunkHeader> {
        HeaderBytes::default().advance(&mut &*bytes, |_| false)
    }

    #[test]
    fn reads_all_three_forms_of_the_chunk_stream() {
        assert_eq!(read(&[0xC3]).unwrap().stream, 3);
        assert_eq!(read(&[0xC0, 10]).unwrap().stream, 74);
        assert_eq!(read(&[0xC1, 1, 2]).unwrap().stream, 577);
        assert_eq!(read(&[0xC1, 1]), None);
    }

    #[test]
    fn reads_a_full_header_with_an_extended_timestamp() {
        let bytes = [4, 0xFF, 0xFF, 0xFF, 0, 1, 0, 9, 1, 0, 0, 0, 0x12, 0x34, 0x56, 0x78];
        let format = Format::Full { timestamp_ms: 0x1234_5678, length: 256, kind: 9, stream_id: 1 };
        assert_eq!(read(&bytes), Some(ChunkHeader { stream: 4, format, extended: Some(0x1234_5678) }));
        assert_eq!(read(&bytes[..15]), None);
    }
}

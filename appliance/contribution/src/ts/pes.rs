//! PES packets (2.4.3.6), put together.

use crate::limits::UNIT_BYTES_MAX;
use bytes::{Bytes, BytesMut};

/// A PES packet, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pes {
    /// In 1/90,000 s, 33 bits.
    pub(super) pts: Option<u64>,
    /// The same; only where it differs.
    pub(super) dts: Option<u64>,
    /// Whether the packet in which it started had a `random_access_indicator`.
    pub(super) random_access: bool,
    pub(super) data: Bytes,
}

/// Puts the PES packets of one PID together.
#[derive(Debug, Default)]
pub(super) struct PesReader {
    partial: Option<BytesMut>,
    random_access: bool,
    dropped: u64,
}

impl PesReader {
    /// A new PES packet starts: gives the one before if its length was not known. Call [`append`](Self::append) then.
    pub(super) fn start(&mut self, random_access: bool) -> Option<Pes> {
        let before = self.finish();
        self.partial = Some(BytesMut::new());
        self.random_access = random_access;
        before
    }

    /// Gives the PES packet that this completes.
    pub(super) fn append(&mut self, payload: &[u8]) -> Option<Pes> {
        let partial = self.partial.as_mut()?;
        if partial.len() + payload.len() > UNIT_BYTES_MAX {
            self.drop_partial();
            return None;
        }
        partial.extend_from_slice(payload);
        let whole = declared_bytes(partial).is_some_and(|declared| partial.len() >= declared);
        if whole { self.finish() } else { None }
    }

    /// What there is, if it is whole.
    pub(super) fn finish(&mut self) -> Option<Pes> {
        let pes = read(self.partial.take()?.freeze(), self.random_access);
        self.dropped += u64::from(pes.is_none());
        pes
    }

    /// Packets are missing: what was begun cannot be finished.
    pub(super) fn drop_partial(&mut self) -> Dropped {
        let dropped = self.partial.take().is_some();
        self.dropped += u64::from(dropped);
        if dropped { Dropped::Unit } else { Dropped::Nothing }
    }

    /// PES packets dropped: broken, malformed or too long.
    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn buffered_bytes(&self) -> usize {
        self.partial.as_ref().map_or(0, BytesMut::len)
    }
}

/// Whether there was something to drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dropped {
    Unit,
    Nothing,
}

/// "PES_packet_length: the number of bytes in the PES packet following the last byte of the field. A value of 0
/// indicates that the PES packet length is neither specified nor bounded".
fn declared_bytes(packet: &[u8]) -> Option<usize> {
    let length = usize::from(u16::from_be_bytes([*packet.get(4)?, *packet.get(5)?]));
    (length > 0).then_some(6 + length)
}

/// `None` if it is not a PES packet with such a header, or not whole.
fn read(mut packet: Bytes, random_access: bool) -> Option<Pes> {
    if let Some(declared) = declared_bytes(&packet) {
        if packet.len() < declared {
            return None;
        }
        packet.truncate(declared);
    }
    let &[0, 0, 1, stream_id, _, _, marker, flags, header_length] = packet.first_chunk()? else {
        return None;
    };
    if !has_header(stream_id) || marker & 0xC0 != 0x80 {
        return None;
    }
    let header = packet.get(9..9 + usize::from(header_length))?;
    // "PTS_DTS_flags: '10' the PTS fields shall be present, '11' both [...], '01' is forbidden"
    let pts = if flags & 0x80 != 0 { timestamp(header) } else { None };
    let dts = if flags & 0xC0 == 0xC0 { timestamp(header.get(5..)?) } else { None };
    Some(Pes { pts, dts, random_access, data: packet.slice(9 + usize::from(header_length)..) })
}

/// Table 2-22: not program stream map, padding, private 2, ECM, EMM, directory, DSM-CC, H.222.1 type E.
const fn has_header(stream_id: u8) -> bool {
    !matches!(stream_id, 0xBC | 0xBE | 0xBF | 0xF0 | 0xF1 | 0xFF | 0xF2 | 0xF8)
}

/// Three, fifteen and fifteen bits, with a marker behind each.
fn timestamp(field: &[u8]) -> Option<u64> {
    let [first, high, mid, low, last] = field.first_chunk::<5>()?.map(u64::from);
    Some((first >> 1 & 7) << 30 | high << 22 | mid >> 1 << 15 | low << 7 | last >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PTS 0x1_FFFF_FFFF, DTS 0x1_FFFF_F000 in a header of ten bytes, and three bytes of data.
    const BOTH: [u8; 22] = [
        0, 0, 1, 0xE0, 0, 16, 0x80, 0xC0, 10, 0x3F, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 0xFF, 0xFF, 0xE0, 0x01, 7,
        8, 9,
    ];

    #[test]
    fn reads_both_timestamps_with_33_bits() {
        let mut reader = PesReader::default();
        assert_eq!(reader.start(true), None);
        assert_eq!(reader.append(&BOTH[..5]), None);
        let pes = reader.append(&BOTH[5..]).unwrap();
        assert_eq!((pes.pts, pes.dts), (Some((1 << 33) - 1), Some((1 << 33) - 4096)));
        assert_eq!((&pes.data[..], pes.random_access), (&[7, 8, 9][..], true));
        assert_eq!(reader.append(&[1, 2]), None, "nothing was started");
        assert_eq!(reader.dropped(), 0);
    }

    #[test]
    fn one_without_a_length_ends_where_the_next_starts() {
        let mut unbounded = BOTH;
        unbounded[5] = 0;
        let mut reader = PesReader::default();
        reader.start(false);
        assert_eq!(reader.append(&unbounded), None);
        assert_eq!(reader.append(&[10]), None);
        assert_eq!(reader.start(false).unwrap().data[..], [7, 8, 9, 10]);
    }

    #[test]
    fn broken_ones_are_dropped_and_counted() {
        for (at, value) in [(2, 2), (3, 0xBE), (5, 17), (6, 0), (8, 200)] {
            let mut broken = BOTH;
            broken[at] = value;
            let mut reader = PesReader::default();
            reader.start(false);
            assert_eq!(reader.append(&broken).or_else(|| reader.finish()), None, "byte {at}");
            assert_eq!(reader.dropped(), 1);
        }
    }

    #[test]
    fn one_too_long_is_dropped_and_holds_nothing() {
        let mut reader = PesReader::default();
        reader.start(false);
        let mut unbounded = BOTH;
        unbounded[5] = 0;
        reader.append(&unbounded);
        let much = vec![0; 1 << 20];
        (0..8).for_each(|_| assert_eq!(reader.append(&much), None));
        assert_eq!((reader.buffered_bytes(), reader.dropped()), (0, 1));
    }
}

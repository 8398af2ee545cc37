//! MPEG-TS as far as HLS segments need it (ISO/IEC 13818-1; clause numbers are its).

use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes of a packet.
pub const PACKET_BYTES: usize = 188;

/// 33 bits of 90 kHz.
pub const WRAP: u64 = 1 << 33;

/// One packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// First byte, counted from the start of the segment.
    pub at: usize,
    /// PID
    pub pid: u16,
    /// payload_unit_start_indicator
    pub starts: bool,
    /// continuity_counter
    pub counter: u8,
    /// Payload, if there is one.
    pub payload: Option<Range<usize>>,
    /// random_access_indicator
    pub random_access: bool,
    /// discontinuity_indicator
    pub discontinuity: bool,
    /// program_clock_reference_base
    pub pcr: Option<u64>,
}

/// A segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transport {
    /// In order; those that do not begin with a sync byte are missing.
    pub packets: Vec<Packet>,
    /// Where the first sync byte was missing, or bytes were left over.
    pub out_of_sync: Option<usize>,
    /// Programs of the first PAT: number and PMT's PID.
    pub programs: Vec<(u16, u16)>,
    /// stream_type and elementary_PID of the first PMT.
    pub streams: Vec<(u8, u16)>,
    /// PCR_PID
    pub pcr_pid: Option<u16>,
    /// Where a section's CRC was wrong.
    pub bad_crc: Option<usize>,
    /// By PID: place and PTS of each PES packet.
    pub pts: BTreeMap<u16, Vec<(usize, u64)>>,
}

impl Transport {
    /// Reads whatever is there.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let mut transport = Self::default();
        for (index, packet) in bytes.chunks(PACKET_BYTES).enumerate() {
            let at = index * PACKET_BYTES;
            match read_packet(packet, at) {
                Some(packet) => transport.packets.push(packet),
                None => drop(transport.out_of_sync.get_or_insert(at)),
            }
        }
        for packet in transport.packets.clone() {
            transport.payload(bytes, &packet);
        }
        transport
    }

    fn payload(&mut self, bytes: &[u8], packet: &Packet) {
        let Some(payload) = packet.payload.clone().and_then(|range| bytes.get(range)) else { return };
        if !packet.starts {
            return;
        }
        if packet.pid == 0 {
            let section = self.section(payload, packet.at);
            if self.programs.is_empty() {
                self.programs = section.map(programs).unwrap_or_default();
            }
        } else if self.programs.iter().any(|(_, pid)| *pid == packet.pid) {
            let section = self.section(payload, packet.at);
            if self.streams.is_empty()
                && let Some(section) = section
            {
                (self.pcr_pid, self.streams) = streams(section);
            }
        } else if let Some(pts) = read_pts(payload) {
            self.pts.entry(packet.pid).or_default().push((packet.at, pts));
        }
    }

    /// 2.4.4: what stands between the section's header and its CRC, which is checked.
    fn section<'a>(&mut self, payload: &'a [u8], at: usize) -> Option<&'a [u8]> {
        let section = payload.get(1 + usize::from(*payload.first()?)..)?;
        let length = usize::from(u16::from_be_bytes([*section.get(1)?, *section.get(2)?]) & 0x0fff);
        let section = section.get(..3 + length)?;
        if crc32(section) != 0 {
            self.bad_crc.get_or_insert(at);
        }
        section.get(8..section.len().checked_sub(4)?)
    }

    /// The PID of the first stream of one of these types.
    #[must_use]
    pub fn stream(&self, types: &[u8]) -> Option<u16> {
        self.streams.iter().find(|(kind, _)| types.contains(kind)).map(|(_, pid)| *pid)
    }

    /// First PTS of a stream.
    #[must_use]
    pub fn first_pts(&self, pid: u16) -> Option<u64> {
        self.pts.get(&pid)?.first().map(|(_, pts)| *pts)
    }
}

/// From one timestamp to another, over the wrap: positive when `to` is later.
#[must_use]
pub const fn step(from: u64, to: u64) -> i64 {
    let forward = to.wrapping_sub(from) & (WRAP - 1);
    if forward < WRAP / 2 { forward.cast_signed() } else { forward.cast_signed() - WRAP.cast_signed() }
}

fn read_packet(packet: &[u8], at: usize) -> Option<Packet> {
    let packet: &[u8; PACKET_BYTES] = packet.try_into().ok()?;
    if packet[0] != 0x47 {
        return None;
    }
    let (adapted, has_payload) = (packet[3] & 0x20 != 0, packet[3] & 0x10 != 0);
    let adaptation_len = if adapted { 1 + usize::from(packet[4]) } else { 0 };
    let flags = if adaptation_len > 1 { packet[5] } else { 0 };
    let from = 4 + adaptation_len;
    let has_pcr = flags & 0x10 != 0 && adaptation_len >= 8;
    let bits = || u64::from_be_bytes([0, 0, 0, packet[6], packet[7], packet[8], packet[9], packet[10]]);
    Some(Packet {
        at,
        pid: u16::from_be_bytes([packet[1] & 0x1f, packet[2]]),
        starts: packet[1] & 0x40 != 0,
        counter: packet[3] & 0x0f,
        payload: (has_payload && from <= PACKET_BYTES).then_some(at + from..at + PACKET_BYTES),
        random_access: flags & 0x40 != 0,
        discontinuity: flags & 0x80 != 0,
        pcr: has_pcr.then(|| bits() >> 7),
    })
}

fn programs(section: &[u8]) -> Vec<(u16, u16)> {
    let entry =
        |four: &[u8]| (u16::from_be_bytes([four[0], four[1]]), u16::from_be_bytes([four[2] & 0x1f, four[3]]));
    section.chunks_exact(4).map(entry).filter(|(number, _)| *number != 0).collect()
}

fn streams(section: &[u8]) -> (Option<u16>, Vec<(u8, u16)>) {
    let Some((head, mut rest)) = section.split_at_checked(4) else { return (None, Vec::new()) };
    let pid = |high: u8, low: u8| u16::from_be_bytes([high & 0x1f, low]);
    let skip = usize::from(u16::from_be_bytes([head[2] & 0x0f, head[3]]));
    rest = rest.get(skip..).unwrap_or_default();
    let mut streams = Vec::new();
    while let Some((entry, after)) = rest.split_at_checked(5) {
        streams.push((entry[0], pid(entry[1], entry[2])));
        rest = after.get(usize::from(u16::from_be_bytes([entry[3] & 0x0f, entry[4]]))..).unwrap_or_default();
    }
    (Some(pid(head[0], head[1])), streams)
}

/// 2.4.3.6
fn read_pts(payload: &[u8]) -> Option<u64> {
    let coded = payload.starts_with(&[0, 0, 1]) && payload.get(7)? & 0x80 != 0;
    let [a, b, c, d, e]: [u8; 5] = payload.get(9..14)?.try_into().ok()?;
    let bits = |byte: u8| u64::from(byte);
    let pts = bits(a >> 1 & 7) << 30 | bits(b) << 22 | bits(c >> 1) << 15 | bits(d) << 7 | bits(e >> 1);
    coded.then_some(pts)
}

/// Annex A; a section with its CRC sums to zero.
fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            if crc & 0x8000_0000 == 0 { crc << 1 } else { crc << 1 ^ 0x04c1_1db7 }
        })
    })
}

/// Types of the NAL units of one PES packet of H.264 that begins in `payload`, as far as it goes.
#[must_use]
pub fn nal_types(payload: &[u8]) -> Vec<u8> {
    payload.windows(4).filter(|four| four.starts_with(&[0, 0, 1])).map(|four| four[3] & 0x1f).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_cross_the_wrap() {
        assert_eq!(step(WRAP - 1, 2), 3);
        assert_eq!(step(2, WRAP - 1), -3);
    }

    proptest! {
        #[test]
        fn nothing_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = Transport::read(&bytes);
            for at in (0..bytes.len()).step_by(PACKET_BYTES) {
                bytes[at] = 0x47;
                bytes[(at + 2).min(at)] = 0x47;
            }
            let _ = Transport::read(&bytes);
        }
    }
}

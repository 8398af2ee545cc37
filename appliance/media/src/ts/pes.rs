//! Access units as PES packets (ISO/IEC 13818-1 2.4.3.6), and those as TS packets (2.4.3.2).

use super::psi::PACKET_BYTES;
use crate::time::Ticks;

const HEADER_BYTES: usize = 4;
const PAYLOAD_BYTES_MAX: usize = PACKET_BYTES - HEADER_BYTES;

/// PES header with a PTS alone: nothing here is reordered, so "DTS shall be [absent] when equal to PTS".
pub(super) const PES_HEADER_BYTES: usize = 14;

/// adaptation_field_length, flags.
const ADAPTATION_FLAGS_BYTES: usize = 2;
const PCR_BYTES: usize = 6;

const RANDOM_ACCESS_INDICATOR: u8 = 0x40;
const PCR_FLAG: u8 = 0x10;

/// "modulo 2^33" (2.4.3.7): it wraps every 26.5 hours, and players expect it to.
const TIMESTAMP_MASK: u64 = (1 << 33) - 1;

/// How far PCR runs ahead of the access unit that carries it: what a decoder has buffered when it begins. Audio of
/// the same time follows within a few pictures, so a fifth of a second has both there in time; 2.4.2.6 lets data
/// stay in a buffer for up to a second.
const PCR_LEAD: Ticks = Ticks::from_millis(200);

/// A PES packet, and how many TS packets it is to fill.
pub(super) struct Pes {
    pub(super) pid: u16,
    /// When it is decoded: what the packets of several streams are ordered by.
    pub(super) dts: Ticks,
    /// The whole packet, header first.
    bytes: Vec<u8>,
    /// Optional fields of the adaptation field in the first TS packet; empty if there is none.
    adaptation: Vec<u8>,
    packets: usize,
}

impl Pes {
    /// Of one coded picture.
    pub(super) fn video(pid: u16, dts: Ticks, key: bool, payload: &[u8]) -> Self {
        // Table 2-22: "1110 xxxx: video stream number xxxx".
        let bytes = pes_packet(0xe0, dts, payload);
        let flags = PCR_FLAG | if key { RANDOM_ACCESS_INDICATOR } else { 0 };
        let mut adaptation = vec![flags];
        adaptation.extend(program_clock_reference(dts - PCR_LEAD));
        Self::new(pid, dts, bytes, adaptation)
    }

    /// Of some audio frames.
    pub(super) fn audio(pid: u16, dts: Ticks, payload: &[u8]) -> Self {
        // Table 2-22: "110x xxxx: audio stream number x xxxx".
        Self::new(pid, dts, pes_packet(0xc0, dts, payload), Vec::new())
    }

    fn new(pid: u16, dts: Ticks, bytes: Vec<u8>, adaptation: Vec<u8>) -> Self {
        let rest = bytes.len().saturating_sub(first_capacity(&adaptation));
        Self { pid, dts, bytes, adaptation, packets: 1 + rest.div_ceil(PAYLOAD_BYTES_MAX) }
    }

    /// TS packets that it fills.
    pub(super) const fn packets(&self) -> usize {
        self.packets
    }

    /// How many more it could fill: each has at least one byte of it, and the first its whole header and one more.
    const fn packets_to_spare(&self) -> usize {
        (self.bytes.len() - PES_HEADER_BYTES).saturating_sub(self.packets)
    }

    /// Appends its TS packets.
    pub(super) fn write(&self, continuity: &mut u8, out: &mut Vec<u8>) {
        let mut rest = self.bytes.as_slice();
        for index in 0..self.packets {
            let first = index == 0;
            let adaptation = if first { self.adaptation.as_slice() } else { &[] };
            let capacity = first_capacity(adaptation);
            // The packets to come need one byte each.
            let (payload, later) = rest.split_at(capacity.min(rest.len() - (self.packets - 1 - index)));
            packet(self.pid, Start(first), continuity, adaptation, payload, out);
            rest = later;
        }
    }
}

const fn first_capacity(adaptation: &[u8]) -> usize {
    if adaptation.is_empty() { PAYLOAD_BYTES_MAX } else { PAYLOAD_BYTES_MAX - 1 - adaptation.len() }
}

/// Makes these PES packets, all of one PID, fill a multiple of `modulus` TS packets, by spreading the largest over
/// more than it needs.
///
/// A second of any rendition has thousands of bytes to spread. Should a segment that was broken off have too few,
/// its packets stay uncounted: its neighbour is missing media anyway.
pub(super) fn fill_up(stream: &mut [Pes], modulus: usize) {
    let packets: usize = stream.iter().map(Pes::packets).sum();
    let wanted = packets.next_multiple_of(modulus) - packets;
    let largest = stream.iter_mut().max_by_key(|pes| pes.packets_to_spare());
    if let Some(pes) = largest.filter(|pes| pes.packets_to_spare() >= wanted) {
        pes.packets += wanted;
    }
}

/// Appends a section, which must fit, in one TS packet of its own (2.4.4.2: pointer_field 0, stuffing of 0xff).
pub(super) fn write_section(pid: u16, section: &[u8], continuity: &mut u8, out: &mut Vec<u8>) {
    let mut payload = [0xff; PAYLOAD_BYTES_MAX];
    payload[0] = 0;
    payload[1..=section.len()].copy_from_slice(section);
    packet(pid, Start(true), continuity, &[], &payload, out);
}

/// payload_unit_start_indicator
struct Start(bool);

fn packet(pid: u16, start: Start, continuity: &mut u8, adaptation: &[u8], payload: &[u8], out: &mut Vec<u8>) {
    let [pid_high, pid_low] = pid.to_be_bytes();
    let adapted = payload.len() < PAYLOAD_BYTES_MAX;
    let control = if adapted { 0x30 } else { 0x10 };
    out.extend([0x47, if start.0 { 0x40 | pid_high } else { pid_high }, pid_low, control | *continuity]);
    *continuity = (*continuity + 1) % 16;
    if adapted {
        adaptation_field(adaptation, PAYLOAD_BYTES_MAX - payload.len(), out);
    }
    out.extend_from_slice(payload);
}

/// 2.4.3.4: length, then flags and optional fields if the length is not 0, then "stuffing_byte 0xff".
fn adaptation_field(fields: &[u8], bytes: usize, out: &mut Vec<u8>) {
    let end = out.len() + bytes;
    out.push(u8::try_from(bytes - 1).expect("it is at most as long as a packet"));
    if bytes >= ADAPTATION_FLAGS_BYTES && fields.is_empty() {
        out.push(0);
    }
    out.extend_from_slice(fields);
    out.resize(end, 0xff);
}

fn pes_packet(stream_id: u8, pts: Ticks, payload: &[u8]) -> Vec<u8> {
    let after_length = PES_HEADER_BYTES - 6 + payload.len();
    // "A value of 0 indicates that the PES packet length is neither specified nor bounded and is allowed only in PES
    // packets whose payload consists of bytes from a video elementary stream" (2.4.3.7).
    let [length_high, length_low] = u16::try_from(after_length).unwrap_or(0).to_be_bytes();
    let mut bytes = Vec::with_capacity(PES_HEADER_BYTES + payload.len());
    bytes.extend([0x00, 0x00, 0x01, stream_id, length_high, length_low]);
    // '10', data_alignment_indicator; PTS_DTS_flags '10'; PES_header_data_length.
    bytes.extend([0x84, 0x80, 0x05]);
    bytes.extend(timestamp(pts));
    bytes.extend_from_slice(payload);
    bytes
}

/// PTS: "0010", then 33 bits in three runs, each with a marker bit behind it.
fn timestamp(pts: Ticks) -> [u8; 5] {
    let pts = pts.scaled(90_000).cast_unsigned() & TIMESTAMP_MASK;
    let byte = |shift: u32| (pts >> shift & 0xff) as u8;
    [0x21 | byte(29) & 0x0e, byte(22), byte(14) | 0x01, byte(7), byte(0) << 1 | 0x01]
}

/// 33 bits of 90 kHz, six reserved, nine of 27 MHz (2.4.3.5).
fn program_clock_reference(at: Ticks) -> [u8; PCR_BYTES] {
    let clock = i128::from(at.0) * 75;
    let base = (clock.div_euclid(300) & i128::from(TIMESTAMP_MASK)) as u64;
    let extension = clock.rem_euclid(300) as u64;
    let bits = base << 15 | 0x3f << 9 | extension;
    let [_, _, field @ ..] = bits.to_be_bytes();
    field
}

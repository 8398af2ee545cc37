//! One transport packet (2.4.3), and the order of those of one PID.

use super::PACKET_BYTES;

/// What a packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    pub(super) pid: u16,
    /// `payload_unit_start_indicator`
    pub(super) starts_unit: bool,
    /// `continuity_counter`
    pub(super) counter: u8,
    /// `discontinuity_indicator`
    pub(super) discontinuity: bool,
    /// `random_access_indicator`
    pub(super) random_access: bool,
    /// Absent when there is but an adaptation field.
    pub(super) payload: Option<&'a [u8]>,
}

/// Why a packet is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Useless {
    /// `transport_error_indicator`, or an adaptation field that does not fit.
    Damaged,
    /// `transport_scrambling_control`
    Scrambled,
}

impl<'a> Packet<'a> {
    pub(super) fn read(bytes: &'a [u8; PACKET_BYTES]) -> Result<Self, Useless> {
        let [_, second, third, fourth, ..] = *bytes;
        if second & 0x80 != 0 {
            return Err(Useless::Damaged);
        }
        if fourth & 0xC0 != 0 {
            return Err(Useless::Scrambled);
        }
        let (adaptation, payload) = split(bytes, fourth >> 4 & 3)?;
        let flags = adaptation.first().copied().unwrap_or_default();
        Ok(Self {
            pid: u16::from_be_bytes([second & 0x1F, third]),
            starts_unit: second & 0x40 != 0,
            counter: fourth & 0x0F,
            discontinuity: flags & 0x80 != 0,
            random_access: flags & 0x40 != 0,
            payload,
        })
    }
}

/// Adaptation field, without its length, and payload (table 2-5).
fn split(bytes: &[u8; PACKET_BYTES], control: u8) -> Result<(&[u8], Option<&[u8]>), Useless> {
    let body = &bytes[4..];
    match control {
        1 => Ok((&[], Some(body))),
        2 | 3 => {
            let (adaptation, rest) = body[1..].split_at_checked(body[0].into()).ok_or(Useless::Damaged)?;
            Ok((adaptation, (control == 3).then_some(rest)))
        }
        // "reserved for future use by ISO/IEC [...] shall be discarded"
        _ => Err(Useless::Damaged),
    }
}

/// Where a packet stands among those of its PID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Next,
    /// "duplicate packets may be sent as two, and only two, consecutive packets" (2.4.3.3)
    Duplicate,
    /// Packets are missing before it.
    Gap,
}

/// Follows the continuity counter of one PID.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Continuity {
    last: Option<u8>,
}

impl Continuity {
    /// "The continuity_counter shall not be incremented when the adaptation_field_control of the packet equals
    /// '00' or '10'": ask for packets with a payload only.
    pub(super) const fn follow(&mut self, packet: &Packet<'_>) -> Order {
        let order = match self.last {
            None => Order::Next,
            Some(_) if packet.discontinuity => Order::Next,
            Some(last) if packet.counter == (last + 1) & 0x0F => Order::Next,
            Some(last) if packet.counter == last => Order::Duplicate,
            Some(_) => Order::Gap,
        };
        self.last = Some(packet.counter);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(header: [u8; 4], adaptation_length: u8) -> [u8; PACKET_BYTES] {
        let mut bytes = [0xAA; PACKET_BYTES];
        bytes[..4].copy_from_slice(&header);
        bytes[4] = adaptation_length;
        bytes[5] = 0x40;
        bytes
    }

    #[test]
    fn reads_header_adaptation_field_and_payload() {
        let whole = bytes([0x47, 0x41, 0x00, 0x1A], 0);
        let packet = Packet::read(&whole).unwrap();
        assert_eq!((packet.pid, packet.starts_unit, packet.counter), (0x100, true, 10));
        assert_eq!(packet.payload.unwrap().len(), 184);
        let adapted = bytes([0x47, 0x01, 0x00, 0x30], 10);
        let packet = Packet::read(&adapted).unwrap();
        assert!(packet.random_access && !packet.discontinuity);
        assert_eq!(packet.payload.unwrap().len(), 173);
        let empty = bytes([0x47, 0x01, 0x00, 0x30], 183);
        assert_eq!(Packet::read(&empty).unwrap().payload, Some(&[][..]));
        let none = bytes([0x47, 0x01, 0x00, 0x20], 0);
        assert_eq!(Packet::read(&none).unwrap().payload, None);
    }

    #[test]
    fn adaptation_fields_that_do_not_fit_errors_and_scrambling_are_useless() {
        assert_eq!(Packet::read(&bytes([0x47, 1, 0, 0x30], 184)), Err(Useless::Damaged));
        assert_eq!(Packet::read(&bytes([0x47, 1, 0, 0x30], 255)), Err(Useless::Damaged));
        assert_eq!(Packet::read(&bytes([0x47, 1, 0, 0x00], 0)), Err(Useless::Damaged));
        assert_eq!(Packet::read(&bytes([0x47, 0x81, 0, 0x10], 0)), Err(Useless::Damaged));
        assert_eq!(Packet::read(&bytes([0x47, 1, 0, 0x90], 0)), Err(Useless::Scrambled));
    }
}

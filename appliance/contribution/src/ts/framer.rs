//! Finds the packets in a stream of bytes.

use super::{PACKET_BYTES, SYNC_BYTE};

/// Holds less than two packets. Locked, it trusts each sync byte; unlocked, it wants two of them, one packet apart.
#[derive(Debug, Default)]
pub(super) struct Framer {
    buffer: Vec<u8>,
    locked: bool,
    sync_losses: u64,
    skipped_bytes: u64,
}

impl Framer {
    /// The next packet, if `input` completes one.
    pub(super) fn next(&mut self, input: &mut &[u8]) -> Option<[u8; PACKET_BYTES]> {
        loop {
            let wanted = if self.locked { PACKET_BYTES } else { PACKET_BYTES + 1 };
            let take = input.len().min(wanted.saturating_sub(self.buffer.len()));
            self.buffer.extend_from_slice(&input[..take]);
            *input = &input[take..];
            if self.buffer.first().is_some_and(|&first| first != SYNC_BYTE) {
                self.resynchronise(0);
            } else if self.buffer.len() < wanted {
                return None;
            } else if !self.locked && self.buffer[PACKET_BYTES] != SYNC_BYTE {
                self.resynchronise(1);
            } else {
                self.locked = true;
                return self.take_packet();
            }
        }
    }

    /// The last packet, which no other follows.
    pub(super) fn finish(&mut self) -> Option<[u8; PACKET_BYTES]> {
        self.take_packet()
    }

    pub(super) const fn sync_losses(&self) -> u64 {
        self.sync_losses
    }

    pub(super) const fn skipped_bytes(&self) -> u64 {
        self.skipped_bytes
    }

    pub(super) fn buffered_bytes(&self) -> usize {
        self.buffer.len()
    }

    fn take_packet(&mut self) -> Option<[u8; PACKET_BYTES]> {
        let packet = *self.buffer.first_chunk()?;
        self.buffer.drain(..PACKET_BYTES);
        Some(packet)
    }

    /// Goes on to the first sync byte at or after `from`.
    fn resynchronise(&mut self, from: usize) {
        self.sync_losses += u64::from(self.locked);
        self.locked = false;
        let candidate = self.buffer.iter().skip(from).position(|&byte| byte == SYNC_BYTE);
        let skip = candidate.map_or(self.buffer.len(), |at| from + at);
        self.skipped_bytes += skip as u64;
        self.buffer.drain(..skip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(fill: u8) -> Vec<u8> {
        let mut packet = vec![fill; PACKET_BYTES];
        packet[0] = SYNC_BYTE;
        packet
    }

    fn frame(bytes: &[u8], step: usize) -> (Vec<u8>, Framer) {
        let (mut framer, mut seen) = (Framer::default(), Vec::new());
        for mut piece in bytes.chunks(step) {
            while let Some(packet) = framer.next(&mut piece) {
                seen.push(packet[1]);
            }
        }
        seen.extend(framer.finish().map(|packet| packet[1]));
        (seen, framer)
    }

    #[test]
    fn finds_packets_behind_and_between_garbage_in_any_split() {
        let bytes =
            [vec![1, SYNC_BYTE, 2], packet(10), packet(11), vec![9; 50], packet(12), packet(13)].concat();
        for step in 1..400 {
            let (seen, framer) = frame(&bytes, step);
            assert_eq!(seen, [10, 11, 12, 13], "in steps of {step}");
            assert_eq!((framer.sync_losses(), framer.skipped_bytes()), (1, 53));
            assert!(framer.buffered_bytes() <= PACKET_BYTES);
        }
    }

    #[test]
    fn what_is_no_transport_stream_is_skipped() {
        let (seen, framer) = frame(&[SYNC_BYTE, 0, 0].repeat(1000), 7);
        // 188 is no multiple of three: no sync byte has another one behind it.
        assert!(seen.len() <= 1);
        assert!(framer.skipped_bytes() >= 2800);
    }
}

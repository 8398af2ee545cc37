//! When the peer is to be told how much has come (5.4.3, 5.4.4).

use crate::limits::{ACK_WINDOW_BYTES, ACK_WINDOW_BYTES_MIN};

/// The peer's window, and what was received and acknowledged.
pub(super) struct Acknowledgement {
    window_bytes: u32,
    received_bytes: u64,
    acknowledged_bytes: u64,
}

impl Acknowledgement {
    pub(super) const fn new() -> Self {
        Self { window_bytes: ACK_WINDOW_BYTES, received_bytes: 0, acknowledged_bytes: 0 }
    }

    pub(super) const fn received(&mut self, bytes: usize) {
        self.received_bytes += bytes as u64;
    }

    pub(super) fn set_window(&mut self, payload: &[u8]) {
        if let Some(window) = payload.first_chunk() {
            self.window_bytes = u32::from_be_bytes(*window).max(ACK_WINDOW_BYTES_MIN);
        }
    }

    /// "The client or the server MUST send an acknowledgment to the peer after receiving bytes equal to the window
    /// size. [...] sequence number (32 bits): This field holds the number of bytes received so far." (5.4.3)
    pub(super) const fn due(&mut self) -> Option<u32> {
        if self.received_bytes - self.acknowledged_bytes < self.window_bytes as u64 {
            return None;
        }
        self.acknowledged_bytes = self.received_bytes;
        Some(self.received_bytes as u32)
    }
}

//! One RTMP message, whole.

use bytes::Bytes;

/// A message after reassembly, or before it is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// In milliseconds; wraps.
    pub(crate) timestamp_ms: u32,
    /// What it is.
    pub(crate) kind: MessageKind,
    /// 0 for the connection, else what `createStream` answered.
    pub(crate) stream_id: u32,
    /// Its body.
    pub(crate) payload: Bytes,
}

/// Message type id (5.4, 6.2, 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageKind(pub(crate) u8);

impl MessageKind {
    pub(crate) const SET_CHUNK_SIZE: Self = Self(1);
    pub(crate) const ABORT: Self = Self(2);
    pub(crate) const ACKNOWLEDGEMENT: Self = Self(3);
    pub(crate) const USER_CONTROL: Self = Self(4);
    pub(crate) const WINDOW_ACKNOWLEDGEMENT_SIZE: Self = Self(5);
    pub(crate) const SET_PEER_BANDWIDTH: Self = Self(6);
    pub(crate) const AUDIO: Self = Self(8);
    pub(crate) const VIDEO: Self = Self(9);
    pub(crate) const DATA_AMF3: Self = Self(15);
    pub(crate) const COMMAND_AMF3: Self = Self(17);
    pub(crate) const DATA: Self = Self(18);
    pub(crate) const COMMAND: Self = Self(20);
    pub(crate) const AGGREGATE: Self = Self(22);

    /// Whether messages of this kind carry pictures or sound, and so may be long.
    pub(crate) const fn is_media(self) -> bool {
        matches!(self, Self::AUDIO | Self::VIDEO | Self::AGGREGATE)
    }
}

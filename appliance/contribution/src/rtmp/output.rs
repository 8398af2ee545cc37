//! What a session puts out, and why it fails.

use super::chunk::ChunkError;
use super::handshake::NotRtmp;
use super::{Amf0Error, Metadata, StreamKey};
use crate::Unsupported;
use crate::limits::{OUTPUT_BYTES_MAX, OUTPUTS_MAX, SEND_BYTES_MAX};
use bytes::Bytes;
use media::unit::SourceEvent;

/// Something for the shell to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Bytes for the peer.
    Send(Bytes),
    /// Somebody wants to publish: answer with [`accept_publish`](super::Session::accept_publish) or
    /// [`refuse_publish`](super::Session::refuse_publish).
    PublishRequested {
        /// Application name, `live` in `rtmp://HOST/live/KEY`; may be empty.
        app: String,
        /// The secret shown; not empty.
        stream_key: StreamKey,
    },
    /// Media, once accepted.
    Event(SourceEvent),
    /// A track that cannot be taken, once accepted; said once for each codec.
    Unsupported(Unsupported),
    /// What the publisher says of its stream.
    Metadata(Metadata),
    /// The publisher has finished, in order. It may publish again.
    Unpublished,
    /// Send what there was to send, and close the connection.
    Close,
}

/// Why a connection cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum RtmpError {
    #[error("this is not RTMP, it begins with byte {0}{hint}", hint = other_protocol(*.0))]
    NotRtmp(u8),
    #[error(transparent)]
    Chunk(#[from] ChunkError),
    #[error("a command could not be read: {0}")]
    Command(#[from] Amf0Error),
    #[error("publish came before connect")]
    OutOfOrder,
    #[error("too much media came before publishing was accepted; the encoder must wait for the answer")]
    EarlyMedia,
    #[error("the peer asks and does not read: {SEND_BYTES_MAX} bytes of answers wait")]
    SendBacklog,
    #[error(
        "more than {OUTPUTS_MAX} outputs or {OUTPUT_BYTES_MAX} bytes wait: poll after each handle, and read in smaller pieces"
    )]
    OutputBacklog,
}

const fn other_protocol(first_byte: u8) -> &'static str {
    match first_byte {
        0x16 => " (TLS: use rtmp:// with this port, not rtmps://)",
        b'G' | b'P' | b'O' => " (HTTP: this port is for rtmp:// addresses)",
        6 | 8 => " (RTMPE: use rtmp://)",
        _ => "",
    }
}

impl From<NotRtmp> for RtmpError {
    fn from(NotRtmp(byte): NotRtmp) -> Self {
        Self::NotRtmp(byte)
    }
}

impl Output {
    /// Bytes of media held by this.
    pub(super) const fn bytes(&self) -> usize {
        match self {
            Self::Event(SourceEvent::Video(unit) | SourceEvent::Audio(unit)) => unit.data.len(),
            Self::Event(SourceEvent::VideoTrack(track) | SourceEvent::AudioTrack(track)) => {
                track.config.len()
            }
            Self::Send(bytes) => bytes.len(),
            _ => 0,
        }
    }
}

//! The framed protocol between the daemon and its SRT listener, of the same shape as [`media::link`].
//!
//! The daemon says `Listen` once. For each publisher the listener asks (`Ask`), and waits at most half a second for
//! `Admit`; an admitted connection sends `Data` until `Closed`. One that was admitted but never came about is `Closed`
//! as well. `conn` is never used twice.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use media::link::{LinkError, Message, frame};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;

/// From the daemon to the listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToListener {
    /// Listen here, once; port 0 means any free one.
    Listen {
        /// IP address and UDP port.
        addr: SocketAddr,
        /// Receive latency (`SRTO_RCVLATENCY`): how long lost packets may be asked for again. The publisher may ask
        /// for more.
        latency_ms: u32,
    },
    /// The answer to an `Ask`.
    Admit {
        /// As asked.
        conn: u64,
        /// Whether the key is good.
        ok: bool,
    },
    /// End a connection; `Closed` follows.
    Close {
        /// Which.
        conn: u64,
    },
    /// End.
    Stop,
}

/// From the listener to the daemon.
#[derive(Clone, PartialEq, Eq)]
pub enum FromListener {
    /// Publishers may come.
    Listening {
        /// UDP port.
        port: u16,
    },
    /// It cannot listen there.
    Failed {
        /// In words.
        reason: String,
    },
    /// Somebody wants to publish.
    Ask {
        /// The connection from now on.
        conn: u64,
        /// The stream key, a secret, out of the stream id.
        streamid_key: String,
        /// Where from.
        peer: SocketAddr,
    },
    /// What a publisher sent.
    Data {
        /// Which connection.
        conn: u64,
        /// In order; what SRT could not recover in time is missing without a trace.
        bytes: Bytes,
    },
    /// A connection has ended, or an admitted one did not come about.
    Closed {
        /// Which.
        conn: u64,
        /// In words.
        reason: String,
    },
}

impl fmt::Debug for FromListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listening { port } => write!(f, "Listening({port})"),
            Self::Failed { reason } => write!(f, "Failed({reason})"),
            Self::Ask { conn, peer, .. } => write!(f, "Ask({conn}, {peer}, key hidden)"),
            Self::Data { conn, bytes } => write!(f, "Data({conn}, {} bytes)", bytes.len()),
            Self::Closed { conn, reason } => write!(f, "Closed({conn}, {reason})"),
        }
    }
}

mod kind {
    pub(super) const TO_LISTENER: u8 = 0x41;
    pub(super) const CONTROL: u8 = 0xC1;
    pub(super) const DATA: u8 = 0xC2;
}

/// All of [`FromListener`] that is rare: it travels as JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Control {
    Listening { port: u16 },
    Failed { reason: String },
    Ask { conn: u64, streamid_key: String, peer: SocketAddr },
    Closed { conn: u64, reason: String },
}

fn frame_json(out: &mut BytesMut, kind: u8, value: &impl Serialize) {
    let json = serde_json::to_vec(value).expect("plain enums with string keys always serialise");
    frame(out, kind, |out| out.put_slice(&json));
}

fn malformed(kind: u8, error: &dyn fmt::Display) -> LinkError {
    LinkError::Malformed { kind, what: error.to_string() }
}

impl Message for ToListener {
    fn encode(&self, out: &mut BytesMut) {
        frame_json(out, kind::TO_LISTENER, self);
    }

    fn decode(kind: u8, payload: Bytes) -> Result<Self, LinkError> {
        match kind {
            kind::TO_LISTENER => serde_json::from_slice(&payload).map_err(|error| malformed(kind, &error)),
            other => Err(LinkError::Kind(other)),
        }
    }
}

impl Message for FromListener {
    fn encode(&self, out: &mut BytesMut) {
        let control = match self.clone() {
            Self::Data { conn, bytes } => {
                return frame(out, kind::DATA, |out| {
                    out.put_u64_le(conn);
                    out.put_slice(&bytes);
                });
            }
            Self::Listening { port } => Control::Listening { port },
            Self::Failed { reason } => Control::Failed { reason },
            Self::Ask { conn, streamid_key, peer } => Control::Ask { conn, streamid_key, peer },
            Self::Closed { conn, reason } => Control::Closed { conn, reason },
        };
        frame_json(out, kind::CONTROL, &control);
    }

    fn decode(kind: u8, mut payload: Bytes) -> Result<Self, LinkError> {
        let control = match kind {
            kind::DATA => {
                let conn = payload.try_get_u64_le().map_err(|error| malformed(kind, &error))?;
                return Ok(Self::Data { conn, bytes: payload });
            }
            kind::CONTROL => serde_json::from_slice(&payload).map_err(|error| malformed(kind, &error))?,
            other => return Err(LinkError::Kind(other)),
        };
        Ok(match control {
            Control::Listening { port } => Self::Listening { port },
            Control::Failed { reason } => Self::Failed { reason },
            Control::Ask { conn, streamid_key, peer } => Self::Ask { conn, streamid_key, peer },
            Control::Closed { conn, reason } => Self::Closed { conn, reason },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::link::take;

    fn round_trip<M: Message + PartialEq + fmt::Debug>(messages: &[M]) {
        let mut buffer = BytesMut::new();
        messages.iter().for_each(|message| message.encode(&mut buffer));
        for message in messages {
            assert_eq!(take::<M>(&mut buffer).unwrap().as_ref(), Some(message));
        }
        assert!(buffer.is_empty());
    }

    #[test]
    fn messages_survive_the_link() {
        let addr: SocketAddr = "[::1]:9000".parse().unwrap();
        round_trip(&[
            ToListener::Listen { addr, latency_ms: 120 },
            ToListener::Admit { conn: 1, ok: true },
            ToListener::Close { conn: u64::MAX },
            ToListener::Stop,
        ]);
        round_trip(&[
            FromListener::Listening { port: 9000 },
            FromListener::Failed { reason: "in use".into() },
            FromListener::Ask { conn: 2, streamid_key: "secret".into(), peer: addr },
            FromListener::Data { conn: 2, bytes: Bytes::from_static(b"G\0") },
            FromListener::Closed { conn: 2, reason: "gone".into() },
        ]);
    }

    #[test]
    fn the_key_is_not_in_what_is_logged() {
        let ask = FromListener::Ask {
            conn: 2,
            streamid_key: "secret".into(),
            peer: "127.0.0.1:9".parse().unwrap(),
        };
        assert!(!format!("{ask:?}").contains("secret"));
    }
}

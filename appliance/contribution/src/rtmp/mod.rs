//! The server's side of RTMP, for publishers ("Adobe's Real Time Messaging Protocol", 1.0 of December 2012, and
//! Enhanced RTMP v2). Quotations are from the former unless another is named.
//!
//! [`Session`] is one connection. What is here: the simple handshake, chunk streams, AMF0, the commands of
//! publishers. What is not: playing, shared objects, AMF3 values, RTMPE and RTMPT. RTMPS is TLS around the socket,
//! which is the listener's affair.

mod amf0;
mod chunk;
mod chunk_header;
mod command;
mod handshake;
mod message;
mod metadata;
mod session;
mod stream_key;

pub use amf0::Amf0Error;
pub use chunk::ChunkError;
pub use metadata::Metadata;
pub use session::{Output, RtmpError, Session};
pub use stream_key::StreamKey;

pub(crate) use amf0::{Value, read_all as read_values, write as write_value};
pub(crate) use chunk::Writer;
pub(crate) use command::call;
pub(crate) use handshake::HANDSHAKE_BYTES;
pub(crate) use message::{Message, MessageKind};

//! The client's side of RTMP, as little as it takes to publish.

use crate::rtmp::{HANDSHAKE_BYTES, Message, MessageKind, Value, Writer, call, write_value};
use bytes::{Bytes, BytesMut};

/// Writes what a publisher sends, without waiting for any answer.
#[derive(Default)]
pub struct Publisher {
    writer: Writer,
    out: BytesMut,
}

impl Publisher {
    /// Has written nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// C0, C1 and C2.
    #[must_use]
    pub fn handshake(mut self) -> Self {
        self.out.extend_from_slice(&[3]);
        self.out.extend_from_slice(&[0; 2 * HANDSHAKE_BYTES]);
        self
    }

    /// A larger chunk size, and `connect`, with a `tcUrl`.
    #[must_use]
    pub fn connect(mut self, app: &str) -> Self {
        self.writer.enlarge_chunks(&mut self.out);
        let address = format!("rtmp://localhost/{app}");
        let object = Value::object([("app", app.into()), ("tcUrl", address.as_str().into())]);
        self.command("connect", 1.0, &[object])
    }

    /// All that FMLE and its heirs say before and with `publish`.
    #[must_use]
    pub fn publish(self, key: &str) -> Self {
        self.command("releaseStream", 2.0, &[Value::Null, key.into()])
            .command("FCPublish", 3.0, &[Value::Null, key.into()])
            .command("createStream", 4.0, &[Value::Null])
            .command("publish", 5.0, &[Value::Null, key.into(), "live".into()])
    }

    /// `FCUnpublish` and `deleteStream`.
    #[must_use]
    pub fn unpublish(self, key: &str) -> Self {
        self.command("FCUnpublish", 6.0, &[Value::Null, key.into()]).command(
            "deleteStream",
            7.0,
            &[Value::Null, 1.0.into()],
        )
    }

    /// A command without arguments but null.
    #[must_use]
    pub fn bare_command(self, name: &str, transaction: u32) -> Self {
        self.command(name, transaction.into(), &[Value::Null])
    }

    /// The body of a video message.
    #[must_use]
    pub fn video(self, timestamp_ms: u32, body: &[u8]) -> Self {
        self.message(6, timestamp_ms, MessageKind::VIDEO, Bytes::copy_from_slice(body))
    }

    /// The body of an audio message.
    #[must_use]
    pub fn audio(self, timestamp_ms: u32, body: &[u8]) -> Self {
        self.message(4, timestamp_ms, MessageKind::AUDIO, Bytes::copy_from_slice(body))
    }

    /// Any message by its number, on a chunk stream of its own.
    #[must_use]
    pub fn raw(self, kind: u8, body: &[u8]) -> Self {
        self.message(7, 0, MessageKind(kind), Bytes::copy_from_slice(body))
    }

    /// `@setDataFrame` with the size of the picture.
    #[must_use]
    pub fn metadata(self, width: u32, height: u32) -> Self {
        let object =
            Value::object([("width", f64::from(width).into()), ("height", f64::from(height).into())]);
        let mut payload = BytesMut::new();
        for value in ["@setDataFrame".into(), "onMetaData".into(), object] {
            write_value(&value, &mut payload);
        }
        self.message(4, 0, MessageKind::DATA, payload.freeze())
    }

    /// What was written since the last time.
    #[must_use]
    pub fn take(&mut self) -> Bytes {
        self.out.split().freeze()
    }

    fn command(self, name: &str, transaction: f64, arguments: &[Value]) -> Self {
        self.message(3, 0, MessageKind::COMMAND, call(name, transaction, arguments))
    }

    fn message(mut self, chunk_stream: u8, timestamp_ms: u32, kind: MessageKind, payload: Bytes) -> Self {
        let stream_id = u32::from(kind != MessageKind::COMMAND);
        let message = Message { timestamp_ms, kind, stream_id, payload };
        self.writer.write(chunk_stream, &message, &mut self.out);
        self
    }
}

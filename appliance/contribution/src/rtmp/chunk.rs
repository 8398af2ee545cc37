//! The chunk stream (5.3): messages cut into chunks and interleaved; put together again here.
//!
//! Bytes are kept as they arrive, never by the length that a header declares.

use super::chunk_header::{ChunkHeader, Format, HeaderBytes};
use super::{Message, MessageKind};
use crate::limits::{
    CHUNK_SENT_BYTES_MAX, CHUNK_STREAMS_MAX, COMMAND_BYTES_MAX, MESSAGE_CHUNKS_MAX, MESSAGES_IN_FLIGHT_MAX,
    UNIT_BYTES_MAX,
};
use bytes::{BufMut, Bytes, BytesMut};
use std::collections::BTreeMap;

/// A peer that breaks the chunk stream; the connection cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ChunkError {
    #[error("chunk size {0} is not allowed: it is from 1 to 2147483647 bytes")]
    ChunkSize(u32),
    #[error("a message of {length} bytes was announced on chunk stream {stream}; {max} are allowed now")]
    MessageTooLong { stream: u32, length: usize, max: usize },
    #[error("more than {MESSAGE_CHUNKS_MAX} chunks in one message: set a chunk size of 128 bytes or more")]
    TooManyChunks,
    #[error("more than {CHUNK_STREAMS_MAX} chunk streams")]
    TooManyStreams,
    #[error("more than {0} bytes of unfinished messages")]
    TooMuchInFlight(usize),
    #[error("chunk stream {0} began without a full header")]
    NoHeader(u32),
    #[error("a new message on chunk stream {0} while the last was unfinished")]
    Interrupted(u32),
    #[error("a protocol control message of {0} bytes: it has four")]
    Control(usize),
}

/// Which messages may come now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowance {
    /// Commands: nobody has shown a good key yet.
    Commands,
    /// Pictures and sound, too.
    Media,
}

impl Allowance {
    const fn message_bytes_max(self, kind: MessageKind) -> usize {
        if matches!(self, Self::Media) && kind.is_media() { UNIT_BYTES_MAX } else { COMMAND_BYTES_MAX }
    }

    const fn in_flight_bytes_max(self) -> usize {
        MESSAGES_IN_FLIGHT_MAX
            * match self {
                Self::Commands => COMMAND_BYTES_MAX,
                Self::Media => UNIT_BYTES_MAX,
            }
    }
}

/// Puts messages together.
#[derive(Debug)]
pub(crate) struct Reader {
    streams: BTreeMap<u32, ChunkStream>,
    header: HeaderBytes,
    /// The chunk whose body is being read: its stream, and the bytes that are missing.
    body: Option<(u32, usize)>,
    /// At most four bytes that looked like an extended timestamp and are none.
    replay: Vec<u8>,
    chunk_bytes_max: usize,
    in_flight_bytes: usize,
    allowance: Allowance,
}

/// What type 1, 2 and 3 headers refer to, and the message in the making.
#[derive(Debug, Default)]
struct ChunkStream {
    timestamp_ms: u32,
    /// The timestamp field of the last header of type 0, 1 or 2.
    field_ms: u32,
    /// Whether that header was of type 0.
    absolute: bool,
    /// Whether that header had an extended timestamp.
    extended: bool,
    length: usize,
    kind: u8,
    stream_id: u32,
    partial: Option<BytesMut>,
    chunks: usize,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            streams: BTreeMap::new(),
            header: HeaderBytes::default(),
            body: None,
            replay: Vec::new(),
            // "The maximum chunk size defaults to 128 bytes" (5.4.1)
            chunk_bytes_max: 128,
            in_flight_bytes: 0,
            allowance: Allowance::Commands,
        }
    }
}

impl Reader {
    /// The next message, if `input` completes one. Set Chunk Size and Abort are obeyed here and not returned.
    pub(crate) fn read(&mut self, input: &mut &[u8]) -> Result<Option<Message>, ChunkError> {
        while let Some(message) = self.read_any(input)? {
            match message.kind {
                MessageKind::SET_CHUNK_SIZE => self.set_chunk_size(control_value(&message.payload)?)?,
                MessageKind::ABORT => self.abort(control_value(&message.payload)?),
                _ => return Ok(Some(message)),
            }
        }
        Ok(None)
    }

    pub(crate) const fn allow(&mut self, allowance: Allowance) {
        self.allowance = allowance;
    }

    pub(crate) fn buffered_bytes(&self) -> usize {
        self.in_flight_bytes + self.header.buffered_bytes() + self.replay.len()
    }

    fn read_any(&mut self, input: &mut &[u8]) -> Result<Option<Message>, ChunkError> {
        loop {
            let replay = std::mem::take(&mut self.replay);
            let message = if replay.is_empty() {
                self.advance(input)?
            } else {
                // Four bytes are too few for a body and a header with an extended timestamp: none is put back.
                let mut rest = &replay[..];
                let message = self.advance(&mut rest)?;
                self.replay = rest.to_vec();
                message
            };
            if message.is_some() || (self.replay.is_empty() && input.is_empty()) {
                return Ok(message);
            }
        }
    }

    /// Stops at the end of a message, of `input`, or where there is something to replay.
    fn advance(&mut self, input: &mut &[u8]) -> Result<Option<Message>, ChunkError> {
        loop {
            if let Some((stream, missing)) = self.body {
                if let Some(message) = self.read_body(stream, missing, input)? {
                    return Ok(Some(message));
                }
                if self.body.is_some() {
                    return Ok(None);
                }
            } else {
                let streams = &self.streams;
                let extended = |stream| streams.get(&stream).is_some_and(|stream| stream.extended);
                let Some(header) = self.header.advance(input, extended) else { return Ok(None) };
                self.begin_chunk(header)?;
                if !self.replay.is_empty() {
                    return Ok(None);
                }
            }
        }
    }

    fn begin_chunk(&mut self, header: ChunkHeader) -> Result<(), ChunkError> {
        let id = header.stream;
        if !self.streams.contains_key(&id) {
            self.open_stream(header)?;
        }
        let stream = self.streams.get_mut(&id).ok_or(ChunkError::NoHeader(id))?;
        let goes_on = stream.partial.is_some();
        match (goes_on, header.format) {
            (true, Format::Same) => {}
            (true, _) => return Err(ChunkError::Interrupted(id)),
            (false, _) => stream.begin_message(header),
        }
        let max = self.allowance.message_bytes_max(MessageKind(stream.kind));
        if stream.length > max {
            return Err(ChunkError::MessageTooLong { stream: id, length: stream.length, max });
        }
        stream.chunks += 1;
        if stream.chunks > MESSAGE_CHUNKS_MAX {
            return Err(ChunkError::TooManyChunks);
        }
        if let (true, Some(field)) = (goes_on, header.extended)
            && !stream.repeats_timestamp(field)
        {
            self.replay = field.to_be_bytes().to_vec();
        }
        let missing = stream.length - stream.partial.get_or_insert_default().len();
        self.body = Some((id, missing.min(self.chunk_bytes_max)));
        Ok(())
    }

    /// "This type MUST be used at the start of a chunk stream" says 5.3.1.2.1 of type 0; some encoders begin the
    /// control stream with type 1, which has all that is needed but a stream id of 0.
    fn open_stream(&mut self, header: ChunkHeader) -> Result<(), ChunkError> {
        match header.format {
            Format::Full { .. } | Format::SameStream { .. } if self.streams.len() < CHUNK_STREAMS_MAX => {
                self.streams.insert(header.stream, ChunkStream::default());
                Ok(())
            }
            Format::Full { .. } | Format::SameStream { .. } => Err(ChunkError::TooManyStreams),
            Format::SameLength { .. } | Format::Same => Err(ChunkError::NoHeader(header.stream)),
        }
    }

    fn read_body(
        &mut self,
        id: u32,
        missing: usize,
        input: &mut &[u8],
    ) -> Result<Option<Message>, ChunkError> {
        let (now, later) = input.split_at(input.len().min(missing));
        *input = later;
        let stream = self.streams.get_mut(&id).expect("a body is begun on a stream that is there");
        let partial = stream.partial.get_or_insert_default();
        self.in_flight_bytes += now.len();
        if self.in_flight_bytes > self.allowance.in_flight_bytes_max() {
            return Err(ChunkError::TooMuchInFlight(self.allowance.in_flight_bytes_max()));
        }
        partial.extend_from_slice(now);
        self.body = (now.len() < missing).then_some((id, missing - now.len()));
        if partial.len() < stream.length {
            return Ok(None);
        }
        self.in_flight_bytes -= stream.length;
        Ok(Some(stream.finish_message()))
    }

    /// "Maximum chunk size [...] the most significant bit MUST be zero [...] effectively 16777215 since messages
    /// are no longer" (5.4.1): with larger ones nothing is cut, which needs no care here.
    fn set_chunk_size(&mut self, size_bytes: u32) -> Result<(), ChunkError> {
        match i32::try_from(size_bytes) {
            Ok(1..) => self.chunk_bytes_max = size_bytes as usize,
            _ => return Err(ChunkError::ChunkSize(size_bytes)),
        }
        Ok(())
    }

    /// "to notify the peer if it is waiting for chunks to complete a message, then to discard the partially
    /// received message over a chunk stream" (5.4.2)
    fn abort(&mut self, id: u32) {
        if let Some(partial) = self.streams.get_mut(&id).and_then(|stream| stream.partial.take()) {
            self.in_flight_bytes -= partial.len();
        }
    }
}

fn control_value(payload: &[u8]) -> Result<u32, ChunkError> {
    payload.first_chunk().map(|value| u32::from_be_bytes(*value)).ok_or(ChunkError::Control(payload.len()))
}

impl ChunkStream {
    fn begin_message(&mut self, header: ChunkHeader) {
        self.chunks = 0;
        match header.format {
            Format::Full { timestamp_ms, length, kind, stream_id } => {
                (self.length, self.kind, self.stream_id) = (length, kind, stream_id);
                self.remember_field(timestamp_ms, true, header);
                self.timestamp_ms = timestamp_ms;
            }
            Format::SameStream { delta_ms, length, kind } => {
                (self.length, self.kind) = (length, kind);
                self.remember_field(delta_ms, false, header);
                self.timestamp_ms = self.timestamp_ms.wrapping_add(delta_ms);
            }
            Format::SameLength { delta_ms } => {
                self.remember_field(delta_ms, false, header);
                self.timestamp_ms = self.timestamp_ms.wrapping_add(delta_ms);
            }
            Format::Same => self.timestamp_ms = self.next_timestamp(header.extended),
        }
    }

    const fn remember_field(&mut self, field_ms: u32, absolute: bool, header: ChunkHeader) {
        (self.field_ms, self.absolute, self.extended) = (field_ms, absolute, header.extended.is_some());
    }

    /// Of a message that begins with a type 3 chunk: "If a Type 3 chunk follows a Type 0 chunk, then the timestamp
    /// delta for this Type 3 chunk is the same as the timestamp of the Type 0 chunk" (5.3.1.2.4). An extended
    /// field says it itself, and after a type 0 header it is absolute as there.
    fn next_timestamp(&mut self, extended: Option<u32>) -> u32 {
        match extended {
            Some(field) if self.absolute => {
                self.field_ms = field;
                field
            }
            Some(field) => {
                self.field_ms = field;
                self.timestamp_ms.wrapping_add(field)
            }
            None => self.timestamp_ms.wrapping_add(self.field_ms),
        }
    }

    /// Whether four bytes in a chunk that goes on are an extended timestamp. Publishers differ: most repeat the
    /// field of the first chunk, some write the absolute time, some (against 5.3.1.3) leave it out.
    const fn repeats_timestamp(&self, field: u32) -> bool {
        field == self.field_ms || field == self.timestamp_ms
    }

    fn finish_message(&mut self) -> Message {
        Message {
            timestamp_ms: self.timestamp_ms,
            kind: MessageKind(self.kind),
            stream_id: self.stream_id,
            payload: self.partial.take().unwrap_or_default().freeze(),
        }
    }
}

/// Cuts messages into chunks, with a full header each.
#[derive(Debug)]
pub(crate) struct Writer {
    chunk_bytes_max: usize,
}

impl Default for Writer {
    fn default() -> Self {
        Self { chunk_bytes_max: 128 }
    }
}

impl Writer {
    /// Announces a larger chunk size to the peer and uses it from then on.
    pub(crate) fn enlarge_chunks(&mut self, out: &mut BytesMut) {
        let payload = Bytes::copy_from_slice(&(CHUNK_SENT_BYTES_MAX as u32).to_be_bytes());
        let message = Message { timestamp_ms: 0, kind: MessageKind::SET_CHUNK_SIZE, stream_id: 0, payload };
        self.write(2, &message, out);
        self.chunk_bytes_max = CHUNK_SENT_BYTES_MAX;
    }

    /// Appends a message to `out`. `chunk_stream` is from 2 to 63.
    pub(crate) fn write(&self, chunk_stream: u8, message: &Message, out: &mut BytesMut) {
        let extended = message.timestamp_ms >= 0xFF_FFFF;
        out.put_u8(chunk_stream);
        out.put_uint(u64::from(message.timestamp_ms.min(0xFF_FFFF)), 3);
        out.put_uint(message.payload.len() as u64, 3);
        out.put_u8(message.kind.0);
        out.put_u32_le(message.stream_id);
        if extended {
            out.put_u32(message.timestamp_ms);
        }
        for (index, chunk) in message.payload.chunks(self.chunk_bytes_max).enumerate() {
            if index > 0 {
                out.put_u8(0xC0 | chunk_stream);
                if extended {
                    out.put_u32(message.timestamp_ms);
                }
            }
            out.put_slice(chunk);
        }
    }
}

#[cfg(test)]
#[path = "chunk_tests.rs"]
mod tests;

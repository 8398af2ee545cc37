//! One connection of a publisher: bytes in, answers, requests and media out.
//!
//! ```text
//! Handshake -> Unconnected -connect-> Connected -publish-> Requested -accept_publish-> Publishing
//!                                         ^                    | refuse_publish            |
//!                                         |                    v                           |
//!                                         |                 Closing                        |
//!                                         +---------------- Unpublished -------------------+
//! ```
//!
//! The shell calls [`handle`](Session::handle) with each read, then [`poll`](Session::poll) until it gives nothing.
//! It ends silent peers: there is no clock here.

use super::chunk::{Allowance, ChunkError, Reader, Writer};
use super::command::{self, Call, Command};
use super::handshake::{Handshake, NotRtmp};
use super::{Amf0Error, Message, MessageKind, Metadata, StreamKey, Value};
use crate::limits::{
    ACK_WINDOW_BYTES, ACK_WINDOW_BYTES_MIN, EARLY_MEDIA_BYTES_MAX, EARLY_MEDIA_MESSAGES_MAX, NAME_BYTES_MAX,
    OUTPUT_BYTES_MAX, OUTPUTS_MAX, SEND_BYTES_MAX,
};
use crate::wrap::Unwrap;
use crate::{Demuxed, Unsupported, flv};
use bytes::{Buf, Bytes, BytesMut};
use media::time::Ticks;
use media::unit::SourceEvent;
use std::collections::VecDeque;

/// The one message stream that `createStream` gives.
const STREAM_ID: u32 = 1;

/// Something for the shell to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Bytes for the peer.
    Send(Bytes),
    /// Somebody wants to publish: answer with [`Session::accept_publish`] or [`Session::refuse_publish`].
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Unconnected,
    Connected,
    Requested,
    Publishing,
    Closing,
}

/// The server's side of one connection. It has no `Debug`, since its buffers hold the stream key.
pub struct Session {
    handshake: Option<Handshake>,
    phase: Phase,
    reader: Reader,
    writer: Writer,
    acknowledgement: Acknowledgement,
    app: String,
    /// Whether the peer speaks the FMLE dialect and waits for `onFCPublish`.
    fc_publish: bool,
    early: Vec<Message>,
    early_bytes: usize,
    clock: Unwrap<32>,
    flv: flv::Demuxer,
    malformed: u64,
    send: BytesMut,
    outputs: VecDeque<Output>,
    output_bytes: usize,
}

struct Acknowledgement {
    window_bytes: u32,
    received_bytes: u64,
    acknowledged_bytes: u64,
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// A connection just accepted.
    #[must_use]
    pub fn new() -> Self {
        Self {
            handshake: Some(Handshake::default()),
            phase: Phase::Unconnected,
            reader: Reader::default(),
            writer: Writer::default(),
            acknowledgement: Acknowledgement {
                window_bytes: ACK_WINDOW_BYTES,
                received_bytes: 0,
                acknowledged_bytes: 0,
            },
            app: String::new(),
            fc_publish: false,
            early: Vec::new(),
            early_bytes: 0,
            clock: Unwrap::default(),
            flv: flv::Demuxer::new(),
            malformed: 0,
            send: BytesMut::new(),
            outputs: VecDeque::new(),
            output_bytes: 0,
        }
    }

    /// The same with the handshake done, so that fuzzing need not find it.
    pub(crate) fn after_handshake() -> Self {
        Self { handshake: None, ..Self::new() }
    }

    // Getters

    /// Whether media is being taken.
    #[must_use]
    pub fn is_publishing(&self) -> bool {
        self.phase == Phase::Publishing
    }

    /// Bytes held: unfinished messages, early media, and outputs not yet polled.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        self.handshake.as_ref().map_or(0, Handshake::buffered_bytes)
            + self.reader.buffered_bytes()
            + self.early_bytes
            + self.send.len()
            + self.output_bytes
    }

    /// Messages skipped since they made no sense.
    #[must_use]
    pub const fn malformed(&self) -> u64 {
        self.malformed + self.flv.malformed()
    }

    // Events in

    /// Takes bytes from the peer, at best not more than 64 KiB at a time.
    ///
    /// # Errors
    /// [`RtmpError`]: drain [`poll`](Self::poll), and close the connection.
    pub fn handle(&mut self, mut input: &[u8]) -> Result<(), RtmpError> {
        self.acknowledgement.received_bytes += input.len() as u64;
        if let Some(handshake) = &mut self.handshake {
            if !handshake.advance(&mut input, &mut self.send)? {
                return Ok(());
            }
            self.handshake = None;
        }
        while self.phase != Phase::Closing
            && let Some(message) = self.reader.read(&mut input)?
        {
            self.handle_message(message)?;
            self.check_backlog()?;
        }
        self.acknowledge();
        Ok(())
    }

    /// Lets the publisher in. Does nothing unless publishing was requested.
    ///
    /// # Errors
    /// As [`handle`](Self::handle): media that came early is read now.
    pub fn accept_publish(&mut self) -> Result<(), RtmpError> {
        if self.phase != Phase::Requested {
            return Ok(());
        }
        self.phase = Phase::Publishing;
        self.reader.allow(Allowance::Media);
        // "Stream Begin (=0): The server sends this event to notify the client that a stream has become functional"
        self.send_control(MessageKind::USER_CONTROL, &[0, 0, 0, 0, 0, STREAM_ID as u8]);
        let code = "NetStream.Publish.Start";
        if self.fc_publish {
            self.send_command(0, command::status("onFCPublish", "status", code, "publishing"));
        }
        self.send_command(STREAM_ID, command::status("onStatus", "status", code, "publishing"));
        self.early_bytes = 0;
        for message in std::mem::take(&mut self.early) {
            self.handle_media(&message);
        }
        self.check_backlog()
    }

    /// Turns the publisher away, with a reason that its user will see, and closes.
    pub fn refuse_publish(&mut self, reason: &str) {
        if self.phase == Phase::Requested {
            self.refuse("NetStream.Publish.BadName", reason);
        }
    }

    // Actions out

    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<Output> {
        if !self.send.is_empty() {
            return Some(Output::Send(self.send.split().freeze()));
        }
        let output = self.outputs.pop_front()?;
        self.output_bytes -= bytes_of(&output);
        Some(output)
    }

    // What messages do

    fn handle_message(&mut self, message: Message) -> Result<(), RtmpError> {
        match message.kind {
            MessageKind::WINDOW_ACKNOWLEDGEMENT_SIZE => self.acknowledgement.set_window(&message.payload),
            // "The peer receiving this message SHOULD respond with a Window Acknowledgement Size message" (5.4.5)
            MessageKind::SET_PEER_BANDWIDTH => self.send_window(),
            MessageKind::USER_CONTROL => self.handle_user_control(&message.payload),
            MessageKind::COMMAND => self.handle_call(Call::read(&message.payload)?)?,
            // The AMF3 form begins with a zero, and then has AMF0.
            MessageKind::COMMAND_AMF3 => self.handle_call(Call::read(after_zero(&message.payload))?)?,
            MessageKind::DATA | MessageKind::DATA_AMF3 => self.handle_data(&message),
            kind if kind.is_media() => self.admit_media(message)?,
            // Acknowledgements, shared objects and what others have invented
            _ => {}
        }
        Ok(())
    }

    /// "PingRequest (=6)", answered by "PingResponse (=7)" with the same time (7.1.7).
    fn handle_user_control(&mut self, payload: &[u8]) {
        if let [0, 6, time @ ..] = payload
            && let Some(time) = time.first_chunk::<4>()
        {
            let pong = [&[0, 7][..], time].concat();
            self.send_control(MessageKind::USER_CONTROL, &pong);
        }
    }

    fn handle_call(&mut self, call: Call) -> Result<(), RtmpError> {
        let transaction = call.transaction;
        match call.command {
            Command::Connect { app } => self.handle_connect(transaction, app),
            Command::ReleaseStream | Command::CheckBandwidth => self.answer(transaction, Value::Null),
            Command::FcPublish { .. } => {
                self.fc_publish = true;
                self.answer(transaction, Value::Null);
            }
            Command::CreateStream => self.answer(transaction, f64::from(STREAM_ID).into()),
            Command::GetStreamLength => self.answer(transaction, 0.0.into()),
            Command::Publish { name } => self.handle_publish(&name)?,
            Command::Unpublish => self.handle_unpublish(),
            Command::Play => {
                self.refuse(
                    "NetStream.Play.Failed",
                    "nothing is played over RTMP here; see the channel's watch page",
                );
            }
            Command::Answer => {}
            Command::Unknown if transaction > 0.0 => {
                self.send_command(0, command::not_understood(transaction));
            }
            Command::Unknown => {}
        }
        Ok(())
    }

    fn handle_connect(&mut self, transaction: f64, app: String) {
        if app.len() > NAME_BYTES_MAX {
            return self.refuse("NetConnection.Connect.InvalidApp", "the application name is too long");
        }
        if self.phase == Phase::Unconnected {
            self.phase = Phase::Connected;
            self.app = app;
        }
        self.send_window();
        // "2 - Dynamic" (5.4.5)
        let bandwidth = [&ACK_WINDOW_BYTES.to_be_bytes()[..], &[2]].concat();
        self.send_control(MessageKind::SET_PEER_BANDWIDTH, &bandwidth);
        self.writer.enlarge_chunks(&mut self.send);
        self.send_command(0, command::connected(transaction));
    }

    fn handle_publish(&mut self, name: &str) -> Result<(), RtmpError> {
        let key = command::without_query(name);
        match self.phase {
            Phase::Unconnected => return Err(RtmpError::OutOfOrder),
            Phase::Connected if key.is_empty() => {
                self.refuse("NetStream.Publish.BadName", "the stream key is missing");
            }
            Phase::Connected if key.len() > NAME_BYTES_MAX => {
                self.refuse("NetStream.Publish.BadName", "the stream key is too long");
            }
            Phase::Connected => {
                self.phase = Phase::Requested;
                let stream_key = StreamKey::new(key.to_owned());
                self.push(Output::PublishRequested { app: self.app.clone(), stream_key });
            }
            Phase::Requested | Phase::Publishing | Phase::Closing => {
                self.refuse("NetStream.Publish.BadName", "this connection already publishes");
            }
        }
        Ok(())
    }

    fn handle_unpublish(&mut self) {
        if self.phase == Phase::Publishing {
            let code = "NetStream.Unpublish.Success";
            self.send_command(STREAM_ID, command::status("onStatus", "status", code, "no longer publishing"));
            self.push(Output::Unpublished);
        }
        if matches!(self.phase, Phase::Publishing | Phase::Requested) {
            self.phase = Phase::Connected;
            (self.flv, self.clock) = (flv::Demuxer::new(), Unwrap::default());
            self.early.clear();
            self.early_bytes = 0;
        }
    }

    fn handle_data(&mut self, message: &Message) {
        let amf3 = message.kind == MessageKind::DATA_AMF3;
        let payload = if amf3 { after_zero(&message.payload) } else { &message.payload[..] };
        if let (true, Some(metadata)) = (self.is_publishing(), Metadata::read(payload)) {
            self.push(Output::Metadata(metadata));
        }
    }

    fn admit_media(&mut self, message: Message) -> Result<(), RtmpError> {
        match self.phase {
            Phase::Publishing => self.handle_media(&message),
            Phase::Requested => {
                self.early_bytes += message.payload.len();
                self.early.push(message);
                if self.early_bytes > EARLY_MEDIA_BYTES_MAX || self.early.len() > EARLY_MEDIA_MESSAGES_MAX {
                    return Err(RtmpError::EarlyMedia);
                }
            }
            // The tail of what was unpublished, or a peer that does not know the order of things
            Phase::Unconnected | Phase::Connected | Phase::Closing => self.malformed += 1,
        }
        Ok(())
    }

    fn handle_media(&mut self, message: &Message) {
        let at = Ticks::from_millis(self.clock.follow(message.timestamp_ms.into()));
        match message.kind {
            MessageKind::VIDEO => self.flv.handle_video(at, &message.payload),
            MessageKind::AUDIO => self.flv.handle_audio(at, &message.payload),
            _ => self.handle_aggregate(message),
        }
        while let Some(demuxed) = self.flv.poll() {
            self.push(match demuxed {
                Demuxed::Event(event) => Output::Event(event),
                Demuxed::Unsupported(unsupported) => Output::Unsupported(unsupported),
            });
        }
    }

    /// "An aggregate message is a single message that contains a series of RTMP sub-messages" (7.1.6), as FLV tags:
    /// "The difference between the timestamps of the aggregate message and the first sub-message is the offset used
    /// to renormalize the timestamps".
    fn handle_aggregate(&mut self, message: &Message) {
        let mut rest = message.payload.clone();
        let mut offset = None;
        while rest.len() >= flv::TAG_HEADER_BYTES {
            let tag = flv::TagHeader::read(&rest.split_to(flv::TAG_HEADER_BYTES));
            if rest.len() < tag.length {
                break;
            }
            let body = rest.split_to(tag.length);
            rest.advance(rest.len().min(flv::TAG_TRAILER_BYTES));
            let offset = *offset.get_or_insert(message.timestamp_ms.wrapping_sub(tag.timestamp_ms));
            let at = self.clock.follow(tag.timestamp_ms.wrapping_add(offset).into());
            match MessageKind(tag.kind) {
                MessageKind::VIDEO => self.flv.handle_video(Ticks::from_millis(at), &body),
                MessageKind::AUDIO => self.flv.handle_audio(Ticks::from_millis(at), &body),
                _ => {}
            }
        }
        self.malformed += u64::from(!rest.is_empty());
    }

    // What goes out

    fn refuse(&mut self, code: &str, reason: &str) {
        let stream_id = if self.phase == Phase::Unconnected { 0 } else { STREAM_ID };
        if self.phase == Phase::Publishing {
            self.push(Output::Unpublished);
        }
        self.send_command(stream_id, command::status("onStatus", "error", code, reason));
        self.phase = Phase::Closing;
        self.early.clear();
        self.early_bytes = 0;
        self.push(Output::Close);
    }

    fn answer(&mut self, transaction: f64, value: Value) {
        self.send_command(0, command::result(transaction, value));
    }

    fn send_command(&mut self, stream_id: u32, payload: Bytes) {
        let chunk_stream = if stream_id == 0 { 3 } else { 5 };
        let message = Message { timestamp_ms: 0, kind: MessageKind::COMMAND, stream_id, payload };
        self.writer.write(chunk_stream, &message, &mut self.send);
    }

    /// "These protocol control messages MUST have message stream ID 0 and be sent in chunk stream ID 2." (5.4)
    fn send_control(&mut self, kind: MessageKind, payload: &[u8]) {
        let payload = Bytes::copy_from_slice(payload);
        self.writer.write(2, &Message { timestamp_ms: 0, kind, stream_id: 0, payload }, &mut self.send);
    }

    fn send_window(&mut self) {
        self.send_control(MessageKind::WINDOW_ACKNOWLEDGEMENT_SIZE, &ACK_WINDOW_BYTES.to_be_bytes());
    }

    fn acknowledge(&mut self) {
        if let Some(sequence) = self.acknowledgement.due() {
            self.send_control(MessageKind::ACKNOWLEDGEMENT, &sequence.to_be_bytes());
        }
    }

    fn push(&mut self, output: Output) {
        self.output_bytes += bytes_of(&output);
        self.outputs.push_back(output);
    }

    fn check_backlog(&self) -> Result<(), RtmpError> {
        if self.send.len() > SEND_BYTES_MAX {
            return Err(RtmpError::SendBacklog);
        }
        if self.outputs.len() > OUTPUTS_MAX || self.output_bytes > OUTPUT_BYTES_MAX {
            return Err(RtmpError::OutputBacklog);
        }
        Ok(())
    }
}

impl Acknowledgement {
    fn set_window(&mut self, payload: &[u8]) {
        if let Some(window) = payload.first_chunk() {
            self.window_bytes = u32::from_be_bytes(*window).max(ACK_WINDOW_BYTES_MIN);
        }
    }

    /// "The client or the server MUST send an acknowledgment to the peer after receiving bytes equal to the window
    /// size. [...] sequence number (32 bits): This field holds the number of bytes received so far." (5.4.3)
    fn due(&mut self) -> Option<u32> {
        if self.received_bytes - self.acknowledged_bytes < self.window_bytes.into() {
            return None;
        }
        self.acknowledged_bytes = self.received_bytes;
        Some(self.received_bytes as u32)
    }
}

fn after_zero(payload: &[u8]) -> &[u8] {
    payload.strip_prefix(&[0]).unwrap_or(payload)
}

fn bytes_of(output: &Output) -> usize {
    match output {
        Output::Event(SourceEvent::Video(unit) | SourceEvent::Audio(unit)) => unit.data.len(),
        Output::Event(SourceEvent::VideoTrack(track) | SourceEvent::AudioTrack(track)) => track.config.len(),
        Output::Send(bytes) => bytes.len(),
        _ => 0,
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;

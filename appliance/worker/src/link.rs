//! The worker's end of the link: messages in, messages out, nothing understood.

use bytes::BytesMut;
use media::link::{Message, take};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::Receiver;

/// Read at once.
const READ_BYTES: usize = 64 << 10;
/// Written at once, at most, and one message more.
const WRITE_BYTES: usize = 256 << 10;

/// Reads messages off a stream.
pub(crate) struct Reader {
    stream: UnixStream,
    buffer: BytesMut,
    chunk: Vec<u8>,
}

impl Reader {
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self { stream, buffer: BytesMut::new(), chunk: vec![0; READ_BYTES] }
    }

    /// The next message; nothing when the other end has closed.
    pub(crate) fn next<M: Message>(&mut self) -> anyhow::Result<Option<M>> {
        loop {
            if let Some(message) = take(&mut self.buffer)? {
                return Ok(Some(message));
            }
            match self.stream.read(&mut self.chunk) {
                Ok(0) => return Ok(None),
                Ok(len) => self.buffer.extend_from_slice(&self.chunk[..len]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Writes what comes until there is nothing more to come; what has piled up goes in one piece.
pub(crate) fn write_all<M: Message>(mut stream: &UnixStream, messages: &Receiver<M>) -> std::io::Result<()> {
    let mut buffer = BytesMut::new();
    while let Ok(message) = messages.recv() {
        buffer.clear();
        message.encode(&mut buffer);
        while buffer.len() < WRITE_BYTES
            && let Ok(message) = messages.try_recv()
        {
            message.encode(&mut buffer);
        }
        stream.write_all(&buffer)?;
    }
    Ok(())
}

/// The socket that the daemon handed over as standard input, under a descriptor of its own.
///
/// # Errors
/// When standard input cannot be duplicated.
pub(crate) fn of_stdin() -> std::io::Result<UnixStream> {
    use std::os::fd::AsFd;
    Ok(UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?))
}

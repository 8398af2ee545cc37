//! An RTMP publisher whose time stamps are whatever a test wants: ffmpeg writes none that run backwards, and only 31
//! bits of them.

use crate::clock::now;
use anyhow::{Context, ensure};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

/// As ffmpeg has it.
const CHUNK_BYTES: usize = 60_000;
const HANDSHAKE_BYTES: usize = 1536;
/// For an answer of the server.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// A message of FLV: its type, its stamp in milliseconds, its body.
struct Tag {
    kind: u8,
    millis: u64,
    body: Vec<u8>,
}

/// Sends a file in real time. Dropping it cuts the source.
#[derive(Debug)]
pub struct HandPublisher {
    stopping: Arc<AtomicBool>,
    sending: Option<JoinHandle<anyhow::Result<()>>>,
}

impl HandPublisher {
    /// Begins to send a transport stream to `/live/KEY` at this port. `stamp` makes of each stamp of the file, in
    /// milliseconds from its beginning, the one that is sent; RTMP has room for 32 bits of it.
    ///
    /// # Errors
    /// When ffmpeg does not understand the file; when the server does not take the publisher.
    pub fn start(
        port: u16,
        key: &str,
        file: &Path,
        stamp: impl Fn(u64) -> u64 + Send + 'static,
    ) -> anyhow::Result<Self> {
        let tags = tags(&flv(file)?)?;
        let mut stream = publishing(port, key)?;
        let stopping = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stopping);
        let sending = std::thread::spawn(move || {
            let began = now();
            for tag in tags {
                while began.elapsed() < Duration::from_millis(tag.millis) {
                    if told.load(Relaxed) {
                        return Ok(());
                    }
                    std::thread::sleep(Duration::from_millis(2));
                }
                let stream_of = if tag.kind == 8 { 4 } else { 6 };
                stream.write_all(&message(stream_of, tag.kind, 1, stamp(tag.millis) as u32, &tag.body))?;
            }
            Ok(())
        });
        Ok(Self { stopping, sending: Some(sending) })
    }

    /// Cuts the source.
    ///
    /// # Errors
    /// When the server did so before.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.stopping.store(true, Relaxed);
        let sending = self.sending.take().context("it is stopped once")?;
        sending.join().map_err(|_| anyhow::anyhow!("the sender panicked"))?
    }
}

impl Drop for HandPublisher {
    fn drop(&mut self) {
        self.stopping.store(true, Relaxed);
        if let Some(sending) = self.sending.take() {
            let _failed = sending.join();
        }
    }
}

fn flv(file: &Path) -> anyhow::Result<Vec<u8>> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file)
        .args([
            "-c",
            "copy",
            "-bsf:a",
            "aac_adtstoasc",
            "-flvflags",
            "no_duration_filesize",
            "-f",
            "flv",
            "-",
        ])
        .output()
        .context("running ffmpeg")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

/// Adobe's FLV specification, E.3 and E.4.
fn tags(flv: &[u8]) -> anyhow::Result<Vec<Tag>> {
    let mut rest = flv.get(13..).context("an FLV header")?;
    let mut tags = Vec::new();
    while let Some((head, after)) = rest.split_first_chunk::<11>() {
        let size = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
        let millis = u32::from_be_bytes([head[7], head[4], head[5], head[6]]).into();
        let body = after.get(..size).context("a whole tag")?.to_vec();
        tags.push(Tag { kind: head[0], millis, body });
        rest = after.get(size + 4..).context("the size of the tag before")?;
    }
    Ok(tags)
}

/// A connection that the server has let publish.
fn publishing(port: u16, key: &str) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(ANSWER_LIMIT))?;
    stream.write_all(&[&[3], &[0; HANDSHAKE_BYTES][..]].concat())?;
    let mut answer = [0; 1 + 2 * HANDSHAKE_BYTES];
    stream.read_exact(&mut answer)?;
    stream.write_all(&answer[1..=HANDSHAKE_BYTES])?;

    let size = (CHUNK_BYTES as u32).to_be_bytes();
    let app = [text_of("app"), value("live"), text_of("tcUrl"), value("rtmp://127.0.0.1/live")].concat();
    let connect = [value("connect"), number(1.0), vec![3], app, vec![0, 0, 9]].concat();
    let create = [value("createStream"), number(2.0), vec![5]].concat();
    let publish = [value("publish"), number(3.0), vec![5], value(key), value("live")].concat();
    stream.write_all(&message(2, 1, 0, 0, &size))?;
    stream.write_all(&message(3, 20, 0, 0, &connect))?;
    stream.write_all(&message(3, 20, 0, 0, &create))?;
    stream.write_all(&message(3, 20, 1, 0, &publish))?;

    let mut heard = Vec::new();
    let wanted = b"NetStream.Publish.Start";
    while !heard.windows(wanted.len()).any(|words| words == wanted) {
        let mut some = [0; 4096];
        let read = stream.read(&mut some).context("waiting for NetStream.Publish.Start")?;
        ensure!(read > 0, "the server refused the publisher");
        heard.extend_from_slice(&some[..read]);
    }
    // What else it says is of no matter, and little: it fits into the socket's buffer.
    Ok(stream)
}

/// AMF0: a string as the name of a member.
fn text_of(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()
}

/// AMF0: a string.
fn value(text: &str) -> Vec<u8> {
    [vec![2], text_of(text)].concat()
}

/// AMF0: a number.
fn number(number: f64) -> Vec<u8> {
    [&[0][..], &number.to_be_bytes()].concat()
}

/// One message in chunks of types 0 and 3 (Adobe's RTMP specification, 5.3.1).
fn message(chunk_stream: u8, kind: u8, message_stream: u32, stamp: u32, body: &[u8]) -> Vec<u8> {
    const EXTENDED: u32 = 0xff_ffff;
    let extended = if stamp >= EXTENDED { &stamp.to_be_bytes()[..] } else { &[] };
    let mut out = vec![chunk_stream];
    out.extend_from_slice(&stamp.min(EXTENDED).to_be_bytes()[1..]);
    out.extend_from_slice(&(body.len() as u32).to_be_bytes()[1..]);
    out.push(kind);
    out.extend_from_slice(&message_stream.to_le_bytes());
    out.extend_from_slice(extended);
    for (index, chunk) in body.chunks(CHUNK_BYTES).enumerate() {
        if index > 0 {
            out.push(0xc0 | chunk_stream);
            out.extend_from_slice(extended);
        }
        out.extend_from_slice(chunk);
    }
    out
}

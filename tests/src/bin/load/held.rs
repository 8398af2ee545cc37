//! One request held open, and when its answer came, by the kernel's clock of arrival.
//!
//! The load shares its two cores with the box. Were answers timed when this process gets round to reading them, it would
//! measure itself: ten thousand of them take it longer than the box takes to send them. So it keeps still until all
//! should have come, and then reads the bytes together with the time at which the kernel took them in (SO_TIMESTAMPNS).

use anyhow::{Context, ensure};
use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt};
use nix::sys::time::TimeSpec;
use std::io::{IoSliceMut, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::Duration;

/// An answer that takes longer is lost.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// More than a compressed playlist.
const READ_BYTES: usize = 16 << 10;

/// A connection.
pub(crate) struct Held(TcpStream);

/// What came.
pub(crate) struct Came {
    /// Milliseconds since the epoch at which its last byte was there.
    pub(crate) at_ms: f64,
    /// Of HTTP.
    pub(crate) status: u16,
    /// Compressed.
    pub(crate) body: Vec<u8>,
}

impl Held {
    /// Connects.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn connect(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).context("connecting")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        setsockopt(&stream, ReceiveTimestampns, &true)?;
        Ok(Self(stream))
    }

    /// Sends a request, compressed answers welcome as players say.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn ask(&mut self, path: &str) -> anyhow::Result<()> {
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n");
        Ok(self.0.write_all(head.as_bytes())?)
    }

    /// Reads the answer; waits for it when it has not come.
    ///
    /// # Errors
    /// When none comes, or one that is not HTTP.
    pub(crate) fn answer(&mut self) -> anyhow::Result<Came> {
        let (mut read, mut at_ms) = (Vec::new(), 0.0);
        loop {
            if let Some((status, body)) = whole(&read)? {
                return Ok(Came { at_ms, status, body });
            }
            let mut piece = [0; READ_BYTES];
            let mut room = nix::cmsg_space!(TimeSpec);
            let mut buffers = [IoSliceMut::new(&mut piece)];
            let message =
                recvmsg::<()>(self.0.as_raw_fd(), &mut buffers, Some(&mut room), MsgFlags::empty())?;
            for control in message.cmsgs()? {
                if let ControlMessageOwned::ScmTimestampns(at) = control {
                    at_ms = at.tv_sec() as f64 * 1000.0 + at.tv_nsec() as f64 / 1e6;
                }
            }
            let taken = message.bytes;
            ensure!(taken > 0, "the connection was closed");
            read.extend_from_slice(&piece[..taken]);
        }
    }
}

/// Status and body, once all of it is there.
fn whole(read: &[u8]) -> anyhow::Result<Option<(u16, Vec<u8>)>> {
    let mut fields = [httparse::EMPTY_HEADER; 24];
    let mut response = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(head) = response.parse(read)? else { return Ok(None) };
    let length = response.headers.iter().find(|field| field.name.eq_ignore_ascii_case("content-length"));
    let length: usize = std::str::from_utf8(length.context("content-length")?.value)?.parse()?;
    let body = read.get(head..head + length).map(<[u8]>::to_vec);
    body.map(|body| Ok((response.code.context("status")?, body))).transpose()
}

//! The listener as the daemon sees it, with `ffmpeg` as the publisher, over loopback.

use super::link::{FromListener, ToListener};
use crate::link::Reader;
use bytes::BytesMut;
use media::link::Message;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

const KEY: &str = "0123456789abcdef0123456789abcdef";
/// No message for this long is a failure, so that a broken listener does not hang the tests.
const SILENCE_MAX: Duration = Duration::from_secs(20);

struct Daemon {
    stream: UnixStream,
    reader: Reader,
    listener: JoinHandle<anyhow::Result<()>>,
    port: u16,
}

impl Daemon {
    fn start() -> Self {
        let (stream, theirs) = UnixStream::pair().unwrap();
        stream.set_read_timeout(Some(SILENCE_MAX)).unwrap();
        let listener = std::thread::spawn(move || super::run_on(theirs));
        let reader = Reader::new(stream.try_clone().unwrap());
        let mut daemon = Self { stream, reader, listener, port: 0 };
        daemon.tell(&ToListener::Listen { addr: "127.0.0.1:0".parse().unwrap(), latency_ms: 120 });
        let FromListener::Listening { port } = daemon.next() else { panic!("it listens first") };
        daemon.port = port;
        daemon
    }

    fn tell(&mut self, message: &ToListener) {
        let mut bytes = BytesMut::new();
        message.encode(&mut bytes);
        self.stream.write_all(&bytes).unwrap();
    }

    fn next(&mut self) -> FromListener {
        self.reader.next().unwrap().expect("the listener goes on until it is told to stop")
    }

    /// Answers the next question; skips what else comes.
    fn judge(&mut self) -> (u64, bool) {
        loop {
            if let FromListener::Ask { conn, streamid_key, peer } = self.next() {
                assert!(peer.ip().is_loopback());
                let ok = streamid_key == KEY;
                self.tell(&ToListener::Admit { conn, ok });
                return (conn, ok);
            }
        }
    }

    fn publish(&self, streamid: &str) -> Publisher {
        let url = format!("srt://127.0.0.1:{}?mode=caller&streamid={streamid}", self.port);
        let source = "testsrc2=size=320x180:rate=25";
        let child = Command::new("ffmpeg")
            .args(["-v", "error", "-re", "-f", "lavfi", "-i", source, "-t", "30"])
            .args(["-c:v", "libx264", "-preset", "ultrafast", "-f", "mpegts", &url])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("ffmpeg is installed");
        Publisher(Some(child))
    }

    /// Waits for this many bytes of a connection.
    fn receive(&mut self, of: u64, enough: usize) -> Vec<u8> {
        let mut received = Vec::new();
        while received.len() < enough {
            match self.next() {
                FromListener::Data { conn, bytes } if conn == of => received.extend_from_slice(&bytes),
                FromListener::Closed { conn, reason } if conn == of => panic!("closed: {reason}"),
                _ => {}
            }
        }
        received
    }

    fn await_close(&mut self, of: u64) -> String {
        loop {
            if let FromListener::Closed { conn, reason } = self.next()
                && conn == of
            {
                return reason;
            }
        }
    }

    fn stop(mut self) {
        self.tell(&ToListener::Stop);
        self.listener.join().unwrap().unwrap();
    }
}

struct Publisher(Option<Child>);

impl Publisher {
    /// Waits until it gives up, and returns what it complained about.
    fn complaint(mut self) -> String {
        let output = self.0.take().unwrap().wait_with_output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// ISO/IEC 13818-1 2.4.3.2: every packet of 188 bytes begins with 0x47.
fn assert_transport_stream(bytes: &[u8]) {
    assert!(bytes.chunks(188).all(|packet| packet[0] == 0x47));
}

#[test]
fn a_good_key_yields_bytes_and_a_bad_one_is_refused() {
    let mut daemon = Daemon::start();
    let refused = daemon.publish("wrong");
    assert!(!daemon.judge().1);
    let complaint = refused.complaint();
    assert!(!complaint.is_empty());

    let bare = daemon.publish(KEY);
    let (first, ok) = daemon.judge();
    assert!(ok);
    assert_transport_stream(&daemon.receive(first, 40_000));

    // Two at once on one port, each with its own bytes; the standard form of the stream id.
    let standard = daemon.publish(&format!("#!::r={KEY},m=publish"));
    let (second, ok) = daemon.judge();
    assert!(ok && second != first);
    assert_transport_stream(&daemon.receive(second, 20_000));
    assert_transport_stream(&daemon.receive(first, 20_000));

    daemon.tell(&ToListener::Close { conn: second });
    assert_eq!(daemon.await_close(second), "closed by this box");
    drop(standard);
    drop(bare);
    assert!(!daemon.await_close(first).is_empty());
    daemon.stop();
}

#[test]
fn players_and_the_daemons_silence_are_refused() {
    let mut daemon = Daemon::start();
    // Refused without asking: the next question is the other publisher's.
    let player = daemon.publish(&format!("#!::r={KEY},m=request"));
    assert!(!player.complaint().is_empty());
    let unanswered = daemon.publish(KEY);
    let FromListener::Ask { conn, .. } = daemon.next() else { panic!("the player was not asked about") };
    unanswered.complaint();
    // Too late: nobody is there any more.
    daemon.tell(&ToListener::Admit { conn, ok: true });
    daemon.stop();
}

#[test]
fn a_port_in_use_is_said_so() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut daemon = Daemon::start();
    daemon.tell(&ToListener::Stop);
    daemon.listener.join().unwrap().unwrap();

    let (stream, theirs) = UnixStream::pair().unwrap();
    let listener = std::thread::spawn(move || super::run_on(theirs));
    let reader = Reader::new(stream.try_clone().unwrap());
    let mut daemon = Daemon { stream, reader, listener, port: 0 };
    daemon.tell(&ToListener::Listen { addr: taken.local_addr().unwrap(), latency_ms: 120 });
    let FromListener::Failed { reason } = daemon.next() else { panic!("the port is taken") };
    assert!(reason.contains(&taken.local_addr().unwrap().to_string()), "{reason}");
    daemon.stop();
}

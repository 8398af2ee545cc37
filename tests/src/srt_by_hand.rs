//! SRT packets written by hand, to be spoilt: draft-sharabayko-srt-01.

use anyhow::{bail, ensure};
use std::net::UdpSocket;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// For one answer; tried as often as said.
const ANSWER_MAX: Duration = Duration::from_millis(500);
const TRIES_MAX: usize = 20;
/// The largest datagram libsrt reads: an Ethernet frame's, less the headers of IP and UDP.
pub const DATAGRAM_BYTES_MAX: usize = 1472;
const FIRST_SEQUENCE: u32 = 1000;
/// As many datagrams as may be on their way at once without the kernel dropping some.
const BURST: usize = 16;

// draft-sharabayko-srt-01, 3.2, table 1.
const HANDSHAKE: u16 = 0x0000;
const ACK: u16 = 0x0002;
const NAK: u16 = 0x0003;
const ACKACK: u16 = 0x0006;
const DROPREQ: u16 = 0x0007;
// 3.2.1, table 4.
const INDUCTION: u32 = 1;
const CONCLUSION: u32 = 0xFFFF_FFFF;
// 3.2.1, table 3 (flags), and table 5 (types of the blocks).
/// The handshake carries the SRT handshake extension.
pub const HSREQ_FLAG: u16 = 1;
/// The handshake carries key material.
pub const KMREQ_FLAG: u16 = 2;
/// The handshake carries a configuration, such as the stream id.
pub const CONFIG_FLAG: u16 = 4;
const SRT_CMD_HSREQ: u16 = 1;
const SRT_CMD_KMREQ: u16 = 3;
const SRT_CMD_SID: u16 = 5;

/// 3.2: "Control packets": type, subtype 0, type-specific information, time stamp, destination socket id, content.
#[must_use]
pub fn control(kind: u16, information: u32, to: u32, content: &[u8]) -> Vec<u8> {
    let mut packet = (0x8000 | kind).to_be_bytes().to_vec();
    packet.extend([0, 0]);
    packet.extend(words(&[information, 0, to]));
    packet.extend(content);
    packet
}

/// Big-endian.
#[must_use]
pub fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// 3.2.1: "Extension Type", "Extension Length" in words, "Extension Contents".
#[must_use]
pub fn block(kind: u16, content: &[u8]) -> Vec<u8> {
    let len_words = u16::try_from(content.len().div_ceil(4)).expect("a datagram is shorter");
    let mut block = words(&[u32::from(kind) << 16 | u32::from(len_words)]);
    block.extend(content);
    block.resize(4 + 4 * usize::from(len_words), 0);
    block
}

/// 3.2.1.1: version 1.5.1; time-stamped delivery both ways, drop of what is too late, periodic NAK; 120 ms.
#[must_use]
pub fn hsreq() -> Vec<u8> {
    block(SRT_CMD_HSREQ, &words(&[0x0001_0501, 0x3F, 120 << 16 | 120]))
}

/// 3.2.1.3: "the string is stored as a group of 32-bit little endian words".
#[must_use]
pub fn sid(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes.chunks_mut(4).for_each(<[u8]>::reverse);
    block(SRT_CMD_SID, &bytes)
}

/// 3.2.2: a key material message whose salt and key are as long as its fields can say, and longer.
#[must_use]
pub fn kmreq(len: usize) -> Vec<u8> {
    let mut content = words(&[0x1220_2901, 0, 0x0200_0200, 0x0000_FFFF]);
    content.resize(len, 0xAA);
    block(SRT_CMD_KMREQ, &content)
}

/// A handshake of the conclusion phase (3.2.1), to be spoilt.
#[derive(Clone, Debug)]
pub struct Conclusion {
    /// 5.
    pub version: u32,
    /// Which extensions follow.
    pub flags: u16,
    /// "Maximum Transmission Unit Size", 1500.
    pub mtu: u32,
    /// The extensions.
    pub blocks: Vec<Vec<u8>>,
}

impl Conclusion {
    /// As a publisher with this stream id sends it.
    #[must_use]
    pub fn good(streamid: &str) -> Self {
        let blocks = vec![hsreq(), sid(streamid)];
        Self { version: 5, flags: HSREQ_FLAG | CONFIG_FLAG, mtu: 1500, blocks }
    }
}

/// What the listener said to a handshake.
#[derive(Debug)]
struct Reply {
    to: u32,
    request: u32,
    cookie: u32,
}

/// One that speaks to a listener by hand.
#[derive(Debug)]
pub struct Peer {
    socket: UdpSocket,
    cookie: u32,
}

impl Peer {
    /// One whose first handshake has been answered.
    ///
    /// # Errors
    /// When nobody answers at the port.
    pub fn of(port: u16) -> anyhow::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(("127.0.0.1", port))?;
        socket.set_read_timeout(Some(ANSWER_MAX))?;
        let mut peer = Self { socket, cookie: 0 };
        peer.settle()?;
        Ok(peer)
    }

    /// Sends a datagram. A port that has just closed refuses some: what they did is seen by what follows.
    pub fn send(&self, datagram: &[u8]) {
        let _refused = self.socket.send(datagram);
    }

    /// Sends them all, and waits until they have been read.
    ///
    /// # Errors
    /// When the listener answers no more, or says that somebody is connected.
    pub fn send_all(&mut self, datagrams: impl IntoIterator<Item = Vec<u8>>) -> anyhow::Result<()> {
        for (index, datagram) in datagrams.into_iter().enumerate() {
            self.send(&datagram);
            if index % BURST == BURST - 1 {
                self.settle()?;
            }
        }
        self.settle()
    }

    /// Sends the second handshake.
    pub fn conclude(&self, hello: &Conclusion) {
        self.handshake(hello, CONCLUSION);
    }

    /// Waits until the listener has read all that was sent: it answers an induction, in order.
    ///
    /// # Errors
    /// When the listener answers no more, or says that somebody is connected.
    pub fn settle(&mut self) -> anyhow::Result<()> {
        // 4.3.1.1: "Version: 4 ... Extension Field: 2 (UDT_DGRAM)".
        let hello = Conclusion { version: 4, flags: 2, mtu: 1500, blocks: Vec::new() };
        for _ in 0..TRIES_MAX {
            self.cookie = 0;
            let mine = self.handshake(&hello, INDUCTION);
            while let Some(reply) = self.reply() {
                if reply.to == mine {
                    self.cookie = reply.cookie;
                    return Ok(());
                }
                ensure!(reply.request != CONCLUSION, "the listener let somebody in: {reply:?}");
            }
        }
        bail!("the listener answers no more")
    }

    /// Returns the number that the answer is to go to.
    fn handshake(&self, hello: &Conclusion, request: u32) -> u32 {
        static NEWEST: AtomicU32 = AtomicU32::new(0x2000_0000);
        let socket = NEWEST.fetch_add(1, Relaxed);
        let flags = u32::from(hello.flags);
        let fields = [hello.version, flags, FIRST_SEQUENCE, hello.mtu, 8192, request, socket, self.cookie];
        let mut content = words(&fields);
        content.extend([1, 0, 0, 127].iter().chain(&[0; 12]));
        content.extend(hello.blocks.concat());
        self.send(&control(HANDSHAKE, 0, 0, &content));
        socket
    }

    /// The next handshake that comes; None when none comes.
    fn reply(&self) -> Option<Reply> {
        let mut datagram = [0; 2048];
        loop {
            let len = self.socket.recv(&mut datagram).ok()?;
            let word = |at: usize| datagram[at..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
            if len >= 64 && word(0) >> 16 == 0x8000 {
                return Some(Reply { to: word(12), request: word(36), cookie: word(44) });
            }
        }
    }
}

/// Loss reports (3.2.5) with a range that begins in the last word or ends before it begins, and others unheard of.
fn loss_reports(to: u32) -> Vec<Vec<u8>> {
    let mark = 0x8000_0000;
    let lists = [
        vec![],
        vec![mark | FIRST_SEQUENCE],
        vec![FIRST_SEQUENCE, mark | FIRST_SEQUENCE],
        vec![mark | (FIRST_SEQUENCE + 10), FIRST_SEQUENCE],
        vec![u32::MAX],
        vec![mark | FIRST_SEQUENCE; (DATAGRAM_BYTES_MAX - 16) / 4],
        vec![mark | FIRST_SEQUENCE; (DATAGRAM_BYTES_MAX - 16) / 4 - 1],
    ];
    lists.iter().map(|list| control(NAK, 0, to, &words(list))).collect()
}

/// Drop requests (3.2.9) that end before they begin, or are cut short.
fn drop_requests(to: u32) -> Vec<Vec<u8>> {
    let lists: [&[u32]; 5] = [
        &[],
        &[FIRST_SEQUENCE],
        &[FIRST_SEQUENCE + 10, FIRST_SEQUENCE],
        &[FIRST_SEQUENCE, FIRST_SEQUENCE - 1],
        &[u32::MAX, 0],
    ];
    lists.iter().map(|list| control(DROPREQ, 1, to, &words(list))).collect()
}

/// Acknowledgements (3.2.4) of what was never sent, whole, light and cut short; and of acknowledgements (3.2.8).
fn acks(to: u32) -> Vec<Vec<u8>> {
    let mut acks = Vec::new();
    for sequence in
        [0, FIRST_SEQUENCE - 1, FIRST_SEQUENCE + 1, FIRST_SEQUENCE + 100_000, 0x7FFF_FFFF, u32::MAX]
    {
        let whole = [sequence, 0, u32::MAX, u32::MAX, 0, u32::MAX, u32::MAX];
        acks.extend((0..=whole.len()).map(|len| control(ACK, 1, to, &words(&whole[..len]))));
        acks.push(control(ACKACK, sequence, to, &[]));
    }
    acks
}

/// Reports and acknowledgements that nobody asked for, for the socket of this number.
#[must_use]
pub fn forged(to: u32) -> Vec<Vec<u8>> {
    [loss_reports(to), drop_requests(to), acks(to)].concat()
}

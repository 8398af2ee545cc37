//! A bad network between a publisher and the box: a UDP relay that drops one datagram in ten, sends one in thirty twice,
//! holds each back for up to 20 ms, so that they overtake each other, and lets no more than 8 Mbit/s through. Its dice are
//! the same in each run.

use crate::clock::now;
use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Between looks at what is due, and at whether the relay is to end.
const LOOK_EVERY: Duration = Duration::from_millis(1);
const LOST_ONE_IN: u32 = 10;
const TWICE_ONE_IN: u32 = 30;
const JITTER_MICROS: u32 = 20_000;
const RATE_BPS: u64 = 8_000_000;
/// Datagrams on their way; more are lost, as in a router.
const WAITING_MAX: usize = 4096;

/// Dropping it ends it.
#[derive(Debug)]
pub struct LossyRelay {
    /// Where publishers send to.
    pub port: u16,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl LossyRelay {
    /// Relays between one publisher and the UDP port `to` of this machine.
    ///
    /// # Errors
    /// When no socket can be had.
    pub fn start(to: u16) -> anyhow::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(LOOK_EVERY))?;
        let port = socket.local_addr()?.port();
        let ended = Arc::new(AtomicBool::new(false));
        let (stop, server) = (ended.clone(), SocketAddr::from(([127, 0, 0, 1], to)));
        let thread = thread::spawn(move || relay(&socket, server, &stop));
        Ok(Self { port, ended, thread: Some(thread) })
    }
}

impl Drop for LossyRelay {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// Datagrams on their way, by when they are due.
#[derive(Default)]
struct OnTheWay {
    waiting: BTreeMap<(Duration, u64), (SocketAddr, Vec<u8>)>,
    count: u64,
    /// When the line is free again.
    free: Duration,
}

impl OnTheWay {
    /// A datagram takes its place on the line, then as long as the network likes.
    fn put(&mut self, now: Duration, delay: Duration, to: SocketAddr, datagram: &[u8]) {
        let takes = Duration::from_micros(datagram.len() as u64 * 8 * 1_000_000 / RATE_BPS);
        self.free = self.free.max(now) + takes;
        self.count += 1;
        if self.waiting.len() < WAITING_MAX {
            self.waiting.insert((self.free + delay, self.count), (to, datagram.to_vec()));
        }
    }

    fn take_due(&mut self, now: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
        let later = self.waiting.split_off(&(now, u64::MAX));
        std::mem::replace(&mut self.waiting, later).into_values().collect()
    }
}

fn relay(socket: &UdpSocket, server: SocketAddr, stop: &AtomicBool) {
    let (mut publisher, mut state, mut datagram) = (None, 0x10_55_u32, [0; 2048]);
    let (began, mut on_the_way) = (now(), OnTheWay::default());
    let mut chance = move |one_in: u32| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state % one_in
    };
    while !stop.load(Ordering::Relaxed) {
        for (to, datagram) in on_the_way.take_due(began.elapsed()) {
            // A peer that has gone refuses; what is lost then is lost.
            let _refused = socket.send_to(&datagram, to);
        }
        let Ok((len, from)) = socket.recv_from(&mut datagram) else { continue };
        if from != server {
            publisher = Some(from);
        }
        let to = if from == server { publisher } else { Some(server) };
        let Some(to) = to.filter(|_| chance(LOST_ONE_IN) != 0) else { continue };
        for _ in 0..if chance(TWICE_ONE_IN) == 0 { 2 } else { 1 } {
            let delay = Duration::from_micros(chance(JITTER_MICROS).into());
            on_the_way.put(began.elapsed(), delay, to, &datagram[..len]);
        }
    }
}

//! A lossy network between a publisher and the box: a UDP relay that drops about one datagram in ten, the same in each run.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Between looks at whether the relay is to end.
const LOOK_EVERY: Duration = Duration::from_millis(100);

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

fn relay(socket: &UdpSocket, server: SocketAddr, stop: &AtomicBool) {
    let (mut publisher, mut state, mut datagram) = (None, 0x10_55_u32, [0; 2048]);
    while !stop.load(Ordering::Relaxed) {
        let Ok((len, from)) = socket.recv_from(&mut datagram) else { continue };
        if from != server {
            publisher = Some(from);
        }
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let to = if from == server { publisher } else { Some(server) };
        if let Some(to) = to.filter(|_| !state.is_multiple_of(10)) {
            // A peer that has gone refuses; what is lost then is lost.
            let _refused = socket.send_to(&datagram[..len], to);
        }
    }
}

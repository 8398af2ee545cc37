//! Answers libsrt while it shakes hands: asks the daemon and waits a little. Shared by libsrt's own thread, the
//! serving thread and the one that reads the link.

use super::ffi::{Door, Socket};
use super::link::FromListener;
use super::streamid::{self, Refusal};
use super::table::Table;
use crate::clock::monotonic_nanos;
use crate::shared::lock;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long the daemon may take to judge a key. Meanwhile libsrt reads nothing off the port, for no connection: well
/// within its buffers and any latency setting's repair. The daemon usually takes a millisecond.
const ADMIT_WAIT: Duration = Duration::from_millis(500);

/// See the module.
pub(super) struct Gate {
    table: Mutex<Table>,
    answered: Condvar,
    outbox: SyncSender<FromListener>,
    stopping: AtomicBool,
}

impl Gate {
    pub(super) fn new(outbox: SyncSender<FromListener>) -> Arc<Self> {
        let (table, answered, stopping) = (Mutex::default(), Condvar::new(), AtomicBool::new(false));
        Arc::new(Self { table, answered, outbox, stopping })
    }

    /// Queues a message for the daemon, waiting for room.
    pub(super) fn send(&self, message: FromListener) {
        // Nobody takes messages any more when the daemon has gone: the process is about to end.
        let _ = self.outbox.send(message);
    }

    pub(super) fn answer(&self, conn: u64, ok: bool) {
        lock(&self.table).answer(conn, ok);
        self.answered.notify_all();
    }

    pub(super) fn close(&self, conn: u64) {
        lock(&self.table).close(conn);
    }

    /// See [`Table::open`].
    pub(super) fn open(&self, socket: Socket) -> Option<u64> {
        lock(&self.table).open(socket)
    }

    /// See [`Table::conn`].
    pub(super) fn conn(&self, socket: Socket) -> Option<u64> {
        lock(&self.table).conn(socket)
    }

    /// A connection has ended.
    pub(super) fn closed(&self, conn: u64, reason: String) {
        lock(&self.table).remove(conn);
        self.send(FromListener::Closed { conn, reason });
    }

    /// See [`Table::take_due`].
    pub(super) fn take_due(&self) -> Vec<(u64, Socket, &'static str)> {
        lock(&self.table).take_due(monotonic())
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Relaxed);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Relaxed)
    }

    fn await_verdict(&self, conn: u64) -> Result<(), Refusal> {
        let deadline = monotonic() + ADMIT_WAIT;
        let mut table = lock(&self.table);
        loop {
            let now = monotonic();
            if let Some(verdict) = table.verdict(conn, now) {
                return verdict;
            }
            let Some(left) = deadline.checked_sub(now).filter(|left| !left.is_zero()) else {
                return Err(table.give_up(conn));
            };
            table = self.answered.wait_timeout(table, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Door for Gate {
    fn admit(&self, socket: Socket, peer: SocketAddr, streamid: &[u8]) -> Result<(), Refusal> {
        let admit = || {
            let streamid_key = streamid::key(streamid)?.to_owned();
            let conn = lock(&self.table).ask(socket)?;
            let ask = FromListener::Ask { conn, streamid_key, peer };
            if self.outbox.try_send(ask).is_err() {
                return Err(lock(&self.table).give_up(conn));
            }
            self.await_verdict(conn)
        };
        let admitted = admit();
        if let Err(refusal) = admitted {
            tracing::info!(%peer, ?refusal, "SRT publisher refused");
        }
        admitted
    }
}

fn monotonic() -> Duration {
    Duration::from_nanos(monotonic_nanos().unsigned_abs())
}

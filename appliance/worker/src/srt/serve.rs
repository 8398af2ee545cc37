//! The loop that accepts and receives: one thread for all connections. It alone closes sockets.

use super::ffi::{Listener, Poll, Received, Socket};
use super::gate::Gate;
use super::link::FromListener;
use bytes::BytesMut;
use std::time::Duration;

/// Waited for at once; bounds how late a close or a stop is noticed.
const POLL_WAIT: Duration = Duration::from_millis(100);
/// Sent to the daemon in one message: about 5 ms of 50 Mbit/s.
const BATCH_BYTES: usize = 32 << 10;

/// Serves until the gate says stop.
pub(super) fn run(listener: &Listener, gate: &Gate) {
    let poll = Poll::new();
    poll.add(listener.socket());
    while !gate.is_stopping() {
        for socket in poll.wait(POLL_WAIT) {
            if socket == listener.socket() {
                accept(listener, gate, &poll);
            } else {
                receive(socket, gate, &poll);
            }
        }
        for (conn, socket, reason) in gate.take_due() {
            end(socket, &poll);
            gate.closed(conn, reason.into());
        }
    }
}

fn accept(listener: &Listener, gate: &Gate, poll: &Poll) {
    let Some(socket) = listener.accept() else { return };
    match gate.open(socket) {
        Some(conn) => {
            tracing::info!(conn, "SRT publisher connected");
            poll.add(socket);
        }
        None => socket.close(),
    }
}

/// Takes what has come on one connection, up to one batch; there is more on the next turn.
fn receive(socket: Socket, gate: &Gate, poll: &Poll) {
    let Some(conn) = gate.conn(socket) else { return };
    let mut batch = BytesMut::with_capacity(BATCH_BYTES);
    let ended = loop {
        match socket.receive(&mut batch) {
            Received::Some if batch.len() < BATCH_BYTES => {}
            Received::Some | Received::Nothing => break None,
            Received::Ended(reason) => break Some(reason),
        }
    };
    if !batch.is_empty() {
        gate.send(FromListener::Data { conn, bytes: batch.freeze() });
    }
    if let Some(reason) = ended {
        tracing::info!(conn, reason, "SRT publisher gone");
        end(socket, poll);
        gate.closed(conn, reason);
    }
}

fn end(socket: Socket, poll: &Poll) {
    poll.remove(socket);
    socket.close();
}

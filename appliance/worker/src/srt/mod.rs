//! The SRT listener: a child process of the daemon with no other duty, since libsrt is C that reads the network.
//! It accepts, asks the daemon whether the key is good, and hands the bytes over. It knows nothing of media.
//!
//! | module | what it is |
//! |---|---|
//! | [`link`] | the protocol with the daemon |
//! | `streamid` | what a publisher says it wants (pure) |
//! | `table` | connections, from the question to the end (pure) |
//! | `gate` | answers libsrt while it shakes hands |
//! | `serve` | the loop that accepts and receives |
//! | `ffi` | libsrt as safe types |

mod ffi;
mod gate;
pub mod link;
mod serve;
mod streamid;
mod table;
#[cfg(test)]
mod tests;

use crate::link::Reader;
use anyhow::Context as _;
use gate::Gate;
use link::{FromListener, ToListener};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

/// Messages on their way to the daemon: a full queue holds receiving back, and libsrt's own buffer (about 12 MB for
/// each connection) takes what comes meanwhile.
const OUTBOX_MESSAGES: usize = 256;

/// `forebay srt-listener`: a listener whose link to the daemon is standard input. Returns when the daemon says stop or
/// closes the link; the process is to end then, and libsrt with it.
///
/// # Errors
/// When the daemon sends what is no message.
pub fn run() -> anyhow::Result<()> {
    run_on(crate::link::of_stdin().context("standard input is not the daemon's socket")?)
}

/// A listener on any socket.
///
/// # Errors
/// As [`run`].
pub fn run_on(stream: UnixStream) -> anyhow::Result<()> {
    ffi::startup();
    let (outbox, messages) = sync_channel(OUTBOX_MESSAGES);
    let writing = stream.try_clone()?;
    thread::Builder::new()
        .name("link-writer".into())
        .spawn(move || crate::link::write_all::<FromListener>(&writing, &messages))?;
    // Libsrt's callback has no end of life that could be awaited, so what it uses has none either.
    let gate: &'static Arc<Gate> = Box::leak(Box::new(Gate::new(outbox)));
    let mut reader = Reader::new(stream);
    let mut is_listening = false;
    while let Some(message) = reader.next()? {
        match message {
            ToListener::Listen { addr, latency_ms } if !is_listening => {
                is_listening = listen(addr, latency_ms, gate);
            }
            ToListener::Listen { .. } => tracing::warn!("a second listen was ignored"),
            ToListener::Admit { conn, ok } => gate.answer(conn, ok),
            ToListener::Close { conn } => gate.close(conn),
            ToListener::Stop => break,
        }
    }
    gate.stop();
    Ok(())
}

/// Listens, and tells the daemon how that went.
fn listen(addr: SocketAddr, latency_ms: u32, gate: &'static Arc<Gate>) -> bool {
    let listener = match ffi::Listener::bind(addr, latency_ms, gate.as_ref()) {
        Ok(listener) => listener,
        Err(error) => {
            gate.send(FromListener::Failed { reason: format!("{addr}: {error}") });
            return false;
        }
    };
    gate.send(FromListener::Listening { port: listener.port() });
    tracing::info!(port = listener.port(), latency_ms, "listening for SRT");
    let served = thread::Builder::new().name("srt-serve".into()).spawn(move || serve::run(&listener, gate));
    served.is_ok()
}

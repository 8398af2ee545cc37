//! The SRT port: libsrt in a child process, one MPEG-TS demultiplexer here for each publisher.
//!
//! The child only accepts, asks whether a key is good, and hands bytes over. When it ends, its publishers are gone and
//! reconnect; its successor listens on the same port.

use super::gatekeeper::{Admitted, Gatekeeper};
use crate::clock::House;
use crate::ingest::{Arrived, Protocol};
use crate::limits;
use crate::supervise::{Process, ProcessExit};
use bytes::{Bytes, BytesMut};
use contribution::ts::Demuxer;
use media::link::{self, LinkError, Message};
use std::cell::Cell;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};
use worker::srt::link::{FromListener, ToListener};

/// Why the listener process was replaced.
#[derive(Debug, thiserror::Error)]
pub enum ListenerEnd {
    /// The address cannot be used.
    #[error(
        "SRT cannot listen on {0}. If another program uses the port (`ss -lunp` shows which), stop it or choose \
         another with --srt-port; 0 means any free one"
    )]
    CannotListen(String),
    /// It closed its socket and ended.
    #[error("the SRT listener ended: {0}")]
    Exited(ProcessExit),
    /// The socket failed.
    #[error("the socket to the SRT listener failed: {0}")]
    Socket(#[from] std::io::Error),
    /// It sent what no listener sends.
    #[error("the SRT listener sent nonsense: {0}")]
    Nonsense(#[from] LinkError),
}

/// The SRT port; clones share it.
#[derive(Clone)]
pub struct SrtPort {
    bind: IpAddr,
    port: Rc<Cell<u16>>,
    bound: watch::Sender<Option<u16>>,
    gatekeeper: Gatekeeper,
    house: House,
}

struct Connection {
    admitted: Admitted,
    demuxer: Demuxer,
}

/// What a question to the gatekeeper came to.
struct Answer {
    conn: u64,
    admitted: Option<Admitted>,
}

impl SrtPort {
    /// A port that is not open yet; 0 means any free one, and the same again after a restart.
    #[must_use]
    pub fn new(bind: IpAddr, port: u16, gatekeeper: Gatekeeper, house: House) -> Self {
        Self { bind, port: Rc::new(Cell::new(port)), bound: watch::Sender::new(None), gatekeeper, house }
    }

    /// The port once it is open.
    #[must_use]
    pub fn bound(&self) -> watch::Receiver<Option<u16>> {
        self.bound.subscribe()
    }

    /// One listener process from start to end.
    ///
    /// # Errors
    /// Always: [`ListenerEnd`].
    pub async fn run_once(&self) -> anyhow::Result<()> {
        let mut command = std::process::Command::new(std::env::current_exe()?);
        command.arg("srt-listener");
        let (process, socket) = Process::spawn("srt-listener", command)?;
        let ended = self.converse(socket).await;
        let exit = process.stop(limits::WORKER_EXIT_WAIT).await?;
        Err(ended.err().unwrap_or(ListenerEnd::Exited(exit)).into())
    }

    /// `Ok` when the process has closed its end.
    async fn converse(&self, socket: UnixStream) -> Result<(), ListenerEnd> {
        let (mut from, to) = socket.into_split();
        let (answers, mut answered) = mpsc::channel(limits::SRT_QUESTIONS_MAX);
        let addr = SocketAddr::new(self.bind, self.port.get());
        let mut listener =
            Listener { port: self, to, answers, connections: HashMap::new(), out: BytesMut::new() };
        listener.tell(&ToListener::Listen { addr, latency_ms: limits::SRT_LATENCY_MS }).await?;
        let mut buffer = BytesMut::with_capacity(256 << 10);
        loop {
            tokio::select! {
                read = from.read_buf(&mut buffer) => {
                    if read? == 0 {
                        return Ok(());
                    }
                    while let Some(message) = link::take::<FromListener>(&mut buffer)? {
                        listener.note(message).await?;
                    }
                }
                Some(answer) = answered.recv() => listener.answered(answer).await?,
            }
        }
    }
}

/// The daemon's end of one listener process.
struct Listener<'a> {
    port: &'a SrtPort,
    to: OwnedWriteHalf,
    answers: mpsc::Sender<Answer>,
    connections: HashMap<u64, Connection>,
    out: BytesMut,
}

impl Listener<'_> {
    async fn tell(&mut self, message: &ToListener) -> Result<(), ListenerEnd> {
        message.encode(&mut self.out);
        Ok(self.to.write_all_buf(&mut self.out).await?)
    }

    async fn note(&mut self, message: FromListener) -> Result<(), ListenerEnd> {
        match message {
            FromListener::Listening { port } => {
                self.port.port.set(port);
                self.port.bound.send_replace(Some(port));
                Ok(())
            }
            FromListener::Failed { reason } => Err(ListenerEnd::CannotListen(reason)),
            FromListener::Ask { conn, streamid_key, peer } => self.ask(conn, streamid_key, peer).await,
            FromListener::Data { conn, bytes } => self.data(conn, &bytes).await,
            FromListener::Closed { conn, reason } => {
                if let Some(gone) = self.connections.remove(&conn) {
                    info!(channel = %gone.admitted.slug, %reason, "SRT connection ended");
                }
                Ok(())
            }
        }
    }

    /// Questions are answered beside the media of others, which must not wait for them.
    async fn ask(&mut self, conn: u64, key: String, peer: SocketAddr) -> Result<(), ListenerEnd> {
        let Ok(seat) = self.answers.clone().try_reserve_owned() else {
            warn!(%peer, "SRT publisher refused: too many ask at once");
            return self.tell(&ToListener::Admit { conn, ok: false }).await;
        };
        let gatekeeper = self.port.gatekeeper.clone();
        actix_rt::spawn(async move {
            let admitted = gatekeeper.admit(&key, Protocol::Srt, &peer.to_string()).await.ok();
            seat.send(Answer { conn, admitted });
        });
        Ok(())
    }

    async fn answered(&mut self, Answer { conn, admitted }: Answer) -> Result<(), ListenerEnd> {
        let ok = admitted.is_some();
        if let Some(admitted) = admitted {
            self.connections.insert(conn, Connection { admitted, demuxer: Demuxer::new() });
        }
        self.tell(&ToListener::Admit { conn, ok }).await
    }

    async fn data(&mut self, conn: u64, bytes: &Bytes) -> Result<(), ListenerEnd> {
        let at = self.port.house.now();
        // Bytes may still be on their way when a connection has been let go.
        let Some(connection) = self.connections.get_mut(&conn) else { return Ok(()) };
        connection.demuxer.handle(bytes);
        if connection.pass_on(at) {
            return Ok(());
        }
        self.connections.remove(&conn);
        self.tell(&ToListener::Close { conn }).await
    }
}

impl Connection {
    /// Hands on what was demultiplexed. The channel's queue is bounded; when it is full media is lost, never the
    /// connection. Says whether the channel still wants it.
    fn pass_on(&mut self, at: media::time::Ticks) -> bool {
        while let Some(event) = self.demuxer.poll() {
            match self.admitted.events.try_send(Arrived { event, at }) {
                Ok(()) => (),
                Err(TrySendError::Full(_)) => {
                    warn!(channel = %self.admitted.slug, "the channel does not keep up: source media lost");
                }
                Err(TrySendError::Closed(_)) => return false,
            }
        }
        true
    }
}

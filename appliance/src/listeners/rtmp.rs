//! The RTMP port: a connection each, a sans-IO session inside, every wait bounded.

use super::gatekeeper::{Admitted, Gatekeeper};
use crate::clock::House;
use crate::ingest::{Arrived, Protocol};
use crate::limits;
use contribution::Demuxed;
use contribution::rtmp::{Output, RtmpError, Session};
use media::time::Ticks;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{debug, info, warn};

/// The one application: `live` in `rtmp://HOST/live/STREAM_KEY`.
const APPLICATION: &str = "live";

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum ConnectionEnd {
    #[error("the publisher closed the connection")]
    Closed,
    #[error("the publisher unpublished")]
    Unpublished,
    #[error("nothing was published within {} s", limits::PUBLISH_WAIT_MAX.as_secs())]
    NeverPublished,
    #[error("nothing was received for {} s", limits::PUBLISHER_SILENCE_MAX.as_secs())]
    Silent,
    #[error("the publisher does not read our answers")]
    NotReading,
    #[error("refused")]
    Refused,
    #[error("the channel let the publisher go")]
    LetGo,
    #[error("not RTMP as we know it: {0}")]
    Protocol(#[from] RtmpError),
    #[error("socket: {0}")]
    Socket(#[from] std::io::Error),
}

/// Accepts publishers for ever.
///
/// # Errors
/// When the listening socket itself fails.
pub async fn listen(listener: TcpListener, gatekeeper: Gatekeeper, house: House) -> anyhow::Result<()> {
    let seats = Arc::new(Semaphore::new(limits::RTMP_CONNECTIONS_MAX));
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, or the peer was gone before we looked: neither is a reason to stop listening.
                warn!(%error, "an RTMP connection could not be accepted");
                tokio::time::sleep(limits::ACCEPT_RETRY).await;
                continue;
            }
        };
        let Ok(seat) = seats.clone().try_acquire_owned() else {
            warn!(%peer, most = limits::RTMP_CONNECTIONS_MAX, "RTMP connection refused: too many are open");
            continue;
        };
        let connection = Connection { stream, peer, gatekeeper: gatekeeper.clone(), house, admitted: None };
        actix_rt::spawn(async move {
            connection.run().await;
            drop(seat);
        });
    }
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    gatekeeper: Gatekeeper,
    house: House,
    admitted: Option<Admitted>,
}

impl Connection {
    async fn run(mut self) {
        let Err(end) = self.converse().await;
        let channel = self.admitted.as_ref().map(|admitted| admitted.slug.as_str());
        match end {
            ConnectionEnd::Closed if channel.is_none() => debug!(peer = %self.peer, "RTMP connection closed"),
            end => info!(peer = %self.peer, channel, reason = %end, "RTMP connection ended"),
        }
    }

    async fn converse(&mut self) -> Result<std::convert::Infallible, ConnectionEnd> {
        self.stream.set_nodelay(true)?;
        let mut session = Session::new();
        let mut buffer = vec![0; limits::RTMP_READ_BYTES];
        let publish_by = Instant::now() + limits::PUBLISH_WAIT_MAX;
        loop {
            let read = match self.admitted {
                None => timeout_at(publish_by, self.stream.read(&mut buffer))
                    .await
                    .map_err(|_| ConnectionEnd::NeverPublished)??,
                Some(_) => timeout(limits::PUBLISHER_SILENCE_MAX, self.stream.read(&mut buffer))
                    .await
                    .map_err(|_| ConnectionEnd::Silent)??,
            };
            if read == 0 {
                return Err(ConnectionEnd::Closed);
            }
            // What was understood before an error still counts, its answers are still sent.
            let handled = session.handle(&buffer[..read]);
            self.drain(&mut session).await?;
            handled?;
        }
    }

    async fn drain(&mut self, session: &mut Session) -> Result<(), ConnectionEnd> {
        let at = self.house.now();
        while let Some(output) = session.poll() {
            match output {
                Output::Send(bytes) => self.send(&bytes).await?,
                Output::PublishRequested { app, stream_key } => {
                    self.publish(session, &app, stream_key.expose()).await?;
                }
                Output::Event(event) => self.pass_on(Demuxed::Event(event), at)?,
                Output::Unsupported(unsupported) => self.pass_on(Demuxed::Unsupported(unsupported), at)?,
                Output::Unpublished => return Err(ConnectionEnd::Unpublished),
                Output::Close => return Err(ConnectionEnd::Refused),
                Output::Metadata(_) => (),
            }
        }
        Ok(())
    }

    async fn publish(&mut self, session: &mut Session, app: &str, key: &str) -> Result<(), ConnectionEnd> {
        if app != APPLICATION {
            warn!(peer = %self.peer, app, "publisher refused: no such application");
            session.refuse_publish(&format!(
                "there is no application \"{app}\" here; publish to rtmp://HOST/{APPLICATION}/STREAM_KEY"
            ));
            return Ok(());
        }
        match self.gatekeeper.admit(key, Protocol::Rtmp, &self.peer.to_string()).await {
            Ok(admitted) => {
                self.admitted = Some(admitted);
                Ok(session.accept_publish()?)
            }
            Err(refusal) => {
                session.refuse_publish(&refusal.to_string());
                Ok(())
            }
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), ConnectionEnd> {
        let write = timeout(limits::PUBLISHER_WRITE_MAX, self.stream.write_all(bytes));
        Ok(write.await.map_err(|_| ConnectionEnd::NotReading)??)
    }

    /// The channel's queue is bounded; when it is full the media is lost, never the connection.
    fn pass_on(&self, event: Demuxed, at: Ticks) -> Result<(), ConnectionEnd> {
        let Some(admitted) = &self.admitted else { return Ok(()) };
        match admitted.events.try_send(Arrived { event, at }) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => {
                warn!(channel = %admitted.slug, "the channel does not keep up: source media lost");
                Ok(())
            }
            Err(TrySendError::Closed(_)) => Err(ConnectionEnd::LetGo),
        }
    }
}

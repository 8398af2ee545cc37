//! Who may publish: the stream key decides, and the kind of source the channel takes.

use crate::ingest::{Arrived, DoorError, Doors, Protocol, Publisher};
use crate::limits;
use crate::store::{KeyHash, Keyed, Store, StoreError};
use tokio::sync::mpsc;
use tracing::warn;

/// Checks keys and opens doors. Cheap to clone.
#[derive(Clone)]
pub struct Gatekeeper {
    /// Where keys are known.
    pub store: Store,
    /// Where channels are reached.
    pub doors: Doors,
}

/// Why a publisher was refused. The texts go to the publisher and to the log: they never hold the key.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Wrong or revoked.
    #[error("the stream key is not known here; copy it again from the admin page")]
    UnknownKey,
    /// Right key, wrong way in.
    #[error("channel \"{slug}\" does not take {came}; publish to the address on its admin page")]
    OtherProtocol {
        /// Whose key it is.
        slug: String,
        /// How the publisher came.
        came: &'static str,
    },
    /// Right key, nobody home.
    #[error("channel \"{slug}\": {why}")]
    Door {
        /// Whose key it is.
        slug: String,
        /// What is wrong.
        why: DoorError,
    },
    /// Keys could not be looked up.
    #[error("keys cannot be looked up just now: {0}")]
    Store(#[from] StoreError),
}

/// A publisher that came in: where to send its media.
#[derive(Debug)]
pub struct Admitted {
    /// The channel.
    pub slug: String,
    /// Closed by the channel when the publisher is to go.
    pub events: mpsc::Sender<Arrived>,
}

impl Gatekeeper {
    /// Lets a publisher in, or says why not, to it and to the log.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn admit(&self, key: &str, protocol: Protocol, peer: &str) -> Result<Admitted, Refusal> {
        let admitted = self.try_admit(key, protocol, peer).await;
        if let Err(refusal) = &admitted {
            warn!(protocol = protocol.label(), peer, reason = %refusal, "publisher refused");
        }
        admitted
    }

    async fn try_admit(&self, key: &str, protocol: Protocol, peer: &str) -> Result<Admitted, Refusal> {
        let keyed = self.store.channel_by_key(KeyHash::of(key)).await?.ok_or(Refusal::UnknownKey)?;
        let Keyed { channel, number } = keyed;
        let slug = channel.slug.to_string();
        if channel.sources()[usize::from(number)] != Some(protocol.source()) {
            return Err(Refusal::OtherProtocol { slug, came: protocol.label() });
        }
        let (events, received) = mpsc::channel(limits::SOURCE_EVENTS_MAX);
        let publisher = Publisher { number, protocol, peer: peer.to_owned(), events: received };
        match self.doors.attach(&slug, publisher) {
            Ok(()) => Ok(Admitted { slug, events }),
            Err(why) => Err(Refusal::Door { slug, why }),
        }
    }
}

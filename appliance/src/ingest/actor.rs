//! Connects one publisher at a time to the encoder's queue.

use super::state::Passage;
use super::{Arrived, Attach, Publisher};
use crate::vitals::{SourceVitals, Vitals};
use actix::prelude::*;
use futures_util::stream;
use media::link::ToWorker;
use tokio::sync::mpsc;
use tracing::{info, warn};

/// The ingest stage.
pub struct Ingest {
    slug: String,
    to_encode: mpsc::Sender<ToWorker>,
    vitals: Vitals,
    passage: Passage,
    current: Option<(u64, SpawnHandle)>,
    attached: u64,
}

impl Ingest {
    /// A stage that hands on to `to_encode`.
    #[must_use]
    pub fn new(slug: String, to_encode: mpsc::Sender<ToWorker>, vitals: Vitals) -> Self {
        Self { slug, to_encode, vitals, passage: Passage::default(), current: None, attached: 0 }
    }

    fn forward(&mut self, arrived: Arrived) {
        self.vitals.update(|vitals| {
            if let Some(source) = &mut vitals.source {
                source.note(&arrived.event, arrived.at);
            }
        });
        if let Some(message) = self.passage.admit(arrived) {
            self.send(message);
        }
    }

    fn send(&mut self, message: ToWorker) {
        if let Err(mpsc::error::TrySendError::Full(lost)) = self.to_encode.try_send(message) {
            if self.passage.dropped().is_power_of_two() {
                warn!(channel = %self.slug, dropped = self.passage.dropped(), "the encoder is slow: source dropped");
            }
            self.passage.refused(&lost);
        }
    }

    fn source_lost(&mut self, generation: u64) {
        if self.current.as_ref().is_some_and(|(current, _)| *current == generation) {
            info!(channel = %self.slug, "source ended");
            self.current = None;
            self.vitals.update(|vitals| vitals.source = None);
            self.send(ToWorker::SourceLost);
        }
    }
}

impl Actor for Ingest {
    type Context = Context<Self>;
}

impl Handler<Attach> for Ingest {
    type Result = ();

    fn handle(&mut self, Attach(publisher): Attach, ctx: &mut Context<Self>) {
        let Publisher { protocol, peer, mut events } = publisher;
        if let Some((_, handle)) = self.current.take() {
            // Dropping its stream closes the old publisher's connection.
            warn!(channel = %self.slug, %peer, "a new publisher took over");
            ctx.cancel_future(handle);
        }
        info!(channel = %self.slug, protocol = protocol.label(), %peer, "source attached");
        self.attached += 1;
        let generation = self.attached;
        self.vitals.update(|vitals| vitals.source = Some(SourceVitals::new(protocol, peer)));
        let arriving = stream::poll_fn(move |task| events.poll_recv(task)).into_actor(self);
        let all = arriving
            .map(|arrived, stage, _| stage.forward(arrived))
            .finish()
            .map(move |(), stage, _| stage.source_lost(generation));
        self.current = Some((generation, ctx.spawn(all)));
    }
}

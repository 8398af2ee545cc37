//! Feeds the assembler from the encoder's queue.

use super::assembler::Assembler;
use crate::clock::House;
use crate::drill::{PANICS, Panic};
use crate::encode::Encoded;
use crate::vitals::Vitals;
use actix::prelude::*;
use futures_util::stream;
use media::time::Ticks;
use tokio::sync::mpsc;
use tracing::error;

/// The package stage.
pub struct Package {
    slug: String,
    assembler: Assembler,
    from_encode: Option<mpsc::Receiver<Encoded>>,
    house: House,
    vitals: Vitals,
}

impl Package {
    /// A stage that takes what comes from `from_encode`.
    #[must_use]
    pub fn new(
        slug: String,
        assembler: Assembler,
        from_encode: mpsc::Receiver<Encoded>,
        house: House,
        vitals: Vitals,
    ) -> Self {
        Self { slug, assembler, from_encode: Some(from_encode), house, vitals }
    }

    fn note(&self, encoded: &Encoded) {
        if let Encoded::Slot(units) = encoded {
            let slot: Option<Ticks> = units.first().map(|unit| unit.dts);
            self.vitals.update(|vitals| vitals.packaged = slot);
        }
    }
}

impl Actor for Package {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(mut queue) = self.from_encode.take() {
            ctx.add_stream(stream::poll_fn(move |task| queue.poll_recv(task)));
        }
    }
}

impl StreamHandler<Encoded> for Package {
    fn handle(&mut self, encoded: Encoded, _: &mut Self::Context) {
        self.note(&encoded);
        if let Err(error) = self.assembler.push(encoded, self.house.now()) {
            error!(channel = %self.slug, %error, "an access unit could not be packaged");
            self.vitals.update(|vitals| vitals.last_error = error.to_string());
        }
    }
}

impl Handler<Panic> for Package {
    type Result = ();

    fn handle(&mut self, _: Panic, _: &mut Context<Self>) {
        panic!("{PANICS}")
    }
}

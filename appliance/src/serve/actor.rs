//! Keeps a channel in the catalogue, and its waiting viewers awake.

use super::live::{Catalogue, Live};
use crate::drill::{PANICS, Panic};
use crate::limits;
use actix::prelude::*;
use std::sync::Arc;

/// The serve stage: the most stable of the four. Viewers' requests do not pass through it.
pub struct Serve {
    slug: String,
    live: Arc<Live>,
    catalogue: Catalogue,
}

impl Serve {
    /// A stage that shows `live` under `slug`.
    #[must_use]
    pub fn new(slug: String, live: Arc<Live>, catalogue: Catalogue) -> Self {
        Self { slug, live, catalogue }
    }
}

impl Actor for Serve {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.catalogue.insert(&self.slug, self.live.clone());
        ctx.run_interval(limits::PULSE, |stage, _| stage.live.pulse());
    }
}

impl Handler<Panic> for Serve {
    type Result = ();

    fn handle(&mut self, _: Panic, _: &mut Context<Self>) {
        panic!("{PANICS}")
    }
}

//! A channel: four stages, wired together, supervised rest-for-one in the reverse order of the data flow.
//!
//! ```text
//! 1 serve      publishes the live window; the most stable
//! 2 package    owns the timeline
//! 3 encode     owns the worker process
//! 4 ingest     owns the publisher
//! ```
//!
//! When ingest exits only ingest restarts; when the encoder exits, package and serve keep the viewers. Here is the one
//! place that knows all stages: [`wiring`] connects them, [`report`] tells the operator, [`plan`] makes settings into
//! what a worker is told, [`channels`] runs those that are switched on.

pub mod channels;
pub mod plan;
pub mod report;
pub mod wiring;

use crate::limits;
use crate::supervise::Task;
use actix::prelude::*;
use std::rc::Rc;
use tracing::info;
use wiring::Wiring;

/// The channel's own actor: it owns the stages' supervisor and keeps the board true.
struct Channel {
    wiring: Rc<Wiring>,
}

impl Channel {
    fn report(&self) {
        self.wiring.report();
    }
}

impl Actor for Channel {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        info!(channel = %self.wiring.slug(), "channel started");
        let stages = wiring::stages(&self.wiring).run();
        // The stages' supervisor parks and never escalates: it ends only when the channel does.
        ctx.spawn(stages.into_actor(self).map(|_ended, _, ctx| ctx.stop()));
        ctx.run_interval(limits::REPORT_INTERVAL, |channel, _| channel.report());
        self.report();
    }
}

/// A supervised channel. Dropping it takes the channel off the air.
#[must_use]
pub fn task(wiring: Wiring) -> Task {
    let wiring = Rc::new(wiring);
    Task::actor(wiring.slug().to_owned(), move |_, _| Channel { wiring: wiring.clone() })
}

//! Starts a worker, and another whenever one ends.

use super::run::{Seat, WorkerEnd};
use crate::clock;
use crate::drill::{PANICS, Panic};
use crate::supervise::Limits;
use crate::supervise::policy::{Decision, Jitter, Policy};
use actix::prelude::*;
use std::time::Duration;
use tracing::{error, warn};

/// The encode stage.
pub struct Encode {
    seat: Option<Seat>,
    policy: Policy,
    worker_since: Duration,
}

impl Encode {
    /// A stage that keeps one worker running in `seat`.
    #[must_use]
    pub fn new(seat: Seat) -> Self {
        Self { seat: Some(seat), policy: Policy::new(Limits::default()), worker_since: Duration::ZERO }
    }

    fn start_worker(&mut self, ctx: &mut Context<Self>) {
        let Some(mut seat) = self.seat.take() else { return };
        self.worker_since = clock::monotonic();
        let life = async move {
            let end = seat.run_once().await;
            (seat, end)
        };
        ctx.spawn(life.into_actor(self).map(|(seat, end), stage, ctx| stage.worker_ended(seat, &end, ctx)));
    }

    fn worker_ended(&mut self, seat: Seat, end: &WorkerEnd, ctx: &mut Context<Self>) {
        if matches!(end, WorkerEnd::NoPackager | WorkerEnd::NoIngest) {
            ctx.stop();
            return;
        }
        seat.vitals.update(|vitals| {
            vitals.restarts += 1;
            vitals.worker.last_exit = end.to_string();
        });
        // There are only so many devices: such ends do not go on for ever.
        let delay = if end.changes_device() { Duration::ZERO } else { self.decide(&seat, end) };
        self.seat = Some(seat);
        ctx.run_later(delay, Self::start_worker);
    }
}

impl Encode {
    /// How long to wait before the next worker: not at all, unless workers keep failing.
    fn decide(&mut self, seat: &Seat, end: &WorkerEnd) -> Duration {
        let now = clock::monotonic();
        let jitter = Jitter(getrandom::u32().unwrap_or(u32::MAX));
        match self.policy.exited(now, now.saturating_sub(self.worker_since), jitter) {
            Decision::Restart => {
                warn!(channel = %seat.slug, reason = %end, "encode worker is replaced");
                Duration::ZERO
            }
            Decision::Park { retry_after, .. } => {
                let delay_ms = retry_after.as_millis();
                error!(channel = %seat.slug, reason = %end, delay_ms, "encode worker keeps failing");
                seat.vitals.update(|vitals| vitals.worker.parked = true);
                retry_after
            }
            Decision::Escalate => unreachable!("the default limits park"),
        }
    }
}

impl Actor for Encode {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.start_worker(ctx);
    }
}

impl Handler<Panic> for Encode {
    type Result = ();

    fn handle(&mut self, _: Panic, _: &mut Context<Self>) {
        panic!("{PANICS}")
    }
}

//! Runs the channels that are switched on: what the store says is made so.

use super::plan::plan;
use super::wiring::{Services, Wiring};
use crate::limits;
use crate::store::{Desired, Store};
use crate::supervise::{Handle, Strategy, Supervisor};
use std::collections::BTreeSet;
use tokio::sync::watch;
use tracing::warn;

/// All channels, one for one: nothing that happens to one touches another.
///
/// # Errors
/// Never by itself; the supervisor parks and does not escalate.
pub async fn run(store: Store, services: Services, changed: watch::Receiver<u64>) -> anyhow::Result<()> {
    let supervisor = Supervisor::new("channels", Strategy::OneForOne);
    let handle = supervisor.handle();
    tokio::select! {
        ended = supervisor.run() => ended,
        followed = follow(store, services, handle, changed) => followed,
    }
}

async fn follow(
    store: Store,
    services: Services,
    handle: Handle,
    mut changed: watch::Receiver<u64>,
) -> anyhow::Result<()> {
    let mut running = BTreeSet::new();
    loop {
        changed.mark_unchanged();
        match store.channels().await {
            Ok(rows) => {
                let wanted = rows.iter().filter(|row| row.desired == Desired::Running);
                let slugs: BTreeSet<String> = wanted.clone().map(|row| row.slug.to_string()).collect();
                for gone in running.difference(&slugs) {
                    handle.remove(gone).await?;
                }
                for row in wanted.filter(|row| !running.contains(row.slug.as_str())) {
                    let wiring = Wiring::new(row.slug.as_str(), row.source, plan(row), services.clone());
                    handle.start(super::task(wiring)).await?;
                }
                running = slugs;
            }
            // Channels that run go on; what was asked for is tried again.
            Err(error) => {
                warn!(%error, "the list of channels could not be read");
                tokio::time::sleep(limits::RECONCILE_RETRY).await;
                continue;
            }
        }
        if changed.changed().await.is_err() {
            return Ok(());
        }
    }
}

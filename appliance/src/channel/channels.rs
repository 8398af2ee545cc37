//! Runs the channels that are switched on: what the store says is made so.

use super::plan::plan;
use super::wiring::{Services, Wiring};
use crate::ingest::Lineup;
use crate::ingest::failover::Rules;
use crate::limits;
use crate::serve::access::Access;
use crate::store::{Channel, Desired, Happened, History, Store, StoreError};
use crate::supervise::{Handle, Strategy, Supervisor};
use media::link::Slate;
use media::time::Ticks;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
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

/// What a running channel is told of changes.
struct Told {
    slate: watch::Sender<Slate>,
    /// Of its picture.
    digest: Option<String>,
    lineup: watch::Sender<Lineup>,
    shape: Channel,
}

/// What a channel must be started anew for: all that it is not told while it runs.
fn shape(row: &Channel) -> Channel {
    let (name, slate, backups) = (String::new(), Slate::default(), Vec::new());
    Channel { name, slate, slate_picture: None, backups, failover: Rules::default(), ..row.clone() }
}

fn renew<T: PartialEq>(told: &watch::Sender<T>, wanted: T) {
    told.send_if_modified(|known| {
        let differs = *known != wanted;
        *known = wanted;
        differs
    });
}

fn lineup(row: &Channel) -> Lineup {
    Lineup { sources: row.sources(), rules: row.failover.clone() }
}

/// The slate with its picture, which is fetched only where another is known, and what tells that picture from others.
async fn whole_slate(store: &Store, row: &Channel, told: Option<&Told>) -> (Slate, Option<String>) {
    let known = told.filter(|told| told.digest == row.slate_picture);
    let picture = match (known, &row.slate_picture) {
        (Some(told), _) => Ok(Some(told.slate.borrow().picture.clone())),
        (None, Some(_)) => store.slate_picture(row.slug.as_str()).await,
        (None, None) => Ok(None),
    };
    match picture {
        Ok(picture) => {
            (Slate { picture: picture.unwrap_or_default(), ..row.slate.clone() }, row.slate_picture.clone())
        }
        // Fetched again with the next change; text is shown until then.
        Err(error) => {
            warn!(%error, channel = row.slug.as_str(), "the slate's picture could not be read");
            (row.slate.clone(), None)
        }
    }
}

/// Remembers what channels are called, and writes down which are called otherwise than before.
fn note_renamed(history: &History, names: &mut BTreeMap<String, String>, rows: &[Channel]) {
    for row in rows {
        if let Some(before) = names.get(row.slug.as_str()).filter(|before| **before != row.name) {
            let what = format!("`{before}` is `{}` from now on", row.name);
            history.note(Some(row.slug.as_str()), Happened::ChannelRenamed, what);
        }
    }
    *names = rows.iter().map(|row| (row.slug.to_string(), row.name.clone())).collect();
}

type Accesses = BTreeMap<String, Arc<Access>>;

async fn asked_for(store: &Store) -> Result<(Vec<Channel>, Accesses), StoreError> {
    let rules = store.access_rules().await?;
    let rules = rules.into_iter().map(|(slug, access)| (slug, Arc::new(access))).collect();
    Ok((store.channels().await?, rules))
}

async fn follow(
    store: Store,
    services: Services,
    handle: Handle,
    mut changed: watch::Receiver<u64>,
) -> anyhow::Result<()> {
    let mut running = BTreeSet::new();
    let mut told: BTreeMap<String, Told> = BTreeMap::new();
    let mut names = BTreeMap::new();
    loop {
        changed.mark_unchanged();
        match asked_for(&store).await {
            Ok((rows, rules)) => {
                // Before a channel is on air, so that it is never open by accident.
                services.access.replace(rules);
                note_renamed(&services.history, &mut names, &rows);
                let wanted = rows.iter().filter(|row| row.desired == Desired::Running);
                let slugs: BTreeSet<String> = wanted.clone().map(|row| row.slug.to_string()).collect();
                services.catalogue.set_switched_on(slugs.clone());
                let is_other = |slug: &String| {
                    rows.iter().any(|row| {
                        row.slug.as_str() == slug
                            && told.get(slug).is_some_and(|told| told.shape != shape(row))
                    })
                };
                let others: BTreeSet<String> =
                    running.iter().filter(|slug| is_other(slug)).cloned().collect();
                for gone in running.difference(&slugs).chain(&others) {
                    handle.remove(gone).await?;
                }
                let is_gone = |slug: &String| !rows.iter().any(|row| row.slug.as_str() == slug);
                for gone in told.extract_if(.., |slug, _| is_gone(slug)) {
                    services.history.forget_trend(&gone.0);
                }
                running.retain(|slug| !others.contains(slug));
                for row in wanted.filter(|row| !running.contains(row.slug.as_str())) {
                    let dvr = Ticks::from_secs(row.dvr_secs.into());
                    let (slate, digest) = whole_slate(&store, row, None).await;
                    let (slate, slates) = watch::channel(slate);
                    let (lineup, lineups) = watch::channel(lineup(row));
                    told.insert(row.slug.to_string(), Told { slate, digest, lineup, shape: shape(row) });
                    let services = services.clone();
                    let wiring = Wiring::new(
                        row.slug.as_str(),
                        lineups,
                        (plan(row), row.encoder.clone()),
                        slates,
                        dvr,
                        services,
                    );
                    handle.start(super::task(wiring)).await?;
                }
                told.retain(|slug, _| slugs.contains(slug));
                for row in &rows {
                    if let Some(told) = told.get_mut(row.slug.as_str()) {
                        let (slate, digest) = whole_slate(&store, row, Some(told)).await;
                        renew(&told.slate, slate);
                        told.digest = digest;
                        renew(&told.lineup, lineup(row));
                    }
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

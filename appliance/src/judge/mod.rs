//! The conformance judge at work: each channel on air is fetched like a client does, every few seconds, and held against
//! the clauses of [`media::judge`].
//!
//! | module | what it is |
//! |---|---|
//! | [`verdicts`] | what came of it, by channel and clause |
//! | [`documents`] | what viewers of a channel are told just now |
//! | `fetch` | one connection to the box's own HTTP port |
//! | `round` | what is asked for, in which order |
//!
//! It sees what a viewer sees, through the same door and the same sockets: a protected channel by a token of its own.

pub mod documents;
mod fetch;
mod round;
pub mod verdicts;

use crate::clock::House;
use crate::limits::{JUDGE_INTERVAL, JUDGE_ROUND_MAX, JUDGE_TOKEN_LIFE};
use crate::serve::access::{self, AccessRules};
use crate::serve::live::Catalogue;
use fetch::Connection;
use media::judge::{Look, judge};
use media::time::Ticks;
use round::Visit;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{debug, warn};
use verdicts::Verdicts;

/// What the judge needs.
#[derive(Clone, Debug)]
pub struct Bench {
    /// The box's own HTTP port, as this machine reaches it.
    pub port: SocketAddr,
    /// Channels on air.
    pub catalogue: Catalogue,
    /// Who may watch which.
    pub access: AccessRules,
    /// The house clock.
    pub house: House,
    /// Where the verdicts go.
    pub verdicts: Verdicts,
}

/// What is kept of a channel from round to round.
#[derive(Default)]
struct Docket {
    rounds: u64,
    since: Option<Ticks>,
    before: Option<Look>,
}

/// Judges all channels in turn, without end.
///
/// # Errors
/// Never: what a channel does wrong is a verdict.
pub async fn sit(bench: Bench) -> anyhow::Result<()> {
    let mut dockets: BTreeMap<String, Docket> = BTreeMap::new();
    let mut clock = interval(JUDGE_INTERVAL);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        let on_air = bench.catalogue.slugs();
        dockets.retain(|slug, _| on_air.contains(slug));
        bench.verdicts.keep_only(&on_air);
        for slug in on_air {
            let docket = dockets.entry(slug.clone()).or_default();
            match timeout(JUDGE_ROUND_MAX, hear(&bench, &slug, docket)).await {
                Ok(Ok(())) => {}
                // A channel that starts, stops or has no worker just now: its state says so, and the next round sees.
                Ok(Err(why)) => debug!(channel = slug, "no judgement this time: {why:#}"),
                Err(_) => warn!(channel = slug, "the judge's round took more than {JUDGE_ROUND_MAX:?}"),
            }
        }
    }
}

/// Where a channel's files are, for whoever looks from within.
fn folder(bench: &Bench, slug: &str) -> String {
    let token = bench.access.of(slug).secret.as_ref().map(|secret| {
        let token = access::token(secret, slug, bench.house.now() + JUDGE_TOKEN_LIFE, None);
        format!("~{token}/")
    });
    format!("/live/{slug}/{}", token.unwrap_or_default())
}

/// One round over one channel.
async fn hear(bench: &Bench, slug: &str, docket: &mut Docket) -> anyhow::Result<()> {
    let now = bench.house.now();
    let mut connection = Connection::new(bench.port, folder(bench, slug), bench.house);
    let watched = now - docket.since.unwrap_or(now);
    let visit = Visit { round: docket.rounds, watched, before: docket.before.as_ref() };
    let evidence = visit.pay(&mut connection).await?;
    let before = docket.before.take();
    // Some megabytes are read: not on the thread that supervises.
    let (findings, look) = tokio::task::spawn_blocking(move || {
        let look = Look::new(evidence);
        (judge(&look, before.as_ref()), look.without_media())
    })
    .await?;
    bench.verdicts.record(slug, &findings, bench.house.now());
    docket.rounds += 1;
    docket.since.get_or_insert(now);
    docket.before = Some(look);
    Ok(())
}

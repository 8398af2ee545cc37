//! Serve: immutable snapshots out to viewers, over HTTP.
//!
//! Here: what is published ([`live`]), how requests wait for it ([`wait`]), and the routes of LL-HLS and LL-DASH
//! ([`cmaf`]) and of the TS tier ([`ts_tier`]), behind one [`door`] that knows who may watch ([`access`]). Not here: what the playlists say (crate `media`), and who
//! publishes (`package`). No actor gets a message for a viewer's request.

pub mod access;
pub mod actor;
pub mod admission;
pub mod cmaf;
pub mod door;
pub mod live;
pub mod range;
pub mod reply;
pub mod ts_tier;
pub mod wait;
mod young;

use crate::clock::House;
use crate::metrics::Metrics;
use access::AccessRules;
use actix_web::web;
use live::{Catalogue, Live, Programme};
use reply::Refusal;
use std::sync::Arc;

/// What the routes need.
#[derive(Clone, Debug)]
pub struct Serving {
    /// Channels on air.
    pub catalogue: Catalogue,
    /// The house clock.
    pub house: House,
    /// Who may watch which.
    pub access: AccessRules,
    /// What is counted.
    pub metrics: Metrics,
    /// How many requests may be open.
    pub limits: admission::Limits,
}

impl Serving {
    fn live(&self, channel: &str) -> Result<Arc<Live>, Refusal> {
        self.catalogue.get(channel).ok_or_else(|| {
            if self.catalogue.may_come(channel) {
                return starting(channel);
            }
            reply::not_found(format!("There is no channel \"{channel}\" on air."))
        })
    }

    /// What the channel plays, or the answer that says why there is nothing.
    fn programme(&self, channel: &str) -> Result<Arc<Programme>, Refusal> {
        self.live(channel)?.programme().ok_or_else(|| starting(channel))
    }
}

fn starting(channel: &str) -> Refusal {
    reply::late(&format!("Channel \"{channel}\" is starting; ask again in a second."))
}

/// The routes below `/live/{channel}`.
pub fn routes(config: &mut web::ServiceConfig) {
    let get =
        || web::route().guard(actix_web::guard::Any(actix_web::guard::Get()).or(actix_web::guard::Head()));
    config
        .route("/live/{channel}/master.m3u8", get().to(cmaf::multivariant))
        .route("/live/{channel}/manifest.mpd", get().to(cmaf::manifest))
        .route("/live/{channel}/ts/master.m3u8", get().to(ts_tier::multivariant))
        .route("/live/{channel}/ts/{rendition}/media.m3u8", get().to(ts_tier::playlist))
        .route("/live/{channel}/ts/{rendition}/{name}", get().to(ts_tier::segment))
        .route("/live/{channel}/{rendition}/media.m3u8", get().to(cmaf::playlist))
        .route("/live/{channel}/{rendition}/iframes.m3u8", get().to(cmaf::iframes))
        .route("/live/{channel}/{rendition}/{name}", get().to(cmaf::file));
}

#[cfg(test)]
mod tests;

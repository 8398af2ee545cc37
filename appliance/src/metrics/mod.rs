//! What the box counts, as OpenMetrics text on `GET /metrics`, for administrators alone.
//!
//! Here: the families ([`Metrics`]), the handles of one channel ([`channel`]) and of one connection
//! ([`connections`]). A handle is made once, when its channel starts or its connection opens; counting is then an
//! atomic. Labels are made of what the operator has configured, never of what a request says: a request for a
//! channel that does not exist makes no state. Not here: what a number means (`docs/metrics.md`).
//!
//! Other modules add families of their own with [`Metrics::register`].

pub mod channel;
pub mod connections;

use crate::audience::Audience;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use channel::{ChannelMeter, Families};
use connections::Connections;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::{Arc, PoisonError, RwLock};

/// The media type of OpenMetrics 1.0.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A handle on all that is counted; clones share it.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: RwLock<Registry>,
    families: Arc<Families>,
    connections: Arc<Connections>,
    audience: Audience,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("forebay");
        let families = Arc::new(Families::registered(&mut registry));
        let connections = Arc::new(Connections::default());
        registry.register_collector(Box::new(connections.clone()));
        let audience = Audience::new(connections.clone());
        Self(Arc::new(Inner { registry: RwLock::new(registry), families, connections, audience }))
    }

    /// Adds families; their names get the prefix `forebay_`.
    pub fn register<T>(&self, add: impl FnOnce(&mut Registry) -> T) -> T {
        add(&mut self.0.registry.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// The handles of a channel that starts.
    #[must_use]
    pub fn channel(&self, slug: &str) -> ChannelMeter {
        ChannelMeter::new(slug, self.0.families.clone())
    }

    /// Takes the series of a channel out: it was switched off.
    pub fn remove(&self, meter: &ChannelMeter) {
        self.0.families.remove(meter);
    }

    /// Viewers' connections.
    #[must_use]
    pub fn connections(&self) -> &Arc<Connections> {
        &self.0.connections
    }

    /// Who watches.
    #[must_use]
    pub fn audience(&self) -> &Audience {
        &self.0.audience
    }

    /// Requests of viewers that are open in the whole box.
    #[must_use]
    pub fn open_requests(&self) -> &Gauge {
        &self.0.families.open_requests
    }

    /// Families that belong to no channel.
    #[must_use]
    pub fn families(&self) -> &Families {
        &self.0.families
    }

    /// OpenMetrics text.
    #[must_use]
    pub fn text(&self) -> String {
        let registry = self.0.registry.read().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).expect("a String takes every write");
        text
    }
}

/// `GET /metrics`, behind the guard of the API.
pub fn routes(config: &mut web::ServiceConfig) {
    let guarded = web::resource("/metrics").wrap(actix_web::middleware::from_fn(crate::api::guard::guard));
    config.service(guarded.route(web::get().to(show)));
}

async fn show(metrics: web::Data<Metrics>) -> HttpResponse {
    let mut reply = HttpResponse::Ok();
    reply.insert_header((CONTENT_TYPE, OPEN_METRICS)).insert_header((CACHE_CONTROL, "no-store"));
    reply.body(metrics.text())
}

#[cfg(test)]
mod tests {
    use super::channel::HoldOutcome;
    use super::*;
    use media::time::Ticks;

    #[test]
    fn series_come_and_go_with_their_channel() {
        let metrics = Metrics::new();
        assert!(!metrics.text().contains("channel="), "nothing is known of any channel");
        let meter = metrics.channel("hall");
        meter.part_published("720p", Ticks::from_millis(70));
        meter.held(HoldOutcome::Released, Ticks::from_millis(300));
        let text = metrics.text();
        for line in [
            r#"forebay_manifest_hold_seconds_bucket{le="0.5",channel="hall",outcome="released"} 1"#,
            r#"forebay_part_lateness_seconds_bucket{le="0.1",channel="hall",rendition="720p"} 1"#,
            r#"forebay_early_requests_total{channel="hall",outcome="not-found"} 0"#,
            r#"forebay_sent_bytes_total{channel="hall",tier="lldash"} 0"#,
            r#"forebay_open_requests{channel="hall"} 0"#,
            "# EOF",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        metrics.remove(&meter);
        let text = metrics.text();
        assert!(!text.contains("hall"), "{text}");
    }

    #[test]
    fn others_add_families() {
        let metrics = Metrics::new();
        let findings = metrics.register(|registry| {
            let findings = Gauge::<i64>::default();
            registry.register("findings", "Clauses that are broken just now", findings.clone());
            findings
        });
        findings.set(3);
        assert!(metrics.text().contains("forebay_findings 3"));
    }
}

//! What was asked for and what is reported, joined into what is shown. Pure.

use super::address::{Base, KEY_PLACEHOLDER};
use crate::board::{ChannelReport, stages};
use crate::store::{Channel, Desired};
use media::grid::Latency;
use media::time::Ticks;
use wire::{ChannelState, Light};

/// One channel. Without a report it is off, or about to start.
pub(super) fn channel(
    channel: Channel,
    report: Option<ChannelReport>,
    base: &Base,
    now: Ticks,
) -> wire::Channel {
    let report = report.unwrap_or_else(|| absent(channel.desired));
    // A channel that has been switched off and has not gone yet is off, with its last lights.
    let stopped = channel.desired == Desired::Stopped;
    let state = if stopped { ChannelState::Stopped } else { report.state };
    // Those of a channel that does not run are known as well.
    let waiting = sources_off(&channel);
    let up = report.started_at.filter(|_| state != ChannelState::Stopped);
    wire::Channel {
        watch_url: base.watch_url(channel.slug.as_str()),
        picture: None,
        publish_urls: base.publish_urls(channel.source, KEY_PLACEHOLDER),
        slug: channel.slug.to_string(),
        name: channel.name,
        source: channel.source,
        ladder: channel.ladder.into_iter().map(rung).collect(),
        latency: latency(channel.latency),
        dvr_secs: channel.dvr_secs,
        pass_through: channel.pass_through,
        encoder: channel.encoder.to_string(),
        encoding: report.encoding.filter(|_| !stopped),
        dvr: report.dvr,
        slate: crate::store::slate::shown(&channel.slate),
        slate_picture: channel.slate_picture.map(|digest| slate_picture_path(channel.slug.as_str(), &digest)),
        state,
        sources: if report.sources.is_empty() { waiting } else { report.sources },
        failover: crate::store::failover::shown(&channel.failover),
        stages: report.stages,
        detail: report.detail,
        restarts: report.restarts,
        uptime_secs: up.map(|started_at| secs(now - started_at)),
    }
}

/// With enough of the digest that another picture has another address.
fn slate_picture_path(slug: &str, digest: &str) -> String {
    format!("/api/v1/channels/{slug}/slate/picture?{}", digest.get(..12).unwrap_or(digest))
}

/// Whole seconds, zero before the start.
pub(super) fn secs(length: Ticks) -> u64 {
    u64::try_from(length.scaled(1)).unwrap_or(0)
}

fn sources_off(channel: &Channel) -> Vec<wire::SourceStatus> {
    if channel.source == wire::Source::TestPattern {
        return Vec::new();
    }
    let off = |(number, source): (u8, &Option<wire::Source>)| {
        let source = (*source)?;
        Some(wire::SourceStatus { number, source, on_air: false, light: Light::Off, detail: String::new() })
    };
    (0..).zip(&channel.sources()).filter_map(off).collect()
}

fn absent(desired: Desired) -> ChannelReport {
    let state = match desired {
        Desired::Running => ChannelState::Starting,
        Desired::Stopped => ChannelState::Stopped,
    };
    ChannelReport {
        state,
        stages: stages(Light::Off),
        sources: Vec::new(),
        detail: String::new(),
        dvr: None,
        encoding: None,
        restarts: 0,
        started_at: None,
    }
}

const fn latency(latency: Latency) -> wire::Latency {
    match latency {
        Latency::Standard => wire::Latency::Standard,
        Latency::Low => wire::Latency::Low,
    }
}

fn rung(media::link::Rung { width, height, bitrate_bps }: media::link::Rung) -> wire::Rung {
    wire::Rung { width, height, bitrate_bps }
}

//! From stored settings to what a worker is told: pure.

use crate::store::Channel;
use media::link::{PassThrough, Plan, PlanSource};

/// The plan for a channel, without clock and resume points: those belong to the moment a worker starts.
#[must_use]
pub fn plan(channel: &Channel) -> Plan {
    let source = match channel.source {
        wire::Source::TestPattern => PlanSource::TestPattern,
        wire::Source::Rtmp | wire::Source::Srt => PlanSource::Link,
    };
    Plan {
        channel: channel.name.clone(),
        source,
        canvas: channel.canvas,
        rungs: channel.ladder.clone(),
        slate: channel.slate.clone(),
        latency: channel.latency,
        audio_bitrate_bps: channel.audio_bitrate_bps,
        house_offset_nanos: 0,
        resume_video: None,
        resume_audio: None,
        pass_through: channel.pass_through.then(PassThrough::default),
        source_follows: false,
        device: None,
    }
}

//! From stored settings to what a worker is told: pure.

use crate::store::ChannelRow;
use media::link::{Canvas, Plan, PlanSource, Rung};

/// Audio of every channel: enough for music, and for small chunks not to be held up on their way (a chunk of a
/// low-bitrate track is so short that browsers hand it over late).
pub const AUDIO_BITRATE_BPS: u32 = 128_000;

/// The plan for a channel, without clock and resume points: those belong to the moment a worker starts.
#[must_use]
pub fn plan(channel: &ChannelRow) -> Plan {
    let source = match channel.source {
        wire::Source::TestPattern => PlanSource::TestPattern,
        wire::Source::Rtmp | wire::Source::Srt => PlanSource::Link,
    };
    let rung = |rung: &wire::Rung| Rung {
        width: rung.width,
        height: rung.height,
        bitrate_bps: rung.bitrate_bps,
    };
    Plan {
        channel: channel.name.clone(),
        source,
        canvas: Canvas { width: channel.canvas.width, height: channel.canvas.height, rate: channel.canvas.rate },
        rungs: channel.ladder.iter().map(rung).collect(),
        audio_bitrate_bps: AUDIO_BITRATE_BPS,
        house_offset_nanos: 0,
        resume_video: None,
        resume_audio: None,
    }
}

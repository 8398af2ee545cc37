//! Material for tests and benchmarks of this crate and of those that use it. Nothing in the product calls it.

use crate::grid::{Grid, Latency};
use crate::time::{FrameRate, Ticks};
use crate::unit::{AccessUnit, CodecConfig, UnitKind};
use crate::window::{Rendition, RenditionKind};
use bytes::Bytes;

/// Sequence parameter set of x264: High 3.1, 1280x720, 30 frames a second, BT.709, no reordering.
pub const SPS_720P30: &[u8] = &[
    0x67, 0x64, 0x00, 0x1f, 0xac, 0xb4, 0x02, 0x80, 0x2d, 0xd8, 0x0b, 0x50, 0x10, 0x10, 0x14, 0x00, 0x00,
    0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xf2, 0x3c, 0x60, 0xca, 0x80,
];

/// The picture parameter set that goes with [`SPS_720P30`].
pub const PPS_720P30: &[u8] = &[0x68, 0xef, 0x0f, 0xcb];

/// AudioSpecificConfig of AAC-LC, 48 kHz, stereo.
pub const AAC_LC_48K_STEREO: &[u8] = &[0x11, 0x90];

/// A 720p video rendition at `rate`, as x264 would announce it.
///
/// # Panics
/// Never: the parameter sets are those above.
#[must_use]
pub fn video_rendition(rate: FrameRate) -> Rendition {
    video_rendition_on(rate, Latency::Standard)
}

/// The same, cut as finely as is asked for.
///
/// # Panics
/// Never, as above.
#[must_use]
pub fn video_rendition_on(rate: FrameRate, latency: Latency) -> Rendition {
    let kind = RenditionKind::Video { width: 1280, height: 720, rate };
    let (sps, pps) = (vec![Bytes::from_static(SPS_720P30)], vec![Bytes::from_static(PPS_720P30)]);
    let made =
        Rendition::new("720p", kind, CodecConfig::Avc { sps, pps }, 2_500_000, Grid::new(rate, latency));
    made.expect("the parameter sets above describe 720p")
}

/// The stereo AAC rendition that goes with video at `rate`.
///
/// # Panics
/// Never: the configuration is the one above.
#[must_use]
pub fn audio_rendition(rate: FrameRate) -> Rendition {
    audio_rendition_on(rate, Latency::Standard)
}

/// The same, cut as finely as is asked for.
///
/// # Panics
/// Never, as above.
#[must_use]
pub fn audio_rendition_on(rate: FrameRate, latency: Latency) -> Rendition {
    let kind = RenditionKind::Audio { sample_rate: 48_000, channels: 2 };
    let config = CodecConfig::Aac { audio_specific_config: Bytes::from_static(AAC_LC_48K_STEREO) };
    let made = Rendition::new("audio", kind, config, 128_000, Grid::new(rate, latency));
    made.expect("the configuration above is 48 kHz stereo")
}

/// Access units of a rendition from the first frame at or after `from` on, without end: the same for the same
/// time, whoever asks. Video has a key unit at each IDR of the grid.
pub fn units(rendition: &Rendition, from: Ticks) -> impl Iterator<Item = AccessUnit> + use<> {
    let (step, idr) = (rendition.unit_duration, rendition.grid.idr_interval());
    let (first, video) = (Grid::next_frame_start(from, step), rendition.is_video());
    (0..).map(move |count| {
        let dts = first + step * count;
        let key = !video || dts.0 % idr.0 == 0;
        let kind = if key { UnitKind::Key } else { UnitKind::Delta };
        AccessUnit { dts, pts: dts, duration: step, kind, data: payload(dts, kind, video) }
    })
}

/// One NAL unit, or some bytes of sound, made from the time alone (splitmix64's mixing step).
fn payload(dts: Ticks, kind: UnitKind, video: bool) -> Bytes {
    let mixed = (dts.0 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let len = 20 + (mixed >> 40) as u32 % if kind == UnitKind::Key { 600 } else { 200 };
    let header = if kind == UnitKind::Key { 0x65 } else { 0x41 };
    let nal = (0..len).map(|at| if at == 0 { header } else { (mixed >> (at % 8 * 8)) as u8 | 1 });
    if video { len.to_be_bytes().into_iter().chain(nal).collect() } else { nal.skip(1).collect() }
}

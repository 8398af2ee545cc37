//! Tiny windows, made by the packager, for the tests of what describes them.

use crate::grid::Grid;
use crate::packager::{RenditionPackager, WindowLimits};
use crate::testing;
use crate::time::{FrameRate, Msn, Ticks};
use crate::unit::AccessUnit;
use crate::window::{Rendition, RenditionKind, Segment, Snapshot};
use bytes::Bytes;
use std::sync::Arc;

/// A segment that begins in 2026, at a whole minute: 2026-11-22T14:39:00Z at two seconds a segment.
pub(crate) const MSN: Msn = Msn(897_679_170);

/// More than any test here makes.
const LIMITS: WindowLimits = WindowLimits { listed_segments: 100, kept_segments: 100, listed_step: 1 };

pub(crate) fn video(id: &str, width: u32, height: u32, rate: FrameRate, bitrate_bps: u32) -> Rendition {
    let kind = RenditionKind::Video { width, height, rate };
    let init_name = "init-0badcafe.mp4".into();
    Rendition { id: id.into(), kind, bitrate_bps, init_name, ..testing::video_rendition(rate) }
}

pub(crate) fn video_720p() -> Rendition {
    video("720p", 1280, 720, FrameRate::FPS_30, 3_000_000)
}

pub(crate) fn audio(rate: FrameRate) -> Rendition {
    Rendition { init_name: "init-0deafbed.mp4".into(), ..testing::audio_rendition(rate) }
}

/// The window of a rendition whose access units start from `from` on and before `until`.
pub(crate) fn window(rendition: Rendition, from: Ticks, until: Ticks) -> Snapshot {
    let units = testing::units(&rendition, from).take_while(|unit| unit.dts < until);
    window_of(rendition, units.collect::<Vec<_>>())
}

/// The same with units of about so many bytes.
pub(crate) fn window_of_size(rendition: Rendition, from: Ticks, until: Ticks, unit_bytes: u32) -> Snapshot {
    let nal: Bytes = unit_bytes.to_be_bytes().into_iter().chain((0..unit_bytes).map(|_| 0x41)).collect();
    let units = testing::units(&rendition, from).take_while(|unit| unit.dts < until);
    window_of(rendition, units.map(|unit| AccessUnit { data: nal.clone(), ..unit }).collect::<Vec<_>>())
}

/// The window that these units make.
pub(crate) fn window_of(rendition: Rendition, units: impl IntoIterator<Item = AccessUnit>) -> Snapshot {
    let mut packager = RenditionPackager::new(Arc::new(rendition), LIMITS);
    for unit in units {
        packager.push(unit).expect("the units are well formed");
    }
    packager.snapshot().as_ref().clone()
}

/// Puts a gap in the place of a segment.
pub(crate) fn gap(snapshot: &mut Snapshot, msn: Msn) {
    let grid = snapshot.rendition.grid;
    let (start, duration) = (grid.segment_start(msn), grid.segment_duration());
    let at = snapshot.segments.iter().position(|segment| segment.msn == msn).expect("it is in the window");
    snapshot.segments[at] =
        Arc::new(Segment { msn, start, duration, complete: true, gap: true, parts: Vec::new() });
}

/// `segments` whole segments of the 720p rendition from [`MSN`] on, and then `parts` parts.
pub(crate) fn video_window(segments: i64, parts: i64) -> Snapshot {
    let (from, until) = span(segments, parts);
    window(video_720p(), from, until)
}

/// The same of the audio rendition.
pub(crate) fn audio_window(segments: i64, parts: i64) -> Snapshot {
    let (from, until) = span(segments, parts);
    window(audio(FrameRate::FPS_30), from, until)
}

fn span(segments: i64, parts: i64) -> (Ticks, Ticks) {
    let grid = Grid::for_rate(FrameRate::FPS_30);
    let from = grid.segment_start(MSN);
    (from, from + grid.segment_duration() * segments + grid.part_duration() * parts)
}

//! Tiny windows for the tests of what describes them: right in their numbers and times, with made-up bytes.

use crate::grid::Grid;
use crate::time::{FrameRate, Msn, PartIndex, Ticks};
use crate::unit::CodecConfig;
use crate::window::{Chunk, Part, Rendition, RenditionKind, Sample, Segment, Snapshot};
use bytes::Bytes;
use std::sync::Arc;

/// A segment that begins in 2026, at a whole minute: 2026-11-22T14:39:00Z at two seconds a segment.
pub(crate) const MSN: Msn = Msn(897_679_170);

const INIT: &[u8] = b"header";

pub(crate) fn video(id: &str, width: u32, height: u32, rate: FrameRate, bitrate_bps: u32) -> Rendition {
    Rendition {
        id: id.into(),
        kind: RenditionKind::Video { width, height, rate },
        config: CodecConfig::Avc {
            sps: Bytes::from_static(&[0x67, 0x64, 0x00, 0x1f, 0xac]),
            pps: Bytes::from_static(&[0x68, 0xef, 0x0f, 0xcb]),
        },
        codecs: "avc1.64001f".into(),
        bitrate_bps,
        init: Bytes::from_static(INIT),
        init_name: "init-0badcafe.mp4".into(),
        timescale: 360_000,
        unit_duration: rate.frame_duration(),
        grid: Grid::for_rate(rate),
    }
}

pub(crate) fn video_720p() -> Rendition {
    video("720p", 1280, 720, FrameRate::FPS_30, 3_000_000)
}

pub(crate) fn audio(rate: FrameRate) -> Rendition {
    Rendition {
        id: "audio".into(),
        kind: RenditionKind::Audio { sample_rate: 48_000, channels: 2 },
        config: CodecConfig::Aac { audio_specific_config: Bytes::from_static(&[0x11, 0x90]) },
        codecs: "mp4a.40.2".into(),
        bitrate_bps: 128_000,
        init: Bytes::from_static(INIT),
        init_name: "init-0deafbed.mp4".into(),
        timescale: 48_000,
        unit_duration: Ticks(7680),
        grid: Grid::for_rate(rate),
    }
}

/// The window of a rendition whose access units start from `from` on and before `until`, every listed one of
/// `unit_bytes` bytes. A part is complete once the unit that reaches its end is in.
pub(crate) fn window(rendition: Rendition, from: Ticks, until: Ticks, unit_bytes: usize) -> Snapshot {
    window_of(rendition, from, until, |_| vec![0x41; unit_bytes])
}

/// The same, with the bytes of each unit made from its start.
pub(crate) fn window_of(
    rendition: Rendition,
    from: Ticks,
    until: Ticks,
    unit: impl Fn(Sample) -> Vec<u8>,
) -> Snapshot {
    let (grid, step) = (rendition.grid, rendition.unit_duration);
    let mut segments: Vec<Segment> = Vec::new();
    let mut start = Grid::next_frame_start(from, step);
    while start < until {
        let key = !rendition.is_video() || start.0 % grid.idr_interval().0 == 0;
        push(&mut segments, grid, Sample { offset: 8, len: 0, dts: start, duration: step, key }, &unit);
        start += step;
    }
    let listed_from = segments.first().map_or(Msn(0), |segment| segment.msn);
    let segments = segments.into_iter().map(Arc::new).collect();
    Snapshot { rendition: Arc::new(rendition), segments, listed_from }
}

fn push(segments: &mut Vec<Segment>, grid: Grid, sample: Sample, unit: &impl Fn(Sample) -> Vec<u8>) {
    let place = grid.place(sample.dts);
    if segments.last().is_none_or(|segment| segment.msn != place.msn) {
        let (start, duration) = (sample.dts, Ticks::ZERO);
        segments.push(Segment {
            msn: place.msn,
            start,
            duration,
            complete: false,
            gap: false,
            parts: Vec::new(),
        });
    }
    let segment = segments.last_mut().expect("one was just pushed");
    if segment.parts.last().is_none_or(|part| part.index != place.part) {
        segment.parts.push(Arc::new(empty_part(place.part, sample)));
    }
    let part = Arc::make_mut(segment.parts.last_mut().expect("one was just pushed"));
    part.chunks.push(chunk(sample, &unit(sample)));
    part.duration += sample.duration;
    let next = grid.place(sample.dts + sample.duration);
    part.complete = (next.msn, next.part) != (place.msn, place.part);
    segment.duration += sample.duration;
    segment.complete = next.msn != place.msn;
}

fn empty_part(index: PartIndex, first: Sample) -> Part {
    let (start, independent) = (first.dts, first.key);
    Part { index, start, duration: Ticks::ZERO, independent, complete: false, chunks: Vec::new() }
}

fn chunk(sample: Sample, unit: &[u8]) -> Chunk {
    let sample = Sample { len: u32::try_from(unit.len()).expect("test units are small"), ..sample };
    Chunk {
        start: sample.dts,
        duration: sample.duration,
        independent: sample.key,
        bytes: [&[0; 8], unit].concat().into(),
        samples: Arc::new([sample]),
    }
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
    window(video_720p(), from, until, 100)
}

/// The same of the audio rendition.
pub(crate) fn audio_window(segments: i64, parts: i64) -> Snapshot {
    let (from, until) = span(segments, parts);
    window(audio(FrameRate::FPS_30), from, until, 100)
}

fn span(segments: i64, parts: i64) -> (Ticks, Ticks) {
    let grid = Grid::for_rate(FrameRate::FPS_30);
    let from = grid.segment_start(MSN);
    (from, from + grid.segment_duration() * segments + grid.part_duration() * parts)
}

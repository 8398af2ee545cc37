//! What one TS segment covers: half a CMAF segment of a video rendition, and the audio that starts within it.
//!
//! An access unit belongs to the segment and part in which it starts, in every rendition of a channel, and an IDR
//! falls on the boundary between two parts. So a half is a run of parts, and the audio that goes with a half of
//! video is the same half of the audio rendition's segment of the same number.

use crate::time::{Msn, Ticks};
use crate::window::{Part, Sample, Segment, Snapshot};
use bytes::Bytes;
use std::fmt;

/// TS segments in one CMAF segment: as many as it has IDRs.
pub const HALVES: u64 = 2;

/// Media sequence number of a TS segment: its place on the grid of IDRs, counted from the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TsMsn(pub u64);

impl TsMsn {
    /// The first in a segment.
    #[must_use]
    pub const fn first_of(msn: Msn) -> Self {
        Self(msn.0.saturating_mul(HALVES))
    }

    /// The segment that it is cut from.
    #[must_use]
    pub const fn msn(self) -> Msn {
        Msn(self.0 / HALVES)
    }
}

impl fmt::Display for TsMsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One rendition's share of one TS segment.
#[derive(Clone, Copy, Debug)]
pub struct Half<'a> {
    /// Which.
    pub number: TsMsn,
    segment: &'a Segment,
    grid_start: Ticks,
    grid_duration: Ticks,
    parts: &'a [std::sync::Arc<Part>],
    parts_whole: usize,
}

impl<'a> Half<'a> {
    /// This half of a rendition, if its segment is retained; whole or not.
    #[must_use]
    pub fn of(snapshot: &'a Snapshot, number: TsMsn) -> Option<Self> {
        let (segment, grid) = (snapshot.segment(number.msn())?, snapshot.rendition.grid);
        let (half, grid_duration) = (number.0 % HALVES, grid.idr_interval());
        let parts_whole = grid.parts_per_segment() as usize / HALVES as usize;
        let from = (half as usize * parts_whole).min(segment.parts.len());
        let until = (from + parts_whole).min(segment.parts.len());
        let grid_start = grid.segment_start(number.msn()) + grid_duration * half.cast_signed();
        Some(Self {
            number,
            segment,
            grid_start,
            grid_duration,
            parts: &segment.parts[from..until],
            parts_whole,
        })
    }

    /// Whether nothing will be added to it.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let parts_complete =
            self.parts.len() == self.parts_whole && self.parts.iter().all(|part| part.complete);
        self.segment.complete || parts_complete
    }

    /// Whether it has no access units and will have none.
    #[must_use]
    pub fn is_gap(&self) -> bool {
        self.is_complete() && self.parts.iter().all(|part| part.is_empty())
    }

    /// Start of its first access unit; of its place on the grid if it has none.
    #[must_use]
    pub fn start(&self) -> Ticks {
        self.parts.first().map_or(self.grid_start, |part| part.start)
    }

    /// Of its access units together; of its place on the grid if it has none.
    #[must_use]
    pub fn duration(&self) -> Ticks {
        if self.parts.is_empty() {
            return self.grid_duration;
        }
        self.parts.iter().map(|part| part.duration).sum()
    }

    /// Its access units and their bytes, in order.
    pub fn units(&self) -> impl Iterator<Item = (Sample, Bytes)> + use<'a> {
        self.parts.iter().flat_map(|part| part.units())
    }
}

/// Whether sound that belongs to this half may still come. Sound that is missing for ever (its segment a gap, or
/// not retained) is not waited for.
pub(super) fn awaits_audio(audio: Option<&Snapshot>, number: TsMsn) -> bool {
    let Some(audio) = audio else { return false };
    match Half::of(audio, number) {
        Some(half) => !half.is_complete(),
        None => audio.segments.last().is_none_or(|last| last.msn < number.msn()),
    }
}

/// The halves that are whole, picture and sound, oldest first, up to the first that is not.
pub fn listed_halves<'a>(video: &'a Snapshot, audio: Option<&'a Snapshot>) -> impl Iterator<Item = Half<'a>> {
    let numbers = video.listed().flat_map(|segment| {
        let first = TsMsn::first_of(segment.msn);
        (0..HALVES).map(move |half| TsMsn(first.0 + half))
    });
    let halves = numbers.map_while(move |number| Half::of(video, number));
    halves.take_while(move |half| half.is_complete() && !awaits_audio(audio, half.number))
}

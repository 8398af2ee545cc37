//! The retained window while it grows: the newest segment and part are changed in place until a snapshot
//! holds them, and copied (their references, not their bytes) when one does.

use super::WindowLimits;
use crate::era::Era;
use crate::grid::Place;
use crate::time::{Msn, PartIndex, Ticks};
use crate::window::{Chunk, Part, Rendition, Segment, Snapshot};
use std::sync::Arc;

/// Oldest first; only the last segment, and only its last part, may be incomplete.
#[derive(Debug)]
pub(super) struct Retained {
    rendition: Arc<Rendition>,
    eras: Arc<[Era]>,
    limits: WindowLimits,
    segments: Vec<Arc<Segment>>,
    published: Arc<Snapshot>,
}

impl Retained {
    pub(super) fn new(eras: Arc<[Era]>, limits: WindowLimits) -> Self {
        let rendition = eras[eras.len() - 1].rendition.clone();
        let listed_segments = limits.listed_segments.max(1);
        let kept_segments = limits.kept_segments.max(listed_segments);
        let (segments, listed_from) = (Vec::new(), Msn(0));
        let published =
            Arc::new(Snapshot { rendition: rendition.clone(), eras: eras.clone(), segments, listed_from });
        let limits = WindowLimits { listed_segments, kept_segments, listed_step: limits.listed_step.max(1) };
        Self { rendition, eras, limits, segments: Vec::new(), published }
    }

    /// With all that another one has published.
    pub(super) fn resume(published: Arc<Snapshot>, limits: WindowLimits) -> Self {
        let empty = Self::new(published.eras.clone(), limits);
        Self { segments: published.segments.clone(), published, ..empty }
    }

    /// Another era is to begin. One that was to begin there or later, and has not, never will.
    pub(super) fn begin_era(&mut self, era: Era) {
        self.rendition = era.rendition.clone();
        let mut eras: Vec<Era> =
            self.eras.iter().filter(|before| before.first < era.first).cloned().collect();
        eras.push(era);
        self.eras = eras.into();
    }

    /// The eras of what is retained, and those to come.
    fn eras_now(&mut self) -> Arc<[Era]> {
        let oldest = self.segments.first().map_or(Era::OPEN, |oldest| oldest.msn);
        let passed = self.eras.iter().skip(1).take_while(|era| era.first <= oldest).count();
        if passed > 0 {
            self.eras = self.eras[passed..].into();
        }
        self.eras.clone()
    }

    /// Where the open segment ends so far.
    pub(super) fn open_end(&self) -> Option<Ticks> {
        self.segments.last().filter(|last| !last.complete).map(|last| last.start + last.duration)
    }

    pub(super) fn listed_max(&self) -> u64 {
        self.limits.listed_segments as u64
    }

    pub(super) fn last_msn(&self) -> Option<Msn> {
        self.segments.last().map(|segment| segment.msn)
    }

    /// The newest part of the newest segment.
    pub(super) fn last_part(&self) -> Option<PartIndex> {
        self.segments.last()?.parts.last().map(|part| part.index)
    }

    pub(super) fn open_segment(&self) -> bool {
        self.segments.last().is_some_and(|segment| !segment.complete)
    }

    pub(super) fn open_part(&self) -> bool {
        self.open_segment()
            && self.segments.last().is_some_and(|last| last.parts.last().is_some_and(|part| !part.complete))
    }

    /// Adds a chunk to the open part of the open segment; opens either when there is none.
    pub(super) fn add_chunk(&mut self, place: Place, chunk: Chunk) {
        if !self.open_segment() {
            self.push_segment(place.msn, chunk.start, Ticks::ZERO, false);
        }
        let opens_part = !self.open_part();
        let segment = self.last_segment();
        segment.duration += chunk.duration;
        if opens_part {
            segment.parts.push(Arc::new(Part {
                index: place.part,
                start: chunk.start,
                duration: Ticks::ZERO,
                independent: chunk.independent,
                complete: false,
                chunks: Vec::new(),
            }));
        }
        let part = Arc::make_mut(
            segment.parts.last_mut().expect("an open segment has a part, or was just given one"),
        );
        part.duration += chunk.duration;
        part.chunks.push(chunk);
    }

    /// Returns whether one was open.
    pub(super) fn close_part(&mut self) -> bool {
        let open = self.open_part();
        if open && let Some(part) = self.last_segment().parts.last_mut() {
            Arc::make_mut(part).complete = true;
        }
        open
    }

    /// Returns whether one was open. Its parts are closed before.
    pub(super) fn close_segment(&mut self) -> bool {
        let open = self.open_segment();
        if open {
            self.last_segment().complete = true;
            self.forget();
        }
        open
    }

    /// A segment of which nothing came.
    pub(super) fn add_gap(&mut self, msn: Msn) {
        let grid = self.rendition.grid;
        self.push_segment(msn, grid.segment_start(msn), grid.segment_duration(), true);
        self.forget();
    }

    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.published.clone()
    }

    pub(super) fn publish(&mut self) -> Arc<Snapshot> {
        let complete = self.segments.len() - usize::from(self.open_segment());
        let unlisted = complete.saturating_sub(self.limits.listed_segments);
        let listed_from = self.segments.get(unlisted).map_or(Msn(0), |segment| self.stepped(segment.msn));
        let eras = self.eras_now();
        self.published = Arc::new(Snapshot {
            eras,
            rendition: self.rendition.clone(),
            listed_from,
            segments: self.segments.clone(),
        });
        self.published.clone()
    }

    /// The nearest step at or before this segment, as far as segments are kept.
    fn stepped(&self, msn: Msn) -> Msn {
        let step = Msn(msn.0 - msn.0 % self.limits.listed_step);
        self.segments.first().map_or(step, |oldest| step.max(oldest.msn))
    }

    /// A number that does not follow begins the window anew: not before, so that it is never seen empty.
    fn push_segment(&mut self, msn: Msn, start: Ticks, duration: Ticks, gap: bool) {
        if self.last_msn().is_some_and(|last| last.next() != msn) {
            self.segments.clear();
        }
        self.segments.push(Arc::new(Segment { msn, start, duration, complete: gap, gap, parts: Vec::new() }));
    }

    fn last_segment(&mut self) -> &mut Segment {
        Arc::make_mut(self.segments.last_mut().expect("the caller has seen or opened a segment"))
    }

    /// Lets go of what is older than the limit. Called when all segments are complete.
    fn forget(&mut self) {
        let over = self.segments.len().saturating_sub(self.limits.kept_segments);
        self.segments.drain(..over);
    }
}

//! Access units of one rendition in, chunks, parts and segments out. No clock: time is what the units say.
//!
//! What it keeps true, whatever comes in:
//!
//! 1. A chunk closes with the unit that reaches its end, never with the one after: no latency is added.
//! 2. A unit belongs to the chunk, part and segment in which it starts; it starts on the frame grid.
//! 3. Each segment begins with the first unit that starts in it, and video segments with a key unit. At start,
//!    and after a hole, units are skipped until one does.
//! 4. Within a segment units follow each other exactly: `dts(n + 1) = dts(n) + duration(n)`, hence part
//!    indices are complete.
//! 5. Within the window media sequence numbers rise by one, and none is used twice. What starts earlier than
//!    expected is a duplicate, and dropped.
//! 6. What starts later than expected makes a hole: the segment that it breaks is closed with what it has,
//!    whole missing segments become gaps (EXT-X-GAP), and packaging goes on at the next segment. A hole of
//!    all that is listed empties the window, which begins anew at the new place: the only time that a number
//!    is left out.
//! 7. The same units give the same bytes and numbers; so does a packager that begins at the
//!    [resume point](RenditionPackager::next_unit_start) of another, as long as that is the start of a segment.
//!
//! Published snapshots share all but what changed. What the packager cannot know is which time is now: whoever
//! feeds it keeps units from the far future out, for it would wait for the time in between to be over.

mod retained;

use crate::cmaf::chunk::{Lead, chunk};
use crate::era::Era;
use crate::grid::{Grid, Place};
use crate::link::FRAME_BYTES_MAX;
use crate::time::{Msn, PartIndex, Ticks};
use crate::unit::{AccessUnit, UnitKind};
use crate::window::{Rendition, Snapshot};
use retained::Retained;
use std::sync::Arc;

/// Start of the year 10,000: later times are mistakes, and earlier ones cannot overflow.
const TIME_MAX: Ticks = Ticks::from_secs(253_402_300_800);

/// How much is retained. What is older is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowLimits {
    /// Complete segments that playlists list; at least one.
    pub listed_segments: usize,
    /// Complete segments that can be fetched, listed ones included; no less than those.
    pub kept_segments: usize,
    /// What is listed begins at a multiple of this, with some segments more where that needs them; 1 for anywhere.
    /// What lies before it can then be listed by others, in blocks of this many.
    pub listed_step: u64,
}

/// Why an access unit cannot be packaged. It was left out; the packager goes on with the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// Outside of any plausible time.
    #[error("an access unit at {0:?} ticks is outside the years 1970 to 9999; send house time")]
    Time(Ticks),
    /// Not where a frame can start.
    #[error(
        "an access unit at {dts:?} starts between frames of {unit_duration:?}; count frames from the epoch"
    )]
    OffGrid {
        /// When it is decoded.
        dts: Ticks,
        /// Of the rendition.
        unit_duration: Ticks,
    },
    /// Not the rendition's.
    #[error(
        "an access unit at {dts:?} lasts {duration:?} instead of {unit_duration:?}; the rate never changes"
    )]
    Duration {
        /// When it is decoded.
        dts: Ticks,
        /// As it says.
        duration: Ticks,
        /// Of the rendition.
        unit_duration: Ticks,
    },
    /// Shown at another time than decoded.
    #[error("the access unit at {0:?} is reordered; encode without B-frames")]
    Reordered(Ticks),
    /// No bytes, or more than any real one.
    #[error("the access unit at {dts:?} has {len} bytes; it must have 1 to {FRAME_BYTES_MAX}")]
    Length {
        /// When it is decoded.
        dts: Ticks,
        /// Bytes.
        len: usize,
    },
}

/// What became of an access unit.
#[derive(Clone, Debug)]
pub enum Pushed {
    /// It waits for the rest of its chunk.
    Held,
    /// It was not needed; the counters say why.
    Dropped,
    /// The window changed. (When that was a hole, the unit itself may have been dropped or be waiting.)
    Published(Update),
}

/// A change of the window.
#[derive(Clone, Debug)]
pub struct Update {
    /// All that viewers may now ask for.
    pub snapshot: Arc<Snapshot>,
    /// Newest segment that changed.
    pub msn: Msn,
    /// Newest part that changed in it; none when all of it is a gap.
    pub part: Option<PartIndex>,
    /// Whether a part was completed: a blocked playlist request may be answered.
    pub part_done: bool,
    /// Whether a segment was completed.
    pub segment_done: bool,
}

/// What has happened since the start; all of them only rise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Access units packaged.
    pub units: u64,
    /// Dropped, since they were there already.
    pub duplicates: u64,
    /// Dropped, since no segment could begin with them.
    pub skipped: u64,
    /// Times that units were missing.
    pub holes: u64,
    /// Segments listed as gaps.
    pub gaps: u64,
    /// Times that the window was emptied.
    pub resets: u64,
}

/// Where the next unit belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Begins with the next segment that can: at start and after a hole.
    Seeking,
    /// Expects a unit that starts exactly here.
    Running { next: Ticks },
}

/// Packages one rendition.
#[derive(Debug)]
pub struct RenditionPackager {
    rendition: Arc<Rendition>,
    retained: Retained,
    state: State,
    /// Units of the chunk that is being filled; a chunk of the grid holds few.
    pending: Vec<AccessUnit>,
    counters: Counters,
}

impl RenditionPackager {
    /// An empty window.
    #[must_use]
    pub fn new(rendition: Arc<Rendition>, limits: WindowLimits) -> Self {
        Self::in_era(Era::open(0, rendition), limits)
    }

    /// An empty window whose first segments are of this era.
    #[must_use]
    pub fn in_era(era: Era, limits: WindowLimits) -> Self {
        let rendition = era.rendition.clone();
        let retained = Retained::new([era].into(), limits);
        Self {
            rendition,
            retained,
            state: State::Seeking,
            pending: Vec::new(),
            counters: Counters::default(),
        }
    }

    /// Goes on after what another packager has published; what that one held back is lost, and expected again.
    #[must_use]
    pub fn resume(published: Arc<Snapshot>, limits: WindowLimits) -> Self {
        let rendition = published.rendition.clone();
        let retained = Retained::resume(published, limits);
        let state = retained.open_end().map_or(State::Seeking, |next| State::Running { next });
        Self { rendition, retained, state, pending: Vec::new(), counters: Counters::default() }
    }

    /// Where the next unit is expected: a restarted encoder begins there. None before the first segment.
    #[must_use]
    pub fn next_unit_start(&self) -> Option<Ticks> {
        match self.state {
            State::Running { next } => Some(next),
            State::Seeking => self.first_msn_wanted().map(|msn| self.first_start_in(msn)),
        }
    }

    /// From segment `era.first` on, which has not begun yet, the rendition has this header. Returns the window that tells
    /// so: who learns it early is prepared.
    pub fn begin_era(&mut self, era: Era) -> Arc<Snapshot> {
        self.rendition = era.rendition.clone();
        self.retained.begin_era(era);
        self.retained.publish()
    }

    /// What has happened since the start.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The window as it was last published.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.retained.snapshot()
    }

    /// Takes one access unit.
    ///
    /// # Errors
    /// [`PackError`] when it is malformed; nothing has changed then.
    pub fn push(&mut self, unit: AccessUnit) -> Result<Pushed, PackError> {
        let unit = self.checked(unit)?;
        let mut changed = Changed::default();
        let kept = match self.state {
            State::Running { next } if unit.dts < next => {
                self.counters.duplicates += 1;
                false
            }
            State::Running { next } if unit.dts == next => self.follow(unit, &mut changed),
            State::Running { .. } => {
                self.counters.holes += 1;
                self.break_off(&mut changed);
                self.seek(unit, &mut changed)
            }
            State::Seeking => self.seek(unit, &mut changed),
        };
        Ok(match (changed.window, kept) {
            (true, _) => Pushed::Published(self.update(&changed)),
            (false, true) => Pushed::Held,
            (false, false) => Pushed::Dropped,
        })
    }

    fn checked(&self, mut unit: AccessUnit) -> Result<AccessUnit, PackError> {
        let (dts, unit_duration, len) = (unit.dts, self.rendition.unit_duration, unit.data.len());
        if !(Ticks::ZERO..TIME_MAX).contains(&dts) {
            return Err(PackError::Time(dts));
        }
        if dts.0 % unit_duration.0 != 0 {
            return Err(PackError::OffGrid { dts, unit_duration });
        }
        if unit.duration != Ticks::ZERO && unit.duration != unit_duration {
            return Err(PackError::Duration { dts, duration: unit.duration, unit_duration });
        }
        if unit.pts != dts {
            return Err(PackError::Reordered(dts));
        }
        if !(1..=FRAME_BYTES_MAX).contains(&len) {
            return Err(PackError::Length { dts, len });
        }
        unit.duration = unit_duration;
        Ok(unit)
    }

    /// The unit continues what is there; unless it should begin a segment and cannot.
    fn follow(&mut self, unit: AccessUnit, changed: &mut Changed) -> bool {
        let begins = self.pending.is_empty() && !self.retained.open_segment();
        if !begins || self.may_begin(&unit) {
            self.accept(unit, changed);
            return true;
        }
        self.counters.holes += 1;
        self.counters.skipped += 1;
        self.break_off(changed);
        false
    }

    /// Begins a segment with the unit if it can.
    fn seek(&mut self, unit: AccessUnit, changed: &mut Changed) -> bool {
        let msn = self.rendition.grid.place(unit.dts).msn;
        let wanted = self.first_msn_wanted();
        let first = unit.dts == self.first_start_in(msn);
        if !first || !self.may_begin(&unit) || wanted.is_some_and(|wanted| msn < wanted) {
            self.counters.skipped += 1;
            return false;
        }
        self.bridge(wanted.unwrap_or(msn), msn, changed);
        self.accept(unit, changed);
        true
    }

    /// ISO/IEC 23000-19 7.3.2.3: a fragment's first sample is of SAP type 1 or 2; all audio is.
    fn may_begin(&self, unit: &AccessUnit) -> bool {
        !self.rendition.is_video() || unit.kind == UnitKind::Key
    }

    /// Fills the numbers from `wanted` to before `msn`; when that is too many, the next segment empties the window.
    fn bridge(&mut self, wanted: Msn, msn: Msn, changed: &mut Changed) {
        let missing = msn.0 - wanted.0;
        if missing >= self.retained.listed_max() {
            self.counters.resets += 1;
            return;
        }
        for gap in (wanted.0..msn.0).map(Msn) {
            self.retained.add_gap(gap);
            self.counters.gaps += 1;
            changed.segment(gap, None);
        }
    }

    fn accept(&mut self, unit: AccessUnit, changed: &mut Changed) {
        let grid = self.rendition.grid;
        let (start, next) = (unit.dts, unit.dts + unit.duration);
        self.counters.units += 1;
        self.state = State::Running { next };
        self.pending.push(unit);
        let (place, after) = (grid.place(start), grid.place(next));
        if place != after {
            self.finish_chunk(place, changed);
        }
        if (place.msn, place.part) != (after.msn, after.part) {
            self.retained.close_part();
            changed.part_done = true;
        }
        if place.msn != after.msn {
            self.retained.close_segment();
            changed.segment_done = true;
        }
    }

    fn finish_chunk(&mut self, place: Place, changed: &mut Changed) {
        let lead = match (self.retained.open_segment(), self.retained.open_part()) {
            (false, _) => Lead::Segment,
            (true, false) => Lead::Part,
            (true, true) => Lead::Within,
        };
        let chunk = chunk(&self.rendition, lead, &self.pending);
        self.pending.clear();
        self.retained.add_chunk(place, chunk);
        changed.chunk(place);
    }

    /// Closes whatever is open with what it has: the units after it are missing.
    fn break_off(&mut self, changed: &mut Changed) {
        self.state = State::Seeking;
        if let Some(last) = self.pending.last() {
            self.finish_chunk(self.rendition.grid.place(last.dts), changed);
        }
        changed.part_done |= self.retained.close_part();
        if self.retained.close_segment() {
            let last = self.retained.last_msn().expect("the segment just closed is retained");
            changed.segment(last, self.retained.last_part());
        }
    }

    /// The lowest number not used yet; any will do while there is none.
    fn first_msn_wanted(&self) -> Option<Msn> {
        self.retained.last_msn().map(Msn::next)
    }

    fn first_start_in(&self, msn: Msn) -> Ticks {
        Grid::next_frame_start(self.rendition.grid.segment_start(msn), self.rendition.unit_duration)
    }

    fn update(&mut self, changed: &Changed) -> Update {
        let &Changed { msn, part, part_done, segment_done, .. } = changed;
        Update { snapshot: self.retained.publish(), msn, part, part_done, segment_done }
    }
}

/// What one push has done to the window so far.
#[derive(Debug)]
struct Changed {
    window: bool,
    msn: Msn,
    part: Option<PartIndex>,
    part_done: bool,
    segment_done: bool,
}

impl Default for Changed {
    fn default() -> Self {
        Self { window: false, msn: Msn(0), part: None, part_done: false, segment_done: false }
    }
}

impl Changed {
    fn chunk(&mut self, place: Place) {
        (self.window, self.msn, self.part) = (true, place.msn, Some(place.part));
    }

    fn segment(&mut self, msn: Msn, part: Option<PartIndex>) {
        (self.window, self.msn, self.part, self.segment_done) = (true, msn, part, true);
    }
}

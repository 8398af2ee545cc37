//! A segment in a few words: what playlists need of it, without its media.

use crate::grid::Grid;
use crate::time::{Msn, Ticks};
use crate::window::Segment;

/// I-frames listed of each segment: as many as it has IDRs on the grid.
pub const IFRAMES: usize = 2;

/// Where one I-frame lies in its segment: the boxes that explain it, and the coded picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IFrame {
    /// When it is shown.
    pub start: Ticks,
    /// Until the next one, or the end of the segment.
    pub duration: Ticks,
    /// First byte of its chunk, counted from the start of the segment.
    pub offset: u64,
    /// Bytes, up to the end of the picture.
    pub len: u64,
}

/// A complete segment in a few words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Described {
    /// Place on the grid.
    pub msn: Msn,
    /// Start of its first access unit (for a gap: of the grid's segment).
    pub start: Ticks,
    /// How long.
    pub duration: Ticks,
    /// Bytes.
    pub len: u64,
    /// Media is missing from it.
    pub gap: bool,
    /// Its first I-frame in each half, where there is one.
    pub iframes: [Option<IFrame>; IFRAMES],
}

impl Described {
    /// Of a segment that is complete.
    #[must_use]
    pub fn of(segment: &Segment, grid: Grid) -> Self {
        let &Segment { msn, start, duration, gap, .. } = segment;
        let mut iframes = [None; IFRAMES];
        let mut chunk_at = 0;
        for chunk in segment.chunks() {
            for sample in chunk.samples.iter().filter(|sample| sample.key) {
                let within = (sample.dts - grid.segment_start(msn)).0.div_euclid(grid.idr_interval().0);
                let Some(place) = usize::try_from(within).ok().and_then(|half| iframes.get_mut(half)) else {
                    continue;
                };
                place.get_or_insert(IFrame {
                    start: sample.dts,
                    duration: start + duration - sample.dts,
                    offset: chunk_at,
                    len: u64::from(sample.offset) + u64::from(sample.len),
                });
            }
            chunk_at += chunk.bytes.len() as u64;
        }
        if let [Some(first), Some(second)] = &mut iframes {
            first.duration = second.start - first.start;
        }
        Self { msn, start, duration, len: chunk_at, gap, iframes }
    }
}

//! Where segments, parts and chunks begin: computed from UTC, never counted from start-up.
//!
//! Segment N covers `[N x 2 s, (N + 1) x 2 s)` since the epoch (2.002 s at the 1001 rates). An access unit
//! belongs to the segment, part and chunk in which it *starts*, so renditions whose frames do not divide the
//! grid (AAC, 25 fps) have parts of slightly different lengths, and never drift.

use crate::time::{ChunkIndex, FrameRate, Msn, PartIndex, Ticks};
use serde::{Deserialize, Serialize};

/// How finely a channel's media is cut: shorter parts cost requests and bits, and make latency lower.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Latency {
    /// Parts of 0.5 s, chunks of 0.1 s.
    #[default]
    Standard,
    /// Parts of 0.2 s, or of 0.25 s where frames do not fit that; chunks of half a part.
    Low,
}

/// Apple's: a part is no shorter than 85 % of the part target (draft-pantos-hls-rfc8216bis 4.4.4.9).
const PART_PERCENT_MIN: i64 = 85;

/// The one grid of a channel; all its renditions are cut on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grid {
    segment: Ticks,
    parts_per_segment: u32,
    chunks_per_part: u32,
    latency: Latency,
}

/// A place on the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Segment.
    pub msn: Msn,
    /// Part within the segment.
    pub part: PartIndex,
    /// Chunk within the part.
    pub chunk: ChunkIndex,
}

impl Grid {
    /// Segments of two nominal seconds, four parts a segment, five chunks a part.
    #[must_use]
    pub const fn for_rate(rate: FrameRate) -> Self {
        Self::new(rate, Latency::Standard)
    }

    /// Segments of two nominal seconds, cut as finely as is asked for.
    #[must_use]
    pub const fn new(rate: FrameRate, latency: Latency) -> Self {
        let second = rate.frame_duration().0 * rate.frames_per_nominal_second() as i64;
        let standard = Self { segment: Ticks(2 * second), parts_per_segment: 4, chunks_per_part: 5, latency };
        match latency {
            Latency::Standard => standard,
            Latency::Low => {
                let fifths = Self { parts_per_segment: 10, chunks_per_part: 2, ..standard };
                let quarters = Self { parts_per_segment: 8, ..fifths };
                if fifths.keeps_the_floor(rate.frame_duration()) { fifths } else { quarters }
            }
        }
    }

    /// Whether the shortest part that frames of this length make is long enough for the longest one.
    const fn keeps_the_floor(&self, frame: Ticks) -> bool {
        let shortest = self.part_duration().0 / frame.0 * frame.0;
        100 * shortest >= PART_PERCENT_MIN * self.part_target(frame).0
    }

    /// How finely it cuts.
    #[must_use]
    pub const fn latency(&self) -> Latency {
        self.latency
    }

    /// Length of a segment.
    #[must_use]
    pub const fn segment_duration(&self) -> Ticks {
        self.segment
    }

    /// Nominal length of a part.
    #[must_use]
    pub const fn part_duration(&self) -> Ticks {
        Ticks(self.segment.0 / self.parts_per_segment as i64)
    }

    /// Nominal length of a chunk.
    #[must_use]
    pub const fn chunk_duration(&self) -> Ticks {
        Ticks(self.part_duration().0 / self.chunks_per_part as i64)
    }

    /// Distance between IDRs: half a segment.
    #[must_use]
    pub const fn idr_interval(&self) -> Ticks {
        Ticks(self.segment.0 / 2)
    }

    /// Parts in a segment.
    #[must_use]
    pub const fn parts_per_segment(&self) -> u32 {
        self.parts_per_segment
    }

    /// The place in which something that starts at `at` belongs. `at` is not before the epoch.
    #[must_use]
    pub const fn place(&self, at: Ticks) -> Place {
        let (msn, within) = (at.0.div_euclid(self.segment.0), at.0.rem_euclid(self.segment.0));
        let (part, chunk) = (self.part_duration().0, self.chunk_duration().0);
        Place {
            msn: Msn(msn as u64),
            part: PartIndex((within / part) as u32),
            chunk: ChunkIndex((within % part / chunk) as u32),
        }
    }

    /// When a segment begins.
    #[must_use]
    pub const fn segment_start(&self, msn: Msn) -> Ticks {
        Ticks(msn.0 as i64 * self.segment.0)
    }

    /// When a part begins.
    #[must_use]
    pub const fn part_start(&self, msn: Msn, part: PartIndex) -> Ticks {
        Ticks(self.segment_start(msn).0 + part.0 as i64 * self.part_duration().0)
    }

    /// The longest part that frames of `frame` can make on this grid: the rendition's part target
    /// (draft-pantos-hls-rfc8216bis 4.4.3.7: no part may be longer).
    #[must_use]
    pub const fn part_target(&self, frame: Ticks) -> Ticks {
        let part = self.part_duration().0;
        Ticks((part + frame.0 - 1) / frame.0 * frame.0)
    }

    /// The first start of a frame of `frame` length, counted from the epoch, that is not before `at`.
    #[must_use]
    pub const fn next_frame_start(at: Ticks, frame: Ticks) -> Ticks {
        Ticks((at.0 + frame.0 - 1).div_euclid(frame.0) * frame.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn part_targets_are_those_that_the_frames_can_make() {
        let grid = Grid::for_rate(FrameRate::FPS_30);
        assert_eq!(grid.part_target(FrameRate::FPS_30.frame_duration()), Ticks::from_millis(500));
        assert_eq!(grid.part_target(Ticks(7680)), Ticks::from_millis(512));
        let pal = FrameRate::new(25, 1).unwrap();
        assert_eq!(Grid::for_rate(pal).part_target(pal.frame_duration()), Ticks::from_millis(520));
        let ntsc = FrameRate::new(30_000, 1001).unwrap();
        assert_eq!(Grid::for_rate(ntsc).part_target(ntsc.frame_duration()).0, 180_180);
    }

    #[test]
    fn low_latency_is_a_fifth_of_a_second_where_frames_fit() {
        for rate in FrameRate::ALL {
            let grid = Grid::new(rate, Latency::Low);
            let parts = if rate.frames_per_nominal_second() == 24 { 8 } else { 10 };
            assert_eq!(grid.parts_per_segment(), parts, "{rate:?}");
        }
    }

    #[test]
    fn b4_4_4_9_parts_of_every_rate_and_of_sound_are_no_shorter_than_85_percent() {
        for (rate, latency) in
            FrameRate::ALL.into_iter().flat_map(|rate| [(rate, Latency::Standard), (rate, Latency::Low)])
        {
            let grid = Grid::new(rate, latency);
            // 1024 samples at 48 kHz.
            for frame in [rate.frame_duration(), Ticks(7680)] {
                let starts = |at: Ticks| Grid::next_frame_start(at, frame);
                let parts =
                    (0..grid.parts_per_segment() * 500).map(|part| grid.part_start(Msn(0), PartIndex(part)));
                let lengths: Vec<i64> =
                    parts.map(|at| (starts(at + grid.part_duration()) - starts(at)).0).collect();
                let (shortest, longest) = (lengths.iter().min().unwrap(), lengths.iter().max().unwrap());
                assert!(*longest <= grid.part_target(frame).0, "{rate:?} {latency:?} {frame:?}");
                assert!(
                    100 * shortest >= 85 * grid.part_target(frame).0,
                    "{rate:?} {latency:?} {frame:?}: {shortest}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn every_place_contains_its_time(rate in 0usize..8, low: bool, at in 0i64..1_000_000_000_000_000) {
            let grid = Grid::new(FrameRate::ALL[rate], if low { Latency::Low } else { Latency::Standard });
            let at = Ticks(at);
            let place = grid.place(at);
            let part = grid.part_start(place.msn, place.part);
            prop_assert!(part <= at && at < part + grid.part_duration());
            prop_assert!(grid.segment_start(place.msn) <= part);
            prop_assert!(place.part.0 < grid.parts_per_segment());
            let chunk = part + grid.chunk_duration() * i64::from(place.chunk.0);
            prop_assert!(chunk <= at && at < chunk + grid.chunk_duration());
        }

        #[test]
        fn frames_of_every_rate_begin_exactly_on_the_idr_grid(rate in 0usize..8, second in 0i64..2_000_000_000) {
            let (rate, grid) = (FrameRate::ALL[rate], Grid::for_rate(FrameRate::ALL[rate]));
            let idr = grid.idr_interval() * second;
            prop_assert_eq!(Grid::next_frame_start(idr, rate.frame_duration()), idr);
        }
    }
}

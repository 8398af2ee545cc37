//! The types of time and order. No naked integers across a function boundary, no floats for time.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

/// Ticks in one second: 360 kHz makes 24, 25, 30, 50, 60, 23.976, 29.97 and 59.94 frames a second and
/// 1024-sample AAC frames at 48 kHz all whole numbers.
pub const TICKS_PER_SECOND: i64 = 360_000;

/// Audio samples in one second of every canvas.
pub const AUDIO_SAMPLE_RATE: u32 = 48_000;

/// Audio samples in one AAC access unit.
pub const AAC_FRAME_SAMPLES: u32 = 1024;

/// A point in time (since the Unix epoch, UTC) or a length of time, in 1/360,000 s.
///
/// Points and lengths share the type, as the field does with "timestamp": the name says which is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticks(pub i64);

impl Ticks {
    /// No time at all, or the epoch itself.
    pub const ZERO: Self = Self(0);

    /// Whole seconds.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs * TICKS_PER_SECOND)
    }

    /// Milliseconds; exact.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * (TICKS_PER_SECOND / 1000))
    }

    /// Nanoseconds, rounded down to the tick.
    #[must_use]
    pub const fn from_nanos(nanos: i128) -> Self {
        Self((nanos * TICKS_PER_SECOND as i128).div_euclid(1_000_000_000) as i64)
    }

    /// `value / timescale` seconds, rounded down to the tick. `timescale` must not be zero.
    #[must_use]
    pub const fn from_scaled(value: i64, timescale: u32) -> Self {
        Self((value as i128 * TICKS_PER_SECOND as i128).div_euclid(timescale as i128) as i64)
    }

    /// This time in units of `1/timescale` s, rounded down.
    #[must_use]
    pub const fn scaled(self, timescale: u32) -> i64 {
        (self.0 as i128 * timescale as i128).div_euclid(TICKS_PER_SECOND as i128) as i64
    }

    /// Nanoseconds, rounded down.
    #[must_use]
    pub const fn nanos(self) -> i128 {
        (self.0 as i128 * 1_000_000_000).div_euclid(TICKS_PER_SECOND as i128)
    }

    /// Milliseconds, rounded down.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(TICKS_PER_SECOND / 1000)
    }

    /// Seconds as a decimal number for people and playlists; never feed it back into arithmetic.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / TICKS_PER_SECOND as f64
    }
}

impl Add for Ticks {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Ticks {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Ticks {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Ticks {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl std::ops::Mul<i64> for Ticks {
    type Output = Self;
    fn mul(self, factor: i64) -> Self {
        Self(self.0 * factor)
    }
}

impl Sum for Ticks {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

/// Frames per second as a ratio, one of the eight that broadcast uses; each has a whole number of ticks a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "(u32, u32)", into = "(u32, u32)")]
pub struct FrameRate {
    numerator: u32,
    denominator: u32,
}

/// A frame rate that is none of 24, 25, 30, 50, 60 or their 1000/1001 relatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}/{1} is not a broadcast frame rate; use one of 24, 25, 30, 50, 60, 24000/1001, 30000/1001, 60000/1001"
)]
pub struct UnknownFrameRate(pub u32, pub u32);

impl FrameRate {
    /// The rates a canvas may have.
    pub const ALL: [Self; 8] = [
        Self { numerator: 24, denominator: 1 },
        Self { numerator: 25, denominator: 1 },
        Self { numerator: 30, denominator: 1 },
        Self { numerator: 50, denominator: 1 },
        Self { numerator: 60, denominator: 1 },
        Self { numerator: 24_000, denominator: 1001 },
        Self { numerator: 30_000, denominator: 1001 },
        Self { numerator: 60_000, denominator: 1001 },
    ];

    /// Thirty frames a second, the default canvas.
    pub const FPS_30: Self = Self { numerator: 30, denominator: 1 };

    /// # Errors
    /// [`UnknownFrameRate`] when the ratio is not one of [`FrameRate::ALL`].
    pub fn new(numerator: u32, denominator: u32) -> Result<Self, UnknownFrameRate> {
        let wanted = Self { numerator, denominator };
        Self::ALL.contains(&wanted).then_some(wanted).ok_or(UnknownFrameRate(numerator, denominator))
    }

    /// Frames.
    #[must_use]
    pub const fn numerator(self) -> u32 {
        self.numerator
    }

    /// Per this many seconds.
    #[must_use]
    pub const fn denominator(self) -> u32 {
        self.denominator
    }

    /// The exact length of one frame.
    #[must_use]
    pub const fn frame_duration(self) -> Ticks {
        Ticks(TICKS_PER_SECOND * self.denominator as i64 / self.numerator as i64)
    }

    /// Whether this is one of the 1000/1001 rates, whose nominal seconds last 1.001 s.
    #[must_use]
    pub const fn is_ntsc(self) -> bool {
        self.denominator == 1001
    }

    /// Frames in one nominal second (1.001 s at the 1001 rates): the distance between IDRs.
    #[must_use]
    pub const fn frames_per_nominal_second(self) -> u32 {
        if self.is_ntsc() { self.numerator / 1000 } else { self.numerator }
    }
}

impl TryFrom<(u32, u32)> for FrameRate {
    type Error = UnknownFrameRate;
    fn try_from((numerator, denominator): (u32, u32)) -> Result<Self, UnknownFrameRate> {
        Self::new(numerator, denominator)
    }
}

impl From<FrameRate> for (u32, u32) {
    fn from(rate: FrameRate) -> Self {
        (rate.numerator, rate.denominator)
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.denominator == 1 {
            write!(f, "{}", self.numerator)
        } else {
            write!(f, "{}/{}", self.numerator, self.denominator)
        }
    }
}

/// Media sequence number: the segment's place on the grid, counted from the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Msn(pub u64);

impl Msn {
    /// The one after this.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Msn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A part's place within its segment, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartIndex(pub u32);

impl fmt::Display for PartIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A chunk's place within its part, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkIndex(pub u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rate_has_a_whole_number_of_ticks_a_frame() {
        for rate in FrameRate::ALL {
            let exact = TICKS_PER_SECOND * i64::from(rate.denominator());
            assert_eq!(exact % i64::from(rate.numerator()), 0, "{rate}");
        }
        assert_eq!(FrameRate::new(60_000, 1001).unwrap().frame_duration(), Ticks(6006));
        assert_eq!(Ticks::from_scaled(i64::from(AAC_FRAME_SAMPLES), AUDIO_SAMPLE_RATE), Ticks(7680));
    }

    #[test]
    fn odd_rates_are_refused_with_the_list() {
        let error = FrameRate::new(15, 1).unwrap_err().to_string();
        assert!(error.contains("15/1") && error.contains("30000/1001"), "{error}");
    }

    #[test]
    fn conversions_round_down_on_both_sides_of_the_epoch() {
        assert_eq!(Ticks::from_nanos(-1), Ticks(-1));
        assert_eq!(Ticks(1).scaled(90_000), 0);
        assert_eq!(Ticks(-1).scaled(90_000), -1);
        assert_eq!(Ticks::from_secs(2).millis(), 2000);
        assert_eq!(Ticks::from_nanos(Ticks(641_000_000_000_123).nanos() + 1), Ticks(641_000_000_000_123));
    }
}

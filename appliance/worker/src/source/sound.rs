//! Where decoded samples go on the house clock: gaps become silence, overlaps are trimmed, small errors are reported
//! so that the resampler can stretch them away. Pure.

use crate::limits::SOUND_WAITING_MAX_SAMPLES;
use media::time::{AUDIO_SAMPLE_RATE, Ticks};
use std::collections::VecDeque;

/// An error of placement up to this is stretched away; beyond it is a gap or an overlap. 20 ms: less than an AAC frame, so
/// that one which is missing is a gap; and half of what lip sync allows, since pictures wait for their slots too.
const STRETCH_MAX_SAMPLES: i64 = 960;
/// An error of placement below this is left alone: 2 ms.
const STRETCH_MIN_SAMPLES: i64 = 96;
/// At most one sample in this many is added or taken away: half a percent is not heard.
const STRETCH_SHARE: i64 = 200;
/// One second: the error is spread over it.
pub(crate) const STRETCH_DISTANCE_SAMPLES: i64 = AUDIO_SAMPLE_RATE as i64;

/// Number of the sample, since the epoch, that is heard at `at`.
pub(crate) fn sample_at(at: Ticks) -> i64 {
    at.scaled(AUDIO_SAMPLE_RATE)
}

/// Stereo samples that wait to be encoded, from one sample number on.
#[derive(Debug, Default)]
pub(crate) struct SoundTimeline {
    samples: VecDeque<[f32; 2]>,
    /// Number of the first of them.
    start: i64,
}

impl SoundTimeline {
    fn end(&self) -> i64 {
        self.start + self.samples.len() as i64
    }

    /// Adds samples that should be heard from number `at` on, or right after the ones before when that is not known.
    /// Returns how many samples the next [`STRETCH_DISTANCE_SAMPLES`] should be stretched by.
    pub(crate) fn push(&mut self, at: Option<i64>, [left, right]: [&[f32]; 2]) -> i64 {
        if self.samples.is_empty() {
            self.start = at.unwrap_or(self.start);
        }
        let error = at.map_or(0, |at| at - self.end());
        let mut trimmed = 0;
        if error > SOUND_WAITING_MAX_SAMPLES as i64 {
            self.start = self.end() + error;
            self.samples.clear();
        } else if error > STRETCH_MAX_SAMPLES {
            self.samples.extend(std::iter::repeat_n([0.0; 2], error as usize));
        } else if error < -STRETCH_MAX_SAMPLES {
            trimmed = usize::try_from(-error).unwrap_or(usize::MAX);
        }
        let pairs = left.iter().zip(right).map(|(left, right)| [*left, *right]);
        self.samples.extend(pairs.skip(trimmed));
        let excess = self.samples.len().saturating_sub(SOUND_WAITING_MAX_SAMPLES);
        self.discard(excess);
        stretch_for(error)
    }

    /// Whether there is sound up to sample number `at`, or after it.
    pub(crate) fn reaches(&self, at: i64) -> bool {
        !self.samples.is_empty() && self.end() > at
    }

    fn discard(&mut self, samples: usize) {
        self.samples.drain(..samples);
        self.start += samples as i64;
    }

    /// Fills `out` with the samples from number `at` on; what is not there is silence. They are gone afterwards. False
    /// if there were none.
    pub(crate) fn take(&mut self, at: i64, [left, right]: [&mut [f32]; 2]) -> bool {
        let late = usize::try_from(at - self.start).unwrap_or(0).min(self.samples.len());
        self.discard(late);
        let lead = usize::try_from(self.start - at).unwrap_or(0).min(left.len());
        let count = self.samples.len().min(left.len() - lead);
        left.fill(0.0);
        right.fill(0.0);
        let pairs = left[lead..].iter_mut().zip(&mut right[lead..]);
        for ((left, right), sample) in pairs.zip(self.samples.drain(..count)) {
            [*left, *right] = sample;
        }
        self.start += count as i64;
        count > 0
    }
}

fn stretch_for(error: i64) -> i64 {
    if error.abs() < STRETCH_MIN_SAMPLES || error.abs() > STRETCH_MAX_SAMPLES {
        return 0;
    }
    let most = STRETCH_DISTANCE_SAMPLES / STRETCH_SHARE;
    error.clamp(-most, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(timeline: &mut SoundTimeline, at: i64, value: f32, count: usize) -> i64 {
        let samples = vec![value; count];
        timeline.push(Some(at), [&samples, &samples])
    }

    fn take(timeline: &mut SoundTimeline, at: i64, count: usize) -> Vec<i32> {
        let (mut left, mut right) = (vec![9.0; count], vec![9.0; count]);
        timeline.take(at, [&mut left, &mut right]);
        assert_eq!(left, right);
        left.into_iter().map(|sample| sample as i32).collect()
    }

    #[test]
    fn sound_is_heard_where_it_belongs_and_silence_around_it() {
        let mut timeline = SoundTimeline::default();
        push(&mut timeline, 1_000_000, 1.0, 4);
        assert_eq!(take(&mut timeline, 999_998, 4), [0, 0, 1, 1]);
        assert_eq!(take(&mut timeline, 1_000_002, 4), [1, 1, 0, 0]);
        assert_eq!(take(&mut timeline, 1_000_006, 2), [0, 0]);
    }

    #[test]
    fn gaps_are_filled_and_overlaps_trimmed() {
        let mut timeline = SoundTimeline::default();
        push(&mut timeline, 1_000_000, 1.0, 2000);
        push(&mut timeline, 1_004_000, 2.0, 2000);
        push(&mut timeline, 1_004_000, 3.0, 2001);
        let heard = take(&mut timeline, 1_000_000, 6002);
        assert_eq!((heard[1999], heard[2000], heard[3999], heard[4000]), (1, 0, 0, 2));
        assert_eq!((heard[5999], heard[6000], heard[6001]), (2, 3, 0));
    }

    #[test]
    fn small_errors_are_stretched_away() {
        let mut timeline = SoundTimeline::default();
        assert_eq!(push(&mut timeline, 1_000_000, 1.0, 1000), 0);
        assert_eq!(push(&mut timeline, 1_001_050, 1.0, 1000), 0);
        assert_eq!(push(&mut timeline, 1_002_150, 1.0, 1000), 150);
        assert_eq!(push(&mut timeline, 1_002_500, 1.0, 1000), -240);
        assert_eq!(timeline.end(), 1_004_000);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut timeline = SoundTimeline::default();
        (0..300).for_each(|block| {
            push(&mut timeline, 1_000_000 + block * 1024, 1.0, 1024);
        });
        assert_eq!(timeline.samples.len(), SOUND_WAITING_MAX_SAMPLES);
        assert_eq!(timeline.end(), 1_000_000 + 300 * 1024);
        push(&mut timeline, 90_000_000, 1.0, 10);
        assert_eq!((timeline.start, timeline.samples.len()), (90_000_000, 10));
    }

    #[test]
    fn sound_that_comes_too_late_is_not_heard_later() {
        let mut timeline = SoundTimeline::default();
        push(&mut timeline, 1_000_000, 1.0, 100);
        take(&mut timeline, 1_000_000, 1000);
        timeline.push(None, [&[2.0; 500], &[2.0; 500]]);
        assert_eq!(take(&mut timeline, 1_001_000, 2), [0, 0]);
        push(&mut timeline, 1_000_900, 3.0, 200);
        assert_eq!(take(&mut timeline, 1_001_002, 100)[97..], [3, 0, 0]);
    }
}

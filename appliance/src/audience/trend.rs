//! How each channel went in the last minutes: samples at equal steps. Pure.

use crate::limits::{CHANNELS_MAX, TREND_SAMPLES_MAX};
use media::time::Ticks;
use std::collections::{BTreeMap, VecDeque};
use wire::{ChannelAudience, Sample, Trend};

/// Between two samples.
pub(super) const STEP: Ticks = Ticks::from_secs(2);

/// What a channel has counted so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    /// Bytes that the source on air has sent; none while there is no source.
    pub source_bytes: Option<u64>,
    /// Bytes handed to viewers.
    pub sent_bytes: u64,
    /// How old the newest packaged picture is.
    pub late_ms: Option<u32>,
    /// Restarts of stages and of the worker.
    pub restarts: u32,
}

#[derive(Debug, Default)]
struct Course {
    samples: VecDeque<Sample>,
    taken_at: Ticks,
    before: Counted,
}

/// Of all channels.
#[derive(Debug, Default)]
pub(super) struct Trends(BTreeMap<String, Course>);

impl Trends {
    /// Whether it is time for the next sample.
    pub(super) fn is_due(&self, channel: &str, now: Ticks) -> bool {
        self.0.get(channel).is_none_or(|course| now - course.taken_at >= STEP)
    }

    pub(super) fn take(&mut self, channel: &str, counted: Counted, watching: &ChannelAudience, now: Ticks) {
        self.make_room(channel, now);
        let course = self.0.entry(channel.to_owned()).or_default();
        let length = now - course.taken_at;
        let rate =
            |bytes: u64| bytes.saturating_mul(8000) / u64::try_from(length.millis()).unwrap_or(1).max(1);
        let fresh = course.samples.is_empty() || length > STEP + STEP;
        let since = |now: u64, before: u64| if now >= before { now - before } else { now };
        let source =
            counted.source_bytes.map(|bytes| rate(since(bytes, course.before.source_bytes.unwrap_or(bytes))));
        let sample = Sample {
            at_ms: now.millis(),
            source_bps: source.filter(|_| !fresh).map(|bps| u32::try_from(bps).unwrap_or(u32::MAX)),
            sent_bps: (!fresh).then(|| rate(since(counted.sent_bytes, course.before.sent_bytes))),
            late_ms: counted.late_ms,
            viewers: Some(watching.viewers),
            latency_ms: watching.latency_ms,
            stalls: Some(watching.stalls),
            faults: if fresh { 0 } else { counted.restarts.saturating_sub(course.before.restarts) },
        };
        // A channel that was off leaves a gap as long as it was.
        let missed = if course.samples.is_empty() { 0 } else { (length.millis() / STEP.millis() - 1).max(0) };
        let missed = usize::try_from(missed).unwrap_or(0).min(TREND_SAMPLES_MAX);
        course.samples.extend(std::iter::repeat_n(Sample::default(), missed));
        course.samples.push_back(sample);
        let surplus = course.samples.len().saturating_sub(TREND_SAMPLES_MAX);
        course.samples.drain(..surplus);
        (course.taken_at, course.before) = (now, counted);
    }

    /// Channels that went long ago are forgotten, and never are there more than there can be channels.
    fn make_room(&mut self, channel: &str, now: Ticks) {
        if !self.0.contains_key(channel) {
            let kept = Ticks::from_millis(STEP.millis() * TREND_SAMPLES_MAX as i64);
            self.0.retain(|_, course| now - course.taken_at < kept);
            while self.0.len() >= CHANNELS_MAX {
                self.0.pop_first();
            }
        }
    }

    /// Times that players ran dry in all that is kept.
    pub(super) fn stalls(&self, channel: &str) -> u32 {
        let samples = self.0.get(channel).map(|course| course.samples.iter());
        samples.into_iter().flatten().filter_map(|sample| sample.stalls).sum()
    }

    /// Up to now: a channel that is off has gaps at the end.
    pub(super) fn of(&self, channel: &str, now: Ticks) -> Trend {
        let mut samples: Vec<Sample> = Vec::new();
        if let Some(course) = self.0.get(channel) {
            let missed = usize::try_from((now - course.taken_at).millis() / STEP.millis() - 1).unwrap_or(0);
            samples.extend(&course.samples);
            samples.extend(std::iter::repeat_n(Sample::default(), missed.min(TREND_SAMPLES_MAX)));
            samples.drain(..samples.len().saturating_sub(TREND_SAMPLES_MAX));
        }
        let slots = u32::try_from(TREND_SAMPLES_MAX).unwrap_or(u32::MAX);
        Trend { step_ms: u32::try_from(STEP.millis()).unwrap_or(u32::MAX), slots, samples }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_the_step_and_gaps_stay_gaps() {
        let (mut trends, nobody) = (Trends::default(), ChannelAudience::default());
        let counted = |bytes, sent, restarts| Counted {
            source_bytes: Some(bytes),
            sent_bytes: sent,
            late_ms: Some(40),
            restarts,
        };
        let at = Ticks::from_secs;
        trends.take("a", counted(1_000, 0, 3), &nobody, at(10));
        assert!(!trends.is_due("a", at(11)) && trends.is_due("a", at(12)) && trends.is_due("b", at(10)));
        trends.take("a", counted(501_000, 250_000, 4), &nobody, at(12));
        // Another publisher counts from the beginning.
        trends.take("a", counted(100_000, 250_000, 4), &nobody, at(14));
        trends.take("a", counted(0, 0, 0), &nobody, at(20));
        let told = trends.of("a", at(24)).samples;
        let rates: Vec<_> =
            told.iter().map(|sample| (sample.source_bps, sample.sent_bps, sample.faults)).collect();
        let gap = (None, None, 0);
        let expected =
            [gap, (Some(2_000_000), Some(1_000_000), 1), (Some(400_000), Some(0), 0), gap, gap, gap, gap];
        assert_eq!(rates, expected);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let (mut trends, nobody) = (Trends::default(), ChannelAudience::default());
        for step in 0..TREND_SAMPLES_MAX as i64 + 50 {
            trends.take("a", Counted::default(), &nobody, Ticks::from_secs(2 * step));
        }
        assert_eq!(trends.0["a"].samples.len(), TREND_SAMPLES_MAX);
        let now = trends.0["a"].taken_at;
        for number in 0..CHANNELS_MAX + 5 {
            trends.take(&format!("c{number}"), Counted::default(), &nobody, now);
        }
        assert_eq!(trends.0.len(), CHANNELS_MAX);
    }
}

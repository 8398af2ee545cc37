//! How each channel went in the last minutes: samples at equal steps. Pure.

use super::columns::{COLUMNS, RULES, row};
use crate::limits::{CHANNELS_MAX, TREND_SAMPLES_MAX};
use crate::rollup::{Row, rolled, step_start};
use media::time::Ticks;
use std::collections::{BTreeMap, VecDeque};
use wire::{ChannelAudience, Sample, Trend};

/// Between two samples.
pub(super) const STEP: Ticks = Ticks::from_secs(2);

/// Of what samples are rolled up to first.
pub(super) const MINUTE_MS: i64 = 60_000;

/// What a channel has counted so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    /// Bytes that the source on air has sent; none while there is no source.
    pub source_bytes: Option<u64>,
    /// Pictures that it has sent.
    pub source_frames: Option<u64>,
    /// Blocked playlist requests that were answered, and for how long they were held, in milliseconds.
    pub holds: (u64, u64),
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

impl Course {
    /// Of the samples of the minute that began then.
    fn minute(&self, start_ms: i64) -> Option<Row<COLUMNS>> {
        let within = |sample: &&Sample| step_start(sample.at_ms, MINUTE_MS) == start_ms;
        let rows: Vec<_> = self.samples.iter().filter(within).map(row).collect();
        rolled(&RULES, &rows)
    }
}

/// Of all channels.
#[derive(Debug, Default)]
pub(super) struct Trends(BTreeMap<String, Course>);

impl Trends {
    /// Whether it is time for the next sample.
    pub(super) fn is_due(&self, channel: &str, now: Ticks) -> bool {
        self.0.get(channel).is_none_or(|course| now - course.taken_at >= STEP)
    }

    /// Takes a sample; the minute that is over by it, if one is.
    pub(super) fn take(
        &mut self,
        channel: &str,
        counted: Counted,
        watching: &ChannelAudience,
        now: Ticks,
    ) -> Option<(i64, Row<COLUMNS>)> {
        self.make_room(channel, now);
        let course = self.0.entry(channel.to_owned()).or_default();
        let length = now - course.taken_at;
        let rate =
            |bytes: u64| bytes.saturating_mul(8000) / u64::try_from(length.millis()).unwrap_or(1).max(1);
        let fresh = course.samples.is_empty() || length > STEP + STEP;
        let since = |now: u64, before: u64| if now >= before { now - before } else { now };
        let source =
            counted.source_bytes.map(|bytes| rate(since(bytes, course.before.source_bytes.unwrap_or(bytes))));
        let frames = counted.source_frames.map(|frames| {
            let sent = since(frames, course.before.source_frames.unwrap_or(frames));
            sent.saturating_mul(100_000) / u64::try_from(length.millis()).unwrap_or(1).max(1)
        });
        let (held, held_ms) =
            (since(counted.holds.0, course.before.holds.0), since(counted.holds.1, course.before.holds.1));
        let short = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        let sample = Sample {
            at_ms: now.millis(),
            source_fps_hundredths: frames.filter(|_| !fresh).map(short),
            hold_ms: held_ms.checked_div(held).filter(|_| !fresh).map(short),
            viewers_by: watching.by_tier.map(Some).into(),
            latency_by: watching.latency_by,
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
        let before = step_start(course.taken_at.millis(), MINUTE_MS);
        let is_over = before != step_start(now.millis(), MINUTE_MS);
        let minute = is_over.then(|| course.minute(before)).flatten().map(|row| (before, row));
        course.samples.extend(std::iter::repeat_n(Sample::default(), missed));
        course.samples.push_back(sample);
        let surplus = course.samples.len().saturating_sub(TREND_SAMPLES_MAX);
        course.samples.drain(..surplus);
        (course.taken_at, course.before) = (now, counted);
        minute
    }

    /// The minute that is not over yet, as far as it has come.
    pub(super) fn open_minute(&self, channel: &str, now: Ticks) -> Option<(i64, Row<COLUMNS>)> {
        let start = step_start(now.millis(), MINUTE_MS);
        Some((start, self.0.get(channel)?.minute(start)?))
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
            ..Counted::default()
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
    fn a_minute_is_told_when_it_is_over() {
        let (mut trends, nobody) = (Trends::default(), ChannelAudience::default());
        let counted = |second: u64| Counted {
            source_frames: Some(second * 25),
            holds: (second, second * 200),
            restarts: u32::from(second > 70),
            ..Counted::default()
        };
        let mut over = Vec::new();
        for second in (58..=122).step_by(2) {
            over.extend(trends.take("a", counted(second), &nobody, Ticks::from_secs(second as i64)));
        }
        let starts: Vec<i64> = over.iter().map(|(start, _)| *start).collect();
        assert_eq!(starts, [0, 60_000]);
        let minute = super::super::columns::sample(60_000, &over[1].1);
        assert_eq!((minute.source_fps_hundredths, minute.hold_ms, minute.faults), (Some(2500), Some(200), 1));
        let open = trends.open_minute("a", Ticks::from_secs(122)).unwrap();
        assert_eq!(open.0, 120_000);
        assert!(trends.open_minute("a", Ticks::from_secs(190)).is_none());
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

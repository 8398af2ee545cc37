//! The last ten minutes, and minutes made of them: pure.

use super::metrics::Measured;
use crate::limits::HARDWARE_SAMPLES_MAX;
use crate::store::measures::{MINUTE_SECS, Measure};
use std::collections::{BTreeMap, VecDeque};

/// Values that make the figure of a minute.
const LATELY: usize = 6;

/// What was measured of late.
#[derive(Clone, Debug, Default)]
pub struct Past {
    samples: VecDeque<BTreeMap<String, f64>>,
    minute: Minute,
}

/// The minute that is not over yet.
#[derive(Clone, Debug, Default)]
struct Minute {
    at_secs: i64,
    sums: BTreeMap<String, Sum>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    of: f64,
    count: u32,
    most: f64,
}

impl Past {
    /// Takes note of what is so now; gives the minute before with its beginning, if that has just ended.
    pub fn take(&mut self, measured: &[Measured], now_secs: i64) -> Option<(i64, Vec<Measure>)> {
        self.samples.push_back(measured.iter().map(|(metric, value)| (metric.id.clone(), *value)).collect());
        let surplus = self.samples.len().saturating_sub(HARDWARE_SAMPLES_MAX);
        self.samples.drain(..surplus);
        let minute = now_secs - now_secs.rem_euclid(MINUTE_SECS);
        let ended = (minute != self.minute.at_secs)
            .then(|| std::mem::replace(&mut self.minute, Minute { at_secs: minute, sums: BTreeMap::new() }));
        for (metric, value) in measured {
            let sum =
                self.minute.sums.entry(metric.id.clone()).or_insert(Sum { most: f64::MIN, ..Sum::default() });
            *sum = Sum { of: sum.of + value, count: sum.count + 1, most: sum.most.max(*value) };
        }
        let ended = ended.filter(|ended| !ended.sums.is_empty())?;
        let measure = |(metric, sum): (String, Sum)| Measure {
            metric,
            mean: sum.of / f64::from(sum.count.max(1)),
            most: sum.most,
        };
        Some((ended.at_secs, ended.sums.into_iter().map(measure).collect()))
    }

    /// A metric at each step of ten minutes, oldest first.
    #[must_use]
    pub fn recent(&self, metric: &str) -> Vec<Option<f64>> {
        let missing = HARDWARE_SAMPLES_MAX - self.samples.len();
        let values = self.samples.iter().map(|sample| sample.get(metric).copied());
        std::iter::repeat_n(None, missing).chain(values).collect()
    }

    /// Its average over the last minute.
    #[must_use]
    pub fn lately(&self, metric: &str) -> Option<f64> {
        let values: Vec<f64> =
            self.samples.iter().rev().take(LATELY).filter_map(|sample| sample.get(metric).copied()).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::{Metric, Unit};

    fn cpu(value: f64) -> Vec<Measured> {
        vec![(Metric { id: "cpu".into(), unit: Unit::Percent }, value)]
    }

    #[test]
    fn a_minute_is_told_once_it_is_over() {
        let mut past = Past::default();
        assert_eq!(past.take(&cpu(10.0), 120), None);
        assert_eq!(past.take(&cpu(30.0), 170), None);
        let minute = vec![Measure { metric: "cpu".into(), mean: 20.0, most: 30.0 }];
        assert_eq!(past.take(&cpu(50.0), 180), Some((120, minute)));
        assert_eq!(past.lately("cpu"), Some(30.0));
        assert_eq!((past.lately("disk"), past.recent("cpu").len()), (None, HARDWARE_SAMPLES_MAX));
        assert_eq!(past.recent("cpu").last(), Some(&Some(50.0)));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut past = Past::default();
        for number in 0..500 {
            past.take(&cpu(f64::from(number)), i64::from(number) * 10);
        }
        assert_eq!(past.samples.len(), HARDWARE_SAMPLES_MAX);
        assert_eq!(past.recent("cpu").first(), Some(&Some(440.0)));
    }
}

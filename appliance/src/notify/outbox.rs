//! What waits for one destination, and when it is tried again.

use super::notice::Notice;
use crate::limits::{
    NOTIFY_ATTEMPTS_MAX, NOTIFY_BACKOFF_FIRST, NOTIFY_BACKOFF_MAX, NOTIFY_FAILURES_TOLD, NOTIFY_QUEUE_MAX,
};
use media::time::Ticks;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Outlives the task that empties it.
#[derive(Debug, Default)]
pub struct Outbox {
    state: Mutex<State>,
    /// Something was put in.
    news: tokio::sync::Notify,
    /// Somebody does not want to wait.
    again: tokio::sync::Notify,
}

/// Pure.
#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Notice>,
    /// Of the first that waits.
    attempts: u32,
    /// In a row, of any.
    failures: u32,
    /// It fails, or has until the alarm of that is over.
    in_trouble: bool,
    lost: u64,
    last: Option<(Ticks, String)>,
}

impl State {
    fn put(&mut self, notice: Notice) {
        if self.waiting.len() >= NOTIFY_QUEUE_MAX {
            self.waiting.pop_front();
            self.attempts = 0;
            self.lost += 1;
        }
        self.waiting.push_back(notice);
    }

    fn is_first(&self, notice: &Notice) -> bool {
        self.waiting.front().is_some_and(|first| first.id == notice.id)
    }

    fn take(&mut self, notice: &Notice) {
        // A full outbox may have lost it meanwhile.
        if self.is_first(notice) {
            self.waiting.pop_front();
        }
        self.attempts = 0;
    }

    fn failed(&mut self, notice: &Notice) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.in_trouble |= self.failures >= NOTIFY_FAILURES_TOLD;
        self.attempts += 1;
        if self.attempts >= NOTIFY_ATTEMPTS_MAX {
            self.take(notice);
            self.lost += 1;
        }
        let doubled = 1_u32.checked_shl(self.failures - 1).unwrap_or(u32::MAX);
        NOTIFY_BACKOFF_FIRST.saturating_mul(doubled).min(NOTIFY_BACKOFF_MAX)
    }
}

impl Outbox {
    /// Never waits: when it is full, the oldest is lost.
    pub fn put(&self, notice: Notice) {
        self.state().put(notice);
        self.news.notify_one();
    }

    /// The first that waits; it stays until it is [`delivered`](Self::delivered) or has failed too often.
    pub async fn next(&self) -> Notice {
        loop {
            let first = self.state().waiting.front().cloned();
            match first {
                Some(first) => return first,
                None => self.news.notified().await,
            }
        }
    }

    /// It has arrived.
    pub fn delivered(&self, notice: &Notice, said: String, now: Ticks) -> Option<Duration> {
        let mut state = self.state();
        state.take(notice);
        state.failures = 0;
        state.last = Some((now, said));
        None
    }

    /// It has not; to be tried again after this.
    pub fn failed(&self, notice: &Notice, why: String, now: Ticks) -> Option<Duration> {
        let mut state = self.state();
        state.last = Some((now, why));
        Some(state.failed(notice))
    }

    /// Waits, unless somebody does not want to.
    pub async fn pause(&self, wait: Duration) {
        tokio::select! {
            () = tokio::time::sleep(wait) => (),
            () = self.again.notified() => (),
        }
    }

    /// Ends a pause.
    pub fn try_again_now(&self) {
        self.again.notify_waiters();
    }

    /// In a row.
    pub fn failures(&self) -> u32 {
        self.state().failures
    }

    /// Why it fails; nothing while it does not, or has only just begun to.
    pub fn failing(&self) -> Option<String> {
        let state = self.state();
        let why = state.last.as_ref().map(|(_, why)| why.clone());
        why.filter(|_| state.failures >= NOTIFY_FAILURES_TOLD)
    }

    /// Whether it has failed since the last time that all were well.
    pub fn is_in_trouble(&self) -> bool {
        self.state().in_trouble
    }

    /// All are well again.
    pub fn trouble_is_over(&self) {
        let mut state = self.state();
        state.in_trouble = state.failures >= NOTIFY_FAILURES_TOLD;
    }

    /// For the operator.
    pub fn status(&self) -> wire::DestinationStatus {
        let state = self.state();
        wire::DestinationStatus {
            waiting: state.waiting.len() as u32,
            lost: state.lost,
            failing: state.failures > 0,
            last: state.last.as_ref().map(|(_, said)| said.clone()),
            last_at_ms: state.last.as_ref().map(|(at, _)| at.millis()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(number: i64) -> Notice {
        Notice { id: number.to_string(), ..Notice::test(Ticks::from_secs(number)) }
    }

    #[test]
    fn it_is_bounded_and_loses_the_oldest() {
        let outbox = Outbox::default();
        for number in 0..NOTIFY_QUEUE_MAX as i64 + 5 {
            outbox.put(notice(number));
        }
        let status = outbox.status();
        assert_eq!((status.waiting as usize, status.lost), (NOTIFY_QUEUE_MAX, 5));
        assert_eq!(outbox.state().waiting[0].id, "5");
        // One that was lost while it was under way takes nothing along.
        outbox.delivered(&notice(0), "ok".into(), Ticks::ZERO);
        assert_eq!(outbox.state().waiting[0].id, "5");
    }

    #[test]
    fn waits_grow_to_their_cap_and_what_nobody_takes_is_given_up() {
        let outbox = Outbox::default();
        outbox.put(notice(1));
        outbox.put(notice(2));
        let mut waits = Vec::new();
        for _ in 0..NOTIFY_ATTEMPTS_MAX {
            waits.push(outbox.failed(&notice(1), "refused".into(), Ticks::ZERO).unwrap());
        }
        assert_eq!((waits[0], waits[1]), (NOTIFY_BACKOFF_FIRST, 2 * NOTIFY_BACKOFF_FIRST));
        assert_eq!(*waits.last().unwrap(), NOTIFY_BACKOFF_MAX);
        assert!(waits.iter().all(|wait| *wait <= NOTIFY_BACKOFF_MAX));
        assert_eq!(outbox.state().waiting[0].id, "2");
        assert_eq!(outbox.status().lost, 1);
        assert!(outbox.is_in_trouble() && outbox.failing().is_some());
        outbox.delivered(&notice(2), "ok".into(), Ticks::ZERO);
        assert!(outbox.failing().is_none() && outbox.is_in_trouble(), "until the alarm is over");
        outbox.trouble_is_over();
        assert!(!outbox.is_in_trouble());
    }

    #[test]
    fn one_failure_is_no_trouble() {
        let outbox = Outbox::default();
        outbox.put(notice(1));
        outbox.failed(&notice(1), "refused".into(), Ticks::ZERO);
        assert!(outbox.failing().is_none() && !outbox.is_in_trouble() && outbox.status().failing);
    }
}

//! Waiting for media that is about to exist: blocked playlist requests, hinted parts, segments in flight.
//!
//! Each wait is one future on one shared watch. Its deadline is looked at whenever the watch changes or the
//! channel's pulse passes by, so that no request owns a timer.

use crate::clock::House;
use bytes::Bytes;
use futures_util::Stream;
use media::time::{Msn, Ticks};
use media::window::Snapshot;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// What came of a wait.
#[derive(Debug, PartialEq, Eq)]
pub enum Waited<T> {
    /// It is there.
    Ready(T),
    /// The deadline passed.
    TimedOut,
    /// The channel was switched off.
    Gone,
}

/// Something that changes, and may end.
#[derive(Clone, Debug)]
pub struct Watched<V> {
    pub(super) value: watch::Receiver<V>,
    pub(super) ended: Arc<AtomicBool>,
}

/// Waits until `look` finds something in the watched value, at most until `deadline`.
pub async fn wait_for<V: Clone, T>(
    mut watched: Watched<V>,
    house: House,
    deadline: Ticks,
    mut look: impl FnMut(&V) -> Option<T>,
) -> Waited<T> {
    loop {
        let value = watched.value.borrow_and_update().clone();
        if let Some(found) = look(&value) {
            return Waited::Ready(found);
        }
        if watched.ended.load(Ordering::Acquire) {
            return Waited::Gone;
        }
        if house.now() >= deadline {
            return Waited::TimedOut;
        }
        if watched.value.changed().await.is_err() {
            return Waited::Gone;
        }
    }
}

/// Why the body of a segment in flight ended early.
#[derive(Debug, thiserror::Error)]
pub enum InFlightError {
    /// Nothing came for too long.
    #[error("segment {0} made no progress; ask again later")]
    Stalled(Msn),
    /// The reader was so slow that the segment has left the window, or the channel was switched off.
    #[error("segment {0} is no longer kept")]
    Gone(Msn),
}

/// The chunks of a segment, those that are there and those to come, each as it lands.
///
/// All readers share the same bytes. `progress_max` bounds the time between two chunks.
pub fn in_flight(
    edge: Watched<Arc<Snapshot>>,
    house: House,
    msn: Msn,
    progress_max: Ticks,
) -> impl Stream<Item = Result<Bytes, InFlightError>> {
    futures_util::stream::unfold((edge, 0, false), move |(edge, sent, ended)| async move {
        if ended {
            return None;
        }
        let deadline = house.now() + progress_max;
        match wait_for(edge.clone(), house, deadline, |snapshot| next(snapshot, msn, sent)).await {
            Waited::Ready(Next::Chunk(bytes)) => Some((Ok(bytes), (edge, sent + 1, false))),
            Waited::Ready(Next::End) => None,
            Waited::Ready(Next::Gone) | Waited::Gone => {
                Some((Err(InFlightError::Gone(msn)), (edge, sent, true)))
            }
            Waited::TimedOut => Some((Err(InFlightError::Stalled(msn)), (edge, sent, true))),
        }
    })
}

enum Next {
    Chunk(Bytes),
    End,
    Gone,
}

/// The chunk after the first `sent`, if that is known; pure.
fn next(snapshot: &Snapshot, msn: Msn, sent: usize) -> Option<Next> {
    let Some(segment) = snapshot.segment(msn) else {
        let passed = snapshot.segments.first().is_none_or(|first| first.msn > msn);
        return passed.then_some(Next::Gone);
    };
    match segment.chunks().nth(sent) {
        Some(chunk) => Some(Next::Chunk(chunk.bytes.clone())),
        None => segment.complete.then_some(Next::End),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched() -> (watch::Sender<u32>, Watched<u32>) {
        let (sender, value) = watch::channel(0);
        (sender, Watched { value, ended: Arc::default() })
    }

    fn seven(value: &u32) -> Option<&'static str> {
        (*value == 7).then_some("seven")
    }

    #[actix_rt::test]
    async fn a_wait_ends_with_what_it_waits_for() {
        let (sender, watched) = watched();
        let house = House::anchor();
        let waiting = wait_for(watched, house, house.now() + Ticks::from_secs(60), seven);
        let changing = async {
            sender.send_replace(1);
            tokio::task::yield_now().await;
            sender.send_replace(7);
        };
        assert_eq!(tokio::join!(waiting, changing).0, Waited::Ready("seven"));
    }

    #[actix_rt::test]
    async fn a_deadline_is_seen_at_the_next_pulse() {
        let (sender, watched) = watched();
        let house = House::anchor();
        let waiting = wait_for(watched, house, house.now(), seven);
        let pulse = async { sender.send_modify(|_| ()) };
        assert_eq!(tokio::join!(waiting, pulse).0, Waited::TimedOut);
    }

    #[actix_rt::test]
    async fn who_waits_for_a_channel_that_is_switched_off_hears_of_it() {
        let (sender, watched) = watched();
        let (house, ended) = (House::anchor(), watched.ended.clone());
        let waiting = wait_for(watched, house, house.now() + Ticks::from_secs(60), seven);
        let switching_off = async {
            tokio::task::yield_now().await;
            ended.store(true, Ordering::Release);
            sender.send_modify(|_| ());
        };
        assert_eq!(tokio::join!(waiting, switching_off).0, Waited::Gone);
    }
}

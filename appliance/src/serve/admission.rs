//! How many requests a channel and the box may have open, and what is known of each: the bytes it takes, and whether
//! it takes them.
//!
//! A request has a place from its head until the last byte of its answer is handed over, or the viewer goes away.

use super::live::Live;
use crate::clock::monotonic;
use crate::limits;
use crate::metrics::Metrics;
use crate::metrics::channel::Full;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use prometheus_client::metrics::gauge::Gauge;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use wire::Tier;

/// What viewers may have open at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// In the whole box.
    pub appliance: i64,
    /// In one channel.
    pub channel: i64,
}

impl Limits {
    /// So many in the whole box; one channel leaves some room for the others.
    #[must_use]
    pub fn of_box(requests_max: u32) -> Self {
        let appliance = i64::from(requests_max);
        Self { appliance, channel: (appliance * limits::CHANNEL_SHARE_PERCENT / 100).max(1) }
    }
}

/// A request's place; dropping it frees it.
#[derive(Debug)]
pub struct Place {
    live: Arc<Live>,
    metrics: Metrics,
    tier: Tier,
}

impl Place {
    /// A place, or why there is none.
    ///
    /// # Errors
    /// [`Full`].
    pub fn take(metrics: &Metrics, live: Arc<Live>, tier: Tier, limits: Limits) -> Result<Self, Full> {
        let full = |full| {
            metrics.families().refused(full);
            full
        };
        enter(&live.meter.open, limits.channel).map_err(|()| full(Full::Channel))?;
        if enter(metrics.open_requests(), limits.appliance).is_err() {
            live.meter.open.dec();
            return Err(full(Full::Appliance));
        }
        Ok(Self { live, metrics: metrics.clone(), tier })
    }
}

fn enter(count: &Gauge, max: i64) -> Result<(), ()> {
    if count.inc() < max {
        return Ok(());
    }
    count.dec();
    Err(())
}

impl Drop for Place {
    fn drop(&mut self) {
        self.live.meter.open.dec();
        self.metrics.open_requests().dec();
    }
}

/// The body of an answer, and the place that its request has until all of it is handed over.
#[derive(Debug)]
pub struct Counted {
    body: BoxBody,
    place: Option<Place>,
    progress_at: Duration,
}

impl Counted {
    /// A body of a request with or without a place.
    #[must_use]
    pub fn new(body: BoxBody, place: Option<Place>) -> Self {
        Self { body, place, progress_at: monotonic() }
    }

    fn handed_over(&mut self, bytes: usize) {
        if let Some(place) = &self.place {
            place.live.meter.sent(place.tier, bytes);
            self.progress_at = monotonic();
        }
    }
}

impl MessageBody for Counted {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let next = Pin::new(&mut self.body).poll_next(task);
        match &next {
            Poll::Ready(Some(Ok(bytes))) => self.handed_over(bytes.len()),
            Poll::Ready(None | Some(Err(_))) => self.place = None,
            Poll::Pending => (),
        }
        next
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Some(place) = &self.place else { return };
        // What is dropped with a place was not finished. Segments in flight never pause this long: nobody read.
        let unread = !matches!(self.body.size(), BodySize::None | BodySize::Sized(0));
        if unread && monotonic().saturating_sub(self.progress_at) >= limits::READER_STALL_SEEN {
            place.metrics.families().slow_readers.inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_request_is_over() {
        let (metrics, limits) = (Metrics::new(), Limits { appliance: 2, channel: 1 });
        let [hall, yard, roof] = [(); 3].map(|()| Arc::<Live>::default());
        let take = |live: &Arc<Live>| Place::take(&metrics, live.clone(), Tier::LlHls, limits);
        let first = take(&hall).unwrap();
        assert_eq!(take(&hall).unwrap_err(), Full::Channel);
        let second = take(&yard).unwrap();
        assert_eq!(take(&roof).unwrap_err(), Full::Appliance);
        assert_eq!((roof.meter.open.get(), metrics.open_requests().get()), (0, 2));
        drop((first, second));
        assert_eq!((hall.meter.open.get(), metrics.open_requests().get()), (0, 0));
        assert!(take(&roof).is_ok());
        assert!(metrics.text().contains(r#"forebay_refused_requests_total{reason="box-full"} 1"#));
    }
}

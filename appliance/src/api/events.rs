//! The feed of changes: Server-Sent Events, as the HTML standard (9.2) has them.
//!
//! Each feed sends the whole list of channels, at once and then on every change, at most four times a second; a
//! comment when nothing has changed for a while. No state is kept for those who are not connected.

use super::ApiState;
use super::address::Base;
use super::channels::snapshot;
use super::guard::{Asked, Caller};
use super::problem::{self, ApiError, Kind};
use crate::limits::{EVENT_FEED_MAX, EVENT_FEEDS_MAX, EVENT_GAP_MIN, EVENT_PING_INTERVAL, EVENT_RETRY_AFTER};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/events").route(web::get().to(follow)).default_service(problem::only("GET")));
}

async fn follow(request: HttpRequest, state: Data<ApiState>, asked: Asked) -> Result<HttpResponse, ApiError> {
    let place = Arc::clone(&state.feeds).try_acquire_owned().map_err(|_| {
        ApiError::new(
            Kind::Busy,
            format!("{EVENT_FEEDS_MAX} clients follow already; ask for /api/v1/channels instead"),
        )
    })?;
    let feed = Feed::new(state.as_ref().clone(), asked.caller, Base::of(&request, &state), place);
    let events = stream::unfold(feed, async |mut feed| {
        let event = feed.next().await?;
        Some((Ok::<_, Infallible>(event), feed))
    });
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/event-stream")).streaming(Box::pin(events)))
}

/// One client's feed.
struct Feed {
    state: ApiState,
    caller: Caller,
    /// The version of the settings at which that was asked here.
    known_at: Option<u64>,
    base: Base,
    board: watch::Receiver<u64>,
    store: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    /// When the next event may be sent.
    not_before: Instant,
    /// When the client has to ask again, so that a session which is over is noticed.
    ends: Instant,
    /// One of [`EVENT_FEEDS_MAX`].
    _place: OwnedSemaphorePermit,
}

impl Feed {
    fn new(state: ApiState, caller: Caller, base: Base, place: OwnedSemaphorePermit) -> Self {
        let (mut board, mut store) = (state.board.version(), state.changed.subscribe());
        // What is there now is news to a new client.
        board.mark_changed();
        store.mark_changed();
        let closing = state.closing.subscribe();
        let now = Instant::now();
        Self {
            state,
            caller,
            known_at: None,
            base,
            board,
            store,
            closing,
            not_before: now,
            ends: now + EVENT_FEED_MAX,
            _place: place,
        }
    }

    /// The next event or comment; nothing once the daemon is closing, or the client has to ask again.
    async fn next(&mut self) -> Option<Bytes> {
        let mut closing = self.closing.clone();
        tokio::select! {
            biased;
            _ = closing.wait_for(|closing| *closing) => None,
            () = sleep_until(self.ends) => None,
            event = self.event() => event,
        }
    }

    async fn event(&mut self) -> Option<Bytes> {
        if timeout(EVENT_PING_INTERVAL, self.change()).await.is_err() {
            return Some(Bytes::from_static(b": still here\n\n"));
        }
        sleep_until(self.not_before).await;
        self.not_before = Instant::now() + EVENT_GAP_MIN;
        self.channels().await
    }

    async fn change(&mut self) {
        // Neither sender can be gone, since the state holds both; if it were, the feed would only fall silent.
        tokio::select! {
            Ok(()) = self.board.changed() => (),
            Ok(()) = self.store.changed() => (),
            else => std::future::pending().await,
        }
    }

    /// Nothing once the client may see no more.
    async fn channels(&mut self) -> Option<Bytes> {
        loop {
            // Whatever changes from here on is another event; what has changed until now is in this one.
            self.board.mark_unchanged();
            let version = *self.store.borrow_and_update();
            match self.snapshot(version).await {
                Ok(list) => return list.as_ref().map(event),
                Err(error) => tracing::debug!("feed waits for the store: {error}"),
            }
            sleep(EVENT_RETRY_AFTER).await;
        }
    }
}

impl Feed {
    /// Who calls is asked again when settings have changed: users and what exists for them are among those.
    async fn snapshot(&mut self, version: u64) -> Result<Option<wire::ChannelList>, ApiError> {
        if self.known_at != Some(version) {
            match self.caller.again(&self.state).await? {
                Some(caller) => (self.caller, self.known_at) = (caller, Some(version)),
                None => return Ok(None),
            }
        }
        snapshot(&self.state, &self.base, self.caller.sight()).await.map(Some)
    }
}

/// JSON has no line breaks outside of strings, and escapes them within, so one `data` line holds it.
fn event(list: &wire::ChannelList) -> Bytes {
    let json = serde_json::to_string(list).expect("plain structs always serialise");
    format!("event: channels\ndata: {json}\n\n").into()
}

//! The feed of changes: Server-Sent Events, as the HTML standard (9.2) has them.
//!
//! Each event is the whole list of channels: one at once, then one for each change, at most four a second; a comment when
//! nothing has changed for a while. Events have ids: a client that comes back with `Last-Event-ID` is told every event that
//! it has missed, from the [`hub`]; one that was away for too long, how things are now.
//!
//! Where updates come by the browser, an event `update` tells how one stands: at once, and when that changes. It has no id, since
//! only the newest one counts, so that a client which comes back still says which list of channels it has.

mod hub;
mod update;

pub(super) use hub::Hub;
pub(super) use update::Updates;

use super::ApiState;
use super::address::Base;
use super::channels::gather;
use super::guard::{Asked, Caller};
use super::problem::{self, ApiError, Kind};
use crate::accounts::sight::Sight;
use crate::limits::{EVENT_FEED_MAX, EVENT_FEEDS_MAX, EVENT_PING_INTERVAL, EVENT_RETRY_AFTER};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;
use hub::{After, Entry};
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
    state.hub.wake(&state);
    let last = request.headers().get("last-event-id").and_then(|id| id.to_str().ok());
    let last = last.and_then(|id| state.hub.number(id.trim()));
    let feed = Feed::new(state.as_ref().clone(), asked.caller, Base::of(&request, &state), last, place);
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
    newest: watch::Receiver<u64>,
    update: watch::Receiver<Option<wire::UpdateStatus>>,
    closing: watch::Receiver<bool>,
    /// The event that the client has; none while it is to be told all.
    last: Option<u64>,
    /// When the client has to ask again, so that a session which is over is noticed.
    ends: Instant,
    /// One of [`EVENT_FEEDS_MAX`].
    _place: OwnedSemaphorePermit,
}

impl Feed {
    fn new(
        state: ApiState,
        caller: Caller,
        base: Base,
        last: Option<u64>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let (newest, closing) = (state.hub.newest(), state.closing.subscribe());
        let ends = Instant::now() + EVENT_FEED_MAX;
        let update = state.updates.follow(&state.update);
        Self { state, caller, known_at: None, base, newest, update, closing, last, ends, _place: place }
    }

    /// The next event or comment; nothing once the daemon is closing, the client may see no more, or has to ask again.
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
        loop {
            // Before it is looked at, so that what comes then is not missed.
            self.newest.mark_unchanged();
            match self.last.map(|last| self.state.hub.after(last)) {
                None | Some(After::TooMuch) => return self.all().await,
                Some(After::Next(entry)) => return self.entry(&entry).await,
                Some(After::Nothing) => match timeout(EVENT_PING_INTERVAL, self.news()).await {
                    Ok(None) => (),
                    Ok(Some(update)) if self.may_see().await => return Some(update_event(&update)),
                    Ok(Some(_)) => return None,
                    Err(_) => return Some(Bytes::from_static(b": still here\n\n")),
                },
            }
        }
    }

    /// Something is new: how an update stands, or else the channels.
    async fn news(&mut self) -> Option<wire::UpdateStatus> {
        tokio::select! {
            _ = self.newest.changed() => None,
            _ = self.update.changed() => self.update.borrow_and_update().clone(),
        }
    }

    /// How things are now: whatever is newer than the newest event may be told again with the next one.
    async fn all(&mut self) -> Option<Bytes> {
        let number = *self.newest.borrow_and_update();
        loop {
            match gather(&self.state).await {
                Ok(gathered) => {
                    if !self.may_see().await {
                        return None;
                    }
                    self.last = Some(number);
                    return Some(event(
                        &self.state.hub.id(number),
                        &gathered.told(&self.base, self.caller.sight()),
                    ));
                }
                Err(error) => tracing::debug!("feed waits for the store: {error}"),
            }
            sleep(EVENT_RETRY_AFTER).await;
        }
    }

    async fn entry(&mut self, Entry { number, gathered }: &Entry) -> Option<Bytes> {
        if !self.may_see().await {
            return None;
        }
        self.last = Some(*number);
        let render = || event(&self.state.hub.id(*number), &gathered.told(&self.base, self.caller.sight()));
        Some(match self.caller.sight() {
            Sight::All => self.state.hub.rendered(*number, &self.base, render),
            Sight::Only(_) => render(),
        })
    }

    /// Who calls is asked again when settings have changed: users and what exists for them are among those.
    async fn may_see(&mut self) -> bool {
        let version = *self.state.changed.borrow();
        while self.known_at != Some(version) {
            match self.caller.again(&self.state).await {
                Ok(Some(caller)) => (self.caller, self.known_at) = (caller, Some(version)),
                Ok(None) => return false,
                Err(error) => {
                    tracing::debug!("feed waits for the store: {error}");
                    sleep(EVENT_RETRY_AFTER).await;
                }
            }
        }
        true
    }
}

/// JSON has no line breaks outside of strings, and escapes them within, so one `data` line holds it.
fn event(id: &str, list: &wire::ChannelList) -> Bytes {
    let json = serde_json::to_string(list).expect("plain structs always serialise");
    format!("event: channels\nid: {id}\ndata: {json}\n\n").into()
}

fn update_event(status: &wire::UpdateStatus) -> Bytes {
    let json = serde_json::to_string(status).expect("plain structs always serialise");
    format!("event: update\ndata: {json}\n\n").into()
}

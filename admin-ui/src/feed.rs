//! Keeps the board true: listens to the box's events, notices when they stop, and asks until they come again.
//!
//! The browser's `EventSource` re-connects by itself, but does not say so, and never notices a connection that is only
//! silent. So one broken stream is closed at once, the board says that the connection is lost, and the box is asked at
//! growing intervals; with its first answer the board is true again and a new stream is opened.

use crate::board::{Board, Link};
use crate::page::gate::Access;
use crate::{api, dom};
use futures_channel::mpsc;
use futures_util::future::{Either, select};
use futures_util::{StreamExt, pin_mut};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::{GetUntracked, Set};
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{EventSource, MessageEvent};
use wire::{ChannelList, UpdateStatus};

/// The event that carries all channels.
const CHANNELS_EVENT: &str = "channels";

/// The event that carries how an update stands.
const UPDATE_EVENT: &str = "update";

/// How often the box is asked how it is: its clock and version are shown, and a silent connection is found out.
const CHECK_MS: u32 = 10_000;

/// First wait before a lost box is asked again: a daemon that was restarted is back within 3 s.
const RETRY_MS_FIRST: u32 = 1_000;

/// Before a stream that has served is opened again.
const REOPEN_MS: u32 = 250;

/// Longest wait: an operator who has mended the network looks at the page for this long at most.
const RETRY_MS_MAX: u32 = 8_000;

/// The wait before the attempt of that number, from 0: 1, 2, 4, then 8 seconds.
fn retry_ms(attempt: u32) -> u32 {
    RETRY_MS_FIRST.saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX)).min(RETRY_MS_MAX)
}

/// How often the box is asked who watches: numbers that change all the time are no events.
const AUDIENCE_MS: u32 = 3_000;

/// Asks who watches, while the page is in sight; runs as long as the page.
fn follow_audience(board: Board) {
    spawn_local(async move {
        loop {
            if dom::is_in_sight()
                && board.link.get_untracked() == Link::Live
                && let Ok(told) = api::audience().await
            {
                board.audience.set(told);
            }
            TimeoutFuture::new(AUDIENCE_MS).await;
        }
    });
}

/// Starts listening; runs as long as the page.
pub(crate) fn run(board: Board) {
    follow_audience(board);
    spawn_local(async move {
        let mut attempt = 0;
        loop {
            // Opened before the question, so that no change falls between the answer and the stream.
            let stream = Stream::open();
            if ask(board).await && listen(board, stream).await == Ended::AfterService {
                // The box ends each stream after a while; it is lost only if it does not answer now.
                attempt = 0;
                TimeoutFuture::new(REOPEN_MS).await;
                continue;
            }
            board.link.set(Link::Lost);
            leave_if_signed_out().await;
            TimeoutFuture::new(retry_ms(attempt)).await;
            attempt = attempt.saturating_add(1);
        }
    });
}

/// A session that is over: the page begins anew, and asks to sign in.
async fn leave_if_signed_out() {
    if let Ok(state) = api::session().await
        && !matches!(Access::of(&state), Access::Open(_))
    {
        dom::reload();
    }
}

/// Asks for all there is. False when the box does not tell.
async fn ask(board: Board) -> bool {
    match (api::channels().await, api::box_status().await) {
        (Ok(list), Ok(status)) => {
            board.hear_channels(list);
            board.hear_box(status);
            true
        }
        _ => false,
    }
}

/// How a stream came to its end.
#[derive(PartialEq, Eq)]
enum Ended {
    /// It had opened.
    AfterService,
    /// It never did: asking again at once would be in vain.
    AtOnce,
}

/// Hears events until the stream breaks, or the box no longer answers.
async fn listen(board: Board, stream: Option<Stream>) -> Ended {
    let Some(mut stream) = stream else { return Ended::AtOnce };
    let mut ended = Ended::AtOnce;
    loop {
        match stream.next_or_silence().await {
            Event::Opened => {
                board.link.set(Link::Live);
                ended = Ended::AfterService;
            }
            Event::Channels(list) => board.hear_channels(list),
            Event::Update(status) => board.update.set(Some(*status)),
            Event::Silence if ended == Ended::AfterService => match api::box_status().await {
                Ok(status) => board.hear_box(status),
                Err(_) => return ended,
            },
            Event::Silence | Event::Broken => return ended,
        }
    }
}

enum Event {
    Opened,
    Channels(ChannelList),
    Update(Box<UpdateStatus>),
    Silence,
    Broken,
}

/// An open stream of events. Dropping it closes it.
struct Stream {
    source: EventSource,
    events: mpsc::UnboundedReceiver<Event>,
    next_check: TimeoutFuture,
    _on_open: Closure<dyn FnMut(JsValue)>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_update: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(JsValue)>,
}

impl Stream {
    /// `None` where the browser has no event streams.
    fn open() -> Option<Self> {
        let source = EventSource::new(&api::events_url()).ok()?;
        // Unbounded, yet never long: it is emptied whenever the page is idle, and the box sends one event per change.
        let (tell, events) = mpsc::unbounded();
        let on_open = Closure::new({
            let tell = tell.clone();
            move |_| drop(tell.unbounded_send(Event::Opened))
        });
        let on_message = Closure::new({
            let tell = tell.clone();
            move |message: MessageEvent| drop(tell.unbounded_send(parse(&message, Event::Channels)))
        });
        let on_update = Closure::new({
            let tell = tell.clone();
            move |message: MessageEvent| {
                drop(tell.unbounded_send(parse(&message, |status| Event::Update(Box::new(status)))));
            }
        });
        let on_error = Closure::new(move |_| drop(tell.unbounded_send(Event::Broken)));
        source.add_event_listener_with_callback(CHANNELS_EVENT, on_message.as_ref().unchecked_ref()).ok()?;
        source.add_event_listener_with_callback(UPDATE_EVENT, on_update.as_ref().unchecked_ref()).ok()?;
        source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let next_check = TimeoutFuture::new(CHECK_MS);
        Some(Self {
            source,
            events,
            next_check,
            _on_open: on_open,
            _on_message: on_message,
            _on_update: on_update,
            _on_error: on_error,
        })
    }

    /// The next event, or [`Event::Silence`] when it is time to ask the box.
    async fn next_or_silence(&mut self) -> Event {
        let event = self.events.next();
        pin_mut!(event);
        match select(event, &mut self.next_check).await {
            Either::Left((event, _)) => event.unwrap_or(Event::Broken),
            Either::Right(_) => {
                self.next_check = TimeoutFuture::new(CHECK_MS);
                Event::Silence
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}

/// An event that cannot be read counts as a broken stream: the list is then fetched, and the fault shows if it lasts.
fn parse<T: DeserializeOwned>(message: &MessageEvent, event: fn(T) -> Event) -> Event {
    let text = message.data().as_string().unwrap_or_default();
    serde_json::from_str(&text).map_or(Event::Broken, event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_slow_down_and_never_stop() {
        let waits: Vec<_> = (0..6).map(retry_ms).collect();
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
        assert_eq!(retry_ms(u32::MAX), RETRY_MS_MAX);
    }
}

//! The frame around the page: what box this is, whether it answers, and the page itself.

use crate::board::{Board, Link};
use crate::page::channels::ChannelsPage;
use crate::page::gate::{Access, gate};
use crate::parts::audit::Audit;
use crate::parts::tokens::Tokens;
use crate::parts::users::Users;
use crate::{api, dom, feed, format, text};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{Role, SessionState, User};

/// A box that does not answer is asked again after this.
const ASK_AGAIN_MS: u32 = 2_000;

/// The whole admin UI.
#[component]
pub(crate) fn App() -> impl IntoView {
    let (access, board) = (RwSignal::new(Access::Asking), Board::new());
    provide_context(board);
    spawn_local(async move {
        // As the feed does for those who are let in.
        loop {
            if let Ok(state) = api::session().await {
                let found = Access::of(&state);
                if matches!(found, Access::Open(_)) {
                    // It goes on as long as the page, whatever is shown.
                    feed::run(board);
                }
                return access.set(found);
            }
            TimeoutFuture::new(ASK_AGAIN_MS).await;
        }
    });
    move || match access.get() {
        Access::Open(state) => view! { <Inside state access/> }.into_any(),
        other => gate(&other).into_any(),
    }
}

/// What those see who are let in.
#[component]
fn Inside(state: SessionState, access: RwSignal<Access>) -> impl IntoView {
    let (board, me) = (Board::here(), state.user.clone());
    let states = board.states();
    Effect::new(move |_| document().set_title(&states.with(|states| text::title(states))));
    let stale = move || board.link.get() == Link::Lost;
    view! {
        <a class="skip" href="#channels">{text::SKIP_TO_CHANNELS}</a>
        <header class="top" class:stale=stale>
            <p class="brand"><span class="mark" aria-hidden="true"></span>{text::PRODUCT}</p>
            <BoxFacts/>
            <Who state access/>
            <LinkLight/>
        </header>
        <LinkLine/>
        <main class:stale=stale>
            <ChannelsPage/>
            {me.map(|User { name, role }| {
                let audit = (role == Role::Administrator).then(|| view! { <Audit/> });
                view! { <Users name role/><Tokens role/>{audit} }
            })}
        </main>
    }
}

/// Who has signed in, and the way out; or that nobody has to, and the way to change that.
#[component]
fn Who(state: SessionState, access: RwSignal<Access>) -> impl IntoView {
    let sign_out = move |_| {
        spawn_local(async {
            // Whatever came of it: the page that comes says how things are.
            let _told = api::sign_out().await;
            dom::reload();
        });
    };
    match state.user {
        Some(user) => view! {
            <p class="who"><span>{user.name}" "<small>{text::role(user.role)}</small></span>
                <button type="button" class="small" on:click=sign_out>{text::SIGN_OUT}</button></p>
        }
        .into_any(),
        None if !state.claimed => view! {
            <p class="who"><button type="button" class="small" title=text::CLAIM_HINT on:click=move |_| access.set(Access::Claim)>{text::CLAIM}</button></p>
        }
        .into_any(),
        None => ().into_any(),
    }
}

/// Version, uptime and house time, counted on from the last answer.
#[component]
fn BoxFacts() -> impl IntoView {
    let board = Board::here();
    let heard = move || board.box_status.get();
    let version = move || heard().map(|heard| heard.said.version);
    let up = move || {
        heard().map(|heard| format::duration(heard.said.uptime_secs + heard.age_secs(board.now_ms.get())))
    };
    let time = move || {
        heard().map(|heard| format::time_of_day(heard.said.house_time_ms + heard.age_ms(board.now_ms.get())))
    };
    view! {
        <dl class="facts" aria-label=text::BOX_LABEL>
            <div class="fact time"><dt>{text::HOUSE_TIME}</dt><dd>{time}" "<small>{text::UTC}</small></dd></div>
            <div class="fact"><dt>{text::UP}</dt><dd>{up}</dd></div>
            <div class="fact"><dt>{text::VERSION}</dt><dd>{version}</dd></div>
        </dl>
    }
}

/// The small light in the header.
#[component]
fn LinkLight() -> impl IntoView {
    let board = Board::here();
    let word = move || match board.link.get() {
        Link::Live => text::LINK_LIVE,
        Link::Connecting | Link::Lost => text::LINK_CONNECTING,
    };
    let light = move || match board.link.get() {
        Link::Live => "good",
        Link::Connecting => "off",
        Link::Lost => "bad",
    };
    view! { <p class="link"><span class="light" data-light=light aria-hidden="true"></span>{word}</p> }
}

/// The line that says, in the way of nothing but not to be missed, that what is shown is old.
#[component]
fn LinkLine() -> impl IntoView {
    let board = Board::here();
    let lost = move || board.link.get() == Link::Lost;
    let age = move || {
        board.channels.with(|heard| match heard {
            Some(heard) => {
                text::as_of(&format::duration(heard_secs(board, heard.age_secs(board.now_ms.get()))))
            }
            None => text::NOT_HEARD_YET.to_owned(),
        })
    };
    view! {
        <div class="link-line" role="status">
            {move || lost().then(|| view! { <p><strong>{text::LINK_LOST}</strong>" "<span aria-live="off">{age}</span></p> })}
        </div>
    }
}

/// The channels are told only when they change: the box's last answer, if later, says that they were still true.
fn heard_secs(board: Board, channels_secs: u64) -> u64 {
    board.box_status.with(|heard| {
        let box_secs = heard.as_ref().map_or(u64::MAX, |heard| heard.age_secs(board.now_ms.get()));
        box_secs.min(channels_secs)
    })
}

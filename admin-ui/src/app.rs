//! The frame around the pages: what box this is, whether it answers, the way from page to page.

use crate::board::{Board, Link};
use crate::me::Me;
use crate::page::Unknown;
use crate::page::alarms::AlarmsPage;
use crate::page::audit::AuditPage;
use crate::page::channel::ChannelPage;
use crate::page::devices::DevicesPage;
use crate::page::gate::{Access, gate};
use crate::page::help::HelpPage;
use crate::page::overview::OverviewPage;
use crate::page::players::PlayersPage;
use crate::page::settings::SettingsPage;
use crate::parts::navigation::Navigation;
use crate::parts::undo::{Undo, UndoLine};
use crate::route::{Route, Router};
use crate::{api, dom, feed, format, text};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::SessionState;

/// A box that does not answer is asked again after this.
const ASK_AGAIN_MS: u32 = 2_000;

/// The whole admin UI.
#[component]
pub(crate) fn App() -> impl IntoView {
    let (access, board) = (RwSignal::new(Access::Asking), Board::new());
    provide_context(board);
    provide_context(Router::new());
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
    let (board, router) = (Board::here(), Router::here());
    provide_context(Me::of(&state));
    provide_context(Undo::new());
    let states = board.states();
    Effect::new(move |_| {
        let page = router.at.with(|at| match at {
            Route::Channel(slug) => board.name_of(slug),
            other => text::page(other).to_owned(),
        });
        document().set_title(&states.with(|states| text::title(&page, states)));
    });
    let stale = move || board.link.get() == Link::Lost;
    view! {
        <a class="skip" href="#page-title">{text::SKIP_TO_PAGE}</a>
        <header class="top" class:stale=stale>
            <p class="brand"><span class="mark" aria-hidden="true"></span>{text::PRODUCT}</p>
            <BoxFacts/>
            <Who state access/>
            <LinkLight/>
        </header>
        <Navigation/>
        <div class="body">
            <LinkLine/>
            <main class:stale=stale>{move || page(router.at.get())}</main>
            <UndoLine/>
        </div>
    }
}

fn page(route: Route) -> AnyView {
    match route {
        Route::Overview => view! { <OverviewPage/> }.into_any(),
        Route::Channel(slug) => view! { <ChannelPage slug/> }.into_any(),
        Route::Players => view! { <PlayersPage/> }.into_any(),
        Route::Devices => view! { <DevicesPage/> }.into_any(),
        Route::Alarms => view! { <AlarmsPage/> }.into_any(),
        Route::Audit => view! { <AuditPage/> }.into_any(),
        Route::Settings => view! { <SettingsPage/> }.into_any(),
        Route::Help(chapter) => view! { <HelpPage chapter/> }.into_any(),
        Route::Unknown => view! { <Unknown/> }.into_any(),
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

//! The way from page to page: beside the page where there is room, behind a button on a phone.

use crate::board::Board;
use crate::me::Me;
use crate::route::{Go, Route, Router};
use crate::text;
use leptos::prelude::*;

/// Each page with the strokes of its picture, on a ground of 16 by 16.
const ENTRIES: [(Route, &str); 7] = [
    (Route::Overview, "M2 2.5h5v5H2zM9 2.5h5v5H9zM2 9.5h5v4H2zM9 9.5h5v4H9z"),
    (Route::Players, "M2 3h12v8H2zM5 14h6M6.7 5v4L10 7z"),
    (
        Route::Devices,
        "M4.5 4.5h7v7h-7zM6.5 2v2.5M9.5 2v2.5M6.5 11.5V14M9.5 11.5V14M2 6.5h2.5M2 9.5h2.5M11.5 6.5H14M11.5 9.5H14",
    ),
    (Route::Alarms, "M8 2a4 4 0 0 1 4 4v3l1.5 2.5h-11L4 9V6a4 4 0 0 1 4-4zM6.5 13.5h3"),
    (Route::Audit, "M3.5 2h9v12h-9zM6 5h4M6 8h4M6 11h2.5"),
    (Route::Settings, "M2 4.5h7M12 4.5h2M2 11.5h2M7 11.5h7M10.5 3v3M5.5 10v3"),
    (
        Route::Help(None),
        "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.3 6.3a1.8 1.8 0 1 1 2.4 1.9c-.5.2-.7.5-.7 1.1M8 11.3v.2",
    ),
];

/// All pages that this user may see.
#[component]
pub(crate) fn Navigation() -> impl IntoView {
    let (board, router, me) = (Board::here(), Router::here(), Me::here());
    let open = RwSignal::new(false);
    // A page that was chosen is what is wanted now.
    Effect::new(move |_| {
        router.at.track();
        open.set(false);
    });
    let alarms = Memo::new(move |_| board.alarms.with(Vec::len));
    let shown = ENTRIES.into_iter().filter(move |(route, _)| *route != Route::Audit || me.may_manage());
    let entry = move |(route, strokes): (Route, &'static str)| {
        let (of, is_alarms) = (route.clone(), route == Route::Alarms);
        let current = move || router.at.with(|at| at.is_below(&of)).then_some("page");
        let badge = move || {
            (is_alarms && alarms.get() > 0).then(|| view! { <span class="badge">{alarms.get()}<span class="off-screen">" "{text::ACTIVE}</span></span> })
        };
        view! {
            <li aria-current=current>
                <Go to=route.clone()>
                    <svg viewBox="0 0 16 16" aria-hidden="true"><path d=strokes/></svg>
                    {text::page(&route)}{badge}
                </Go>
            </li>
        }
    };
    view! {
        <nav class="side" class:open=open aria-label=text::NAVIGATION>
            <button type="button" class="menu" aria-expanded=move || open.get().to_string() aria-controls="pages" on:click=move |_| open.update(|open| *open = !*open)>
                <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M2 4h12M2 8h12M2 12h12"/></svg>
                {text::MENU}
                {move || router.at.with(|at| view! { <span class="where">{text::page(at)}</span> })}
            </button>
            <ul id="pages">{shown.map(entry).collect_view()}</ul>
        </nav>
    }
}

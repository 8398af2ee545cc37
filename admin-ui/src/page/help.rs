//! The operator's manual, as it is on the box.

use crate::api::{self, Fault};
use crate::page::PageHead;
use crate::parts::fault_line::FaultLine;
use crate::route::{Go, Route, Router};
use crate::{dom, text};
use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Chapter;

/// The chapter that is open unless another is asked for.
const FIRST: &str = "first-channel";

/// The page.
#[component]
pub(crate) fn HelpPage(chapter: Option<String>) -> impl IntoView {
    let wanted = chapter.unwrap_or_else(|| FIRST.to_owned());
    let (chapters, html) = (RwSignal::new(Vec::<Chapter>::new()), RwSignal::new(None::<String>));
    let fault: RwSignal<Option<Fault>> = RwSignal::new(None);
    let open = wanted.clone();
    spawn_local(async move {
        match api::manual().await {
            Ok(told) => drop(chapters.try_set(told)),
            Err(told) => drop(fault.try_set(Some(told))),
        }
        match api::chapter(&open).await {
            Ok(told) => drop(html.try_set(Some(told))),
            Err(told) => drop(fault.try_set(Some(told))),
        }
    });
    let wanted = StoredValue::new(wanted);
    let router = Router::here();
    let follow = move |event: MouseEvent| follow(router, &event);
    let entry = move |chapter: Chapter| {
        let current = wanted.with_value(|wanted| *wanted == chapter.name).then_some("true");
        view! { <li aria-current=current><Go to=Route::Help(Some(chapter.name))>{chapter.title}</Go></li> }
    };
    view! {
        <PageHead title=text::HELP hint=text::HELP_HINT/>
        <FaultLine fault/>
        <div class="manual">
            <nav aria-label=text::CHAPTERS><ul>{move || chapters.get().into_iter().map(entry).collect_view()}</ul></nav>
            {move || match html.get() {
                Some(html) => view! { <article class="prose panel" inner_html=html on:click=follow></article> }.into_any(),
                None => view! { <p class="quiet">{text::LOADING_MANUAL}</p> }.into_any(),
            }}
        </div>
    }
}

/// Links from one chapter to another stay in the page.
fn follow(router: Router, event: &MouseEvent) {
    let Some(path) = dom::link_followed(event) else { return };
    let route = Route::of_path(&path);
    if matches!(route, Route::Help(_)) {
        event.prevent_default();
        router.go(route);
    }
}

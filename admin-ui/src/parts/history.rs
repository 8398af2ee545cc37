//! What happened to the channel, the newest first.

use crate::api::{self, Fault};
use crate::board::Heard;
use crate::parts::fault_line::FaultLine;
use crate::route::{Go, Route};
use crate::{format, text};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{Channel, Event};

/// The section; it asks the box again when the channel has changed.
#[component]
pub(crate) fn History(slug: String, channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let events = RwSignal::new(Vec::<Event>::new());
    let fault: RwSignal<Option<Fault>> = RwSignal::new(None);
    let slug = StoredValue::new(slug);
    // What comes with an event; not each change of a stage's words.
    let turn = Memo::new(move |_| {
        channel.with(|heard| {
            let said = heard.as_ref().map(|heard| &heard.said);
            said.map(|said| {
                let on_air = said.sources.iter().position(|source| source.on_air);
                let there: Vec<_> = said.sources.iter().map(|source| source.light).collect();
                (said.state, said.restarts, on_air, there)
            })
        })
    });
    Effect::new(move || {
        turn.track();
        spawn_local(async move {
            let Some(slug) = slug.try_get_value() else { return };
            match api::history(&slug).await {
                Ok(told) => {
                    fault.try_set(None);
                    events.try_set(told);
                }
                Err(told) => drop(fault.try_set(Some(told))),
            }
        });
    });
    view! {
        <section class="panel history" aria-labelledby="history">
            <h2 id="history">{text::HISTORY}</h2>
            <FaultLine fault/>
            <ol class="events" tabindex="0" aria-labelledby="history">
                <For each=move || events.get() key=Event::clone let:event><OneEvent event/></For>
            </ol>
        </section>
    }
}

/// One line; with its channel where those of several are listed.
#[component]
pub(crate) fn OneEvent(event: Event, #[prop(optional)] named: bool) -> impl IntoView {
    let what = text::event(&event);
    let Event { at_ms, channel, kind, .. } = event;
    let channel = channel.filter(|_| named);
    view! {
        <li data-kind=kind>
            <time>{format::date_and_time(at_ms)}</time>
            <span>{channel.map(|slug| view! { <Go to=Route::Channel(slug.clone())>{slug}</Go>" " })}{what}</span>
        </li>
    }
}

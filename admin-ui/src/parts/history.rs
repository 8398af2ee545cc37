//! What happened to the channel, the newest first.

use crate::api::{self, Fault};
use crate::board::Heard;
use crate::parts::fault_line::FaultLine;
use crate::{dom, format, text};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{Channel, Event};

/// The section; it asks the box while it is open, and again when the channel has changed.
#[component]
pub(crate) fn History(slug: String, channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let (open, events) = (RwSignal::new(false), RwSignal::new(Vec::<Event>::new()));
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
        if !open.get() {
            return;
        }
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
        <details class="publish history" on:toggle=move |event| open.set(dom::is_open(&event))>
            <summary>{text::HISTORY}</summary>
            <FaultLine fault/>
            <ol class="events">
                <For each=move || events.get() key=Event::clone let:event><OneEvent event/></For>
            </ol>
        </details>
    }
}

#[component]
fn OneEvent(event: Event) -> impl IntoView {
    view! {
        <li data-kind=event.kind.clone()>
            <time>{format::date_and_time(event.at_ms)}</time>
            <span>{text::event(&event)}</span>
        </li>
    }
}

//! What needs the operator, above all else.

use crate::api::{self, Fault};
use crate::board::Board;
use crate::parts::fault_line::FaultLine;
use crate::route::{Go, Route};
use crate::{format, text};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Alarm;

/// All active alarms; nothing while there are none.
#[component]
pub(crate) fn Alarms() -> impl IntoView {
    let board = Board::here();
    let fault = RwSignal::new(None);
    let some = move || board.alarms.with(|alarms| !alarms.is_empty());
    view! {
        <section class="alarms" role="status" aria-label=text::ALARMS>
            <Show when=some>
                <ul>
                    <For each=move || board.alarms.get() key=Alarm::clone let:alarm>
                        <li><OneAlarm alarm fault/></li>
                    </For>
                </ul>
            </Show>
        </section>
        <FaultLine fault/>
    }
}

#[component]
fn OneAlarm(alarm: Alarm, fault: RwSignal<Option<Fault>>) -> impl IntoView {
    let board = Board::here();
    let Alarm { id, channel, since_ms, cause, remedy, dismissible, acknowledged, link, .. } = alarm;
    let place = Some(Route::of_path(&link)).filter(|place| *place != Route::Unknown);
    let place = place.map(|place| {
        let word = match &place {
            Route::Channel(slug) => board.name_of(slug),
            other => text::page(other).to_owned(),
        };
        view! { <Go to=place>{text::go_to(&word)}</Go>" " }
    });
    let of = channel.clone();
    let name = channel.map(|slug| board.name_of(&slug));
    let since = text::since(&format::time_of_day(since_ms));
    let (name_of_it, seen) = (id.clone(), acknowledged.as_ref().map(|seen| text::seen_by(&seen.by)));
    let acknowledge = move |_| {
        let (id, of) = (name_of_it.clone(), of.clone());
        fault.set(None);
        spawn_local(async move {
            if let Err(told) = api::acknowledge(&id, of).await {
                fault.try_set(Some(told));
            }
        });
    };
    let button = (acknowledged.is_none() && !dismissible).then(
        || view! { <button type="button" class="small" on:click=acknowledge>{text::ACKNOWLEDGE}</button> },
    );
    let dismiss = move |_| {
        let id = id.clone();
        fault.set(None);
        spawn_local(async move {
            if let Err(told) = api::dismiss(&id).await {
                fault.try_set(Some(told));
            }
        });
    };
    view! {
        <article class="alarm">
            <span class="light" data-light="bad" aria-hidden="true"></span>
            <p>
                {name.map(|name| view! { <span class="alarm-channel">{name}</span>" " })}
                <strong>{cause}</strong>" "{remedy}" "{place}<small>{since}" "{seen}</small>
            </p>
            {button}
            {dismissible.then(|| view! { <button type="button" class="small" on:click=dismiss>{text::DISMISS}</button> })}
        </article>
    }
}

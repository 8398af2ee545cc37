//! What needs the operator now, and what has come and gone.

use crate::api::{self, Fault};
use crate::board::Board;
use crate::page::PageHead;
use crate::parts::alarms::Alarms;
use crate::parts::fault_line::FaultLine;
use crate::parts::history::OneEvent;
use crate::text;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Event;

/// The page.
#[component]
pub(crate) fn AlarmsPage() -> impl IntoView {
    let board = Board::here();
    let none = move || board.alarms.with(Vec::is_empty);
    view! {
        <PageHead title=text::ALARMS hint=text::ALARMS_HINT/>
        <Alarms/>
        <Show when=none><p class="all-well"><span class="light" data-light="good" aria-hidden="true"></span>{text::NO_ALARMS}</p></Show>
        <EverythingThatHappened/>
    }
}

#[component]
fn EverythingThatHappened() -> impl IntoView {
    let board = Board::here();
    let events = RwSignal::new(Vec::<Event>::new());
    let (fault, alarms_only) = (RwSignal::new(None::<Fault>), RwSignal::new(false));
    Effect::new(move |_| {
        // Asked again when an alarm comes or goes.
        board.alarms.track();
        spawn_local(async move {
            match api::whole_history().await {
                Ok(told) => drop(events.try_set(told)),
                Err(told) => drop(fault.try_set(Some(told))),
            }
        });
    });
    let shown = move || {
        let only = alarms_only.get();
        let wanted = |event: &Event| !only || event.kind.starts_with("alarm-");
        events.with(|events| events.iter().filter(|event| wanted(event)).cloned().collect::<Vec<_>>())
    };
    view! {
        <section class="panel" aria-labelledby="happened">
            <div class="panel-head">
                <h2 id="happened">{text::HISTORY}</h2>
                <label class="check"><input type="checkbox" bind:checked=alarms_only/>{text::ALARMS_ONLY}</label>
            </div>
            <FaultLine fault/>
            <ol class="events tall" tabindex="0" aria-labelledby="happened">
                <For each=shown key=Event::clone let:event><OneEvent event named=true/></For>
            </ol>
        </section>
    }
}

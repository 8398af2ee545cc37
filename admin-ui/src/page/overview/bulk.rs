//! What is done to several channels at once.

use crate::api::{self, Fault};
use crate::board::Board;
use crate::parts::fault_line::FaultLine;
use crate::text;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::collections::BTreeSet;

/// The bar with the buttons; nothing while no channel is chosen.
#[component]
pub(super) fn BulkBar(chosen: RwSignal<BTreeSet<String>>) -> impl IntoView {
    let board = Board::here();
    let (busy, fault) = (RwSignal::new(false), RwSignal::new(None::<Fault>));
    let switch = move |on: bool| {
        fault.set(None);
        busy.set(true);
        spawn_local(async move {
            // One after the other: each is one small call, and the first refusal is the one to read.
            for slug in chosen.get_untracked() {
                match if on { api::start(&slug).await } else { api::stop(&slug).await } {
                    Ok(channel) => board.hear_channel(channel),
                    Err(told) => {
                        fault.try_set(Some(told));
                        break;
                    }
                }
            }
            busy.try_set(false);
        });
    };
    let count = move || chosen.with(BTreeSet::len);
    let some = move || count() > 0;
    view! {
        <div role="status">
            <Show when=some>
                <div class="bulk">
                    <p>{move || text::chosen(count())}</p>
                    <button type="button" class="small" disabled=busy on:click=move |_| switch(true)>{text::START}</button>
                    <button type="button" class="small" disabled=busy on:click=move |_| switch(false)>{text::STOP}</button>
                    <button type="button" class="small" on:click=move |_| chosen.set(BTreeSet::new())>{text::CHOOSE_NONE}</button>
                    <FaultLine fault/>
                </div>
            </Show>
        </div>
    }
}

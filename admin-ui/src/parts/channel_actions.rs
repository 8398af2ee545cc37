//! What can be done with a channel: watch, start or stop, remove.

use crate::api::{self, Fault};
use crate::board::{Board, Heard};
use crate::me::Me;
use crate::parts::remove_dialog::RemoveDialog;
use crate::text;
use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{Channel, ChannelState};

/// The buttons of one channel's card. Faults go to `fault`, which the card shows.
#[component]
pub(crate) fn ChannelActions(
    slug: String,
    channel: Memo<Option<Heard<Channel>>>,
    fault: RwSignal<Option<Fault>>,
) -> impl IntoView {
    let may = Me::here().may_change();
    let dialog: NodeRef<Dialog> = NodeRef::new();
    let watch_url = move || channel.with(|heard| heard.as_ref().map(|heard| heard.said.watch_url.clone()));
    let ask_remove = move |_| {
        if let Some(dialog) = dialog.get() {
            // It fails only for a dialog that is open already, which is what was asked for.
            let _ = dialog.show_modal();
        }
    };
    view! {
        <div class="actions">
            <a class="button" href=watch_url target="_blank" rel="noopener">
                {text::WATCH}<span class="off-screen">" "{text::OPENS_NEW_TAB}</span>
            </a>
            {may.then(|| view! {
                <Switch slug=slug.clone() channel fault/>
                <button type="button" class="danger" on:click=ask_remove>{text::REMOVE}</button>
            })}
        </div>
        <RemoveDialog slug channel dialog/>
    }
}

/// One button that starts what is stopped and stops what is not.
#[component]
pub(crate) fn Switch(
    slug: String,
    channel: Memo<Option<Heard<Channel>>>,
    fault: RwSignal<Option<Fault>>,
) -> impl IntoView {
    let board = Board::here();
    let stopped = Memo::new(move |_| {
        channel.with(|heard| heard.as_ref().is_none_or(|heard| heard.said.state == ChannelState::Stopped))
    });
    let busy = RwSignal::new(false);
    let switch = move |_| {
        let slug = slug.clone();
        fault.set(None);
        busy.set(true);
        spawn_local(async move {
            let told = if stopped.get_untracked() { api::start(&slug).await } else { api::stop(&slug).await };
            match told {
                Ok(channel) => board.hear_channel(channel),
                Err(told) => drop(fault.try_set(Some(told))),
            }
            busy.try_set(false);
        });
    };
    let word = move || match (stopped.get(), busy.get()) {
        (true, false) => text::START,
        (true, true) => text::STARTING,
        (false, false) => text::STOP,
        (false, true) => text::STOPPING,
    };
    view! { <button type="button" class="switch" disabled=busy on:click=switch>{word}</button> }
}

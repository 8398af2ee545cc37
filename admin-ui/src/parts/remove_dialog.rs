//! The question before a channel is removed, with what it costs.

use crate::api::{self, Fault};
use crate::board::{Board, Heard};
use crate::parts::fault_line::FaultLine;
use crate::parts::undo::Undo;
use crate::route::{Route, Router};
use crate::text;
use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Channel;

/// Opened by whoever holds `dialog`. It closes on Escape, as dialogs do, and then nothing is removed.
#[component]
pub(crate) fn RemoveDialog(
    slug: String,
    channel: Memo<Option<Heard<Channel>>>,
    dialog: NodeRef<Dialog>,
) -> impl IntoView {
    let (board, router, undo) = (Board::here(), Router::here(), Undo::here());
    let fault: RwSignal<Option<Fault>> = RwSignal::new(None);
    let busy = RwSignal::new(false);
    let title_id = format!("remove-{slug}");
    let question =
        move || channel.with(|heard| heard.as_ref().map(|heard| text::remove_question(&heard.said.name)));
    let close = move || {
        // The feed may have told first that the channel is gone, and this page with it.
        if let Some(dialog) = dialog.try_get_untracked().flatten() {
            dialog.close();
        }
    };
    let remove = move |_| {
        let slug = slug.clone();
        let name = channel.with_untracked(|heard| heard.as_ref().map(|heard| heard.said.name.clone()));
        busy.set(true);
        spawn_local(async move {
            match api::remove(&slug).await {
                Ok(id) => {
                    close();
                    router.go(Route::Overview);
                    board.hear_removed(&slug);
                    // The feed tells of it when it is there again.
                    undo.offer(id, name.unwrap_or(slug), || ());
                }
                Err(told) => drop(fault.try_set(Some(told))),
            }
            busy.try_set(false);
        });
    };
    view! {
        <dialog node_ref=dialog aria-labelledby=title_id on:close=move |_| fault.set(None)>
            <h2 id=title_id.clone()>{question}</h2>
            <p>{text::REMOVE_CONSEQUENCE}</p>
            <FaultLine fault/>
            <div class="dialog-actions">
                <button type="button" on:click=move |_| close()>{text::CANCEL}</button>
                <button type="button" class="danger solid" disabled=busy on:click=remove>
                    {move || if busy.get() { text::REMOVING } else { text::REMOVE_FOR_GOOD }}
                </button>
            </div>
        </dialog>
    }
}

//! Another name for a channel: for people alone, so that nobody who watches or publishes notices.

use crate::api;
use crate::board::{Board, Heard};
use crate::parts::saving::{SaveLine, Saving};
use crate::text;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use wire::Channel;

/// The section.
#[component]
pub(crate) fn RenameForm(slug: String, channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let board = Board::here();
    let stored =
        move || channel.with(|heard| heard.as_ref().map_or_else(String::new, |it| it.said.name.clone()));
    let (name, saving) = (RwSignal::new(untrack(stored)), Saving::new());
    let toggled = move |_| {
        saving.forget();
        name.set(untrack(stored));
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (slug, wanted) = (slug.clone(), name.get_untracked());
        saving.run(async move { api::rename(&slug, wanted).await }, move |channel: &Channel| {
            board.hear_channel(channel.clone());
            name.set(channel.name.clone());
        });
    };
    view! {
        <details class="publish rename" on:toggle=toggled>
            <summary>{text::RENAME}</summary>
            <form novalidate on:submit=submit>
                <label>{text::NAME}<input type="text" name="channel-name" autocomplete="off" maxlength="100" bind:value=name/></label>
                <p class="hint">{text::RENAME_HINT}</p>
                <SaveLine saving/>
            </form>
        </details>
    }
}

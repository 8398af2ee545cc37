//! All channels at a glance, and the way to a new one.

use crate::board::Board;
use crate::parts::alarms::Alarms;
use crate::parts::channel_card::ChannelCard;
use crate::parts::new_channel::NewChannelDialog;
use crate::text;
use leptos::html::Dialog;
use leptos::prelude::*;

/// Where the focus goes when what had it is gone.
pub(crate) const HEADING_ID: &str = "channels";

/// The page.
#[component]
pub(crate) fn ChannelsPage() -> impl IntoView {
    let board = Board::here();
    let (slugs, states) = (board.slugs(), board.states());
    let dialog: NodeRef<Dialog> = NodeRef::new();
    let known = Memo::new(move |_| board.channels.with(Option::is_some));
    let empty = move || slugs.with(Vec::is_empty);
    view! {
        <div class="page-head">
            <h1 id=HEADING_ID tabindex="-1">{text::CHANNELS}</h1>
            <p class="summary" role="status">{move || states.with(|states| text::summary(states))}</p>
            <NewChannelButton dialog/>
        </div>
        <Alarms/>
        <Show when=move || known.get() fallback=|| view! { <p class="quiet">{text::LOADING_CHANNELS}</p> }>
            <Show when=move || empty()><NoChannels/></Show>
            <ul class="channels">
                <For each=move || slugs.get() key=String::clone let:slug>
                    <li><ChannelCard slug/></li>
                </For>
            </ul>
        </Show>
        <NewChannelDialog dialog/>
    }
}

#[component]
fn NewChannelButton(dialog: NodeRef<Dialog>) -> impl IntoView {
    let open = move |_| {
        if let Some(dialog) = dialog.get() {
            // It fails only for a dialog that is open already, which is what was asked for.
            let _ = dialog.show_modal();
        }
    };
    view! { <button type="button" class="primary" id="new-channel" on:click=open>{text::NEW_CHANNEL}</button> }
}

#[component]
fn NoChannels() -> impl IntoView {
    view! {
        <div class="nothing">
            <h2>{text::NO_CHANNELS}</h2>
            <p>{text::NO_CHANNELS_HINT}</p>
        </div>
    }
}

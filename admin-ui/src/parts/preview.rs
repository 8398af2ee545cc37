//! The box's own player in the page: what viewers of a tier see, beside what the box says of it.

use crate::api::{self, Fault};
use crate::board::{Board, Heard};
use crate::parts::fault_line::FaultLine;
use crate::{dom, text};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Channel;

/// The player; the tier is the operator's choice, or the device's.
#[component]
pub(crate) fn Preview(slug: String, channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let tier = RwSignal::new(String::new());
    let playing = RwSignal::new(true);
    let token = RwSignal::new(None::<String>);
    let fault: RwSignal<Option<Fault>> = RwSignal::new(None);
    let on_air =
        Memo::new(move |_| channel.with(|heard| heard.as_ref().is_some_and(|it| it.said.picture.is_some())));
    let board = Board::here();
    // Then the viewers' side is another origin, and what it plays cannot be shown here.
    let apart = Memo::new(move |_| {
        board.box_status.with(|heard| heard.as_ref().is_some_and(|it| it.said.ports.admin.is_some()))
    });
    let slug = StoredValue::new(slug);
    // A channel that is for some alone is for whoever runs it, too: by a token of its own.
    spawn_local(async move {
        let slug = slug.get_value();
        match api::playback(&slug).await {
            Ok(rules) if rules.protected => match api::token(&slug).await {
                Ok(made) => drop(token.try_set(Some(made.token))),
                Err(told) => drop(fault.try_set(Some(told))),
            },
            Ok(_) => drop(token.try_set(Some(String::new()))),
            Err(told) => drop(fault.try_set(Some(told))),
        }
    });
    let address = Memo::new(move |_| {
        let token = token.get()?;
        Some(dom::embed_path(&slug.get_value(), &tier.get(), &token))
    });
    let tiers = text::TIERS.map(|(value, word)| view! { <option value=value>{word}</option> });
    let picture = move || match (on_air.get(), playing.get(), address.get()) {
        (true, true, Some(address)) if !apart.get() => view! {
            <iframe src=address title=text::PREVIEW allow="autoplay; fullscreen" allowfullscreen></iframe>
        }
        .into_any(),
        (false, ..) => view! { <p>{text::NO_PICTURE}</p> }.into_any(),
        _ if apart.get() => view! { <p>{text::PREVIEW_APART}</p> }.into_any(),
        _ => view! { <p>{text::PREVIEW_OFF}</p> }.into_any(),
    };
    view! {
        <section class="preview" aria-label=text::PREVIEW>
            <div class="screen">{picture}</div>
            <p class="preview-bar">
                <label>{text::TIER}<select name="preview-tier" bind:value=tier>{tiers.collect_view()}</select></label>
                <button type="button" class="small" aria-pressed=move || playing.get().to_string() on:click=move |_| playing.update(|on| *on = !*on)>
                    {move || if playing.get() { text::PREVIEW_STOP } else { text::PREVIEW_START }}
                </button>
            </p>
            <FaultLine fault/>
        </section>
    }
}

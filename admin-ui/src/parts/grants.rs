//! Which channels exist for a user: told, and chosen by an administrator.

use crate::api;
use crate::board::Board;
use crate::parts::saving::{SaveLine, Saving};
use crate::text;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use std::collections::BTreeSet;
use wire::{Account, Grants, Role};

/// One user's channels; administrators are not limited.
#[component]
pub(crate) fn GrantsOf(account: Account, fetch: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let Account { name, role, channels, .. } = account;
    let told = match &channels {
        None => text::ALL_CHANNELS.to_owned(),
        Some(slugs) if slugs.is_empty() => text::NO_CHANNELS_OF_USER.to_owned(),
        Some(slugs) => slugs.join(", "),
    };
    if role == Role::Administrator {
        return view! { {told} }.into_any();
    }
    let label = text::channels_of_user(&name);
    view! {
        <details class="grants">
            <summary aria-label=label.clone()>{told}</summary>
            <Choice name channels label fetch/>
        </details>
    }
    .into_any()
}

#[component]
fn Choice(
    name: String,
    channels: Option<Vec<String>>,
    label: String,
    fetch: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let (board, saving) = (Board::here(), Saving::new());
    let is_all = RwSignal::new(channels.is_none());
    let chosen: RwSignal<BTreeSet<String>> =
        RwSignal::new(channels.unwrap_or_default().into_iter().collect());
    let there = Memo::new(move |_| {
        let named = |heard: &crate::board::Heard<Vec<wire::Channel>>| {
            heard.said.iter().map(|channel| (channel.slug.clone(), channel.name.clone())).collect::<Vec<_>>()
        };
        board.channels.with(|heard| heard.as_ref().map(named).unwrap_or_default())
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let slugs = || chosen.with_untracked(|slugs| slugs.iter().cloned().collect());
        let wanted = Grants { channels: (!is_all.get_untracked()).then(slugs) };
        let name = name.clone();
        saving.run(async move { api::set_grants(&name, &wanted).await }, move |_| fetch());
    };
    let one = move |(slug, name): (String, String)| {
        let (is_chosen, toggled) = (slug.clone(), slug);
        let toggle = move |_| {
            chosen.update(|slugs| {
                if !slugs.remove(&toggled) {
                    slugs.insert(toggled.clone());
                }
            });
        };
        view! {
            <label class="tick"><input type="checkbox" prop:checked=move || chosen.with(|slugs| slugs.contains(&is_chosen)) on:change=toggle/>{name}</label>
        }
    };
    view! {
        <form novalidate aria-label=label on:submit=submit>
            <label class="tick"><input type="checkbox" bind:checked=is_all/>{text::SEES_ALL_CHANNELS}</label>
            <fieldset class="plain" disabled=is_all><For each=move || there.get() key=Clone::clone let:channel>{one(channel)}</For></fieldset>
            <p class="hint">{text::GRANTS_HINT}</p>
            <SaveLine saving/>
        </form>
    }
}

//! One channel among many: its picture, its state, its stages, who watches.

use crate::api::Fault;
use crate::board::{Board, Heard};
use crate::me::Me;
use crate::parts::channel_actions::Switch;
use crate::parts::fault_line::FaultLine;
use crate::parts::signal_path::light_name;
use crate::parts::state_badge::{StateBadge, state_name};
use crate::route::{Go, Route};
use crate::{format, text};
use leptos::prelude::*;
use std::collections::BTreeSet;
use wire::{Channel, ChannelState};

/// Time between two pictures on a card: the box makes one a second, and a page may show many channels.
const THUMBNAIL_MS: i64 = 2_000;

/// The card of the channel of that slug; a line of the list is the same, laid out otherwise.
#[component]
pub(super) fn OverviewCard(slug: String, chosen: RwSignal<BTreeSet<String>>) -> impl IntoView {
    let (board, me) = (Board::here(), Me::here());
    let channel = board.channel(slug.clone());
    let fault: RwSignal<Option<Fault>> = RwSignal::new(None);
    let state = Memo::new(move |_| {
        channel.with(|heard| heard.as_ref().map_or(ChannelState::Stopped, |it| it.said.state))
    });
    let name = Memo::new(move |_| {
        channel.with(|heard| heard.as_ref().map(|heard| heard.said.name.clone())).unwrap_or_default()
    });
    let name_id = format!("name-{slug}");
    let route = Route::Channel(slug.clone());
    let slug = StoredValue::new(slug);
    view! {
        <article class="card" aria-labelledby=name_id data-slug=slug.get_value() data-state=move || state_name(state.get())>
            <Thumbnail slug=slug.get_value() channel/>
            <Show when=move || me.may_change()><Choose slug=slug.get_value() name chosen/></Show>
            <StateBadge state/>
            <h2 id=name_id.clone()><Go to=route>{name}</Go></h2>
            <Lights channel/>
            <Numbers slug=slug.get_value() channel/>
            <Show when=move || me.may_change()><Switch slug=slug.get_value() channel fault/></Show>
            <FaultLine fault/>
        </article>
    }
}

/// What viewers see, a second or two ago; in words when there is nothing.
#[component]
fn Thumbnail(slug: String, channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let board = Board::here();
    let shown = Memo::new(move |_| channel.with(|heard| heard.as_ref()?.said.picture.clone()));
    let turn = Memo::new(move |_| board.now_ms.get() / THUMBNAIL_MS);
    let picture = move |url: String| {
        let source = move || format!("{url}?turn={}", turn.get());
        view! { <img src=source alt="" width="384" height="216"/> }.into_any()
    };
    let href = Route::Channel(slug).path();
    view! {
        <a class="thumbnail" href=href tabindex="-1" aria-hidden="true">
            {move || shown.get().map_or_else(|| text::NO_PICTURE.into_any(), picture)}
        </a>
    }
}

#[component]
fn Choose(slug: String, name: Memo<String>, chosen: RwSignal<BTreeSet<String>>) -> impl IntoView {
    let slug = StoredValue::new(slug);
    let is_chosen = move || slug.with_value(|slug| chosen.with(|chosen| chosen.contains(slug)));
    let toggle = move |_| {
        chosen.update(|chosen| {
            let slug = slug.get_value();
            if !chosen.remove(&slug) {
                chosen.insert(slug);
            }
        });
    };
    view! {
        <label class="choose">
            <input type="checkbox" prop:checked=is_chosen on:change=toggle/>
            <span class="off-screen">{move || text::choose(&name.get())}</span>
        </label>
    }
}

/// The four stages: a light each, in words for those who do not see it.
#[component]
fn Lights(channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let stages = Memo::new(move |_| {
        channel.with(|heard| heard.as_ref().map_or_else(Vec::new, |it| it.said.stages.clone()))
    });
    let one = |stage: wire::Stage| {
        view! {
            <li title=stage.detail.clone()>
                <span class="light" data-light=light_name(stage.light) aria-hidden="true"></span>
                {text::stage(&stage.name)}<span class="off-screen">": "{text::light(stage.light)}</span>
            </li>
        }
    };
    view! { <ol class="lights" aria-label=text::SIGNAL_PATH>{move || stages.get().into_iter().map(one).collect_view()}</ol> }
}

/// Who watches and how late; what the source is; alarms.
#[component]
fn Numbers(slug: String, channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let board = Board::here();
    let slug = StoredValue::new(slug);
    let source = move || channel.with(|heard| heard.as_ref().map(|heard| facts(&heard.said)));
    let watching = move || slug.with_value(|slug| board.viewers_of(slug));
    let latency =
        move || slug.with_value(|slug| board.latency_of(slug)).map(|(now, aim)| format::latency(now, aim));
    let late = move || {
        slug.with_value(|slug| board.latency_of(slug)).is_some_and(|(now, aim)| format::is_late(now, aim))
    };
    let alarms = Memo::new(move |_| {
        let ours = |alarm: &&wire::Alarm| slug.with_value(|slug| alarm.channel.as_ref() == Some(slug));
        board.alarms.with(|alarms| alarms.iter().filter(ours).count())
    });
    let alarmed = move || alarms.get() > 0;
    view! {
        <dl class="numbers">
            <div><dt>{text::VIEWERS}</dt><dd>{watching}</dd></div>
            <div class:late=late><dt>{text::LATENCY}</dt><dd>{move || latency().unwrap_or_else(|| text::NOBODY_WATCHES.into())}</dd></div>
            <div class="what"><dt>{text::SOURCE}</dt><dd>{source}</dd></div>
            <Show when=alarmed>
                <div class="alarmed"><dt>{text::ALARMS}</dt><dd>{alarms}</dd></div>
            </Show>
        </dl>
    }
}

fn facts(channel: &Channel) -> String {
    format!("{} {}", text::source(channel.source), format::ladder(&channel.ladder))
}

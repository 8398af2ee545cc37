//! One channel: its state in large, its signal path, what can be done with it, and where to publish.

use crate::api::Fault;
use crate::board::{Board, Heard};
use crate::parts::channel_actions::ChannelActions;
use crate::parts::fault_line::FaultLine;
use crate::parts::history::History;
use crate::parts::publish::Publish;
use crate::parts::signal_path::SignalPath;
use crate::parts::slate::SlateSection;
use crate::parts::sources::Sources;
use crate::{format, text};
use leptos::prelude::*;
use wire::{Channel, ChannelState};

/// Time between two pictures on a card: the box makes one a second, and a page may show many channels.
const THUMBNAIL_MS: i64 = 2_000;

/// The card of the channel of that slug.
#[component]
pub(crate) fn ChannelCard(slug: String) -> impl IntoView {
    let channel = Board::here().channel(slug.clone());
    let fault: RwSignal<Option<Fault>> = RwSignal::new(None);
    let of = move |get: fn(&Channel) -> String| {
        move || channel.with(|heard| heard.as_ref().map(|heard| get(&heard.said)))
    };
    let state = Memo::new(move |_| {
        channel.with(|heard| heard.as_ref().map_or(ChannelState::Stopped, |it| it.said.state))
    });
    let name_id = format!("name-{slug}");
    view! {
        <article class="channel" aria-labelledby=name_id data-slug=slug data-state=move || state_name(state.get())>
            <Thumbnail channel/>
            <div class="channel-head">
                <p class="state">{move || text::state(state.get())}</p>
                <h2 id=name_id.clone()>{of(|channel| channel.name.clone())}</h2>
                <p class="slug">{slug.clone()}</p>
                <Counters channel/>
                <ChannelActions slug=slug.clone() channel fault/>
            </div>
            <p class="detail">{of(detail)}</p>
            <FaultLine fault/>
            <SignalPath channel/>
            <div class="sections">
                <Publish slug=slug.clone() channel/>
                <Sources slug=slug.clone() channel/>
                <SlateSection slug=slug.clone() channel/>
                <History slug=slug.clone() channel/>
            </div>
        </article>
    }
}

/// What viewers see, a second or two ago; what the channel does in words when it shows nothing.
#[component]
fn Thumbnail(channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let board = Board::here();
    let shown = Memo::new(move |_| channel.with(|heard| heard.as_ref()?.said.picture.clone()));
    let link =
        Memo::new(move |_| channel.with(|heard| heard.as_ref().map(|heard| heard.said.watch_url.clone())));
    let turn = Memo::new(move |_| board.now_ms.get() / THUMBNAIL_MS);
    let picture = move |url: String| {
        let source = move || format!("{url}?turn={}", turn.get());
        view! { <a class="thumbnail" href=link target="_blank" rel="noopener" tabindex="-1" aria-hidden="true"><img src=source alt="" width="384" height="216"/></a> }
            .into_any()
    };
    let nothing = || view! { <p class="thumbnail" aria-hidden="true">{text::NO_PICTURE}</p> }.into_any();
    move || shown.get().map_or_else(nothing, picture)
}

/// Source, ladder, uptime, restarts: what engineers look at second.
#[component]
fn Counters(channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let board = Board::here();
    let facts = Memo::new(move |_| {
        channel.with(|heard| heard.as_ref().map(|heard| facts(&heard.said))).unwrap_or_default()
    });
    let rungs = move || channel.with(|heard| heard.as_ref().map(|heard| rungs(&heard.said)));
    let up = move || channel.with(|heard| heard.as_ref().and_then(|heard| uptime(heard, board.now_ms.get())));
    let dvr = move || channel.with(|heard| heard.as_ref().and_then(|heard| dvr(&heard.said)));
    let restarts = move || channel.with(|heard| heard.as_ref().map_or(0, |heard| heard.said.restarts));
    let has_restarts = move || restarts() > 0;
    view! {
        <p class="counters">
            <span title=rungs>{facts}</span>
            <span>{up}</span>
            <span>{dvr}</span>
            <span class:many=has_restarts>{move || text::restarts(restarts())}</span>
        </p>
    }
}

fn facts(channel: &Channel) -> String {
    format!("{} {}", text::source(channel.source), format::ladder(&channel.ladder))
}

fn rungs(channel: &Channel) -> String {
    channel.ladder.iter().map(format::rung).collect::<Vec<_>>().join(", ")
}

fn uptime(heard: &Heard<Channel>, now_ms: i64) -> Option<String> {
    let secs = heard.said.uptime_secs? + heard.age_secs(now_ms);
    Some(text::up_for(&format::duration(secs)))
}

fn dvr(channel: &Channel) -> Option<String> {
    let window = u64::from(channel.dvr_secs);
    let listed = channel.dvr?.listed_secs;
    (window > 0).then(|| text::dvr_so_far(&format::duration(listed), &format::duration(window)))
}

/// The appliance's own words where it has some.
fn detail(channel: &Channel) -> String {
    match channel.detail.as_str() {
        "" => text::state_sentence(channel.state).to_owned(),
        detail => detail.to_owned(),
    }
}

/// The state's name in the style sheet and for tests: as in the API.
fn state_name(state: ChannelState) -> &'static str {
    match state {
        ChannelState::Stopped => "stopped",
        ChannelState::Starting => "starting",
        ChannelState::Waiting => "waiting",
        ChannelState::Live => "live",
        ChannelState::Parked => "parked",
    }
}

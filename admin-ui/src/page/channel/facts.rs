//! What engineers look at second: source, ladder, uptime, restarts.

use crate::board::{Board, Heard};
use crate::{format, text};
use leptos::prelude::*;
use wire::Channel;

/// The line of them.
#[component]
pub(super) fn Counters(channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
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
    let latency = text::latency_kind(channel.latency);
    format!("{} {}, {latency}", text::source(channel.source), format::ladder(&channel.ladder))
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
pub(super) fn detail(channel: &Channel) -> String {
    match channel.detail.as_str() {
        "" => text::state_sentence(channel.state).to_owned(),
        detail => detail.to_owned(),
    }
}

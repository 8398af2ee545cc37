//! All channels at a glance, and the way to a new one. As cards, or as a list where there are many.

mod arrange;
mod bulk;
mod card;
mod tools;

use crate::board::Board;
use crate::dom;
use crate::me::Me;
use crate::page::PageHead;
use crate::parts::alarms::Alarms;
use crate::parts::new_channel::NewChannel;
use crate::text;
use arrange::{Sort, arrange};
use bulk::BulkBar;
use card::OverviewCard;
use leptos::prelude::*;
use std::collections::BTreeSet;
use tools::Tools;

/// More channels than this are a list, unless the operator wants it otherwise.
const CARDS_MAX: usize = 24;

/// Under which this browser remembers what the operator wanted.
const LAYOUT: &str = "forebay-overview";

/// How the channels are shown.
#[derive(Clone, Copy)]
struct Shown {
    search: RwSignal<String>,
    sort: RwSignal<Sort>,
    /// As the operator wants it; nothing wanted yet.
    list: RwSignal<Option<bool>>,
    chosen: RwSignal<BTreeSet<String>>,
}

impl Shown {
    fn new() -> Self {
        let wanted = dom::recall(LAYOUT).map(|wanted| wanted == "list");
        Self {
            search: RwSignal::new(String::new()),
            sort: RwSignal::new(Sort::Name),
            list: RwSignal::new(wanted),
            chosen: RwSignal::new(BTreeSet::new()),
        }
    }

    fn want(self, list: bool) {
        dom::remember(LAYOUT, if list { "list" } else { "cards" });
        self.list.set(Some(list));
    }
}

/// The page.
#[component]
pub(crate) fn OverviewPage() -> impl IntoView {
    let (board, me, shown) = (Board::here(), Me::here(), Shown::new());
    let states = board.states();
    let known = Memo::new(move |_| board.channels.with(Option::is_some));
    let count = Memo::new(move |_| states.with(Vec::len));
    let slugs = Memo::new(move |_| {
        board.channels.with(|heard| {
            let channels = heard.as_ref().map_or(&[][..], |heard| &heard.said);
            let viewers = |slug: &str| board.viewers_of(slug);
            shown.search.with(|search| arrange(channels, viewers, search, shown.sort.get()))
        })
    });
    let is_list = Memo::new(move |_| shown.list.get().unwrap_or(count.get() > CARDS_MAX));
    let some = move || count.get() > 0;
    let none_found = move || count.get() > 0 && slugs.with(Vec::is_empty);
    view! {
        <PageHead title=text::OVERVIEW>
            <p class="summary" role="status">{move || states.with(|states| text::summary(states))}</p>
            <Show when=move || me.may_change()><NewChannel/></Show>
        </PageHead>
        <Alarms/>
        <Show when=move || known.get() fallback=|| view! { <p class="quiet">{text::LOADING_CHANNELS}</p> }>
            <Show when=some fallback=|| view! { <NoChannels/> }>
                <Tools shown is_list slugs/>
                <Show when=none_found><p class="quiet">{text::NONE_FOUND}</p></Show>
                <ul class="overview" class:as-list=is_list>
                    <For each=move || slugs.get() key=String::clone let:slug>
                        <li><OverviewCard slug chosen=shown.chosen/></li>
                    </For>
                </ul>
                <BulkBar chosen=shown.chosen/>
            </Show>
        </Show>
    }
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

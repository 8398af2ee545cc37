//! One channel: what viewers see, how each stage is, how it went lately, and all that can be changed.

mod facts;

use crate::api::Fault;
use crate::board::{Board, Heard};
use crate::me::Me;
use crate::page::PageHead;
use crate::parts::channel_actions::ChannelActions;
use crate::parts::drill::DrillForm;
use crate::parts::encoder::EncoderForm;
use crate::parts::fault_line::FaultLine;
use crate::parts::history::History;
use crate::parts::ladder::LadderEditor;
use crate::parts::preview::Preview;
use crate::parts::protection::Protection;
use crate::parts::publish::Publish;
use crate::parts::rename::RenameForm;
use crate::parts::signal_path::SignalPath;
use crate::parts::slate::SlateSection;
use crate::parts::sources::Sources;
use crate::parts::state_badge::{StateBadge, state_name};
use crate::parts::trends::Trends;
use crate::route::{Go, HEADING_ID, Route};
use crate::text;
use facts::{Counters, detail};
use leptos::prelude::*;
use wire::{Channel, ChannelState};

/// The page of the channel of that slug.
#[component]
pub(crate) fn ChannelPage(slug: String) -> impl IntoView {
    let board = Board::here();
    let (known, sought) = (Memo::new(move |_| board.channels.with(Option::is_some)), slug.clone());
    let there = Memo::new(move |_| board.slugs().with(|slugs| slugs.contains(&sought)));
    move || match (known.get(), there.get()) {
        (false, _) => view! { <p class="quiet">{text::LOADING_CHANNELS}</p> }.into_any(),
        (true, true) => view! { <Whole slug=slug.clone()/> }.into_any(),
        (true, false) => view! {
            <PageHead title=text::NO_SUCH_CHANNEL/>
            <p>{text::NO_SUCH_CHANNEL_HINT}" "<Go to=Route::Overview>{text::OVERVIEW}</Go></p>
        }
        .into_any(),
    }
}

#[component]
fn Whole(slug: String) -> impl IntoView {
    let (channel, me) = (Board::here().channel(slug.clone()), Me::here());
    let fault: RwSignal<Option<Fault>> = RwSignal::new(None);
    let state = Memo::new(move |_| {
        channel.with(|heard| heard.as_ref().map_or(ChannelState::Stopped, |it| it.said.state))
    });
    let of = move |get: fn(&Channel) -> String| {
        move || channel.with(|heard| heard.as_ref().map(|heard| get(&heard.said)))
    };
    view! {
        <article class="channel" data-slug=slug.clone() data-state=move || state_name(state.get())>
            <p class="crumbs"><Go to=Route::Overview>{text::OVERVIEW}</Go>" / "<span>{slug.clone()}</span></p>
            <div class="channel-head">
                <h1 id=HEADING_ID tabindex="-1">{of(|channel| channel.name.clone())}</h1>
                <StateBadge state/>
                <Counters channel/>
                <ChannelActions slug=slug.clone() channel fault/>
            </div>
            <p class="detail">{of(detail)}</p>
            <FaultLine fault/>
            <div class="channel-now">
                <Preview slug=slug.clone() channel/>
                <SignalPath channel/>
            </div>
            <Trends slug=slug.clone()/>
            <div class="panels">
                {me.may_change().then(|| view! { <Edits slug=slug.clone() channel state/> })}
                <History slug=slug.clone() channel/>
            </div>
        </article>
    }
}

/// All that can be changed. Where to publish is open while nobody has.
#[component]
fn Edits(slug: String, channel: Memo<Option<Heard<Channel>>>, state: Memo<ChannelState>) -> impl IntoView {
    let open = state.with_untracked(|state| matches!(state, ChannelState::Starting | ChannelState::Waiting));
    view! {
        <Publish slug=slug.clone() channel open/>
        <RenameForm slug=slug.clone() channel/>
        <LadderEditor slug=slug.clone() channel/>
        <EncoderForm slug=slug.clone() channel/>
        <Sources slug=slug.clone() channel/>
        <SlateSection slug=slug.clone() channel/>
        <Protection slug=slug.clone() channel/>
        <DrillForm slug/>
    }
}

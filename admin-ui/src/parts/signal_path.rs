//! A channel's four stages in the order of the data flow, each with its light and a word.

use crate::board::Heard;
use crate::text;
use leptos::prelude::*;
use wire::{Channel, Light, Stage};

/// The stages of one channel.
#[component]
pub(crate) fn SignalPath(channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let stages = Memo::new(move |_| {
        channel.with(|heard| heard.as_ref().map_or_else(Vec::new, |it| it.said.stages.clone()))
    });
    view! {
        <ol class="path" aria-label=text::SIGNAL_PATH>
            {move || stages.get().into_iter().map(|stage| view! { <StageCell stage/> }).collect_view()}
        </ol>
    }
}

#[component]
fn StageCell(stage: Stage) -> impl IntoView {
    view! {
        <li class="stage" data-stage=stage.name.clone()>
            <p class="stage-name">
                <span class="light" data-light=light_name(stage.light) aria-hidden="true"></span>
                {text::stage(&stage.name)}
                <span class="light-word">{text::light(stage.light)}</span>
            </p>
            <p class="stage-detail">{stage.detail}</p>
        </li>
    }
}

/// The light's name in the style sheet, which gives each a shape and a colour of its own.
pub(crate) fn light_name(light: Light) -> &'static str {
    match light {
        Light::Off => "off",
        Light::Good => "good",
        Light::Degraded => "degraded",
        Light::Bad => "bad",
    }
}

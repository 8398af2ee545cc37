//! What a channel is doing, in one word that is seen from afar.

use crate::text;
use leptos::prelude::*;
use wire::ChannelState;

/// The word.
#[component]
pub(crate) fn StateBadge(state: Memo<ChannelState>) -> impl IntoView {
    view! { <p class="state" data-state=move || state_name(state.get())>{move || text::state(state.get())}</p> }
}

/// The state's name in the style sheet and for tests: as in the API.
pub(crate) fn state_name(state: ChannelState) -> &'static str {
    match state {
        ChannelState::Stopped => "stopped",
        ChannelState::Starting => "starting",
        ChannelState::Waiting => "waiting",
        ChannelState::Live => "live",
        ChannelState::Parked => "parked",
    }
}

//! One file per page.

pub(crate) mod alarms;
pub(crate) mod audit;
pub(crate) mod channel;
pub(crate) mod devices;
pub(crate) mod gate;
pub(crate) mod help;
pub(crate) mod overview;
pub(crate) mod players;
pub(crate) mod settings;

use crate::route::{Go, HEADING_ID, Route};
use crate::text;
use leptos::prelude::*;

/// What every page begins with.
#[component]
pub(crate) fn PageHead(
    title: &'static str,
    #[prop(optional, into)] hint: &'static str,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="page-head">
            <div>
                <h1 id=HEADING_ID tabindex="-1">{title}</h1>
                {(!hint.is_empty()).then(|| view! { <p class="hint">{hint}</p> })}
            </div>
            {children.map(|children| children())}
        </div>
    }
}

/// For an address that is none of ours.
#[component]
pub(crate) fn Unknown() -> impl IntoView {
    view! {
        <PageHead title=text::PAGE_UNKNOWN/>
        <p>{text::PAGE_UNKNOWN_HINT}" "<Go to=Route::Overview>{text::OVERVIEW}</Go></p>
    }
}

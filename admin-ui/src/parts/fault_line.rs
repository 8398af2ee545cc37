//! What went wrong with the operator's last action, next to where it was taken.

use crate::api::Fault;
use leptos::prelude::*;

/// Nothing while there is no fault.
#[component]
pub(crate) fn FaultLine(#[prop(into)] fault: Signal<Option<Fault>>) -> impl IntoView {
    view! {
        <div role="alert">
            {move || fault.get().map(|fault| view! {
                <p class="fault"><strong>{fault.title().to_owned()}</strong>" "{fault.detail().to_owned()}</p>
            })}
        </div>
    }
}

//! A button that copies, says that it did, and offers itself again.

use crate::{dom, text};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::future::Future;

/// How long the button says that it has copied.
const SAID_MS: u32 = 2_000;

/// Copies what `fetch` gives; `None` when there is nothing to copy, about which `fetch` itself has said why.
#[component]
pub(crate) fn CopyButton<F, T>(
    /// What the text is, for those who do not see where the button stands.
    #[prop(into)]
    what: String,
    /// Gives the text.
    fetch: F,
    /// Told when the browser refuses.
    refused: Callback<()>,
) -> impl IntoView
where
    F: Fn() -> T + Clone + 'static,
    T: Future<Output = Option<String>> + 'static,
{
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let fetch = fetch.clone();
        spawn_local(async move {
            let Some(text) = fetch().await else { return };
            if !dom::copy(&text).await {
                refused.try_run(());
                return;
            }
            copied.try_set(true);
            TimeoutFuture::new(SAID_MS).await;
            copied.try_set(false);
        });
    };
    let word = move || if copied.get() { text::COPIED } else { text::COPY };
    view! {
        <button type="button" class="small" class:done=copied on:click=copy>
            <span aria-live="polite">{word}</span>" "<span class="off-screen">{what}</span>
        </button>
    }
}

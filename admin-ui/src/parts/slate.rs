//! What the channel shows while it has no source.

use crate::api;
use crate::board::Heard;
use crate::parts::saving::{SaveLine, Saving};
use crate::{format, text};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use wire::{Channel, Slate, Source};

/// What the operator has entered so far; times as text in seconds.
#[derive(Clone, Copy)]
struct Draft {
    text: RwSignal<String>,
    after: RwSignal<String>,
    back_after: RwSignal<String>,
    tone: RwSignal<bool>,
    saving: Saving,
}

impl Draft {
    fn new() -> Self {
        Self {
            text: RwSignal::new(String::new()),
            after: RwSignal::new(String::new()),
            back_after: RwSignal::new(String::new()),
            tone: RwSignal::new(false),
            saving: Saving::new(),
        }
    }

    fn show(self, slate: &Slate) {
        self.text.set(slate.text.clone());
        self.after.set(format::seconds(slate.after_ms));
        self.back_after.set(format::seconds(slate.back_after_ms));
        self.tone.set(slate.tone);
    }

    fn finished(self) -> Slate {
        Slate {
            text: self.text.get_untracked(),
            after_ms: self.after.with_untracked(|text| format::millis(text)),
            back_after_ms: self.back_after.with_untracked(|text| format::millis(text)),
            tone: self.tone.get_untracked(),
        }
    }
}

/// The section; nothing for a channel that makes its own picture.
#[component]
pub(crate) fn SlateSection(slug: String, channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let draft = Draft::new();
    let has_source = Memo::new(move |_| {
        channel.with(|heard| heard.as_ref().is_some_and(|heard| heard.said.source != Source::TestPattern))
    });
    // What is stored is shown whenever the section is opened, or closed without saving.
    let show = move || {
        draft.saving.forget();
        channel.with_untracked(|heard| heard.as_ref().map(|heard| draft.show(&heard.said.slate)));
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let slug = slug.clone();
        let call = async move { api::set_slate(&slug, &draft.finished()).await };
        draft.saving.run(call, move |slate| draft.show(slate));
    };
    let submit = StoredValue::new(submit);
    view! {
        <Show when=move || has_source.get()>
            <details class="publish slate" on:toggle=move |_| show()>
                <summary>{text::SLATE}</summary>
                <form novalidate on:submit=move |event| submit.with_value(|submit| submit(event))>
                    <SlateFields draft/>
                    <SaveLine saving=draft.saving/>
                </form>
            </details>
        </Show>
    }
}

#[component]
fn SlateFields(draft: Draft) -> impl IntoView {
    view! {
        <div class="slate-fields">
            <label class="wide">{text::SLATE_TEXT}<input type="text" name="slate-text" autocomplete="off" bind:value=draft.text/></label>
            <label>{text::SLATE_AFTER}<input type="text" inputmode="decimal" name="slate-after" bind:value=draft.after/></label>
            <label>{text::SLATE_BACK}<input type="text" inputmode="decimal" name="slate-back" bind:value=draft.back_after/></label>
            <label class="check"><input type="checkbox" name="slate-tone" bind:checked=draft.tone/>{text::SLATE_TONE}</label>
        </div>
        <p class="hint">{text::SLATE_HINT}</p>
    }
}

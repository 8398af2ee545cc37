//! What the channel shows while it has no source.

use crate::api;
use crate::board::Heard;
use crate::parts::fault_line::FaultLine;
use crate::parts::saving::{SaveLine, Saving};
use crate::{format, text};
use leptos::ev::{Event, SubmitEvent};
use leptos::prelude::*;
use web_sys::HtmlInputElement;
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

/// The picture in place of text: shown, chosen, taken away; each at once.
#[component]
fn SlatePicture(slug: String, channel: Memo<Option<Heard<Channel>>>, saving: Saving) -> impl IntoView {
    let shown = Memo::new(move |_| {
        channel.with(|heard| heard.as_ref().and_then(|heard| heard.said.slate_picture.clone()))
    });
    let slug = StoredValue::new(slug);
    let choose = move |event: Event| {
        let input: HtmlInputElement = event_target(&event);
        let Some(picture) = input.files().and_then(|files| files.get(0)) else { return };
        // So that the same file can be chosen again.
        input.set_value("");
        let slug = slug.get_value();
        saving.run(async move { api::set_slate_picture(&slug, &picture).await }, |_| ());
    };
    let remove = move |_| {
        let slug = slug.get_value();
        saving.run(async move { api::remove_slate_picture(&slug).await }, |()| ());
    };
    view! {
        <div class="slate-picture">
            {move || shown.get().map(|address| view! { <img src=address alt=text::SLATE_PICTURE_SHOWN/> })}
            <div>
                <p class="hint">{text::SLATE_PICTURE}</p>
                <p class="buttons">
                    <label class="button small">{text::SLATE_PICTURE_CHOOSE}
                        <input type="file" name="slate-picture" accept="image/png,image/jpeg" disabled=move || saving.is_busy() on:change=choose/>
                    </label>
                    <Show when=move || shown.with(Option::is_some)>
                        <button type="button" class="small" disabled=move || saving.is_busy() on:click=remove>{text::SLATE_PICTURE_REMOVE}</button>
                    </Show>
                </p>
                <p class="hint" role="status">{move || saving.is_busy().then_some(text::SLATE_PICTURE_BUSY)}</p>
            </div>
        </div>
        <FaultLine fault=saving.fault/>
    }
}

/// The section; nothing for a channel that makes its own picture.
#[component]
pub(crate) fn SlateSection(slug: String, channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let (draft, picture) = (Draft::new(), Saving::new());
    let has_source = Memo::new(move |_| {
        channel.with(|heard| heard.as_ref().is_some_and(|heard| heard.said.source != Source::TestPattern))
    });
    // What is stored is shown whenever the section is opened, or closed without saving.
    let show = move || {
        draft.saving.forget();
        picture.forget();
        channel.with_untracked(|heard| heard.as_ref().map(|heard| draft.show(&heard.said.slate)));
    };
    let of_picture = StoredValue::new(slug.clone());
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
                <SlatePicture slug=of_picture.get_value() channel saving=picture/>
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

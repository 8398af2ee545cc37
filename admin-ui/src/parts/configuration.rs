//! All that is set, as one file: to take away, and to bring back once it is seen what that would change. For administrators.

use crate::api;
use crate::parts::fault_line::FaultLine;
use crate::parts::saving::Saving;
use crate::text;
use leptos::html::Input;
use leptos::prelude::*;
use wire::{Change, ChangeKind, ConfigurationDiff};

/// The section's content.
#[component]
pub(crate) fn ConfigurationFile() -> impl IntoView {
    let input: NodeRef<Input> = NodeRef::new();
    let diff: RwSignal<Option<ConfigurationDiff>> = RwSignal::new(None);
    let done = RwSignal::new(false);
    let saving = Saving::new();
    let chosen = move || input.get_untracked().and_then(|input| input.files()).and_then(|files| files.get(0));
    let compare = move |_| {
        done.set(false);
        diff.set(None);
        if let Some(file) = chosen() {
            saving.run(async move { api::compare_configuration(&file).await }, move |told| {
                diff.try_set(Some(told.clone()));
            });
        }
    };
    let apply = move |_| {
        let tag = diff.with_untracked(|diff| diff.as_ref().map(|diff| diff.tag.clone()));
        if let (Some(file), Some(tag)) = (chosen(), tag) {
            saving.run(async move { api::apply_configuration(&file, &tag).await }, move |_| {
                diff.try_set(None);
                done.try_set(true);
            });
        }
    };
    let changes = move || diff.with(|diff| diff.as_ref().map(|diff| diff.changes.clone()));
    view! {
        <p class="hint">{text::CONFIG_HINT}</p>
        <p>
            <a class="button" href="/api/v1/configuration" download="forebay.json">{text::CONFIG_EXPORT}</a>" "
            <a href="/api/v1/configuration?keys=true" download="forebay-with-keys.json">{text::CONFIG_EXPORT_KEYS}</a>
        </p>
        <label>{text::CONFIG_IMPORT}
            <input type="file" name="configuration" accept="application/json,.json" node_ref=input on:change=compare/>
        </label>
        <FaultLine fault=saving.fault/>
        {move || changes().map(|changes| {
            let none = changes.is_empty();
            view! {
                <Show when=move || none><p role="status">{text::CONFIG_SAME}</p></Show>
                <ul>{changes.into_iter().map(one).collect_view()}</ul>
                <Show when=move || !none>
                    <p class="save-line">
                        <button type="button" class="small danger" disabled=move || saving.is_busy() on:click=apply>{text::CONFIG_APPLY}</button>
                    </p>
                </Show>
            }
        })}
        <p role="status">{move || done.get().then_some(text::CONFIG_DONE)}</p>
    }
}

fn one(change: Change) -> impl IntoView {
    let what = match change.kind {
        ChangeKind::Added => text::CONFIG_ADDED,
        ChangeKind::Changed => text::CONFIG_CHANGED,
        ChangeKind::Removed => text::CONFIG_REMOVED,
        ChangeKind::LeftAlone => text::CONFIG_LEFT,
    };
    let words = change.words.into_iter().map(|word| view! { <li>{word}</li> }).collect_view();
    let notes =
        change.notes.into_iter().map(|note| view! { <li><strong>{note}</strong></li> }).collect_view();
    view! { <li>{what}" "{change.subject}<ul>{notes}{words}</ul></li> }
}

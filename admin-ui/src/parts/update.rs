//! Another version of everything: brought by the browser, judged and written by the box, kept if it serves.

use crate::api::{self, Fault};
use crate::board::Board;
use crate::me::Me;
use crate::parts::fault_line::FaultLine;
use crate::parts::saving::Saving;
use crate::text;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{UpdateStatus, UploadedFile};

/// The section's content.
#[component]
pub(crate) fn Update() -> impl IntoView {
    let (status, fault) = (Board::here().update, RwSignal::new(None::<Fault>));
    // The events tell it from then on, where updates come this way.
    spawn_local(async move {
        match api::update().await {
            Ok(told) => status.set(Some(told)),
            Err(why) => drop(fault.try_set(Some(why))),
        }
    });
    let possible = Memo::new(move |_| status.with(|it| it.as_ref().map(|status| status.possible)));
    view! {
        <FaultLine fault/>
        {move || match possible.get() {
            None => ().into_any(),
            Some(false) => view! { <p class="hint">{text::UPDATE_BY_PACKAGE}</p> }.into_any(),
            Some(true) => view! { <Facts status/>{Me::here().may_manage().then(|| view! { <Steps status/> })} }.into_any(),
        }}
    }
}

#[component]
fn Facts(status: RwSignal<Option<UpdateStatus>>) -> impl IntoView {
    let of = move |read: fn(&UpdateStatus) -> String| move || status.with(|it| it.as_ref().map(read));
    view! {
        <dl class="pairs">
            <dt>{text::UPDATE_RUNNING}</dt><dd>{of(text::running)}</dd>
            <dt>{text::UPDATE_STATE}</dt><dd role="status">{of(text::update_state)}</dd>
            <dt>{text::UPDATE_LAST}</dt><dd>{of(|it| text::update_last(it.last.as_ref()))}</dd>
        </dl>
    }
}

#[component]
fn Steps(status: RwSignal<Option<UpdateStatus>>) -> impl IntoView {
    let input: NodeRef<Input> = NodeRef::new();
    let (saving, uploaded) = (Saving::new(), RwSignal::new(None::<UploadedFile>));
    let state =
        Memo::new(move |_| status.with(|it| it.as_ref().map(|it| it.state.clone()).unwrap_or_default()));
    let is =
        move |states: &'static [&'static str]| move || state.with(|state| states.contains(&state.as_str()));
    let upload = move |_| {
        let chosen = input.get_untracked().and_then(|input| input.files()).and_then(|files| files.get(0));
        let Some(file) = chosen else { return };
        uploaded.set(None);
        saving
            .run(async move { api::bring_update(&file).await }, move |told| uploaded.set(Some(told.clone())));
    };
    let step = move |step: &'static str| {
        move |_| {
            saving
                .run(async move { api::update_step(step).await }, move |told| status.set(Some(told.clone())));
        }
    };
    let busy = move || saving.is_busy();
    view! {
        <Show when=is(&["idle", "accepted", "refused", "failed"])>
            <label>{text::UPDATE_FILE}<input type="file" name="update" accept=".raucb" node_ref=input/></label>
            <p class="save-line"><button type="button" class="small" disabled=busy on:click=upload>{text::UPDATE_UPLOAD}</button></p>
        </Show>
        {move || uploaded.get().map(|file| view! { <p class="hint">{text::UPDATE_DIGEST}" "<code>{file.sha256}</code></p> })}
        <FaultLine fault=saving.fault/>
        <p class="save-line">
            <Show when=is(&["accepted"])><button type="button" class="small" disabled=busy on:click=step("apply")>{text::UPDATE_APPLY}</button></Show>
            <Show when=is(&["written"])><button type="button" class="small danger" disabled=busy on:click=step("restart")>{text::UPDATE_RESTART}</button></Show>
            <Show when=is(&["accepted", "refused", "failed", "written"])><button type="button" class="small" disabled=busy on:click=step("cancel")>{text::UPDATE_CANCEL}</button></Show>
        </p>
        <p class="hint">{text::UPDATE_HINT}</p>
    }
}

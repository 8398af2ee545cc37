//! When something is wrong: what somebody far away needs to see it, and the box as new.

use crate::api;
use crate::parts::backup::{Anew, Password, given};
use crate::parts::fault_line::FaultLine;
use crate::parts::saving::Saving;
use crate::text;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use wire::{FactoryReset, Restarting};

/// The section's content.
#[component]
pub(crate) fn SupportAndReset() -> impl IntoView {
    view! {
        <p class="hint">{text::SUPPORT_HINT}</p>
        <p><a class="button" href="/api/v1/support-bundle" download="forebay-support.tar.gz">{text::SUPPORT_DOWNLOAD}</a></p>
        <details class="publish"><summary>{text::RESET}</summary><Reset/></details>
    }
}

#[component]
fn Reset() -> impl IntoView {
    let [word, password] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let [recordings, whole_machine] = std::array::from_fn(|_| RwSignal::new(false));
    let (saving, restarting) = (Saving::new(), RwSignal::new(None::<Restarting>));
    let meant = move || word.with(|word| word.trim() == text::RESET_WORD);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !meant() {
            return;
        }
        let wanted = FactoryReset {
            password: given(password),
            recordings: recordings.get_untracked(),
            whole_machine: whole_machine.get_untracked(),
        };
        saving.run(async move { api::factory_reset(&wanted).await }, move |told| {
            restarting.set(Some(told.clone()));
        });
    };
    view! {
        <form novalidate on:submit=submit>
            <p class="hint">{text::RESET_HINT}</p>
            <label class="check"><input type="checkbox" name="recordings" bind:checked=recordings/>{text::RESET_RECORDINGS}</label>
            <label class="check"><input type="checkbox" name="machine" bind:checked=whole_machine/>{text::RESET_MACHINE}</label>
            <label>{text::RESET_TYPE}<input type="text" name="word" autocomplete="off" bind:value=word/></label>
            <Password password/>
            <FaultLine fault=saving.fault/>
            <p class="save-line"><button type="submit" class="small danger" disabled=move || saving.is_busy() || !meant()>{text::RESET_DO}</button></p>
        </form>
        <Anew restarting/>
    }
}

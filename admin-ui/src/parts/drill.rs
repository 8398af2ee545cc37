//! Something is made to go wrong, so that the operator has seen what happens before it does at night.

use crate::api;
use crate::parts::fault_line::FaultLine;
use crate::parts::saving::Saving;
use crate::{format, text};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use wire::{Drill, DrillFault, NewDrill};

/// What can be tried from the page: the flood needs clients of its own, which `forebay drill` brings.
const FAULTS: [DrillFault; 10] = [
    DrillFault::CutSource,
    DrillFault::KillWorker,
    DrillFault::HangWorker,
    DrillFault::ChangeSourceFormat,
    DrillFault::FullDisk,
    DrillFault::ClockStep,
    DrillFault::PanicIngest,
    DrillFault::PanicEncode,
    DrillFault::PanicPackage,
    DrillFault::PanicServe,
];

/// The section.
#[component]
pub(crate) fn DrillForm(slug: String) -> impl IntoView {
    let chosen = RwSignal::new("0".to_owned());
    let secs = RwSignal::new("10".to_owned());
    let (saving, begun) = (Saving::new(), RwSignal::new(None::<Drill>));
    let fault = move || {
        let at = chosen.with(|chosen| chosen.parse::<usize>().unwrap_or(0));
        FAULTS.get(at).copied().unwrap_or(DrillFault::CutSource)
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let new =
            NewDrill { fault: untrack(fault), secs: secs.with_untracked(|secs| secs.trim().parse().ok()) };
        let slug = slug.clone();
        begun.set(None);
        saving.run(async move { api::drill(&slug, &new).await }, move |drill| begun.set(Some(drill.clone())));
    };
    let options = FAULTS
        .iter()
        .enumerate()
        .map(|(at, fault)| view! { <option value=at.to_string()>{text::drill(*fault)}</option> });
    let told = move || begun.get().map(|drill| text::drill_runs(&format::time_of_day(drill.ends_ms)));
    view! {
        <details class="publish drill">
            <summary>{text::DRILLS}</summary>
            <form novalidate on:submit=submit>
                <p class="hint">{text::DRILLS_HINT}</p>
                <div class="user-fields">
                    <label>{text::DRILL_FAULT}<select name="drill-fault" bind:value=chosen>{options.collect_view()}</select></label>
                    <label>{text::DRILL_SECS}<input type="text" inputmode="numeric" name="drill-secs" bind:value=secs/></label>
                </div>
                <FaultLine fault=saving.fault/>
                <p class="save-line">
                    <button type="submit" class="small danger" disabled=move || saving.is_busy()>{text::DRILL_BEGIN}</button>
                    <span class="hint" role="status">{told}</span>
                </p>
            </form>
        </details>
    }
}

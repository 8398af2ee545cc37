//! The ladder: its rungs, what is wrong with them before the box is asked, and about what they cost.

use crate::api;
use crate::board::Heard;
use crate::dom;
use crate::ladder::{Fault as Wrong, PRESETS, RungText, checked, cores};
use crate::parts::saving::{SaveLine, Saving};
use crate::{format, text};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use wire::{Channel, Rung};

/// What the operator has entered so far, each rung with a number of its own.
#[derive(Clone, Copy)]
struct Draft {
    rungs: RwSignal<Vec<(u32, Fields)>>,
    next: RwSignal<u32>,
    saving: Saving,
}

#[derive(Clone, Copy)]
struct Fields {
    width: RwSignal<String>,
    height: RwSignal<String>,
    kbps: RwSignal<String>,
}

impl Fields {
    fn of(rung: &Rung) -> Self {
        let [width, height, kbps] = [rung.width, rung.height, rung.bitrate_bps / 1000];
        Self {
            width: RwSignal::new(width.to_string()),
            height: RwSignal::new(height.to_string()),
            kbps: RwSignal::new(kbps.to_string()),
        }
    }

    fn text(self) -> RungText {
        RungText { width: self.width.get(), height: self.height.get(), kbps: self.kbps.get() }
    }
}

impl Draft {
    fn show(self, ladder: &[Rung]) {
        self.rungs.set(Vec::new());
        ladder.iter().for_each(|rung| self.add(rung));
    }

    fn add(self, rung: &Rung) {
        let number = self.next.get_untracked();
        self.next.set(number + 1);
        self.rungs.update(|rungs| rungs.push((number, Fields::of(rung))));
    }

    fn checked(self) -> Result<Vec<Rung>, Wrong> {
        let texts: Vec<_> = self.rungs.with(|rungs| rungs.iter().map(|(_, fields)| fields.text()).collect());
        checked(&texts)
    }
}

/// The section.
#[component]
pub(crate) fn LadderEditor(slug: String, channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let draft = Draft { rungs: RwSignal::new(Vec::new()), next: RwSignal::new(0), saving: Saving::new() };
    let stored =
        move || channel.with_untracked(|heard| heard.as_ref().map(|heard| heard.said.ladder.clone()));
    let toggled = move |_| {
        draft.saving.forget();
        draft.show(&stored().unwrap_or_default());
    };
    let told = Memo::new(move |_| draft.checked());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Ok(ladder) = told.get_untracked() else { return };
        let slug = slug.clone();
        let call = async move { api::set_ladder(&slug, ladder).await };
        draft.saving.run(call, move |channel| draft.show(&channel.ladder));
    };
    let presets = PRESETS.map(|(name, rungs)| {
        let take = move |_| draft.show(&rungs());
        view! { <button type="button" class="small" on:click=take>{name}</button> }
    });
    let summary = move || {
        channel.with(|heard| heard.as_ref().map(|heard| text::ladder(&format::ladder(&heard.said.ladder))))
    };
    view! {
        <details class="publish ladder" on:toggle=toggled>
            <summary>{summary}</summary>
            <form novalidate on:submit=submit>
                <p class="presets" role="group" aria-label=text::PRESETS>{presets.collect_view()}</p>
                <Rungs draft/>
                <p class="hint" role="status">{move || match told.get() {
                    Ok(ladder) => text::ladder_cost(cores(&ladder)).into_any(),
                    Err(wrong) => view! { <span class="wrong">{text::ladder_wrong(&wrong)}</span> }.into_any(),
                }}</p>
                <p class="hint">{text::LADDER_CONSEQUENCE}</p>
                <SaveLine saving=draft.saving/>
            </form>
        </details>
    }
}

#[component]
fn Rungs(draft: Draft) -> impl IntoView {
    let add = move |_| {
        let last = draft.checked().ok().and_then(|ladder| ladder.last().cloned());
        draft.add(&last.unwrap_or(Rung { width: 640, height: 360, bitrate_bps: 700_000 }));
        dom::focus("add-rung");
    };
    let remove = move |number: u32| draft.rungs.update(|rungs| rungs.retain(|(of, _)| *of != number));
    let row = move |(number, fields): (u32, Fields)| {
        let place =
            move || draft.rungs.with(|rungs| rungs.iter().position(|(of, _)| *of == number).unwrap_or(0) + 1);
        let field = move |value: RwSignal<String>, name: &'static str, word: &'static str| {
            view! { <td><input type="text" inputmode="numeric" autocomplete="off" name=name aria-label=move || text::rung_field(place(), word) bind:value=value/></td> }
        };
        view! {
            <tr>
                <th scope="row">{place}</th>
                {field(fields.width, "rung-width", text::WIDTH)}
                {field(fields.height, "rung-height", text::HEIGHT)}
                {field(fields.kbps, "rung-kbps", text::KBPS)}
                <td><button type="button" class="small" aria-label=move || text::remove_rung(place()) on:click=move |_| remove(number)>{text::REMOVE}</button></td>
            </tr>
        }
    };
    view! {
        <table class="rungs">
            <thead><tr><th scope="col">{text::RUNG}</th><th scope="col">{text::WIDTH}</th><th scope="col">{text::HEIGHT}</th><th scope="col">{text::KBPS}</th><td></td></tr></thead>
            <tbody><For each=move || draft.rungs.get() key=|(number, _)| *number let:rung>{row(rung)}</For></tbody>
        </table>
        <p><button type="button" class="small" id="add-rung" on:click=add>{text::ADD_RUNG}</button></p>
    }
}

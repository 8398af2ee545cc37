//! The form for a new channel: a name, a source, go.

use crate::api::{self, Fault};
use crate::board::Board;
use crate::parts::fault_line::FaultLine;
use crate::parts::template_field::TemplateField;
use crate::route::{Route, Router};
use crate::{dom, text};
use leptos::ev::SubmitEvent;
use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{Latency, Source};

/// What a channel can take, in the order in which they are offered.
const SOURCES: [Source; 3] = [Source::Rtmp, Source::Srt, Source::TestPattern];

/// How far back viewers may seek, as offered here; the command line takes any length.
const DVR_SECS: [u32; 4] = [0, 30 * 60, 2 * 3600, 6 * 3600];

/// The body's member for the name, as a JSON pointer.
const NAME_FIELD: &str = "/name";

/// What the operator has entered so far.
#[derive(Clone, Copy)]
struct Draft {
    name: RwSignal<String>,
    source: RwSignal<Source>,
    low_latency: RwSignal<bool>,
    dvr_secs: RwSignal<String>,
    pass_through: RwSignal<bool>,
    start: RwSignal<bool>,
    template: RwSignal<String>,
    fault: RwSignal<Option<Fault>>,
    name_missing: RwSignal<bool>,
    busy: RwSignal<bool>,
}

impl Draft {
    fn new() -> Self {
        Self {
            name: RwSignal::new(String::new()),
            source: RwSignal::new(SOURCES[0]),
            low_latency: RwSignal::new(false),
            dvr_secs: RwSignal::new(DVR_SECS[0].to_string()),
            pass_through: RwSignal::new(false),
            start: RwSignal::new(true),
            template: RwSignal::new(String::new()),
            fault: RwSignal::new(None),
            name_missing: RwSignal::new(false),
            busy: RwSignal::new(false),
        }
    }

    fn clear(self) {
        self.name.set(String::new());
        self.source.set(SOURCES[0]);
        self.busy.set(false);
        self.low_latency.set(false);
        self.pass_through.set(false);
        self.dvr_secs.set(DVR_SECS[0].to_string());
        self.start.set(true);
        self.template.set(String::new());
        self.clear_faults();
    }

    fn clear_faults(self) {
        self.fault.set(None);
        self.name_missing.set(false);
    }

    /// What to send; `None` when the name is missing, which the form then says.
    fn finished(self) -> Option<wire::NewChannel> {
        let name = self.name.get_untracked().trim().to_owned();
        self.name_missing.set(name.is_empty());
        let (source, start) = (self.source.get_untracked(), self.start.get_untracked());
        let latency = if self.low_latency.get_untracked() { Latency::Low } else { Latency::Standard };
        let dvr_secs = self.dvr_secs.with_untracked(|chosen| chosen.parse().unwrap_or(DVR_SECS[0]));
        (!name.is_empty()).then_some(wire::NewChannel {
            name,
            source,
            ladder: None,
            latency,
            dvr_secs,
            pass_through: self.pass_through.get_untracked(),
            encoder: None,
            start,
            template: self.template.with_untracked(|id| (!id.is_empty()).then(|| id.clone())),
        })
    }

    /// What is wrong with the name, shown at the name.
    fn name_fault(self) -> Option<String> {
        let told = self
            .fault
            .with(|fault| Some(fault.as_ref().filter(|it| it.is_about(NAME_FIELD))?.detail().to_owned()));
        told.or_else(|| self.name_missing.get().then(|| text::NAME_MISSING.to_owned()))
    }

    /// All other faults, shown above the buttons.
    fn other_fault(self) -> Option<Fault> {
        self.fault.get().filter(|fault| !fault.is_about(NAME_FIELD))
    }
}

/// The button, and the form that it opens.
#[component]
pub(crate) fn NewChannel() -> impl IntoView {
    let (board, draft) = (Board::here(), Draft::new());
    let dialog: NodeRef<Dialog> = NodeRef::new();
    let open = move |_| {
        let Some(dialog) = dialog.get() else { return };
        // A name that is free, selected: whoever has a better one just types it.
        if draft.name.with_untracked(|name| name.trim().is_empty()) {
            let taken: Vec<String> = board.channels.with_untracked(|heard| {
                let names = heard.as_ref().map(|heard| heard.said.iter().map(|it| it.name.clone()).collect());
                names.unwrap_or_default()
            });
            draft.name.set(free_name(&taken));
        }
        // It fails only for a dialog that is open already, which is what was asked for.
        let _ = dialog.show_modal();
        dom::select("channel-name");
    };
    view! {
        <button type="button" class="primary" id="new-channel" on:click=open>{text::NEW_CHANNEL}</button>
        <NewChannelDialog dialog draft/>
    }
}

/// The first of “Channel 1”, “Channel 2” … that no channel has.
fn free_name(taken: &[String]) -> String {
    let is_free = |name: &String| !taken.iter().any(|known| known.eq_ignore_ascii_case(name));
    (1..=taken.len() + 1).map(text::nth_channel).find(is_free).unwrap_or_default()
}

/// The dialog. Escape closes it and keeps what was entered.
#[component]
fn NewChannelDialog(dialog: NodeRef<Dialog>, draft: Draft) -> impl IntoView {
    let (board, router) = (Board::here(), Router::here());
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        draft.fault.set(None);
        let Some(new) = draft.finished().filter(|_| !draft.busy.get_untracked()) else { return };
        draft.busy.set(true);
        spawn_local(async move {
            match api::create(&new).await {
                Ok(channel) => {
                    let slug = channel.slug.clone();
                    board.hear_channel(channel);
                    draft.clear();
                    close();
                    // Where to publish to, and the picture once it comes.
                    router.go(Route::Channel(slug));
                    return;
                }
                Err(told) => draft.fault.set(Some(told)),
            }
            draft.busy.set(false);
        });
    };
    view! {
        <dialog node_ref=dialog aria-labelledby="new-channel-title" on:close=move |_| draft.clear_faults()>
            <form novalidate on:submit=submit>
                <h2 id="new-channel-title">{text::NEW_CHANNEL}</h2>
                <NameField draft/>
                <SourceField draft/>
                <TemplateField chosen=draft.template/>
                <label class="check">
                    <input type="checkbox" name="low-latency" aria-describedby="low-latency-hint"
                        bind:checked=draft.low_latency/>
                    {text::LOW_LATENCY}
                </label>
                <p id="low-latency-hint" class="hint">{text::LOW_LATENCY_HINT}</p>
                <DvrField draft/>
                <label class="check">
                    <input type="checkbox" name="pass-through" aria-describedby="pass-through-hint"
                        bind:checked=draft.pass_through/>
                    {text::PASS_THROUGH}
                </label>
                <p id="pass-through-hint" class="hint">{text::PASS_THROUGH_HINT}</p>
                <label class="check">
                    <input type="checkbox" name="start" bind:checked=draft.start/>
                    {text::START_AT_ONCE}
                </label>
                <FaultLine fault=Signal::derive(move || draft.other_fault())/>
                <div class="dialog-actions">
                    <button type="button" on:click=move |_| close()>{text::CANCEL}</button>
                    <button type="submit" class="primary" disabled=draft.busy>
                        {move || if draft.busy.get() { text::CREATING } else { text::CREATE }}
                    </button>
                </div>
            </form>
        </dialog>
    }
}

#[component]
fn NameField(draft: Draft) -> impl IntoView {
    let wrong = Memo::new(move |_| draft.name_fault());
    view! {
        <div class="field">
            <label for="channel-name">{text::NAME}</label>
            <input id="channel-name" name="name" type="text" autocomplete="off" spellcheck="false" required autofocus
                aria-describedby="channel-name-hint" aria-invalid=move || wrong.get().is_some().to_string()
                bind:value=draft.name/>
            <p id="channel-name-hint" class="hint">
                {move || match wrong.get() {
                    Some(wrong) => view! { <span class="wrong">{wrong}</span> }.into_any(),
                    None => text::NAME_HINT.into_any(),
                }}
            </p>
        </div>
    }
}

#[component]
fn SourceField(draft: Draft) -> impl IntoView {
    let choice = move |source: Source| {
        view! {
            <label class="choice">
                <input type="radio" name="source" value=source_value(source)
                    prop:checked=move || draft.source.get() == source
                    on:change=move |_| draft.source.set(source)/>
                <span class="choice-name">{text::source(source)}</span>
                <span class="hint">{text::source_hint(source)}</span>
            </label>
        }
    };
    view! {
        <fieldset class="field">
            <legend>{text::SOURCE}</legend>
            {SOURCES.map(choice).into_iter().collect_view()}
        </fieldset>
    }
}

#[component]
fn DvrField(draft: Draft) -> impl IntoView {
    let option = |secs: u32| view! { <option value=secs.to_string()>{text::dvr(secs)}</option> };
    view! {
        <div class="field">
            <label for="channel-dvr">{text::DVR}</label>
            <select id="channel-dvr" name="dvr" aria-describedby="channel-dvr-hint" bind:value=draft.dvr_secs>
                {DVR_SECS.map(option).into_iter().collect_view()}
            </select>
            <p id="channel-dvr-hint" class="hint">{text::DVR_HINT}</p>
        </div>
    }
}

/// The value as in the API; also what tests choose by.
fn source_value(source: Source) -> &'static str {
    match source {
        Source::TestPattern => "test-pattern",
        Source::Rtmp => "rtmp",
        Source::Srt => "srt",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_is_offered_is_free() {
        let taken = ["channel 1", "Hall", "Channel 3"].map(str::to_owned);
        assert_eq!(free_name(&taken), "Channel 2");
        assert_eq!(free_name(&[]), "Channel 1");
    }
}

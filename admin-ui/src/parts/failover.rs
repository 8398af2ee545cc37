//! When another source takes over.

use crate::api::{self, Fault};
use crate::board::Heard;
use crate::parts::fault_line::FaultLine;
use crate::{format, text};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{Channel, Failover};

/// What the operator has entered so far: times as text in seconds, empty for never.
#[derive(Clone, Copy)]
struct Draft {
    times: [RwSignal<String>; 6],
    fault: RwSignal<Option<Fault>>,
    saved: RwSignal<bool>,
    busy: RwSignal<bool>,
}

impl Draft {
    fn new() -> Self {
        let times = std::array::from_fn(|_| RwSignal::new(String::new()));
        let (fault, saved, busy) = (RwSignal::new(None), RwSignal::new(false), RwSignal::new(false));
        Self { times, fault, saved, busy }
    }

    fn show(self, rules: &Failover) {
        let Failover { loss_ms, black_ms, frozen_ms, silence_ms, disorder_ms, return_after_ms } = *rules;
        let told = [Some(loss_ms), black_ms, frozen_ms, silence_ms, disorder_ms, return_after_ms];
        for (time, ms) in self.times.iter().zip(told) {
            time.try_set(ms.map(format::seconds).unwrap_or_default());
        }
    }

    fn finished(self) -> Failover {
        let [loss, black_ms, frozen_ms, silence_ms, disorder_ms, return_after_ms] =
            self.times.map(|time| time.with_untracked(|text| or_never(text)));
        let loss_ms = loss.unwrap_or(0);
        Failover { loss_ms, disorder_ms, black_ms, frozen_ms, silence_ms, return_after_ms }
    }
}

fn or_never(text: &str) -> Option<u32> {
    Some(text).filter(|text| !text.trim().is_empty()).map(format::millis)
}

/// The form of the rules.
#[component]
pub(crate) fn FailoverForm(slug: String, channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let draft = Draft::new();
    channel.with_untracked(|heard| heard.as_ref().map(|heard| draft.show(&heard.said.failover)));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let slug = slug.clone();
        draft.fault.set(None);
        draft.saved.set(false);
        draft.busy.set(true);
        spawn_local(async move {
            match api::set_failover(&slug, &draft.finished()).await {
                Ok(rules) => {
                    draft.show(&rules);
                    draft.saved.try_set(true);
                }
                Err(told) => drop(draft.fault.try_set(Some(told))),
            }
            draft.busy.try_set(false);
        });
    };
    let field = move |(label, name, time): (&'static str, &'static str, RwSignal<String>)| {
        view! { <label>{label}<input type="text" inputmode="decimal" autocomplete="off" name=name bind:value=time/></label> }
    };
    let fields = text::FAILOVER_FIELDS.into_iter().zip(draft.times);
    let fields = fields.map(|((label, name), time)| field((label, name, time))).collect_view();
    view! {
        <form class="failover" novalidate on:submit=submit>
            <p class="hint">{text::FAILOVER}</p>
            <div class="failover-fields">{fields}</div>
            <p class="hint">{text::FAILOVER_HINT}</p>
            <FaultLine fault=draft.fault/>
            <p class="slate-actions">
                <button type="submit" class="small" disabled=draft.busy>{text::SAVE}</button>
                <span class="hint" role="status">{move || draft.saved.get().then_some(text::SLATE_SAVED)}</span>
            </p>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_time_is_never() {
        assert_eq!([or_never(" "), or_never("2"), or_never("0.5")], [None, Some(2000), Some(500)]);
        assert_eq!(or_never("soon"), Some(u32::MAX), "the box refuses it");
    }
}

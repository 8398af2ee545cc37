//! When another source takes over.

use crate::api;
use crate::board::Heard;
use crate::parts::saving::{SaveLine, Saving};
use crate::{format, text};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use wire::{Channel, Failover};

/// What the operator has entered so far: times as text in seconds, empty for never.
#[derive(Clone, Copy)]
struct Draft {
    times: [RwSignal<String>; 6],
    saving: Saving,
}

impl Draft {
    fn new() -> Self {
        Self { times: std::array::from_fn(|_| RwSignal::new(String::new())), saving: Saving::new() }
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
        let call = async move { api::set_failover(&slug, &draft.finished()).await };
        draft.saving.run(call, move |rules| draft.show(rules));
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
            <SaveLine saving=draft.saving/>
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

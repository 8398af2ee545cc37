//! What encodes a channel, and the choice of something else.

use crate::api;
use crate::board::Heard;
use crate::parts::saving::{SaveLine, Saving};
use crate::text;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Channel;

/// The section.
#[component]
pub(crate) fn EncoderForm(slug: String, channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let stored =
        move || channel.with(|heard| heard.as_ref().map_or_else(String::new, |it| it.said.encoder.clone()));
    let (chosen, saving) = (RwSignal::new(untrack(stored)), Saving::new());
    let devices = RwSignal::new(Vec::<String>::new());
    let toggled = move |_| {
        saving.forget();
        spawn_local(async move {
            if let Ok(list) = api::devices().await {
                devices.try_set(list.devices.into_iter().map(|device| device.name).collect());
            }
            // Once there is an option for it.
            chosen.try_set(untrack(stored));
        });
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (slug, encoder) = (slug.clone(), chosen.get_untracked());
        saving.run(async move { api::set_encoder(&slug, encoder).await }, move |channel: &Channel| {
            chosen.set(channel.encoder.clone());
        });
    };
    let options = move || {
        let mut names = vec!["auto".to_owned(), "software".to_owned()];
        names.extend(devices.get());
        // One that is not there just now is still what was chosen.
        let stored = stored();
        if !names.contains(&stored) {
            names.push(stored);
        }
        names
            .into_iter()
            .map(|name| view! { <option value=name.clone()>{text::encoder(&name)}</option> })
            .collect_view()
    };
    let now = move || {
        channel.with(|heard| heard.as_ref().and_then(|it| it.said.encoding.as_ref().map(text::encoding)))
    };
    view! {
        <details class="publish encoder" on:toggle=toggled>
            <summary>{move || text::encoded_by(&text::encoder(&stored()))}</summary>
            <form novalidate on:submit=submit>
                <label>{text::ENCODER}<select name="encoder" bind:value=chosen>{options}</select></label>
                <p class="hint">{now}</p>
                <p class="hint">{text::ENCODER_CONSEQUENCE}</p>
                <SaveLine saving/>
            </form>
        </details>
    }
}

//! What a new channel is made of, with what that costs.

use crate::api;
use crate::text;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Template;

/// A field of a form; `chosen` is the template's id, empty for the default.
#[component]
pub(crate) fn TemplateField(chosen: RwSignal<String>) -> impl IntoView {
    let all: RwSignal<Vec<Template>> = RwSignal::new(Vec::new());
    spawn_local(async move {
        if let Ok(found) = api::templates().await {
            all.try_set(found);
        }
    });
    let effect = move || {
        let id = chosen.get();
        all.with(|all| {
            all.iter().find(|each| each.id == id).map(|each| text::template_effect(&each.what, &each.effect))
        })
    };
    let option = |each: Template| view! { <option value=each.id>{each.name}</option> };
    view! {
        <label>{text::TEMPLATE}
            <select name="template" aria-describedby="template-hint" bind:value=chosen>
                <option value="">{text::TEMPLATE_DEFAULT}</option>
                {move || all.get().into_iter().map(option).collect_view()}
            </select>
        </label>
        <p class="hint" id="template-hint">{effect}</p>
    }
}

//! Who may watch, addresses for those who may, and the code that puts the player into a page of another site.

use crate::api;
use crate::board::Heard;
use crate::parts::copy_button::CopyButton;
use crate::parts::fault_line::FaultLine;
use crate::parts::saving::{SaveLine, Saving};
use crate::text;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{Channel, Playback};

/// What the operator has entered so far.
#[derive(Clone, Copy)]
struct Draft {
    protected: RwSignal<bool>,
    origins: RwSignal<String>,
    saving: Saving,
}

impl Draft {
    fn show(self, rules: &Playback) {
        self.protected.try_set(rules.protected);
        self.origins.try_set(rules.allowed_origins.join(" "));
    }

    fn finished(self) -> Playback {
        let origins =
            self.origins.with_untracked(|text| text.split_whitespace().map(str::to_owned).collect());
        Playback { protected: self.protected.get_untracked(), renew_secret: false, allowed_origins: origins }
    }
}

/// The section.
#[component]
pub(crate) fn Protection(slug: String, channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let draft = Draft {
        protected: RwSignal::new(false),
        origins: RwSignal::new(String::new()),
        saving: Saving::new(),
    };
    let watch = Memo::new(move |_| {
        channel.with(|heard| heard.as_ref().map(|heard| heard.said.watch_url.clone())).unwrap_or_default()
    });
    let slug = StoredValue::new(slug);
    let toggled = move |_| {
        draft.saving.forget();
        spawn_local(async move {
            match api::playback(&slug.get_value()).await {
                Ok(rules) => draft.show(&rules),
                Err(told) => drop(draft.saving.fault.try_set(Some(told))),
            }
        });
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let call = async move { api::set_playback(&slug.get_value(), &draft.finished()).await };
        draft.saving.run(call, move |rules| draft.show(rules));
    };
    view! {
        <details class="publish protection" on:toggle=toggled>
            <summary>{text::VIEWING}</summary>
            <Addresses watch/>
            <form novalidate on:submit=submit>
                <label class="check"><input type="checkbox" name="protected" bind:checked=draft.protected/>{text::PROTECTED}</label>
                <p class="hint">{text::PROTECTED_HINT}</p>
                <label>{text::ORIGINS}<input type="text" name="origins" autocomplete="off" placeholder="https://www.example.org" bind:value=draft.origins/></label>
                <p class="hint">{text::ORIGINS_HINT}</p>
                <SaveLine saving=draft.saving/>
            </form>
            <Show when=move || draft.protected.get()><Tokens slug=slug.get_value()/></Show>
        </details>
    }
}

/// The watch page, the playlists, and the code to embed.
#[component]
fn Addresses(watch: Memo<String>) -> impl IntoView {
    let refused = RwSignal::new(false);
    let line = move |what: &'static str, make: fn(&str) -> String| {
        let fetch = move || std::future::ready(Some(watch.with_untracked(|watch| make(watch))));
        view! {
            <div class="address">
                <dt>{what}</dt>
                <dd><code>{move || watch.with(|watch| make(watch))}</code></dd>
                <dd><CopyButton what fetch refused=Callback::new(move |()| refused.set(true))/></dd>
            </div>
        }
    };
    view! {
        <dl>
            {line(text::WATCH_PAGE, str::to_owned)}
            {line(text::EMBED_CODE, text::embed_code)}
            {line("LL-HLS", |watch| live(watch, "master.m3u8"))}
            {line("LL-DASH", |watch| live(watch, "manifest.mpd"))}
            {line("HLS-TS", |watch| live(watch, "ts/master.m3u8"))}
        </dl>
        <p role="alert">{move || refused.get().then_some(text::COPY_REFUSED)}</p>
    }
}

/// A playlist of the channel whose watch page that is.
fn live(watch: &str, file: &str) -> String {
    format!("{}/{file}", watch.replacen("/watch/", "/live/", 1))
}

/// A fresh address for one viewer, or for many.
#[component]
fn Tokens(slug: String) -> impl IntoView {
    let (saving, made, refused) = (Saving::new(), RwSignal::new(String::new()), RwSignal::new(false));
    let make = move |_| {
        let slug = slug.clone();
        saving.run(async move { api::token(&slug).await }, move |token| made.set(token.watch_url.clone()));
    };
    let fetch = move || std::future::ready(Some(made.get_untracked()));
    view! {
        <p class="save-line">
            <button type="button" class="small" disabled=move || saving.is_busy() on:click=make>{text::MAKE_TOKEN}</button>
            <span class="hint">{text::MAKE_TOKEN_HINT}</span>
        </p>
        <FaultLine fault=saving.fault/>
        <Show when=move || !made.with(String::is_empty)>
            <p class="made" role="status"><code>{made}</code><CopyButton what=text::WATCH_PAGE fetch refused=Callback::new(move |()| refused.set(true))/></p>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn playlists_are_beside_the_watch_page() {
        assert_eq!(live("http://box/watch/hall", "master.m3u8"), "http://box/live/hall/master.m3u8");
    }
}

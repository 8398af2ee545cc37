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
use wire::{Channel, Playback, Tier};

/// What the operator has entered so far.
#[derive(Clone, Copy)]
struct Draft {
    protected: RwSignal<bool>,
    origins: RwSignal<String>,
    /// Names of tiers, parted by commas; empty for all.
    tiers: RwSignal<String>,
    saving: Saving,
}

impl Draft {
    fn show(self, rules: &Playback) {
        self.protected.try_set(rules.protected);
        self.origins.try_set(rules.allowed_origins.join(" "));
        self.tiers.try_set(key(&rules.tiers));
    }

    fn finished(self) -> Playback {
        let origins =
            self.origins.with_untracked(|text| text.split_whitespace().map(str::to_owned).collect());
        let chosen = self.tiers.get_untracked();
        let tiers = orders().into_iter().find(|order| key(order) == chosen).unwrap_or_default();
        let protected = self.protected.get_untracked();
        Playback { protected, renew_secret: false, allowed_origins: origins, tiers }
    }
}

/// The section.
#[component]
pub(crate) fn Protection(slug: String, channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let draft = Draft {
        protected: RwSignal::new(false),
        origins: RwSignal::new(String::new()),
        tiers: RwSignal::new(String::new()),
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
                <TierOrder tiers=draft.tiers/>
                <SaveLine saving=draft.saving/>
            </form>
            <Show when=move || draft.protected.get()><Tokens slug=slug.get_value()/></Show>
        </details>
    }
}

/// Which deliveries the watch page plays, and in which order.
#[component]
fn TierOrder(tiers: RwSignal<String>) -> impl IntoView {
    let option = |order: Vec<Tier>| view! { <option value=key(&order)>{text::tier_order(&order)}</option> };
    view! {
        <label>{text::TIER_ORDER}
            <select name="tiers" aria-describedby="tiers-hint" bind:value=tiers>{orders().into_iter().map(option).collect_view()}</select>
        </label>
        <p class="hint" id="tiers-hint">{text::TIER_ORDER_HINT}</p>
    }
}

/// As a choice is told from others.
fn key(order: &[Tier]) -> String {
    order.iter().map(|tier| tier.id()).collect::<Vec<_>>().join(",")
}

/// All that can be chosen: none, which is all of them as they come, then longer orders first.
fn orders() -> Vec<Vec<Tier>> {
    let mut all = vec![Vec::new()];
    let longer = |orders: &[Vec<Tier>]| -> Vec<Vec<Tier>> {
        let more = |order: &Vec<Tier>| {
            let left = Tier::ALL.into_iter().filter(|tier| !order.contains(tier)).collect::<Vec<_>>();
            left.into_iter().map(|tier| [order.clone(), vec![tier]].concat()).collect::<Vec<_>>()
        };
        orders.iter().flat_map(more).collect()
    };
    let ones = longer(&[Vec::new()]);
    let twos = longer(&ones);
    all.extend(longer(&twos).into_iter().filter(|order| order[..] != Tier::ALL));
    all.extend(twos);
    all.extend(ones);
    all
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
    fn every_order_of_tiers_can_be_chosen_once() {
        let keys: Vec<String> = orders().iter().map(|order| key(order)).collect();
        assert_eq!((keys.len(), keys[0].as_str(), keys[1].as_str()), (15, "", "lldash,ts,llhls"));
        assert!((1..keys.len()).all(|at| !keys[..at].contains(&keys[at])));
    }

    #[test]
    fn playlists_are_beside_the_watch_page() {
        assert_eq!(live("http://box/watch/hall", "master.m3u8"), "http://box/live/hall/master.m3u8");
    }
}

//! The channel's sources: which one is on air, back-ups and their addresses, and when one takes over.

use crate::api::{self, Fault};
use crate::board::Heard;
use crate::parts::copy_button::CopyButton;
use crate::parts::failover::FailoverForm;
use crate::parts::fault_line::FaultLine;
use crate::parts::signal_path::light_name;
use crate::parts::undo::Undo;
use crate::text;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{Channel, Light, Source, SourceStatus, StreamKey};

/// What the section's parts share.
#[derive(Clone, Copy)]
struct Section {
    slug: StoredValue<String>,
    fault: RwSignal<Option<Fault>>,
    busy: RwSignal<bool>,
    /// The back-up whose address is shown, and that address.
    shown: RwSignal<Option<(u8, StreamKey)>>,
}

impl Section {
    /// Makes a call, and shows why it was refused if it was.
    fn call<T>(
        self,
        call: impl AsyncFnOnce(String) -> Result<T, Fault> + 'static,
        then: impl FnOnce(T) + 'static,
    ) {
        let Some(slug) = self.slug.try_get_value() else { return };
        self.fault.set(None);
        self.busy.set(true);
        spawn_local(async move {
            match call(slug).await {
                Ok(told) => then(told),
                Err(told) => drop(self.fault.try_set(Some(told))),
            }
            self.busy.try_set(false);
        });
    }

    fn show_key(self, number: u8) {
        if self.shown.with_untracked(|shown| shown.as_ref().is_some_and(|(of, _)| *of == number)) {
            return self.shown.set(None);
        }
        self.call(
            async move |slug| api::source_key(&slug, number).await,
            move |key| {
                self.shown.try_set(Some((number, key)));
            },
        );
    }
}

/// The section; nothing for a channel that makes its own picture.
#[component]
pub(crate) fn Sources(slug: String, channel: Memo<Option<Heard<Channel>>>) -> impl IntoView {
    let section = Section {
        slug: StoredValue::new(slug),
        fault: RwSignal::new(None),
        busy: RwSignal::new(false),
        shown: RwSignal::new(None),
    };
    let sources = Memo::new(move |_| {
        channel.with(|heard| heard.as_ref().map_or_else(Vec::new, |heard| heard.said.sources.clone()))
    });
    let has_backup = Memo::new(move |_| sources.with(|sources| sources.len() > 1));
    let heading = move || text::backups(sources.with(|sources| sources.len().saturating_sub(1)));
    view! {
        <Show when=move || !sources.with(Vec::is_empty)>
            <details class="publish sources" on:toggle=move |_| section.shown.set(None)>
                <summary>{heading}</summary>
                <ul class="source-list">
                    <For each=move || sources.get() key=SourceStatus::clone let:source>
                        <OneSource source section/>
                    </For>
                </ul>
                <AddBackup section/>
                <FaultLine fault=section.fault/>
                <Show when=move || has_backup.get()><FailoverForm slug=section.slug.get_value() channel/></Show>
            </details>
        </Show>
    }
}

#[component]
fn OneSource(source: SourceStatus, section: Section) -> impl IntoView {
    let SourceStatus { number, source, on_air, light, detail } = source;
    let can_take = !on_air && matches!(light, Light::Good | Light::Degraded);
    let take = move |_| section.call(async move |slug| api::take(&slug, number).await, drop);
    let undo = Undo::here();
    let remove = move |_| {
        let gone = move |id| undo.offer(id, text::source_name(number), || ());
        section.call(async move |slug| api::remove_source(&slug, number).await, gone);
    };
    let key = move || section.shown.with(|shown| shown.clone().filter(|(of, _)| *of == number));
    let word = move || if key().is_some() { text::HIDE_ADDRESS } else { text::SHOW_ADDRESS };
    view! {
        <li class="source" data-source=number.to_string()>
            <p>
                <span class="light" data-light=light_name(light) aria-hidden="true"></span>
                <strong>{text::source_name(number)}</strong>" "{text::source(source)}
                {on_air.then(|| view! { " "<span class="on-air">{text::ON_AIR}</span> })}
                <span class="source-detail">{detail}</span>
            </p>
            <div class="source-actions">
                {can_take.then(|| view! {
                    <button type="button" class="small" disabled=section.busy on:click=take>{text::TAKE}</button>
                })}
                {(number > 0).then(|| view! {
                    <button type="button" class="small" disabled=section.busy on:click=move |_| section.show_key(number)>{word}</button>
                    <button type="button" class="small" disabled=section.busy on:click=remove>{text::REMOVE}</button>
                })}
            </div>
            {move || key().map(|(_, key)| view! { <Addresses key/> })}
        </li>
    }
}

#[component]
fn Addresses(key: StreamKey) -> impl IntoView {
    let refused = RwSignal::new(false);
    let one = move |url: String| {
        let (what, copied) = (text::address(&url), url.clone());
        let fetch = move || std::future::ready(Some(copied.clone()));
        view! {
            <div class="address">
                <dt>{what}</dt>
                <dd><code>{url}</code></dd>
                <dd><CopyButton what fetch refused=Callback::new(move |()| refused.set(true))/></dd>
            </div>
        }
    };
    view! {
        <dl>{key.publish_urls.into_iter().map(one).collect_view()}</dl>
        <p class="hint">{text::KEY_WARNING}</p>
        <p role="alert">{move || refused.get().then_some(text::COPY_REFUSED)}</p>
    }
}

#[component]
fn AddBackup(section: Section) -> impl IntoView {
    let add = move |source: Source| {
        section.call(
            async move |slug| api::add_backup(&slug, source).await,
            move |backup| {
                let wire::Backup { number, stream_key, publish_urls } = backup;
                section.shown.try_set(Some((number, StreamKey { stream_key, publish_urls })));
            },
        );
    };
    let button = move |source: Source| {
        view! {
            <button type="button" class="small" disabled=section.busy on:click=move |_| add(source)>
                {text::add_backup(source)}
            </button>
        }
    };
    view! { <p class="source-add">{button(Source::Srt)}{button(Source::Rtmp)}</p> }
}

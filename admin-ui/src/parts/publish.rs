//! Where publishers send to. The key is fetched only when the operator asks to see or copy it, and forgotten when hidden.

use crate::api::{self, Fault};
use crate::board::Heard;
use crate::parts::copy_button::CopyButton;
use crate::parts::fault_line::FaultLine;
use crate::parts::qr::Qr;
use crate::{format, text};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{Channel, StreamKey};

/// One line: what it is, and a text in which the key's place is marked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Line {
    what: &'static str,
    template: String,
}

impl Line {
    fn filled(&self, key: &str) -> String {
        self.template.replace(text::KEY_PLACEHOLDER, key)
    }

    /// A whole address: what an encoder on a phone takes by its camera.
    fn is_address(&self) -> bool {
        self.has_key() && self.template.contains("://") && !self.template.contains(char::is_whitespace)
    }

    fn has_key(&self) -> bool {
        self.template.contains(text::KEY_PLACEHOLDER)
    }
}

/// All lines: server and key apart, as OBS asks for them, then whole addresses.
fn lines(publish_urls: &[String]) -> Vec<Line> {
    let servers = publish_urls.iter().filter_map(|url| format::obs_server(url));
    let servers = servers.map(|server| Line { what: text::OBS_SERVER, template: server.to_owned() });
    let key = publish_urls
        .iter()
        .take(1)
        .map(|_| Line { what: text::STREAM_KEY, template: text::KEY_PLACEHOLDER.into() });
    let addresses = publish_urls.iter().map(|url| Line { what: text::address(url), template: url.clone() });
    let command = |url: &String| Some(Line { what: text::FFMPEG, template: format::ffmpeg(url)? });
    let commands = publish_urls.iter().filter_map(command);
    servers.chain(key).chain(addresses).chain(commands).collect()
}

/// What the section's parts share.
#[derive(Clone, Copy)]
struct Secret {
    slug: StoredValue<String>,
    shown: RwSignal<Option<StreamKey>>,
    fault: RwSignal<Option<Fault>>,
    copy_refused: RwSignal<bool>,
}

impl Secret {
    /// The key as shown, else as fetched for this once. `None` when the box refuses, which the section then says.
    async fn key(self) -> Option<StreamKey> {
        if let Some(shown) = self.shown.get_untracked() {
            return Some(shown);
        }
        let slug = self.slug.try_get_value()?;
        let told = api::stream_key(&slug).await;
        self.fault.try_set(told.as_ref().err().cloned());
        told.ok()
    }

    fn toggle(self) {
        if self.shown.with_untracked(Option::is_some) {
            self.shown.set(None);
            return;
        }
        spawn_local(async move {
            let key = self.key().await;
            self.shown.try_set(key);
        });
    }

    fn forget(self) {
        self.shown.set(None);
        self.fault.set(None);
        self.copy_refused.set(false);
    }
}

/// The section; nothing for a channel that makes its own picture.
#[component]
pub(crate) fn Publish(slug: String, channel: Memo<Option<Heard<Channel>>>, open: bool) -> impl IntoView {
    let lines = Memo::new(move |_| {
        channel.with(|heard| heard.as_ref().map_or_else(Vec::new, |it| lines(&it.said.publish_urls)))
    });
    let secret = Secret {
        slug: StoredValue::new(slug),
        shown: RwSignal::new(None),
        fault: RwSignal::new(None),
        copy_refused: RwSignal::new(false),
    };
    view! {
        <Show when=move || !lines.with(Vec::is_empty)>
            <details class="publish" open=open on:toggle=move |_| secret.forget()>
                <summary>{text::PUBLISH}</summary>
                <dl>
                    <For each=move || lines.get() key=Line::clone let:line><PublishLine line secret/></For>
                </dl>
                <p class="hint obs">{text::OBS_SETTINGS}</p>
                <KeySwitch secret/>
                <FaultLine fault=secret.fault/>
                <p role="alert">{move || secret.copy_refused.get().then_some(text::COPY_REFUSED)}</p>
            </details>
        </Show>
    }
}

#[component]
fn KeySwitch(secret: Secret) -> impl IntoView {
    let is_shown = move || secret.shown.with(Option::is_some);
    let word = move || if is_shown() { text::HIDE_KEY } else { text::SHOW_KEY };
    view! {
        <p class="key-switch">
            <button type="button" class="small" aria-pressed=move || is_shown().to_string() on:click=move |_| secret.toggle()>{word}</button>
            <span class="hint">{text::KEY_WARNING}</span>
        </p>
    }
}

#[component]
fn PublishLine(line: Line, secret: Secret) -> impl IntoView {
    let line = StoredValue::new(line);
    let shown = move || {
        let key = secret
            .shown
            .with(|key| key.as_ref().map_or_else(|| text::KEY_MASK.to_owned(), |it| it.stream_key.clone()));
        line.with_value(|line| line.filled(&key))
    };
    let fetch = move || async move {
        let line = line.try_get_value()?;
        match line.has_key() {
            true => secret.key().await.map(|key| line.filled(&key.stream_key)),
            false => Some(line.template),
        }
    };
    let what = line.with_value(|line| line.what);
    let refused = Callback::new(move |()| secret.copy_refused.set(true));
    let code = move || {
        let secret = secret.shown.with(|key| key.as_ref().map(|it| it.stream_key.clone()))?;
        let address = line.with_value(|line| line.is_address().then(|| line.filled(&secret)))?;
        Some(
            view! { <dd class="code"><Qr text=address what=format!("{}: {what}", text::PUBLISH_QR_OF)/></dd> },
        )
    };
    view! {
        <div class="address">
            <dt>{what}</dt>
            <dd><code>{shown}</code></dd>
            <dd><CopyButton what fetch refused/></dd>
            {code}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(urls: &[&str], key: &str) -> Vec<String> {
        let urls: Vec<_> = urls.iter().map(ToString::to_string).collect();
        // Each address has its command as well.
        let lines = lines(&urls).into_iter().filter(|line| {
            let command = line.what == text::FFMPEG;
            assert!(!command || urls.iter().any(|url| line.template.ends_with(&format!("'{url}'"))));
            !command
        });
        lines.map(|line| format!("{}: {}", line.what, line.filled(key))).collect()
    }

    #[test]
    fn rtmp_is_also_told_as_obs_asks_for_it() {
        assert_eq!(
            told(&["rtmp://box:1935/live/STREAM_KEY"], "k"),
            ["Server (OBS): rtmp://box:1935/live", "Stream key: k", "RTMP address: rtmp://box:1935/live/k"]
        );
    }

    #[test]
    fn whole_addresses_are_for_cameras() {
        let urls =
            ["rtmp://box:1935/live/STREAM_KEY", "srt://box:9000?streamid=STREAM_KEY"].map(str::to_owned);
        let codes: Vec<_> =
            lines(&urls).into_iter().filter(Line::is_address).map(|line| line.template).collect();
        assert_eq!(codes, urls, "neither the key alone, nor a command");
    }

    #[test]
    fn srt_is_an_address_and_a_test_pattern_has_none() {
        assert_eq!(
            told(&["srt://box:9000?streamid=STREAM_KEY"], "k"),
            ["Stream key: k", "SRT address: srt://box:9000?streamid=k"]
        );
        assert!(told(&[], "k").is_empty());
    }
}

//! By which certificate the box is known, how devices come to trust it, and another one in its place.

use crate::api::{self, Fault};
use crate::me::Me;
use crate::parts::fault_line::FaultLine;
use crate::parts::saving::Saving;
use crate::text;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{NewCertificate, TlsStatus};

/// The section.
#[component]
pub(crate) fn Certificate() -> impl IntoView {
    let (status, fault) = (RwSignal::new(None::<TlsStatus>), RwSignal::new(None::<Fault>));
    spawn_local(async move {
        match api::tls().await {
            Ok(told) => drop(status.try_set(Some(told))),
            Err(told) => drop(fault.try_set(Some(told))),
        }
    });
    let may = Me::here().may_manage();
    view! {
        <FaultLine fault/>
        {move || status.get().map(|status| view! { <Facts status/> })}
        <p class="buttons">
            <a class="button small" href="/tls/ca.crt" download>{text::CA_DOWNLOAD}</a>
            <a class="button small" href="/tls/forebay.mobileconfig">{text::CA_PROFILE}</a>
            <a class="button small" href="/trust" target="_blank" rel="noopener">{text::CA_HOW}<span class="off-screen">" "{text::OPENS_NEW_TAB}</span></a>
        </p>
        {may.then(|| view! { <Upload status/> })}
    }
}

#[component]
fn Facts(status: TlsStatus) -> impl IntoView {
    let kind = if status.uploaded { text::CERTIFICATE_YOURS } else { text::CERTIFICATE_OURS };
    let pairs = |hex: &str| {
        hex.to_uppercase().as_bytes().chunks(2).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
    };
    view! {
        {status.warning.map(|warning| view! { <p class="fault">{warning}</p> })}
        <dl class="pairs">
            <dt>{text::CERTIFICATE}</dt><dd>{kind}</dd>
            <dt>{text::CERTIFICATE_NAMES}</dt><dd>{status.names.join(", ")}</dd>
            <dt>{text::CERTIFICATE_UNTIL}</dt><dd>{status.not_after}</dd>
            <dt>{text::FINGERPRINT}</dt><dd><code>{pairs(&status.fingerprint_sha256)}</code></dd>
            <dt>{text::CA_FINGERPRINT}</dt><dd><code>{pairs(&status.authority_sha256)}</code></dd>
        </dl>
    }
}

#[component]
fn Upload(status: RwSignal<Option<TlsStatus>>) -> impl IntoView {
    let [chain, key] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let saving = Saving::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let new = NewCertificate { chain_pem: chain.get_untracked(), key_pem: key.get_untracked() };
        saving.run(async move { api::set_tls(&new).await }, move |told| {
            key.set(String::new());
            status.set(Some(told.clone()));
        });
    };
    let reset =
        move |_| saving.run(async { api::reset_tls().await }, move |told| status.set(Some(told.clone())));
    let is_yours = move || status.with(|status| status.as_ref().is_some_and(|status| status.uploaded));
    view! {
        <details class="publish">
            <summary>{text::UPLOAD}</summary>
            <form novalidate on:submit=submit>
                <label>{text::CHAIN}<textarea name="chain" rows="4" spellcheck="false" bind:value=chain></textarea></label>
                <label>{text::PRIVATE_KEY}<textarea name="key" rows="4" spellcheck="false" autocomplete="off" bind:value=key></textarea></label>
                <p class="hint">{text::UPLOAD_HINT}</p>
                <FaultLine fault=saving.fault/>
                <p class="save-line">
                    <button type="submit" class="small" disabled=move || saving.is_busy()>{text::UPLOAD_BUTTON}</button>
                    <Show when=is_yours><button type="button" class="small" on:click=reset>{text::UPLOAD_RESET}</button></Show>
                </p>
            </form>
        </details>
    }
}

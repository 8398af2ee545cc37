//! One's own second step of signing in: set up with an authenticator app, confirmed by a code, taken off.

use crate::api;
use crate::parts::backup::{Password, given};
use crate::parts::copy_button::CopyButton;
use crate::parts::fault_line::FaultLine;
use crate::parts::qr::Qr;
use crate::parts::saving::Saving;
use crate::text;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{Confirmation, NewTotp, TotpCode, TotpState};

/// What the section's parts share.
#[derive(Clone, Copy)]
struct Step {
    name: StoredValue<String>,
    state: RwSignal<Option<TotpState>>,
    /// While it is set up; forgotten as soon as it is.
    offered: RwSignal<Option<NewTotp>>,
    /// Shown this once.
    recovery: RwSignal<Vec<String>>,
    password: RwSignal<String>,
    saving: Saving,
}

impl Step {
    fn fetch(self) {
        spawn_local(async move {
            let Some(name) = self.name.try_get_value() else { return };
            if let Ok(state) = api::totp(&name).await {
                self.state.try_set(Some(state));
            }
        });
    }

    /// The password that was typed, which is not kept.
    fn confirmation(self) -> Confirmation {
        let password = given(self.password);
        self.password.set(String::new());
        Confirmation { password }
    }

    fn is_on(self) -> bool {
        self.state.with(|state| state.is_some_and(|state| state.enabled))
    }
}

/// The section, for somebody who has signed in.
#[component]
pub(crate) fn SecondStep(name: String) -> impl IntoView {
    let step = Step {
        name: StoredValue::new(name),
        state: RwSignal::new(None),
        offered: RwSignal::new(None),
        recovery: RwSignal::new(Vec::new()),
        password: RwSignal::new(String::new()),
        saving: Saving::new(),
    };
    step.fetch();
    let off = move |_| {
        let (name, by) = (step.name.get_value(), step.confirmation());
        step.recovery.set(Vec::new());
        step.saving.run(async move { api::remove_totp(&name, &by).await }, move |()| step.fetch());
    };
    let renew = move |_| {
        let (name, by) = (step.name.get_value(), step.confirmation());
        step.recovery.set(Vec::new());
        step.saving.run(async move { api::renew_recovery(&name, &by).await }, move |codes| {
            step.recovery.set(codes.recovery_codes.clone());
            step.fetch();
        });
    };
    let set_up = move |_| {
        let (name, by) = (step.name.get_value(), step.confirmation());
        step.saving.run(async move { api::offer_totp(&name, &by).await }, move |offered| {
            step.offered.set(Some(offered.clone()));
        });
    };
    let left = move || step.state.with(|state| state.map_or(0, |state| state.recovery_codes_left));
    let is_asked = move || step.state.with(Option::is_some) && !step.is_on();
    let may_begin = move || is_asked() && step.offered.with(Option::is_none);
    view! {
        <div class="second-step">
            <Show when=move || step.is_on()>
                <p role="status">{move || text::second_step_on(left())}</p>
                <Recovery step/>
                <div class="user-fields"><Password password=step.password/></div>
                <p class="save-line">
                    <button type="button" class="small" disabled=move || step.saving.is_busy() on:click=renew>{text::RECOVERY_CODES_RENEW}</button>
                    <button type="button" class="small danger" disabled=move || step.saving.is_busy() on:click=off>{text::SECOND_STEP_OFF}</button>
                </p>
            </Show>
            <Show when=may_begin>
                <p class="hint">{text::SECOND_STEP_HINT}</p>
                <div class="user-fields"><Password password=step.password/></div>
                <p class="save-line"><button type="button" class="small" disabled=move || step.saving.is_busy() on:click=set_up>{text::SECOND_STEP_SET_UP}</button></p>
            </Show>
            {move || step.offered.get().map(|offered| view! { <Offered offered step/> })}
            <FaultLine fault=step.saving.fault/>
        </div>
    }
}

/// What the app is told, and the field for its first code.
#[component]
fn Offered(offered: NewTotp, step: Step) -> impl IntoView {
    let code = RwSignal::new(String::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (name, wanted) = (step.name.get_value(), TotpCode { code: code.get_untracked() });
        step.saving.run(async move { api::confirm_totp(&name, &wanted).await }, move |codes| {
            step.recovery.set(codes.recovery_codes.clone());
            step.offered.set(None);
            step.fetch();
        });
    };
    let NewTotp { secret, uri } = offered;
    view! {
        <ol>
            <li>{text::SECOND_STEP_SCAN}
                <Qr text=uri what=text::SECOND_STEP_QR/>
                <p class="hint">{text::SECOND_STEP_TYPE}" "<code class="secret">{secret.clone()}</code>" "<Copied what=text::SECOND_STEP_SECRET content=secret/></p>
            </li>
            <li>
                <form novalidate on:submit=submit>
                    <label>{text::SECOND_STEP_CODE}<input type="text" name="first-code" inputmode="numeric" autocomplete="one-time-code" bind:value=code/></label>
                    <p class="save-line"><button type="submit" class="small" disabled=move || step.saving.is_busy()>{text::SECOND_STEP_CONFIRM}</button></p>
                </form>
            </li>
        </ol>
    }
}

/// The recovery codes, this once.
#[component]
fn Recovery(step: Step) -> impl IntoView {
    let shown = move || step.recovery.with(|codes| (!codes.is_empty()).then(|| codes.clone()));
    move || {
        shown().map(|codes| {
            let all = codes.join("\n");
            let lines = codes.into_iter().map(|code| view! { <li><code>{code}</code></li> }).collect_view();
            view! {
                <p>{text::RECOVERY_CODES_HINT}" "<Copied what=text::RECOVERY_CODES content=all/></p>
                <ul class="recovery" aria-label=text::RECOVERY_CODES>{lines}</ul>
            }
        })
    }
}

#[component]
fn Copied(what: &'static str, content: String) -> impl IntoView {
    let fault = RwSignal::new(false);
    let fetch = move || std::future::ready(Some(content.clone()));
    view! {
        <CopyButton what fetch refused=Callback::new(move |()| fault.set(true))/>
        <Show when=move || fault.get()><span class="hint" role="alert">{text::COPY_REFUSED}</span></Show>
    }
}

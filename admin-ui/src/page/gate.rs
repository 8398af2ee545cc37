//! What stands before the pages: claim, sign in, or the way to an encrypted connection.

use crate::api;
use crate::dom;
use crate::parts::fault_line::FaultLine;
use crate::parts::saving::Saving;
use crate::text;
use leptos::either::Either;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use wire::{NewClaim, NewSession, SessionState};

/// What stands before the pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Not known yet.
    Asking,
    /// Nothing.
    Open(SessionState),
    /// Nobody has claimed the box.
    Claim,
    /// Somebody has.
    SignIn,
    /// Passwords must not go over this connection.
    Insecure(u16),
}

impl Access {
    /// What follows from how we stand to the box.
    pub(crate) fn of(state: &SessionState) -> Self {
        match state {
            state if state.trusted || state.user.is_some() => Self::Open(state.clone()),
            SessionState { secure: false, https_port, .. } => Self::Insecure(*https_port),
            SessionState { claimed: false, .. } => Self::Claim,
            SessionState { .. } => Self::SignIn,
        }
    }
}

/// The page for whoever is not let in.
pub(crate) fn gate(access: &Access) -> impl IntoView + use<> {
    let form = match access {
        Access::Claim => Either::Left(Either::Left(view! { <ClaimForm/> })),
        Access::SignIn => Either::Left(Either::Right(view! { <SignInForm/> })),
        Access::Insecure(port) => Either::Right(Either::Left(view! { <Insecure port=*port/> })),
        Access::Asking | Access::Open(_) => {
            Either::Right(Either::Right(view! { <p class="quiet">{text::ASKING}</p> }))
        }
    };
    view! { <main class="gate"><p class="brand"><span class="mark" aria-hidden="true"></span>{text::PRODUCT}</p>{form}</main> }
}

/// Makes the first administrator.
#[component]
pub(crate) fn ClaimForm() -> impl IntoView {
    let [code, name, password] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let saving = Saving::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let claim = NewClaim {
            code: code.get_untracked(),
            name: name.get_untracked(),
            password: password.get_untracked(),
        };
        saving.run(async move { api::claim(&claim).await }, |_| dom::reload());
    };
    view! {
        <h1>{text::CLAIM}</h1>
        <p class="hint">{text::CLAIM_HINT}</p>
        <form novalidate on:submit=submit>
            <label>{text::CLAIM_CODE}<input type="text" name="code" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" autofocus bind:value=code/></label>
            <label>{text::YOUR_NAME}<input type="text" name="name" autocomplete="username" bind:value=name/></label>
            <label>{text::NEW_PASSWORD}<input type="password" name="password" autocomplete="new-password" bind:value=password/></label>
            <p class="hint">{text::NEW_PASSWORD_HINT}</p>
            <FaultLine fault=saving.fault/>
            <button type="submit" class="primary" disabled=move || saving.is_busy()>{text::CLAIM_BUTTON}</button>
        </form>
    }
}

#[component]
fn SignInForm() -> impl IntoView {
    let [name, password, code] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let saving = Saving::new();
    let second_step = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let code = second_step.get_untracked().then(|| code.get_untracked());
        let who = NewSession { name: name.get_untracked(), password: password.get_untracked(), code };
        saving.run(async move { api::sign_in(&who).await }, |_| dom::reload());
    };
    // Asked for once the password was right.
    Effect::new(move |_| {
        let is_asked = saving.fault.with(|fault| fault.as_ref().is_some_and(|fault| fault.is_about("/code")));
        if is_asked && !second_step.get_untracked() {
            second_step.set(true);
            saving.forget();
        }
    });
    let field: NodeRef<leptos::html::Input> = NodeRef::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            // A browser refuses only for an element that cannot have the focus.
            let _ = field.focus();
        }
    });
    view! {
        <h1>{text::SIGN_IN}</h1>
        <form novalidate on:submit=submit>
            <label>{text::NAME}<input type="text" name="name" autocomplete="username" autofocus bind:value=name/></label>
            <label>{text::PASSWORD}<input type="password" name="password" autocomplete="current-password" bind:value=password/></label>
            <Show when=move || second_step.get()>
                <label>{text::CODE}<input type="text" name="code" node_ref=field autocomplete="one-time-code" spellcheck="false" bind:value=code/></label>
                <p class="hint">{text::CODE_HINT}</p>
            </Show>
            <FaultLine fault=saving.fault/>
            <button type="submit" class="primary" disabled=move || saving.is_busy()>{text::SIGN_IN}</button>
        </form>
        <p class="hint">{text::SIGN_IN_HINT}</p>
    }
}

#[component]
fn Insecure(port: u16) -> impl IntoView {
    let address = dom::https_address(port);
    view! {
        <h1>{text::INSECURE}</h1>
        <p>{text::INSECURE_HINT}</p>
        <p><a class="button primary" href=address.clone()>{address.clone()}</a></p>
        <p class="hint"><a href="/trust">{text::INSECURE_TRUST}</a></p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::{Role, User};

    #[test]
    fn what_stands_before_the_pages() {
        let nobody =
            SessionState { claimed: true, user: None, trusted: false, secure: true, https_port: 8443 };
        let ada = User { name: "Ada".into(), role: Role::Viewer };
        assert_eq!(Access::of(&nobody), Access::SignIn);
        assert_eq!(Access::of(&SessionState { claimed: false, ..nobody.clone() }), Access::Claim);
        assert_eq!(Access::of(&SessionState { secure: false, ..nobody.clone() }), Access::Insecure(8443));
        assert!(matches!(Access::of(&SessionState { user: Some(ada), ..nobody.clone() }), Access::Open(_)));
        assert!(matches!(
            Access::of(&SessionState { trusted: true, claimed: false, ..nobody }),
            Access::Open(_)
        ));
    }
}

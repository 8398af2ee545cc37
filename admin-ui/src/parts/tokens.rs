//! Tokens for scripts: one's own, or all for administrators.

use crate::api;
use crate::parts::copy_button::CopyButton;
use crate::parts::fault_line::FaultLine;
use crate::parts::saving::Saving;
use crate::parts::undo::Undo;
use crate::{format, text};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{ApiToken, NewApiToken, Role, Scope};

/// The section, for somebody who has signed in.
#[component]
pub(crate) fn Tokens(role: Role) -> impl IntoView {
    let (tokens, made) = (RwSignal::new(Vec::<ApiToken>::new()), RwSignal::new(None::<String>));
    let removing = Saving::new();
    let fetch = move || {
        spawn_local(async move {
            if let Ok(found) = api::tokens().await {
                tokens.try_set(found);
            }
        });
    };
    view! {
        <details class="publish users tokens" on:toggle=move |_| fetch()>
            <summary>{text::TOKENS}</summary>
            <p class="hint">{text::TOKENS_HINT}</p>
            <table>
                <thead><tr>
                    <th scope="col">{text::NAME}</th><th scope="col">{text::TOKEN_OWNER}</th><th scope="col">{text::TOKEN_SCOPE}</th>
                    <th scope="col">{text::TOKEN_EXPIRES}</th><th scope="col">{text::TOKEN_USED}</th><td></td>
                </tr></thead>
                <tbody>
                    <For each=move || tokens.get() key=ApiToken::clone let:token><TokenRow token fetch removing/></For>
                </tbody>
            </table>
            <FaultLine fault=removing.fault/>
            {move || made.get().map(|secret| view! { <Made secret/> })}
            <AddToken role made fetch/>
        </details>
    }
}

#[component]
fn TokenRow(
    token: ApiToken,
    fetch: impl Fn() + Copy + Send + Sync + 'static,
    removing: Saving,
) -> impl IntoView {
    let ApiToken { id, name, owner, scope, channels, expires_at_ms, used_at_ms, .. } = token;
    let (undo, gone) = (Undo::here(), name.clone());
    let remove = move |_| {
        let gone = gone.clone();
        removing.run(async move { api::remove_token(id).await }, move |id| {
            fetch();
            undo.offer(*id, gone, fetch);
        });
    };
    let label = text::remove_token(&name);
    let scope = match channels {
        None => text::scope(scope).to_owned(),
        Some(slugs) => format!("{}: {}", text::scope(scope), slugs.join(", ")),
    };
    let used = used_at_ms.map_or_else(|| text::NEVER.to_owned(), format::date_and_time);
    view! {
        <tr>
            <td>{name}</td><td>{owner}</td><td>{scope}</td><td>{format::date_and_time(expires_at_ms)}</td><td>{used}</td>
            <td class="end"><button type="button" class="small danger" aria-label=label disabled=move || removing.is_busy() on:click=remove>{text::REMOVE_USER}</button></td>
        </tr>
    }
}

/// The secret, this once.
#[component]
fn Made(secret: String) -> impl IntoView {
    let (shown, fault) = (secret.clone(), RwSignal::new(false));
    let fetch = move || std::future::ready(Some(secret.clone()));
    view! {
        <p role="status">{text::TOKEN_MADE}" "<code>{shown}</code>" "
            <CopyButton what=text::TOKEN_MADE fetch refused=Callback::new(move |()| fault.set(true))/></p>
        <Show when=move || fault.get()><p class="hint">{text::TOKEN_COPY_BY_HAND}</p></Show>
    }
}

/// The scopes that a role may give away.
fn scopes(role: Role) -> &'static [Scope] {
    match role {
        Role::Viewer => &[Scope::Read],
        Role::Operator => &[Scope::Read, Scope::Operate],
        Role::Administrator => &[Scope::Read, Scope::Operate, Scope::Administer],
    }
}

#[component]
fn AddToken(
    role: Role,
    made: RwSignal<Option<String>>,
    fetch: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let scope = RwSignal::new(text::scope(Scope::Read).to_owned());
    let days = RwSignal::new("90".to_owned());
    let saving = Saving::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let chosen =
            scope.with_untracked(|word| scopes(role).iter().find(|scope| text::scope(**scope) == word));
        // What is no number is refused by the box, which says why.
        let days = days.with_untracked(|days| days.trim().parse::<u32>().unwrap_or_default());
        let new = NewApiToken {
            name: name.get_untracked(),
            scope: chosen.copied().unwrap_or(Scope::Read),
            channels: None,
            expires_in_secs: Some(days.saturating_mul(86_400)),
            owner: None,
        };
        saving.run(async move { api::add_token(&new).await }, move |new| {
            made.set(Some(new.secret.clone()));
            name.set(String::new());
            fetch();
        });
    };
    let options = scopes(role)
        .iter()
        .map(|scope| view! { <option value=text::scope(*scope)>{text::scope(*scope)}</option> });
    view! {
        <form novalidate on:submit=submit>
            <div class="user-fields">
                <label>{text::TOKEN_FOR}<input type="text" name="token-name" autocomplete="off" bind:value=name/></label>
                <label>{text::TOKEN_SCOPE}<select name="token-scope" bind:value=scope>{options.collect_view()}</select></label>
                <label>{text::TOKEN_DAYS}<input type="number" name="token-days" min="1" max="366" bind:value=days/></label>
            </div>
            <FaultLine fault=saving.fault/>
            <p class="save-line"><button type="submit" class="small" disabled=move || saving.is_busy()>{text::ADD_TOKEN}</button></p>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_offered_more_than_they_have() {
        assert_eq!(scopes(Role::Viewer), [Scope::Read]);
        assert!(!scopes(Role::Operator).contains(&Scope::Administer));
    }
}

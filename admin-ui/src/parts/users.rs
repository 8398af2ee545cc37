//! Who may sign in: for administrators all of them, for the others their own password.

use crate::api;
use crate::parts::backup::{Password, given};
use crate::parts::fault_line::FaultLine;
use crate::parts::grants::GrantsOf;
use crate::parts::saving::{SaveLine, Saving};
use crate::parts::undo::Undo;
use crate::text;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{Account, Confirmation, NewPassword, NewUser, Role};

/// The section, for somebody who has signed in.
#[component]
pub(crate) fn Users(name: String, role: Role) -> impl IntoView {
    let users: RwSignal<Vec<Account>> = RwSignal::new(Vec::new());
    let removing = Saving::new();
    let is_administrator = role == Role::Administrator;
    let fetch = move || {
        if is_administrator {
            spawn_local(async move {
                if let Ok(found) = api::users().await {
                    users.try_set(found);
                }
            });
        }
    };
    fetch();
    let my_name = StoredValue::new(name);
    view! {
        <div class="users">
            <Show when=move || is_administrator>
                <table>
                    <thead><tr><th scope="col">{text::NAME}</th><th scope="col">{text::ROLE}</th><th scope="col">{text::CHANNELS_OF_USER}</th><td></td></tr></thead>
                    <tbody>
                        <For each=move || users.get() key=Account::clone let:user>
                            <UserRow is_me=my_name.with_value(|me| *me == user.name) user fetch removing/>
                        </For>
                    </tbody>
                </table>
                <FaultLine fault=removing.fault/>
                <AddUser fetch/>
            </Show>
            <PasswordForm name=my_name.get_value()/>
        </div>
    }
}

#[component]
fn UserRow(
    user: Account,
    fetch: impl Fn() + Copy + Send + Sync + 'static,
    removing: Saving,
    is_me: bool,
) -> impl IntoView {
    let undo = Undo::here();
    let (name, role, account) = (user.name.clone(), user.role, user.clone());
    let remove = move |_| {
        let (name, gone) = (user.name.clone(), user.name.clone());
        removing.run(async move { api::remove_user(&name).await }, move |id| {
            fetch();
            undo.offer(*id, gone, fetch);
        });
    };
    let label = text::remove_user(&name);
    let (asking, password) = (RwSignal::new(false), RwSignal::new(String::new()));
    let totp = account.totp.then(|| {
        let label = text::take_second_step(&name);
        let ask = move |_| asking.update(|asking| *asking = !*asking);
        view! { <button type="button" class="small" aria-label=label aria-expanded=move || asking.get().to_string() on:click=ask>{text::TAKE_SECOND_STEP}</button> }
    });
    let of = StoredValue::new(name.clone());
    let take = move |event: SubmitEvent| {
        event.prevent_default();
        let (name, by) = (of.get_value(), Confirmation { password: given(password) });
        password.set(String::new());
        removing.run(async move { api::remove_totp(&name, &by).await }, move |()| {
            asking.set(false);
            fetch();
        });
    };
    let confirm = move || {
        let label = text::take_second_step(&of.get_value());
        asking.get().then(|| view! {
            <form class="again" novalidate on:submit=take>
                <Password password/>
                <p class="save-line">
                    <button type="submit" class="small danger" disabled=move || removing.is_busy()>{label}</button>
                    <button type="button" class="small" on:click=move |_| asking.set(false)>{text::CANCEL_ASKING}</button>
                </p>
            </form>
        })
    };
    let button = (!is_me).then(|| {
        view! {
            <button type="button" class="small danger" aria-label=label disabled=move || removing.is_busy() on:click=remove>{text::REMOVE_USER}</button>
        }
    });
    view! { <tr><td>{name}</td><td>{text::role(role)}</td><td><GrantsOf account fetch/></td><td class="end">{totp}" "{button}{confirm}</td></tr> }
}

#[component]
fn AddUser(fetch: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let [name, password] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let role = RwSignal::new(text::role(Role::Operator).to_owned());
    let saving = Saving::new();
    let roles = [Role::Administrator, Role::Operator, Role::Viewer];
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let chosen = role.with_untracked(|word| roles.into_iter().find(|role| text::role(*role) == word));
        let new = NewUser {
            name: name.get_untracked(),
            role: chosen.unwrap_or(Role::Viewer),
            password: password.get_untracked(),
        };
        saving.run(async move { api::add_user(&new).await }, move |_| {
            name.set(String::new());
            password.set(String::new());
            fetch();
        });
    };
    let options = roles.map(|role| view! { <option value=text::role(role)>{text::role(role)}</option> });
    view! {
        <form novalidate on:submit=submit>
            <div class="user-fields">
                <label>{text::NAME}<input type="text" name="user-name" autocomplete="off" bind:value=name/></label>
                <label>{text::ROLE}<select name="user-role" bind:value=role>{options.collect_view()}</select></label>
                <label>{text::PASSWORD}<input type="password" name="user-password" autocomplete="new-password" bind:value=password/></label>
            </div>
            <p class="hint">{text::ROLES_HINT}</p>
            <FaultLine fault=saving.fault/>
            <p class="save-line"><button type="submit" class="small" disabled=move || saving.is_busy()>{text::ADD_USER}</button></p>
        </form>
    }
}

#[component]
fn PasswordForm(name: String) -> impl IntoView {
    let [password, current] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let saving = Saving::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let wanted = NewPassword { password: password.get_untracked(), current_password: given(current) };
        let name = name.clone();
        saving.run(async move { api::set_password(&name, &wanted).await }, move |()| {
            [password, current].into_iter().for_each(|field| field.set(String::new()));
        });
    };
    view! {
        <form novalidate on:submit=submit>
            <div class="user-fields">
                <Password password=current/>
                <label>{text::MY_NEW_PASSWORD}<input type="password" name="my-password" autocomplete="new-password" bind:value=password/></label>
            </div>
            <p class="hint">{text::MY_NEW_PASSWORD_HINT}</p>
            <SaveLine saving/>
        </form>
    }
}

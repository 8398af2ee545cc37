//! The whole state as one encrypted file: to take away, and to bring back once it is seen what is in it.

use crate::api::{self, Fault};
use crate::dom;
use crate::me::Me;
use crate::parts::fault_line::FaultLine;
use crate::parts::saving::Saving;
use crate::text;
use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;
use wire::{BackupContents, Confirmation, NewBackupFile, OpenBackup, Restarting, Restore};

/// The section's content.
#[component]
pub(crate) fn BackupFile() -> impl IntoView {
    view! {
        <p class="hint">{text::BACKUP_HINT}</p>
        <details class="publish"><summary>{text::BACKUP_MAKE}</summary><Make/></details>
        <details class="publish"><summary>{text::RESTORE}</summary><Bring/></details>
        <details class="publish"><summary>{text::RESTORE_UNDO}</summary><Undo/></details>
    }
}

/// One's own password once more; nothing where nobody has to sign in.
#[component]
pub(crate) fn Password(password: RwSignal<String>) -> impl IntoView {
    let asked = Me::here().user().is_some();
    asked.then(|| {
        view! {
            <label>{text::PASSWORD_AGAIN}
                <input type="password" name="password" autocomplete="current-password" bind:value=password/>
            </label>
        }
    })
}

/// What goes to the box of it.
pub(crate) fn given(password: RwSignal<String>) -> Option<String> {
    Some(password.get_untracked()).filter(|password| !password.is_empty())
}

#[component]
fn Make() -> impl IntoView {
    let [passphrase, again, password] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let (saving, made) = (Saving::new(), RwSignal::new(false));
    let differ = move || passphrase.with(|one| again.with(|other| !other.is_empty() && one != other));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        made.set(false);
        if differ() {
            return;
        }
        let new = NewBackupFile { passphrase: passphrase.get_untracked(), password: given(password) };
        let call = async move {
            let (name, bytes) = api::make_backup(&new).await?;
            dom::save(&name, &bytes).then_some(()).ok_or(Fault::Unreadable)
        };
        saving.run(call, move |()| {
            [passphrase, again, password].into_iter().for_each(|field| field.set(String::new()));
            made.set(true);
        });
    };
    view! {
        <form novalidate on:submit=submit>
            <label>{text::PASSPHRASE}<input type="password" name="passphrase" autocomplete="new-password" bind:value=passphrase/></label>
            <label>{text::PASSPHRASE_AGAIN}<input type="password" name="again" autocomplete="new-password" bind:value=again/></label>
            <Show when=differ><p class="fault">{text::PASSPHRASES_DIFFER}</p></Show>
            <Password password/>
            <p class="hint">{text::PASSPHRASE_HINT}</p>
            <FaultLine fault=saving.fault/>
            <p class="save-line">
                <button type="submit" class="small" disabled=move || saving.is_busy()>{text::BACKUP_DOWNLOAD}</button>
                <span class="hint" role="status">{move || if saving.is_busy() { text::BACKUP_BUSY } else if made.get() { text::BACKUP_MADE } else { "" }}</span>
            </p>
        </form>
    }
}

#[component]
fn Bring() -> impl IntoView {
    let input: NodeRef<Input> = NodeRef::new();
    let [passphrase, password] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let contents = RwSignal::new(None::<BackupContents>);
    let restarting = RwSignal::new(None::<Restarting>);
    let (looking, restoring) = (Saving::new(), Saving::new());
    let look = move |event: SubmitEvent| {
        event.prevent_default();
        contents.set(None);
        let chosen = input.get_untracked().and_then(|input| input.files()).and_then(|files| files.get(0));
        let Some(file) = chosen else { return };
        let open = OpenBackup { passphrase: passphrase.get_untracked() };
        let call = async move {
            api::bring_backup(&file).await?;
            api::backup_contents(&open).await
        };
        looking.run(call, move |told| contents.set(Some(told.clone())));
    };
    let restore = move |_| {
        let wanted = Restore { passphrase: passphrase.get_untracked(), password: given(password) };
        restoring.run(async move { api::restore_backup(&wanted).await }, move |told| {
            contents.set(None);
            restarting.set(Some(told.clone()));
        });
    };
    view! {
        <form novalidate on:submit=look>
            <label>{text::BACKUP_FILE}<input type="file" name="backup" accept=".age" node_ref=input/></label>
            <label>{text::PASSPHRASE}<input type="password" name="passphrase" autocomplete="off" bind:value=passphrase/></label>
            <FaultLine fault=looking.fault/>
            <p class="save-line">
                <button type="submit" class="small" disabled=move || looking.is_busy()>{text::RESTORE_LOOK}</button>
                <span class="hint" role="status">{move || looking.is_busy().then_some(text::RESTORE_BUSY)}</span>
            </p>
        </form>
        {move || contents.get().map(|contents| view! {
            <Contents contents/>
            <p><strong>{text::RESTORE_WARNING}</strong></p>
            <Password password/>
            <FaultLine fault=restoring.fault/>
            <p class="save-line"><button type="button" class="small danger" disabled=move || restoring.is_busy() on:click=restore>{text::RESTORE_DO}</button></p>
        })}
        <Anew restarting/>
    }
}

#[component]
fn Contents(contents: BackupContents) -> impl IntoView {
    let list = |names: &[String]| if names.is_empty() { text::NONE.to_owned() } else { names.join(", ") };
    view! {
        <dl class="pairs">
            <dt>{text::BACKUP_OF}</dt><dd>{contents.box_name.clone().unwrap_or_else(|| text::BACKUP_NAMELESS.into())}</dd>
            <dt>{text::BACKUP_MADE_AT}</dt><dd>{text::made_by(contents.made_at_ms, &contents.version)}</dd>
            <dt>{text::BACKUP_CHANNELS}</dt><dd>{list(&contents.channels)}</dd>
            <dt>{text::BACKUP_USERS}</dt><dd>{list(&contents.users)}</dd>
            <dt>{text::BACKUP_REST}</dt><dd>{text::backup_rest(&contents)}</dd>
        </dl>
    }
}

/// That the box starts anew, and what is so then.
#[component]
pub(crate) fn Anew(restarting: RwSignal<Option<Restarting>>) -> impl IntoView {
    view! {
        <p role="status">{move || restarting.get().map(|told| text::starts_anew(&told.then))}</p>
        <Show when=move || restarting.with(Option::is_some)>
            <p><button type="button" class="small" on:click=move |_| dom::reload()>{text::LOAD_AGAIN}</button></p>
        </Show>
    }
}

#[component]
fn Undo() -> impl IntoView {
    let password = RwSignal::new(String::new());
    let (saving, restarting) = (Saving::new(), RwSignal::new(None::<Restarting>));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let wanted = Confirmation { password: given(password) };
        saving.run(async move { api::undo_restore(&wanted).await }, move |told| {
            restarting.set(Some(told.clone()));
        });
    };
    view! {
        <form novalidate on:submit=submit>
            <p class="hint">{text::RESTORE_UNDO_HINT}</p>
            <Password password/>
            <FaultLine fault=saving.fault/>
            <p class="save-line"><button type="submit" class="small danger" disabled=move || saving.is_busy()>{text::RESTORE_UNDO_DO}</button></p>
        </form>
        <Anew restarting/>
    }
}

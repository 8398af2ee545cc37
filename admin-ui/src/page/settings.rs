//! The box itself: who may sign in, by which certificate it is known, what it is.

use crate::me::Me;
use crate::page::PageHead;
use crate::parts::about::About;
use crate::parts::backup::BackupFile;
use crate::parts::certificate::Certificate;
use crate::parts::configuration::ConfigurationFile;
use crate::parts::notifications::Notifications;
use crate::parts::reset::SupportAndReset;
use crate::parts::second_step::SecondStep;
use crate::parts::tokens::Tokens;
use crate::parts::update::Update;
use crate::parts::users::Users;
use crate::text;
use leptos::prelude::*;
use wire::User;

/// The page. Each section is a part of its own, with a heading that the list of contents names.
#[component]
pub(crate) fn SettingsPage() -> impl IntoView {
    let me = Me::here();
    let users = me.user().map(|User { name, role }| {
        let title = if me.may_manage() { text::USERS } else { text::MY_PASSWORD };
        view! { <section class="panel" id="users"><h2>{title}</h2><Users name role/></section> }
    });
    let second_step = me.user().map(|User { name, .. }| {
        view! { <section class="panel" id="second-step"><h2>{text::SECOND_STEP}</h2><SecondStep name/></section> }
    });
    let tokens = me
        .user()
        .map(|User { role, .. }| view! { <section class="panel" id="tokens"><Tokens role/></section> });
    let managed = me.may_manage().then(|| {
        view! {
            <section class="panel" id="notifications"><h2>{text::SETTINGS_NOTIFICATIONS}</h2><Notifications/></section>
            <section class="panel" id="configuration"><h2>{text::SETTINGS_CONFIGURATION}</h2><ConfigurationFile/></section>
            <section class="panel" id="backup"><h2>{text::SETTINGS_BACKUP}</h2><BackupFile/></section>
            <section class="panel" id="support"><h2>{text::SETTINGS_SUPPORT}</h2><SupportAndReset/></section>
        }
    });
    view! {
        <PageHead title=text::SETTINGS/>
        <div class="panels">
            {users}
            {second_step}
            {tokens}
            {managed}
            <section class="panel" id="tls"><h2>{text::TLS}</h2><Certificate/></section>
            <section class="panel" id="update"><h2>{text::SETTINGS_UPDATE}</h2><Update/></section>
            <section class="panel" id="about"><h2>{text::ABOUT}</h2><About/></section>
        </div>
    }
}

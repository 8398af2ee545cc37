//! Where alarms are sent on to: the list with a test of each, and a form for one more. For administrators.

use crate::api;
use crate::parts::fault_line::FaultLine;
use crate::parts::saving::Saving;
use crate::parts::undo::Undo;
use crate::text;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{Destination, MailSecurity, NewDestination, Severity, SyslogTransport, Via};

/// The section's content; fetches what it shows.
#[component]
pub(crate) fn Notifications() -> impl IntoView {
    let all: RwSignal<Vec<Destination>> = RwSignal::new(Vec::new());
    let acting = Saving::new();
    let told = RwSignal::new(String::new());
    let fetch = move || {
        spawn_local(async move {
            if let Ok(found) = api::destinations().await {
                all.try_set(found);
            }
        });
    };
    fetch();
    let row = move |each: Destination| view! { <DestinationRow each fetch acting told/> };
    view! {
        <Show when=move || all.with(Vec::is_empty)><p class="hint">{text::NOTIFY_NOWHERE}</p></Show>
        <Show when=move || !all.with(Vec::is_empty)>
            <table>
                <thead><tr>
                    <th scope="col">{text::NAME}</th><th scope="col">{text::NOTIFY_TO}</th>
                    <th scope="col">{text::NOTIFY_STATE}</th><td></td>
                </tr></thead>
                <tbody><For each=move || all.get() key=Destination::clone children=row/></tbody>
            </table>
        </Show>
        <p role="status">{told}</p>
        <FaultLine fault=acting.fault/>
        <AddDestination fetch told/>
    }
}

#[component]
fn DestinationRow(
    each: Destination,
    fetch: impl Fn() + Copy + Send + Sync + 'static,
    acting: Saving,
    told: RwSignal<String>,
) -> impl IntoView {
    let (name, undo) = (StoredValue::new(each.name.clone()), Undo::here());
    let test = move |_| {
        let name = name.get_value();
        told.set(text::notify_testing(&name));
        acting.run(async move { api::test_destination(&name).await }, move |result| {
            told.try_set(result.said.clone());
            fetch();
        });
    };
    let remove = move |_| {
        let (name, gone) = (name.get_value(), name.get_value());
        acting.run(async move { api::remove_destination(&name).await }, move |id| {
            fetch();
            undo.offer(*id, gone, fetch);
        });
    };
    let state = match (&each.status.last, each.status.failing) {
        (Some(why), true) => text::notify_failing(why),
        (Some(_), false) => text::NOTIFY_GOOD.to_owned(),
        (None, _) => text::NOTIFY_UNUSED.to_owned(),
    };
    let to = match each.via {
        Via::Webhook { url, .. } => url,
        Via::Syslog { host, port, .. } => format!("syslog {host}:{port}"),
        Via::Email { to, .. } => to.join(", "),
    };
    view! {
        <tr>
            <th scope="row">{each.name}</th><td>{to}</td><td>{state}</td>
            <td class="end">
                <button type="button" class="small" disabled=move || acting.is_busy() on:click=test>{text::NOTIFY_TEST}</button>" "
                <button type="button" class="small danger" disabled=move || acting.is_busy() on:click=remove>{text::REMOVE_USER}</button>
            </td>
        </tr>
    }
}

/// What the form says; nothing while the place is not one.
fn wanted(
    kind: &str,
    name: String,
    place: &str,
    from: String,
    to: &str,
    user: String,
    secret: String,
) -> Option<NewDestination> {
    let host_and_port = || {
        let (host, port) = place.trim().rsplit_once(':')?;
        Some((host.to_owned(), port.parse().ok()?))
    };
    let some = |text: String| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let via = match kind {
        "syslog" => {
            let (host, port) = host_and_port()?;
            Via::Syslog { host, port, transport: SyslogTransport::Tls, ca_pem: None }
        }
        "email" => {
            let (host, port) = host_and_port()?;
            let to = to.split(',').map(|each| each.trim().to_owned()).collect();
            Via::Email {
                host,
                port,
                security: MailSecurity::Starttls,
                from,
                to,
                user: some(user),
                ca_pem: None,
            }
        }
        _ => Via::Webhook { url: place.trim().to_owned(), ca_pem: None },
    };
    let secret = some(secret).filter(|_| kind != "syslog");
    Some(NewDestination { name, via, least: Severity::Minor, channels: None, of_box: true, secret })
}

#[component]
fn AddDestination(fetch: impl Fn() + Copy + Send + Sync + 'static, told: RwSignal<String>) -> impl IntoView {
    let [name, place, from, to, user, secret] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let kind = RwSignal::new("webhook".to_owned());
    let saving = Saving::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let [name_now, place_now, from_now, to_now, user_now, secret_now] =
            [name, place, from, to, user, secret].map(|field| field.get_untracked());
        let Some(new) =
            wanted(&kind.get_untracked(), name_now, &place_now, from_now, &to_now, user_now, secret_now)
        else {
            told.set(text::NOTIFY_PLACE_WRONG.to_owned());
            return;
        };
        saving.run(async move { api::add_destination(&new).await }, move |saved| {
            for field in [name, place, secret] {
                field.set(String::new());
            }
            told.try_set(
                saved.secret.as_ref().map_or_else(String::new, |secret| text::notify_secret(secret)),
            );
            fetch();
        });
    };
    let is_mail = move || kind.with(|kind| kind == "email");
    let has_secret = move || kind.with(|kind| kind != "syslog");
    view! {
        <form novalidate on:submit=submit>
            <div class="user-fields">
                <label>{text::NAME}<input type="text" name="notify-name" autocomplete="off" bind:value=name/></label>
                <label>{text::NOTIFY_KIND}
                    <select name="notify-kind" bind:value=kind>
                        <option value="webhook">{text::NOTIFY_WEBHOOK}</option>
                        <option value="syslog">{text::NOTIFY_SYSLOG}</option>
                        <option value="email">{text::NOTIFY_EMAIL}</option>
                    </select>
                </label>
                <label>{text::NOTIFY_PLACE}<input type="text" name="notify-place" autocomplete="off" bind:value=place/></label>
                <Show when=is_mail>
                    <label>{text::NOTIFY_FROM}<input type="text" name="notify-from" autocomplete="off" bind:value=from/></label>
                    <label>{text::NOTIFY_RECIPIENTS}<input type="text" name="notify-to" autocomplete="off" bind:value=to/></label>
                    <label>{text::NOTIFY_USER}<input type="text" name="notify-user" autocomplete="off" bind:value=user/></label>
                </Show>
                <Show when=has_secret>
                    <label>{text::NOTIFY_SECRET}<input type="password" name="notify-secret" autocomplete="new-password" bind:value=secret/></label>
                </Show>
            </div>
            <p class="hint">{text::NOTIFY_HINT}</p>
            <FaultLine fault=saving.fault/>
            <p class="save-line"><button type="submit" class="small" disabled=move || saving.is_busy()>{text::NOTIFY_ADD}</button></p>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_where_to() {
        let form = |kind: &str, place: &str| {
            let empty = String::new;
            wanted(
                kind,
                "ops".into(),
                place,
                "a@b.example".into(),
                "c@d.example, e@f.example",
                empty(),
                empty(),
            )
        };
        assert!(
            matches!(form("webhook", " https://x.example ").unwrap().via, Via::Webhook { url, .. } if url == "https://x.example")
        );
        assert!(matches!(form("syslog", "192.0.2.7:6514").unwrap().via, Via::Syslog { port: 6514, .. }));
        assert!(
            matches!(form("email", "mail.example:587").unwrap().via, Via::Email { to, user: None, .. } if to.len() == 2)
        );
        assert!(form("syslog", "192.0.2.7").is_none() && form("email", "x:port").is_none());
    }
}

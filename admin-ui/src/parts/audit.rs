//! Who changed what, the newest first; for administrators.

use crate::api::{self, Fault};
use crate::parts::fault_line::FaultLine;
use crate::{format, text};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::AuditEntry;

/// The list; it asks the box when it is opened, and when it is told to.
#[component]
pub(crate) fn Audit() -> impl IntoView {
    let (asked, entries) = (RwSignal::new(false), RwSignal::new(Vec::<AuditEntry>::new()));
    let fault: RwSignal<Option<Fault>> = RwSignal::new(None);
    let fetch = move || {
        spawn_local(async move {
            let told = api::audit().await;
            fault.try_set(told.as_ref().err().cloned());
            entries.try_set(told.unwrap_or_default());
            asked.try_set(true);
        });
    };
    fetch();
    let is_empty = move || asked.get() && fault.with(Option::is_none) && entries.with(Vec::is_empty);
    view! {
        <div class="audit">
            <p class="save-line"><button type="button" class="small" on:click=move |_| fetch()>{text::ASK_AGAIN}</button></p>
            <FaultLine fault/>
            <Show when=is_empty><p class="hint">{text::AUDIT_EMPTY}</p></Show>
            <ol class="events tall" tabindex="0" aria-label=text::AUDIT>
                <For each=move || entries.get() key=AuditEntry::clone let:entry><OneEntry entry/></For>
            </ol>
        </div>
    }
}

#[component]
fn OneEntry(entry: AuditEntry) -> impl IntoView {
    let refused = entry.status >= 400;
    let line = text::deed(&entry);
    let change = [("−", entry.before), ("+", entry.after)].map(|(sign, side)| {
        side.map(|side| view! { <code><b aria-hidden="true">{sign}</b>" "{spaced(&side)}</code> })
    });
    view! {
        <li class:refused=refused>
            <time>{format::date_and_time(entry.at_ms)}</time>
            <div><p>{line}</p>{change.collect_view()}</div>
        </li>
    }
}

/// JSON with room to break a line between its members, and not within them.
fn spaced(json: &str) -> String {
    json.replace(",\"", ", \"").replace("\":", "\": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_room_between_them() {
        assert_eq!(spaced(r#"{"a":[1,2],"b":null}"#), r#"{"a": [1,2], "b": null}"#);
    }
}

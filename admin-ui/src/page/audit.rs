//! Who changed what; for administrators.

use crate::me::Me;
use crate::page::PageHead;
use crate::parts::audit::Audit;
use crate::text;
use leptos::prelude::*;

/// The page.
#[component]
pub(crate) fn AuditPage() -> impl IntoView {
    let may_see = Me::here().may_manage();
    view! {
        <PageHead title=text::AUDIT_PAGE hint=text::AUDIT_HINT/>
        <Show when=move || may_see fallback=|| view! { <p>{text::FOR_ADMINISTRATORS}</p> }>
            <section class="panel" aria-label=text::AUDIT><Audit/></section>
        </Show>
    }
}

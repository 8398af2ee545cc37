//! What was removed of late on this page, each with a button that puts it back.

use crate::api::{self, Fault};
use crate::parts::fault_line::FaultLine;
use crate::text;
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// As long as the box keeps it, less than a call may take.
const OFFERED_MS: u32 = 590_000;

/// How many are offered at once; the box has the others, too.
const OFFERS_MAX: usize = 4;

#[derive(Clone)]
struct Offer {
    id: i64,
    name: String,
    /// Has the list be asked for again that it was in.
    then: Callback<()>,
}

/// The offers; all of the page share them.
#[derive(Clone, Copy)]
pub(crate) struct Undo {
    offers: RwSignal<Vec<Offer>>,
    fault: RwSignal<Option<Fault>>,
}

impl Undo {
    pub(crate) fn new() -> Self {
        Self { offers: RwSignal::new(Vec::new()), fault: RwSignal::new(None) }
    }

    /// As the app provides them.
    pub(crate) fn here() -> Self {
        use_context().expect("App provides it before it renders a page")
    }

    /// Something called `name` has been removed; `id` is what the box said.
    pub(crate) fn offer(self, id: Option<i64>, name: String, then: impl Fn() + Send + Sync + 'static) {
        let Some(id) = id else { return };
        let then = Callback::new(move |()| then());
        self.offers.update(|offers| {
            offers.insert(0, Offer { id, name, then });
            offers.truncate(OFFERS_MAX);
        });
        spawn_local(async move {
            TimeoutFuture::new(OFFERED_MS).await;
            self.forget(id);
        });
    }

    fn forget(self, id: i64) {
        self.offers.update(|offers| offers.retain(|offer| offer.id != id));
    }

    fn put_back(self, offer: &Offer) {
        let (id, then) = (offer.id, offer.then);
        self.fault.set(None);
        spawn_local(async move {
            match api::restore(id).await {
                Ok(()) => {
                    self.forget(id);
                    // Its page may have been left.
                    let _gone = then.try_run(());
                }
                Err(told) => self.fault.set(Some(told)),
            }
        });
    }
}

/// The line at the foot of the page.
#[component]
pub(crate) fn UndoLine() -> impl IntoView {
    let undo = Undo::here();
    let line = move |offer: Offer| {
        let (id, back) = (offer.id, offer.clone());
        view! {
            <p>
                <span>{text::removed(&offer.name)}</span>
                <button type="button" class="small" aria-label=text::undo(&offer.name) on:click=move |_| undo.put_back(&back)>{text::UNDO}</button>
                <button type="button" class="small" aria-label=text::undo_not(&offer.name) on:click=move |_| undo.forget(id)>{text::CLOSE}</button>
            </p>
        }
    };
    view! {
        <div class="undo-line" role="status">
            <For each=move || undo.offers.get() key=|offer| offer.id children=line/>
            <FaultLine fault=undo.fault/>
        </div>
    }
}

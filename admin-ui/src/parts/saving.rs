//! The end of a form that is saved: why it was refused, the button, and that it was saved.

use crate::api::Fault;
use crate::parts::fault_line::FaultLine;
use crate::text;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// How the saving of a form stands.
#[derive(Clone, Copy)]
pub(crate) struct Saving {
    pub(crate) fault: RwSignal<Option<Fault>>,
    saved: RwSignal<bool>,
    busy: RwSignal<bool>,
}

impl Saving {
    pub(crate) fn new() -> Self {
        Self { fault: RwSignal::new(None), saved: RwSignal::new(false), busy: RwSignal::new(false) }
    }

    /// Nothing has been saved, or refused, yet.
    pub(crate) fn forget(self) {
        self.fault.set(None);
        self.saved.set(false);
    }

    /// A call is on its way.
    pub(crate) fn is_busy(self) -> bool {
        self.busy.get()
    }

    /// Makes the call that saves, and shows what is stored now.
    pub(crate) fn run<T: 'static>(
        self,
        call: impl Future<Output = Result<T, Fault>> + 'static,
        show: impl FnOnce(&T) + 'static,
    ) {
        self.forget();
        self.busy.set(true);
        spawn_local(async move {
            match call.await {
                Ok(stored) => {
                    show(&stored);
                    self.saved.try_set(true);
                }
                Err(told) => drop(self.fault.try_set(Some(told))),
            }
            self.busy.try_set(false);
        });
    }
}

/// What a form ends with.
#[component]
pub(crate) fn SaveLine(saving: Saving) -> impl IntoView {
    view! {
        <FaultLine fault=saving.fault/>
        <p class="save-line">
            <button type="submit" class="small" disabled=saving.busy>{text::SAVE}</button>
            <span class="hint" role="status">{move || saving.saved.get().then_some(text::SAVED)}</span>
        </p>
    }
}

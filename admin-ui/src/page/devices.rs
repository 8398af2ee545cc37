//! How the machine is: room for more channels, GPUs, charts, and each part of it.

mod charts;
mod gpus;
mod machine;
mod tables;

use crate::api::{self, Fault};
use crate::dom;
use crate::page::PageHead;
use crate::parts::fault_line::FaultLine;
use crate::text;
use charts::Charts;
use gloo_timers::future::TimeoutFuture;
use gpus::Gpus;
use leptos::prelude::*;
use leptos::task::spawn_local;
use machine::Machine;
use tables::{Disks, Network, RoomTable, Sensors};
use wire::{BoxHealth, DeviceList};

/// How often the box is asked: it measures every ten seconds.
const ASK_MS: u32 = 5_000;

/// The page.
#[component]
pub(crate) fn DevicesPage() -> impl IntoView {
    let health = RwSignal::new(None::<BoxHealth>);
    let (list, fault) = (RwSignal::new(None::<DeviceList>), RwSignal::new(None::<Fault>));
    spawn_local(async move {
        // Ends with the page.
        while !health.is_disposed() {
            if dom::is_in_sight() {
                let told = async { Ok((api::health().await?, api::devices().await?)) };
                match told.await {
                    Ok((now, devices)) => {
                        health.try_set(Some(now));
                        list.try_set(Some(devices));
                        fault.try_set(None);
                    }
                    Err(told) => drop(fault.try_set(Some(told))),
                }
            }
            TimeoutFuture::new(ASK_MS).await;
        }
    });
    let now = Memo::new(move |_| health.get().unwrap_or_default());
    let waits = move || match health.with(|health| health.as_ref().map(|health| health.at_ms)) {
        None => Some(text::DEVICES_ASKING),
        Some(0) => Some(text::DEVICES_SOON),
        Some(_) => None,
    };
    view! {
        <PageHead title=text::DEVICES hint=text::DEVICES_HINT/>
        <FaultLine fault/>
        <div role="status">{move || waits().map(|words| view! { <p class="quiet">{words}</p> })}</div>
        <Show when=move || waits().is_none()>
            <div class="devices">
                <RoomTable now/>
                <Gpus list fault/>
                <Charts now/>
                <Machine now/>
                <Disks now/>
                <Network now/>
                <Sensors now/>
                <NotSeen now/>
            </div>
        </Show>
    }
}

#[component]
fn NotSeen(now: Memo<BoxHealth>) -> impl IntoView {
    let notes = move || now.with(|now| now.notes.clone());
    let lines = move || notes().into_iter().map(|note| view! { <li>{note}</li> }).collect_view();
    view! {
        <Show when=move || !notes().is_empty()>
            <section class="panel" aria-labelledby="not-seen"><h2 id="not-seen">{text::NOT_SEEN}</h2><ul class="notes hint">{lines}</ul></section>
        </Show>
    }
}

/// A share of a hundred as a bar; whoever does not see it reads the number beside it.
#[component]
pub(super) fn Bar(percent: f64) -> impl IntoView {
    let tone = match percent {
        percent if percent >= 90.0 => "bad",
        percent if percent >= 75.0 => "degraded",
        _ => "good",
    };
    view! {
        <svg class="bar" data-tone=tone viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect class="ground" width="100" height="8"/><rect class="filled" width=format!("{:.1}", percent.clamp(0.0, 100.0)) height="8"/>
        </svg>
    }
}

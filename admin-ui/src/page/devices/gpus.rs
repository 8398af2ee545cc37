//! The GPUs: each with its channels, what it tells of itself, and the way to trust it again; or what was looked for.

use super::Bar;
use crate::api::{self, Fault};
use crate::me::Me;
use crate::route::{Go, Route};
use crate::{format, text};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{Device, DeviceHealth, DeviceList, GpuFigures};

/// The section.
#[component]
pub(super) fn Gpus(list: RwSignal<Option<DeviceList>>, fault: RwSignal<Option<Fault>>) -> impl IntoView {
    let devices =
        move || list.with(|list| list.as_ref().map(|list| list.devices.clone()).unwrap_or_default());
    let looked = move || {
        let looked = list.with(|list| list.as_ref().map(|list| list.looked_for.clone()).unwrap_or_default());
        looked.into_iter().map(|line| view! { <li>{line}</li> }).collect_view()
    };
    let cards = move || {
        devices().into_iter().map(|device| view! { <li><Gpu device list fault/></li> }).collect_view()
    };
    view! {
        <section class="panel" aria-labelledby="gpus">
            <h2 id="gpus">{text::GPUS}</h2>
            <Show when=move || !devices().is_empty() fallback=move || view! { <p>{text::NO_GPUS}</p><ul class="notes hint">{looked}</ul> }>
                <ul class="gpus">{cards}</ul>
            </Show>
        </section>
    }
}

#[component]
fn Gpu(device: Device, list: RwSignal<Option<DeviceList>>, fault: RwSignal<Option<Fault>>) -> impl IntoView {
    let me = Me::here();
    let light = match device.health {
        DeviceHealth::Good => "good",
        DeviceHealth::Distrusted => "bad",
        DeviceHealth::Unusable => "degraded",
    };
    let (name, named) = (device.name.clone(), device.name.clone());
    let trust = move |_| {
        let name = name.clone();
        spawn_local(async move {
            match api::trust_device(&name).await {
                Ok(told) => drop(list.try_set(Some(told))),
                Err(told) => drop(fault.try_set(Some(told))),
            }
        });
    };
    let offered = device.health == DeviceHealth::Distrusted && me.may_change();
    let button = offered
        .then(|| view! { <button type="button" class="small" on:click=trust>{text::TRUST_AGAIN}</button> });
    let abilities =
        device.abilities.iter().map(|ability| view! { <li>{ability.clone()}</li> }).collect_view();
    view! {
        <article class="gpu">
            <h3><span class="light" data-light=light aria-hidden="true"></span>{named}" "<small>{text::device_health(device.health)}</small></h3>
            {(!device.detail.is_empty()).then(|| view! { <p class="wrong">{device.detail.clone()}</p> })}
            {button}
            <Facts device=device.clone()/>
            <details class="publish"><summary>{text::GPU_ABILITIES}</summary><ul class="notes hint">{abilities}</ul></details>
        </article>
    }
}

#[component]
fn Facts(device: Device) -> impl IntoView {
    let channels = device.channels.clone().into_iter().map(|slug| {
        view! { <Go to=Route::Channel(slug.clone())>{slug}</Go>" " }
    });
    let told = told(&device.figures);
    let silent = told.is_empty() && device.figures.engines.is_empty();
    let engines = device.figures.engines.iter().map(|engine| {
        view! { <dt>{engine.name.clone()}</dt><dd class="with-bar"><Bar percent=engine.percent/><span>{format!("{:.0} %", engine.percent)}</span></dd> }
    });
    let rest = told.into_iter().map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> });
    view! {
        <dl class="pairs">
            <dt>{text::GPU_CHANNELS}</dt><dd>{if device.channels.is_empty() { text::NO_VALUE.into_any() } else { channels.collect_view().into_any() }}</dd>
            <dt>{text::GPU_TAKEN}</dt><dd>{text::taken(device.taken_percent, device.sessions)}</dd>
            {engines.collect_view()}
            {rest.collect_view()}
            <dt>{text::GPU_DRIVER}</dt><dd>{device.driver.clone()}</dd>
            <dt>{text::GPU_NODE}</dt><dd><code>{device.node.clone()}</code></dd>
        </dl>
        {silent.then(|| view! { <p class="hint">{text::GPU_SILENT}</p> })}
    }
}

/// What it tells of itself, as far as it does.
fn told(figures: &GpuFigures) -> Vec<(&'static str, String)> {
    let memory = figures.memory_used.zip(figures.memory_total);
    let memory = memory.map(|(used, total)| {
        text::free_of(&format::bytes(total.saturating_sub(used) as f64), &format::bytes(total as f64))
    });
    let list = |list: &[String]| (!list.is_empty()).then(|| list.join(", "));
    let all = [
        (text::GPU_MEMORY, memory),
        (text::GPU_TEMPERATURE, figures.temperature.map(|degrees| format!("{degrees:.0} °C"))),
        (text::GPU_POWER, figures.power.map(|watts| format!("{watts:.0} W"))),
        (text::GPU_CLOCK, figures.clock_mhz.map(|mhz| format!("{mhz} MHz"))),
        (text::GPU_THROTTLING, list(&figures.throttling)),
        (text::GPU_ERRORS, list(&figures.errors)),
        (text::GPU_KERNEL, figures.driver_version.clone()),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

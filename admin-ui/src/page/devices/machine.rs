//! Processor, memory and clock.

use super::Bar;
use crate::{format, text};
use leptos::prelude::*;
use wire::{BoxHealth, ClockState, Memory, Processor};

/// The section.
#[component]
pub(super) fn Machine(now: Memo<BoxHealth>) -> impl IntoView {
    let facts = move || {
        let BoxHealth { processor, memory, clock, .. } = now.get();
        let light = match clock.state {
            ClockState::Synchronised => "good",
            ClockState::Local | ClockState::Unknown => "off",
            ClockState::Unsynchronised => "degraded",
        };
        let waiting = text::waiting(&percent(processor.pressure_percent), &percent(memory.pressure_percent));
        view! {
            <dl class="pairs">
                {of_processor(&processor)}
                {of_memory(&memory)}
                <dt>{text::WAITING}</dt><dd>{waiting}</dd>
                <dt>{text::CLOCK}</dt><dd><span class="light" data-light=light aria-hidden="true"></span>" "{text::clock(&clock)}</dd>
            </dl>
        }
    };
    view! { <section class="panel" aria-labelledby="machine"><h2 id="machine">{text::MACHINE}</h2>{facts}</section> }
}

fn of_processor(processor: &Processor) -> impl IntoView + use<> {
    let model = if processor.model.is_empty() { String::new() } else { format!("{}, ", processor.model) };
    let [one, five, fifteen] = processor.load;
    let stolen = processor.stolen_percent.filter(|percent| *percent >= 0.1).map(|percent| {
        view! { <dt>{text::STOLEN}</dt><dd>{format!("{percent:.1} %")}</dd> }
    });
    view! {
        <dt>{text::PROCESSOR}</dt><dd>{model}{text::cores(processor.cores.len())}</dd>
        <dt>{text::BUSY}</dt><dd class="with-bar"><Bar percent=processor.busy_percent.unwrap_or(0.0)/><span>{percent(processor.busy_percent)}</span></dd>
        <dt>{text::EACH_CORE}</dt><dd>{each_core(&processor.cores)}</dd>
        <dt>{text::LOAD}</dt><dd>{format!("{one:.2}, {five:.2}, {fifteen:.2} ")}<small class="hint">{text::LOAD_HINT}</small></dd>
        {stolen}
    }
}

/// An upright bar for each.
fn each_core(cores: &[f64]) -> impl IntoView + use<> {
    let said = cores.iter().map(|percent| format!("{percent:.0} %")).collect::<Vec<_>>().join(", ");
    let label = format!("{}: {said}", text::EACH_CORE);
    let columns = cores.iter().enumerate().map(|(place, percent)| {
        let height = percent.clamp(0.0, 100.0) / 5.0;
        let x = place * 6;
        view! {
            <rect class="ground" x=x width="5" height="20"/>
            <rect class="filled" x=x y=format!("{:.1}", 20.0 - height) width="5" height=format!("{height:.1}")/>
        }
    });
    let width = cores.len().max(1) * 6;
    view! { <svg class="cores" role="img" aria-label=label width=width * 2 height="40" viewBox=format!("0 0 {width} 20")>{columns.collect_view()}</svg> }
}

fn of_memory(memory: &Memory) -> impl IntoView + use<> {
    let said = |free: u64, all: u64| text::free_of(&format::bytes(free as f64), &format::bytes(all as f64));
    let taken = memory.total.saturating_sub(memory.available) as f64 * 100.0 / memory.total.max(1) as f64;
    let swap = (memory.swap_total > 0)
        .then(|| view! { <dt>{text::SWAP}</dt><dd>{said(memory.swap_free, memory.swap_total)}</dd> });
    view! {
        <dt>{text::MEMORY}</dt><dd class="with-bar"><Bar percent=taken/><span>{said(memory.available, memory.total)}</span></dd>
        {swap}
    }
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| text::NO_VALUE.to_owned(), |value| format!("{value:.0} %"))
}

//! How a channel went in the last minutes: some charts on one time axis.

use crate::api;
use crate::board::{Board, Link};
use crate::chart::{Drawn, HEIGHT, WIDTH, draw};
use crate::{dom, format, text};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{Sample, Trend};

/// How often the box is asked: it takes a sample every two seconds.
const ASK_MS: u32 = 4_000;

/// One chart: what it is called, its value, how that is said.
struct Series {
    title: &'static str,
    value: fn(&Sample) -> Option<f64>,
    say: fn(f64) -> String,
}

const SERIES: [Series; 6] = [
    Series { title: text::CHART_SOURCE, value: |it| it.source_bps.map(f64::from), say: format::rate },
    Series { title: text::CHART_VIEWERS, value: |it| it.viewers.map(f64::from), say: format::count },
    Series { title: text::CHART_LATENCY, value: |it| it.latency_ms.map(f64::from), say: format::millis_said },
    Series { title: text::CHART_LATE, value: |it| it.late_ms.map(f64::from), say: format::millis_said },
    Series { title: text::CHART_SENT, value: |it| it.sent_bps.map(|bps| bps as f64), say: format::rate },
    Series { title: text::CHART_STALLS, value: |it| it.stalls.map(f64::from), say: format::count },
];

/// The charts.
#[component]
pub(crate) fn Trends(slug: String) -> impl IntoView {
    let trend = RwSignal::new(None::<Trend>);
    let board = Board::here();
    spawn_local(async move {
        // Ends with the page that shows it.
        loop {
            if dom::is_in_sight()
                && board.link.get_untracked() == Link::Live
                && let Ok(told) = api::trend(&slug).await
                && trend.try_set(Some(told)).is_some()
            {
                return;
            }
            TimeoutFuture::new(ASK_MS).await;
            if trend.is_disposed() {
                return;
            }
        }
    });
    view! {
        <section class="trends" aria-label=text::TRENDS>
            {SERIES.map(|series| view! { <Chart series trend/> }).into_iter().collect_view()}
        </section>
    }
}

#[component]
fn Chart(series: Series, trend: RwSignal<Option<Trend>>) -> impl IntoView {
    let Series { title, value, say } = series;
    let drawn = Memo::new(move |_| {
        trend.with(|trend| {
            trend.as_ref().map_or_else(Drawn::default, |trend| {
                let values: Vec<_> = trend.samples.iter().map(value).collect();
                draw(&values, trend.slots as usize)
            })
        })
    });
    let faults = move || trend.with(|trend| trend.as_ref().map(fault_marks).unwrap_or_default());
    let now = move || drawn.with(|drawn| drawn.now.map_or_else(|| text::NO_VALUE.to_owned(), say));
    let most = move || drawn.with(|drawn| drawn.most.map(|most| text::at_most(&say(most))));
    let label = move || format!("{title}: {}. {}", now(), most().unwrap_or_default());
    view! {
        <figure class="chart">
            <figcaption><span>{title}</span><strong>{now}</strong></figcaption>
            <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=label>
                <path class="grid" d=format!("M0 {0}H{WIDTH}M0 {1}H{WIDTH}", HEIGHT / 2.0, HEIGHT)/>
                <path class="faults" d=faults/>
                <path class="area" d=move || drawn.with(|drawn| drawn.area.clone())/>
                <path class="line" d=move || drawn.with(|drawn| drawn.line.clone())/>
            </svg>
            <p class="hint"><span>{text::TEN_MINUTES}</span><span>{most}</span></p>
        </figure>
    }
}

/// An upright line wherever a stage or the worker was replaced.
fn fault_marks(trend: &Trend) -> String {
    let step = WIDTH / f64::from(trend.slots.saturating_sub(1).max(1));
    let first = (trend.slots as usize).saturating_sub(trend.samples.len());
    let fallen = trend.samples.iter().enumerate().filter(|(_, sample)| sample.faults > 0);
    fallen.map(|(index, _)| format!("M{:.1} 0V{HEIGHT}", (first + index) as f64 * step)).collect()
}

//! How a channel went: some charts and what happened, on one time axis.

use crate::api;
use crate::board::{Board, Link};
use crate::chart::{HEIGHT, Lines, WIDTH, draw};
use crate::parts::timeline::TimelineSection;
use crate::{dom, format, text};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{PerTier, Sample, Trend};

/// A span as the API calls it, and how often the box is asked: as often as there may be something new to see.
pub(crate) type Span = (&'static str, u32);

const SPANS: [Span; 4] = [("10m", 4_000), ("1h", 10_000), ("1d", 30_000), ("30d", 60_000)];

/// One chart: what it is called, its value, how that is said; for some, the same of each tier.
struct Series {
    title: &'static str,
    value: fn(&Sample) -> Option<f64>,
    say: fn(f64) -> String,
    tiers: Option<fn(&Sample) -> PerTier>,
}

const fn series(title: &'static str, value: fn(&Sample) -> Option<f64>, say: fn(f64) -> String) -> Series {
    Series { title, value, say, tiers: None }
}

const SERIES: [Series; 8] = [
    series(text::CHART_SOURCE, |it| it.source_bps.map(f64::from), format::rate),
    series(
        text::CHART_FRAMES,
        |it| it.source_fps_hundredths.map(|hundredths| f64::from(hundredths) / 100.0),
        text::frames_a_second,
    ),
    Series {
        tiers: Some(|it| it.viewers_by),
        ..series(text::CHART_VIEWERS, |it| it.viewers.map(f64::from), format::count)
    },
    Series {
        tiers: Some(|it| it.latency_by),
        ..series(text::CHART_LATENCY, |it| it.latency_ms.map(f64::from), format::millis_said)
    },
    series(text::CHART_LATE, |it| it.late_ms.map(f64::from), format::millis_said),
    series(text::CHART_HOLD, |it| it.hold_ms.map(f64::from), format::millis_said),
    series(text::CHART_SENT, |it| it.sent_bps.map(|bps| bps as f64), format::rate),
    series(text::CHART_STALLS, |it| it.stalls.map(f64::from), format::count),
];

/// The section.
#[component]
pub(crate) fn Trends(slug: String) -> impl IntoView {
    let (span, trend) = (RwSignal::new(SPANS[0]), RwSignal::new(None::<Trend>));
    let board = Board::here();
    let asked = slug.clone();
    spawn_local(async move {
        // Ends with the page that shows it.
        while let Some((id, every_ms)) = span.try_get_untracked() {
            if dom::is_in_sight()
                && board.link.get_untracked() == Link::Live
                && let Ok(told) = api::trend(&asked, id).await
                && span.try_get_untracked() == Some((id, every_ms))
            {
                trend.try_set(Some(told));
            }
            // A tenth at a time, so that another span is shown at once.
            for _ in 0..every_ms / 400 {
                TimeoutFuture::new(400).await;
                if span.try_get_untracked() != Some((id, every_ms)) {
                    break;
                }
            }
        }
    });
    let button = move |each: Span| {
        let pressed = move || (span.get() == each).to_string();
        let choose = move |_| {
            trend.set(None);
            span.set(each);
        };
        view! { <button type="button" data-span=each.0 aria-pressed=pressed on:click=choose>{text::span(each.0)}</button> }
    };
    view! {
        <section class="course" aria-labelledby="course">
            <div class="course-head">
                <h2 id="course">{text::COURSE}</h2>
                <div class="segments" role="group" aria-label=text::SPAN>{SPANS.map(button).into_iter().collect_view()}</div>
            </div>
            <div class="trends">
                {SERIES.map(|series| view! { <Chart series trend span/> }).into_iter().collect_view()}
            </div>
            <TimelineSection slug span/>
        </section>
    }
}

#[component]
fn Chart(series: Series, trend: RwSignal<Option<Trend>>, span: RwSignal<Span>) -> impl IntoView {
    let Series { title, value, say, tiers } = series;
    let drawn = Memo::new(move |_| {
        trend.with(|trend| {
            trend.as_ref().map_or_else(Lines::default, |trend| {
                let values: Vec<_> = trend.samples.iter().map(value).collect();
                let each = tiers.map(|tiers| {
                    let of = |at: usize| -> Vec<Option<f64>> {
                        trend.samples.iter().map(|it| by_tier(&tiers(it))[at].map(f64::from)).collect()
                    };
                    [of(0), of(1), of(2)]
                });
                draw(&values, each.as_ref().map_or(&[], |each| each), trend.slots as usize)
            })
        })
    });
    let faults = move || trend.with(|trend| trend.as_ref().map(fault_marks).unwrap_or_default());
    let now = move || drawn.with(|drawn| drawn.now.map_or_else(|| text::NO_VALUE.to_owned(), say));
    let most = move || drawn.with(|drawn| drawn.most.map(|most| text::at_most(&say(most))));
    let label = move || format!("{title}: {}. {}", now(), most().unwrap_or_default());
    let line = move |at: usize| move || drawn.with(|drawn| drawn.others.get(at).cloned().unwrap_or_default());
    view! {
        <figure class="chart">
            <figcaption><span>{title}</span><strong>{now}</strong></figcaption>
            <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=label>
                <path class="grid" d=format!("M0 {0}H{WIDTH}M0 {1}H{WIDTH}", HEIGHT / 2.0, HEIGHT)/>
                <path class="faults" d=faults/>
                <path class="area" d=move || drawn.with(|drawn| drawn.area.clone())/>
                <path class="line" class:whole=tiers.is_some() d=move || drawn.with(|drawn| drawn.line.clone())/>
                {tiers.map(|_| [0, 1, 2].map(|at| view! { <path class=format!("line tier-{at}") d=line(at)/> }).into_iter().collect_view())}
            </svg>
            {tiers.map(|_| view! { <p class="legend" aria-hidden="true">{[0, 1, 2].map(|at| view! { <span class=format!("key tier-{at}")>{text::TIERS[at + 1].1}</span> }).into_iter().collect_view()}</p> })}
            <p class="hint"><span>{move || text::span(span.get().0)}</span><span>{most}</span></p>
        </figure>
    }
}

const fn by_tier(numbers: &PerTier) -> [Option<u32>; 3] {
    [numbers.lldash, numbers.llhls, numbers.ts]
}

/// An upright line wherever a stage or the worker was replaced.
fn fault_marks(trend: &Trend) -> String {
    let step = WIDTH / f64::from(trend.slots.saturating_sub(1).max(1));
    let first = (trend.slots as usize).saturating_sub(trend.samples.len());
    let fallen = trend.samples.iter().enumerate().filter(|(_, sample)| sample.faults > 0);
    fallen.map(|(index, _)| format!("M{:.1} 0V{HEIGHT}", (first + index) as f64 * step)).collect()
}

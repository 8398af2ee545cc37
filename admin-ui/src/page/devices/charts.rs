//! What the machine was: a chart for each figure that matters, all over the same time.

use crate::chart::{HEIGHT, Lines, WIDTH, draw};
use crate::{api, dom, format, text};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{BoxHealth, HealthHistory, Metric, Span, Unit};

/// How often the box is asked: it measures every ten seconds.
const ASK_MS: u32 = 10_000;

/// As many as fit a screen; and fewer than the box gives at once.
const CHARTS_MAX: usize = 16;

/// The charts, and how far back they reach.
#[component]
pub(super) fn Charts(now: Memo<BoxHealth>) -> impl IntoView {
    let (span, told) = (RwSignal::new(Span::Hour), RwSignal::new(None::<HealthHistory>));
    let shown = Memo::new(move |_| now.with(|now| chosen(&now.metrics)));
    // Each choice begins a round of its own, which ends with the next.
    let round = RwSignal::new(0_u32);
    Effect::new(move |_| {
        let (span, metrics) = (span.get(), shown.get());
        round.update(|round| *round += 1);
        let own = round.get_untracked();
        let ids: Vec<_> = metrics.into_iter().map(|metric| metric.id).collect();
        spawn_local(async move {
            while round.try_get_untracked() == Some(own) {
                if dom::is_in_sight()
                    && let Ok(history) = api::health_history(&ids, span).await
                    && round.try_get_untracked() == Some(own)
                {
                    told.try_set(Some(history));
                }
                TimeoutFuture::new(ASK_MS).await;
            }
        });
    });
    let choose = move |(of, word): (Span, &'static str)| {
        view! {
            <button type="button" aria-pressed=move || (span.get() == of).to_string() on:click=move |_| span.set(of)>{word}</button>
        }
    };
    view! {
        <section class="panel" aria-labelledby="course">
            <div class="panel-head">
                <h2 id="course">{text::MACHINE_COURSE}</h2>
                <div class="segments" role="group" aria-label=text::COURSE_SPAN>{text::SPANS.map(choose).into_iter().collect_view()}</div>
            </div>
            <div class="trends">
                <For each=move || shown.get() key=|metric| metric.id.clone() let:metric><Chart metric told span/></For>
            </div>
        </section>
    }
}

/// Those that say most, in a steady order; the box lists the rest for whoever asks it.
fn chosen(metrics: &[Metric]) -> Vec<Metric> {
    let prefixes = ["cpu", "memory", "gpu.", "net.", "temperature.", "disk."];
    let of = |prefix: &'static str| {
        metrics.iter().filter(move |metric| match prefix.ends_with('.') {
            true => metric.id.starts_with(prefix),
            false => metric.id == prefix,
        })
    };
    prefixes.into_iter().flat_map(of).take(CHARTS_MAX).cloned().collect()
}

fn say(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Percent => format!("{value:.0} %"),
        Unit::BitsPerSecond => format::bits_per_second(value),
        Unit::BytesPerSecond => format!("{}/s", format::bytes(value)),
        Unit::DegreesCelsius => format!("{value:.0} °C"),
        Unit::Watts => format!("{value:.0} W"),
        Unit::Count => format!("{value:.1}"),
    }
}

#[component]
fn Chart(metric: Metric, told: RwSignal<Option<HealthHistory>>, span: RwSignal<Span>) -> impl IntoView {
    let (unit, title) = (metric.unit, text::metric(&metric.id));
    let id = metric.id;
    let drawn = Memo::new(move |_| {
        told.with(|told| {
            let series = told.as_ref().and_then(|told| told.series.iter().find(|series| series.metric == id));
            series.map_or_else(Lines::default, |series| {
                let most = series.most.iter().flatten().copied().reduce(f64::max);
                Lines { most, ..draw(&series.mean, &[], series.mean.len()) }
            })
        })
    });
    let now =
        move || drawn.with(|drawn| drawn.now.map_or_else(|| text::NO_VALUE.to_owned(), |now| say(unit, now)));
    let most = move || drawn.with(|drawn| drawn.most.map(|most| text::at_most(&say(unit, most))));
    let heading = title.clone();
    let label = move || format!("{title}: {}. {}", now(), most().unwrap_or_default());
    let reach = move || {
        let span = span.get();
        text::SPANS.iter().find(|(of, _)| *of == span).map_or("", |(_, word)| *word)
    };
    view! {
        <figure class="chart">
            <figcaption><span>{heading}</span><strong>{now}</strong></figcaption>
            <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=label>
                <path class="grid" d=format!("M0 {0}H{WIDTH}M0 {1}H{WIDTH}", HEIGHT / 2.0, HEIGHT)/>
                <path class="area" d=move || drawn.with(|drawn| drawn.area.clone())/>
                <path class="line" d=move || drawn.with(|drawn| drawn.line.clone())/>
            </svg>
            <p class="hint"><span>{reach}</span><span>{most}</span></p>
        </figure>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_say_most_come_first() {
        let metric = |id: &str| Metric { id: id.to_owned(), unit: Unit::Percent };
        let all =
            ["drive.sda.busy", "net.eth0.sent", "memory", "cpu", "pressure.cpu", "gpu.a.encode"].map(metric);
        let shown: Vec<_> = chosen(&all).into_iter().map(|metric| metric.id).collect();
        assert_eq!(shown, ["cpu", "memory", "gpu.a.encode", "net.eth0.sent"]);
        assert_eq!(say(Unit::BitsPerSecond, 12_500_000_000.0), "12.5 Gbit/s");
    }
}

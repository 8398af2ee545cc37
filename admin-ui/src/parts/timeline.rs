//! What happened to the channel and to its viewers on one axis, and each stall with what happened just before it.

use crate::api::{self, Fault};
use crate::board::{Board, Link};
use crate::chart::{WIDTH, at_of};
use crate::parts::fault_line::FaultLine;
use crate::parts::trends::Span;
use crate::{dom, format, text};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{Event, Stall, Timeline};

/// How often the box is asked.
const ASK_MS: u32 = 5_000;
/// How soon another span is shown.
const LOOK_MS: u32 = 500;
/// Height of a lane, in the drawing's own units.
const LANE: f64 = 10.0;
/// Stalls that are listed, the newest first.
const LISTED_MAX: usize = 50;

/// Events of what encodes; all others are of the channel and its sources.
const OF_ENCODER: [&str; 5] =
    ["worker-ended", "stage-restarted", "encoder-moved", "device-failed", "device-trusted"];

/// The three lanes with the list below.
#[component]
pub(crate) fn TimelineSection(slug: String, span: RwSignal<Span>) -> impl IntoView {
    let (told, fault) = (RwSignal::new(Timeline::default()), RwSignal::new(None::<Fault>));
    let board = Board::here();
    spawn_local(async move {
        // Ends with the page that shows it.
        while let Some(now) = span.try_get_untracked() {
            if dom::is_in_sight() && board.link.get_untracked() == Link::Live {
                match api::timeline(&slug, now.0).await {
                    Ok(timeline) => {
                        told.try_set(timeline);
                        fault.try_set(None);
                    }
                    Err(why) => drop(fault.try_set(Some(why))),
                }
            }
            for _ in 0..ASK_MS / LOOK_MS {
                TimeoutFuture::new(LOOK_MS).await;
                if span.try_get_untracked() != Some(now) {
                    break;
                }
            }
        }
    });
    let stalls =
        move || told.with(|told| told.stalls.iter().rev().take(LISTED_MAX).cloned().collect::<Vec<_>>());
    let none = move || told.with(|told| told.stalls.is_empty());
    let moment = move |get: fn(&Timeline) -> i64| {
        move || told.with(|told| (get(told) > 0).then(|| format::date_and_time(get(told))))
    };
    view! {
        <div class="timeline panel">
            <h3 id="timeline">{text::TIMELINE}</h3>
            <FaultLine fault/>
            <div class="lanes" role="img" aria-label=move || told.with(summary)>
                <Lane name=text::LANE_CHANNEL class="of-channel" marks=Signal::derive(move || told.with(|told| marks(told, false)))/>
                <Lane name=text::LANE_ENCODER class="of-encoder" marks=Signal::derive(move || told.with(|told| marks(told, true)))/>
                <Lane name=text::LANE_STALLS class="of-stalls" marks=Signal::derive(move || told.with(stall_marks))/>
            </div>
            <p class="hint axis"><time>{moment(|told| told.from_ms)}</time><time>{moment(|told| told.to_ms)}</time></p>
            <Show when=none><p class="hint">{text::NO_STALLS}</p></Show>
            <Show when=move || !none()>
                <ol class="events stalls" tabindex="0" aria-label=text::LANE_STALLS>
                    <For each=stalls key=|stall| (stall.at_ms, stall.tier, stall.stalled_ms, stall.causes.len()) let:stall><OneStall stall/></For>
                </ol>
            </Show>
        </div>
    }
}

#[component]
fn Lane(name: &'static str, class: &'static str, marks: Signal<String>) -> impl IntoView {
    view! {
        <div class=format!("lane {class}")>
            <span>{name}</span>
            <svg viewBox=format!("0 0 {WIDTH} {LANE}") preserveAspectRatio="none" aria-hidden="true"><path d=marks/></svg>
        </div>
    }
}

#[component]
fn OneStall(stall: Stall) -> impl IntoView {
    let Stall { at_ms, ref causes, .. } = stall;
    let cause = match causes.as_slice() {
        [] => view! { <small>{text::STALL_UNEXPLAINED}</small> }.into_any(),
        [likeliest, others @ ..] => {
            let others = others.iter().map(text::event).collect::<Vec<_>>();
            let also = (!others.is_empty()).then(|| view! { <small>{text::also(&others)}</small> });
            view! { <strong>{text::cause(likeliest, at_ms)}</strong>{also} }.into_any()
        }
    };
    view! {
        <li>
            <time>{format::date_and_time(at_ms)}</time>
            <span>{text::ran_dry(&stall)}<br/>{cause}</span>
        </li>
    }
}

/// An upright line for each event of a lane.
fn marks(told: &Timeline, of_encoder: bool) -> String {
    let is_here = |event: &&Event| OF_ENCODER.contains(&event.kind.as_str()) == of_encoder;
    told.events.iter().filter(is_here).map(|event| mark(told, event.at_ms)).collect()
}

fn stall_marks(told: &Timeline) -> String {
    told.stalls.iter().map(|stall| mark(told, stall.at_ms)).collect()
}

fn mark(told: &Timeline, at_ms: i64) -> String {
    format!("M{:.1} 0V{LANE}", at_of(at_ms, told.from_ms, told.to_ms))
}

/// What the drawing shows, for those who do not see it.
fn summary(told: &Timeline) -> String {
    let of_encoder = told.events.iter().filter(|event| OF_ENCODER.contains(&event.kind.as_str())).count();
    text::timeline_summary(told.events.len() - of_encoder, of_encoder, told.stalls.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_stalls_stand_on_one_axis() {
        let event =
            |at_ms, kind: &str| Event { at_ms, channel: None, kind: kind.into(), what: String::new() };
        let stall =
            Stall { at_ms: 750, tier: 0, players: 1, session: String::new(), stalled_ms: 0, causes: vec![] };
        let told = Timeline {
            from_ms: 0,
            to_ms: 1000,
            events: vec![
                event(0, "source-ended"),
                event(500, "worker-ended"),
                event(1000, "source-attached"),
            ],
            stalls: vec![stall],
        };
        assert_eq!(marks(&told, false), "M0.0 0V10M300.0 0V10");
        assert_eq!((marks(&told, true), stall_marks(&told)), ("M150.0 0V10".into(), "M225.0 0V10".into()));
    }
}

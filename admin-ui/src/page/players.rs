//! Who watches by what: kinds of devices against tiers, and each player that tells of itself.

use crate::api::{self, Fault};
use crate::board::Board;
use crate::dom;
use crate::page::PageHead;
use crate::parts::fault_line::FaultLine;
use crate::route::{Go, Route};
use crate::{format, text};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{PlayerDevice, PlayerSession};

/// How often the box is asked for the players.
const ASK_MS: u32 = 3_000;

const DEVICES: [PlayerDevice; 4] = [
    PlayerDevice::MediaSource,
    PlayerDevice::ManagedMediaSource,
    PlayerDevice::NativeHls,
    PlayerDevice::Other,
];

/// The page.
#[component]
pub(crate) fn PlayersPage() -> impl IntoView {
    let (players, fault) = (RwSignal::new(None::<Vec<PlayerSession>>), RwSignal::new(None::<Fault>));
    spawn_local(async move {
        // Ends with the page.
        while !players.is_disposed() {
            if dom::is_in_sight() {
                match api::players().await {
                    Ok(told) => {
                        players.try_set(Some(told));
                        fault.try_set(None);
                    }
                    Err(told) => drop(fault.try_set(Some(told))),
                }
            }
            TimeoutFuture::new(ASK_MS).await;
        }
    });
    let none = move || players.with(|players| players.as_ref().is_some_and(Vec::is_empty));
    view! {
        <PageHead title=text::PLAYERS hint=text::PLAYERS_HINT/>
        <section class="panel" aria-labelledby="matrix"><h2 id="matrix">{text::MATRIX}</h2><Matrix/></section>
        <section class="panel" aria-labelledby="sessions">
            <h2 id="sessions">{text::SESSIONS}</h2>
            <FaultLine fault/>
            <Show when=none><p class="hint">{text::NO_SESSIONS}</p></Show>
            <Sessions players/>
        </section>
        <section class="panel" aria-labelledby="choice"><h2 id="choice">{text::TIER_CHOICE}</h2><p>{text::TIER_CHOICE_HINT}</p></section>
    }
}

/// Rows are kinds of devices, columns are tiers, cells say how many, and whether it is their first choice.
#[component]
fn Matrix() -> impl IntoView {
    let board = Board::here();
    let count = move |device: PlayerDevice, tier: u8| {
        board.audience.with(|audience| {
            let ours = audience.devices.iter().filter(|cell| cell.device == device && cell.tier == tier);
            ours.map(|cell| cell.players).sum::<u32>()
        })
    };
    let cell = move |device: PlayerDevice, tier: u8| {
        let some = move || count(device, tier) > 0;
        view! {
            <td class:some=some>
                <strong>{move || count(device, tier)}</strong>
                <small>{text::tier_place(device, tier)}</small>
            </td>
        }
    };
    let row = move |device: PlayerDevice| {
        let cells = [0, 1, 2].map(|tier| cell(device, tier)).into_iter().collect_view();
        view! { <tr><th scope="row">{text::device(device)}<small>{text::device_hint(device)}</small></th>{cells}</tr> }
    };
    view! {
        <div class="scroll" tabindex="0" role="group" aria-labelledby="matrix">
            <table class="matrix">
                <thead><tr><th scope="col">{text::DEVICE}</th>{text::TIERS[1..].iter().map(|(_, word)| view! { <th scope="col">{*word}</th> }).collect_view()}</tr></thead>
                <tbody>{DEVICES.map(row).into_iter().collect_view()}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Sessions(players: RwSignal<Option<Vec<PlayerSession>>>) -> impl IntoView {
    let heads = text::SESSION_HEADS.map(|head| view! { <th scope="col">{head}</th> });
    let rows = move || {
        let rows = players.get().unwrap_or_default().into_iter().map(|player| view! { <Row player/> });
        rows.collect_view()
    };
    view! {
        <div class="scroll" tabindex="0" role="group" aria-labelledby="sessions">
            <table class="sessions">
                <thead><tr>{heads.into_iter().collect_view()}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(player: PlayerSession) -> impl IntoView {
    let latency = player
        .latency_ms
        .map_or_else(|| text::NO_VALUE.to_owned(), |now| format::latency(now, player.target_ms));
    let late = player.latency_ms.is_some_and(|now| format::is_late(now, player.target_ms));
    let stalls = text::stalls(player.stalls, &format::millis_said(player.stalled_ms.into()));
    let place = usize::from(player.tier) + 1;
    let tier = text::TIERS.get(place).map_or("", |(_, word)| *word);
    view! {
        <tr>
            <th scope="row"><code>{player.session}</code></th>
            <td><Go to=Route::Channel(player.channel.clone())>{player.channel}</Go></td>
            <td>{text::device(player.device)}</td>
            <td>{tier}<small>{player.engine}</small></td>
            <td class:late=late>{latency}</td>
            <td>{format::millis_said(player.buffer_ms.into())}</td>
            <td>{format::bitrate(player.bitrate_bps)}</td>
            <td>{text::rate(player.rate_percent)}</td>
            <td class:late={player.stalls > 0}>{stalls}</td>
            <td>{player.switches}</td>
            <td>{player.early}</td>
            <td>{format::duration(player.watched_secs)}</td>
        </tr>
    }
}

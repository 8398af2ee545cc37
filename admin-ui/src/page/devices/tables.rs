//! What there are several of: templates with room, folders and disks, interfaces, sensors.

use super::Bar;
use crate::{format, text};
use leptos::prelude::*;
use wire::{BoxHealth, Drive, Filesystem, NetworkLink, Room, Sensor, Supply};

/// A table that scrolls by itself where it is wider than the page.
#[component]
fn Table<const N: usize>(of: &'static str, heads: [&'static str; N], children: ChildrenFn) -> impl IntoView {
    let heads = heads.map(|head| view! { <th scope="col">{head}</th> }).into_iter().collect_view();
    view! {
        <div class="scroll" tabindex="0" role="group" aria-labelledby=of>
            <table><thead><tr>{heads}</tr></thead><tbody>{children()}</tbody></table>
        </div>
    }
}

fn state(light: &'static str, word: String) -> impl IntoView {
    view! { <span class="light" data-light=light aria-hidden="true"></span>" "{word} }
}

fn or_dash(value: Option<String>) -> String {
    value.unwrap_or_else(|| text::NO_VALUE.to_owned())
}

/// How many more channels of each template.
#[component]
pub(super) fn RoomTable(now: Memo<BoxHealth>) -> impl IntoView {
    let row = |room: Room| {
        view! {
            <tr><th scope="row">{room.name}</th><td>{format!("{:.2}", f64::from(room.cpu_millicores) / 1000.0)}</td>
                <td class="more">{room.in_software}</td><td class="more">{room.on_devices}</td></tr>
        }
    };
    view! {
        <section class="panel" aria-labelledby="room">
            <h2 id="room">{text::ROOM}</h2>
            <p class="hint">{text::ROOM_HINT}</p>
            <Table of="room" heads=text::ROOM_HEADS>{move || now.with(|now| now.room.clone()).into_iter().map(row).collect_view()}</Table>
        </section>
    }
}

/// Folders, and the disks they are on.
#[component]
pub(super) fn Disks(now: Memo<BoxHealth>) -> impl IntoView {
    let folder = |disk: Filesystem| {
        let taken = disk.size.saturating_sub(disk.free) as f64 * 100.0 / disk.size.max(1) as f64;
        let (light, word) = match disk.fault.is_empty() {
            true => ("good", text::STATE_GOOD.to_owned()),
            false => ("bad", disk.fault),
        };
        view! {
            <tr><th scope="row">{disk.name}<small><code>{disk.folder}</code></small></th>
                <td class="with-bar"><Bar percent=taken/><span>{format!("{taken:.0} %")}</span></td>
                <td>{format::bytes(disk.free as f64)}</td><td>{format::bytes(disk.size as f64)}</td><td>{state(light, word)}</td></tr>
        }
    };
    let drive = |drive: Drive| {
        let rate = |rate: Option<f64>| or_dash(rate.map(|rate| format!("{}/s", format::bytes(rate))));
        view! {
            <tr><th scope="row">{drive.name}<small>{drive.state}</small></th>
                <td>{or_dash(drive.busy_percent.map(|busy| format!("{busy:.0} %")))}</td>
                <td>{rate(drive.read_rate)}</td><td>{rate(drive.write_rate)}</td><td>{format::bytes(drive.size as f64)}</td>
                <td class:late=drive.errors.is_some_and(|errors| errors > 0)>{or_dash(drive.errors.map(|errors| errors.to_string()))}</td><td>{drive.model}</td></tr>
        }
    };
    let some = move || now.with(|now| !now.drives.is_empty());
    view! {
        <section class="panel" aria-labelledby="disks">
            <h2 id="disks">{text::DISKS}</h2>
            <Table of="disks" heads=text::FOLDER_HEADS>{move || now.with(|now| now.filesystems.clone()).into_iter().map(folder).collect_view()}</Table>
            <Show when=some>
                <Table of="disks" heads=text::DRIVE_HEADS>{move || now.with(|now| now.drives.clone()).into_iter().map(drive).collect_view()}</Table>
            </Show>
        </section>
    }
}

/// Interfaces.
#[component]
pub(super) fn Network(now: Memo<BoxHealth>) -> impl IntoView {
    let row = |link: NetworkLink| {
        let light = match (link.up, link.carrier) {
            (true, true) => "good",
            // Many a machine has a port that nothing is plugged into; one that had a cable raises an alarm.
            (true, false) => "degraded",
            (false, _) => "off",
        };
        let rate = |bps: Option<f64>| or_dash(bps.map(format::bits_per_second));
        let speed = or_dash(link.speed_mbps.map(|speed| format::bits_per_second(f64::from(speed) * 1e6)));
        let word = text::link_state(&link).to_owned();
        view! {
            <tr><th scope="row">{link.name}</th><td>{state(light, word)}</td><td>{speed}</td>
                <td>{rate(link.received_bps)}</td><td>{rate(link.sent_bps)}</td>
                <td class:late={link.errors > 0}>{format!("{}, {}", link.errors, link.dropped)}</td></tr>
        }
    };
    view! {
        <section class="panel" aria-labelledby="network">
            <h2 id="network">{text::NETWORK}</h2>
            <Table of="network" heads=text::LINK_HEADS>{move || now.with(|now| now.links.clone()).into_iter().map(row).collect_view()}</Table>
        </section>
    }
}

/// Temperatures, fans, power; supplies.
#[component]
pub(super) fn Sensors(now: Memo<BoxHealth>) -> impl IntoView {
    let row = |sensor: Sensor| {
        let unit = text::sensor_unit(sensor.kind);
        let (light, word) =
            if sensor.alarm { ("bad", text::STATE_ALARM) } else { ("good", text::STATE_GOOD) };
        view! {
            <tr><th scope="row">{sensor.name}</th><td>{format!("{:.0} {unit}", sensor.value)}</td>
                <td>{or_dash(sensor.limit.map(|limit| format!("{limit:.0} {unit}")))}</td><td>{state(light, word.to_owned())}</td></tr>
        }
    };
    let supply = |supply: Supply| {
        let (light, word) = if supply.online { ("good", text::STATE_GOOD) } else { ("off", text::STATE_OFF) };
        view! { <tr><th scope="row">{supply.name}</th><td>{supply.kind}</td><td>{text::NO_VALUE}</td><td>{state(light, word.to_owned())}</td></tr> }
    };
    let rows = move || now.with(|now| now.sensors.clone()).into_iter().map(row).collect_view();
    let supplies = move || now.with(|now| now.supplies.clone()).into_iter().map(supply).collect_view();
    let some = move || now.with(|now| !(now.sensors.is_empty() && now.supplies.is_empty()));
    view! {
        <section class="panel" aria-labelledby="sensors">
            <h2 id="sensors">{text::SENSORS}</h2>
            <Show when=some fallback=|| view! { <p class="hint">{text::NO_SENSORS}</p> }>
                <Table of="sensors" heads=text::SENSOR_HEADS>{rows}{supplies}</Table>
            </Show>
        </section>
    }
}

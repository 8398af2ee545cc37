//! How the machine is, for `forebay devices`: pure.

use super::table::table;
use wire::{BoxHealth, ClockHealth, ClockState, SensorKind};

/// Everything but the GPUs.
pub(super) fn render(health: &BoxHealth) -> String {
    if health.at_ms == 0 {
        return "the machine's health is not known yet; ask again in some seconds\n\n".into();
    }
    let parts = [facts(health), filesystems(health), drives(health), links(health), sensors(health)];
    parts.into_iter().filter(|part| !part.is_empty()).map(|part| part + "\n").collect()
}

/// How many more channels fit, and what could not be looked at.
pub(super) fn room(health: &BoxHealth) -> String {
    let heading = ["TEMPLATE", "CORES", "MORE IN SOFTWARE", "MORE ON GPUS"];
    let rows = health.room.iter().map(|room| {
        let cores = format!("{:.2}", f64::from(room.cpu_millicores) / 1000.0);
        vec![room.template.clone(), cores, room.in_software.to_string(), room.on_devices.to_string()]
    });
    let notes: String = health.notes.iter().map(|note| format!("note: {note}\n")).collect();
    let table = columns(&heading, rows);
    if notes.is_empty() { table } else { format!("{table}\n{notes}") }
}

fn columns(heading: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let heading = heading.iter().map(|&word| word.to_owned()).collect();
    let rows: Vec<_> = std::iter::once(heading).chain(rows).collect();
    if rows.len() > 1 { table(&rows) } else { String::new() }
}

fn facts(health: &BoxHealth) -> String {
    let processor = &health.processor;
    let [one, five, fifteen] = processor.load;
    let model = if processor.model.is_empty() { String::new() } else { format!("{}, ", processor.model) };
    let busy = format!(
        "{model}{} cores, {} busy, load {one:.2} {five:.2} {fifteen:.2}",
        processor.cores.len(),
        percent(processor.busy_percent)
    );
    let memory = format!("{} of {} available", bytes(health.memory.available), bytes(health.memory.total));
    let fact = |name: &str, value: String| vec![name.to_owned(), value];
    table(&[fact("processor", busy), fact("memory", memory), fact("clock", clock(&health.clock))])
}

/// In a few words.
fn clock(clock: &ClockHealth) -> String {
    let offset = clock.offset_ms.map(|ms| format!(", {ms:.3} ms off")).unwrap_or_default();
    let reference =
        if clock.reference.is_empty() { String::new() } else { format!(" with {}", clock.reference) };
    match clock.state {
        ClockState::Synchronised => format!("synchronised{reference} by {}{offset}", clock.by),
        ClockState::Local => format!("follows itself, as {} was set up to do without a reference", clock.by),
        ClockState::Unsynchronised => format!("without a reference, says {}", clock.by),
        ClockState::Unknown => "not known: no time service could be asked".into(),
    }
}

fn filesystems(health: &BoxHealth) -> String {
    let rows = health.filesystems.iter().map(|disk| {
        let fault = if disk.fault.is_empty() { "good".to_owned() } else { disk.fault.clone() };
        vec![disk.name.clone(), bytes(disk.free), bytes(disk.size), fault, disk.folder.clone()]
    });
    columns(&["FOLDER", "FREE", "SIZE", "STATE", "WHERE"], rows)
}

fn drives(health: &BoxHealth) -> String {
    let rows = health.drives.iter().map(|drive| {
        let rate =
            |rate: Option<f64>| rate.map_or_else(String::new, |rate| format!("{}/s", bytes(rate as u64)));
        let errors = drive.errors.map_or_else(String::new, |errors| errors.to_string());
        let (read, written) = (rate(drive.read_rate), rate(drive.write_rate));
        let size = bytes(drive.size);
        vec![
            drive.name.clone(),
            size,
            percent(drive.busy_percent),
            read,
            written,
            errors,
            drive.model.clone(),
        ]
    });
    columns(&["DISK", "SIZE", "BUSY", "READ", "WRITTEN", "ERRORS", "MODEL"], rows)
}

fn links(health: &BoxHealth) -> String {
    let rows = health.links.iter().map(|link| {
        let state = match (link.up, link.carrier) {
            (false, _) => "off",
            (true, false) => "no cable",
            (true, true) => "good",
        };
        let speed = link.speed_mbps.map_or_else(String::new, |speed| format!("{speed} Mbit/s"));
        let rate =
            |rate: Option<f64>| rate.map_or_else(String::new, |bps| format!("{:.1} Mbit/s", bps / 1e6));
        let (received, sent) = (rate(link.received_bps), rate(link.sent_bps));
        let faults = format!("{} / {}", link.errors, link.dropped);
        vec![link.name.clone(), state.into(), speed, received, sent, faults]
    });
    columns(&["NETWORK", "STATE", "SPEED", "RECEIVED", "SENT", "ERRORS / DROPPED"], rows)
}

fn sensors(health: &BoxHealth) -> String {
    let rows = health.sensors.iter().map(|sensor| {
        let unit = match sensor.kind {
            SensorKind::Temperature => "°C",
            SensorKind::Fan => "rpm",
            SensorKind::Power => "W",
        };
        let limit = sensor.limit.map_or_else(String::new, |limit| format!("{limit:.0} {unit}"));
        let state = if sensor.alarm { "alarm" } else { "good" };
        vec![sensor.name.clone(), format!("{:.0} {unit}", sensor.value), limit, state.into()]
    });
    let supplies = health.supplies.iter().map(|supply| {
        let state = if supply.online { "good" } else { "off" };
        vec![supply.name.clone(), supply.kind.clone(), String::new(), state.into()]
    });
    columns(&["SENSOR", "NOW", "LIMIT", "STATE"], rows.chain(supplies))
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.0} %"))
}

/// In the largest unit of which there is one.
pub(super) fn bytes(bytes: u64) -> String {
    let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let unit = units.into_iter().find(|(_, size)| bytes as f64 >= *size);
    unit.map_or_else(|| format!("{bytes} B"), |(unit, size)| format!("{:.1} {unit}", bytes as f64 / size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::{Filesystem, Memory, NetworkLink, Processor, Room, Sensor};

    #[test]
    fn the_machine_is_told_in_tables() {
        let health = BoxHealth {
            at_ms: 1,
            processor: Processor {
                busy_percent: Some(31.4),
                cores: vec![0.0; 2],
                load: [0.5; 3],
                ..Processor::default()
            },
            memory: Memory { total: 8_000_000_000, available: 900_000_000, ..Memory::default() },
            filesystems: vec![Filesystem {
                name: "data".into(),
                folder: "/var/lib/forebay".into(),
                size: 2_000_000,
                free: 1_500,
                fault: String::new(),
            }],
            links: vec![NetworkLink {
                name: "eth0".into(),
                up: true,
                sent_bps: Some(12_345_678.0),
                ..NetworkLink::default()
            }],
            sensors: vec![Sensor {
                name: "coretemp.core-0".into(),
                value: 51.2,
                limit: Some(95.0),
                ..Sensor::default()
            }],
            room: vec![Room {
                template: "720p30".into(),
                cpu_millicores: 651,
                in_software: 3,
                ..Room::default()
            }],
            notes: vec!["SMART is not read.".into()],
            ..BoxHealth::default()
        };
        insta::assert_snapshot!(render(&health), @r"
        processor  2 cores, 31 % busy, load 0.50 0.50 0.50
        memory     900.0 MB of 8.0 GB available
        clock      not known: no time service could be asked

        FOLDER  FREE    SIZE    STATE  WHERE
        data    1.5 kB  2.0 MB  good   /var/lib/forebay

        NETWORK  STATE     SPEED  RECEIVED  SENT         ERRORS / DROPPED
        eth0     no cable  -      -         12.3 Mbit/s  0 / 0

        SENSOR           NOW    LIMIT  STATE
        coretemp.core-0  51 °C  95 °C  good
        ");
        insta::assert_snapshot!(room(&health), @r"
        TEMPLATE  CORES  MORE IN SOFTWARE  MORE ON GPUS
        720p30    0.65   3                 0

        note: SMART is not read.
        ");
        assert!(render(&BoxHealth::default()).contains("not known yet"));
    }
}

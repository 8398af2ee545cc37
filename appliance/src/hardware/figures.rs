//! What is told of two readings: pure.

use super::parse::CoreTimes;
use super::read::Reading;
use std::time::Duration;
use wire::{BoxHealth, Drive, NetworkLink, Processor};

/// What the newer of two readings tells, with rates since the older; without rates where there is none.
#[must_use]
pub fn of(now: &Reading, before: Option<&Reading>, at_ms: i64) -> BoxHealth {
    BoxHealth {
        at_ms,
        processor: processor(now, before),
        memory: now.memory.clone(),
        filesystems: now.filesystems.clone(),
        drives: drives(now, before),
        links: links(now, before),
        sensors: now.sensors.clone(),
        supplies: now.supplies.clone(),
        clock: now.clock.clone(),
        notes: notes(now),
        ..BoxHealth::default()
    }
}

fn elapsed(now: &Reading, before: &Reading) -> f64 {
    now.at.saturating_sub(before.at).max(Duration::from_millis(1)).as_secs_f64()
}

/// A tenth is as much as anybody reads.
fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// A share of what went by; nothing where nothing did, as when cores come and go.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| tenths(part.min(whole) as f64 * 100.0 / whole as f64))
}

fn busy(now: CoreTimes, before: CoreTimes) -> Option<f64> {
    let total = now.total.saturating_sub(before.total);
    share(total.saturating_sub(now.idle.saturating_sub(before.idle)), total)
}

fn processor(now: &Reading, before: Option<&Reading>) -> Processor {
    let earlier = before.map(|before| before.cores.as_slice()).unwrap_or_default();
    let mut pairs = now.cores.iter().zip(earlier).map(|(now, before)| (*now, *before));
    let all = pairs.next();
    let stolen = |(now, before): (CoreTimes, CoreTimes)| {
        share(now.stolen.saturating_sub(before.stolen), now.total.saturating_sub(before.total))
    };
    let mut cores: Vec<f64> = pairs.map(|(now, before)| busy(now, before).unwrap_or(0.0)).collect();
    cores.resize(now.cores.len().saturating_sub(1), 0.0);
    Processor {
        model: now.model.clone(),
        busy_percent: all.and_then(|(now, before)| busy(now, before)),
        cores,
        stolen_percent: all.and_then(stolen),
        load: now.load,
        pressure_percent: now.cpu_pressure,
    }
}

fn drives(now: &Reading, before: Option<&Reading>) -> Vec<Drive> {
    let one = |raw: &super::drives::RawDrive| {
        let earlier = before.and_then(|before| {
            let same = before.drives.iter().find(|other| other.drive.name == raw.drive.name)?;
            Some((same.counts, elapsed(now, before)))
        });
        let rate = |now: u64, then: u64, secs: f64| (now.saturating_sub(then) as f64 / secs).round();
        let counts = raw.counts;
        Drive {
            busy_percent: earlier.map(|(then, secs)| {
                tenths((counts.busy_ms.saturating_sub(then.busy_ms) as f64 / secs / 10.0).min(100.0))
            }),
            read_rate: earlier.map(|(then, secs)| rate(counts.read, then.read, secs)),
            write_rate: earlier.map(|(then, secs)| rate(counts.written, then.written, secs)),
            ..raw.drive.clone()
        }
    };
    now.drives.iter().map(one).collect()
}

fn links(now: &Reading, before: Option<&Reading>) -> Vec<NetworkLink> {
    let one = |raw: &super::links::RawLink| {
        let earlier = before.and_then(|before| {
            let same = before.links.iter().find(|other| other.link.name == raw.link.name)?;
            Some((same, elapsed(now, before)))
        });
        let rate = |now: u64, then: u64, secs: f64| (now.saturating_sub(then) as f64 * 8.0 / secs).round();
        NetworkLink {
            received_bps: earlier.map(|(then, secs)| rate(raw.received, then.received, secs)),
            sent_bps: earlier.map(|(then, secs)| rate(raw.sent, then.sent, secs)),
            ..raw.link.clone()
        }
    };
    now.links.iter().map(one).collect()
}

/// What could not be looked at, and how somebody can.
fn notes(now: &Reading) -> Vec<String> {
    let mut notes = Vec::new();
    if !now.drives.is_empty() {
        notes.push(
            "SMART of disks needs rights that Forebay does not have: `smartctl -H /dev/NAME`, as root."
                .into(),
        );
    }
    if now.has_ipmi {
        notes.push(
            "There is a management controller (IPMI), and asking it needs rights that Forebay does not have: `ipmitool \
             sdr`, as root, shows fans and power supplies."
                .into(),
        );
    }
    if now.sensors.is_empty() {
        notes.push("The kernel tells of no sensor: in a virtual machine there are none; elsewhere `sensors-detect` finds their drivers.".into());
    }
    if now.clock.by.is_empty() {
        notes.push("No time service could be asked: systemd-timesyncd is not running, and `chronyc tracking` gives Forebay's user no answer.".into());
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::drives::RawDrive;
    use crate::hardware::links::RawLink;
    use crate::hardware::parse::DriveCounts;

    fn reading(secs: u64, ticks: u64, bytes: u64) -> Reading {
        let core = |busy: u64| CoreTimes { total: ticks, idle: ticks - busy, stolen: busy / 10 };
        let link = NetworkLink { name: "eth0".into(), ..NetworkLink::default() };
        let drive = Drive { name: "sda".into(), ..Drive::default() };
        Reading {
            at: Duration::from_secs(secs),
            cores: vec![core(ticks / 4), core(ticks / 2), core(0)],
            drives: vec![RawDrive {
                drive,
                counts: DriveCounts { read: bytes, written: 0, busy_ms: bytes / 1000 },
            }],
            links: vec![RawLink { link, received: bytes, sent: 2 * bytes }],
            ..Reading::default()
        }
    }

    #[test]
    fn rates_are_of_what_went_by() {
        let told = of(&reading(20, 3000, 2_000_000), Some(&reading(10, 1000, 1_000_000)), 7);
        assert_eq!(
            (told.at_ms, told.processor.busy_percent, told.processor.stolen_percent),
            (7, Some(25.0), Some(2.5))
        );
        assert_eq!(told.processor.cores, [50.0, 0.0]);
        assert_eq!(
            (told.links[0].received_bps, told.links[0].sent_bps),
            (Some(800_000.0), Some(1_600_000.0))
        );
        assert_eq!((told.drives[0].read_rate, told.drives[0].busy_percent), (Some(100_000.0), Some(10.0)));
    }

    #[test]
    fn the_first_reading_has_no_rates_and_a_counter_that_begins_anew_none_below_zero() {
        let first = of(&reading(10, 1000, 5), None, 0);
        assert_eq!((first.processor.busy_percent, first.links[0].sent_bps), (None, None));
        assert_eq!(first.processor.cores, [0.0, 0.0]);
        let again = of(&reading(20, 1000, 5), Some(&reading(10, 2000, 1_000_000)), 0);
        assert_eq!((again.processor.busy_percent, again.links[0].sent_bps), (None, Some(0.0)));
        assert!(of(&Reading::default(), None, 0).notes.iter().any(|note| note.contains("no sensor")));
    }
}

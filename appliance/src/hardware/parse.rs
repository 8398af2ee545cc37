//! Files of `/proc`, and what `chronyc` prints: pure. What is not understood is left out.

use wire::{ClockHealth, ClockState, Memory};

/// Bytes of a sector in `/proc/diskstats`, whatever the disk's own are.
pub const SECTOR_BYTES: u64 = 512;

/// How a core has spent its time, in ticks since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoreTimes {
    /// All of it.
    pub total: u64,
    /// With nothing to do, or waiting for a disk.
    pub idle: u64,
    /// Taken by another machine.
    pub stolen: u64,
}

/// `/proc/stat`: all cores together first, then each.
#[must_use]
pub fn stat(text: &str) -> Vec<CoreTimes> {
    let core = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        words.next().filter(|name| name.starts_with("cpu"))?;
        let ticks: Vec<u64> = words.map_while(|word| word.parse().ok()).collect();
        // user nice system idle iowait irq softirq steal; guests are counted in user and nice already.
        let at = |place: usize| ticks.get(place).copied().unwrap_or(0);
        (ticks.len() >= 4).then(|| CoreTimes {
            total: ticks.iter().take(8).sum(),
            idle: at(3) + at(4),
            stolen: at(7),
        })
    };
    text.lines().map_while(core).collect()
}

/// `/proc/loadavg`.
#[must_use]
pub fn loadavg(text: &str) -> [f64; 3] {
    let mut words = text.split_ascii_whitespace().map(|word| word.parse().unwrap_or(0.0));
    std::array::from_fn(|_| words.next().unwrap_or(0.0))
}

/// The first `model name` of `/proc/cpuinfo`; empty where there is none.
#[must_use]
pub fn model(text: &str) -> String {
    let value = |line: &str| Some(line.strip_prefix("model name")?.split_once(':')?.1.trim().to_owned());
    text.lines().find_map(value).unwrap_or_default()
}

/// `/proc/meminfo`.
#[must_use]
pub fn meminfo(text: &str) -> Memory {
    let bytes = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib = line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse::<u64>().ok());
        kib.map(|kib| kib.saturating_mul(1024))
    };
    Memory {
        total: bytes("MemTotal").unwrap_or(0),
        available: bytes("MemAvailable").or_else(|| bytes("MemFree")).unwrap_or(0),
        swap_total: bytes("SwapTotal").unwrap_or(0),
        swap_free: bytes("SwapFree").unwrap_or(0),
        pressure_percent: None,
    }
}

/// A file of `/proc/pressure`: how much of the last ten seconds something waited, in percent.
#[must_use]
pub fn pressure(text: &str) -> Option<f64> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    some.split_ascii_whitespace().find_map(|word| word.strip_prefix("avg10=")?.parse().ok())
}

/// What a disk has done since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DriveCounts {
    /// Bytes.
    pub read: u64,
    /// Bytes.
    pub written: u64,
    /// Milliseconds with something to do.
    pub busy_ms: u64,
}

/// `/proc/diskstats`, by name.
#[must_use]
pub fn diskstats(text: &str) -> Vec<(String, DriveCounts)> {
    let drive = |line: &str| {
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        let number = |place: usize| words.get(place)?.parse::<u64>().ok();
        let counts = DriveCounts {
            read: number(5)?.saturating_mul(SECTOR_BYTES),
            written: number(9)?.saturating_mul(SECTOR_BYTES),
            busy_ms: number(12)?,
        };
        Some(((*words.get(2)?).to_owned(), counts))
    };
    text.lines().filter_map(drive).collect()
}

/// The reference that chrony names when it has none but its own clock.
const CHRONY_LOCAL: &str = "7F7F0101";

/// What `chronyc -c tracking` prints: one line, with commas between.
#[must_use]
pub fn chrony(text: &str) -> Option<ClockHealth> {
    let words: Vec<_> = text.lines().next()?.split(',').collect();
    let (id, name, leap) = (words.first()?, words.get(1)?, words.get(13)?);
    let offset = words.get(4)?.parse::<f64>().ok()?;
    let state = match *leap {
        "Not synchronised" => ClockState::Unsynchronised,
        _ if *id == CHRONY_LOCAL => ClockState::Local,
        _ => ClockState::Synchronised,
    };
    let follows = state == ClockState::Synchronised;
    Some(ClockHealth {
        state,
        by: "chrony".into(),
        reference: if follows { (*name).to_owned() } else { String::new() },
        offset_ms: follows.then_some(offset * 1000.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_counted_without_guests() {
        let text =
            "cpu  100 0 50 800 50 0 0 10 7 0\ncpu0 50 0 25 400 25 0 0 5 7 0\ncpu1 50 0 25 400\nintr 9 cpu\n";
        let all = CoreTimes { total: 1010, idle: 850, stolen: 10 };
        let first = CoreTimes { total: 505, idle: 425, stolen: 5 };
        let second = CoreTimes { total: 475, idle: 400, stolen: 0 };
        assert_eq!(stat(text), [all, first, second]);
        assert_eq!(stat("nonsense"), []);
        assert_eq!(loadavg("0.50 1.25 2.00 1/234 5678").to_vec(), [0.5, 1.25, 2.0]);
        assert_eq!(loadavg("").to_vec(), [0.0; 3]);
        assert_eq!(model("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n"), "Some CPU @ 2 GHz");
    }

    #[test]
    fn memory_is_in_bytes() {
        let memory = meminfo(
            "MemTotal:  2000 kB\nMemFree: 100 kB\nMemAvailable:  500 kB\nSwapTotal: 10 kB\nSwapFree: 4 kB\n",
        );
        assert_eq!((memory.total, memory.available), (2_048_000, 512_000));
        assert_eq!((memory.swap_total, memory.swap_free), (10_240, 4_096));
        assert_eq!(meminfo(""), Memory::default());
        assert_eq!(pressure("some avg10=1.50 avg60=0.00 avg300=0.00 total=9\nfull avg10=9.00"), Some(1.5));
        assert_eq!(pressure("full avg10=9.00"), None);
    }

    #[test]
    fn disks_are_counted_in_bytes() {
        let text = "   8       0 sda 10 0 20 5 30 0 40 6 0 700 11 0 0\n 8 1 sda1 short\n";
        let counts = DriveCounts { read: 10_240, written: 20_480, busy_ms: 700 };
        assert_eq!(diskstats(text), [("sda".to_owned(), counts)]);
    }

    #[test]
    fn chrony_says_what_it_follows() {
        let line = |id: &str, name: &str, leap: &str| {
            format!("{id},{name},3,1767225600.1,0.000123,0.0,0.0,-1.0,0.0,0.1,0.01,0.001,64.0,{leap}\n")
        };
        let told = chrony(&line("C0000202", "192.0.2.2", "Normal")).unwrap();
        assert_eq!((told.state, told.reference.as_str()), (ClockState::Synchronised, "192.0.2.2"));
        assert!((told.offset_ms.unwrap() - 0.123).abs() < 1e-9);
        assert_eq!(chrony(&line("7F7F0101", "", "Normal")).unwrap().state, ClockState::Local);
        assert_eq!(
            chrony(&line("00000000", "", "Not synchronised")).unwrap().state,
            ClockState::Unsynchronised
        );
        assert_eq!(chrony("506 Cannot talk to daemon"), None);
    }
}

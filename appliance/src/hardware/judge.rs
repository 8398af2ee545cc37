//! What of the machine's figures is an alarm: pure. Each is raised at one figure and cleared at another, so that it does not
//! flicker; what a cable or a sensor was before is remembered here.

use crate::alarms::{Kind, Words};
use crate::limits::{
    CLOCK_UNSYNCHRONISED_AFTER, HOT_CLEAR_BELOW, MEMORY_CLEAR_PERCENT, MEMORY_SHORT_PERCENT,
};
use media::time::Ticks;
use std::collections::BTreeSet;
use wire::{BoxHealth, ClockState, Memory, SensorKind};

/// What was found so far.
#[derive(Clone, Debug, Default)]
pub struct Judge {
    /// Interfaces that have had a cable.
    had_carrier: BTreeSet<String>,
    /// Sensors that are beyond their limit.
    beyond: BTreeSet<String>,
    /// Since when the clock has had no reference.
    unsynchronised_since: Option<Ticks>,
}

/// Whether each kind is so; nothing in between.
pub type Verdict = (Kind, Option<bool>, Words);

impl Judge {
    /// What follows from these figures.
    pub fn judge(&mut self, health: &BoxHealth, now: Ticks) -> [Verdict; 4] {
        [memory(&health.memory), self.sensors(health), self.links(health), self.clock(health, now)]
    }

    fn sensors(&mut self, health: &BoxHealth) -> Verdict {
        let is_beyond = |sensor: &&wire::Sensor| match (sensor.kind, sensor.limit) {
            (SensorKind::Temperature, Some(limit)) => {
                let margin = if self.beyond.contains(&sensor.name) { HOT_CLEAR_BELOW } else { 0.0 };
                sensor.value >= limit - margin
            }
            _ => sensor.alarm,
        };
        let beyond: Vec<_> = health.sensors.iter().filter(is_beyond).collect();
        let told: Vec<_> = beyond.iter().map(|sensor| told(sensor)).collect();
        self.beyond = beyond.iter().map(|sensor| sensor.name.clone()).collect();
        let words = Words::new(
            format!("The machine is too hot, or a fan is too slow: {}.", told.join("; ")),
            "See that air gets in and out, that the fans turn, and that the room is cool; the page Devices shows the \
             course. A processor that is too hot slows down, and pictures come late.",
        );
        (Kind::TooHot, Some(!self.beyond.is_empty()), words)
    }

    fn links(&mut self, health: &BoxHealth) -> Verdict {
        for link in &health.links {
            if link.hardware && link.up && link.carrier {
                self.had_carrier.insert(link.name.clone());
            }
        }
        // Whoever switches one off knows.
        self.had_carrier.retain(|name| !health.links.iter().any(|link| link.name == *name && !link.up));
        let there = |name: &&String| health.links.iter().any(|link| link.name == **name && link.carrier);
        let is_known = !health.links.is_empty();
        let lost: Vec<_> = self.had_carrier.iter().filter(|name| is_known && !there(name)).cloned().collect();
        let words = Words::new(
            format!("The network cable of {} has gone, or what is at its other end.", lost.join(", ")),
            "Look at the cable and at the switch. An interface that is not needed any more: switch it off (`ip link set \
             NAME down`), or restart Forebay.",
        );
        (Kind::LinkLost, Some(!lost.is_empty()), words)
    }

    fn clock(&mut self, health: &BoxHealth, now: Ticks) -> Verdict {
        if health.clock.state != ClockState::Unsynchronised {
            self.unsynchronised_since = None;
        }
        let is_so = health.clock.state == ClockState::Unsynchronised && {
            let since = *self.unsynchronised_since.get_or_insert(now);
            now - since >= CLOCK_UNSYNCHRONISED_AFTER
        };
        let words = Words::new(
            format!("The machine's clock has no reference; {} says so.", health.clock.by),
            "Give the time service a server that it reaches. Without one the clock drifts by seconds a day, and players \
             that go by their own clock see another latency.",
        );
        (Kind::ClockUnsynchronised, Some(is_so), words)
    }
}

/// Without what it is just now: the alarm's words would change each time.
fn told(sensor: &wire::Sensor) -> String {
    match (sensor.kind, sensor.limit) {
        (SensorKind::Temperature, Some(limit)) => format!("{} is beyond {limit:.0} °C", sensor.name),
        (SensorKind::Fan, Some(limit)) => {
            format!("{} turns less than {limit:.0} times a minute", sensor.name)
        }
        _ => format!("{} is beyond its limit", sensor.name),
    }
}

fn memory(memory: &Memory) -> Verdict {
    let percent = memory.available as f64 * 100.0 / memory.total.max(1) as f64;
    let is_so = match percent {
        _ if memory.total == 0 => Some(false),
        percent if percent < MEMORY_SHORT_PERCENT => Some(true),
        percent if percent >= MEMORY_CLEAR_PERCENT => Some(false),
        _ => None,
    };
    let words = Words::new(
        format!("Less than {MEMORY_SHORT_PERCENT} percent of the machine's memory is left."),
        "Stop channels that are not needed, give them fewer rungs or a shorter past, or see what else runs on the \
         machine. The kernel ends processes when none is left: channels start anew then.",
    );
    (Kind::MemoryShort, is_so, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::{ClockHealth, NetworkLink, Sensor};

    fn verdict(verdicts: &[Verdict], kind: Kind) -> (Option<bool>, String) {
        let found = verdicts.iter().find(|(of, ..)| *of == kind).unwrap();
        (found.1, found.2.cause.clone())
    }

    #[test]
    fn short_memory_and_enough_are_apart() {
        let of = |available| memory(&Memory { total: 1000, available, ..Memory::default() }).1;
        assert_eq!([40, 50, 99, 100].map(of), [Some(true), None, None, Some(false)]);
        assert_eq!(memory(&Memory::default()).1, Some(false));
    }

    #[test]
    fn a_sensor_is_hot_until_it_is_cooler_by_a_margin() {
        let mut judge = Judge::default();
        let mut at = |value| {
            let sensor = Sensor { name: "cpu".into(), value, limit: Some(95.0), ..Sensor::default() };
            let health = BoxHealth { sensors: vec![sensor], ..BoxHealth::default() };
            verdict(&judge.judge(&health, Ticks::ZERO), Kind::TooHot)
        };
        assert_eq!(at(90.0).0, Some(false));
        let (is_so, cause) = at(95.0);
        assert!(is_so == Some(true) && cause.contains("cpu is beyond 95 °C"), "{cause}");
        assert_eq!([at(90.0).0, at(84.0).0, at(90.0).0], [Some(true), Some(false), Some(false)]);
    }

    #[test]
    fn a_cable_is_missed_where_there_was_one() {
        let mut judge = Judge::default();
        let mut with = |up, carrier| {
            let link =
                NetworkLink { name: "eth0".into(), hardware: true, up, carrier, ..NetworkLink::default() };
            let health = BoxHealth { links: vec![link], ..BoxHealth::default() };
            verdict(&judge.judge(&health, Ticks::ZERO), Kind::LinkLost).0
        };
        assert_eq!(
            [with(true, false), with(true, true), with(true, false)],
            [Some(false), Some(false), Some(true)]
        );
        assert_eq!(
            [with(true, true), with(true, false), with(false, false)],
            [Some(false), Some(true), Some(false)]
        );
        let mut judge = Judge::default();
        let link = NetworkLink {
            name: "usb0".into(),
            hardware: true,
            up: true,
            carrier: true,
            ..NetworkLink::default()
        };
        judge.judge(&BoxHealth { links: vec![link], ..BoxHealth::default() }, Ticks::ZERO);
        let nothing = judge.judge(&BoxHealth::default(), Ticks::ZERO);
        assert_eq!(verdict(&nothing, Kind::LinkLost).0, Some(false), "none can be read now");
        // Pulled out as a whole.
        let other = NetworkLink { name: "eth0".into(), hardware: true, up: true, ..NetworkLink::default() };
        let health = BoxHealth { links: vec![other], ..BoxHealth::default() };
        assert_eq!(verdict(&judge.judge(&health, Ticks::ZERO), Kind::LinkLost).0, Some(true));
    }

    #[test]
    fn a_clock_is_given_time_to_find_its_reference() {
        let mut judge = Judge::default();
        let mut at = |secs, state| {
            let clock = ClockHealth { state, by: "chrony".into(), ..ClockHealth::default() };
            let health = BoxHealth { clock, ..BoxHealth::default() };
            verdict(&judge.judge(&health, Ticks::from_secs(secs)), Kind::ClockUnsynchronised).0
        };
        use ClockState::{Local, Synchronised, Unsynchronised};
        assert_eq!(
            [at(0, Unsynchronised), at(599, Unsynchronised), at(600, Unsynchronised)],
            [Some(false), Some(false), Some(true)]
        );
        assert_eq!([at(610, Synchronised), at(620, Unsynchronised), at(9000, Local)], [Some(false); 3]);
    }
}

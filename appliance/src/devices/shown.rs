//! A device in the operator's words: pure.

use super::Found;
use super::place::Candidate;
use crate::alarms::Words;
use std::collections::BTreeMap;
use wire::{EngineLoad, GpuFigures};
use worker::gpu::nvidia::Reading;
use worker::gpu::{Ability, Probed, Work};

/// One device, with the channels that it encodes, and why it is not trusted.
pub(super) fn device(
    found: &Found,
    candidate: &Candidate,
    channels: Vec<String>,
    distrusted: Option<&String>,
) -> wire::Device {
    let (health, detail) = match (distrusted, &candidate.capacity) {
        (Some(cause), _) => (wire::DeviceHealth::Distrusted, cause.clone()),
        (None, Err(unfit)) => (wire::DeviceHealth::Unusable, unfit.to_string()),
        (None, Ok(_)) => (wire::DeviceHealth::Good, String::new()),
    };
    let most = candidate.capacity.as_ref().map(|capacity| capacity.most).unwrap_or_default();
    let share = candidate.load.pixels_per_sec * 100 / most.pixels_per_sec.max(1);
    wire::Device {
        name: found.name.clone(),
        node: found.node.display().to_string(),
        driver: driver(found),
        health,
        detail,
        abilities: found.answer.as_ref().map(abilities).unwrap_or_default(),
        channels,
        sessions: candidate.load.sessions,
        taken_percent: if candidate.capacity.is_ok() { share } else { 0 },
        figures: found.reading.as_ref().map(|reading| figures(reading, found)).unwrap_or_default(),
    }
}

/// As the driver calls itself, and the device's name where that is another one.
fn driver(found: &Found) -> String {
    found.answer.as_ref().map_or_else(|_| String::new(), title)
}

/// The device's name where it has one, and the driver's.
#[must_use]
pub fn title(probed: &Probed) -> String {
    let model = probed.model.as_ref().map_or(String::new(), |model| format!("{model}, "));
    format!("{model}{}", probed.driver)
}

/// How it is, behind what it can do, such as `; 41 °C, 512 of 15360 MiB, 0 sessions`.
#[must_use]
pub fn reading(reading: &Reading) -> String {
    let heat = reading.temperature.map(|degrees| format!("{degrees} °C"));
    let memory = reading.memory_used.zip(reading.memory_total);
    let memory = memory.map(|(used, total)| format!("{} of {} MiB", used >> 20, total >> 20));
    let load = reading.encode_percent.map(|percent| format!("encoder {percent} % busy"));
    let sessions = reading.sessions.map(|sessions| format!("{sessions} sessions"));
    let slower =
        (!reading.throttling.is_empty()).then(|| format!("slower: {}", reading.throttling.join(", ")));
    let parts: Vec<_> = [heat, memory, load, sessions, slower].into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!("; {}", parts.join(", ")) }
}

fn figures(reading: &Reading, found: &Found) -> GpuFigures {
    let engines = [
        ("graphics", reading.graphics_percent),
        ("encode", reading.encode_percent),
        ("decode", reading.decode_percent),
    ];
    let engine =
        |(name, load): (&str, Option<u32>)| Some(EngineLoad { name: name.into(), percent: load?.into() });
    let errors = reading.ecc_uncorrected.filter(|count| *count > 0);
    GpuFigures {
        engines: engines.into_iter().filter_map(engine).collect(),
        memory_used: reading.memory_used,
        memory_total: reading.memory_total,
        temperature: reading.temperature.map(f64::from),
        power: reading.power_mw.map(|milliwatts| f64::from(milliwatts) / 1000.0),
        clock_mhz: reading.clock_mhz,
        throttling: reading.throttling.clone(),
        errors: errors
            .map(|count| format!("{count} errors of its memory could not be corrected"))
            .into_iter()
            .collect(),
        driver_version: found.answer.as_ref().ok().map(|probed| probed.driver.clone()),
    }
}

/// A device that has made itself slower for its heat.
pub(super) fn heat(reading: &Reading) -> Option<String> {
    let now = reading.temperature.map_or(String::new(), |degrees| format!(": {degrees} °C"));
    let most =
        reading.temperature_max.map_or(String::new(), |degrees| format!(", where {degrees} are too much"));
    reading.is_overheated.then(|| format!("it is overheated{now}{most}"))
}

/// Each in a few words, such as `encodes H.264 High to 4096x4096 by CBR`.
#[must_use]
pub fn abilities(probed: &Probed) -> Vec<String> {
    probed.abilities.iter().map(ability).collect()
}

fn ability(ability: &Ability) -> String {
    let work = match ability.work {
        Work::Decode => "decodes",
        Work::Encode => "encodes",
        Work::EncodeLowPower => "encodes at low power",
    };
    let size = match (ability.width_max, ability.height_max) {
        (Some(width), Some(height)) => format!(" to {width}x{height}"),
        _ => String::new(),
    };
    let rates = match ability.rate_controls.as_slice() {
        [] => String::new(),
        rates => format!(" by {}", rates.join("/")),
    };
    let depth = if ability.ten_bit { " in 10 bits" } else { "" };
    format!("{work} {}{size}{rates}{depth}", ability.profile)
}

/// What is said of those that are not trusted.
pub(super) fn alarm(distrusted: &BTreeMap<String, String>) -> Words {
    let causes: Vec<_> = distrusted.iter().map(|(name, cause)| format!("{name}: {cause}")).collect();
    let names: Vec<_> = distrusted.keys().map(|name| format!("`forebay devices trust {name}`")).collect();
    Words::new(
        format!("A GPU has failed, and its channels have moved away. {}.", causes.join("; ")),
        format!(
            "Look at the kernel's log and at the driver, and restart the machine if the device hangs. When it is well \
             again, {}.",
            names.join(", ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_described_in_a_line() {
        let hevc = Ability {
            profile: "HEVC Main 10".into(),
            work: Work::Encode,
            width_max: Some(8192),
            height_max: Some(4320),
            rate_controls: vec!["CBR".into(), "VBR".into()],
            ten_bit: true,
        };
        assert_eq!(ability(&hevc), "encodes HEVC Main 10 to 8192x4320 by CBR/VBR in 10 bits");
    }

    #[test]
    fn the_alarm_names_each_device_its_cause_and_the_way_back() {
        let words =
            alarm(&[("a".to_owned(), "it hung".to_owned()), ("b".into(), "it crashed".into())].into());
        assert!(words.cause.contains("a: it hung; b: it crashed"), "{words:?}");
        assert!(words.remedy.contains("`forebay devices trust a`, `forebay devices trust b`"), "{words:?}");
    }
}

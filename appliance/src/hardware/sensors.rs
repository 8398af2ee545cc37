//! Temperatures, fans, power and supplies, as chips tell the kernel.

use super::kernel::{Root, names, number, plain, text};
use crate::limits::{HOT_BELOW_CRITICAL, HOT_UNTOLD, SENSORS_MAX};
use std::path::Path;
use wire::{Sensor, SensorKind, Supply};

/// Limits below or above are none: chips tell such where nobody has set one.
const SENSIBLE_DEGREES: std::ops::RangeInclusive<f64> = 30.0..=200.0;

/// Chips whose temperatures are of the thing itself: processors, GPUs, disks. Others, on mainboards, have pins that lead nowhere and
/// limits that nobody has set: those count only where they tell of a critical temperature.
const TRUSTED_CHIPS: [&str; 9] =
    ["coretemp", "k10temp", "zenpower", "cpu_thermal", "amdgpu", "i915", "nvme", "drivetemp", ZONE];

/// Stands for a chip where the kernel tells of a thermal zone.
const ZONE: &str = "zone";

/// All of them; temperatures of thermal zones only where no chip tells any.
#[must_use]
pub fn all(root: &Root) -> Vec<Sensor> {
    let folder = root.at("sys/class/hwmon");
    let mut found: Vec<Sensor> = names(&folder).iter().flat_map(|chip| of_chip(&folder.join(chip))).collect();
    if !found.iter().any(|sensor| sensor.kind == SensorKind::Temperature) {
        found.extend(zones(root));
    }
    tell_apart(&mut found);
    found.truncate(SENSORS_MAX);
    found
}

/// Two chips of one kind have sensors of the same name.
fn tell_apart(sensors: &mut [Sensor]) {
    for place in 1..sensors.len() {
        let (before, rest) = sensors.split_at_mut(place);
        let own = rest[0].name.clone();
        let same = before.iter().filter(|sensor| is_nth(&sensor.name, &own)).count();
        if same > 0 {
            rest[0].name = format!("{own}.{}", same + 1);
        }
    }
}

fn is_nth(name: &str, own: &str) -> bool {
    let rest = name.strip_prefix(own);
    rest.is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('.').is_some_and(|n| n.parse::<u32>().is_ok())
    })
}

fn of_chip(chip: &Path) -> Vec<Sensor> {
    let name = text(&chip.join("name")).unwrap_or_else(|| "chip".into());
    let inputs = names(chip).into_iter().filter_map(|file| {
        let stem = file.strip_suffix("_input").or_else(|| file.strip_suffix("_average"))?.to_owned();
        Some((stem, file))
    });
    inputs.filter_map(|(stem, file)| one(chip, &name, &stem, &file)).collect()
}

fn one(chip: &Path, chip_name: &str, stem: &str, file: &str) -> Option<Sensor> {
    let kind = match stem.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "temp" => SensorKind::Temperature,
        "fan" => SensorKind::Fan,
        "power" => SensorKind::Power,
        _ => return None,
    };
    let scale = match kind {
        SensorKind::Temperature => 1e3,
        SensorKind::Fan => 1.0,
        SensorKind::Power => 1e6,
    };
    let value = number::<f64>(&chip.join(file))? / scale;
    let of = |what: &str| Some(number::<f64>(&chip.join(format!("{stem}_{what}")))? / scale);
    let limit = match kind {
        SensorKind::Temperature => hot(chip_name, of("crit"), of("max")),
        SensorKind::Fan => of("min").filter(|min| *min > 0.0),
        SensorKind::Power => of("cap").or_else(|| of("max")).filter(|most| *most > 0.0),
    };
    let alarm = limit.is_some_and(|limit| match kind {
        SensorKind::Temperature => value >= limit,
        SensorKind::Fan => value < limit,
        // At its cap, not beyond it.
        SensorKind::Power => false,
    });
    let label = text(&chip.join(format!("{stem}_label"))).unwrap_or_else(|| stem.to_owned());
    let name = format!("{}.{}", plain(chip_name), plain(&label));
    Some(Sensor { name, kind, value, limit, alarm })
}

/// From where on it is too hot; nothing where a reading may be of a pin that leads nowhere.
fn hot(chip: &str, critical: Option<f64>, most: Option<f64>) -> Option<f64> {
    let sensible = |limit: &f64| SENSIBLE_DEGREES.contains(limit);
    let below = critical.filter(sensible).map(|critical| critical - HOT_BELOW_CRITICAL);
    let known = || TRUSTED_CHIPS.contains(&chip).then(|| most.filter(sensible).unwrap_or(HOT_UNTOLD));
    below.or_else(known)
}

fn zones(root: &Root) -> Vec<Sensor> {
    let folder = root.at("sys/class/thermal");
    let zones = names(&folder).into_iter().filter(|name| name.starts_with("thermal_zone"));
    let one = |zone: String| {
        let zone = folder.join(zone);
        let value = number::<f64>(&zone.join("temp"))? / 1e3;
        let name = format!("zone.{}", plain(&text(&zone.join("type")).unwrap_or_default()));
        let limit = hot(ZONE, critical_trip(&zone), None);
        Some(Sensor {
            name,
            kind: SensorKind::Temperature,
            value,
            limit,
            alarm: limit.is_some_and(|limit| value >= limit),
        })
    };
    zones.filter_map(one).collect()
}

fn critical_trip(zone: &Path) -> Option<f64> {
    let trips = names(zone).into_iter().filter(|name| name.ends_with("_type"));
    let critical = trips.filter(|name| text(&zone.join(name)).as_deref() == Some("critical"));
    let degrees = |name: String| Some(number::<f64>(&zone.join(name.replace("_type", "_temp")))? / 1e3);
    critical.filter_map(degrees).reduce(f64::min)
}

/// Mains and batteries.
#[must_use]
pub fn supplies(root: &Root) -> Vec<Supply> {
    let folder = root.at("sys/class/power_supply");
    let supply = |name: String| {
        let of = |what: &str| text(&folder.join(&name).join(what));
        let online = of("online").is_some_and(|online| online != "0")
            || of("status").as_deref() == Some("Discharging");
        Some(Supply { kind: of("type")?, online, name })
    };
    names(&folder).into_iter().filter_map(supply).take(SENSORS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::read::fixture;

    #[test]
    fn chips_tell_what_they_measure_and_how_much_is_too_much() {
        let (_folder, root) = fixture(&[
            ("sys/class/hwmon/hwmon0/name", "coretemp"),
            ("sys/class/hwmon/hwmon0/temp1_input", "61000"),
            ("sys/class/hwmon/hwmon0/temp1_label", "Package id 0"),
            ("sys/class/hwmon/hwmon0/temp1_crit", "100000"),
            ("sys/class/hwmon/hwmon1/name", "nct6775"),
            ("sys/class/hwmon/hwmon1/fan1_input", "300"),
            ("sys/class/hwmon/hwmon1/fan1_min", "600"),
            ("sys/class/hwmon/hwmon1/in0_input", "1100"),
            ("sys/class/hwmon/hwmon1/temp1_input", "127000"),
            ("sys/class/hwmon/hwmon1/temp1_max", "80000"),
            ("sys/class/hwmon/hwmon2/name", "nvme"),
            ("sys/class/hwmon/hwmon2/temp1_input", "40000"),
            ("sys/class/hwmon/hwmon2/temp1_max", "65261850"),
            ("sys/class/hwmon/hwmon3/name", "nvme"),
            ("sys/class/hwmon/hwmon3/temp1_input", "41000"),
            ("sys/class/thermal/thermal_zone0/temp", "50000"),
        ]);
        let found = all(&root);
        let told: Vec<_> = found.iter().map(|s| (s.name.as_str(), s.value, s.limit, s.alarm)).collect();
        assert_eq!(
            told,
            [
                ("coretemp.package-id-0", 61.0, Some(95.0), false),
                ("nct6775.fan1", 300.0, Some(600.0), true),
                ("nct6775.temp1", 127.0, None, false),
                ("nvme.temp1", 40.0, Some(HOT_UNTOLD), false),
                ("nvme.temp1.2", 41.0, Some(HOT_UNTOLD), false),
            ]
        );
    }

    #[test]
    fn zones_count_where_there_is_no_chip() {
        let (_folder, root) = fixture(&[
            ("sys/class/thermal/thermal_zone0/temp", "50000"),
            ("sys/class/thermal/thermal_zone0/type", "cpu-thermal"),
            ("sys/class/thermal/thermal_zone0/trip_point_0_type", "critical"),
            ("sys/class/thermal/thermal_zone0/trip_point_0_temp", "90000"),
            ("sys/class/power_supply/AC/type", "Mains"),
            ("sys/class/power_supply/AC/online", "1"),
        ]);
        let found = all(&root);
        assert_eq!(
            (found[0].name.as_str(), found[0].value, found[0].limit),
            ("zone.cpu-thermal", 50.0, Some(85.0))
        );
        assert_eq!(supplies(&root), [Supply { name: "AC".into(), kind: "Mains".into(), online: true }]);
    }
}

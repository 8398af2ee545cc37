//! What there is a history of: pure. Names are such as `net.eth0.sent`: what, of what, which figure of it.

use super::kernel::plain;
use super::read::Reading;
use crate::limits::METRICS_MAX;
use std::collections::BTreeMap;
use wire::{BoxHealth, GpuFigures, Metric, SensorKind, Unit};

/// How busy all cores together are.
pub const CPU: &str = "cpu";

/// How much of the memory is taken.
pub const MEMORY: &str = "memory";

/// A metric and what it is now.
pub type Measured = (Metric, f64);

/// All of them; GPUs by name.
#[must_use]
pub fn of(health: &BoxHealth, reading: &Reading, gpus: &BTreeMap<String, GpuFigures>) -> Vec<Measured> {
    let mut found = Vec::new();
    let mut add = |id: String, unit: Unit, value: Option<f64>| {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            found.push((Metric { id, unit }, value));
        }
    };
    let memory = &health.memory;
    let taken = share(memory.total.saturating_sub(memory.available), memory.total);
    add(CPU.into(), Unit::Percent, health.processor.busy_percent);
    add(MEMORY.into(), Unit::Percent, taken);
    add("load".into(), Unit::Count, (!health.processor.cores.is_empty()).then_some(health.processor.load[0]));
    add("pressure.cpu".into(), Unit::Percent, health.processor.pressure_percent);
    add("pressure.memory".into(), Unit::Percent, memory.pressure_percent);
    add("pressure.io".into(), Unit::Percent, reading.io_pressure);
    for disk in &health.filesystems {
        let taken = share(disk.size.saturating_sub(disk.free), disk.size);
        add(format!("disk.{}.taken", disk.name), Unit::Percent, taken);
    }
    for link in &health.links {
        let name = plain(&link.name);
        add(format!("net.{name}.received"), Unit::BitsPerSecond, link.received_bps);
        add(format!("net.{name}.sent"), Unit::BitsPerSecond, link.sent_bps);
    }
    for (name, gpu) in gpus {
        of_gpu(&plain(name), gpu, &mut add);
    }
    for drive in &health.drives {
        let name = plain(&drive.name);
        add(format!("drive.{name}.busy"), Unit::Percent, drive.busy_percent);
        add(format!("drive.{name}.read"), Unit::BytesPerSecond, drive.read_rate);
        add(format!("drive.{name}.written"), Unit::BytesPerSecond, drive.write_rate);
    }
    for sensor in &health.sensors {
        let (what, unit) = match sensor.kind {
            SensorKind::Temperature => ("temperature", Unit::DegreesCelsius),
            SensorKind::Fan => ("fan", Unit::Count),
            SensorKind::Power => ("power", Unit::Watts),
        };
        add(format!("{what}.{}", sensor.name), unit, Some(sensor.value));
    }
    found.truncate(METRICS_MAX);
    found
}

fn of_gpu(name: &str, gpu: &GpuFigures, add: &mut impl FnMut(String, Unit, Option<f64>)) {
    for engine in &gpu.engines {
        add(format!("gpu.{name}.{}", plain(&engine.name)), Unit::Percent, Some(engine.percent));
    }
    let memory = gpu.memory_used.zip(gpu.memory_total).and_then(|(used, total)| share(used, total));
    add(format!("gpu.{name}.memory-taken"), Unit::Percent, memory);
    add(format!("gpu.{name}.temperature"), Unit::DegreesCelsius, gpu.temperature);
    add(format!("gpu.{name}.power"), Unit::Watts, gpu.power);
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 * 100.0 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::{EngineLoad, Memory, NetworkLink, Sensor};

    #[test]
    fn names_say_what_of_what() {
        let health = BoxHealth {
            memory: Memory { total: 200, available: 50, ..Memory::default() },
            links: vec![NetworkLink { name: "eth0".into(), sent_bps: Some(8.0), ..NetworkLink::default() }],
            sensors: vec![Sensor { name: "coretemp.core-0".into(), value: 41.0, ..Sensor::default() }],
            ..BoxHealth::default()
        };
        let engine = EngineLoad { name: "encode".into(), percent: 12.0 };
        let gpu = GpuFigures { engines: vec![engine], power: Some(f64::NAN), ..GpuFigures::default() };
        let told = of(&health, &Reading::default(), &[("pci-0000:03:00.0".to_owned(), gpu)].into());
        let told: Vec<_> = told.iter().map(|(metric, value)| (metric.id.as_str(), *value)).collect();
        assert_eq!(
            told,
            [
                ("memory", 75.0),
                ("net.eth0.sent", 8.0),
                ("gpu.pci-0000-03-00-0.encode", 12.0),
                ("temperature.coretemp.core-0", 41.0)
            ]
        );
    }
}

//! The words of the page Devices.

use wire::{ClockHealth, ClockState, DeviceHealth, NetworkLink, SensorKind, Span};

pub(crate) const DEVICES: &str = "Devices";
pub(crate) const DEVICES_HINT: &str = "How the machine is, what it was, and how much more it can do.";
pub(crate) const DEVICES_ASKING: &str = "Asking the box how it is …";
pub(crate) const DEVICES_SOON: &str = "The box has just started; its first figures come within some seconds.";
pub(crate) const ROOM: &str = "Room for more channels";
pub(crate) const ROOM_HINT: &str = "By the same estimate that templates and the ladder show, held against what is measured now; a fifth of the machine is left alone. On GPUs, decoding stays on the processor.";
pub(crate) const ROOM_HEADS: [&str; 4] = ["Template", "Cores each", "More in software", "More on GPUs"];
pub(crate) const GPUS: &str = "GPUs";
pub(crate) const NO_GPUS: &str = "None found; every channel is encoded in software. What was looked for:";
pub(crate) const TRUST_AGAIN: &str = "Trust it again";
pub(crate) const GPU_DRIVER: &str = "Driver";
pub(crate) const GPU_KERNEL: &str = "Kernel driver";
pub(crate) const GPU_NODE: &str = "Node";
pub(crate) const GPU_CHANNELS: &str = "Channels";
pub(crate) const GPU_TAKEN: &str = "Taken";
pub(crate) const GPU_MEMORY: &str = "Memory";
pub(crate) const GPU_TEMPERATURE: &str = "Temperature";
pub(crate) const GPU_POWER: &str = "Power";
pub(crate) const GPU_CLOCK: &str = "Clock";
pub(crate) const GPU_THROTTLING: &str = "Slowed down by";
pub(crate) const GPU_ERRORS: &str = "Errors";
pub(crate) const GPU_ABILITIES: &str = "What it can do";
pub(crate) const GPU_SILENT: &str = "Its driver tells nothing of load, memory and temperature.";
pub(crate) const MACHINE_COURSE: &str = "What it was";
pub(crate) const COURSE_SPAN: &str = "How far back";
/// Each span with its word.
pub(crate) const SPANS: [(Span, &str); 4] =
    [(Span::Recent, "10 minutes"), (Span::Hour, "Hour"), (Span::Day, "Day"), (Span::Month, "30 days")];
pub(crate) const MACHINE: &str = "Processor, memory, clock";
pub(crate) const PROCESSOR: &str = "Processor";
pub(crate) const BUSY: &str = "Busy";
pub(crate) const EACH_CORE: &str = "Each core";
pub(crate) const LOAD: &str = "Load";
pub(crate) const LOAD_HINT: &str = "over 1, 5 and 15 minutes";
pub(crate) const STOLEN: &str = "Taken by other machines";
pub(crate) const WAITING: &str = "Waiting";
pub(crate) const MEMORY: &str = "Memory";
pub(crate) const SWAP: &str = "Swap";
pub(crate) const CLOCK: &str = "Clock";
pub(crate) const DISKS: &str = "Disks";
pub(crate) const FOLDER_HEADS: [&str; 5] = ["Folder", "Taken", "Free", "Size", "State"];
pub(crate) const DRIVE_HEADS: [&str; 7] = ["Disk", "Busy", "Read", "Written", "Size", "Errors", "Model"];
pub(crate) const NETWORK: &str = "Network";
pub(crate) const LINK_HEADS: [&str; 6] =
    ["Interface", "State", "Speed", "Received", "Sent", "Errors, dropped"];
pub(crate) const SENSORS: &str = "Temperatures, fans, power";
pub(crate) const NO_SENSORS: &str = "The kernel tells of none.";
pub(crate) const SENSOR_HEADS: [&str; 4] = ["Sensor", "Now", "Limit", "State"];
pub(crate) const NOT_SEEN: &str = "What could not be looked at";
pub(crate) const STATE_GOOD: &str = "good";
pub(crate) const STATE_ALARM: &str = "alarm";
pub(crate) const STATE_OFF: &str = "off";

pub(crate) const ENCODER: &str = "What encodes it";
pub(crate) const ENCODER_CONSEQUENCE: &str = "A channel that is on air starts anew: viewers lose the picture for some seconds, and encoders have to connect again. Its numbers go on.";

/// An encoder as a choice.
pub(crate) fn encoder(name: &str) -> String {
    match name {
        "auto" => "a GPU that has room, else software".to_owned(),
        "software" => "software".to_owned(),
        device => device.to_owned(),
    }
}

/// The heading of the choice.
pub(crate) fn encoded_by(encoder: &str) -> String {
    format!("Encoded by: {encoder}")
}

/// What encodes it now, and why.
pub(crate) fn encoding(encoding: &wire::Encoding) -> String {
    let by = encoding.device.as_deref().unwrap_or("software");
    format!("Now by {by}: {}.", encoding.why)
}

/// How a GPU is.
pub(crate) const fn device_health(health: DeviceHealth) -> &'static str {
    match health {
        DeviceHealth::Good => "good",
        DeviceHealth::Distrusted => "failed, and not used",
        DeviceHealth::Unusable => "cannot be used",
    }
}

/// Its sessions, and how much is taken.
pub(crate) fn taken(percent: u64, sessions: u64) -> String {
    format!("{percent} % of what it is thought to be able to do, {sessions} sessions")
}

/// Memory or a disk.
pub(crate) fn free_of(free: &str, all: &str) -> String {
    format!("{free} of {all} available")
}

/// Of all cores.
pub(crate) fn cores(count: usize) -> String {
    if count == 1 { "1 core".to_owned() } else { format!("{count} cores") }
}

/// How much of the last ten seconds something waited for a core, or for memory.
pub(crate) fn waiting(cores: &str, memory: &str) -> String {
    format!("{cores} of the time for a core, {memory} for memory")
}

/// Who keeps the clock right.
pub(crate) fn clock(clock: &ClockHealth) -> String {
    let ClockHealth { by, reference, offset_ms, .. } = clock;
    let from = if reference.is_empty() { String::new() } else { format!(" with {reference}") };
    let off = offset_ms.map(|ms| format!(", {ms:.3} ms off")).unwrap_or_default();
    match clock.state {
        ClockState::Synchronised => format!("Synchronised{from} by {by}{off}"),
        ClockState::Local => format!("Follows itself, as {by} was set up to do without a reference"),
        ClockState::Unsynchronised => format!("Without a reference, says {by}"),
        ClockState::Unknown => "Not known: no time service could be asked".to_owned(),
    }
}

/// How an interface is.
pub(crate) const fn link_state(link: &NetworkLink) -> &'static str {
    match (link.up, link.carrier) {
        (false, _) => STATE_OFF,
        (true, false) => "no cable",
        (true, true) => STATE_GOOD,
    }
}

/// A sensor's unit.
pub(crate) const fn sensor_unit(kind: SensorKind) -> &'static str {
    match kind {
        SensorKind::Temperature => "°C",
        SensorKind::Fan => "rpm",
        SensorKind::Power => "W",
    }
}

/// What a chart is of, by the metric's name.
pub(crate) fn metric(id: &str) -> String {
    let parts: Vec<_> = id.split('.').collect();
    match parts[..] {
        ["cpu"] => PROCESSOR.to_owned(),
        ["memory"] => "Memory taken".to_owned(),
        ["disk", name, "taken"] => format!("Disk taken, {name}"),
        ["drive", name, what] => format!("Disk {name}, {what}"),
        ["net", name, what] => format!("{name}, {what}"),
        ["gpu", name, ref what @ ..] => format!("GPU {name}, {}", what.join(" ").replace('-', " ")),
        ["temperature", ref rest @ ..] => rest.join(" ").replace('-', " "),
        _ => id.replace('.', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_have_words() {
        let told = ["cpu", "net.eth0.sent", "gpu.pci-1.memory-taken", "temperature.coretemp.package-id-0"]
            .map(metric);
        assert_eq!(told, ["Processor", "eth0, sent", "GPU pci-1, memory taken", "coretemp package id 0"]);
    }
}

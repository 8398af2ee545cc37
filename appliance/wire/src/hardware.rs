//! The machine that the box runs on: what it does now, and what it did.

use serde::{Deserialize, Serialize};

/// How the machine is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BoxHealth {
    /// House time of these figures, milliseconds since the epoch; 0 before the first.
    pub at_ms: i64,
    /// The processor.
    pub processor: Processor,
    /// Its memory.
    pub memory: Memory,
    /// Where files are kept.
    pub filesystems: Vec<Filesystem>,
    /// What they are on.
    pub drives: Vec<Drive>,
    /// Network interfaces, those of hardware first.
    pub links: Vec<NetworkLink>,
    /// Temperatures, fans, voltages of supplies, power.
    pub sensors: Vec<Sensor>,
    /// Mains and batteries, where the kernel knows of them.
    pub supplies: Vec<Supply>,
    /// Who keeps the machine's clock right.
    pub clock: ClockHealth,
    /// What could not be looked at, and what to do to see it.
    pub notes: Vec<String>,
    /// How many more channels there is room for.
    pub room: Vec<Room>,
    /// What there is a history of.
    pub metrics: Vec<Metric>,
}

/// A processor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Processor {
    /// As it calls itself; empty if it does not.
    pub model: String,
    /// Of all cores together; absent in the first seconds.
    pub busy_percent: Option<f64>,
    /// Of each core.
    pub cores: Vec<f64>,
    /// Taken by other machines on the same host.
    pub stolen_percent: Option<f64>,
    /// Processes that run or want to, on average over 1, 5 and 15 minutes.
    pub load: [f64; 3],
    /// How much of the last ten seconds something waited for a core, in percent.
    pub pressure_percent: Option<f64>,
}

/// Memory, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Memory {
    /// All of it.
    pub total: u64,
    /// What can be had without taking it from anybody.
    pub available: u64,
    /// Of swap.
    pub swap_total: u64,
    /// Of swap.
    pub swap_free: u64,
    /// How much of the last ten seconds something waited for memory, in percent.
    pub pressure_percent: Option<f64>,
}

/// Where files are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Filesystem {
    /// What for: `data`, `recordings`, `system`.
    pub name: String,
    /// Its folder.
    pub folder: String,
    /// Bytes.
    pub size: u64,
    /// Bytes that Forebay may take.
    pub free: u64,
    /// What is wrong with it; empty if nothing is.
    pub fault: String,
}

/// A disk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Drive {
    /// As the kernel has it, such as `nvme0n1`.
    pub name: String,
    /// As it calls itself; empty if it does not.
    pub model: String,
    /// Bytes.
    pub size: u64,
    /// How much of the time it had something to do.
    pub busy_percent: Option<f64>,
    /// Bytes a second.
    pub read_rate: Option<f64>,
    /// Bytes a second.
    pub write_rate: Option<f64>,
    /// What the kernel says of it, such as `live`; empty where it says nothing.
    pub state: String,
    /// Errors that its driver has counted; absent where it counts none.
    pub errors: Option<u64>,
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NetworkLink {
    /// Such as `eth0`.
    pub name: String,
    /// There is hardware behind it.
    pub hardware: bool,
    /// It is switched on.
    pub up: bool,
    /// Something is at the other end of the cable.
    pub carrier: bool,
    /// Absent where it is not known.
    pub speed_mbps: Option<u32>,
    /// Bits a second.
    pub received_bps: Option<f64>,
    /// Bits a second.
    pub sent_bps: Option<f64>,
    /// Packets that came or went with errors, since the machine's start.
    pub errors: u64,
    /// Packets that were dropped, since the machine's start.
    pub dropped: u64,
    /// How often the cable came or went, since the machine's start.
    pub carrier_changes: u64,
}

/// What a sensor measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SensorKind {
    /// Degrees Celsius.
    #[default]
    Temperature,
    /// Turns a minute.
    Fan,
    /// Watts.
    Power,
}

/// A sensor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Sensor {
    /// Chip and place, such as `coretemp.package-id-0`.
    pub name: String,
    /// What it measures.
    pub kind: SensorKind,
    /// Just now.
    pub value: f64,
    /// From here it is an alarm; absent where it is none.
    pub limit: Option<f64>,
    /// It is beyond its limit.
    pub alarm: bool,
}

/// Where power comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Supply {
    /// As the kernel has it.
    pub name: String,
    /// Such as `Mains` or `Battery`.
    pub kind: String,
    /// It delivers.
    pub online: bool,
}

/// Whether the machine's clock is right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ClockState {
    /// It follows a reference.
    Synchronised,
    /// It follows itself, as it was set up to do without a reference.
    Local,
    /// A time service runs, and has no reference.
    Unsynchronised,
    /// No time service could be asked.
    #[default]
    Unknown,
}

/// Who keeps the machine's clock right.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ClockHealth {
    /// Whether it is.
    pub state: ClockState,
    /// Who says so: `chrony`, `systemd-timesyncd`; empty if nobody does.
    pub by: String,
    /// What it follows; empty where that is not told.
    pub reference: String,
    /// Milliseconds from the reference, as far as is known.
    pub offset_ms: Option<f64>,
}

/// How many more channels there is room for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Room {
    /// Of which template.
    pub template: String,
    /// That template's name.
    pub name: String,
    /// Thousandths of a core that one takes in software.
    pub cpu_millicores: u32,
    /// More of them on the processor.
    pub in_software: u32,
    /// More of them on GPUs.
    pub on_devices: u32,
}

/// Something that there is a history of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Metric {
    /// As it is asked for, such as `net.eth0.sent`.
    pub id: String,
    /// In what.
    pub unit: Unit,
}

/// Of what a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Of a hundred.
    Percent,
    /// Bits a second.
    BitsPerSecond,
    /// Bytes a second.
    BytesPerSecond,
    /// Of temperature.
    DegreesCelsius,
    /// Of power.
    Watts,
    /// A number.
    Count,
}

/// How far back a history reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Span {
    /// Ten minutes, a value each ten seconds.
    Recent,
    /// A value each minute.
    #[default]
    Hour,
    /// A value each five minutes.
    Day,
    /// Thirty days, a value each two hours.
    Month,
}

/// What metrics were.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HealthHistory {
    /// Between two values.
    pub step_ms: u32,
    /// House time at the end of the last one, milliseconds since the epoch.
    pub end_ms: i64,
    /// One for each metric that was asked for.
    pub series: Vec<Series>,
}

/// What one metric was, oldest first; nothing where it is not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Series {
    /// Which.
    pub metric: String,
    /// On average over each step.
    pub mean: Vec<Option<f64>>,
    /// At most within each step.
    pub most: Vec<Option<f64>>,
}

/// What a GPU tells of itself. Whatever its driver does not tell is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct GpuFigures {
    /// How busy each engine is.
    pub engines: Vec<EngineLoad>,
    /// Bytes of its own memory that are taken.
    pub memory_used: Option<u64>,
    /// Bytes of its own memory.
    pub memory_total: Option<u64>,
    /// Degrees Celsius.
    pub temperature: Option<f64>,
    /// Watts.
    pub power: Option<f64>,
    /// Of its cores.
    pub clock_mhz: Option<u32>,
    /// Why it is slower than it could be, each in a few words.
    pub throttling: Vec<String>,
    /// Errors that it has counted, each in a few words.
    pub errors: Vec<String>,
    /// Of the kernel's driver.
    pub driver_version: Option<String>,
}

/// How busy an engine is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EngineLoad {
    /// Such as `graphics`, `encode`, `decode`.
    pub name: String,
    /// Of the time.
    pub percent: f64,
}

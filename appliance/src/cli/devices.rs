//! `forebay devices`: how the machine is, the GPUs, what runs on them, and trusting one again.

use super::CliError;
use super::client::Client;
use super::hardware;
use super::table::table;
use crate::settings::FolderFlags;
use std::io::Write;
use wire::{BoxHealth, Device, DeviceHealth, DeviceList, GpuFigures};

/// Of `forebay devices`.
#[derive(Clone, Debug, clap::Args)]
pub struct DevicesArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do; they are listed without.
    #[command(subcommand)]
    pub command: Option<DevicesCommand>,
}

/// The subcommands.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum DevicesCommand {
    /// Use a device again that had failed
    Trust(TrustArgs),
}

/// Of `forebay devices trust`.
#[derive(Clone, Debug, clap::Args)]
pub struct TrustArgs {
    /// As it is listed
    #[arg(value_parser = name)]
    pub name: String,
}

/// Only a name goes into the address: nothing in it needs escaping.
fn name(text: &str) -> Result<String, String> {
    text.parse::<crate::store::Encoder>().map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// Prints them.
///
/// # Errors
/// What the daemon refuses, and [`CliError::Output`].
pub fn run(args: &DevicesArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    let list: DeviceList = match &args.command {
        Some(DevicesCommand::Trust(TrustArgs { name })) => {
            client.post(&format!("/devices/{name}/trust"), &())?
        }
        None => client.get("/devices")?,
    };
    let text = match (&args.command, args.json) {
        (Some(_), true) => super::channel::json(&list),
        (Some(_), false) => render(&list),
        (None, json) => {
            let shown = Shown { list, health: client.get("/devices/health")? };
            if json { super::channel::json(&shown) } else { shown.render() }
        }
    };
    out.write_all(text.as_bytes())?;
    Ok(())
}

/// As `--json` has it: the list of the GPUs, and beside it the machine.
#[derive(serde::Serialize)]
struct Shown {
    #[serde(flatten)]
    list: DeviceList,
    health: BoxHealth,
}

impl Shown {
    fn render(&self) -> String {
        let Self { list, health } = self;
        format!("{}{}\n{}", hardware::render(health), render(list), hardware::room(health))
    }
}

fn render(list: &DeviceList) -> String {
    if list.devices.is_empty() {
        let looked: String = list.looked_for.iter().map(|looked| format!("  {looked}\n")).collect();
        return format!("no GPU found: every channel is encoded in software\n{looked}");
    }
    let heading = ["DEVICE", "HEALTH", "TAKEN", "SESSIONS", "CHANNELS", "DRIVER"].map(str::to_owned).to_vec();
    let row = |device: &Device| {
        let Device { name, driver, channels, sessions, taken_percent, detail, .. } = device.clone();
        let health = match device.health {
            DeviceHealth::Good => "good".into(),
            DeviceHealth::Distrusted => format!("distrusted: {detail}"),
            DeviceHealth::Unusable => format!("unusable: {detail}"),
        };
        vec![name, health, format!("{taken_percent} %"), sessions.to_string(), channels.join(" "), driver]
    };
    let rows: Vec<_> = std::iter::once(heading).chain(list.devices.iter().map(row)).collect();
    let figures: String = list
        .devices
        .iter()
        .map(|device| (&device.name, figures(&device.figures)))
        .filter(|(_, told)| !told.is_empty())
        .map(|(name, told)| format!("{name}: {told}\n"))
        .collect();
    table(&rows)
        + &figures
        + &format!("room for {} more channels with the default ladder\n", list.more_default_channels)
}

/// What a GPU tells of itself, in a line.
fn figures(figures: &GpuFigures) -> String {
    let engines = figures.engines.iter().map(|engine| format!("{} {:.0} %", engine.name, engine.percent));
    let memory = figures.memory_used.zip(figures.memory_total);
    let memory =
        memory.map(|(used, total)| format!("memory {} of {}", hardware::bytes(used), hardware::bytes(total)));
    let others = [
        memory,
        figures.temperature.map(|degrees| format!("{degrees:.0} °C")),
        figures.power.map(|watts| format!("{watts:.0} W")),
        figures.clock_mhz.map(|mhz| format!("{mhz} MHz")),
        (!figures.throttling.is_empty()).then(|| format!("slowed down by {}", figures.throttling.join(", "))),
        (!figures.errors.is_empty()).then(|| figures.errors.join(", ")),
        figures.driver_version.clone(),
    ];
    engines.chain(others.into_iter().flatten()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_listed_with_what_is_wrong() {
        let device = |name: &str, health, detail: &str| Device {
            name: name.into(),
            node: format!("/dev/dri/{name}"),
            driver: "Some driver 1.2".into(),
            health,
            detail: detail.into(),
            abilities: vec![],
            channels: vec!["hall".into(), "lobby".into()],
            sessions: 6,
            taken_percent: 18,
            figures: GpuFigures { temperature: Some(56.4), clock_mhz: Some(1250), ..GpuFigures::default() },
        };
        let devices = vec![
            device("renderD128", DeviceHealth::Good, ""),
            device("renderD129", DeviceHealth::Distrusted, "it hung (channel hall)"),
        ];
        insta::assert_snapshot!(render(&DeviceList { devices, more_default_channels: 9, looked_for: vec![] }), @r"
        DEVICE      HEALTH                              TAKEN  SESSIONS  CHANNELS    DRIVER
        renderD128  good                                18 %   6         hall lobby  Some driver 1.2
        renderD129  distrusted: it hung (channel hall)  18 %   6         hall lobby  Some driver 1.2
        renderD128: 56 °C, 1250 MHz
        renderD129: 56 °C, 1250 MHz
        room for 9 more channels with the default ladder
        ");
        let none = DeviceList { looked_for: vec!["Render nodes: none.".into()], ..DeviceList::default() };
        assert!(
            render(&none).starts_with("no GPU found") && render(&none).ends_with("  Render nodes: none.\n")
        );
        assert!(name("../x").is_err() && name("pci-0000:03:00.0").is_ok());
    }
}

//! `forebay devices`: the GPUs, what runs on them, and trusting one again.

use super::CliError;
use super::client::Client;
use super::table::table;
use crate::settings::FolderFlags;
use std::io::Write;
use wire::{Device, DeviceHealth, DeviceList};

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
    out.write_all(render(&list, args.json).as_bytes())?;
    Ok(())
}

fn render(list: &DeviceList, json: bool) -> String {
    if json {
        return super::channel::json(list);
    }
    if list.devices.is_empty() {
        return format!(
            "no GPU found: every channel is encoded in software. {}\n",
            list.looked_for.join(". ")
        );
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
    table(&rows) + &format!("room for {} more channels with the default ladder\n", list.more_default_channels)
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
            figures: wire::GpuFigures::default(),
        };
        let devices = vec![
            device("renderD128", DeviceHealth::Good, ""),
            device("renderD129", DeviceHealth::Distrusted, "it hung (channel hall)"),
        ];
        insta::assert_snapshot!(render(&DeviceList { devices, more_default_channels: 9, looked_for: vec![] }, false), @r"
        DEVICE      HEALTH                              TAKEN  SESSIONS  CHANNELS    DRIVER
        renderD128  good                                18 %   6         hall lobby  Some driver 1.2
        renderD129  distrusted: it hung (channel hall)  18 %   6         hall lobby  Some driver 1.2
        room for 9 more channels with the default ladder
        ");
        assert!(render(&DeviceList::default(), false).starts_with("no GPU found"));
        assert!(name("../x").is_err() && name("pci-0000:03:00.0").is_ok());
    }
}

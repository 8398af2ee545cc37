//! `forebay alarms`: what needs the operator.

use super::CliError;
use super::client::Client;
use super::table::table;
use crate::settings::FolderFlags;
use media::date::Utc;
use media::time::Ticks;
use std::io::Write;
use wire::Alarm;

/// Of `forebay alarms`.
#[derive(Clone, Debug, clap::Args)]
pub struct AlarmsArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Dismiss this one, by its name in the list; those that tell of what is so now clear by themselves
    #[arg(long, value_name = "ALARM", value_parser = clap::builder::PossibleValuesParser::new(names()))]
    pub dismiss: Option<String>,
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

fn names() -> impl Iterator<Item = &'static str> {
    crate::alarms::Kind::ALL.into_iter().map(crate::alarms::Kind::id)
}

/// Prints those that are active.
///
/// # Errors
/// What the daemon refuses, and [`CliError::Output`].
pub fn run(args: &AlarmsArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    if let Some(alarm) = &args.dismiss {
        client.delete(&format!("/alarms/{alarm}"))?;
    }
    let alarms: Vec<Alarm> = client.get("/alarms")?;
    out.write_all(render(&alarms, args.json).as_bytes())?;
    Ok(())
}

fn render(alarms: &[Alarm], json: bool) -> String {
    if json {
        return serde_json::to_string_pretty(alarms).expect("plain structs always serialise") + "\n";
    }
    if alarms.is_empty() {
        return "no alarms\n".into();
    }
    let heading = ["SINCE", "ALARM", "CHANNEL", "WHAT TO DO"].map(str::to_owned).to_vec();
    let row = |alarm: &Alarm| {
        let Alarm { id, channel, since_ms, cause, remedy, .. } = alarm.clone();
        let since = Utc(Ticks::from_millis(since_ms)).to_string();
        vec![since, id, channel.unwrap_or_default(), format!("{cause} {remedy}")]
    };
    table(&std::iter::once(heading).chain(alarms.iter().map(row)).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_are_listed_with_what_to_do() {
        let alarm = |id: &str, channel: Option<&str>| Alarm {
            id: id.into(),
            channel: channel.map(str::to_owned),
            since_ms: 1_795_358_340_512,
            cause: "It is so.".into(),
            remedy: "Do this.".into(),
            dismissible: false,
        };
        insta::assert_snapshot!(render(&[alarm("disk-full", None), alarm("source-lost", Some("hall"))], false), @r"
        SINCE                     ALARM        CHANNEL  WHAT TO DO
        2026-11-22T14:39:00.512Z  disk-full    -        It is so. Do this.
        2026-11-22T14:39:00.512Z  source-lost  hall     It is so. Do this.
        ");
        assert_eq!(render(&[], false), "no alarms\n");
    }
}

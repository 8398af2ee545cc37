//! `forebay alarms`: what needs the operator.

use super::CliError;
use super::client::Client;
use super::table::table;
use crate::settings::FolderFlags;
use media::date::Utc;
use media::time::Ticks;
use std::io::Write;
use wire::{Alarm, OfChannel, Severity};

/// Of `forebay alarms`.
#[derive(Clone, Debug, clap::Args)]
pub struct AlarmsArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Dismiss this one, by its name in the list; those that tell of what is so now clear by themselves
    #[arg(long, value_name = "ALARM", value_parser = clap::builder::PossibleValuesParser::new(names()))]
    pub dismiss: Option<String>,
    /// Say that you have seen this one, by its name in the list: it stays, with your name
    #[arg(long, value_name = "ALARM", conflicts_with = "dismiss", value_parser = clap::builder::PossibleValuesParser::new(names()))]
    pub acknowledge: Option<String>,
    /// Of this channel [default: of the box as a whole]
    #[arg(long, value_name = "SLUG", requires = "acknowledge")]
    pub channel: Option<String>,
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
    if let Some(alarm) = &args.acknowledge {
        let which = OfChannel { channel: args.channel.clone() };
        let _seen: Alarm = client.post(&format!("/alarms/{alarm}/acknowledge"), &which)?;
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
    let heading =
        ["SINCE", "SEVERITY", "ALARM", "CHANNEL", "SEEN BY", "WHAT TO DO"].map(str::to_owned).to_vec();
    let row = |alarm: &Alarm| {
        let Alarm { id, channel, since_ms, cause, remedy, severity, flapping, acknowledged, .. } =
            alarm.clone();
        let flaps = if flapping { "It comes and goes. " } else { "" };
        let seen_by = acknowledged.map(|seen| seen.by).unwrap_or_default();
        let since = Utc(Ticks::from_millis(since_ms)).to_string();
        let severity = severity_name(severity).to_owned();
        vec![since, severity, id, channel.unwrap_or_default(), seen_by, format!("{flaps}{cause} {remedy}")]
    };
    table(&std::iter::once(heading).chain(alarms.iter().map(row)).collect::<Vec<_>>())
}

pub(super) const fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Minor => "minor",
        Severity::Major => "major",
        Severity::Critical => "critical",
    }
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
            severity: Severity::Critical,
            link: String::new(),
            flapping: false,
            acknowledged: None,
        };
        insta::assert_snapshot!(render(&[alarm("disk-full", None), alarm("source-lost", Some("hall"))], false), @r"
        SINCE                     SEVERITY  ALARM        CHANNEL  SEEN BY  WHAT TO DO
        2026-11-22T14:39:00.512Z  critical  disk-full    -        -        It is so. Do this.
        2026-11-22T14:39:00.512Z  critical  source-lost  hall     -        It is so. Do this.
        ");
        assert_eq!(render(&[], false), "no alarms\n");
    }
}

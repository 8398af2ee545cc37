//! `forebay history`: what happened.

use super::CliError;
use super::client::Client;
use super::table::table;
use crate::limits::HISTORY_ANSWER_MAX;
use crate::settings::FolderFlags;
use crate::store::Slug;
use media::date::Utc;
use media::time::Ticks;
use std::io::Write;
use wire::Event;

/// Of `forebay history`.
#[derive(Clone, Debug, clap::Args)]
pub struct HistoryArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Of this channel alone, by its short name
    #[arg(long, value_name = "SLUG")]
    pub channel: Option<String>,
    /// The newest so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(HISTORY_ANSWER_MAX)))]
    pub limit: u32,
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// Prints the newest events, the newest last.
///
/// # Errors
/// What the daemon refuses, and [`CliError::Output`].
pub fn run(args: &HistoryArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    // Only a slug goes into the address: nothing in it needs escaping.
    let channel = args.channel.as_deref().map(Slug::parse).transpose()?;
    let channel = channel.map_or_else(String::new, |slug| format!("&channel={slug}"));
    let mut events: Vec<Event> = client.get(&format!("/history?limit={}{channel}", args.limit))?;
    events.reverse();
    out.write_all(render(&events, args.json).as_bytes())?;
    Ok(())
}

fn render(events: &[Event], json: bool) -> String {
    if json {
        return serde_json::to_string_pretty(events).expect("plain structs always serialise") + "\n";
    }
    if events.is_empty() {
        return "nothing has happened yet\n".into();
    }
    let heading = ["WHEN", "CHANNEL", "EVENT", "WHAT"].map(str::to_owned).to_vec();
    let row = |event: &Event| {
        let Event { at_ms, channel, kind, what } = event.clone();
        vec![Utc(Ticks::from_millis(at_ms)).to_string(), channel.unwrap_or_default(), kind, what]
    };
    table(&std::iter::once(heading).chain(events.iter().map(row)).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_listed_in_order() {
        let event = Event {
            at_ms: 1_795_358_340_512,
            channel: Some("hall".into()),
            kind: "source-switched".into(),
            what: "back-up 1 is on air: the main source is black, for 5.1 s".into(),
        };
        insta::assert_snapshot!(render(&[event], false), @r"
        WHEN                      CHANNEL  EVENT            WHAT
        2026-11-22T14:39:00.512Z  hall     source-switched  back-up 1 is on air: the main source is black, for 5.1 s
        ");
        assert_eq!(render(&[], false), "nothing has happened yet\n");
    }
}

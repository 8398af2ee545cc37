//! `forebay drill CHANNEL FAULT`: makes something go wrong on purpose, watches as a viewer does, and tells what viewers
//! saw of it.
//!
//! | module | what it is |
//! |---|---|
//! | `viewer` | two viewers over HTTP: LL-HLS by blocking reload, HLS-TS by polling |
//! | `flood` | many viewers at once |
//! | `report` | pure: from what was seen to what is told of it |

mod flood;
mod report;
mod viewer;

use super::CliError;
use super::client::Client;
use crate::clock::monotonic;
use crate::drill::{is_sudden, word};
use crate::limits::{DRILL_RECOVERY_MAX, HISTORY_ANSWER_MAX};
use crate::settings::FolderFlags;
use crate::store::Slug;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use report::{Facts, Report};
use std::io::Write;
use std::thread::sleep;
use std::time::Duration;
use viewer::Viewers;
use wire::{Channel, ChannelState, Drill, DrillFault, Event, NewDrill, Playback, Token};

/// Viewers watch for so long before anything happens, and after all is well again.
const CALM: Duration = Duration::from_secs(2);
/// How often the channel's state is asked for.
const LOOK: Duration = Duration::from_millis(100);

const FAULTS: [DrillFault; 11] = [
    DrillFault::KillWorker,
    DrillFault::HangWorker,
    DrillFault::CutSource,
    DrillFault::ChangeSourceFormat,
    DrillFault::FullDisk,
    DrillFault::ClockStep,
    DrillFault::Flood,
    DrillFault::PanicServe,
    DrillFault::PanicPackage,
    DrillFault::PanicEncode,
    DrillFault::PanicIngest,
];

/// Of `forebay drill`.
#[derive(Clone, Debug, clap::Args)]
pub struct DrillArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// The channel's short name; best one that is there for trying things out
    pub slug: String,
    /// What is to go wrong
    #[arg(value_parser = fault_parser())]
    pub fault: DrillFault,
    /// How long, where the fault has a length
    #[arg(long, value_name = "N")]
    pub seconds: Option<u32>,
    /// Do it: its viewers may notice
    #[arg(long)]
    pub yes: bool,
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

fn fault_parser() -> impl TypedValueParser<Value = DrillFault> {
    PossibleValuesParser::new(FAULTS.map(word)).map(|chosen| {
        let found = FAULTS.into_iter().find(|fault| word(*fault) == chosen);
        found.expect("the parser has accepted one of these names")
    })
}

/// Carries out one drill and prints what viewers saw.
///
/// # Errors
/// [`CliError::Drill`] when they saw more than is promised; [`CliError::Unconfirmed`]; what the daemon refuses.
pub fn run(args: &DrillArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    let place = format!("/channels/{}", Slug::parse(&args.slug)?);
    let before: Channel = client.get(&place)?;
    if !args.yes {
        return Err(CliError::Unconfirmed { channel: before.name, fault: word(args.fault) });
    }
    let viewers = Viewers::start(&folder_url(&client, &place, &before)?).map_err(CliError::Viewer)?;
    sleep(CALM);
    let begins = monotonic();
    let wanted = NewDrill { fault: args.fault, secs: args.seconds };
    let drill: Drill = client.post(&format!("{place}/drill"), &wanted)?;
    let length = Duration::from_millis((drill.ends_ms - drill.begins_ms).unsigned_abs());
    if args.fault == DrillFault::Flood {
        viewers.flood(length);
    }
    let back = recovery(&client, &place, &before, args.fault, begins, length)?;
    sleep(CALM);
    let after: Channel = client.get(&place)?;
    let facts = Facts {
        channel: args.slug.clone(),
        fault: args.fault,
        begins,
        back,
        restarts: after.restarts.saturating_sub(before.restarts),
        alarms: alarms(&client, &drill)?,
    };
    let report = Report::of(&facts, &viewers.stop());
    out.write_all(report.render(args.json).as_bytes())?;
    if report.is_kept() { Ok(()) } else { Err(CliError::Drill) }
}

/// What was raised since the drill began, for the box and for its channel; but for the drill's own.
fn alarms(client: &Client, drill: &Drill) -> Result<Vec<String>, CliError> {
    let events: Vec<Event> = client.get(&format!("/history?limit={HISTORY_ANSWER_MAX}"))?;
    let raised = events.into_iter().filter(|event| {
        let is_ours = event.channel.as_ref().is_none_or(|channel| *channel == drill.channel);
        is_ours && event.at_ms >= drill.begins_ms && event.kind == "alarm-raised"
    });
    let (of_box, of_channel): (Vec<_>, Vec<_>) = raised.partition(|event| event.channel.is_none());
    let all = of_box.into_iter().chain(of_channel).map(|event| event.what);
    Ok(all.filter(|what| !what.starts_with("drill-running")).collect())
}

/// Address of the channel's folder, with a token where it is protected.
fn folder_url(client: &Client, place: &str, channel: &Channel) -> Result<String, CliError> {
    let playback: Playback = client.get(&format!("{place}/playback"))?;
    if playback.protected {
        let token: Token = client.post(&format!("{place}/tokens"), &wire::NewToken::default())?;
        let first = token.playback_urls.first().and_then(|url| url.rsplit_once('/'));
        return Ok(first.map(|(folder, _)| format!("{folder}/")).unwrap_or_default());
    }
    Ok(channel.watch_url.replacen("/watch/", "/live/", 1) + "/")
}

/// How long after `begins` the channel was as before: on air in the same way, with another worker where it lost its own.
fn recovery(
    client: &Client,
    place: &str,
    before: &Channel,
    fault: DrillFault,
    begins: Duration,
    length: Duration,
) -> Result<Option<Duration>, CliError> {
    let sudden = is_sudden(fault);
    // What was reported before the fault is no recovery.
    let from = begins + if sudden { Duration::from_secs(1) } else { length };
    let until = from + DRILL_RECOVERY_MAX;
    loop {
        let now: Channel = client.get(place)?;
        let running: Option<Drill> = client.get("/drill")?;
        let is_restarted = !sudden || now.restarts > before.restarts;
        let is_over = sudden || running.is_none();
        let is_back = now.state == before.state && now.state != ChannelState::Starting && is_restarted;
        let at = monotonic();
        if at >= from && is_back && is_over {
            return Ok(Some(at - if sudden { begins } else { from }));
        }
        if at >= until {
            return Ok(None);
        }
        sleep(LOOK);
    }
}

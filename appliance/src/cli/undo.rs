//! `forebay undo`: what was removed of late, and putting it back.

use super::CliError;
use super::channel::json;
use super::client::Client;
use super::table::table;
use crate::settings::FolderFlags;
use media::date::Utc;
use media::time::Ticks;
use std::io::Write;
use wire::{Removed, RemovedKind};

/// Of `forebay undo`.
#[derive(Clone, Debug, clap::Args)]
pub struct UndoArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
    /// Put this back, by its number; without, show what can be
    pub id: Option<i64>,
}

/// Runs the command and prints to `out`.
///
/// # Errors
/// [`CliError`].
pub fn run(args: &UndoArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    let text = match args.id {
        Some(id) => {
            let back: Removed = client.post(&format!("/removed/{id}/restore"), &())?;
            if args.json {
                json(&back)
            } else {
                format!("{} {} is there again\n", word(back.kind), back.name)
            }
        }
        None => {
            let all: Vec<Removed> = client.get("/removed")?;
            if args.json { json(&all) } else { list(&all) }
        }
    };
    Ok(out.write_all(text.as_bytes())?)
}

const fn word(kind: RemovedKind) -> &'static str {
    match kind {
        RemovedKind::Channel => "channel",
        RemovedKind::Source => "source",
        RemovedKind::User => "user",
        RemovedKind::Token => "token",
        RemovedKind::Destination => "destination",
    }
}

fn list(all: &[Removed]) -> String {
    if all.is_empty() {
        return "nothing was removed in the last ten minutes\n".into();
    }
    let heading = ["ID", "WHAT", "NAME", "BY", "UNTIL"].map(str::to_owned).to_vec();
    let row = |each: &Removed| {
        let until = Utc(Ticks::from_secs(each.until_ms.div_euclid(1000))).to_string();
        let by = each.removed_by.clone().unwrap_or_else(|| "(console)".into());
        vec![each.id.to_string(), word(each.kind).to_owned(), each.name.clone(), by, until]
    };
    table(&std::iter::once(heading).chain(all.iter().map(row)).collect::<Vec<_>>())
}

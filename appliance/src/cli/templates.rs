//! `forebay templates`: what a new channel may be made of, and what each costs.

use super::CliError;
use super::channel::json;
use super::client::Client;
use super::table::table;
use crate::settings::FolderFlags;
use std::io::Write;
use wire::Template;

/// Of `forebay templates`.
#[derive(Clone, Debug, clap::Args)]
pub struct TemplatesArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// Prints them.
///
/// # Errors
/// [`CliError`].
pub fn run(args: &TemplatesArgs, out: &mut impl Write) -> Result<(), CliError> {
    let all: Vec<Template> = Client::new(&args.folder.data_dir()?).get("/templates")?;
    let text = if args.json { json(&all) } else { render(&all) };
    Ok(out.write_all(text.as_bytes())?)
}

fn render(all: &[Template]) -> String {
    let heading =
        ["TEMPLATE", "CORES", "A VIEWER", "BEHIND", "RUNGS", "WHAT FOR"].map(str::to_owned).to_vec();
    let row = |each: &Template| {
        let cores =
            format!("{}.{:02}", each.effect.cpu_millicores / 1000, each.effect.cpu_millicores % 1000 / 10);
        let viewer = format!("{} kbit/s", each.effect.viewer_bps_max / 1000);
        let behind = format!("{} ms", each.effect.latency_ms);
        let rungs = each.ladder.iter().map(|rung| format!("{}p", rung.height)).collect::<Vec<_>>().join(" ");
        vec![each.id.clone(), cores, viewer, behind, rungs, each.what.clone()]
    };
    let table = table(&std::iter::once(heading).chain(all.iter().map(row)).collect::<Vec<_>>());
    format!(
        "{table}CORES is an estimate for software, with decoding and sound; BEHIND is what LL-DASH players aim at.\n"
    )
}

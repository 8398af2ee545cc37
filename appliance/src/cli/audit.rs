//! `forebay audit`: who changed what, and whether the log is whole.

use super::CliError;
use super::client::Client;
use super::table::table;
use crate::audit::verify;
use crate::limits::{AUDIT_ANSWER_MAX, AUDIT_ROWS};
use crate::settings::FolderFlags;
use media::date::Utc;
use media::time::Ticks;
use std::io::Write;
use wire::AuditEntry;

/// Of `forebay audit`.
#[derive(Clone, Debug, clap::Args)]
pub struct AuditArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// The newest so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(AUDIT_ROWS)))]
    pub limit: u32,
    /// All of it, one JSON object a line, the oldest first: to be kept elsewhere
    #[arg(long)]
    pub export: bool,
}

/// Prints the entries, the newest last, after it has checked their chain.
///
/// # Errors
/// What the daemon refuses; [`CliError::Output`]; [`CliError::Tampered`].
pub fn run(args: &AuditArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    let wanted = if args.export { AUDIT_ROWS } else { args.limit };
    let mut entries: Vec<AuditEntry> = Vec::new();
    while entries.len() < wanted as usize {
        let limit = AUDIT_ANSWER_MAX.min(wanted - entries.len() as u32);
        let before = entries.last().map_or_else(String::new, |entry| format!("&before={}", entry.id));
        let page: Vec<AuditEntry> = client.get(&format!("/audit?limit={limit}{before}"))?;
        if page.is_empty() {
            break;
        }
        entries.extend(page);
    }
    entries.reverse();
    if args.export {
        for entry in &entries {
            let line = serde_json::to_string(entry).expect("plain structs always serialise");
            writeln!(out, "{line}")?;
        }
    } else {
        out.write_all(render(&entries).as_bytes())?;
    }
    verify(&entries).map(drop).map_err(CliError::Tampered)
}

fn render(entries: &[AuditEntry]) -> String {
    if entries.is_empty() {
        return "nobody has changed anything yet\n".into();
    }
    let heading = ["WHEN", "WHO", "FROM", "CALL", "STATUS", "BEFORE", "AFTER"].map(str::to_owned).to_vec();
    let row = |entry: &AuditEntry| {
        let AuditEntry { at_ms, who, address, call, status, before, after, .. } = entry.clone();
        let [before, after] = [before, after].map(Option::unwrap_or_default);
        vec![
            Utc(Ticks::from_millis(at_ms)).to_string(),
            who,
            address,
            call,
            status.to_string(),
            before,
            after,
        ]
    };
    table(&std::iter::once(heading).chain(entries.iter().map(row)).collect::<Vec<_>>())
}

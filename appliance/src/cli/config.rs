//! `forebay config`: all that is set, as one file.

use super::CliError;
use super::channel::json;
use super::client::Client;
use crate::settings::FolderFlags;
use std::io::{Read, Write, stdin};
use std::path::{Path, PathBuf};
use wire::{Change, ChangeKind, Configuration, ConfigurationDiff};

/// Of `forebay config`.
#[derive(Clone, Debug, clap::Args)]
pub struct ConfigArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// The subcommands.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum ConfigCommand {
    /// Print all channels, destinations, users and settings as TOML; without passwords and secrets
    Export {
        /// With the stream keys: whoever has the file may publish to every channel
        #[arg(long)]
        with_keys: bool,
    },
    /// Show what a file would add, change and remove
    Diff {
        /// As `export` prints it, TOML or JSON; `-` is standard input
        file: PathBuf,
    },
    /// Make everything as a file says: what is not in it is removed
    Import {
        /// As `export` prints it, TOML or JSON; `-` is standard input
        file: PathBuf,
        /// Do it; without this, what would change is shown
        #[arg(long)]
        yes: bool,
    },
}

/// Runs the command and prints to `out`.
///
/// # Errors
/// [`CliError`].
pub fn run(args: &ConfigArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    let text = match &args.command {
        ConfigCommand::Export { with_keys } => {
            let all: Configuration = client.get(&format!("/configuration?keys={with_keys}"))?;
            if args.json { json(&all) } else { export(&all, *with_keys) }
        }
        ConfigCommand::Diff { file } => {
            let told: ConfigurationDiff = client.post("/configuration/diff", &read(file)?)?;
            if args.json { json(&told) } else { render(&told) }
        }
        ConfigCommand::Import { file, yes } => {
            let wanted = read(file)?;
            let told: ConfigurationDiff = client.post("/configuration/diff", &wanted)?;
            if *yes {
                let done: ConfigurationDiff = client.put_if("/configuration", &wanted, &told.tag)?;
                if args.json { json(&done) } else { format!("{}done\n", render(&done)) }
            } else if args.json {
                json(&told)
            } else {
                format!("{}nothing is changed yet; add --yes to do it\n", render(&told))
            }
        }
    };
    Ok(out.write_all(text.as_bytes())?)
}

fn export(all: &Configuration, with_keys: bool) -> String {
    let keys = if with_keys {
        "# THIS FILE HOLDS STREAM KEYS: whoever has it may publish to every channel.\n"
    } else {
        "# Without stream keys: those that are on the box stay, new channels get new ones.\n"
    };
    let text = toml::to_string_pretty(all).expect("plain structs always serialise");
    format!(
        "# All that is set on this box; `forebay config import` makes another one the same.\n# Without passwords, secrets of destinations, and pictures of slates.\n{keys}\n{text}"
    )
}

fn read(path: &Path) -> Result<Configuration, CliError> {
    let file = |error| CliError::File { path: path.into(), error };
    let text = if path == Path::new("-") {
        let mut text = String::new();
        stdin().lock().read_to_string(&mut text).map_err(file)?;
        text
    } else {
        std::fs::read_to_string(path).map_err(file)?
    };
    let wrong = |why: String| CliError::Configuration { path: path.into(), why: why.trim_end().into() };
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(&text).map_err(|error| wrong(error.to_string()));
    }
    toml::from_str(&text).map_err(|error| wrong(error.to_string()))
}

fn render(told: &ConfigurationDiff) -> String {
    if told.changes.is_empty() {
        return "no difference\n".into();
    }
    told.changes.iter().map(one).collect()
}

fn one(change: &Change) -> String {
    let what = match change.kind {
        ChangeKind::Added => "+ add",
        ChangeKind::Changed => "~ change",
        ChangeKind::Removed => "- remove",
        ChangeKind::LeftAlone => "! leave alone",
    };
    let words: String = change.words.iter().map(|word| format!("    {word}\n")).collect();
    let notes: String = change.notes.iter().map(|note| format!("    note: {note}\n")).collect();
    format!("{what} {}\n{words}{notes}", change.subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_change_is_told_in_words() {
        let change = Change {
            kind: ChangeKind::Changed,
            subject: "channel `hall`".into(),
            words: vec!["dvr_secs: 0 becomes 60".into()],
            notes: vec!["it is on air".into()],
        };
        let told = render(&ConfigurationDiff { tag: String::new(), changes: vec![change] });
        assert_eq!(told, "~ change channel `hall`\n    dvr_secs: 0 becomes 60\n    note: it is on air\n");
        assert_eq!(render(&ConfigurationDiff::default()), "no difference\n");
    }
}

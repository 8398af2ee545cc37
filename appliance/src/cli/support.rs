//! `forebay support-bundle`: what somebody far away needs to see what is wrong.

use super::CliError;
use super::backup::to_file;
use super::client::{Client, ClientError};
use crate::limits::SUPPORT_BYTES_MAX;
use crate::settings::FolderFlags;
use crate::support::redact::Redactor;
use crate::support::{journal, with_page, write};
use std::io::Write;
use std::path::PathBuf;

/// Of `forebay support-bundle`.
#[derive(Clone, Debug, clap::Args)]
pub struct SupportArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Where to, such as `support.tar.gz`; it must not be there yet
    pub output: PathBuf,
}

/// Asks the daemon for one, and adds the journal where only this user may read it. Without a daemon there is the journal alone.
///
/// # Errors
/// [`CliError`]; no half of a file stays.
pub fn run(args: &SupportArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    let mut bundle = Vec::new();
    let told = client.download(("GET", "/support-bundle"), &(), &mut bundle);
    let journal = journal().map(|text| ("journal-of-the-machine.txt".to_owned(), text));
    let bytes = to_file(&args.output, |file| {
        let unwritten = |error| CliError::Written { path: args.output.clone(), error };
        match (told, journal) {
            (Ok(_), None) => file.write_all(&bundle).map_err(unwritten)?,
            (Ok(_), Some(page)) => with_page(&mut bundle.as_slice(), &page, file).map_err(unwritten)?,
            (Err(why @ ClientError::NotRunning { .. }), journal) => {
                let about = format!("forebay {}: {why}\n", env!("CARGO_PKG_VERSION"));
                let pages = std::iter::once(("about.txt".to_owned(), about)).chain(journal).collect();
                write(pages, &mut Redactor::default(), 0, file).map_err(unwritten)?;
            }
            (Err(error), _) => return Err(error.into()),
        }
        Ok(file.metadata().map_or(SUPPORT_BYTES_MAX as u64, |it| it.len()))
    })?;
    writeln!(out, "{}: {bytes} bytes, without keys, passwords and addresses", args.output.display())?;
    Ok(())
}

//! `forebay backup`, `forebay restore` and `forebay factory-reset`.

use super::CliError;
use super::channel::json;
use super::client::Client;
use super::user::secret;
use crate::settings::FolderFlags;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, IsTerminal, Write, stdin};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use wire::{
    BackupContents, Confirmation, FactoryReset, NewBackupFile, OpenBackup, Restarting, Restore, UploadedFile,
};

/// Of `forebay backup`.
#[derive(Clone, Debug, clap::Args)]
pub struct BackupArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Where to; it must not be there yet. The passphrase is asked for, or read from one line of standard input
    pub file: PathBuf,
}

/// Of `forebay restore`.
#[derive(Clone, Debug, clap::Args)]
pub struct RestoreArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// A backup. The passphrase is asked for, or read from one line of standard input
    #[arg(required_unless_present = "undo", conflicts_with = "undo")]
    pub file: Option<PathBuf>,
    /// Show what is in it, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do it without asking
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// Go back to what was before the last restore
    #[arg(long, conflicts_with = "dry_run")]
    pub undo: bool,
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// Of `forebay factory-reset`.
#[derive(Clone, Debug, clap::Args)]
pub struct FactoryResetArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Take recordings away too
    #[arg(long)]
    pub recordings: bool,
    /// Forget what the machine was told besides: network, time servers. Only where it was installed from the image
    #[arg(long)]
    pub whole_machine: bool,
    /// Do it without asking
    #[arg(long)]
    pub yes: bool,
}

/// Makes a backup.
///
/// # Errors
/// [`CliError`]; no half of a file stays.
pub fn backup(args: &BackupArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    let wanted = NewBackupFile { passphrase: new_passphrase()?, password: None };
    let bytes = to_file(&args.file, |file| Ok(client.download(("POST", "/backup"), &wanted, file)?))?;
    let path = args.file.display();
    writeln!(out, "{path}: {bytes} bytes. Nobody can open it without the passphrase: keep that elsewhere.")?;
    Ok(())
}

/// A new file for this user alone; taken away again when it does not become whole.
pub(super) fn to_file(
    path: &PathBuf,
    write: impl FnOnce(&mut File) -> Result<u64, CliError>,
) -> Result<u64, CliError> {
    let unwritten = |error| CliError::Written { path: path.clone(), error };
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = opened.map_err(unwritten)?;
    let done = write(&mut file).and_then(|bytes| file.sync_all().map(|()| bytes).map_err(unwritten));
    if done.is_err() {
        // It was not there before.
        let _stays = std::fs::remove_file(path);
    }
    done
}

fn new_passphrase() -> Result<String, CliError> {
    let first = secret("Passphrase, 12 characters at least: ")?;
    if stdin().is_terminal() && secret("Once more: ")? != first {
        return Err(CliError::Usage("the two are not the same".into()));
    }
    Ok(first)
}

/// Shows what is in a backup, and restores it.
///
/// # Errors
/// [`CliError`].
pub fn restore(args: &RestoreArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    let Some(path) = &args.file else { return undo(args, &client, out) };
    let file = File::open(path).map_err(|error| CliError::File { path: path.clone(), error })?;
    let passphrase = secret("Passphrase: ")?;
    let _brought: UploadedFile = client.upload("/restore/file", &file)?;
    let open = OpenBackup { passphrase: passphrase.clone() };
    let contents: BackupContents = client.post_patiently("/restore/contents", &open)?;
    out.write_all(if args.json { json(&contents) } else { shown(&contents) }.as_bytes())?;
    if args.dry_run {
        return Ok(());
    }
    confirm(args.yes, "everything on this box gives way to this", "restore")?;
    let done: Restarting = client.post_patiently("/restore", &Restore { passphrase, password: None })?;
    told(args.json, &done, out)
}

fn undo(args: &RestoreArgs, client: &Client, out: &mut impl Write) -> Result<(), CliError> {
    confirm(args.yes, "everything on this box gives way to what was before the last restore", "restore")?;
    let done: Restarting = client.post("/restore/undo", &Confirmation::default())?;
    told(args.json, &done, out)
}

/// Forgets everything.
///
/// # Errors
/// [`CliError`].
pub fn factory_reset(args: &FactoryResetArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    let what = if args.recordings { "and recordings" } else { "but not recordings" };
    confirm(
        args.yes,
        &format!("settings, keys, users, certificates and history are forgotten, {what}"),
        "forget",
    )?;
    let FactoryResetArgs { recordings, whole_machine, .. } = *args;
    let done = client.post("/factory-reset", &FactoryReset { password: None, recordings, whole_machine })?;
    told(false, &done, out)
}

/// Has the person at the terminal type a word; a script says `--yes`.
fn confirm(yes: bool, what: &str, word: &str) -> Result<(), CliError> {
    if yes {
        return Ok(());
    }
    if !stdin().is_terminal() {
        return Err(CliError::Usage(format!("{what}; if you want that, add --yes")));
    }
    eprintln!("Careful: {what}. Type `{word}` to go on:");
    let mut line = String::new();
    stdin().lock().read_line(&mut line)?;
    if line.trim() == word { Ok(()) } else { Err(CliError::Usage("nothing was done".into())) }
}

fn told(as_json: bool, done: &Restarting, out: &mut impl Write) -> Result<(), CliError> {
    let text = if as_json { json(done) } else { format!("forebay starts anew; then {}\n", done.then) };
    Ok(out.write_all(text.as_bytes())?)
}

fn shown(contents: &BackupContents) -> String {
    let list = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let made_at = media::date::Utc(media::time::Ticks::from_millis(contents.made_at_ms));
    format!(
        "made      {made_at} by Forebay {}\nbox       {}\nchannels  {}\nusers     {}\npictures  {}\nalarms    sent to {} places\n\
         history   {} events\naudit     {} entries\ncertificate  {}\n",
        contents.version,
        contents.box_name.as_deref().unwrap_or("without a name"),
        list(&contents.channels),
        list(&contents.users),
        contents.slate_pictures,
        contents.destinations,
        contents.events,
        contents.audit_entries,
        if contents.own_certificate { "of your own, and the box's authority" } else { "the box's authority" },
    )
}

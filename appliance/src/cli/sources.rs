//! `forebay channel backup`, `failover` and `take`: a channel's sources.

use super::CliError;
use super::channel::{json, path, source_parser};
use super::client::Client;
use super::table::removed;
use wire::{Backup, Channel, Failover, NewBackup, Source, StreamKey};

/// Of `forebay channel backup`.
#[derive(Clone, Debug, clap::Args)]
pub struct BackupArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: BackupCommand,
}

/// The subcommands.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum BackupCommand {
    /// Give a channel one more back-up source; prints where to publish to
    Add(AddBackupArgs),
    /// Show where to publish to, with the key
    Key(OneSource),
    /// Take a back-up source away, and its key
    Remove(OneSource),
}

/// Of `forebay channel backup add`.
#[derive(Clone, Debug, clap::Args)]
pub struct AddBackupArgs {
    /// The channel's short name
    pub slug: String,
    /// How it arrives
    #[arg(long, value_parser = source_parser())]
    pub source: Source,
}

/// One source of a channel.
#[derive(Clone, Debug, clap::Args)]
pub struct OneSource {
    /// The channel's short name
    pub slug: String,
    /// The source's number: 0 is the main one
    pub number: u8,
}

/// Of `forebay channel failover`.
#[derive(Clone, Debug, clap::Args)]
pub struct FailoverArgs {
    /// The channel's short name
    pub slug: String,
    /// The next source takes over when no picture has come for so long
    #[arg(long, value_name = "MILLISECONDS")]
    pub loss_ms: Option<u32>,
    /// … when time stamps have jumped again and again for so long; or `never`
    #[arg(long, value_name = "MILLISECONDS", value_parser = or_never)]
    pub disorder_ms: Option<OrNever>,
    /// … when the picture has been black for so long; or `never`
    #[arg(long, value_name = "MILLISECONDS", value_parser = or_never)]
    pub black_ms: Option<OrNever>,
    /// … when the picture has stood still for so long; or `never`
    #[arg(long, value_name = "MILLISECONDS", value_parser = or_never)]
    pub frozen_ms: Option<OrNever>,
    /// … when nothing has been heard for so long; or `never`
    #[arg(long, value_name = "MILLISECONDS", value_parser = or_never)]
    pub silence_ms: Option<OrNever>,
    /// An earlier source takes over again after so long without fault; or `never`, which leaves it to `take`
    #[arg(long, value_name = "MILLISECONDS", value_parser = or_never)]
    pub return_after_ms: Option<OrNever>,
}

/// A time, or none.
#[derive(Clone, Copy, Debug)]
pub struct OrNever(Option<u32>);

fn or_never(text: &str) -> Result<OrNever, String> {
    if text == "never" {
        return Ok(OrNever(None));
    }
    text.parse().map(|value| OrNever(Some(value))).map_err(|_| "write milliseconds, or `never`".into())
}

/// Carries out `forebay channel backup …`; gives what is to be printed.
pub(super) fn backup(client: &Client, args: &BackupArgs, as_json: bool) -> Result<String, CliError> {
    match &args.command {
        BackupCommand::Add(AddBackupArgs { slug, source }) => {
            let new = NewBackup { source: *source };
            let added: Backup = client.post(&path(slug, "/backups")?, &new)?;
            if as_json {
                return Ok(json(&added));
            }
            let Backup { number, stream_key, publish_urls } = added;
            Ok(format!("back-up  {number}\n{}", publish(&publish_urls, &stream_key)))
        }
        BackupCommand::Key(OneSource { slug, number }) => {
            let key: StreamKey = client.get(&path(slug, &format!("/sources/{number}/key"))?)?;
            if as_json {
                return Ok(json(&key));
            }
            Ok(publish(&key.publish_urls, &key.stream_key))
        }
        BackupCommand::Remove(OneSource { slug, number }) => {
            client.delete(&path(slug, &format!("/sources/{number}"))?)?;
            Ok(removed(as_json, number, &format!("back-up {number} of {slug}")))
        }
    }
}

fn publish(urls: &[String], key: &str) -> String {
    let urls: String = urls.iter().map(|url| format!("publish  {url}\n")).collect();
    format!("{urls}key      {key}\n")
}

/// Carries out `forebay channel failover`.
pub(super) fn failover(client: &Client, args: &FailoverArgs, as_json: bool) -> Result<String, CliError> {
    let place = path(&args.slug, "/failover")?;
    let before: Failover = client.get(&place)?;
    let or = |wanted: Option<OrNever>, before: Option<u32>| wanted.map_or(before, |OrNever(value)| value);
    let wanted = Failover {
        loss_ms: args.loss_ms.unwrap_or(before.loss_ms),
        disorder_ms: or(args.disorder_ms, before.disorder_ms),
        black_ms: or(args.black_ms, before.black_ms),
        frozen_ms: or(args.frozen_ms, before.frozen_ms),
        silence_ms: or(args.silence_ms, before.silence_ms),
        return_after_ms: or(args.return_after_ms, before.return_after_ms),
    };
    let rules = if wanted == before { before } else { client.put(&place, &wanted)? };
    Ok(if as_json { json(&rules) } else { describe(&rules) })
}

fn describe(rules: &Failover) -> String {
    let time = |ms: Option<u32>| ms.map_or_else(|| "never".into(), |ms| format!("after {ms} ms"));
    let Failover { loss_ms, disorder_ms, black_ms, frozen_ms, silence_ms, return_after_ms } = *rules;
    format!(
        "no picture   after {loss_ms} ms\ndisorder     {}\nblack        {}\nfrozen       {}\nsilence      {}\nreturn       {}\n",
        time(disorder_ms),
        time(black_ms),
        time(frozen_ms),
        time(silence_ms),
        time(return_after_ms)
    )
}

/// Carries out `forebay channel take`.
pub(super) fn take(client: &Client, args: &OneSource, as_json: bool) -> Result<String, CliError> {
    let OneSource { slug, number } = args;
    let channel: Channel = client.post(&path(slug, &format!("/sources/{number}/take"))?, &())?;
    Ok(if as_json { json(&channel) } else { format!("source {number} of {slug} is on air\n") })
}

/// A line for each source, when there is more than one.
pub(super) fn lines(channel: &Channel) -> String {
    let several = channel.sources.iter().filter(|_| channel.sources.len() > 1);
    let line = |source: &wire::SourceStatus| {
        let (number, detail) = (source.number, &source.detail);
        let on_air = if source.on_air { "on air" } else { "" };
        format!("{:<8} {on_air:<7} {detail}\n", format!("source {number}"))
    };
    several.map(line).collect()
}

//! `forebay channel slate`: what a channel shows without a source.

use super::CliError;
use super::channel::{json, path};
use super::client::Client;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::PathBuf;
use wire::{Channel, Slate};

/// Of `forebay channel slate`.
#[derive(Clone, Debug, clap::Args)]
pub struct SlateArgs {
    /// The channel's short name
    pub slug: String,
    /// What stands below the channel's name; "" for nothing
    #[arg(long)]
    pub text: Option<String>,
    /// A PNG or JPEG to show in place of all text
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,
    /// Show text again
    #[arg(long, conflicts_with = "picture")]
    pub no_picture: bool,
    /// It comes so long after the source's last picture
    #[arg(long, value_name = "MILLISECONDS")]
    pub after_ms: Option<u32>,
    /// It goes after so long of steady pictures
    #[arg(long, value_name = "MILLISECONDS")]
    pub back_after_ms: Option<u32>,
    /// What sounds while the source brings no sound
    #[arg(long, value_parser = sound_parser())]
    pub sound: Option<bool>,
}

fn sound_parser() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["silence", "tone"]).map(|chosen| chosen == "tone")
}

/// Changes what is given, and says what is so now.
pub(super) fn run(client: &Client, args: &SlateArgs, as_json: bool) -> Result<String, CliError> {
    set_picture(client, args)?;
    let slate = set_rest(client, args)?;
    if as_json {
        return Ok(json(&slate));
    }
    let channel: Channel = client.get(&path(&args.slug, "")?)?;
    let picture = if channel.slate_picture.is_some() { "yes, in place of text" } else { "none" };
    let sound = if slate.tone { "tone" } else { "silence" };
    let Slate { text, after_ms, back_after_ms, .. } = slate;
    Ok(format!(
        "text     {text}\npicture  {picture}\nafter    {after_ms} ms\nback     after {back_after_ms} ms\nsound    {sound}\n"
    ))
}

fn set_picture(client: &Client, args: &SlateArgs) -> Result<(), CliError> {
    let place = path(&args.slug, "/slate/picture")?;
    if let Some(file) = &args.picture {
        let read = std::fs::read(file);
        let upload = read.map_err(|error| CliError::File { path: file.clone(), error })?;
        // The box looks at the picture itself.
        client.put_file::<Channel>(&place, "image/*", &upload)?;
    }
    if args.no_picture {
        client.delete(&place)?;
    }
    Ok(())
}

fn set_rest(client: &Client, args: &SlateArgs) -> Result<Slate, CliError> {
    let place = path(&args.slug, "/slate")?;
    let before: Slate = client.get(&place)?;
    let wanted = Slate {
        text: args.text.clone().unwrap_or_else(|| before.text.clone()),
        after_ms: args.after_ms.unwrap_or(before.after_ms),
        back_after_ms: args.back_after_ms.unwrap_or(before.back_after_ms),
        tone: args.sound.unwrap_or(before.tone),
    };
    if wanted == before { Ok(before) } else { Ok(client.put(&place, &wanted)?) }
}

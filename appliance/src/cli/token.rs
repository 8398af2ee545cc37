//! `forebay token …`: what scripts call the API with.

use super::CliError;
use super::channel::json;
use super::client::Client;
use super::table::{removed, table};
use crate::settings::FolderFlags;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use media::date::Utc;
use media::time::Ticks;
use std::io::Write;
use wire::{ApiToken, MadeApiToken, NewApiToken, Scope};

/// Of `forebay token`.
#[derive(Clone, Debug, clap::Args)]
pub struct TokenArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: TokenCommand,
}

/// The subcommands.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum TokenCommand {
    /// Show who has which tokens, and when each was used
    List,
    /// Make a token, and show it this once
    Add {
        /// What it is for
        name: String,
        /// The user on whose behalf it calls
        #[arg(long, value_name = "NAME")]
        user: String,
        /// The most that it may: what a viewer, an operator or an administrator may
        #[arg(long, value_parser = scope_parser())]
        scope: Scope,
        /// A channel that exists for it; may be given again; without, those that exist for the user
        #[arg(long = "channel", value_name = "CHANNEL")]
        channels: Vec<String>,
        /// How long it is good
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
    },
    /// Make a token void
    Remove {
        /// Its number, as `list` shows it
        id: i64,
    },
}

fn scope_parser() -> impl TypedValueParser<Value = Scope> {
    PossibleValuesParser::new(["read", "operate", "administer"]).map(|chosen| match chosen.as_str() {
        "administer" => Scope::Administer,
        "operate" => Scope::Operate,
        _ => Scope::Read,
    })
}

const fn word(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Operate => "operate",
        Scope::Administer => "administer",
    }
}

/// Runs the command and prints to `out`.
///
/// # Errors
/// [`CliError`].
pub fn run(args: &TokenArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    let text = match &args.command {
        TokenCommand::List => {
            let tokens: Vec<ApiToken> = client.get("/tokens")?;
            if args.json { json(&tokens) } else { list(&tokens) }
        }
        TokenCommand::Add { name, user, scope, channels, days } => {
            let wanted = NewApiToken {
                name: name.clone(),
                scope: *scope,
                channels: (!channels.is_empty()).then(|| channels.clone()),
                expires_in_secs: Some(days * 86_400),
                owner: Some(user.clone()),
            };
            let made: MadeApiToken = client.post("/tokens", &wanted)?;
            if args.json { json(&made) } else { shown(&made) }
        }
        TokenCommand::Remove { id } => {
            client.delete(&format!("/tokens/{id}"))?;
            removed(args.json, id, &format!("token {id}"))
        }
    };
    Ok(out.write_all(text.as_bytes())?)
}

fn shown(made: &MadeApiToken) -> String {
    let MadeApiToken { secret, token } = made;
    format!(
        "token    {secret}\nexpires  {}\nIt is shown this once. Send it as `Authorization: Bearer …`, over HTTPS.\n",
        time(token.expires_at_ms)
    )
}

fn list(tokens: &[ApiToken]) -> String {
    if tokens.is_empty() {
        return "no tokens; make one with `forebay token add`\n".into();
    }
    let heading = ["ID", "NAME", "USER", "SCOPE", "CHANNELS", "EXPIRES", "USED"].map(str::to_owned).to_vec();
    let row = |token: &ApiToken| {
        vec![
            token.id.to_string(),
            token.name.clone(),
            token.owner.clone(),
            word(token.scope).to_owned(),
            token.channels.as_ref().map_or_else(|| "the user's".into(), |slugs| slugs.join(", ")),
            time(token.expires_at_ms),
            token.used_at_ms.map_or_else(|| "never".into(), time),
        ]
    };
    table(&std::iter::once(heading).chain(tokens.iter().map(row)).collect::<Vec<_>>())
}

fn time(at_ms: i64) -> String {
    Utc(Ticks::from_secs(at_ms.div_euclid(1000))).to_string()
}

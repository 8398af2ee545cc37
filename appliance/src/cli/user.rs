//! `forebay claim` and `forebay user`: who may manage the box. On the box itself they work without a password: whoever
//! may use its socket owns it.

use super::CliError;
use super::channel::json;
use super::client::Client;
use super::table::{removed, table};
use crate::settings::FolderFlags;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::io::{BufRead, IsTerminal, Write, stdin};
use wire::{Account, ClaimCode, Confirmation, Grants, NewPassword, NewUser, Role, TotpState, User};

/// Of `forebay claim`.
#[derive(Clone, Debug, clap::Args)]
pub struct ClaimArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// Of `forebay user`.
#[derive(Clone, Debug, clap::Args)]
pub struct UserArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: UserCommand,
}

/// Passwords are asked for, or read as one line from standard input.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum UserCommand {
    /// Show who may sign in
    List,
    /// Let somebody sign in
    Add {
        /// As they sign in
        name: String,
        /// What they may do
        #[arg(long, value_parser = role_parser())]
        role: Role,
    },
    /// Give somebody another password, and sign them out everywhere
    Password {
        /// Who
        name: String,
    },
    /// Let a channel exist for an operator or viewer; with the first one, no other does
    Grant {
        /// Who
        name: String,
        /// Which
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        channels: Vec<String>,
        /// Every channel, those to come too, as for who was never limited
        #[arg(long)]
        all: bool,
    },
    /// Let a channel no longer exist for somebody who is limited
    Revoke {
        /// Who
        name: String,
        /// Which
        #[arg(required = true)]
        channels: Vec<String>,
    },
    /// Codes of an authenticator app, which somebody may have asked for besides the password
    Totp {
        /// What to do.
        #[command(subcommand)]
        command: TotpCommand,
    },
    /// Let somebody sign in no more
    Remove {
        /// Who
        name: String,
    },
}

/// Everybody sets their own second step up, in the browser.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum TotpCommand {
    /// Take the second step off somebody who has lost phone and recovery codes: the password does again
    Remove {
        /// Who
        name: String,
    },
}

fn role_parser() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(["administrator", "operator", "viewer"]).map(|chosen| match chosen.as_str() {
        "administrator" => Role::Administrator,
        "operator" => Role::Operator,
        _ => Role::Viewer,
    })
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Administrator => "administrator",
        Role::Operator => "operator",
        Role::Viewer => "viewer",
    }
}

/// Prints a new claim code.
///
/// # Errors
/// What the daemon refuses: a box is claimed once.
pub fn claim(args: &ClaimArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    let code: ClaimCode = client.post("/claim-code", &())?;
    let text = if args.json {
        json(&code)
    } else {
        let minutes = code.expires_in_secs / 60;
        format!("code     {}\nexpires  in {minutes} minutes, or when it is used\n", code.code)
    };
    Ok(out.write_all(text.as_bytes())?)
}

/// Runs the command and prints to `out`.
///
/// # Errors
/// [`CliError`].
pub fn run(args: &UserArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    let text = match &args.command {
        UserCommand::List => {
            let users: Vec<Account> = client.get("/users")?;
            if args.json { json(&users) } else { list(&users) }
        }
        UserCommand::Add { name, role } => {
            let wanted = NewUser { name: name.clone(), role: *role, password: password()? };
            let added: User = client.post("/users", &wanted)?;
            if args.json { json(&added) } else { format!("{} added\n", added.name) }
        }
        UserCommand::Password { name } => {
            let wanted = NewPassword { password: password()?, current_password: None };
            client.put_silently(&place(name, "/password"), &wanted)?;
            if args.json {
                json(&serde_json::json!({ "changed": name }))
            } else {
                format!("{name} has another password\n")
            }
        }
        UserCommand::Grant { name, channels, all } => {
            let had = client.get::<Grants>(&place(name, "/channels"))?.channels;
            let mut wanted = had.unwrap_or_default();
            wanted.extend(channels.iter().cloned());
            granted(&client, name, &Grants { channels: (!all).then_some(wanted) }, args.json)?
        }
        UserCommand::Revoke { name, channels } => {
            let had = client.get::<Grants>(&place(name, "/channels"))?.channels;
            let mut left = had.ok_or_else(|| CliError::NotLimited(name.clone()))?;
            left.retain(|slug| !channels.contains(slug));
            granted(&client, name, &Grants { channels: Some(left) }, args.json)?
        }
        UserCommand::Totp { command: TotpCommand::Remove { name } } => {
            let _off: TotpState = client.post(&place(name, "/totp/remove"), &Confirmation::default())?;
            removed(args.json, name, &format!("the second step of {name}"))
        }
        UserCommand::Remove { name } => {
            client.delete(&place(name, ""))?;
            removed(args.json, name, name)
        }
    };
    Ok(out.write_all(text.as_bytes())?)
}

fn granted(client: &Client, name: &str, wanted: &Grants, as_json: bool) -> Result<String, CliError> {
    let now: Grants = client.put(&place(name, "/channels"), wanted)?;
    Ok(if as_json { json(&now) } else { format!("{name} has {}\n", told(now.channels.as_deref())) })
}

/// Which channels exist for somebody.
fn told(channels: Option<&[String]>) -> String {
    match channels {
        None => "all channels".into(),
        Some([]) => "no channels".into(),
        Some(slugs) => slugs.join(", "),
    }
}

fn list(users: &[Account]) -> String {
    if users.is_empty() {
        return "nobody yet: `forebay claim` shows the code that makes the first administrator\n".into();
    }
    let heading = ["NAME", "ROLE", "SECOND STEP", "CHANNELS"].map(str::to_owned).to_vec();
    let row = |user: &Account| {
        let second_step = if user.totp { "yes" } else { "no" };
        vec![
            user.name.clone(),
            word(user.role).to_owned(),
            second_step.into(),
            told(user.channels.as_deref()),
        ]
    };
    table(&std::iter::once(heading).chain(users.iter().map(row)).collect::<Vec<_>>())
}

/// A name may hold anything that is visible: all but the plainest is escaped (RFC 3986, 2.1).
fn place(name: &str, rest: &str) -> String {
    let escaped: String = name
        .bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    format!("/users/{escaped}{rest}")
}

fn password() -> Result<String, CliError> {
    secret("Password: ")
}

/// A secret: asked for at a terminal, else one line of standard input.
pub(super) fn secret(prompt: &str) -> Result<String, CliError> {
    if stdin().is_terminal() {
        return Ok(rpassword::prompt_password(prompt)?);
    }
    let mut line = String::new();
    stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped() {
        assert_eq!(place("ada", ""), "/users/ada");
        assert_eq!(place("Zoë K/..", "/password"), "/users/Zo%C3%AB%20K%2F%2E%2E/password");
    }
}

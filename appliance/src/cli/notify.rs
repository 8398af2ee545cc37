//! `forebay notify`: where alarms are sent on to.

use super::CliError;
use super::alarms::severity_name;
use super::channel::json;
use super::client::Client;
use super::table::{removed, table};
use crate::settings::FolderFlags;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::io::{BufRead, IsTerminal, Write, stdin};
use std::path::PathBuf;
use wire::{
    Destination, MailSecurity, NewDestination, SavedDestination, Severity, SyslogTransport, TestResult, Via,
};

/// Of `forebay notify`.
#[derive(Clone, Debug, clap::Args)]
pub struct NotifyArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: NotifyCommand,
}

/// The subcommands.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum NotifyCommand {
    /// Show where alarms are sent on to, and how that does
    List,
    /// Send alarms to one more place
    Add(Box<AddArgs>),
    /// Send a test, and show what the other side says
    Test {
        /// Which, by its name in the list
        name: String,
    },
    /// Give it another secret or password, which is asked for, or read as one line from standard input
    Secret {
        /// Which, by its name in the list
        name: String,
    },
    /// Send no more there
    Remove {
        /// Which, by its name in the list
        name: String,
    },
}

/// Of `forebay notify add`: one of three kinds.
#[derive(Clone, Debug, clap::Args)]
pub struct AddArgs {
    /// For the list and for commands, such as `night-shift`
    pub name: String,
    /// A webhook: the whole address. The box makes its secret, and shows it once
    #[arg(long, value_name = "URL", group = "kind")]
    pub webhook: Option<String>,
    /// Syslog: host and port, such as `192.0.2.7:6514`
    #[arg(long, value_name = "HOST:PORT", group = "kind")]
    pub syslog: Option<String>,
    /// E-mail: the mail server's host and port, such as `mail.example.org:587`
    #[arg(long, value_name = "HOST:PORT", group = "kind", requires_all = ["from", "to"])]
    pub email: Option<String>,
    /// How syslog is sent
    #[arg(long, default_value = "tls", value_parser = ["tcp", "tls", "udp"])]
    pub transport: String,
    /// How mail is protected on its way
    #[arg(long, default_value = "starttls", value_parser = ["starttls", "tls", "plain"])]
    pub security: String,
    /// Whom mails come from
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<String>,
    /// Whom mails go to; may be given again
    #[arg(long, value_name = "ADDRESS")]
    pub to: Vec<String>,
    /// The mail account's user; its password is asked for, or read as one line from standard input
    #[arg(long)]
    pub user: Option<String>,
    /// Ask for the webhook's secret instead of making one, or read it as one line from standard input
    #[arg(long, requires = "webhook")]
    pub own_secret: bool,
    /// Trust this certification authority, a PEM file [default: those of the system]
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Send nothing less bad than this
    #[arg(long, default_value = "minor", value_parser = severity_parser())]
    pub least: Severity,
    /// Send the alarms of this channel alone; may be given again [default: of all]
    #[arg(long = "channel", value_name = "SLUG")]
    pub channels: Vec<String>,
    /// Do not send alarms of the box as a whole
    #[arg(long)]
    pub no_box: bool,
}

fn severity_parser() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(["minor", "major", "critical"]).map(|chosen| match chosen.as_str() {
        "critical" => Severity::Critical,
        "major" => Severity::Major,
        _ => Severity::Minor,
    })
}

/// Runs the command and prints to `out`.
///
/// # Errors
/// [`CliError`].
pub fn run(args: &NotifyArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    let text = match &args.command {
        NotifyCommand::List => {
            let all: Vec<Destination> = client.get("/notifications")?;
            if args.json { json(&all) } else { list(&all) }
        }
        NotifyCommand::Add(add) => {
            let saved: SavedDestination = client.post("/notifications", &new(add)?)?;
            if args.json { json(&saved) } else { added(&saved) }
        }
        NotifyCommand::Test { name } => {
            let result: TestResult = client.post(&place(name, "/test"), &())?;
            let text = if args.json { json(&result) } else { format!("{}\n", result.said) };
            out.write_all(text.as_bytes())?;
            return if result.delivered { Ok(()) } else { Err(CliError::Check) };
        }
        NotifyCommand::Secret { name } => {
            let Destination { name, via, least, channels, of_box, .. } = client.get(&place(name, ""))?;
            let there = place(&name, "");
            let new = NewDestination { name, via, least, channels, of_box, secret: Some(secret()?) };
            let saved: SavedDestination = client.put(&there, &new)?;
            if args.json { json(&saved) } else { format!("{} has another secret\n", saved.destination.name) }
        }
        NotifyCommand::Remove { name } => {
            client.delete(&place(name, ""))?;
            removed(args.json, name, name)
        }
    };
    Ok(out.write_all(text.as_bytes())?)
}

/// Nothing that could lead elsewhere goes into a path; a name with such in it is none.
fn place(name: &str, rest: &str) -> String {
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    format!("/notifications/{plain}{rest}")
}

fn new(args: &AddArgs) -> Result<NewDestination, CliError> {
    let ca_pem = args.ca.as_ref().map(|path| {
        std::fs::read_to_string(path).map_err(|error| CliError::File { path: path.clone(), error })
    });
    let ca_pem = ca_pem.transpose()?;
    let via = match (&args.webhook, &args.syslog, &args.email) {
        (Some(url), ..) => Via::Webhook { url: url.clone(), ca_pem },
        (_, Some(place), _) => {
            let (host, port) = host_and_port(place)?;
            let transport = match args.transport.as_str() {
                "tcp" => SyslogTransport::Tcp,
                "udp" => SyslogTransport::Udp,
                _ => SyslogTransport::Tls,
            };
            Via::Syslog { host, port, transport, ca_pem }
        }
        (_, _, Some(place)) => {
            let (host, port) = host_and_port(place)?;
            let security = match args.security.as_str() {
                "plain" => MailSecurity::Plain,
                "tls" => MailSecurity::Tls,
                _ => MailSecurity::Starttls,
            };
            let (from, to, user) =
                (args.from.clone().unwrap_or_default(), args.to.clone(), args.user.clone());
            Via::Email { host, port, security, from, to, user, ca_pem }
        }
        (None, None, None) => {
            return Err(CliError::Usage("say where to: --webhook, --syslog or --email".into()));
        }
    };
    let secret = if args.own_secret || args.user.is_some() { Some(secret()?) } else { None };
    let channels = (!args.channels.is_empty()).then(|| args.channels.clone());
    Ok(NewDestination {
        name: args.name.clone(),
        via,
        least: args.least,
        channels,
        of_box: !args.no_box,
        secret,
    })
}

fn host_and_port(place: &str) -> Result<(String, u16), CliError> {
    let parts = place.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| {
        CliError::Usage(format!("`{place}` is not a host and a port, such as mail.example.org:587"))
    })?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port))
}

fn secret() -> Result<String, CliError> {
    if stdin().is_terminal() {
        return Ok(rpassword::prompt_password("Secret: ")?);
    }
    let mut line = String::new();
    stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn to(via: &Via) -> String {
    match via {
        Via::Webhook { url, .. } => url.clone(),
        Via::Syslog { host, port, .. } => format!("syslog {host}:{port}"),
        Via::Email { host, port, to, .. } => format!("{} by {host}:{port}", to.join(", ")),
    }
}

fn added(saved: &SavedDestination) -> String {
    let secret = saved.secret.as_ref().map_or_else(String::new, |secret| {
        format!("secret   {secret}\nThe other side checks signatures with it. It is not shown again.\n")
    });
    let name = &saved.destination.name;
    format!("{name} added\n{secret}See whether it arrives: forebay notify test {name}\n")
}

fn list(all: &[Destination]) -> String {
    if all.is_empty() {
        return "alarms are sent nowhere yet; `forebay notify add` names a place\n".into();
    }
    let heading = ["NAME", "FROM", "CHANNELS", "WAITING", "LOST", "STATE", "TO"].map(str::to_owned).to_vec();
    let row = |each: &Destination| {
        let channels = each.channels.as_ref().map_or_else(|| "all".into(), |slugs| slugs.join(" "));
        let state = match (&each.status.last, each.status.failing) {
            (Some(why), true) => format!("failing: {why}"),
            (Some(_), false) => "good".into(),
            (None, _) => "not used yet".into(),
        };
        let (waiting, lost) = (each.status.waiting.to_string(), each.status.lost.to_string());
        vec![
            each.name.clone(),
            severity_name(each.least).into(),
            channels,
            waiting,
            lost,
            state,
            to(&each.via),
        ]
    };
    table(&std::iter::once(heading).chain(all.iter().map(row)).collect::<Vec<_>>())
}

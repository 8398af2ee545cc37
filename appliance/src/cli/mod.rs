//! The command line. `run` and the hidden workers are the daemon's own; all else talks to a running daemon.
//!
//! | module | what it is |
//! |---|---|
//! | [`alarms`] | `forebay alarms`: what needs the operator |
//! | [`audit`] | `forebay audit`: who changed what |
//! | [`backup`] | `forebay backup`, `restore` and `factory-reset` |
//! | [`channel`] | `forebay channel …`: calls the API and prints what came |
//! | [`check`] | `forebay check`: would `run` find what it needs |
//! | [`client`] | the API over the Unix socket, and no more HTTP than that takes |
//! | [`config`] | `forebay config`: all that is set, as one file |
//! | [`devices`] | `forebay devices`: the GPUs, and how the machine is |
//! | [`drill`] | `forebay drill`: faults on purpose, and what viewers see of them |
//! | [`gpus`] | the GPUs in `forebay check` |
//! | [`trial`] | `forebay check --encode`: each of them encodes |
//! | `hardware` | pure: how the machine is, in `forebay devices` |
//! | [`history`] | `forebay history`: what happened |
//! | [`judge`] | `forebay judge …`: how a channel stands by each clause |
//! | [`notify`] | `forebay notify`: where alarms are sent on to |
//! | [`slate`] | `forebay channel slate`: what a channel shows without a source |
//! | [`sources`] | `forebay channel backup`, `failover` and `take` |
//! | [`support`] | `forebay support-bundle`: what is wrong, for somebody far away |
//! | [`templates`] | `forebay templates`: what a new channel may be made of |
//! | [`tls`] | `forebay tls …`: the certificate that HTTPS serves |
//! | [`token`] | `forebay token …`: what scripts call the API with |
//! | [`undo`] | `forebay undo`: what was removed of late, and putting it back |
//! | [`user`] | `forebay claim` and `forebay user`: who may manage the box |
//! | `table` | pure: columns for people |

pub mod alarms;
pub mod audit;
pub mod backup;
pub mod channel;
pub mod check;
pub mod client;
pub mod config;
pub mod devices;
pub mod drill;
pub mod gpus;
mod hardware;
pub mod history;
pub mod judge;
pub mod notify;
pub mod slate;
pub mod sources;
pub mod support;
mod table;
pub mod templates;
#[cfg(test)]
mod tests;
pub mod tls;
pub mod token;
pub mod trial;
pub mod undo;
pub mod user;

pub use client::Client;

use crate::settings::{Flags, SettingsError};
use crate::store::SlugError;
use std::io;
use std::path::PathBuf;

/// What `--help` says about the exit code; [`CliError::code`] keeps it.
const EXIT_CODES: &str = "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 no forebay is running; 4 refused by the \
                          running forebay, such as for a channel that does not exist; 5 a channel that was judged \
                          breaks a clause; 6 viewers saw more of a drill than is promised.";

/// A live-video appliance: one encode on one timeline, served as LL-DASH, LL-HLS and HLS-TS.
#[derive(Debug, clap::Parser)]
#[command(name = "forebay", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Run the appliance
    Run(RunArgs),
    /// Encode one channel; started by `run`, speaks on its standard input
    #[command(hide = true)]
    Worker(WorkerArgs),
    /// Accept SRT publishers; started by `run`, speaks on its standard input
    #[command(hide = true)]
    SrtListener,
    /// Ask a GPU's driver what it can do; started by `check`, answers on standard output
    #[command(hide = true)]
    ProbeGpu(ProbeGpuArgs),
    /// Add, list, show, start, stop and remove channels of the running appliance
    Channel(channel::ChannelArgs),
    /// List what a new channel may be made of, with what each costs
    Templates(templates::TemplatesArgs),
    /// Show what needs the operator, and dismiss what is known
    Alarms(alarms::AlarmsArgs),
    /// Send alarms on to webhooks, syslog and by e-mail
    Notify(notify::NotifyArgs),
    /// Write all that is set to a file, compare a file with it, and set what a file says
    Config(config::ConfigArgs),
    /// Write the whole state to one encrypted file: settings, keys, users, certificates, history
    Backup(backup::BackupArgs),
    /// Show what is in a backup, and put it in the place of everything on this box
    Restore(backup::RestoreArgs),
    /// Forget everything: settings, keys, users, certificates, history
    FactoryReset(backup::FactoryResetArgs),
    /// Write what somebody far away needs to see what is wrong, without keys, passwords and addresses
    SupportBundle(support::SupportArgs),
    /// Show how the machine is, its GPUs and what runs on them, and how many more channels fit; use a GPU again that had failed
    Devices(devices::DevicesArgs),
    /// Make something go wrong on purpose, and tell what viewers saw of it
    Drill(drill::DrillArgs),
    /// Show what happened
    History(history::HistoryArgs),
    /// Show who changed what, and check that nobody has tampered with that
    Audit(audit::AuditArgs),
    /// Show how a channel stands by each clause of HLS, DASH and TS
    Judge(judge::JudgeArgs),
    /// Show a new code by which the first administrator is made in the browser
    Claim(user::ClaimArgs),
    /// Add, list and remove those who may manage the box, and change their passwords
    User(user::UserArgs),
    /// Make, list and remove tokens by which scripts call the API
    Token(token::TokenArgs),
    /// Show what was removed in the last ten minutes, and put it back
    Undo(undo::UndoArgs),
    /// Show, install and reset the certificate that HTTPS serves
    Tls(tls::TlsArgs),
    /// Check that `run` with these settings would find what it needs
    Check(check::CheckArgs),
}

/// Of `forebay run`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct RunArgs {
    /// Boot-only settings.
    #[command(flatten)]
    pub flags: Flags,
    /// Show what it does: a test pattern on a channel named `demo`, state in a temporary folder, for this machine alone
    #[arg(long)]
    pub demo: bool,
}

/// Of `forebay worker`.
#[derive(Clone, Debug, clap::Args)]
pub struct WorkerArgs {
    /// The channel's slug, so that `ps` tells which worker is which
    #[arg(long, value_name = "SLUG")]
    pub channel: String,
}

/// Of `forebay probe-gpu`.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct ProbeGpuArgs {
    /// Ask libva of this render node, such as `/dev/dri/renderD128`
    #[arg(long)]
    pub node: Option<PathBuf>,
    /// List NVIDIA's devices; or ask what the one at this place encodes, such as `0000:41:00.0`
    #[arg(long, num_args = 0..=1)]
    pub nvidia: Option<Option<String>>,
}

/// A command has failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Talking to the daemon.
    #[error(transparent)]
    Client(#[from] client::ClientError),
    /// Not a slug, so no channel.
    #[error(transparent)]
    Slug(#[from] SlugError),
    /// A file that was named cannot be read.
    #[error("cannot read {}: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file that was named cannot be written.
    #[error("cannot write {}: {error}", .path.display())]
    Written {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Wrong usage that the parser does not see.
    #[error("{0}")]
    Usage(String),
    /// A configuration file that is none.
    #[error("{} cannot be understood:\n{why}", .path.display())]
    Configuration {
        /// Which.
        path: PathBuf,
        /// Line and reason.
        why: String,
    },
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    /// There is nothing to take away.
    #[error(
        "every channel exists for {0}, those to come too; name those that shall, by `forebay user grant`"
    )]
    NotLimited(String),
    /// Clauses that a channel breaks; the output says which.
    #[error("{0} clauses fail")]
    Judged(usize),
    /// The audit log's chain is broken.
    #[error("the audit log has been tampered with: entry {0} does not follow from the one before")]
    Tampered(i64),
    /// A drill that nobody has confirmed.
    #[error(
        "this makes `{fault}` happen to \"{channel}\" on purpose, and its viewers may notice; if you want that, add --yes"
    )]
    Unconfirmed {
        /// The channel's name.
        channel: String,
        /// The fault.
        fault: &'static str,
    },
    /// The channel cannot be watched.
    #[error("the channel cannot be watched: {0}. Start it, and wait until it is on air")]
    Viewer(#[source] io::Error),
    /// Viewers saw more of a drill than is promised; the output says what.
    #[error("viewers saw more than is promised")]
    Drill,
    /// A check has failed; the output says which.
    #[error("not everything is as it should be")]
    Check,
}

impl CliError {
    /// The program's exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        use client::ClientError::{NotRunning, Refused};
        match self {
            Self::Client(NotRunning { .. }) => 3,
            Self::Client(Refused(_)) | Self::Slug(_) => 4,
            Self::Judged(_) => 5,
            Self::Drill => 6,
            Self::Unconfirmed { .. } | Self::Usage(_) => 2,
            _ => 1,
        }
    }
}

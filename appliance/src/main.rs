//! The program `forebay`: arguments, tracing, and the command.
#![forbid(unsafe_code)]

use clap::Parser;
use forebay::cli::{self, Cli, Command, RunArgs};
use forebay::restart::start_anew;
use forebay::root::{self, Ended, Purpose};
use forebay::settings::{ConfigFile, Settings};
use forebay::{supervise, support};
use std::io::{IsTerminal, stderr, stdout};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => return finish(run(&args)),
        Command::Worker(args) => return finish(child(|| worker::run(&args.channel))),
        Command::SrtListener => return finish(child(worker::srt::run)),
        Command::ProbeGpu(args) => return finish(probe_gpu(&args)),
        Command::Channel(args) => cli::channel::run(&args, &mut stdout()),
        Command::Alarms(args) => cli::alarms::run(&args, &mut stdout()),
        Command::Config(args) => cli::config::run(&args, &mut stdout()),
        Command::Backup(args) => cli::backup::backup(&args, &mut stdout()),
        Command::Restore(args) => cli::backup::restore(&args, &mut stdout()),
        Command::FactoryReset(args) => cli::backup::factory_reset(&args, &mut stdout()),
        Command::SupportBundle(args) => cli::support::run(&args, &mut stdout()),
        Command::Templates(args) => cli::templates::run(&args, &mut stdout()),
        Command::Notify(args) => cli::notify::run(&args, &mut stdout()),
        Command::Devices(args) => cli::devices::run(&args, &mut stdout()),
        Command::Drill(args) => cli::drill::run(&args, &mut stdout()),
        Command::History(args) => cli::history::run(&args, &mut stdout()),
        Command::Audit(args) => cli::audit::run(&args, &mut stdout()),
        Command::Judge(args) => cli::judge::run(&args, &mut stdout()),
        Command::Claim(args) => cli::user::claim(&args, &mut stdout()),
        Command::Undo(args) => cli::undo::run(&args, &mut stdout()),
        Command::User(args) => cli::user::run(&args, &mut stdout()),
        Command::Token(args) => cli::token::run(&args, &mut stdout()),
        Command::Tls(args) => cli::tls::run(&args, &mut stdout()),
        Command::Check(args) => cli::check::run(&args, |_| cli::gpus::checks(args.encode), &mut stdout()),
    };
    done.map_or_else(
        |error| {
            eprintln!("forebay: {error}");
            ExitCode::from(error.code())
        },
        |()| ExitCode::SUCCESS,
    )
}

fn finish(done: anyhow::Result<()>) -> ExitCode {
    done.map_or_else(
        |error| {
            eprintln!("forebay: {}", explain(&error));
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

/// The error and its causes; a cause that is already named is not said twice.
fn explain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |text, cause| match text.as_str() {
        "" => cause,
        known if known.contains(&cause) => text,
        known => format!("{known}: {cause}"),
    })
}

/// The demo's folder goes with it, unless one was named.
fn run(args: &RunArgs) -> anyhow::Result<()> {
    let demo = || tempfile::Builder::new().prefix("forebay-demo-").tempdir();
    let folder = args.demo.then(demo).transpose()?;
    let (defaults, file, purpose) = match &folder {
        Some(folder) => (Settings::demo(folder.path().into()), ConfigFile::IfNamed, Purpose::Demo),
        None => (Settings::appliance(), ConfigFile::IfPresent, Purpose::Appliance),
    };
    let settings = args.flags.resolve(defaults, file)?;
    let filter = settings.log_level.parse::<EnvFilter>()?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(stderr().is_terminal());
    log.with_writer(support::recent::tee).init();
    supervise::install_panic_hook();
    match actix_rt::System::new().block_on(root::run(settings, purpose))? {
        Ended::Stopped => Ok(()),
        Ended::ToStartAnew => Err(start_anew()),
    }
}

/// What the driver says, or what it refuses, in JSON.
fn probe_gpu(args: &cli::ProbeGpuArgs) -> anyhow::Result<()> {
    fn tell(answer: anyhow::Result<impl serde::Serialize>) -> anyhow::Result<()> {
        Ok(serde_json::to_writer(stdout(), &answer.map_err(|error| explain(&error)))?)
    }
    match (&args.node, &args.nvidia) {
        (Some(node), _) => tell(worker::gpu::probe(node)),
        (None, Some(Some(place))) => tell(worker::gpu::nvidia::probe(place)),
        (None, _) => tell(worker::gpu::nvidia::cards()),
    }
}

/// A child process: the daemon's journal adds the time.
fn child(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_ansi(false).without_time().with_writer(stderr).init();
    work()
}

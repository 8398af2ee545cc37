//! `forebay`: arguments, tracing, and what they ask for.
#![forbid(unsafe_code)]

use clap::Parser;
use forebay::cli::{Cli, Command};
use forebay::root::{self, Purpose};
use forebay::settings::Settings;
use forebay::supervise;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    match obey(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("forebay: {error:#}");
            ExitCode::FAILURE
        }
    }
}

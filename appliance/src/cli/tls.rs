//! `forebay tls …`: the certificate that HTTPS serves.

use super::CliError;
use super::client::Client;
use super::table::table;
use crate::settings::FolderFlags;
use std::io::Write;
use std::path::{Path, PathBuf};
use wire::{NewCertificate, TlsStatus};

/// Of `forebay tls`.
#[derive(Clone, Debug, clap::Args)]
pub struct TlsArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: TlsCommand,
}

/// The subcommands.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum TlsCommand {
    /// Show the certificate that is served
    Show,
    /// Serve this certificate from the next connection on; it is checked first
    Install(InstallArgs),
    /// Serve the box's own certificate again
    Reset,
}

/// Of `forebay tls install`.
#[derive(Clone, Debug, clap::Args)]
pub struct InstallArgs {
    /// PEM: the server's certificate, then each signer behind what it signed
    #[arg(long, value_name = "FILE")]
    pub cert: PathBuf,
    /// PEM: its private key, not encrypted
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
}

/// Runs the subcommand and prints what came to `out`.
///
/// # Errors
/// What the daemon refuses, and [`CliError::Output`].
pub fn run(args: &TlsArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    let status: TlsStatus = match &args.command {
        TlsCommand::Show => client.get("/tls")?,
        TlsCommand::Install(InstallArgs { cert, key }) => {
            let wanted = NewCertificate { chain_pem: read(cert)?, key_pem: read(key)? };
            client.put("/tls", &wanted)?
        }
        TlsCommand::Reset => {
            client.delete("/tls")?;
            client.get("/tls")?
        }
    };
    out.write_all(render(&status, args.json).as_bytes())?;
    Ok(())
}

fn read(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|error| CliError::File { path: path.to_owned(), error })
}

fn render(status: &TlsStatus, json: bool) -> String {
    if json {
        return serde_json::to_string_pretty(status).expect("a plain struct always serialises") + "\n";
    }
    let from = if status.uploaded { "uploaded" } else { "the box's own" };
    let rows = [
        ("certificate", from),
        ("subject", &status.subject),
        ("issuer", &status.issuer),
        ("names", &status.names.join(", ")),
        ("valid from", &status.not_before),
        ("valid until", &status.not_after),
        ("SHA-256", &status.fingerprint_sha256),
        ("SHA-256 of the box's authority", &status.authority_sha256),
        ("warning", status.warning.as_deref().unwrap_or("")),
    ];
    table(&rows.map(|(name, value)| vec![name.to_owned(), value.to_owned()]))
}

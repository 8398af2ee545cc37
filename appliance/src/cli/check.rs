//! `forebay check`: would `run` with these settings find what it needs? Changes nothing.

use super::CliError;
use super::client::Client;
use super::table::table;
use crate::settings::{ConfigFile, Flags, Settings};
use serde::Serialize;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};

/// Of `forebay check`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CheckArgs {
    /// The settings to check.
    #[command(flatten)]
    pub flags: Flags,
    /// Have each GPU, and the processor, encode some seconds of the test pattern as channels do: takes sessions and load
    #[arg(long)]
    pub encode: bool,
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// One thing looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub name: String,
    /// Whether it is as it should be.
    pub good: bool,
    /// What was found, and if it is not good, what to do.
    pub found: String,
}

impl Check {
    /// From a result: what was found, or what is wrong and what to do.
    pub fn new(name: impl Into<String>, outcome: Result<String, String>) -> Self {
        let good = outcome.is_ok();
        Self { name: name.into(), good, found: outcome.unwrap_or_else(|wrong| wrong) }
    }
}

/// Looks at folder and ports, adds what the caller has looked at, and prints it all to `out`.
///
/// # Errors
/// [`CliError::Check`] when anything is not as it should be.
pub fn run(
    args: &CheckArgs,
    more: impl FnOnce(&Settings) -> Vec<Check>,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let settings = args.flags.resolve(Settings::appliance(), ConfigFile::IfPresent)?;
    let mut checks = vec![Check::new("data folder", folder(&settings))];
    // A daemon that runs already holds its ports rightly.
    match Client::new(&settings.data_dir).get::<wire::BoxStatus>("/box") {
        Ok(daemon) => {
            checks.push(Check::new("ports", Ok(format!("held by the running forebay {}", daemon.version))));
        }
        Err(_) => checks.extend(ports(&settings)),
    }
    checks.extend(more(&settings));
    out.write_all(render(&checks, args.json).as_bytes())?;
    if checks.iter().all(|check| check.good) { Ok(()) } else { Err(CliError::Check) }
}

fn render(checks: &[Check], json: bool) -> String {
    if json {
        return serde_json::to_string_pretty(checks).expect("plain structs always serialise") + "\n";
    }
    let row = |check: &Check| {
        vec![(if check.good { "ok" } else { "WRONG" }).into(), check.name.clone(), check.found.clone()]
    };
    table(&checks.iter().map(row).collect::<Vec<_>>())
}

fn folder(settings: &Settings) -> Result<String, String> {
    let folder = &settings.data_dir;
    let shown = folder.display();
    if !folder.exists() {
        let parent = folder.ancestors().find(|parent| parent.exists());
        return match parent.map(tempfile::tempfile_in) {
            Some(Ok(_)) => Ok(format!("{shown} will be made")),
            _ => Err(format!(
                "{shown} is not there and cannot be made; make it, or choose another with --data-dir"
            )),
        };
    }
    match tempfile::tempfile_in(folder) {
        Ok(_) => Ok(format!("{shown} can be written")),
        Err(error) => {
            Err(format!("{shown} cannot be written: {error}; give it to the user that runs forebay"))
        }
    }
}

fn ports(settings: &Settings) -> Vec<Check> {
    let tcp = |port| TcpListener::bind(SocketAddr::new(settings.bind, port)).map(drop);
    let udp = |port| UdpSocket::bind(SocketAddr::new(settings.bind, port)).map(drop);
    let mut checks: Vec<_> = settings.tcp_ports().map(|(name, number)| port(name, number, tcp)).collect();
    checks.push(port("srt-port", settings.srt_port, udp));
    checks
}

fn port(name: &str, port: u16, bind: impl Fn(u16) -> io::Result<()>) -> Check {
    let outcome = match bind(port) {
        Ok(()) if port == 0 => Ok("any free port".into()),
        Ok(()) => Ok(format!("{port} is free")),
        Err(error) => {
            Err(format!("{port} cannot be used: {error}; end what holds it, or choose another with --{name}"))
        }
    };
    Check::new(name, outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{FolderFlags, ListenerFlags};

    fn checked(folder: &std::path::Path, rtmp_port: u16) -> (Result<(), CliError>, Vec<serde_json::Value>) {
        let listeners = ListenerFlags {
            bind: Some([127, 0, 0, 1].into()),
            http_port: Some(0),
            https_port: Some(0),
            rtmp_port: Some(rtmp_port),
            srt_port: Some(0),
            admin_port: None,
            viewer_requests_max: None,
            host_root: None,
            log_level: None,
            box_dir: None,
        };
        let folder = FolderFlags { data_dir: Some(folder.into()), config: None };
        let args = CheckArgs { flags: Flags { folder, listeners }, json: true, encode: false };
        let mut out = Vec::new();
        let done = run(&args, |_| vec![Check::new("more", Ok("seen".into()))], &mut out);
        (done, serde_json::from_slice(&out).unwrap())
    }

    #[test]
    fn what_is_good_is_told_and_what_is_not_has_a_remedy() {
        let folder = tempfile::TempDir::new().unwrap();
        let (done, checks) = checked(&folder.path().join("new"), 0);
        assert!(done.is_ok() && checks.len() == 6, "{checks:?}");
        assert!(!folder.path().join("new").exists(), "nothing is changed");

        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let (done, checks) = checked(std::path::Path::new("/proc/forebay"), port);
        assert!(matches!(done, Err(CliError::Check)));
        let wrong: Vec<_> = checks
            .iter()
            .filter(|check| check["good"] == false)
            .map(|check| check["found"].to_string())
            .collect();
        assert!(wrong[0].contains("--data-dir") && wrong[1].contains("--rtmp-port"), "{wrong:?}");
        assert_eq!(wrong.len(), 2);
    }
}

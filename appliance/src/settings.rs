//! Boot-only settings: ports, folders, log level.
//!
//! Each is a flag, a `FOREBAY_…` variable and a key of `/etc/forebay/forebay.toml`; the first of these that has it
//! wins. All that an operator edits while the box runs is in the [`store`](crate::store) instead.

use crate::limits::VIEWER_REQUESTS_MAX;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use tracing_subscriber::EnvFilter;

/// Where the file is looked for unless `--config` says otherwise; it may be absent.
pub const CONFIG_PATH: &str = "/etc/forebay/forebay.toml";

/// Where state is kept unless `--data-dir` says otherwise.
pub const DATA_DIR: &str = "/var/lib/forebay";

/// Where a box that was installed from the image says how its updates stand.
pub const BOX_DIR: &str = "/data/box";

/// What `run` is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// State: database, socket, `ports.json`, recordings.
    pub data_dir: PathBuf,
    /// Address that all listeners bind to.
    pub bind: IpAddr,
    /// Viewers and admin. 0 means any free port, here and below.
    pub http_port: u16,
    /// The same with TLS.
    pub https_port: u16,
    /// RTMP push.
    pub rtmp_port: u16,
    /// SRT push; UDP.
    pub srt_port: u16,
    /// Admin pages and API on a port of their own instead of the HTTP port, so that a firewall can tell them apart.
    pub admin_port: Option<u16>,
    /// Requests of viewers that may be open at once in the whole box.
    pub viewer_requests_max: u32,
    /// Where the machine's `/proc`, `/sys`, `/run` and `/dev` are, for its health: a folder of the host's in a container.
    pub host_root: PathBuf,
    /// What is logged: a level such as `info`, or a filter such as `info,forebay=debug`.
    pub log_level: String,
    /// Where the machine itself says how its updates stand; absent where it was not installed from the image.
    pub box_dir: PathBuf,
}

impl Settings {
    /// Of the appliance, when nothing is configured.
    #[must_use]
    pub fn appliance() -> Self {
        Self {
            data_dir: DATA_DIR.into(),
            bind: Ipv4Addr::UNSPECIFIED.into(),
            http_port: 8080,
            https_port: 8443,
            rtmp_port: 1935,
            srt_port: 9000,
            admin_port: None,
            viewer_requests_max: VIEWER_REQUESTS_MAX,
            host_root: "/".into(),
            log_level: "info".into(),
            box_dir: BOX_DIR.into(),
        }
    }

    /// The ports that share TCP, by key. SRT is UDP and cannot collide with them.
    pub fn tcp_ports(&self) -> impl Iterator<Item = (&'static str, u16)> + use<> {
        let fixed =
            [("http-port", self.http_port), ("https-port", self.https_port), ("rtmp-port", self.rtmp_port)];
        fixed.into_iter().chain(self.admin_port.map(|port| ("admin-port", port)))
    }

    /// Of the demo: state in this folder, reachable from this machine alone.
    #[must_use]
    pub fn demo(data_dir: PathBuf) -> Self {
        Self { data_dir, bind: Ipv4Addr::LOCALHOST.into(), ..Self::appliance() }
    }
}

/// The settings as flags; clap fills in the variables. What is absent comes from the file or the defaults.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Flags {
    /// Where the state is.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// What listens, and where.
    #[command(flatten)]
    pub listeners: ListenerFlags,
}

/// Which settings file counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigFile {
    /// The one of `--config`, or the one in `/etc` if there is any.
    IfPresent,
    /// The one of `--config` alone: the demo must not take the appliance's folder.
    IfNamed,
}

/// The flags of what listens.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ListenerFlags {
    /// Address to listen on [default: 0.0.0.0, all]
    #[arg(long, env = "FOREBAY_BIND", value_name = "ADDRESS")]
    pub bind: Option<IpAddr>,
    /// Viewers and admin; 0 takes any free port [default: 8080]
    #[arg(long, env = "FOREBAY_HTTP_PORT", value_name = "PORT")]
    pub http_port: Option<u16>,
    /// Viewers and admin with TLS [default: 8443]
    #[arg(long, env = "FOREBAY_HTTPS_PORT", value_name = "PORT")]
    pub https_port: Option<u16>,
    /// RTMP push [default: 1935]
    #[arg(long, env = "FOREBAY_RTMP_PORT", value_name = "PORT")]
    pub rtmp_port: Option<u16>,
    /// SRT push, UDP [default: 9000]
    #[arg(long, env = "FOREBAY_SRT_PORT", value_name = "PORT")]
    pub srt_port: Option<u16>,
    /// Admin pages and API on a port of their own [default: the HTTP port]
    #[arg(long, env = "FOREBAY_ADMIN_PORT", value_name = "PORT")]
    pub admin_port: Option<u16>,
    /// Requests of viewers open at once in the whole box, nine tenths of them in one channel; one more gets 503 [default: 20000]
    #[arg(long, env = "FOREBAY_VIEWER_REQUESTS_MAX", value_name = "N")]
    pub viewer_requests_max: Option<u32>,
    /// Where the machine's /proc, /sys, /run and /dev are looked at for its health; in a container, the host's as mounted there [default: /]
    #[arg(long, env = "FOREBAY_HOST_ROOT", value_name = "FOLDER")]
    pub host_root: Option<PathBuf>,
    /// What to log: error, warn, info, debug, trace, or a filter such as info,forebay=debug [default: info]
    #[arg(long, env = "FOREBAY_LOG_LEVEL", value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// Where the machine itself says how its updates stand
    #[arg(long, env = "FOREBAY_BOX_DIR", value_name = "FOLDER", hide = true)]
    pub box_dir: Option<PathBuf>,
}

/// Where the state is: all that the commands need which talk to a running daemon.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct FolderFlags {
    /// Settings file; flags and variables win over it [default: /etc/forebay/forebay.toml]
    #[arg(long, env = "FOREBAY_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Folder of all state [default: /var/lib/forebay]
    #[arg(long, env = "FOREBAY_DATA_DIR", value_name = "FOLDER", global = true)]
    pub data_dir: Option<PathBuf>,
}

/// The settings file: the same keys as the flags.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    data_dir: Option<PathBuf>,
    bind: Option<IpAddr>,
    http_port: Option<u16>,
    https_port: Option<u16>,
    rtmp_port: Option<u16>,
    srt_port: Option<u16>,
    admin_port: Option<u16>,
    viewer_requests_max: Option<u32>,
    host_root: Option<PathBuf>,
    log_level: Option<String>,
    box_dir: Option<PathBuf>,
}

/// What is wrong with the settings, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings file {}: {source}. Check --config and the file's permissions", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML, or has an unknown key or a value that does not fit.
    #[error("the settings file {} is wrong:\n{why}\nMend that line, or remove it for the default", .path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Line, key and reason.
        why: String,
    },
    /// Two listeners of one protocol want the same port.
    #[error("{one} and {other} are both {port}; give one of them another port, or 0 for any free one")]
    SamePort {
        /// Key.
        one: &'static str,
        /// Key.
        other: &'static str,
        /// The port.
        port: u16,
    },
    /// Neither level nor filter.
    #[error("log-level `{value}` is neither a level (error, warn, info, debug, trace) nor a filter: {why}")]
    LogLevel {
        /// As given.
        value: String,
        /// What the parser says.
        why: String,
    },
}

impl Flags {
    /// Flags over variables over file over `defaults`. A file that was not named may be absent.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn resolve(&self, defaults: Settings, file: ConfigFile) -> Result<Settings, SettingsError> {
        let file = match (&self.folder.config, file) {
            (None, ConfigFile::IfNamed) => File::default(),
            (named, _) => read_file(named.as_deref())?,
        };
        let (flags, on) = (self.listeners.clone(), defaults);
        let settings = Settings {
            data_dir: self.folder.data_dir.clone().or(file.data_dir).unwrap_or(on.data_dir),
            bind: flags.bind.or(file.bind).unwrap_or(on.bind),
            http_port: flags.http_port.or(file.http_port).unwrap_or(on.http_port),
            https_port: flags.https_port.or(file.https_port).unwrap_or(on.https_port),
            rtmp_port: flags.rtmp_port.or(file.rtmp_port).unwrap_or(on.rtmp_port),
            srt_port: flags.srt_port.or(file.srt_port).unwrap_or(on.srt_port),
            admin_port: flags.admin_port.or(file.admin_port).or(on.admin_port),
            viewer_requests_max: flags
                .viewer_requests_max
                .or(file.viewer_requests_max)
                .unwrap_or(on.viewer_requests_max),
            host_root: flags.host_root.or(file.host_root).unwrap_or(on.host_root),
            log_level: flags.log_level.or(file.log_level).unwrap_or(on.log_level),
            box_dir: flags.box_dir.or(file.box_dir).unwrap_or(on.box_dir),
        };
        check(&settings)?;
        Ok(settings)
    }
}

impl FolderFlags {
    /// The data folder alone.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn data_dir(&self) -> Result<PathBuf, SettingsError> {
        if let Some(folder) = &self.data_dir {
            return Ok(folder.clone());
        }
        let file = read_file(self.config.as_deref())?;
        Ok(file.data_dir.unwrap_or_else(|| DATA_DIR.into()))
    }
}

fn read_file(named: Option<&Path>) -> Result<File, SettingsError> {
    let path = named.unwrap_or(Path::new(CONFIG_PATH));
    match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).map_err(|error| SettingsError::Parse {
            path: path.into(),
            why: error.to_string().trim_end().into(),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => Ok(File::default()),
        Err(source) => Err(SettingsError::Read { path: path.into(), source }),
    }
}

fn check(settings: &Settings) -> Result<(), SettingsError> {
    let tcp: Vec<_> = settings.tcp_ports().collect();
    for (index, (one, port)) in tcp.iter().copied().enumerate() {
        if let Some((other, _)) = tcp[index + 1..].iter().find(|(_, later)| *later == port && port != 0) {
            return Err(SettingsError::SamePort { one, other, port });
        }
    }
    let filter = settings.log_level.parse::<EnvFilter>();
    let wrong = |error: tracing_subscriber::filter::ParseError| SettingsError::LogLevel {
        value: settings.log_level.clone(),
        why: error.to_string(),
    };
    filter.map(drop).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn with_file(text: &str, flags: Flags) -> Result<Settings, SettingsError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let folder = FolderFlags { config: Some(file.path().into()), ..FolderFlags::default() };
        Flags { folder, ..flags }.resolve(Settings::appliance(), ConfigFile::IfPresent)
    }

    /// The error, with the name of the temporary file taken out.
    fn refusal(text: &str) -> String {
        let message = with_file(text, Flags::default()).unwrap_err().to_string();
        let name = message.split_whitespace().find(|word| word.starts_with('/')).map(str::to_owned);
        name.map_or(message.clone(), |name| message.replace(&name, "FILE"))
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_the_defaults() {
        let listeners = ListenerFlags { http_port: Some(0), ..ListenerFlags::default() };
        let flags = Flags { listeners, ..Flags::default() };
        let settings = with_file("http-port = 80\nrtmp-port = 1936\nbind = \"::1\"", flags).unwrap();
        assert_eq!((settings.http_port, settings.rtmp_port, settings.srt_port), (0, 1936, 9000));
        assert_eq!(settings.bind.to_string(), "::1");
        assert_eq!(settings.data_dir, Path::new(DATA_DIR));
    }

    #[test]
    fn errors_name_the_file_the_key_and_the_remedy() {
        let files =
            ["htpp-port = 80", "http-port = 80000", "http-port = 1935", "log-level = \"forebay=loud\""];
        insta::assert_snapshot!(files.map(refusal).join("\n\n"), @r#"
        the settings file FILE is wrong:
        TOML parse error at line 1, column 1
          |
        1 | htpp-port = 80
          | ^^^^^^^^^
        unknown field `htpp-port`, expected one of `data-dir`, `bind`, `http-port`, `https-port`, `rtmp-port`, `srt-port`, `admin-port`, `viewer-requests-max`, `host-root`, `log-level`, `box-dir`
        Mend that line, or remove it for the default

        the settings file FILE is wrong:
        TOML parse error at line 1, column 13
          |
        1 | http-port = 80000
          |             ^^^^^
        invalid value: integer `80000`, expected u16
        Mend that line, or remove it for the default

        http-port and rtmp-port are both 1935; give one of them another port, or 0 for any free one

        log-level `forebay=loud` is neither a level (error, warn, info, debug, trace) nor a filter: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5
        "#);
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let folder = FolderFlags { config: Some("/nonexistent.toml".into()), ..FolderFlags::default() };
        let flags = Flags { folder, ..Flags::default() };
        let error = flags.resolve(Settings::appliance(), ConfigFile::IfPresent).unwrap_err().to_string();
        assert!(error.contains("/nonexistent.toml") && error.contains("--config"), "{error}");
    }

    #[test]
    fn the_demo_is_for_this_machine_alone() {
        let settings = Settings::demo("/tmp/x".into());
        assert!(settings.bind.is_loopback());
    }
}

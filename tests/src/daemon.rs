//! The real binary, in a temporary folder, on free ports.

use crate::clock::{now, until};
use crate::{http, procfs};
use anyhow::{Context, bail, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use wire::Ports;

/// A debug build on a busy machine starts in a second or two.
const READY_LIMIT: Duration = Duration::from_secs(30);
/// SIGTERM with viewers: exit within 5 s is promised; the rest is for a busy machine.
const EXIT_LIMIT: Duration = Duration::from_secs(15);
/// From "start" to the first segments of a channel.
const ON_AIR_LIMIT: Duration = Duration::from_secs(40);

/// A running daemon. Dropping it ends it.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    folder: TempDir,
    /// The data folder as this process sees it.
    data_dir: PathBuf,
    /// What it has as systemd's folder for while it runs, if its data folder cannot be written.
    runtime: Option<TempDir>,
    /// Where it listens.
    pub ports: Ports,
}

/// A channel that was added.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its name in URLs.
    pub slug: String,
    /// Its secret; empty for a test pattern.
    pub stream_key: String,
}

/// One rung of 640x360: enough for what is not about the ladder, and cheap on a small machine.
#[must_use]
pub fn small_ladder() -> Value {
    json!([{ "width": 640, "height": 360, "bitrate_bps": 800_000 }])
}

/// The binary: `FOREBAY_BIN`, or the one beside this test, or the release build.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("FOREBAY_BIN") {
        return path.into();
    }
    let here = std::env::current_exe().unwrap_or_default();
    let beside = here.ancestors().skip(1).take(2).map(|folder| folder.join("forebay"));
    let release = workspace().join("target/release/forebay");
    let found = beside.chain([release]).find(|path| path.is_file());
    found.expect("no forebay binary: run `cargo build -p forebay`, or set FOREBAY_BIN")
}

/// The root of the repository.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace")
}

/// `forebay run` for this folder, ready to be given more flags and started.
#[must_use]
pub fn command(folder: &Path, ports: Ports) -> Command {
    let mut command = Command::new(binary());
    command.args(["run", "--bind", "127.0.0.1", "--data-dir"]).arg(folder);
    let flags = [("--http-port", ports.http), ("--rtmp-port", ports.rtmp), ("--srt-port", ports.srt)];
    for (flag, port) in flags {
        command.arg(flag).arg(port.to_string());
    }
    command.args(["--https-port", "0"]).stdin(Stdio::null());
    command
}

impl Daemon {
    /// Starts one in a new folder and waits until it is ready.
    ///
    /// # Errors
    /// With its log when it does not become ready.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(&[])
    }

    /// The same, with more flags; a later start has them no more.
    ///
    /// # Errors
    /// With its log when it does not become ready.
    pub fn start_with(flags: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("forebay-e2e-").tempdir()?;
        let child = spawn(folder.path(), Ports::default(), flags)?;
        let data_dir = folder.path().to_owned();
        Self::ready(child, folder, data_dir)
    }

    /// One in this environment, besides that of the test; a later start does not have it.
    ///
    /// # Errors
    /// With its log when it does not become ready.
    pub fn start_in(environment: &[(&str, &Path)]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("forebay-e2e-").tempdir()?;
        let mut command = command(folder.path(), Ports::default());
        command.envs(environment.iter().copied());
        let child = spawn_as(command, folder.path())?;
        let data_dir = folder.path().to_owned();
        Self::ready(child, folder, data_dir)
    }

    /// One whose folder of this name is a disk of its own with so many bytes. Everything of it is gone with the process.
    ///
    /// # Errors
    /// With its log when it does not become ready; when this machine lets nobody make such a disk.
    pub fn start_on_small_disk(name: &str, bytes: u64) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("forebay-e2e-").tempdir()?;
        let disk = folder.path().join(name);
        let data_dir = folder.path().to_owned();
        let child = spawn_on_disk(&disk, bytes, &command(&data_dir, Ports::default()), folder.path())?;
        Self::ready(child, folder, data_dir)
    }

    /// One whose whole data folder is a disk of its own with so many bytes. Everything of it is gone with the process.
    ///
    /// # Errors
    /// With its log when it does not become ready; when this machine lets nobody make such a disk.
    pub fn start_all_on_small_disk(bytes: u64) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("forebay-e2e-").tempdir()?;
        let disk = folder.path().join("data");
        let child = spawn_on_disk(&disk, bytes, &command(&disk, Ports::default()), folder.path())?;
        // The disk is mounted for that process alone.
        let data_dir = PathBuf::from(format!("/proc/{}/root{}", child.id(), disk.display()));
        Self::ready(child, folder, data_dir)
    }

    fn ready(child: Child, folder: TempDir, data_dir: PathBuf) -> anyhow::Result<Self> {
        let mut daemon = Self { child, folder, data_dir, runtime: None, ports: Ports::default() };
        daemon.wait_ready()?;
        Ok(daemon)
    }

    /// Starts it again after [`Self::kill`] or [`Self::stop`], in the same folder and on the same ports.
    ///
    /// # Errors
    /// With its log when it does not become ready.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        let _absent = std::fs::remove_file(self.data_dir.join("ports.json"));
        self.child = spawn(self.folder.path(), self.ports, &[])?;
        self.runtime = None;
        self.wait_ready()
    }

    /// The same, but its data folder can only be read, as on a disk that has failed.
    ///
    /// # Errors
    /// With its log when it does not become ready; when this machine lets nobody mount a folder so.
    pub fn start_again_read_only(&mut self) -> anyhow::Result<()> {
        let _absent = std::fs::remove_file(self.data_dir.join("ports.json"));
        let runtime = tempfile::Builder::new().prefix("forebay-e2e-run-").tempdir()?;
        let mut inner = command(self.folder.path(), self.ports);
        inner.env("RUNTIME_DIRECTORY", runtime.path());
        let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
        self.child = spawn_where(script, self.folder.path(), &inner, self.folder.path())?;
        self.runtime = Some(runtime);
        self.wait_ready()
    }

    /// Has it be asked to start anew by itself, and waits until it has: the process stays, its free ports are others.
    ///
    /// # Errors
    /// What `ask` fails with; with its log when it does not become ready again.
    pub fn starts_anew<T>(&mut self, ask: impl FnOnce(&Self) -> anyhow::Result<T>) -> anyhow::Result<T> {
        std::fs::remove_file(self.data_dir.join("ports.json"))?;
        let said = ask(self)?;
        self.wait_ready()?;
        Ok(said)
    }

    /// Runs another subcommand against it, with this on its standard input.
    ///
    /// # Errors
    /// When the binary cannot be run.
    pub fn cli_with(&self, args: &[&str], input: &str) -> anyhow::Result<Output> {
        let mut command = Command::new(binary());
        command.args(args).arg("--data-dir").arg(&self.data_dir);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        // One that refuses at once reads nothing.
        let _unread = child.stdin.take().context("a pipe")?.write_all(input.as_bytes());
        Ok(child.wait_with_output()?)
    }

    /// Where it keeps its files: a folder of the runtime folder where the data folder cannot be written.
    fn place(&self) -> anyhow::Result<PathBuf> {
        let Some(runtime) = &self.runtime else { return Ok(self.data_dir.clone()) };
        let mut entries = std::fs::read_dir(runtime.path())?;
        Ok(entries.next().context("nothing stands in for the data folder")??.path())
    }

    fn wait_ready(&mut self) -> anyhow::Result<()> {
        let ready = until("the daemon is ready", READY_LIMIT, || {
            let file = self.place()?.join("ports.json");
            let ports: Ports = serde_json::from_slice(&std::fs::read(file).context("ports.json")?)?;
            http::fetch(&format!("http://127.0.0.1:{}/readyz", ports.http))?;
            Ok(ports)
        });
        self.ports = ready.with_context(|| self.log())?;
        Ok(())
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.data_dir
    }

    /// `http://HOST:PORT`.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.http)
    }

    /// The URL of a file of a channel, such as `master.m3u8`.
    #[must_use]
    pub fn live(&self, channel: &Channel, file: &str) -> String {
        format!("{}/live/{}/{file}", self.base(), channel.slug)
    }

    /// All that it has written.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_path(self.folder.path())).unwrap_or_default()
    }

    /// Runs another subcommand against it.
    ///
    /// # Errors
    /// When the binary cannot be run.
    pub fn cli(&self, args: &[&str]) -> anyhow::Result<Output> {
        let mut command = Command::new(binary());
        command.args(args).arg("--data-dir").arg(&self.data_dir).stdin(Stdio::null());
        if let Some(runtime) = &self.runtime {
            command.env("RUNTIME_DIRECTORY", runtime.path());
        }
        command.output().context("running the command line")
    }

    /// Adds and starts a channel by the API; `ladder` null means the default one.
    ///
    /// # Errors
    /// When the API refuses.
    pub fn add_channel(&self, name: &str, source: &str, ladder: &Value) -> anyhow::Result<Channel> {
        self.add(&json!({ "name": name, "source": source, "ladder": ladder }))
    }

    /// Adds a channel as this `NewChannel` of the API says.
    ///
    /// # Errors
    /// When the API refuses.
    pub fn add(&self, body: &Value) -> anyhow::Result<Channel> {
        let url = format!("{}/api/v1/channels", self.base());
        let answer = http::post(&url, "application/json", body.to_string().as_bytes())?;
        ensure!(answer.status == 201, "adding {body}: status {}: {}", answer.status, answer.text());
        let slug = answer.json::<wire::Channel>()?.slug;
        let key = http::get(&format!("{url}/{slug}/key"))?;
        let stream_key = key.json::<wire::StreamKey>().map(|key| key.stream_key).unwrap_or_default();
        Ok(Channel { slug, stream_key })
    }

    /// Gives a channel a back-up source by the command line; what is returned has the back-up's key.
    ///
    /// # Errors
    /// When it is refused.
    pub fn add_backup(&self, channel: &Channel, source: &str) -> anyhow::Result<Channel> {
        let added = self.cli(&["channel", "backup", "add", &channel.slug, "--source", source, "--json"])?;
        ensure!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        let wire::Backup { stream_key, .. } = serde_json::from_slice(&added.stdout)?;
        Ok(Channel { slug: channel.slug.clone(), stream_key })
    }

    /// What happened to a channel, the newest first.
    ///
    /// # Errors
    /// When the API says nothing.
    pub fn history(&self, slug: &str) -> anyhow::Result<Vec<wire::Event>> {
        http::fetch(&format!("{}/api/v1/history?channel={slug}", self.base()))?.json()
    }

    /// What the API says of a channel.
    ///
    /// # Errors
    /// When it says nothing.
    pub fn channel(&self, slug: &str) -> anyhow::Result<wire::Channel> {
        http::fetch(&format!("{}/api/v1/channels/{slug}", self.base()))?.json()
    }

    /// Waits until a channel is in this state and a player could start on any tier.
    ///
    /// # Errors
    /// With the log when that does not come.
    pub fn wait_on_air(&self, channel: &Channel, state: wire::ChannelState) -> anyhow::Result<()> {
        self.wait_for_segments(channel, state, 3)
    }

    /// Waits until a channel is in this state and has begun: one segment is enough where no player starts.
    ///
    /// # Errors
    /// With the log when that does not come.
    pub fn wait_begun(&self, channel: &Channel, state: wire::ChannelState) -> anyhow::Result<()> {
        self.wait_for_segments(channel, state, 1)
    }

    fn wait_for_segments(
        &self,
        channel: &Channel,
        state: wire::ChannelState,
        segments: usize,
    ) -> anyhow::Result<()> {
        let on_air = until("the channel is on air", ON_AIR_LIMIT, || {
            let seen = self.channel(&channel.slug)?;
            ensure!(seen.state == state, "it is {:?}: {}", seen.state, seen.detail);
            let playlists = crate::playlist::Multivariant::fetch(&self.live(channel, "master.m3u8"))?;
            for url in playlists.all() {
                let media = crate::playlist::Media::fetch(url)?;
                ensure!(media.complete().count() >= segments, "{url}: {} segments", media.complete().count());
            }
            http::fetch(&self.live(channel, "manifest.mpd"))?;
            http::fetch(&self.live(channel, "ts/master.m3u8")).map(drop)
        });
        on_air.with_context(|| self.log())
    }

    /// The encode worker of a channel, not the one that waits to replace it.
    ///
    /// # Errors
    /// When there is not exactly one.
    pub fn worker(&self, slug: &str) -> anyhow::Result<u32> {
        let mut workers = procfs::children(self.pid(), &["worker", "--channel", slug]);
        workers.retain(|pid| procfs::name(*pid).is_ok_and(|name| name == "forebay worker"));
        match workers[..] {
            [pid] => Ok(pid),
            ref other => bail!("{} workers of {slug}: {other:?}", other.len()),
        }
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// When it was gone already.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, as systemd does.
    ///
    /// # Errors
    /// With its log when it does not exit.
    pub fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        procfs::signal(self.pid(), Signal::TERM)?;
        until("the daemon exits", EXIT_LIMIT, || self.child.try_wait()?.context("it runs"))
            .with_context(|| self.log())
    }

    /// Whether it is still running.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of the daemon\n{}", self.log());
        }
        if self.runs() && self.stop().is_err() {
            let _gone = self.kill();
        }
    }
}

fn spawn(folder: &Path, ports: Ports, flags: &[&str]) -> anyhow::Result<Child> {
    let mut command = command(folder, ports);
    command.args(flags);
    spawn_as(command, folder)
}

/// `inner`, where `disk` is a file system in memory.
fn spawn_on_disk(disk: &Path, bytes: u64, inner: &Command, folder: &Path) -> anyhow::Result<Child> {
    std::fs::create_dir(disk)?;
    spawn_where(&format!("mount -t tmpfs -o size={bytes} tmpfs \"$0\" && exec \"$@\""), disk, inner, folder)
}

/// `inner`, where `mount` has changed what `place` is, for that process alone; the script ends by starting it.
fn spawn_where(script: &str, place: &Path, inner: &Command, folder: &Path) -> anyhow::Result<Child> {
    let mut outer = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        outer.args(["--user", "--map-root-user"]);
    }
    outer.args(["--mount", "sh", "-c", script]).arg(place).arg(inner.get_program()).args(inner.get_args());
    outer.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    spawn_as(outer, folder)
}

fn spawn_as(mut command: Command, folder: &Path) -> anyhow::Result<Child> {
    let log = File::options().create(true).append(true).open(log_path(folder))?;
    command.stdout(log.try_clone()?).stderr(log);
    command.spawn().with_context(|| format!("starting {}", command.get_program().display()))
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("e2e.log")
}

/// Runs `forebay run` to its end, which must come by itself: for what it must refuse to start with.
///
/// # Errors
/// When it does not end.
pub fn run_to_end(mut command: Command, limit: Duration) -> anyhow::Result<(ExitStatus, String)> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let start = now();
    while child.try_wait()?.is_none() && start.elapsed() < limit {
        std::thread::sleep(Duration::from_millis(50));
    }
    let ended = child.try_wait()?;
    let _gone = child.kill();
    let output = child.wait_with_output()?;
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok((ended.with_context(|| format!("it still runs after {limit:?}: {said}"))?, said))
}

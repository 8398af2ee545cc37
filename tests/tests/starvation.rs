//! A box that runs out of something: what is on air stays on air, what cannot be served is turned away, and all is well
//! when there is enough again.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::publish::{Publisher, Transport};
use e2e::watcher::{Excuse, Watcher};
use e2e::{alone, http, procfs};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, prlimit};
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wire::ChannelState;

/// For a daemon on a busy machine to notice.
const SOON: Duration = Duration::from_secs(30);
/// While there are no descriptors, nobody who is new gets an answer.
const TURNED_AWAY: [Excuse; 2] = [
    Excuse::Absence(SOON, "the test takes all descriptors"),
    Excuse::PartGap(SOON, "who is turned away sees no part"),
];

/// Gives a process another limit of descriptors; returns the one it had.
fn limit_descriptors(pid: u32, limit: Rlimit) -> anyhow::Result<Rlimit> {
    let pid = Pid::from_raw(pid.try_into()?).context("a process")?;
    Ok(prlimit(Some(pid), Resource::Nofile, limit)?)
}

/// A worker waits to take over from the one at work.
fn standby_waits(daemon: &Daemon, channel: &Channel) -> anyhow::Result<()> {
    until("a standby worker waits", SOON, || {
        let workers = procfs::children(daemon.pid(), &["worker", "--channel", &channel.slug]);
        ensure!(workers.len() == 2, "{workers:?}");
        Ok(())
    })
}

#[test]
fn without_descriptors_channels_stay_on_air() -> anyhow::Result<()> {
    /// So many more than are in use: less than the clients below take.
    const MORE: u64 = 20;
    let _alone = alone();
    let mut daemon = Daemon::start()?;
    let channel = daemon.add_channel("Hall", "test-pattern", &small_ladder())?;
    daemon.wait_begun(&channel, ChannelState::Live)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    standby_waits(&daemon, &channel)?;
    let worker = daemon.worker(&channel.slug)?;

    let limit = procfs::usage(daemon.pid())?.descriptors as u64 + MORE;
    let maximum = getrlimit(Resource::Nofile).maximum;
    let before = limit_descriptors(daemon.pid(), Rlimit { current: Some(limit), maximum })?;
    let address = ("127.0.0.1", daemon.ports.http);
    let clients: Vec<_> = (0..60).map(|_| TcpStream::connect(address)).collect::<Result<_, _>>()?;
    until("there are none left", SOON, || {
        let used = procfs::usage(daemon.pid())?.descriptors as u64;
        ensure!(used >= limit, "{used} of {limit}");
        Ok(())
    })?;
    // Nobody can ask now: the journal has it.
    until("the operator is told", SOON, || {
        ensure!(daemon.log().contains("descriptors-short"), "{}", daemon.log());
        Ok(())
    })?;
    // The one that waits needs none.
    procfs::signal(worker, Signal::KILL)?;
    until("another worker is at work", SOON, || {
        ensure!(daemon.worker(&channel.slug)? != worker, "still the same");
        Ok(())
    })?;
    drop(clients);
    limit_descriptors(daemon.pid(), before)?;

    daemon.wait_begun(&channel, ChannelState::Live)?;
    ensure!(daemon.runs(), "the daemon is gone: {}", daemon.log());
    let history: Vec<wire::Event> =
        http::fetch(&format!("{}/api/v1/history?limit=100", daemon.base()))?.json()?;
    let raised = history.iter().find(|event| event.what.starts_with("descriptors-short"));
    ensure!(raised.is_some_and(|event| event.what.contains("are in use")), "{history:#?}");
    until("the alarm is over", SOON, || {
        let alarms: Vec<wire::Alarm> = http::fetch(&format!("{}/api/v1/alarms", daemon.base()))?.json()?;
        ensure!(alarms.is_empty(), "{alarms:?}");
        Ok(())
    })?;
    watcher.stop().clean_but(&TURNED_AWAY).map(drop)
}

/// A group of processes with a limit of memory; the group goes when this does.
struct MemoryGroup(PathBuf);

impl MemoryGroup {
    /// By the kernel's control groups, of either version.
    fn new(bytes: u64) -> anyhow::Result<Self> {
        let name = format!("forebay-test-{}", std::process::id());
        let (root, limit) = match Path::new("/sys/fs/cgroup/memory").is_dir() {
            true => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            false => ("/sys/fs/cgroup", "memory.max"),
        };
        let folder = Path::new(root).join(name);
        fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        let group = Self(folder);
        fs::write(group.0.join(limit), bytes.to_string()).with_context(|| format!("{limit} in {root}"))?;
        Ok(group)
    }

    fn take_in(&self, pid: u32) -> anyhow::Result<()> {
        Ok(fs::write(self.0.join("cgroup.procs"), pid.to_string())?)
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        // The kernel lets go of processes that have ended a moment later.
        let gone = until("the group is empty", SOON, || Ok(fs::remove_dir(&self.0)?));
        if let Err(error) = gone {
            eprintln!("{} is left behind: {error:#}", self.0.display());
        }
    }
}

#[test]
fn a_worker_that_gets_no_memory_is_replaced() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Hall", "srt", &small_ladder())?;
    daemon.wait_begun(&channel, ChannelState::Waiting)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    standby_waits(&daemon, &channel)?;
    // What it has already does not count; what a source takes to decode is more.
    let worker = daemon.worker(&channel.slug)?;
    let group = MemoryGroup::new(2 << 20).and_then(|group| group.take_in(worker).map(|()| group));
    let publisher = Publisher::start(&daemon, &channel, Transport::Srt)?;
    if let Err(error) = &group {
        eprintln!(
            "no limit of memory can be set here, so the test ends the worker as the kernel would: {error:#}"
        );
        procfs::signal(worker, Signal::KILL)?;
    }
    until("the kernel ends it, and another is at work", SOON, || {
        ensure!(daemon.worker(&channel.slug)? != worker, "still the same");
        Ok(())
    })?;
    daemon.wait_begun(&channel, ChannelState::Live)?;
    let ended = daemon.history(&channel.slug)?.into_iter().find(|event| event.kind == "worker-ended");
    let ended = ended.context("no event of it")?;
    ensure!(
        ended.what.contains("signal 9") || ended.what.contains("SIGKILL") || ended.what.contains("killed"),
        "{ended:?}"
    );
    drop(publisher);
    watcher.stop().clean().map(drop)
}

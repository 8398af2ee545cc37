//! I8: what the daemon holds before and after a test: memory, descriptors, threads, and no zombie.

use crate::clock::until;
use crate::daemon::{Channel, Daemon};
use crate::http;
use crate::playlist::{Media, Multivariant};
use crate::procfs::{self, Usage};
use anyhow::{Context, ensure};
use std::time::Duration;

/// "within 5 % of before": in hundredths.
const GROWTH_PERCENT: u64 = 5;
/// Five percent of a small process is less than what an allocator's free lists move by themselves.
const MEMORY_SLACK_BYTES: u64 = 4 << 20;
/// A connection of ours that is still being closed, the timer of a log that is being written.
const DESCRIPTORS_SLACK: usize = 2;
/// Threads of the runtime's blocking pool, which it keeps for ten seconds after their last work: the judge gives one of
/// them something to do about as often, so that it comes and goes.
const THREADS_SLACK: u64 = 2;
/// An idle connection is closed by the daemon after 30 s; a worker that was replaced is reaped at once.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);
/// From the first segments until the window has turned over once: 18 segments of 2 s, and time for a busy machine.
const FULL_LIMIT: Duration = Duration::from_secs(90);

/// What the daemon held before a test.
#[derive(Clone, Copy, Debug)]
pub struct Baseline {
    pid: u32,
    usage: Usage,
    with_memory: bool,
}

impl Baseline {
    /// Descriptors, threads and zombies as they are now. Memory is not compared: windows are still filling.
    ///
    /// # Errors
    /// When the daemon is gone.
    pub fn of(daemon: &Daemon) -> anyhow::Result<Self> {
        Ok(Self { pid: daemon.pid(), usage: procfs::usage(daemon.pid())?, with_memory: false })
    }

    /// All, once the channel's window has turned over: from then on it lets go of as much as it takes in.
    ///
    /// # Errors
    /// When the daemon is gone, or the window does not fill.
    pub fn settled(daemon: &Daemon, channel: &Channel) -> anyhow::Result<Self> {
        let playlist = Multivariant::fetch(&daemon.live(channel, "master.m3u8"))?.video[0].clone();
        let media = Media::fetch(&playlist)?;
        let newest = media.complete().next_back().context("no complete segment")?.1.to_owned();
        until("the window has turned over", FULL_LIMIT, || {
            let status = http::get(&newest)?.status;
            ensure!(status == 410, "{newest} still answers {status}");
            Ok(())
        })?;
        http::hang_up();
        Ok(Self { with_memory: true, ..Self::of(daemon)? })
    }

    /// Waits until the daemon holds no more than before.
    ///
    /// # Errors
    /// When that does not come; says what it still holds.
    pub fn restored(&self) -> anyhow::Result<Usage> {
        http::hang_up();
        until("the daemon lets go of what it held for the test", SETTLE_LIMIT, || {
            let now = procfs::usage(self.pid)?;
            let zombies = procfs::zombies(self.pid);
            ensure!(zombies.is_empty(), "I8 zombies {zombies:?}");
            self.compare(now)?;
            Ok(now)
        })
    }

    fn compare(&self, now: Usage) -> anyhow::Result<()> {
        let before = self.usage;
        let threads = before.threads + THREADS_SLACK.max(before.threads * GROWTH_PERCENT / 100);
        ensure!(now.threads <= threads, "I8 {} threads, before {}", now.threads, before.threads);
        let descriptors = before.descriptors + DESCRIPTORS_SLACK.max(before.descriptors / 20);
        ensure!(
            now.descriptors <= descriptors,
            "I8 {} descriptors, before {}",
            now.descriptors,
            before.descriptors
        );
        let slack = MEMORY_SLACK_BYTES.max(before.resident_bytes * GROWTH_PERCENT / 100);
        ensure!(
            !self.with_memory || now.resident_bytes <= before.resident_bytes + slack,
            "I8 {} KiB of memory, before {} KiB",
            now.resident_bytes >> 10,
            before.resident_bytes >> 10
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_five_percent_is_too_much() {
        let usage = Usage { resident_bytes: 200 << 20, descriptors: 100, threads: 40, ..Usage::default() };
        let before = Baseline { pid: 1, usage, with_memory: true };
        assert!(before.compare(usage).is_ok());
        assert!(before.compare(Usage { resident_bytes: 209 << 20, ..usage }).is_ok());
        assert!(before.compare(Usage { resident_bytes: 211 << 20, ..usage }).is_err());
        assert!(before.compare(Usage { descriptors: 106, ..usage }).is_err());
        assert!(before.compare(Usage { threads: 43, ..usage }).is_err());
        let filling = Baseline { with_memory: false, ..before };
        assert!(filling.compare(Usage { resident_bytes: 900 << 20, ..usage }).is_ok());
    }
}

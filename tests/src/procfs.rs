//! Processes, as `/proc` tells of them.

use anyhow::Context;
use std::time::Duration;

/// Clock ticks in a second, as `/proc/PID/stat` counts (`proc(5)`: `sysconf(_SC_CLK_TCK)`, 100 on every Linux).
const TICKS_PER_SECOND: u64 = 100;
/// Bytes of a page (x86-64 and most of arm64).
const PAGE_BYTES: u64 = 4096;

/// What a process has used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// User and system time so far.
    pub cpu: Duration,
    /// Resident memory.
    pub resident_bytes: u64,
    /// Open file descriptors.
    pub descriptors: usize,
    /// Threads.
    pub threads: u64,
}

/// What the process has used so far.
///
/// # Errors
/// When there is no such process.
pub fn usage(pid: u32) -> anyhow::Result<Usage> {
    let stat = stat(pid)?;
    let field = |index: usize| stat.get(index).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let ticks = field(11) + field(12);
    Ok(Usage {
        cpu: Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND),
        resident_bytes: field(21) * PAGE_BYTES,
        descriptors: std::fs::read_dir(format!("/proc/{pid}/fd")).map(Iterator::count).unwrap_or(0),
        threads: field(17),
    })
}

/// The fields of `/proc/PID/stat` after the name, which may contain anything but ends with the last `)`.
fn stat(pid: u32) -> anyhow::Result<Vec<String>> {
    let text =
        std::fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid}"))?;
    let after = text.rsplit_once(')').map_or("", |(_, after)| after);
    Ok(after.split_whitespace().map(String::from).collect())
}

/// What `ps` and `top` call the process.
///
/// # Errors
/// When there is no such process.
pub fn name(pid: u32) -> anyhow::Result<String> {
    Ok(std::fs::read_to_string(format!("/proc/{pid}/comm"))?.trim_end().to_owned())
}

/// Children of a process whose command line contains all of `words`, zombies left out.
#[must_use]
pub fn children(parent: u32, words: &[&str]) -> Vec<u32> {
    all().filter(|pid| is_child(*pid, parent) && has_words(*pid, words)).collect()
}

/// Children of a process that have ended and were not waited for.
#[must_use]
pub fn zombies(parent: u32) -> Vec<u32> {
    let is_zombie = |pid: &u32| {
        stat(*pid).is_ok_and(|fields| {
            fields.first().is_some_and(|state| state == "Z")
                && fields.get(1).is_some_and(|of| *of == parent.to_string())
        })
    };
    all().filter(is_zombie).collect()
}

fn all() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
}

/// Whether the process is there and not a zombie.
#[must_use]
pub fn runs(pid: u32) -> bool {
    stat(pid).is_ok_and(|fields| fields.first().is_some_and(|state| state != "Z"))
}

fn is_child(pid: u32, parent: u32) -> bool {
    runs(pid) && stat(pid).is_ok_and(|fields| fields.get(1).is_some_and(|of| *of == parent.to_string()))
}

fn has_words(pid: u32, words: &[&str]) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let line: Vec<_> = line.split(|byte| *byte == 0).collect();
    words.iter().all(|word| line.contains(&word.as_bytes()))
}

/// A process's children, theirs, and so on, as far as their program is called `program`.
#[must_use]
pub fn descendants(of: u32, program: &str) -> Vec<u32> {
    let parents: Vec<(u32, u32)> =
        all().filter_map(|pid| Some((pid, stat(pid).ok()?.get(1)?.parse().ok()?))).collect();
    let (mut found, mut next) = (vec![of], 0);
    while let Some(parent) = found.get(next).copied() {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    let is_program = |pid: &u32| {
        let path = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(program))
    };
    found.into_iter().filter(|pid| *pid != of && is_program(pid)).collect()
}

/// How long each of the process's threads was ready to run and had no processor, so far, by the thread's number.
#[must_use]
pub fn waits(pid: u32) -> Vec<(u32, Duration)> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let waited = |thread: std::fs::DirEntry| {
        let counts = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        let nanos = counts.split_whitespace().nth(1)?.parse().ok()?;
        Some((thread.file_name().to_str()?.parse().ok()?, Duration::from_nanos(nanos)))
    };
    threads.filter_map(waited).collect()
}

/// Sends a signal to one process.
///
/// # Errors
/// When there is no such process.
pub fn signal(pid: u32, signal: rustix::process::Signal) -> anyhow::Result<()> {
    let raw = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).context("a process id")?;
    rustix::process::kill_process(raw, signal).with_context(|| format!("signalling process {pid}"))
}

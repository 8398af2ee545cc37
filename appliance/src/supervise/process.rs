//! A child process: spawned with a socket as its standard input, watched, and reaped.
//!
//! Its standard error goes to the journal line by line; the last lines are kept to explain its end. A child dies
//! with the daemon without any signal: the other end of its standard input closes, and it must end on that. What
//! is said over the socket is not known here.

use super::still::{self, Stillness};
use crate::limits;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, Command};

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessExit {
    /// Exit code or signal.
    pub status: ExitStatus,
    /// The last lines it wrote to standard error, oldest first.
    pub last_lines: Vec<String>,
}

impl fmt::Display for ProcessExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its last words explain why it gave up; a process that was killed did not see it coming.
        match self.last_lines.last().filter(|_| self.status.code().is_some()) {
            Some(line) => write!(f, "{}: {line}", self.status),
            None => self.status.fmt(f),
        }
    }
}

/// A running child process. Dropping it kills it; the runtime reaps it then.
#[derive(Debug)]
pub struct Process {
    child: Child,
    id: u32,
    stderr: actix_rt::task::JoinHandle<VecDeque<String>>,
}

impl Process {
    /// Spawns `command` with one end of a new socket as its standard input, and gives the other end. Standard
    /// output is closed: a child speaks over its socket. `name` labels its lines in the journal.
    ///
    /// # Errors
    /// When the socket or the process cannot be made, such as for want of descriptors.
    pub fn spawn(name: &str, command: std::process::Command) -> io::Result<(Self, UnixStream)> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = Command::from(command);
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn()?;
        let id = child.id().expect("a child that has not been awaited has an id");
        let stderr = child.stderr.take().expect("standard error was asked for");
        let stderr = actix_rt::spawn(journal(name.to_owned(), id, stderr));
        Ok((Self { child, id, stderr }, UnixStream::from_std(ours)?))
    }

    /// Its process id; it belongs to this process until [`Process::exited`] has returned.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Whether somebody has sent it SIGSTOP: then it does nothing, and that is not its fault.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        still::is_stopped(self.id)
    }

    /// To be asked whether it does anything.
    #[must_use]
    pub fn stillness(&self) -> Stillness {
        Stillness::of(self.id)
    }

    /// Waits for its end and reaps it. May be dropped and called again.
    ///
    /// # Errors
    /// When the system cannot tell, which does not happen to a child of one's own.
    pub async fn exited(&mut self) -> io::Result<ProcessExit> {
        // Not by `Child::wait`: that asks without a pause from when the kernel tells of the end until the child can be
        // reaped, which takes long on a busy machine, and this thread has channels to serve.
        let status = loop {
            match self.child.try_wait()? {
                Some(status) => break status,
                None => tokio::time::sleep(limits::EXIT_LOOK_INTERVAL).await,
            }
        };
        let lines = tokio::time::timeout(limits::LAST_LINES_WITHIN, &mut self.stderr).await;
        let last_lines = lines.map(Result::unwrap_or_default).unwrap_or_default().into();
        Ok(ProcessExit { status, last_lines })
    }

    /// Kills it, waits for its end and reaps it.
    ///
    /// # Errors
    /// As [`Process::exited`].
    pub async fn kill(mut self) -> io::Result<ProcessExit> {
        self.child.start_kill()?;
        self.exited().await
    }

    /// Waits up to `grace` for its end, which the caller has asked for over the socket, then kills it.
    ///
    /// # Errors
    /// As [`Process::exited`].
    pub async fn stop(mut self, grace: Duration) -> io::Result<ProcessExit> {
        match tokio::time::timeout(grace, self.exited()).await {
            Ok(exit) => exit,
            Err(_elapsed) => self.kill().await,
        }
    }
}

/// Copies lines to the journal until the end, and keeps the last.
async fn journal(name: String, pid: u32, stderr: ChildStderr) -> VecDeque<String> {
    let (mut reader, mut kept) = (BufReader::new(stderr), VecDeque::new());
    while let Some(line) = next_line(&mut reader).await {
        tracing::info!(process = %name, pid, "{line}");
        if kept.len() == limits::STDERR_LINES_KEPT {
            kept.pop_front();
        }
        kept.push_back(line);
    }
    kept
}

/// One line without its end, cut at the limit; nothing at the end of the stream.
async fn next_line(reader: &mut (impl AsyncBufRead + Unpin)) -> Option<String> {
    let mut line = Vec::new();
    loop {
        let available = reader.fill_buf().await.ok()?;
        if available.is_empty() {
            return (!line.is_empty()).then(|| printable(&line));
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let taken = &available[..end.unwrap_or(available.len())];
        let room = limits::STDERR_LINE_BYTES_MAX - line.len();
        line.extend_from_slice(&taken[..taken.len().min(room)]);
        let consumed = taken.len() + usize::from(end.is_some());
        reader.consume(consumed);
        if end.is_some() {
            return Some(printable(&line));
        }
    }
}

/// Control characters, which could forge lines or colours in a terminal, become spaces.
fn printable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.trim_end().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn shell(script: &str) -> std::process::Command {
        let mut command = std::process::Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[actix_rt::test]
    async fn its_exit_and_last_words_are_captured() {
        let script = "i=0; while [ $i -lt 30 ]; do echo line $i >&2; i=$((i+1)); done; exit 3";
        let (mut process, _socket) = Process::spawn("t", shell(script)).unwrap();
        let exit = process.exited().await.unwrap();
        assert_eq!(exit.status.code(), Some(3));
        assert_eq!(exit.last_lines.len(), limits::STDERR_LINES_KEPT);
        assert_eq!(exit.to_string(), "exit status: 3: line 29");
    }

    #[actix_rt::test]
    async fn standard_input_is_a_socket_for_both_ways() {
        let (mut process, mut socket) = Process::spawn("t", shell("read x; echo got $x >&0")).unwrap();
        socket.write_all(b"this\n").await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "got this\n");
        assert!(process.exited().await.unwrap().status.success());
    }

    #[actix_rt::test]
    async fn closing_the_socket_is_the_end_of_a_child_that_reads_it() {
        let (mut process, socket) = Process::spawn("t", shell("cat")).unwrap();
        drop(socket);
        assert!(process.exited().await.unwrap().status.success());
    }

    #[actix_rt::test]
    async fn killing_and_stopping_reap_it() {
        let (process, _socket) = Process::spawn("t", shell("exec sleep 600")).unwrap();
        let id = process.id();
        assert_eq!(process.kill().await.unwrap().status.signal(), Some(9));
        assert!(!std::path::Path::new(&format!("/proc/{id}")).exists(), "neither alive nor a zombie");
        let (process, _socket) = Process::spawn("t", shell("exec sleep 600")).unwrap();
        let exit = process.stop(Duration::from_millis(20)).await.unwrap();
        assert_eq!(exit.status.signal(), Some(9));
    }

    #[actix_rt::test]
    async fn lines_are_cut_and_cleaned() {
        let long =
            [vec![b'x'; limits::STDERR_LINE_BYTES_MAX + 9], b"\nnext\x1b[31m\n\nlast".to_vec()].concat();
        let mut reader = BufReader::with_capacity(100, &long[..]);
        assert_eq!(next_line(&mut reader).await.unwrap().len(), limits::STDERR_LINE_BYTES_MAX);
        assert_eq!(next_line(&mut reader).await.unwrap(), "next [31m");
        assert_eq!(next_line(&mut reader).await.unwrap(), "");
        assert_eq!(next_line(&mut reader).await.unwrap(), "last");
        assert_eq!(next_line(&mut reader).await, None);
    }
}

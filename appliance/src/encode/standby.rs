//! A worker that waits: started before it is needed, so that the one that replaces another speaks sooner.
//!
//! It has been loaded and has opened its encoders once, but has no plan yet. `ps` shows it as `forebay standby`, with the
//! same command line as the one at work.

use crate::limits;
use crate::supervise::Process;
use futures_util::FutureExt;
use std::convert::Infallible;
use std::io;
use tokio::net::UnixStream;
use tracing::{debug, warn};

/// The place of one that waits.
pub struct Standby {
    slug: String,
    waiting: Option<(Process, UnixStream)>,
}

impl Standby {
    /// Nobody yet.
    #[must_use]
    pub fn new(slug: &str) -> Self {
        Self { slug: slug.to_owned(), waiting: None }
    }

    /// The one that waits, or a new one.
    ///
    /// # Errors
    /// When no process can be made, such as for want of descriptors.
    pub fn take(&mut self) -> io::Result<(Process, UnixStream)> {
        let waiting = self.waiting.take();
        let alive = waiting.and_then(|(mut process, socket)| {
            let ended = process.exited().now_or_never().is_some();
            (!ended).then_some((process, socket))
        });
        alive.map_or_else(|| self.spawn(), Ok)
    }

    /// Sees to it that one waits, from a while after now on.
    pub async fn keep(&mut self) -> Infallible {
        loop {
            tokio::time::sleep(limits::STANDBY_AFTER).await;
            if let Some((process, _)) = &mut self.waiting {
                let exit = process.exited().await;
                warn!(channel = %self.slug, ?exit, "the standby worker has ended");
                self.waiting = None;
                continue;
            }
            match self.spawn() {
                Ok(spawned) => {
                    debug!(channel = %self.slug, pid = spawned.0.id(), "a standby worker waits");
                    self.waiting = Some(spawned);
                }
                Err(error) => warn!(channel = %self.slug, %error, "no standby worker could be started"),
            }
        }
    }

    fn spawn(&self) -> io::Result<(Process, UnixStream)> {
        let mut command = std::process::Command::new(std::env::current_exe()?);
        command.args(["worker", "--channel", &self.slug]);
        Process::spawn(&format!("worker {}", self.slug), command)
    }
}

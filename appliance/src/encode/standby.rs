//! A worker that waits: started before it is needed, so that the one that replaces another speaks sooner.
//!
//! It has been loaded and has opened its encoders once, but has no plan yet. `ps` shows it as `forebay standby`, with the
//! same command line as the one at work.

use crate::limits;
use crate::supervise::Process;
use futures_util::FutureExt;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::UnixStream;
use tracing::{debug, warn};

/// The place of one that waits; clones share it, so that it outlives the stage.
#[derive(Clone)]
pub struct Standby {
    slug: String,
    waiting: Arc<Mutex<Option<(Process, UnixStream)>>>,
}

impl Standby {
    /// Nobody yet.
    #[must_use]
    pub fn new(slug: &str) -> Self {
        Self { slug: slug.to_owned(), waiting: Arc::default() }
    }

    /// The one that waits, or a new one.
    ///
    /// # Errors
    /// When no process can be made, such as for want of descriptors.
    pub fn take(&self) -> io::Result<(Process, UnixStream)> {
        self.drop_if_ended();
        let waiting = self.waiting().take();
        waiting.map_or_else(|| self.spawn(), Ok)
    }

    /// Sees to it that one waits, from a while after now on.
    pub async fn keep(&self) -> Infallible {
        loop {
            tokio::time::sleep(limits::STANDBY_AFTER).await;
            self.drop_if_ended();
            if self.waiting().is_some() {
                continue;
            }
            match self.spawn() {
                Ok(spawned) => {
                    debug!(channel = %self.slug, pid = spawned.0.id(), "a standby worker waits");
                    *self.waiting() = Some(spawned);
                }
                Err(error) => warn!(channel = %self.slug, %error, "no standby worker could be started"),
            }
        }
    }

    fn drop_if_ended(&self) {
        let mut waiting = self.waiting();
        let exit = waiting.as_mut().and_then(|(process, _)| process.exited().now_or_never());
        if let Some(exit) = exit {
            warn!(channel = %self.slug, ?exit, "the standby worker has ended");
            *waiting = None;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Option<(Process, UnixStream)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self) -> io::Result<(Process, UnixStream)> {
        let mut command = std::process::Command::new(std::env::current_exe()?);
        command.args(["worker", "--channel", &self.slug]);
        Process::spawn(&format!("worker {}", self.slug), command)
    }
}

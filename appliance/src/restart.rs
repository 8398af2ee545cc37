//! The daemon starting anew by itself: everything is stopped in order, then the process becomes a new one of the same
//! number, so that neither systemd nor a terminal has to do anything.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;

/// By which it is asked for; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Restart(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    asked: watch::Sender<bool>,
    refused: OnceLock<&'static str>,
}

impl Restart {
    /// Has it be refused from now on, for this reason.
    pub fn forbid(&self, why: &'static str) {
        let _first = self.0.refused.set(why);
    }

    /// Whether it may be asked for.
    ///
    /// # Errors
    /// Why not.
    pub fn possible(&self) -> Result<(), &'static str> {
        self.0.refused.get().map_or(Ok(()), |why| Err(why))
    }

    /// Asks for it. What is being answered is answered first.
    pub fn ask(&self) {
        self.0.asked.send_replace(true);
    }

    /// Waits until somebody has asked.
    pub async fn asked(&self) {
        let mut asked = self.0.asked.subscribe();
        // The sender is ours.
        let _never = asked.wait_for(|asked| *asked).await;
    }
}

/// Becomes a new process of this program with the same arguments; returns only when that fails.
#[must_use]
pub fn start_anew() -> anyhow::Error {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return error.into(),
    };
    let failed = Command::new(&program).args(std::env::args_os().skip(1)).exec();
    anyhow::Error::new(failed).context(format!("{} could not be started again", program.display()))
}

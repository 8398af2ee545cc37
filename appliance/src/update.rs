//! Updates of a box that was installed from the image: what the browser uploads goes into a spool, what the box makes of it
//! is read from a file. The box's own service judges, writes and restarts; the daemon needs no privilege for any of it.
//!
//! ```text
//! /data/box/update.json        what the box says: state, versions, progress, why not
//! DATA/box/bundle.raucb        an upload that is whole
//! DATA/box/request             one word: what the box is to do next
//! ```

use crate::store::state::private_folder;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use wire::{UpdateStatus, UpdateStep, UploadProgress};

const TOLD: &str = "update.json";
const SPOOL: &str = "box";
const PART: &str = "bundle.part";
const WHOLE: &str = "bundle.raucb";
const REQUEST: &str = "request";

/// Why the box is not asked.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// A package, the medium tried out, a developer's machine.
    #[error("this machine was not installed from the image: it is updated by its package, not from here")]
    NotHere,
    /// Not in this state.
    #[error("that does not go just now: the box is {0}")]
    NotNow(String),
    /// The box has not taken the last one yet.
    #[error("the box is still about to do what it was asked last; try again in a moment")]
    Waiting,
    /// The disk.
    #[error("the disk does not take it: {0}")]
    Disk(#[from] io::Error),
}

/// The handle; clones share it.
#[derive(Clone, Debug)]
pub struct Update(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    told: PathBuf,
    spool: PathBuf,
    came: AtomicU64,
    of: AtomicU64,
}

impl Update {
    /// Of a box that says how it is in `box_dir`, with the spool in the data folder.
    #[must_use]
    pub fn new(box_dir: &Path, data_dir: &Path) -> Self {
        let (told, spool) = (box_dir.join(TOLD), data_dir.join(SPOOL));
        Self(Arc::new(Inner { told, spool, came: AtomicU64::new(0), of: AtomicU64::new(0) }))
    }

    /// Takes away what is left of an upload that ended with an earlier run.
    pub fn tidy(&self) {
        // None is left nearly always.
        let _absent = fs::remove_file(self.0.spool.join(PART));
    }

    /// How the box stands. Reads one small file.
    #[must_use]
    pub fn status(&self) -> UpdateStatus {
        let Ok(told) = fs::read(&self.0.told) else { return UpdateStatus::default() };
        let mut status = serde_json::from_slice::<UpdateStatus>(&told).unwrap_or_else(|error| UpdateStatus {
            state: "unknown".into(),
            reason: Some(format!("what the box says of itself is not understood: {error}")),
            ..UpdateStatus::default()
        });
        let (came, of) = (self.0.came.load(Relaxed), self.0.of.load(Relaxed));
        status.possible = true;
        status.waiting = self.0.spool.join(REQUEST).exists();
        status.uploading = (of > 0).then_some(UploadProgress { bytes: came, of });
        status
    }

    /// Where a bundle goes, and its most bytes; made for the daemon alone, but that root may look into it.
    ///
    /// # Errors
    /// [`UpdateError`]: not here, not now.
    pub fn begin_upload(&self, of: u64) -> Result<(PathBuf, PathBuf, u64), UpdateError> {
        let status = self.may(UpdateStep::Check)?;
        private_folder(&self.0.spool)?;
        self.0.came.store(0, Relaxed);
        self.0.of.store(of, Relaxed);
        Ok((self.0.spool.join(WHOLE), self.0.spool.join(PART), status.slot_bytes))
    }

    /// So much has come.
    pub fn came(&self, bytes: u64) {
        self.0.came.store(bytes, Relaxed);
    }

    /// Nothing is being uploaded any more.
    pub fn end_upload(&self) {
        self.0.of.store(0, Relaxed);
    }

    /// Asks the box to do something. It notices within a second.
    ///
    /// # Errors
    /// [`UpdateError`].
    pub fn ask(&self, step: UpdateStep) -> Result<UpdateStatus, UpdateError> {
        self.may(step)?;
        private_folder(&self.0.spool)?;
        let part = self.0.spool.join("request.new");
        let mut file = File::create(&part)?;
        writeln!(file, "{}", word(step))?;
        file.sync_all()?;
        fs::rename(part, self.0.spool.join(REQUEST))?;
        Ok(self.status())
    }

    fn may(&self, step: UpdateStep) -> Result<UpdateStatus, UpdateError> {
        let status = self.status();
        if !status.possible {
            return Err(UpdateError::NotHere);
        }
        if status.waiting {
            return Err(UpdateError::Waiting);
        }
        if fits(&status.state, step) { Ok(status) } else { Err(UpdateError::NotNow(status.state)) }
    }
}

const fn word(step: UpdateStep) -> &'static str {
    match step {
        UpdateStep::Check => "check",
        UpdateStep::Apply => "apply",
        UpdateStep::Restart => "restart",
        UpdateStep::Cancel => "cancel",
        UpdateStep::FactoryReset => "factory-reset",
    }
}

/// In which states the box does what it is asked.
fn fits(state: &str, step: UpdateStep) -> bool {
    match step {
        UpdateStep::Check => !matches!(state, "writing" | "written" | "restarting"),
        UpdateStep::Apply => state == "accepted",
        UpdateStep::Restart => state == "written",
        UpdateStep::Cancel => matches!(state, "accepted" | "refused" | "failed" | "written"),
        UpdateStep::FactoryReset => !matches!(state, "writing" | "restarting"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const IDLE: &str = r#"{"state":"idle","running":"0.1.0","slot":"A","kept":true,"slot_bytes":1000,"offered":null,"progress_percent":null,"code":null,"reason":null,"at_unix_s":1795830000,"last":null,"later":1}"#;

    #[test]
    fn a_machine_that_is_no_box_says_so() {
        let folder = TempDir::new().unwrap();
        let update = Update::new(&folder.path().join("nothing"), folder.path());
        assert!(!update.status().possible);
        assert!(matches!(update.ask(UpdateStep::Check), Err(UpdateError::NotHere)));
        assert!(matches!(update.begin_upload(5), Err(UpdateError::NotHere)));
        assert!(!folder.path().join(SPOOL).exists());
    }

    #[test]
    fn what_the_box_says_is_told_and_what_it_is_asked_is_one_word() {
        let folder = TempDir::new().unwrap();
        let update = Update::new(folder.path(), folder.path());
        let told = |text: &str| fs::write(folder.path().join(TOLD), text).unwrap();
        told(IDLE);
        let status = update.status();
        assert_eq!(
            (status.possible, status.state.as_str(), status.running.as_str()),
            (true, "idle", "0.1.0")
        );
        assert!(matches!(update.ask(UpdateStep::Apply), Err(UpdateError::NotNow(_))));
        let (whole, part, most) = update.begin_upload(5).unwrap();
        assert_eq!(most, 1000);
        fs::write(&part, "12345").unwrap();
        update.came(5);
        assert_eq!(update.status().uploading, Some(UploadProgress { bytes: 5, of: 5 }));
        update.end_upload();
        fs::rename(part, whole).unwrap();
        assert!(update.ask(UpdateStep::Check).unwrap().waiting);
        assert_eq!(fs::read_to_string(folder.path().join("box/request")).unwrap(), "check\n");
        assert!(matches!(update.ask(UpdateStep::Check), Err(UpdateError::Waiting)));
        fs::remove_file(folder.path().join("box/request")).unwrap();
        told(
            &IDLE
                .replace("\"idle\"", "\"writing\"")
                .replace("\"progress_percent\":null", "\"progress_percent\":40"),
        );
        assert_eq!(update.status().progress_percent, Some(40));
        assert!(matches!(update.begin_upload(5), Err(UpdateError::NotNow(_))));
        told("{");
        assert!(update.status().reason.unwrap().contains("not understood"));
    }
}

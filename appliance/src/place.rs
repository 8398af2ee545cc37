//! Where the daemon keeps its files: the data folder, or a stand-in for it when that can be read but not written.
//!
//! A disk that has turned read-only must not keep a box off the air that starts anew. The settings are copied to where
//! can be written, and used from there; nothing of them can be changed until the disk is well.

use crate::api::socket;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// Files that come along, with what SQLite has not merged yet, and folders of files.
const FILES: [&str; 4] = ["forebay.db", "forebay.db-wal", "history.db", "history.db-wal"];
const FOLDERS: [&str; 2] = ["tls", "copies"];

/// What the unit's `RuntimeDirectory=` makes.
const SYSTEMD_RUNTIME: &str = "/run/forebay";

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where files are kept.
    pub folder: PathBuf,
    /// Why that is not the data folder, if it is not.
    pub stands_in: Option<String>,
}

impl Place {
    /// Finds out where files can be kept; `runtime` is the folder that systemd has made for the daemon while it runs.
    ///
    /// # Errors
    /// When a stand-in is needed and cannot be made. A data folder that cannot be used for another reason is returned
    /// as it is: whoever opens its files says what to do.
    pub fn find(data_dir: &Path, runtime: Option<&Path>) -> io::Result<Self> {
        let itself = Self { folder: data_dir.to_owned(), stands_in: None };
        let Err(error) = try_to_write(data_dir) else { return Ok(itself) };
        let refuses = matches!(error.kind(), ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied);
        let is_ours = fs::File::open(data_dir.join(FILES[0])).is_ok();
        // Another daemon that began while it could be written may be at work there.
        let is_taken = UnixStream::connect(data_dir.join(socket::FILE_NAME)).is_ok();
        if !refuses || !is_ours || is_taken {
            return Ok(itself);
        }
        let folder = stand_in(data_dir, runtime);
        fill(&folder, data_dir)?;
        let why = format!("{} could not be written when the box started: {error}", data_dir.display());
        Ok(Self { folder, stands_in: Some(why) })
    }

    /// Where the daemon of this data folder may be listening to commands, the likeliest first. A stand-in that belongs to
    /// neither root, nor this user, nor whose the data folder is, is somebody's trap.
    #[must_use]
    pub fn candidates(data_dir: &Path, runtime: Option<&Path>) -> Vec<PathBuf> {
        let owner = |folder: &Path| fs::symlink_metadata(folder).map(|found| found.uid()).ok();
        let trusted = [Some(0), Some(rustix::process::geteuid().as_raw()), owner(data_dir)];
        let stand_ins = [runtime.or(Some(Path::new(SYSTEMD_RUNTIME))), None].map(|at| stand_in(data_dir, at));
        let stand_ins = stand_ins.into_iter().filter(|folder| {
            let owner = owner(folder);
            owner.is_some() && trusted.contains(&owner)
        });
        std::iter::once(data_dir.to_owned()).chain(stand_ins).collect()
    }
}

/// What `RUNTIME_DIRECTORY` says, which systemd sets for `RuntimeDirectory=`.
#[must_use]
pub fn runtime_folder() -> Option<PathBuf> {
    std::env::var_os("RUNTIME_DIRECTORY").filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// Its name follows from the data folder's, so that commands find it.
fn stand_in(data_dir: &Path, runtime: Option<&Path>) -> PathBuf {
    let absolute = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    let digest = Sha256::digest(absolute.as_os_str().as_bytes());
    let name = HEXLOWER.encode(&digest[..6]);
    runtime.map_or_else(std::env::temp_dir, Path::to_owned).join(format!("forebay-{name}"))
}

fn try_to_write(folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        // Made by whoever opens the first file in it.
        return Ok(());
    }
    let probe = folder.join("writable.part");
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&probe)?;
    fs::remove_file(probe)
}

/// Makes the stand-in anew, for this user alone, from what can be read.
fn fill(folder: &Path, data_dir: &Path) -> io::Result<()> {
    own(folder)?;
    for file in FILES {
        copy(&data_dir.join(file), &folder.join(file))?;
    }
    for name in FOLDERS {
        let Ok(entries) = fs::read_dir(data_dir.join(name)) else { continue };
        DirBuilder::new().mode(0o700).create(folder.join(name))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_file() {
                copy(&path, &folder.join(name).join(path.file_name().unwrap_or(OsStr::new("unnamed"))))?;
            }
        }
    }
    Ok(())
}

/// An empty folder that nobody else can look into, or put anything into: it may lie where everybody writes.
fn own(folder: &Path) -> io::Result<()> {
    match fs::symlink_metadata(folder) {
        Ok(found) => {
            let is_ours = found.is_dir()
                && found.uid() == rustix::process::geteuid().as_raw()
                && found.mode() & 0o077 == 0;
            if !is_ours {
                let told = format!("{} is there, and it is not this daemon's: remove it", folder.display());
                return Err(io::Error::new(ErrorKind::AlreadyExists, told));
            }
            fs::remove_dir_all(folder)?;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => (),
        Err(error) => return Err(error),
    }
    DirBuilder::new().mode(0o700).create(folder)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = match fs::File::open(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut from, &mut to).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use tempfile::TempDir;

    #[test]
    fn a_folder_that_can_be_written_stands_for_itself() {
        let folder = TempDir::new().unwrap();
        let place = Place::find(folder.path(), None).unwrap();
        assert_eq!(place, Place { folder: folder.path().to_owned(), stands_in: None });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
        let absent = folder.path().join("absent");
        assert_eq!(Place::find(&absent, None).unwrap().folder, absent);
    }

    #[test]
    fn a_stand_in_holds_what_the_daemon_needs_for_its_user_alone() {
        let (data, runtime) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        fs::create_dir(data.path().join("tls")).unwrap();
        for file in ["forebay.db", "tls/authority.pem", "forebay.sock.old"] {
            fs::write(data.path().join(file), file).unwrap();
        }
        let folder = stand_in(data.path(), Some(runtime.path()));
        fill(&folder, data.path()).unwrap();
        // Again, over what an earlier start has left.
        fill(&folder, data.path()).unwrap();
        assert_eq!(fs::read_to_string(folder.join("tls/authority.pem")).unwrap(), "tls/authority.pem");
        assert!(folder.join("forebay.db").is_file() && !folder.join("forebay.sock.old").exists());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join("forebay.db"))), (0o700, 0o600));
        assert!(Place::candidates(data.path(), Some(runtime.path())).contains(&folder));
    }

    #[test]
    fn what_somebody_else_has_put_there_is_not_used() {
        let (data, runtime) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let folder = stand_in(data.path(), Some(runtime.path()));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
        assert!(fill(&folder, data.path()).unwrap_err().to_string().contains("not this daemon's"));
        fs::remove_dir(&folder).unwrap();
        std::os::unix::fs::symlink(data.path(), &folder).unwrap();
        assert!(fill(&folder, data.path()).is_err());
    }
}

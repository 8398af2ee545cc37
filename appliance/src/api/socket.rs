//! The Unix socket through which the command line speaks to the daemon. Also what keeps a second daemon away.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Its file name within the data folder.
pub const FILE_NAME: &str = "forebay.sock";

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Somebody answers there.
    #[error("a forebay is running already with {}; stop it, or choose another folder with --data-dir", .folder.display())]
    Taken {
        /// The data folder.
        folder: PathBuf,
    },
    /// The system refuses.
    #[error("cannot listen at {}: {source}. The path may have 107 bytes at most, and the folder must be writable", .path.display())]
    Bind {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Listens at `forebay.sock` in `data_dir`, for the daemon's own user alone. What a dead daemon left is replaced.
///
/// # Errors
/// [`SocketError`].
pub fn listen(data_dir: &Path) -> Result<UnixListener, SocketError> {
    let path = data_dir.join(FILE_NAME);
    if UnixStream::connect(&path).is_ok() {
        return Err(SocketError::Taken { folder: data_dir.to_owned() });
    }
    bind(&path).map_err(|source| SocketError::Bind { path, source })
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => (),
    }
    // The folder (0700) keeps others away until the mode is set.
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_daemons_socket_is_replaced_and_a_live_ones_is_not() {
        let folder = tempfile::TempDir::new().unwrap();
        drop(listen(folder.path()).unwrap());
        let live = listen(folder.path()).unwrap();
        let mode = fs::metadata(folder.path().join(FILE_NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let error = listen(folder.path()).unwrap_err();
        assert!(matches!(error, SocketError::Taken { .. }) && error.to_string().contains("--data-dir"));
        drop(live);
    }

    #[test]
    fn a_path_that_is_too_long_is_explained() {
        let folder = tempfile::TempDir::new().unwrap();
        let deep = folder.path().join("x".repeat(120));
        fs::create_dir(&deep).unwrap();
        assert!(listen(&deep).unwrap_err().to_string().contains("107 bytes"));
    }
}

//! Ten segments in one file: written behind one another, read in pieces.

use bytes::Bytes;
use futures_util::{Stream, stream};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes read at once: what one slow reader holds in memory.
const READ_BYTES: u64 = 256 << 10;

/// Where a segment lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The file.
    pub path: Arc<PathBuf>,
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub len: u64,
}

/// Writes these pieces behind what the file has; says where they begin. What could be written of them only in part is
/// taken away again.
///
/// # Errors
/// As the system says.
pub fn append<'a>(path: &Path, pieces: impl IntoIterator<Item = &'a Bytes>) -> io::Result<u64> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let offset = file.metadata()?.len();
    for piece in pieces {
        if let Err(error) = file.write_all(piece) {
            file.set_len(offset)?;
            return Err(error);
        }
    }
    Ok(offset)
}

/// Opens the file of a segment; who has it open reads on even when it is deleted.
///
/// # Errors
/// As the system says; when it has been deleted, "not found".
pub async fn open(extent: &Extent) -> io::Result<Arc<File>> {
    let path = extent.path.clone();
    blocking(move || File::open(path.as_path()).map(Arc::new)).await
}

/// The `len` bytes from `from` on, in pieces.
pub fn read(file: Arc<File>, from: u64, len: u64) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((from, len), move |(from, left)| {
        let file = file.clone();
        async move {
            let len = left.min(READ_BYTES);
            if len == 0 {
                return Ok(None);
            }
            let piece = blocking(move || {
                let mut piece = vec![0; usize::try_from(len).unwrap_or(0)];
                file.read_exact_at(&mut piece, from)?;
                Ok(Bytes::from(piece))
            });
            Ok(Some((piece.await?, (from + len, left - len))))
        }
    })
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    actix_rt::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::TryStreamExt;

    #[actix_rt::test]
    async fn what_was_appended_is_read_in_pieces_even_after_the_file_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = Arc::new(folder.path().join("block"));
        let bytes: Bytes = (0..700_000_u32).map(|n| (n % 251) as u8).collect::<Vec<_>>().into();
        assert_eq!(append(&path, [&Bytes::from_static(b"first")]).unwrap(), 0);
        assert_eq!(append(&path, [&bytes.slice(..10), &bytes.slice(10..)]).unwrap(), 5);
        let extent = Extent { path: path.clone(), offset: 5, len: bytes.len() as u64 };
        let file = open(&extent).await.unwrap();
        std::fs::remove_file(&*path).unwrap();
        let pieces: Vec<Bytes> = read(file, extent.offset + 3, extent.len - 3).try_collect().await.unwrap();
        assert!(pieces.len() == 3 && pieces.iter().all(|piece| piece.len() as u64 <= READ_BYTES));
        assert_eq!(pieces.concat(), bytes.slice(3..));
        assert_eq!(open(&extent).await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_does_not_fit_is_taken_away_again() {
        // A device that is always full (ENOSPC) takes nothing; it has no length to give back either.
        let full = append(Path::new("/dev/full"), [&Bytes::from_static(b"x")]).unwrap_err();
        assert!(full.kind() == io::ErrorKind::StorageFull || full.kind() == io::ErrorKind::InvalidInput);
    }
}

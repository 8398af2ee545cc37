//! The past of a channel, as far back as its operator wants it: viewers may seek there.
//!
//! ```text
//!                  listed by playlists and manifest          live edge
//!  kept, unlisted |------------ blocks ------------|- window -|
//!  on disk         on disk                          in memory, and on disk soon
//! ```
//!
//! The live window keeps the newest segments in memory, DVR or not. Each segment that is complete is also written to
//! disk ([`archive`]), in blocks of ten in one file each ([`block_file`]), by a thread of its own: neither packaging
//! nor serving waits for the disk. What was listed stays available as long again (draft-pantos-hls-rfc8216bis 6.2.2).
//! Playlists are put together from entries that are rendered and compressed once a block ([`past`], [`page`]), so that
//! they do not cost more with a longer past.
//!
//! A disk that is full, slow or broken shortens the past. It never stops the live edge.

pub mod archive;
pub mod block_file;
pub mod page;
pub mod past;

use crate::drill::Drills;
use archive::Archive;
use media::time::Ticks;
use media::window::Rendition;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tracing::warn;

/// Where the box keeps the past of its channels; clones share it.
#[derive(Clone, Debug)]
pub struct Shelf(Arc<Place>);

#[derive(Debug)]
struct Place {
    folder: PathBuf,
    drills: Drills,
    opened: AtomicU64,
}

impl Shelf {
    /// The shelf in this data folder. What an earlier run of the daemon left is taken away: the past begins anew.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn open(data_dir: &Path, drills: Drills) -> std::io::Result<Self> {
        let folder = data_dir.join("dvr");
        std::fs::create_dir_all(&folder)?;
        // Not the folder itself: it may be a disk of its own.
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            // Such as `lost+found`, which is not ours.
            if let Err(error) = std::fs::remove_dir_all(&path) {
                warn!(path = %path.display(), %error, "what an earlier run has left could not be removed");
            }
        }
        Ok(Self(Arc::new(Place { folder, drills, opened: AtomicU64::new(0) })))
    }

    /// The shelf in a data folder that takes nothing.
    #[must_use]
    pub fn unusable(data_dir: &Path, drills: Drills) -> Self {
        Self(Arc::new(Place { folder: data_dir.join("dvr"), drills, opened: AtomicU64::new(0) }))
    }

    /// One channel's part of it, with `window` of the past.
    #[must_use]
    pub fn of(&self, slug: &str, window: Ticks) -> ChannelShelf {
        ChannelShelf { shelf: self.clone(), slug: slug.to_owned(), window }
    }
}

/// One channel's part of the shelf.
#[derive(Clone, Debug)]
pub struct ChannelShelf {
    shelf: Shelf,
    slug: String,
    window: Ticks,
}

impl ChannelShelf {
    /// An archive of these renditions, empty.
    #[must_use]
    pub fn archive(&self, renditions: &[Arc<Rendition>]) -> Arc<Archive> {
        // Each in a folder of its own: the one before may still be on its way out.
        let Place { folder, drills, opened } = &*self.shelf.0;
        let number = opened.fetch_add(1, Ordering::Relaxed);
        let folder = folder.join(format!("{}-{number}", self.slug));
        Arc::new(Archive::new(folder, self.window, renditions, drills.clone()))
    }
}

//! What is listed of a rendition before its live window, as entries of its playlists.

use super::page::Page;
use media::described::Described;
use media::grid::Grid;
use media::hls::media::Earlier;
use media::hls::past::{iframe_entries, media_entries};
use media::time::Ticks;
use std::sync::{Arc, OnceLock};

/// What is listed of a rendition before its live window. Immutable.
#[derive(Debug, Default)]
pub struct Past {
    blocks: Vec<Arc<Listed>>,
    media: OnceLock<Page>,
    iframes: OnceLock<Page>,
}

/// A block's entries in playlists; rendered and compressed once.
#[derive(Debug)]
pub(super) struct Listed {
    number: u64,
    /// Consecutive; never empty.
    segments: Vec<Described>,
    grid: Grid,
    media: OnceLock<Page>,
    iframes: OnceLock<Page>,
}

impl Listed {
    pub(super) fn new(number: u64, segments: Vec<Described>, grid: Grid) -> Self {
        let (media, iframes) = Default::default();
        Self { number, segments, grid, media, iframes }
    }

    fn end(&self) -> Ticks {
        self.segments.last().map_or(Ticks::ZERO, |last| last.start + last.duration)
    }

    fn media(&self) -> &Page {
        self.media.get_or_init(|| media_entries(&self.segments).into())
    }

    fn iframes(&self) -> &Page {
        self.iframes.get_or_init(|| iframe_entries(&self.segments, self.grid).into())
    }
}

impl Past {
    /// What there is of it; nothing while all that is listed is in the live window.
    #[must_use]
    pub fn earlier(&self) -> Option<Earlier> {
        let first = self.oldest()?.msn;
        Some(Earlier { first, segments: self.blocks.iter().map(|block| block.segments.len()).sum() })
    }

    /// Its entries in the media playlist.
    pub fn media(&self) -> &Page {
        self.media.get_or_init(|| Page::joined(self.blocks.iter().map(|block| block.media())))
    }

    /// Its entries in the I-frame playlist.
    pub fn iframes(&self) -> &Page {
        self.iframes.get_or_init(|| Page::joined(self.blocks.iter().map(|block| block.iframes())))
    }

    /// The oldest segment.
    pub(super) fn oldest(&self) -> Option<&Described> {
        self.blocks.first()?.segments.first()
    }

    /// The newest block.
    pub(super) fn newest_block(&self) -> Option<u64> {
        Some(self.blocks.last()?.number)
    }

    /// The same with these blocks behind it, and without those that end by `oldest`; `None` if that changes nothing. A
    /// block that cannot be listed ends what is before it: what is listed has no holes.
    pub(super) fn moved_on(&self, blocks: Vec<Option<Listed>>, oldest: Ticks) -> Option<Self> {
        let stays = |block: &Listed| block.end() > oldest;
        if blocks.is_empty() && self.blocks.first().is_none_or(|first| stays(first)) {
            return None;
        }
        let mut all: Vec<_> = self.blocks.iter().filter(|block| stays(block)).cloned().collect();
        for block in blocks {
            match block {
                Some(block) if stays(&block) => all.push(Arc::new(block)),
                Some(_) => (),
                None => all.clear(),
            }
        }
        Some(Self { blocks: all, ..Self::default() })
    }

    /// The same without the blocks up to this one; `None` if that changes nothing.
    pub(super) fn without_through(&self, number: u64) -> Option<Self> {
        self.blocks.first().filter(|oldest| oldest.number <= number)?;
        let blocks = self.blocks.iter().filter(|block| block.number > number).cloned().collect();
        Some(Self { blocks, ..Self::default() })
    }
}

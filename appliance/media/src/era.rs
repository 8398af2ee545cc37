//! Stretches of a channel's time with one codec configuration, and the discontinuities between them.
//!
//! A channel on a canvas has one era for ever. One whose source's own pictures pass through begins another when that source
//! comes with parameter sets that its header does not have: all renditions at the same segment
//! (draft-pantos-hls-rfc8216bis 6.2.4).

use crate::time::Msn;
use crate::window::Rendition;
use std::fmt::Write as _;
use std::sync::Arc;

/// One era of one rendition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Era {
    /// The Discontinuity Sequence Number of its segments (6.2.1). The first one's is no matter of counting, so that it does
    /// not fall when the box starts again.
    pub number: u64,
    /// Its first segment; [`Era::OPEN`] where there was none before it.
    pub first: Msn,
    /// The rendition with its header.
    pub rendition: Arc<Rendition>,
}

impl Era {
    /// From the beginning of time.
    pub const OPEN: Msn = Msn(0);

    /// The one that has no other before it.
    #[must_use]
    pub fn open(number: u64, rendition: Arc<Rendition>) -> Self {
        Self { number, first: Self::OPEN, rendition }
    }

    /// Whether a discontinuity comes before this segment.
    #[must_use]
    pub fn begins_with(&self, msn: Msn) -> bool {
        self.first == msn && !self.is_open()
    }

    /// Whether there was none before it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.first == Self::OPEN
    }
}

/// The era of a segment. `eras` are those of one rendition, oldest first, at least one.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn era_of(eras: &[Era], msn: Msn) -> &Era {
    eras.iter().rfind(|era| era.first <= msn).unwrap_or(&eras[0])
}

/// EXT-X-DISCONTINUITY-SEQUENCE of a playlist that begins with this segment, if it must be there: once used, always
/// (Apple's authoring specification 8.17). The tag before its first segment, where it has one, is listed still.
pub(crate) fn discontinuity_sequence(eras: &[Era], first: Msn) -> Option<u64> {
    let era = era_of(eras, first);
    let is_used = eras.len() > 1 || era.number > 0;
    is_used.then(|| era.number - u64::from(era.begins_with(first)))
}

/// The tags before a segment with which an era begins (4.4.4.3): a MAP holds until the next one, across a discontinuity
/// too, and must be given anew by who wants to be safe.
pub(crate) fn write_beginning(f: &mut String, eras: &[Era], msn: Msn, with_map: bool) -> std::fmt::Result {
    let era = era_of(eras, msn);
    if era.begins_with(msn) {
        writeln!(f, "#EXT-X-DISCONTINUITY")?;
        if with_map {
            writeln!(f, "#EXT-X-MAP:URI=\"{}\"", era.rendition.init_name)?;
        }
    }
    Ok(())
}

/// The MAP at the head of a playlist whose first segment that is written is this one; nothing where that one brings its own.
pub(crate) fn write_head_map(f: &mut String, eras: &[Era], first: Msn) -> std::fmt::Result {
    let era = era_of(eras, first);
    if era.begins_with(first) {
        return Ok(());
    }
    writeln!(f, "#EXT-X-MAP:URI=\"{}\"", era.rendition.init_name)
}

//! EXT-X-RENDITION-REPORT: where the other renditions are, so that a player can switch without asking twice.

use crate::time::{Msn, PartIndex};
use crate::uri;
use crate::window::Snapshot;
use std::fmt;

/// Where one rendition is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenditionReport {
    /// The rendition's name in URLs.
    pub id: String,
    /// "If the Rendition contains Partial Segments then this value is the Media Sequence Number of the last
    /// Partial Segment." (4.4.5.4)
    pub last_msn: Msn,
    /// "The Part Index of the last Partial Segment currently in the specified Rendition whose Media Sequence
    /// Number is equal to the LAST-MSN attribute value" (4.4.5.4).
    pub last_part: PartIndex,
}

impl RenditionReport {
    /// Of a rendition that has at least one complete part.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Option<Self> {
        let (last_msn, last_part) = snapshot.live_edge()?;
        Some(Self { id: snapshot.rendition.id.clone(), last_msn, last_part })
    }

    /// One for each of these renditions but the one named: "every other Media Playlist" (B.1).
    #[must_use]
    pub fn of_others<'a>(snapshots: impl IntoIterator<Item = &'a Snapshot>, id: &str) -> Vec<Self> {
        let others = snapshots.into_iter().filter(|snapshot| snapshot.rendition.id != id);
        others.filter_map(Self::of).collect()
    }
}

impl fmt::Display for RenditionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // "It MUST be relative to the URI of the Media Playlist containing the EXT-X-RENDITION-REPORT tag." (4.4.5.4)
        let uri = uri::playlist_beside(&self.id);
        let Self { last_msn, last_part, .. } = self;
        write!(f, "#EXT-X-RENDITION-REPORT:URI=\"{uri}\",LAST-MSN={last_msn},LAST-PART={last_part}")
    }
}

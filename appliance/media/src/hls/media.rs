//! The LL-HLS media playlist.

use super::control::whole_seconds;
use super::{RenditionReport, ServerControl};
use crate::date::Utc;
use crate::decimal::Seconds;
use crate::described::Described;
use crate::era::{Era, discontinuity_sequence, era_of, write_beginning, write_head_map};
use crate::time::{Msn, PartIndex, Ticks};
use crate::uri::Media;
use crate::window::{Part, Rendition, Segment, Snapshot};
use std::fmt::{self, Write as _};

/// EXT-X-SKIP needs version 9 (section 8); a delta update must not differ from the playlist it updates.
pub(super) const VERSION: u32 = 9;

/// "EXT-X-PART tags SHOULD be removed from the Playlist after they are greater than three Target Durations from
/// the end of the Playlist." (6.2.2)
const PARTS_LISTED_TARGETS: i64 = 3;

/// Whether a delta update was asked for: `_HLS_skip`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Skip {
    /// The playlist in full.
    #[default]
    No,
    /// A playlist delta update. `v2` is the same, since there are no EXT-X-DATERANGE tags to skip.
    Yes,
}

/// What is listed before a snapshot, and rendered elsewhere: [`past`](super::past).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The oldest segment.
    pub first: Msn,
    /// How many; all of them end before the skip boundary.
    pub segments: usize,
}

/// A playlist in two: between them belongs what is listed [`Earlier`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InTwo {
    /// Up to the first entry.
    pub head: String,
    /// From the first entry of the snapshot on.
    pub tail: String,
}

/// Renders the media playlist of one rendition. `others` are the reports of the channel's other renditions
/// ([`RenditionReport::of_others`]); `control` is made from all of them.
#[must_use]
pub fn media_playlist(
    snapshot: &Snapshot,
    others: &[RenditionReport],
    control: &ServerControl,
    skip: Skip,
) -> String {
    let InTwo { head, tail } = media_playlist_after(None, snapshot, others, control, skip);
    head + &tail
}

/// Renders the media playlist of a rendition with a past. A delta update skips all that is listed earlier, so that its
/// two halves make the whole.
#[must_use]
pub fn media_playlist_after(
    earlier: Option<Earlier>,
    snapshot: &Snapshot,
    others: &[RenditionReport],
    control: &ServerControl,
    skip: Skip,
) -> InTwo {
    let playlist = MediaPlaylist { earlier, snapshot, others, control, skip };
    InTwo { head: written(|f| playlist.head(f)), tail: written(|f| playlist.tail(f)) }
}

pub(super) fn written(write: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut text = String::new();
    write(&mut text).expect("a String takes every write");
    text
}

struct MediaPlaylist<'a> {
    earlier: Option<Earlier>,
    snapshot: &'a Snapshot,
    others: &'a [RenditionReport],
    control: &'a ServerControl,
    skip: Skip,
}

impl MediaPlaylist<'_> {
    // EXT-X-INDEPENDENT-SEGMENTS is in the multivariant playlist, where it applies to all (4.4.2.1), and not here
    // as well. No EXT-X-PLAYLIST-TYPE: "A Live Playlist MUST NOT contain" it (6.2.2).
    fn head(&self, f: &mut String) -> fmt::Result {
        let listed = self.snapshot.listed().next().map_or(self.snapshot.listed_from, |segment| segment.msn);
        let first = self.earlier.map_or(listed, |earlier| earlier.first);
        writeln!(f, "#EXTM3U")?;
        writeln!(f, "#EXT-X-VERSION:{VERSION}")?;
        writeln!(f, "#EXT-X-TARGETDURATION:{}", whole_seconds(self.control.target_duration()))?;
        writeln!(f, "{}", self.control)?;
        writeln!(f, "{}", PartInf(&self.snapshot.rendition))?;
        writeln!(f, "#EXT-X-MEDIA-SEQUENCE:{first}")?;
        let eras = &self.snapshot.eras;
        if let Some(number) = discontinuity_sequence(eras, first) {
            writeln!(f, "#EXT-X-DISCONTINUITY-SEQUENCE:{number}")?;
        }
        let skipped = self.skipped() + self.earlier_skipped();
        if skipped > 0 {
            writeln!(f, "#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}")?;
        }
        // It applies to every segment after it (4.4.4.5), so it stands in delta updates too:
        // "All tags that were not skipped MUST remain in the Playlist Delta Update." (6.2.5.1)
        write_head_map(f, eras, Msn(first.0 + skipped as u64))
    }

    fn tail(&self, f: &mut String) -> fmt::Result {
        let parts_from = self.parts_listed_from();
        let eras = &self.snapshot.eras;
        for segment in self.snapshot.listed().skip(self.skipped()) {
            write_segment(f, segment, eras, segment.start >= parts_from)?;
        }
        if let Some((msn, part)) = next_part(self.snapshot) {
            self.hint_at_map(f, msn, part)?;
            writeln!(f, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{}\"", Media::Part(msn, part))?;
        }
        self.others.iter().try_for_each(|report| writeln!(f, "{report}"))
    }

    /// "A server that adds a Partial Segment with a new Media Initialization Section SHOULD hint at that" (6.2.6).
    fn hint_at_map(&self, f: &mut String, msn: Msn, part: PartIndex) -> fmt::Result {
        let (era, before) = (era_of(&self.snapshot.eras, msn), Msn(msn.0.saturating_sub(1)));
        let is_new = era.rendition.init_name != self.snapshot.rendition_of(before).init_name;
        if part == PartIndex(0) && era.begins_with(msn) && is_new {
            writeln!(f, "#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"{}\"", era.rendition.init_name)?;
        }
        Ok(())
    }

    fn earlier_skipped(&self) -> usize {
        if self.skip == Skip::No { 0 } else { self.earlier.map_or(0, |earlier| earlier.segments) }
    }

    fn skipped(&self) -> usize {
        match self.skip {
            Skip::No => 0,
            Skip::Yes => {
                let listed: Vec<&Segment> = self.snapshot.listed().map(AsRef::as_ref).collect();
                self.control.skipped(listed.into_iter())
            }
        }
    }

    /// Segments that start here or later have their parts listed; never some parts of a segment and not others,
    /// since players count parts from the first they see.
    fn parts_listed_from(&self) -> Ticks {
        let end = self.snapshot.segments.last().map_or(Ticks::ZERO, |segment| listed_end(segment));
        end - self.control.target_duration() * PARTS_LISTED_TARGETS
    }
}

/// Where a segment ends, as far as it is listed.
fn listed_end(segment: &Segment) -> Ticks {
    if segment.complete {
        return segment.start + segment.duration;
    }
    segment.parts.iter().rfind(|part| part.complete).map_or(segment.start, |part| part.start + part.duration)
}

struct PartInf<'a>(&'a Rendition);

impl fmt::Display for PartInf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#EXT-X-PART-INF:PART-TARGET={}", Seconds(self.0.part_target()))
    }
}

fn write_segment(f: &mut String, segment: &Segment, eras: &[Era], with_parts: bool) -> fmt::Result {
    let parts = segment.parts.iter().filter(|part| part.complete && (with_parts || !segment.complete));
    let mut parts = parts.peekable();
    if !segment.complete && parts.peek().is_none() {
        return Ok(());
    }
    write_beginning(f, eras, segment.msn, true)?;
    // A Media Segment Tag that applies to a Parent Segment stands before its first EXT-X-PART tag (4.4.4.9).
    writeln!(f, "#EXT-X-PROGRAM-DATE-TIME:{}", Utc(segment.start))?;
    parts.try_for_each(|part| write_part(f, segment.msn, part))?;
    if segment.complete { write_end(f, segment.msn, segment.duration, segment.gap) } else { Ok(()) }
}

/// What stands behind a complete segment's parts.
fn write_end(f: &mut String, msn: Msn, duration: Ticks, gap: bool) -> fmt::Result {
    // "These Media Segments MUST have EXT-X-GAP tags applied to them." (6.2.1)
    if gap {
        writeln!(f, "#EXT-X-GAP")?;
    }
    writeln!(f, "#EXTINF:{},", Seconds(duration))?;
    writeln!(f, "{}", Media::Segment(msn))
}

/// A segment that was complete long ago.
pub(super) fn write_described(f: &mut String, segment: &Described) -> fmt::Result {
    writeln!(f, "#EXT-X-PROGRAM-DATE-TIME:{}", Utc(segment.start))?;
    write_end(f, segment.msn, segment.duration, segment.gap)
}

fn write_part(f: &mut String, msn: Msn, part: &Part) -> fmt::Result {
    let (duration, uri) = (Seconds(part.duration), Media::Part(msn, part.index));
    write!(f, "#EXT-X-PART:DURATION={duration},URI=\"{uri}\"")?;
    // "an enumerated-string whose value is YES if the Partial Segment contains an independent frame" (4.4.4.9)
    writeln!(f, "{}", if part.independent { ",INDEPENDENT=YES" } else { "" })
}

/// The part that will be listed next: the one to hint at, and the first to hold requests for.
/// `None` while nothing is retained.
#[must_use]
pub fn next_part(snapshot: &Snapshot) -> Option<(Msn, PartIndex)> {
    let last = snapshot.segments.last()?;
    let complete = last.parts.iter().filter(|part| part.complete).count();
    let complete = u32::try_from(complete).unwrap_or(u32::MAX);
    let whole = last.complete || complete >= snapshot.rendition.grid.parts_per_segment();
    Some(if whole { (last.msn.next(), PartIndex(0)) } else { (last.msn, PartIndex(complete)) })
}

#[cfg(test)]
#[path = "media_tests.rs"]
mod tests;

//! Playlist entries of segments that are complete for good: rendered once, and put into every playlist between its head
//! and its tail, so that what a playlist costs does not grow with its past.

use super::iframes::write_entries;
use super::media::{write_described, written};
use crate::described::Described;
use crate::grid::Grid;

/// Entries of the media playlist.
#[must_use]
pub fn media_entries(segments: &[Described]) -> String {
    written(|f| segments.iter().try_for_each(|segment| write_described(f, segment)))
}

/// Entries of the I-frame playlist.
#[must_use]
pub fn iframe_entries(segments: &[Described], grid: Grid) -> String {
    written(|f| segments.iter().try_for_each(|segment| write_entries(f, segment, grid)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, MSN};
    use crate::hls::media::{Earlier, InTwo};
    use crate::hls::{
        ServerControl, Skip, iframe_playlist, iframe_playlist_after, media_playlist, media_playlist_after,
    };
    use crate::time::Msn;
    use crate::window::Snapshot;

    const OLD: usize = 20;

    /// A long window, the same listed from later on, and what is listed earlier then.
    fn split() -> (Snapshot, Snapshot, Earlier, Vec<Described>) {
        let mut whole = fixture::video_window(35, 2);
        fixture::gap(&mut whole, Msn(MSN.0 + 3));
        let later = Snapshot { listed_from: Msn(MSN.0 + OLD as u64), ..whole.clone() };
        let grid = whole.rendition.grid;
        let old = whole.segments[..OLD].iter().map(|segment| Described::of(segment, grid)).collect();
        (whole, later, Earlier { first: MSN, segments: OLD }, old)
    }

    #[test]
    fn a_playlist_put_together_is_the_same_as_one_rendered_whole() {
        let (whole, later, earlier, old) = split();
        let control = ServerControl::for_renditions([whole.rendition.as_ref()]);
        let InTwo { head, tail } = media_playlist_after(Some(earlier), &later, &[], &control, Skip::No);
        assert_eq!(head + &media_entries(&old) + &tail, media_playlist(&whole, &[], &control, Skip::No));
        let InTwo { head, tail } = iframe_playlist_after(Some(earlier), &later, &control, Skip::No);
        let entries = iframe_entries(&old, whole.rendition.grid);
        assert_eq!(head + &entries + &tail, iframe_playlist(&whole, &control, Skip::No));
    }

    #[test]
    fn b6_2_5_1_a_delta_update_skips_the_past_too() {
        let (whole, later, earlier, _) = split();
        let control = ServerControl::for_renditions([whole.rendition.as_ref()]);
        let InTwo { head, tail } = media_playlist_after(Some(earlier), &later, &[], &control, Skip::Yes);
        assert_eq!(head + &tail, media_playlist(&whole, &[], &control, Skip::Yes));
        let InTwo { head, tail } = iframe_playlist_after(Some(earlier), &later, &control, Skip::Yes);
        assert_eq!(head + &tail, iframe_playlist(&whole, &control, Skip::Yes));
    }
}

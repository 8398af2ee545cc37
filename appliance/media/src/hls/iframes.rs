//! The I-frame playlist of a video rendition (4.4.3.6): single pictures for those who scrub through the past.
//!
//! Every segment has an IDR in each half, so that entry 2 x MSN + h is that of half h of segment MSN: numbers are
//! computed from UTC here too. What is listed are byte ranges of whole segments, so there are no parts and no hint;
//! and a request that blocks is answered with the segment.

use super::control::whole_seconds;
use super::media::{Earlier, InTwo, Skip, VERSION, written};
use super::{BadRequest, BlockingRequest, Decision, ServerControl};
use crate::date::Utc;
use crate::decimal::Seconds;
use crate::declared::{Bandwidth, Wrapping};
use crate::described::{Described, IFRAMES, IFrame};
use crate::era::{discontinuity_sequence, write_beginning, write_head_map};
use crate::grid::Grid;
use crate::time::{Msn, TICKS_PER_SECOND, Ticks};
use crate::uri::Media;
use crate::window::{Segment, Snapshot};
use std::fmt::{self, Write as _};

/// Renders the I-frame playlist of one video rendition; `control` is that of all media playlists.
#[must_use]
pub fn iframe_playlist(snapshot: &Snapshot, control: &ServerControl, skip: Skip) -> String {
    let InTwo { head, tail } = iframe_playlist_after(None, snapshot, control, skip);
    head + &tail
}

/// The same for a rendition with a past.
#[must_use]
pub fn iframe_playlist_after(
    earlier: Option<Earlier>,
    snapshot: &Snapshot,
    control: &ServerControl,
    skip: Skip,
) -> InTwo {
    let playlist = IFramePlaylist { earlier, snapshot, control, skip };
    InTwo { head: written(|f| playlist.head(f)), tail: written(|f| playlist.tail(f)) }
}

/// Number of a segment's first entry.
#[must_use]
pub const fn first_entry(msn: Msn) -> Msn {
    Msn(msn.0.saturating_mul(IFRAMES as u64))
}

/// What to do with a request for the I-frame playlist. `_HLS_msn` is in the playlist's own numbers; it has no partial
/// segments, so `_HLS_part` waits for the segment too (6.2.5.2: the playlist then contains it "or later").
#[must_use]
pub fn decide_iframes(snapshot: &Snapshot, request: &BlockingRequest) -> Decision {
    let Some(newest) = complete(snapshot).next_back() else {
        return Decision::Wait { msn: snapshot.listed_from, part: None };
    };
    let Some(msn) = request.msn else { return Decision::Serve };
    let last = Msn(first_entry(newest.msn).0 + IFRAMES as u64 - 1);
    match msn.0 {
        asked if asked > last.0.saturating_add(2) => {
            Decision::BadRequest(BadRequest::MsnTooFar { msn, last })
        }
        asked if asked > last.0 => Decision::Wait { msn, part: None },
        _ => Decision::Serve,
    }
}

/// EXT-X-I-FRAME-STREAM-INF:BANDWIDTH and AVERAGE-BANDWIDTH, as measured; as declared while nothing can be.
#[must_use]
pub fn iframe_bandwidth(snapshot: &Snapshot) -> Bandwidth {
    let grid = snapshot.rendition.grid;
    let described = snapshot.segments.iter().filter(|s| s.complete).map(|s| Described::of(s, grid));
    let frames: Vec<IFrame> = described.flat_map(|segment| segment.iframes).flatten().collect();
    let rate = |len: u64, ticks: i64| {
        (u128::from(len) * 8 * TICKS_PER_SECOND as u128).div_ceil(ticks.max(1).unsigned_abs().into()) as u64
    };
    let peak_bps = frames.iter().map(|frame| rate(frame.len, frame.duration.0)).max();
    let Some(peak_bps) = peak_bps else {
        return Bandwidth::from_settings([snapshot.rendition.as_ref()], Wrapping::Cmaf);
    };
    let (len, ticks) =
        frames.iter().fold((0, 0), |(len, ticks), frame| (len + frame.len, ticks + frame.duration.0));
    Bandwidth { peak_bps, average_bps: rate(len, ticks) }
}

fn complete(snapshot: &Snapshot) -> impl DoubleEndedIterator<Item = &Segment> + Clone {
    snapshot.listed().map(AsRef::as_ref).filter(|segment| segment.complete)
}

struct IFramePlaylist<'a> {
    earlier: Option<Earlier>,
    snapshot: &'a Snapshot,
    control: &'a ServerControl,
    skip: Skip,
}

impl IFramePlaylist<'_> {
    /// Segments of the snapshot that a delta update leaves out.
    fn skipped(&self) -> usize {
        if self.skip == Skip::Yes { self.control.skipped(complete(self.snapshot)) } else { 0 }
    }

    fn head(&self, f: &mut String) -> fmt::Result {
        let Self { earlier, snapshot, control, skip } = self;
        let listed = complete(snapshot).next().map_or(snapshot.listed_from, |segment| segment.msn);
        let first = earlier.map_or(listed, |earlier| earlier.first);
        let earlier_skipped = earlier.filter(|_| *skip == Skip::Yes).map_or(0, |earlier| earlier.segments);
        writeln!(f, "#EXTM3U")?;
        writeln!(f, "#EXT-X-VERSION:{VERSION}")?;
        // "all [...] MUST have the same Target Duration" (6.2.4), I-frame playlists of live content too (Apple's
        // authoring specification 6.11).
        writeln!(f, "#EXT-X-TARGETDURATION:{}", whole_seconds(control.target_duration()))?;
        writeln!(f, "{control}")?;
        writeln!(f, "#EXT-X-MEDIA-SEQUENCE:{}", first_entry(first))?;
        if let Some(number) = discontinuity_sequence(&snapshot.eras, first) {
            writeln!(f, "#EXT-X-DISCONTINUITY-SEQUENCE:{number}")?;
        }
        writeln!(f, "#EXT-X-I-FRAMES-ONLY")?;
        let skipped = self.skipped() + earlier_skipped;
        if skipped > 0 {
            writeln!(f, "#EXT-X-SKIP:SKIPPED-SEGMENTS={}", skipped * IFRAMES)?;
        }
        write_head_map(f, &snapshot.eras, Msn(first.0 + skipped as u64))
    }

    fn tail(&self, f: &mut String) -> fmt::Result {
        let grid = self.snapshot.rendition.grid;
        let mut listed = complete(self.snapshot).skip(self.skipped());
        listed.try_for_each(|segment| {
            write_beginning(f, &self.snapshot.eras, segment.msn, true)?;
            write_entries(f, &Described::of(segment, grid), grid)
        })
    }
}

/// Both entries of a segment; where there is no picture, a gap.
pub(super) fn write_entries(f: &mut String, segment: &Described, grid: Grid) -> fmt::Result {
    for (half, frame) in (0..).zip(segment.iframes) {
        let place = grid.segment_start(segment.msn) + grid.idr_interval() * half;
        match frame {
            Some(frame) => write_entry(f, segment.msn, &frame)?,
            None => write_gap(f, segment.msn, place, grid.idr_interval())?,
        }
    }
    Ok(())
}

/// "the I-frame [...] The EXTINF duration [...] is the time between the presentation time of the I-frame in the
/// Media Segment and the presentation time of the next I-frame in the Playlist" (4.4.3.6).
fn write_entry(f: &mut String, msn: Msn, frame: &IFrame) -> fmt::Result {
    writeln!(f, "#EXT-X-PROGRAM-DATE-TIME:{}", Utc(frame.start))?;
    writeln!(f, "#EXTINF:{},", Seconds(frame.duration))?;
    writeln!(f, "#EXT-X-BYTERANGE:{}@{}", frame.len, frame.offset)?;
    writeln!(f, "{}", Media::Segment(msn))
}

fn write_gap(f: &mut String, msn: Msn, start: Ticks, duration: Ticks) -> fmt::Result {
    writeln!(f, "#EXT-X-PROGRAM-DATE-TIME:{}", Utc(start))?;
    writeln!(f, "#EXT-X-GAP")?;
    writeln!(f, "#EXTINF:{},", Seconds(duration))?;
    writeln!(f, "{}", Media::Segment(msn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, MSN};

    fn rendered(snapshot: &Snapshot, skip: Skip) -> String {
        let control = ServerControl::for_renditions([snapshot.rendition.as_ref()]);
        iframe_playlist(snapshot, &control, skip)
    }

    #[test]
    fn b4_4_3_6_every_i_frame_is_a_byte_range() {
        insta::assert_snapshot!(rendered(&fixture::video_window(2, 3), Skip::No));
    }

    #[test]
    fn an_independent_parser_reads_it() {
        let text = rendered(&fixture::video_window(3, 0), Skip::No);
        let (rest, playlist) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
        assert!(rest.is_empty() && playlist.i_frames_only && !playlist.end_list);
        assert_eq!(playlist.media_sequence, 2 * MSN.0);
        assert_eq!(playlist.segments.len(), 6);
        assert!(
            playlist
                .segments
                .iter()
                .all(|entry| entry.byte_range.is_some() && (entry.duration - 1.0).abs() < 1e-6)
        );
    }

    #[test]
    fn a_range_ends_with_its_picture() {
        let snapshot = fixture::video_window(1, 0);
        let (segment, grid) = (&snapshot.segments[0], snapshot.rendition.grid);
        let bytes: Vec<u8> = segment.chunks().flat_map(|chunk| chunk.bytes.to_vec()).collect();
        let keys: Vec<_> = segment.units().filter(|(sample, _)| sample.key).collect();
        let frames: Vec<IFrame> = Described::of(segment, grid).iframes.into_iter().flatten().collect();
        assert_eq!((keys.len(), frames.len()), (2, 2));
        for (frame, (sample, unit)) in frames.iter().zip(keys) {
            let range = &bytes[frame.offset as usize..(frame.offset + frame.len) as usize];
            assert!(range.ends_with(&unit) && range.windows(4).any(|name| name == b"moof"));
            assert_eq!(frame.start, sample.dts);
        }
    }

    #[test]
    fn b6_2_1_a_gap_is_two_gaps_and_keeps_the_numbers() {
        let mut snapshot = fixture::video_window(3, 0);
        fixture::gap(&mut snapshot, MSN.next());
        let text = rendered(&snapshot, Skip::No);
        assert_eq!((text.matches("#EXTINF").count(), text.matches("#EXT-X-GAP").count()), (6, 2));
    }

    #[test]
    fn b6_2_5_1_a_delta_update_skips_two_entries_a_segment() {
        let snapshot = fixture::video_window(10, 0);
        let (whole, delta) = (rendered(&snapshot, Skip::No), rendered(&snapshot, Skip::Yes));
        assert!(delta.contains("#EXT-X-SKIP:SKIPPED-SEGMENTS=6\n"), "{delta}");
        assert_eq!(whole.matches("#EXTINF").count() - delta.matches("#EXTINF").count(), 6);
    }

    #[test]
    fn b6_2_5_2_blocking_is_in_the_playlists_own_numbers() {
        let snapshot = fixture::video_window(3, 2);
        let last = 2 * MSN.0 + 5;
        let ask =
            |msn| decide_iframes(&snapshot, &BlockingRequest { msn: Some(Msn(msn)), ..Default::default() });
        assert_eq!((ask(1), ask(last)), (Decision::Serve, Decision::Serve));
        assert!(
            matches!(ask(last + 1), Decision::Wait { .. }) && matches!(ask(last + 2), Decision::Wait { .. })
        );
        assert!(matches!(ask(last + 3), Decision::BadRequest(BadRequest::MsnTooFar { .. })));
        let empty = fixture::video_window(0, 3);
        assert!(matches!(decide_iframes(&empty, &BlockingRequest::default()), Decision::Wait { .. }));
    }
}

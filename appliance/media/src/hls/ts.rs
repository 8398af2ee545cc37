//! The media playlist of the MPEG-TS tier: what every player of the last ten years can read.

use super::control::whole_seconds;
use super::media::written;
use crate::date::Utc;
use crate::decimal::Seconds;
use crate::era::{Era, discontinuity_sequence, write_beginning};
use crate::ts::{Half, TsMsn, listed_halves};
use crate::uri::Media;
use crate::window::Snapshot;
use std::fmt::{self, Write as _};

/// From version 6 on EXTINF durations are compared with the target duration when rounded (section 8); below it a
/// segment of 1.001 s would need a target duration of 2, and players would start twice as far behind.
const VERSION: u32 = 6;

/// Segments listed, and so seconds: the six that Apple asks for (authoring specification 8.11), and no more, since
/// there are players which begin at the start of the list. VLC does: with 20 s listed it was 16 s behind.
const LISTED: usize = 6;

/// Renders the media playlist of one video rendition with its audio. It lists what
/// [`ts::segment`](crate::ts::segment) can make at this instant.
#[must_use]
pub fn ts_media_playlist(video: &Snapshot, audio: Option<&Snapshot>) -> String {
    written(|f| write(f, video, audio))
}

fn write(f: &mut String, video: &Snapshot, audio: Option<&Snapshot>) -> fmt::Result {
    let halves: Vec<Half<'_>> = listed_halves(video, audio).collect();
    let newest = &halves[halves.len().saturating_sub(LISTED)..];
    let first = newest.first().map_or(TsMsn::first_of(video.listed_from), |half| half.number);
    writeln!(f, "#EXTM3U")?;
    writeln!(f, "#EXT-X-VERSION:{VERSION}")?;
    writeln!(f, "#EXT-X-TARGETDURATION:{}", whole_seconds(video.rendition.grid.idr_interval()))?;
    writeln!(f, "#EXT-X-MEDIA-SEQUENCE:{first}")?;
    let begins_segment = first == TsMsn::first_of(first.msn());
    // In the second half of a segment the tag before its first half has gone.
    let counted_from = if begins_segment { first.msn() } else { first.msn().next() };
    if let Some(number) = discontinuity_sequence(&video.eras, counted_from) {
        writeln!(f, "#EXT-X-DISCONTINUITY-SEQUENCE:{number}")?;
    }
    newest.iter().try_for_each(|half| write_half(f, half, &video.eras))
}

fn write_half(f: &mut String, half: &Half<'_>, eras: &[Era]) -> fmt::Result {
    if half.number == TsMsn::first_of(half.number.msn()) {
        write_beginning(f, eras, half.number.msn(), false)?;
    }
    writeln!(f, "#EXT-X-PROGRAM-DATE-TIME:{}", Utc(half.start()))?;
    if half.is_gap() {
        writeln!(f, "#EXT-X-GAP")?;
    }
    writeln!(f, "#EXTINF:{},", Seconds(half.duration()))?;
    writeln!(f, "{}", Media::Ts(half.number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, MSN};

    #[test]
    fn halves_are_listed_once_picture_and_sound_are_whole() {
        let video = fixture::video_window(1, 3);
        insta::assert_snapshot!(ts_media_playlist(&video, Some(&fixture::audio_window(1, 3))), @r"
        #EXTM3U
        #EXT-X-VERSION:6
        #EXT-X-TARGETDURATION:1
        #EXT-X-MEDIA-SEQUENCE:1795358340
        #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:00.000Z
        #EXTINF:1.0,
        1795358340.ts
        #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:01.000Z
        #EXTINF:1.0,
        1795358341.ts
        #EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:39:02.000Z
        #EXTINF:1.0,
        1795358342.ts
        ");
        let long = (fixture::video_window(9, 3), fixture::audio_window(9, 3));
        assert_eq!(ts_media_playlist(&long.0, Some(&long.1)).matches(".ts\n").count(), LISTED);
        let listed = |audio: &Snapshot| ts_media_playlist(&video, Some(audio)).matches(".ts\n").count();
        assert_eq!(listed(&fixture::audio_window(1, 3)), 3);
        assert_eq!(listed(&fixture::audio_window(1, 1)), 2, "the third half waits for its sound");
        assert_eq!(listed(&fixture::audio_window(0, 2)), 1);
        assert_eq!(ts_media_playlist(&video, None).matches(".ts\n").count(), 3);
    }

    #[test]
    fn b6_2_2_media_sequence_follows_the_listed_window() {
        let mut video = fixture::video_window(4, 0);
        video.listed_from = MSN.next();
        let text = ts_media_playlist(&video, Some(&fixture::audio_window(4, 0)));
        let (_, playlist) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
        assert_eq!(playlist.media_sequence, 2 * (MSN.0 + 1));
        assert_eq!(playlist.segments.len(), 6);
        assert_eq!(playlist.segments[0].uri, format!("{}.ts", 2 * MSN.0 + 2));
        let dates: Vec<_> = playlist.segments.iter().filter_map(|s| s.program_date_time).collect();
        let steps: Vec<_> = dates.windows(2).map(|pair| (pair[1] - pair[0]).num_milliseconds()).collect();
        assert_eq!(steps, [1000; 5]);
    }

    #[test]
    fn b6_2_1_a_gap_is_two_gaps() {
        let mut video = fixture::video_window(3, 0);
        fixture::gap(&mut video, MSN.next());
        let text = ts_media_playlist(&video, Some(&fixture::audio_window(3, 0)));
        let gap = format!("#EXT-X-GAP\n#EXTINF:1.0,\n{}.ts\n", 2 * MSN.0 + 3);
        assert!(text.contains(&gap), "{text}");
        assert_eq!(text.matches("#EXT-X-GAP\n").count(), 2);
    }
}

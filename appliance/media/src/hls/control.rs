//! EXT-X-SERVER-CONTROL and the figures it is made of.

use crate::decimal::Seconds;
use crate::grid::Grid;
use crate::time::{TICKS_PER_SECOND, Ticks};
use crate::window::{Rendition, Segment};
use std::fmt;

/// "PART-HOLD-BACK [...] MUST be at least twice the Part Target Duration. [...] SHOULD be at least three times"
/// (4.4.3.8); Apple's authoring specification (14.3) says three times and MUST.
const PART_HOLD_BACK_TARGETS: i64 = 3;

/// No player is sent closer to the end than this, however short the parts: three parts of 0.2 s are 0.64 s of buffer, and
/// hls.js was seen to run dry with that on an idle machine.
const PART_HOLD_BACK_MIN: Ticks = Ticks::from_millis(1000);

/// "The Skip Boundary MUST be at least six times the Target Duration." (4.4.3.8)
const SKIP_BOUNDARY_TARGETS: i64 = 6;

/// What the server of a channel offers, the same in all its media playlists.
///
/// "If any Media Playlist in a Multivariant Playlist contains an EXT-X-SERVER-CONTROL tag, then all Media
/// Playlists in that Multivariant Playlist MUST contain that tag, with the same attributes and values." (6.2.4)
/// So it is made from all renditions at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerControl {
    target_duration: Ticks,
    part_hold_back: Ticks,
}

impl ServerControl {
    /// From all renditions of a channel, audio included.
    #[must_use]
    pub fn for_renditions<'a>(renditions: impl IntoIterator<Item = &'a Rendition>) -> Self {
        let none = Self { target_duration: Ticks::ZERO, part_hold_back: PART_HOLD_BACK_MIN };
        renditions.into_iter().fold(none, |control, rendition| Self {
            target_duration: control.target_duration.max(target_duration(rendition.grid)),
            part_hold_back: control.part_hold_back.max(rendition.part_target() * PART_HOLD_BACK_TARGETS),
        })
    }

    /// EXT-X-TARGETDURATION: "each Media Playlist in each Variant Stream and Rendition MUST have the same Target
    /// Duration" (6.2.4).
    #[must_use]
    pub const fn target_duration(&self) -> Ticks {
        self.target_duration
    }

    /// How close to the end of the playlist a player may play.
    #[must_use]
    pub const fn part_hold_back(&self) -> Ticks {
        self.part_hold_back
    }

    /// CAN-SKIP-UNTIL.
    #[must_use]
    pub fn skip_boundary(&self) -> Ticks {
        self.target_duration * SKIP_BOUNDARY_TARGETS
    }

    /// "A Server that cannot provide the requested Playlist after blocking for more than three Target Durations
    /// SHOULD return Service Unavailable" (6.2.5.2).
    #[must_use]
    pub fn hold_max(&self) -> Ticks {
        self.target_duration * 3
    }

    /// How many of these segments, the oldest, a delta update leaves out: those "further from the end of the last
    /// (Parent) Media Segment in the Playlist than the Skip Boundary" (6.2.5.1).
    #[must_use]
    pub fn skipped<'a>(&self, listed: impl DoubleEndedIterator<Item = &'a Segment> + Clone) -> usize {
        let Some(last) = listed.clone().rfind(|segment| segment.complete) else { return 0 };
        let boundary = last.start + last.duration - self.skip_boundary();
        listed.take_while(|segment| segment.start + segment.duration < boundary).count()
    }
}

impl fmt::Display for ServerControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hold_back, skip) = (Seconds(self.part_hold_back), Seconds(self.skip_boundary()));
        write!(
            f,
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={hold_back},CAN-SKIP-UNTIL={skip}"
        )
    }
}

/// "The EXTINF duration of each Media Segment in the Playlist file, when rounded to the nearest integer, MUST be
/// less than or equal to the Target Duration" (4.4.3.1): 2 for 2.002 s, and for AAC segments of 2.0053 s.
fn target_duration(grid: Grid) -> Ticks {
    Ticks::from_secs(whole_seconds(grid.segment_duration()))
}

/// Seconds, rounded to the nearest integer.
pub(crate) fn whole_seconds(duration: Ticks) -> i64 {
    (duration.0 + TICKS_PER_SECOND / 2).div_euclid(TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::grid::Latency;
    use crate::testing::{audio_rendition_on, video_rendition_on};
    use crate::time::FrameRate;

    fn control(rate: FrameRate) -> ServerControl {
        let video = fixture::video("v", 1280, 720, rate, 1);
        ServerControl::for_renditions([&video, &fixture::audio(rate)])
    }

    #[test]
    fn b4_4_3_8_part_hold_back_is_three_of_the_longest_part_target() {
        let written = |(n, d)| control(FrameRate::new(n, d).unwrap()).to_string();
        let with = |hold_back| {
            format!(
                "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={hold_back},CAN-SKIP-UNTIL=12.0"
            )
        };
        assert_eq!(written((30, 1)), with("1.536"));
        assert_eq!(written((25, 1)), with("1.56"));
        assert_eq!(written((60_000, 1001)), with("1.536"));
    }

    #[test]
    fn short_parts_do_not_send_players_closer_than_a_second() {
        let rate = FrameRate::FPS_30;
        let low = [video_rendition_on(rate, Latency::Low), audio_rendition_on(rate, Latency::Low)];
        assert_eq!(ServerControl::for_renditions(&low).part_hold_back(), PART_HOLD_BACK_MIN);
    }

    #[test]
    fn b6_2_4_the_order_of_renditions_does_not_matter() {
        let rate = FrameRate::FPS_30;
        let video = fixture::video("v", 1280, 720, rate, 1);
        let reversed = ServerControl::for_renditions([&fixture::audio(rate), &video]);
        assert_eq!(control(rate), reversed);
        assert_eq!(reversed.target_duration(), Ticks::from_secs(2));
    }
}

//! Maps the stamps of a source to house time. Pure: arrival times come in, nothing is read from a clock.
//!
//! For each track the smallest `arrival - dts` of late is its *floor*: the fastest that the path can be. What arrives
//! later than that arrived with jitter, so pictures and sound are shown a *reserve* after the floor. Both tracks
//! use one offset, the larger, and so keep their lip sync. The offset is slewed, and jumps only when it must.
//!
//! A stamp more than [`WILD`] off its timeline, or more than [`BACKWARDS_MAX`] behind its predecessor, is replaced by one
//! right after that; three in a row are a new timeline (mediamtx's rule). One whose units come at the pace of the old one is
//! taken for its continuation: picture and sound of the same sender then go on in step, though each changes over when its
//! own units say so. Any other is joined as if it had just begun.

use crate::begin::AUDIO_FRAME;
use media::time::Ticks;

/// A stamp this far off is not believed.
const WILD: Ticks = Ticks::from_secs(5);
/// Units come in the order of their decode times; this far back is another timeline.
const BACKWARDS_MAX: Ticks = JITTER_MAX;
/// This many unbelievable stamps in a row are believed.
const WILD_IN_A_ROW: u8 = 3;
/// Lateness that is jitter; more is a stall, and no reason to delay everything from now on. FFmpeg's MPEG-TS muxer holds
/// quiet sound back for up to 350 ms, to fill a PES packet.
const JITTER_MAX: Ticks = Ticks::from_millis(400);
/// The least reserve: what a quiet network and a busy box need.
const RESERVE_MIN: Ticks = Ticks::from_millis(80);
/// On top of the jitter seen.
const RESERVE_MARGIN: Ticks = Ticks::from_millis(20);
/// Time over which jitter is remembered (this window and the one before), and after which lateness that never
/// ceased counts as a longer path.
const WINDOW: Ticks = Ticks::from_secs(2);
/// Lateness throughout a window that makes the path longer.
const LATE_STEP: Ticks = Ticks::from_millis(40);
/// The floor rises by one part in this many, so that a sender whose clock is slow is followed.
const LEAK: i64 = 1000;
/// The offset is slewed by one part in this many: half a percent is not heard.
const SLEW: i64 = 200;
/// An offset that is too small by more than this jumps: slewing would leave gaps for too long.
const RAISE_STEP: Ticks = Ticks::from_millis(40);
/// An offset that is too large by more than this jumps: latency must not stay.
const LOWER_STEP: Ticks = Ticks::from_millis(200);
/// A young track's offset follows at once.
const ACQUISITION: Ticks = Ticks::from_secs(2);
/// Tracks further apart than this are not on one timeline; a track unheard of for so long has no say.
const SKEW_MAX: Ticks = Ticks::from_secs(2);
/// The audio encoder takes its sound this much before a slot of the same time is drawn (see `ladder::audio`).
pub(crate) const AUDIO_LEAD: Ticks = Ticks(2 * AUDIO_FRAME.0);
/// Distance of units that do not say how long they are.
const STEP_DEFAULT: Ticks = Ticks::from_millis(20);

/// What is held on the grid may be shown this much earlier than its jitter asks for.
const HELD_SHORT_MAX: Ticks = Ticks::from_millis(30);
/// Beyond the distance of key pictures it may be shown this much later than it must.
const HELD_SPARE: Ticks = Ticks::from_millis(150);

/// One of a source's two tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Video,
    Audio,
}

impl Kind {
    /// For people.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Video => "picture",
            Self::Audio => "sound",
        }
    }
}

/// The stamps of one access unit, and when it arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamps {
    pub(crate) dts: Ticks,
    pub(crate) pts: Ticks,
    pub(crate) duration: Ticks,
    /// House time.
    pub(crate) arrived: Ticks,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct SourceClock {
    video: Option<Track>,
    audio: Option<Track>,
    /// What is added to the stamps of pictures while their keys are held on the grid.
    held: Option<Ticks>,
}

#[derive(Debug)]
struct Track {
    /// The smallest `arrival - dts` of late.
    floor: Ticks,
    began: Ticks,
    seen: Ticks,
    window: Window,
    /// Largest `arrival - dts` of the window before, jitter only.
    previous_most: Ticks,
    wild: u8,
    /// The first of these.
    first_wild: Ticks,
    /// The stamp of the newest unit.
    newest: Option<Ticks>,
    /// The stamp that follows the newest one that was believed.
    next: Option<Ticks>,
    /// When it went on on another timeline.
    moved: Option<Ticks>,
    /// What is added to stamps.
    offset: Option<Ticks>,
    last: Ticks,
}

#[derive(Debug)]
struct Window {
    began: Ticks,
    least: Ticks,
    /// Jitter only.
    most: Ticks,
}

impl Window {
    fn new(began: Ticks, delta: Ticks) -> Self {
        Self { began, least: delta, most: delta }
    }
}

impl Track {
    fn new(delta: Ticks, arrived: Ticks) -> Self {
        let window = Window::new(arrived, delta);
        let (floor, previous_most) = (delta, delta);
        Self {
            floor,
            began: arrived,
            seen: arrived,
            window,
            previous_most,
            wild: 0,
            first_wild: Ticks::ZERO,
            newest: None,
            next: None,
            moved: None,
            offset: None,
            last: arrived + RESERVE_MIN,
        }
    }

    fn is_wild(&self, dts: Ticks, delta: Ticks) -> bool {
        (delta - self.floor).0.abs() > WILD.0 || self.next.is_some_and(|next| next - dts > BACKWARDS_MAX)
    }

    /// Goes on on the timeline of the wild stamps, if that continues the old one; says whether it does.
    fn goes_on(&mut self, delta: Ticks, arrived: Ticks) -> bool {
        let Some(jump) = self.next.map(|next| next - self.first_wild) else { return false };
        if (delta - self.floor - jump).0.abs() > JITTER_MAX.0 {
            return false;
        }
        let (least, most) = (self.window.least + jump, self.window.most + jump);
        self.window = Window { began: self.window.began, least, most };
        self.floor += jump;
        self.previous_most += jump;
        self.offset = self.offset.map(|offset| offset + jump);
        self.moved = Some(arrived);
        true
    }

    fn observe(&mut self, delta: Ticks, arrived: Ticks) {
        let elapsed = (arrived - self.seen).max(Ticks::ZERO);
        self.seen = self.seen.max(arrived);
        self.floor += Ticks(elapsed.0 / LEAK);
        if delta < self.floor {
            self.lower_floor(delta, arrived);
        }
        if elapsed >= WINDOW {
            self.window = Window::new(arrived, delta);
        } else if arrived - self.window.began >= WINDOW {
            self.close_window(delta, arrived);
        }
        self.window.least = self.window.least.min(delta);
        if delta - self.floor <= JITTER_MAX {
            self.window.most = self.window.most.max(delta);
        }
    }

    /// What a young track brought before was no jitter but what the sender had kept for its beginning.
    fn lower_floor(&mut self, delta: Ticks, arrived: Ticks) {
        self.floor = delta;
        if arrived - self.began < ACQUISITION {
            (self.window.most, self.previous_most) = (delta, delta);
        }
    }

    fn close_window(&mut self, delta: Ticks, arrived: Ticks) {
        if self.window.least - self.floor > LATE_STEP {
            self.floor = self.window.least;
        }
        self.previous_most = self.window.most.min(self.floor + JITTER_MAX);
        self.window = Window::new(arrived, delta);
        self.window.most = delta.min(self.floor + JITTER_MAX);
    }

    /// Where the offset should be, if this track were alone.
    fn target(&self, lead: Ticks) -> Ticks {
        let jitter = (self.window.most.max(self.previous_most) - self.floor).min(JITTER_MAX);
        self.floor + (jitter + RESERVE_MARGIN).max(RESERVE_MIN) + lead
    }

    fn steer(&mut self, target: Ticks, elapsed: Ticks, is_young: bool) {
        let offset = *self.offset.get_or_insert(target);
        let (missing, slew) = (target - offset, (elapsed.0 / SLEW).max(0));
        let jumps = is_young || missing > RAISE_STEP || missing < -LOWER_STEP;
        self.offset = Some(if jumps { target } else { offset + Ticks(missing.0.clamp(-slew, slew)) });
    }
}

impl SourceClock {
    /// Takes note of an access unit and says at which house time it is to be shown or heard, and whether its stamp was
    /// one to be believed.
    pub(crate) fn observe(&mut self, kind: Kind, stamps: Stamps) -> (Ticks, bool) {
        let Stamps { dts, pts, duration, arrived } = stamps;
        let delta = arrived - dts;
        let reordering = if (pts - dts).0.abs() > WILD.0 { Ticks::ZERO } else { pts - dts };
        let (slot, other) = match kind {
            Kind::Video => (&mut self.video, &self.audio),
            Kind::Audio => (&mut self.audio, &self.video),
        };
        let track = slot.get_or_insert_with(|| {
            // What the other track has shown of the path holds for this one, which may begin in the middle of a burst.
            let shared = other.as_ref().map(|other| other.floor).filter(|floor| {
                let late = delta - *floor;
                Ticks::ZERO < late && late <= JITTER_MAX
            });
            Track { floor: shared.unwrap_or(delta), ..Track::new(delta, arrived) }
        });
        let runs_backwards = track.newest.replace(dts).is_some_and(|newest| dts < newest);
        let step = if duration > Ticks::ZERO { duration } else { STEP_DEFAULT };
        let is_wild = track.is_wild(dts, delta);
        if is_wild {
            if track.wild == 0 {
                track.first_wild = dts;
            }
            track.wild += 1;
            if track.wild < WILD_IN_A_ROW {
                track.last += step;
                return (track.last, false);
            }
            if !track.goes_on(delta, arrived) {
                *track = Track { newest: Some(dts), ..Track::new(delta, arrived) };
            }
            self.held = None;
        }
        track.wild = 0;
        track.next = Some(dts + step);
        let elapsed = arrived - self.newest_arrival(arrived);
        self.track(kind).observe(delta, arrived);
        self.steer(arrived, elapsed);
        let later = self.later();
        let track = self.track(kind);
        track.last =
            later + dts + reordering + track.offset.expect("steering sets the offset of every track");
        (track.last, !(is_wild || runs_backwards))
    }

    /// By how much all is later than it would be if no key picture were held on the grid.
    fn later(&self) -> Ticks {
        let offset = self.video.as_ref().and_then(|video| video.offset);
        self.held.zip(offset).map_or(Ticks::ZERO, |(held, offset)| held - offset)
    }

    /// Holds key pictures on multiples of `interval`, or lets go of them. Called for each picture after it was observed;
    /// says by how much that changes when it is due. A path that has become too long for what is held, or a source whose
    /// clock has run away by as much as it is shown later, is let go of as well, and held anew at its next key picture.
    pub(crate) fn align(&mut self, dts: Ticks, is_key: bool, interval: Option<Ticks>) -> Ticks {
        let before = self.later();
        let fits = |interval: &Ticks| (-HELD_SHORT_MAX..=*interval + HELD_SPARE).contains(&before);
        if !interval.as_ref().is_some_and(fits) {
            self.held = None;
        }
        let offset = self.video.as_ref().and_then(|video| video.offset);
        if let (true, None, Some(interval), Some(offset)) = (is_key, self.held, interval, offset) {
            let due = (dts + offset).0;
            self.held = Some(Ticks((due + interval.0 - 1).div_euclid(interval.0) * interval.0) - dts);
        }
        self.later() - before
    }

    fn track(&mut self, kind: Kind) -> &mut Track {
        let track = match kind {
            Kind::Video => self.video.as_mut(),
            Kind::Audio => self.audio.as_mut(),
        };
        track.expect("made when its first unit was observed")
    }

    /// When the newest unit so far arrived, of either track.
    fn newest_arrival(&self, now: Ticks) -> Ticks {
        [&self.video, &self.audio].into_iter().flatten().map(|track| track.seen).max().unwrap_or(now)
    }

    /// Moves the offsets of both tracks towards the larger target, or each towards its own when they are on
    /// different timelines.
    fn steer(&mut self, now: Ticks, elapsed: Ticks) {
        // While the sound may still be to come, the first pictures are shown as they will be with it.
        let expects_sound =
            self.audio.is_none() && self.video.as_ref().is_some_and(|video| now - video.began < ACQUISITION);
        let video_lead = if expects_sound { AUDIO_LEAD } else { Ticks::ZERO };
        let tracks = [(&mut self.video, video_lead), (&mut self.audio, AUDIO_LEAD)];
        let mut live: Vec<_> = tracks
            .into_iter()
            .filter_map(|(track, lead)| track.as_mut().map(|track| (track.target(lead), track)))
            .filter(|(_, track)| now - track.seen <= SKEW_MAX)
            .collect();
        if let [(video, _), (audio, _)] = &mut live[..] {
            if (*video - *audio).0.abs() <= SKEW_MAX.0 {
                let larger = (*video).max(*audio);
                (*video, *audio) = (larger, larger);
            } else if live.iter().all(|(_, track)| track.offset.is_some())
                && live.iter().any(|(_, track)| track.moved.is_some_and(|moved| now - moved < WINDOW))
            {
                // One has gone over to another timeline: the other is about to follow, and finds the same offset.
                return;
            }
        }
        let is_young = live.iter().any(|(_, track)| now - track.began < ACQUISITION);
        for (target, track) in live {
            track.steer(target, elapsed, is_young);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Ticks = Ticks(641_000_000_000_000);
    const FRAME: Ticks = Ticks(12_000);

    fn millis(millis: i64) -> Ticks {
        Ticks::from_millis(millis)
    }

    fn at(dts: Ticks, arrived: Ticks) -> Stamps {
        Stamps { dts, pts: dts, duration: FRAME, arrived }
    }

    /// Feeds video frames `range`, each late by what `late` says, and returns the last one's house time minus its
    /// ideal arrival.
    fn feed(clock: &mut SourceClock, range: std::ops::Range<i64>, late: impl Fn(i64) -> Ticks) -> Ticks {
        let mut reserve = Ticks::ZERO;
        for frame in range {
            let dts = FRAME * frame;
            reserve = clock.observe(Kind::Video, at(dts, NOW + dts + late(frame))).0 - NOW - dts;
        }
        reserve
    }

    #[test]
    fn a_steady_source_is_shown_a_fixed_reserve_after_its_arrival() {
        let mut clock = SourceClock::default();
        // There is no telling yet that there will be no sound.
        assert_eq!(feed(&mut clock, 0..1, |_| Ticks::ZERO), RESERVE_MIN + AUDIO_LEAD);
        assert_eq!(feed(&mut clock, 1..3000, |_| Ticks::ZERO), RESERVE_MIN);
    }

    #[test]
    fn jitter_is_covered_and_a_single_stall_does_not_add_latency() {
        let mut clock = SourceClock::default();
        let jittered = feed(&mut clock, 0..300, |frame| millis(frame % 10 * 15));
        assert!(jittered >= millis(135) && jittered <= millis(160), "{jittered:?}");
        let mut clock = SourceClock::default();
        feed(&mut clock, 0..300, |_| Ticks::ZERO);
        // Frames 300 to 330 arrive together, up to a second late.
        let stalled = feed(&mut clock, 300..330, |frame| FRAME * (330 - frame));
        // The floor has leaked upwards meanwhile.
        assert!(stalled <= JITTER_MAX + RESERVE_MARGIN + millis(2), "{stalled:?}");
        let later = feed(&mut clock, 330..3000, |_| Ticks::ZERO);
        assert!((later - RESERVE_MIN).0.abs() <= millis(1).0, "{later:?}");
    }

    #[test]
    fn a_longer_path_is_followed_after_one_window() {
        let mut clock = SourceClock::default();
        feed(&mut clock, 0..300, |_| Ticks::ZERO);
        let reserve = feed(&mut clock, 300..450, |_| millis(1500));
        assert!((reserve - millis(1580)).0.abs() <= millis(5).0, "{reserve:?}");
    }

    #[test]
    fn a_burst_at_the_beginning_costs_no_latency() {
        let mut clock = SourceClock::default();
        // A server that keeps the last GOP sends it at once: frames 0 to 60 arrive when 60 is due.
        feed(&mut clock, 0..60, |frame| FRAME * (60 - frame));
        assert_eq!(feed(&mut clock, 60..70, |_| Ticks::ZERO), RESERVE_MIN + AUDIO_LEAD);
    }

    #[test]
    fn tracks_share_the_larger_offset() {
        let mut clock = SourceClock::default();
        let mut both = (Ticks::ZERO, Ticks::ZERO);
        for frame in 0..900 {
            let dts = FRAME * frame;
            let video = clock.observe(Kind::Video, at(dts, NOW + dts)).0 - dts;
            let audio = clock.observe(Kind::Audio, at(dts, NOW + dts + millis(120))).0 - dts;
            both = (video, audio);
        }
        assert_eq!(both.0, both.1);
        assert_eq!(both.0 - NOW, millis(200) + AUDIO_LEAD);
    }

    #[test]
    fn a_wild_stamp_is_replaced_and_three_are_joined() {
        let mut clock = SourceClock::default();
        let before = feed(&mut clock, -600..300, |_| Ticks::ZERO);
        let expected = |frame: i64| NOW + FRAME * frame + before;
        let hours = Ticks::from_secs(7200);
        let arrived = |frame: i64| NOW + FRAME * frame;
        let (wild, in_order) = clock.observe(Kind::Video, at(FRAME * 300 + hours, arrived(300)));
        assert!(!in_order);
        assert_eq!(wild, expected(300));
        assert_eq!(feed(&mut clock, 301..302, |_| Ticks::ZERO), before);
        let joined = [302, 303, 304]
            .map(|frame| clock.observe(Kind::Video, at(FRAME * frame - hours, arrived(frame))).0);
        assert_eq!(joined, [302, 303, 304].map(expected));
    }

    #[test]
    fn sound_and_picture_go_over_to_another_timeline_in_step() {
        // Pictures come at once, sound in bursts, as from a sender that is held up: each track needs another reserve.
        const AUDIO: Ticks = Ticks::from_millis(20);
        for jump in [-3000, -600, 7_200_000, -7_200_000].map(millis) {
            let mut clock = SourceClock::default();
            let stamp = |at: Ticks| if at < Ticks::from_secs(10) { at } else { at + jump };
            let shown = |clock: &mut SourceClock, kind, at: Ticks, late| {
                let stamps =
                    Stamps { dts: stamp(at), pts: stamp(at), duration: AUDIO, arrived: NOW + at + late };
                clock.observe(kind, stamps).0 - NOW - at
            };
            let mut reserves = Vec::new();
            for unit in 0..1000 {
                let at = AUDIO * unit;
                let video = shown(&mut clock, Kind::Video, at, Ticks::ZERO);
                let audio = shown(&mut clock, Kind::Audio, at, millis(unit % 10 * 20));
                if unit > 300 {
                    reserves.extend([video, audio]);
                }
            }
            let (least, most) = (reserves.iter().min().unwrap(), reserves.iter().max().unwrap());
            assert!(*most - *least <= millis(10), "{least:?} to {most:?} after a jump of {jump:?}");
        }
    }

    #[test]
    fn a_timeline_that_begins_after_a_pause_is_no_continuation() {
        let mut clock = SourceClock::default();
        let before = feed(&mut clock, -600..300, |_| Ticks::ZERO);
        let hour = Ticks::from_secs(3600);
        let after = feed(&mut clock, 400..500, |_| hour);
        assert!((after - hour - before).0.abs() <= AUDIO_LEAD.0, "{after:?}");
    }

    #[test]
    fn a_pause_of_the_source_is_no_wild_stamp() {
        let mut clock = SourceClock::default();
        let before = feed(&mut clock, -600..300, |_| Ticks::ZERO);
        let after = feed(&mut clock, 1000..1100, |_| Ticks::ZERO);
        assert!((after - before).0.abs() < millis(1).0);
    }

    #[test]
    fn a_slow_sender_is_followed_without_a_jump() {
        let mut clock = SourceClock::default();
        // 200 ppm: a second of house time is 0.9998 s of the sender's.
        let (mut last, mut largest) = (None, 0);
        for frame in 0..36_000 {
            let dts = FRAME * frame;
            let shown = clock.observe(Kind::Video, at(dts, NOW + dts + Ticks(dts.0 / 5000))).0;
            if let Some(last) = last {
                largest = largest.max((shown - last - FRAME).0.abs());
            }
            last = Some(shown);
            let reserve = shown - (NOW + dts + Ticks(dts.0 / 5000));
            assert!(reserve >= millis(60) && reserve <= millis(130), "{reserve:?} at {frame}");
        }
        assert!(Ticks(largest) <= millis(1), "{largest}");
    }

    #[test]
    fn a_day_with_a_sender_that_is_200_ppm_off_builds_up_no_delay() {
        const DAY: i64 = 24 * 3600 * 25;
        for sign in [1, -1] {
            let mut clock = SourceClock::default();
            let (mut least, mut most) = (millis(1000), Ticks::ZERO);
            for frame in 0..DAY {
                let dts = FRAME * frame;
                let arrived = NOW + dts + Ticks(sign * dts.0 / 5000);
                let (shown, in_order) = clock.observe(Kind::Video, at(dts, arrived));
                assert!(in_order, "frame {frame} was not believed");
                if frame > 250 {
                    (least, most) = (least.min(shown - arrived), most.max(shown - arrived));
                }
            }
            assert!(least >= millis(60) && most <= millis(130), "{least:?} to {most:?}, {sign}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_shown_far_from_its_arrival(
            units in proptest::collection::vec((any::<bool>(), -10_000i64..10_000, 0i64..100), 1..300),
        ) {
            let (mut clock, mut now) = (SourceClock::default(), NOW);
            for (is_video, dts, gap) in units {
                now += millis(gap);
                let kind = if is_video { Kind::Video } else { Kind::Audio };
                let (shown, _) = clock.observe(kind, at(millis(dts), now));
                // Stamps are believed within WILD of the floor, which itself lies within the same of the rest.
                prop_assert!((shown - now).0.abs() <= 5 * WILD.0, "{shown:?} {now:?}");
            }
        }
    }
}

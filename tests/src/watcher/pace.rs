//! I5: how long each rendition goes without a new part, seen by blocked playlist requests: one is always held for
//! the next part, so that a part is seen when it is published and not when somebody looks.
//!
//! How a gap is judged: the time this process was itself held up within it (see `metronome.rs`) is taken off, or that for
//! which the daemon or its workers had no processor (`starved.rs`) if it is more; more than [`PART_GAP_MAX`] of what is
//! left is a broken promise. A gap which is longer only together with that time is counted as excused. While nobody answers at all there is no gap: that is an absence, judged as such.

use super::metronome::HeldUp;
use crate::clock::{now, utc_ms};
use crate::http;
use crate::playlist::{Media, Multivariant};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The longest time between two parts of a rendition.
pub const PART_GAP_MAX: Duration = Duration::from_millis(1000);
/// After an answer that brought nothing new, or none.
const ASK_AGAIN: Duration = Duration::from_millis(50);
/// Without an answer for this long, somebody holds the request and nobody is away: twice the longest hold.
const HELD_MAX: Duration = Duration::from_secs(12);

/// One rendition that went without a new part for too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatePart {
    /// Its playlist.
    pub playlist: String,
    /// The part that ended the gap: segment, and how many of its parts were listed then. `None` when the watch ended
    /// first.
    pub ended_by: Option<(u64, usize)>,
    /// UTC in milliseconds when the gap began.
    pub from_utc_ms: i64,
    /// How long it was.
    pub gap: Duration,
    /// How much of it the watcher itself was held up.
    pub held_up: Duration,
    /// How much of it the daemon or a worker of its wanted a processor and had none.
    pub starved: Duration,
}

impl LatePart {
    /// What the channel has to answer for.
    #[must_use]
    pub fn own(&self) -> Duration {
        self.gap.saturating_sub(self.held_up.max(self.starved))
    }
}

impl fmt::Display for LatePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { playlist, ended_by, from_utc_ms, gap, held_up, starved } = self;
        write!(f, "I5 {playlist}: no new part for {gap:?} from UTC {from_utc_ms} ms on")?;
        match ended_by {
            Some((msn, parts)) => write!(f, ", until part {} of segment {msn}", parts.saturating_sub(1))?,
            None => write!(f, ", until the watch ended")?,
        }
        write!(
            f,
            " (of it the watcher was held up for {held_up:?}, the box without a processor for {starved:?})"
        )
    }
}

/// What was seen of one rendition's pace.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    pub(super) parts: u64,
    pub(super) gap_max: Duration,
    long: Vec<(Instant, LatePart)>,
}

impl Pace {
    /// Gaps that break the promise, and the number of those that are excused.
    pub(super) fn judged(&self, held_up: &HeldUp, starved: &HeldUp) -> (Vec<LatePart>, u64) {
        let measured = self.long.iter().map(|(from, late)| LatePart {
            held_up: held_up.within(*from, *from + late.gap),
            starved: starved.within(*from, *from + late.gap),
            ..late.clone()
        });
        let (late, excused): (Vec<_>, Vec<_>) = measured.partition(|late| late.own() > PART_GAP_MAX);
        (late, excused.len() as u64)
    }
}

/// Follows every rendition of a channel, each on a thread of its own.
pub(super) fn follow(channel_url: &str, stop: &Arc<AtomicBool>) -> Vec<JoinHandle<Pace>> {
    let playlists = loop {
        match Multivariant::fetch(&format!("{channel_url}/master.m3u8")) {
            Ok(multivariant) => break multivariant,
            Err(_) if stop.load(Ordering::Relaxed) => return Vec::new(),
            Err(_) => std::thread::sleep(ASK_AGAIN),
        }
    };
    let followed = playlists.all().map(|url| {
        let mut follower = Follower::new(url.clone());
        let stop = Arc::clone(stop);
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                follower.ask();
            }
            follower.end()
        })
    });
    followed.collect()
}

struct Follower {
    playlist: String,
    newest: Option<(u64, usize)>,
    /// When a part was last published, by both clocks; `None` when that was not seen.
    since: Option<(Instant, i64)>,
    asked: Instant,
    pace: Pace,
}

impl Follower {
    fn new(playlist: String) -> Self {
        Self { playlist, newest: None, since: None, asked: now(), pace: Pace::default() }
    }

    fn ask(&mut self) {
        let url = match self.newest {
            Some((msn, parts)) => format!("{}?_HLS_msn={msn}&_HLS_part={parts}", self.playlist),
            None => self.playlist.clone(),
        };
        self.asked = now();
        let answer = http::get(&url);
        let newest = match &answer {
            Ok(answer) if answer.status == 200 => {
                Media::parse(&self.playlist, &answer.text()).ok().and_then(|media| media.newest_part())
            }
            _ => None,
        };
        match newest {
            Some(newest) if self.newest.is_some_and(|last| newest > last) => self.published(newest),
            Some(newest) if self.newest.is_none() => self.newest = Some(newest),
            _ => {
                if answer.is_err() && self.asked.elapsed() < HELD_MAX {
                    // Nobody there: the next part that is seen may be old.
                    (self.newest, self.since) = (None, None);
                }
                std::thread::sleep(ASK_AGAIN);
            }
        }
    }

    fn published(&mut self, newest: (u64, usize)) {
        self.gap_ends(Some(newest));
        self.pace.parts += 1;
        self.newest = Some(newest);
        self.since = Some((now(), utc_ms()));
    }

    fn gap_ends(&mut self, ended_by: Option<(u64, usize)>) {
        let Some((since, from_utc_ms)) = self.since else { return };
        let gap = since.elapsed();
        self.pace.gap_max = self.pace.gap_max.max(gap);
        if gap > PART_GAP_MAX {
            let playlist = self.playlist.clone();
            let (held_up, starved) = Default::default();
            let late = LatePart { playlist, ended_by, from_utc_ms, gap, held_up, starved };
            self.pace.long.push((since, late));
        }
    }

    fn end(mut self) -> Pace {
        self.gap_ends(None);
        self.pace
    }
}

//! Watches a channel as a viewer with a long memory, all the time, and notes every broken invariant:
//!
//! * I1: media sequence numbers rise by one, parts are complete, no number is used for anything else, ever;
//! * I2: what is listed can be fetched, with the same bytes each time;
//! * I3: decode times go on without hole or overlap; sound begins within one audio frame of the picture;
//! * I4: program date times rise; availabilityStartTime never changes, publishTime never falls.
//!
//! While the daemon is away (a test may have killed it) nothing can be checked; that is counted, not judged.

use crate::clock::now;
use crate::playlist::{Media, Mpd, Multivariant, Segment};
use crate::{boxes, http};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two rounds over all playlists; well under a part.
const ROUND: Duration = Duration::from_millis(200);
/// Kept for the report; more would tell nothing new.
const VIOLATIONS_MAX: usize = 40;
/// Older segments than this are forgotten.
const MEMORY_SEGMENTS: u64 = 600;
/// One AAC frame of 1024 samples at 48 kHz, in microseconds.
const AUDIO_FRAME_MICROS: i128 = 21_334;

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Broken invariants, in words; empty is what every test wants.
    pub violations: Vec<String>,
    /// Rounds over all playlists.
    pub rounds: u64,
    /// Rounds in which the daemon did not answer.
    pub absences: u64,
    /// Segments fetched and checked, all renditions together.
    pub segments: u64,
    /// Listed segments without media.
    pub gaps: u64,
    /// The longest time without a new part in a rendition, as seen at this watcher's pace.
    pub part_gap_max: Duration,
    /// The newest segment seen.
    pub newest_msn: u64,
}

/// A watcher at work on a thread of its own.
#[derive(Debug)]
pub struct Watcher {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Report>,
}

impl Watcher {
    /// Begins to watch the channel at `http://HOST/live/CHANNEL`.
    #[must_use]
    pub fn start(channel_url: String) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut memory = Memory::default();
            while !told.load(Ordering::Relaxed) {
                memory.round(&channel_url);
                std::thread::sleep(ROUND);
            }
            memory.report
        });
        Self { stop, thread }
    }

    /// Ends it and says what it saw.
    ///
    /// # Panics
    /// When the watcher itself broke.
    #[must_use]
    pub fn stop(self) -> Report {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the watcher notes what is wrong, it does not panic")
    }
}

#[derive(Default)]
struct Memory {
    report: Report,
    playlists: BTreeMap<String, Rendition>,
    manifest: Option<Mpd>,
    /// Start of each segment in microseconds, per kind: sound and picture must agree.
    picture_starts: BTreeMap<u64, i128>,
}

#[derive(Default)]
struct Rendition {
    first_msn: u64,
    /// What was seen under each number.
    seen: BTreeMap<u64, Seen>,
    timescale: Option<u64>,
    /// End of the newest checked segment: its number and decode time.
    end: Option<(u64, u64)>,
    newest_part: Option<((u64, usize), Instant)>,
}

#[derive(Clone, Default)]
struct Seen {
    url: String,
    date: String,
    hash: Option<u64>,
    parts: usize,
}

impl Memory {
    fn round(&mut self, channel_url: &str) {
        self.report.rounds += 1;
        if let Err(error) = self.look(channel_url) {
            // No answer, or one that says "starting": the daemon or the channel is away.
            self.report.absences += 1;
            self.playlists.values_mut().for_each(|rendition| rendition.newest_part = None);
            let text = format!("{error:#}");
            if text.contains("status 404") || text.contains("status 500") {
                self.violate(text);
            }
        }
    }

    fn look(&mut self, channel_url: &str) -> anyhow::Result<()> {
        let multivariant = Multivariant::fetch(&format!("{channel_url}/master.m3u8"))?;
        self.manifest(Mpd::fetch(&format!("{channel_url}/manifest.mpd"))?);
        for (is_video, url) in multivariant
            .video
            .iter()
            .map(|url| (true, url))
            .chain(multivariant.audio.iter().map(|url| (false, url)))
        {
            let media = Media::fetch(url)?;
            let mut rendition = self.playlists.remove(url).unwrap_or_default();
            let looked = self.playlist(&mut rendition, &media, is_video);
            self.playlists.insert(url.clone(), rendition);
            looked?;
        }
        Ok(())
    }

    fn violate(&mut self, what: String) {
        if self.report.violations.len() < VIOLATIONS_MAX && !self.report.violations.contains(&what) {
            self.report.violations.push(what);
        }
    }

    /// I4.
    fn manifest(&mut self, new: Mpd) {
        if let Some(old) = self.manifest.take() {
            if old.availability_start_time != new.availability_start_time {
                self.violate(format!("I4 availabilityStartTime became {}", new.availability_start_time));
            }
            if new.publish_time < old.publish_time {
                self.violate(format!(
                    "I4 publishTime fell from {} to {}",
                    old.publish_time, new.publish_time
                ));
            }
        }
        self.manifest = Some(new);
    }

    fn playlist(&mut self, rendition: &mut Rendition, media: &Media, is_video: bool) -> anyhow::Result<()> {
        if media.first_msn < rendition.first_msn {
            let (old, new) = (rendition.first_msn, media.first_msn);
            self.violate(format!("I1 {}: media sequence fell from {old} to {new}", media.url));
        }
        rendition.first_msn = media.first_msn;
        self.numbers(rendition, media);
        self.dates(media);
        self.part_gap(rendition, media);
        if rendition.timescale.is_none()
            && let Some(init) = &media.init_url
        {
            rendition.timescale = Some(boxes::timescale(&http::fetch(init)?.body)?);
        }
        for (msn, url) in media.complete() {
            self.segment(rendition, msn, url, is_video)?;
        }
        self.one_again(rendition, media)?;
        let forget = media.first_msn.saturating_sub(MEMORY_SEGMENTS);
        rendition.seen.retain(|msn, _| *msn >= forget);
        self.picture_starts.retain(|msn, _| *msn >= forget);
        Ok(())
    }

    /// I1: a number always means the same segment at the same time; its parts only grow until it is complete.
    fn numbers(&mut self, rendition: &mut Rendition, media: &Media) {
        for (index, segment) in media.segments.iter().enumerate() {
            self.report.newest_msn = self.report.newest_msn.max(segment.msn);
            self.report.gaps += u64::from(segment.gap && !rendition.seen.contains_key(&segment.msn));
            let old = rendition.seen.entry(segment.msn).or_default();
            if let Some(what) = contradiction(old, segment) {
                let what = format!("I1 {}: segment {}: {what}", media.url, segment.msn);
                if self.report.violations.len() < VIOLATIONS_MAX {
                    self.report.violations.push(what);
                }
            }
            old.url = segment.url.clone().unwrap_or_else(|| std::mem::take(&mut old.url));
            old.date = segment.date.clone().unwrap_or_else(|| std::mem::take(&mut old.date));
            old.parts = segment.parts.len();
            if segment.url.is_none() && index + 1 != media.segments.len() {
                self.violate(format!(
                    "I1 {}: segment {} is not complete but not the last",
                    media.url, segment.msn
                ));
            }
        }
    }

    /// I4: RFC 3339 dates in UTC with the same precision sort as text.
    fn dates(&mut self, media: &Media) {
        let dates: Vec<_> = media.segments.iter().filter_map(|segment| segment.date.as_ref()).collect();
        if let Some(pair) = dates.windows(2).find(|pair| pair[0] >= pair[1]) {
            self.violate(format!("I4 {}: date {} after {}", media.url, pair[1], pair[0]));
        }
        if dates.len() != media.segments.len() {
            self.violate(format!("I4 {}: a segment has no date", media.url));
        }
    }

    fn part_gap(&mut self, rendition: &mut Rendition, media: &Media) {
        let Some(newest) = media.newest_part() else { return };
        match rendition.newest_part {
            Some((old, since)) if old == newest => {
                self.report.part_gap_max = self.report.part_gap_max.max(since.elapsed());
            }
            _ => rendition.newest_part = Some((newest, now())),
        }
    }

    /// I2 and I3, when a segment is complete for the first time.
    fn segment(
        &mut self,
        rendition: &mut Rendition,
        msn: u64,
        url: &str,
        is_video: bool,
    ) -> anyhow::Result<()> {
        if rendition.seen.get(&msn).is_some_and(|seen| seen.hash.is_some()) {
            return Ok(());
        }
        let bytes = http::fetch(url)?.body;
        self.report.segments += 1;
        if let Some(seen) = rendition.seen.get_mut(&msn) {
            seen.hash = Some(hash(&bytes));
        }
        match boxes::fragments(&bytes) {
            Ok(fragments) => self.times(rendition, msn, url, &fragments, is_video),
            Err(error) => self.violate(format!("I2 {url}: {error:#}")),
        }
        Ok(())
    }

    /// I3.
    fn times(
        &mut self,
        rendition: &mut Rendition,
        msn: u64,
        url: &str,
        fragments: &[boxes::Fragment],
        is_video: bool,
    ) {
        let Some(first) = fragments.first() else { return self.violate(format!("I3 {url}: no media")) };
        let mut at = match rendition.end {
            Some((last, end)) if last + 1 == msn => end,
            _ => first.start, // the first one seen, or after a gap
        };
        for fragment in fragments {
            if fragment.start.abs_diff(at) > 1 {
                self.violate(format!("I3 {url}: decode time {} where {at} was due", fragment.start));
            }
            at = fragment.start + fragment.duration;
        }
        rendition.end = Some((msn, at));
        let Some(scale) = rendition.timescale else { return };
        let start = i128::from(first.start) * 1_000_000 / i128::from(scale);
        if is_video {
            self.picture_starts.entry(msn).or_insert(start);
        } else if let Some(picture) = self.picture_starts.get(&msn)
            && (start - picture).abs() > AUDIO_FRAME_MICROS
        {
            self.violate(format!("I3 {url}: sound begins {} us from the picture", start - picture));
        }
    }

    /// I2: one listed segment a round, another each time.
    fn one_again(&mut self, rendition: &Rendition, media: &Media) -> anyhow::Result<()> {
        let complete: Vec<_> = media.complete().collect();
        if complete.is_empty() {
            return Ok(());
        }
        let (msn, url) = complete[usize::try_from(self.report.rounds).unwrap_or(0) % complete.len()];
        let before = rendition.seen.get(&msn).and_then(|seen| seen.hash);
        if before.is_some_and(|before| before != hash(&http::fetch(url).map(|a| a.body).unwrap_or_default()))
        {
            // It may have left the window between the playlist and now; then a fresh playlist does not list it.
            if Media::fetch(&media.url)?.complete().any(|(again, _)| again == msn) {
                self.violate(format!("I2 {url}: other bytes than before, or gone while listed"));
            }
        }
        Ok(())
    }
}

fn contradiction(old: &Seen, new: &Segment) -> Option<&'static str> {
    let changed =
        |old: &str, new: &Option<String>| !old.is_empty() && new.as_ref().is_some_and(|new| new != old);
    if changed(&old.url, &new.url) {
        Some("another URI")
    } else if changed(&old.date, &new.date) {
        Some("another date")
    } else if new.url.is_none() && (!old.url.is_empty() || new.parts.len() < old.parts) {
        Some("it shrank")
    } else {
        None
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

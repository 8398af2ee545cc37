//! I1 - I4 and I6: rounds over all playlists of a channel, compared with all that was seen before.

use super::Report;
use super::owners::Owners;
use crate::clock::now;
use crate::playlist::{Media, Mpd, Multivariant, Segment};
use crate::{boxes, http};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

/// Kept for the report; more would tell nothing new.
const VIOLATIONS_MAX: usize = 40;
/// Older segments than this are forgotten.
const MEMORY_SEGMENTS: u64 = 600;
/// Headers are fetched again after this many rounds.
const HEADER_ROUNDS: u64 = 25;
/// One AAC frame of 1024 samples at 48 kHz, in microseconds.
const AUDIO_FRAME_MICROS: i128 = 21_334;

/// What was seen of one channel.
pub(super) struct Memory {
    pub(super) report: Report,
    channel_url: String,
    owners: Owners,
    /// When it last answered as it should.
    answered: Option<Instant>,
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
    /// The header's name and bytes.
    header: Option<(String, u64)>,
    /// End of the newest checked segment: its number and decode time.
    end: Option<(u64, u64)>,
}

#[derive(Clone, Default)]
struct Seen {
    url: String,
    date: String,
    hash: Option<u64>,
    parts: usize,
}

impl Memory {
    pub(super) fn new(channel_url: String, owners: Owners) -> Self {
        let (report, playlists, picture_starts) = Default::default();
        Self { report, channel_url, owners, answered: None, playlists, manifest: None, picture_starts }
    }

    pub(super) fn round(&mut self) {
        self.report.rounds += 1;
        let looked = self.look();
        let since = *self.answered.get_or_insert_with(now);
        match looked {
            Ok(()) => self.answered = Some(now()),
            // No answer, or one that says "starting": the daemon or the channel is away.
            Err(error) => {
                self.report.absences += 1;
                self.report.absence_max = self.report.absence_max.max(since.elapsed());
                let text = format!("{error:#}");
                if text.contains("status 404") || text.contains("status 500") {
                    self.violate(text);
                }
            }
        }
    }

    fn look(&mut self) -> anyhow::Result<()> {
        let channel_url = self.channel_url.clone();
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
        self.header(rendition, media)?;
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

    /// I2: the header of one name is always the same.
    fn header(&mut self, rendition: &mut Rendition, media: &Media) -> anyhow::Result<()> {
        let Some(url) = &media.init_url else { return Ok(()) };
        let again = self.report.rounds.is_multiple_of(HEADER_ROUNDS);
        if !again && rendition.header.as_ref().is_some_and(|(old, _)| old == url) {
            return Ok(());
        }
        let bytes = http::fetch(url)?.body;
        rendition.timescale = Some(boxes::timescale(&bytes)?);
        let new = (url.clone(), hash(&bytes));
        if let Some(old) = rendition.header.replace(new.clone())
            && old.0 == new.0
            && old.1 != new.1
        {
            self.violate(format!("I2 {url}: other bytes than before"));
        }
        Ok(())
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
        let hash = hash(&bytes);
        if let Some(seen) = rendition.seen.get_mut(&msn) {
            seen.hash = Some(hash);
        }
        if let Some(other) = self.owners.claim(hash, &self.channel_url) {
            self.violate(format!("I6 {url}: the bytes of a segment of {other}"));
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

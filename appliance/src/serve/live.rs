//! What a channel publishes: for each rendition one watch of its newest snapshot and one of its newest playlist.
//!
//! Publishing replaces an `Arc`; nobody waits for a reader. A blocked playlist request is one future that holds
//! one receiver; all of them share the playlist's one rendering, made by whoever asks first.

use super::wait::Watched;
use super::young;
use crate::dvr::archive::{Archive, Found};
use crate::dvr::page::Page;
use crate::dvr::past::Past;
use crate::metrics::channel::ChannelMeter;
use crate::{dvr, limits};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use media::era::Era;
use media::grid::Latency;
use media::hls::media::InTwo;
use media::hls::{self, RenditionReport, ServerControl, Skip};
use media::time::{Msn, Ticks};
use media::ts::{Half, TsMsn};
use media::window::{Rendition, Snapshot};
use media::{dash, ts};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::watch;

/// A text rendered once, plain and compressed (Apple's authoring specification 10.1: playlists MUST be gzipped).
#[derive(Clone, Debug)]
pub struct Rendered {
    /// UTF-8.
    pub plain: Bytes,
    /// The same, by gzip.
    pub gzip: Bytes,
}

impl From<String> for Rendered {
    fn from(text: String) -> Self {
        let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
        encoder.write_all(text.as_bytes()).expect("a Vec takes every write");
        let gzip = encoder.finish().expect("a Vec takes every write").into();
        Self { plain: text.into(), gzip }
    }
}

impl From<Page> for Rendered {
    fn from(page: Page) -> Self {
        Self { gzip: page.gzip(), plain: page.plain() }
    }
}

/// A text that changes with `K`: rendered for the first who asks after a change, shared with the others.
#[derive(Debug)]
struct Cached<K>(Mutex<Option<(K, Rendered)>>);

impl<K> Default for Cached<K> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<K: PartialEq> Cached<K> {
    fn get(&self, key: K, render: impl FnOnce() -> String) -> Rendered {
        let mut cached = self.0.lock().expect("no holder of this lock panics");
        match cached.as_ref() {
            Some((of, text)) if *of == key => text.clone(),
            _ => cached.insert((key, render().into())).1.clone(),
        }
    }
}

/// One state of a rendition's playlist. Immutable; each of its texts is rendered at most once.
#[derive(Debug)]
pub struct Published {
    /// What the playlist describes.
    pub snapshot: Arc<Snapshot>,
    past: Arc<Past>,
    reports: Vec<RenditionReport>,
    control: ServerControl,
    full: OnceLock<Rendered>,
    delta: OnceLock<Rendered>,
    iframes: [OnceLock<Rendered>; 2],
}

impl Published {
    fn new(
        snapshot: Arc<Snapshot>,
        past: Arc<Past>,
        reports: Vec<RenditionReport>,
        control: ServerControl,
    ) -> Self {
        let (full, delta, iframes) = Default::default();
        Self { snapshot, past, reports, control, full, delta, iframes }
    }

    /// The LL-HLS media playlist, whole or as a delta update.
    pub fn playlist(&self, skip: Skip) -> &Rendered {
        let Self { snapshot, past, reports, control, .. } = self;
        let text = if skip == Skip::No { &self.full } else { &self.delta };
        text.get_or_init(|| {
            let in_two = hls::media_playlist_after(past.earlier(), snapshot, reports, control, skip);
            self.rendered(in_two, skip, Past::media)
        })
    }

    /// The I-frame playlist, whole or as a delta update.
    pub fn iframe_playlist(&self, skip: Skip) -> &Rendered {
        let Self { snapshot, past, control, .. } = self;
        let text = &self.iframes[usize::from(skip == Skip::Yes)];
        text.get_or_init(|| {
            let in_two = hls::iframe_playlist_after(past.earlier(), snapshot, control, skip);
            self.rendered(in_two, skip, Past::iframes)
        })
    }

    /// What is listed earlier was rendered and compressed before; a delta update leaves it out.
    fn rendered(&self, InTwo { head, tail }: InTwo, skip: Skip, earlier: fn(&Past) -> &Page) -> Rendered {
        if skip == Skip::Yes || self.past.earlier().is_none() {
            return (head + &tail).into();
        }
        Page::joined([&head.into(), earlier(&self.past), &tail.into()]).into()
    }
}

/// One rendition on air.
#[derive(Debug)]
pub struct Feed {
    /// What it is.
    pub rendition: Arc<Rendition>,
    /// Its past, where the channel has DVR, and its place there.
    archive: Option<(Arc<Archive>, usize)>,
    edge: watch::Sender<Arc<Snapshot>>,
    published: watch::Sender<Arc<Published>>,
    ended: Arc<AtomicBool>,
    /// Whether a part has woken everyone since the last pulse.
    woken: AtomicBool,
    ts_playlist: Cached<TsMsn>,
    ts_segments: Mutex<BTreeMap<TsMsn, Arc<OnceLock<Bytes>>>>,
}

impl Feed {
    fn new(snapshot: Arc<Snapshot>, control: ServerControl, archive: Option<(Arc<Archive>, usize)>) -> Self {
        let published = Published::new(snapshot.clone(), Arc::default(), Vec::new(), control);
        Self {
            rendition: snapshot.rendition.clone(),
            archive,
            edge: watch::Sender::new(snapshot),
            published: watch::Sender::new(Arc::new(published)),
            ended: Arc::default(),
            woken: AtomicBool::new(false),
            ts_playlist: Cached::default(),
            ts_segments: Mutex::default(),
        }
    }

    /// Changes with each chunk.
    pub fn edge(&self) -> Watched<Arc<Snapshot>> {
        Watched { value: self.edge.subscribe(), ended: self.ended.clone() }
    }

    /// Changes with each part.
    pub fn published(&self) -> Watched<Arc<Published>> {
        Watched { value: self.published.subscribe(), ended: self.ended.clone() }
    }

    /// The newest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.edge.borrow().clone()
    }

    /// The CMAF header of this name: of an era that is retained, or about to begin.
    pub fn header(&self, name: &str) -> Option<Bytes> {
        let snapshot = self.snapshot();
        let era = snapshot.eras.iter().find(|era| era.rendition.init_name == name)?;
        Some(era.rendition.init.clone())
    }

    /// A segment that has left the live window.
    pub fn past(&self, msn: Msn) -> Option<Found> {
        let (archive, index) = self.archive.as_ref()?;
        archive.get(*index, msn)
    }

    /// Wakes everyone who waits, so that each can look at its own deadline; media that came since has done so.
    fn pulse(&self) {
        if !self.woken.swap(false, Ordering::AcqRel) {
            self.wake();
        }
    }

    fn wake(&self) {
        self.edge.send_modify(|_| ());
        self.published.send_modify(|_| ());
    }

    /// The media playlist of the TS tier, rendered once for each new segment; nothing before the first.
    pub fn ts_playlist(&self, audio: Option<&Feed>) -> Option<Rendered> {
        let (video, audio) = (self.snapshot(), audio.map(Feed::snapshot));
        let newest = ts::listed_halves(&video, audio.as_deref()).last()?.number;
        let playlist = || hls::ts_media_playlist(&video, audio.as_deref());
        Some(self.ts_playlist.get(newest, playlist))
    }

    fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.wake();
    }

    /// A TS segment by its number: multiplexed for the first who asks, shared with the others. `None` while its
    /// media is not complete, or no longer kept.
    pub fn ts_segment(&self, number: TsMsn, audio: Option<&Feed>) -> Option<Bytes> {
        let video = self.snapshot();
        // Only numbers of complete segments get a place in the cache: nobody can fill it by asking for nonsense.
        Half::of(&video, number).filter(Half::is_complete)?;
        let cell = self.ts_cell(number);
        if let Some(bytes) = cell.get() {
            return Some(bytes.clone());
        }
        let bytes = ts::segment(&video, audio.map(Feed::snapshot).as_deref(), number)?;
        Some(cell.get_or_init(|| bytes).clone())
    }

    fn ts_cell(&self, number: TsMsn) -> Arc<OnceLock<Bytes>> {
        let mut cells = self.ts_segments.lock().expect("no holder of this lock panics");
        while cells.len() >= limits::TS_CACHED_MAX && !cells.contains_key(&number) {
            cells.pop_first();
        }
        cells.entry(number).or_default().clone()
    }
}

/// What a channel plays: its renditions, and the texts that list them.
#[derive(Debug)]
pub struct Programme {
    /// Video best first, then audio.
    pub feeds: Vec<Feed>,
    /// HLS-TS multivariant playlist.
    pub ts_multivariant: Rendered,
    archive: Option<Arc<Archive>>,
    since: Ticks,
    control: ServerControl,
    /// Whether eras may begin: players look at the manifest more often.
    has_eras: bool,
    manifest: Cached<(Ticks, u64, u64)>,
    multivariant: Cached<Option<Msn>>,
}

impl Programme {
    /// A programme of these renditions, with nothing in their windows yet; where the channel has DVR, with their
    /// archive. `since` is when this configuration began.
    #[must_use]
    pub fn new(snapshots: &[Arc<Snapshot>], since: Ticks, archive: Option<Arc<Archive>>) -> Self {
        let all: Vec<&Rendition> = snapshots.iter().map(|snapshot| &*snapshot.rendition).collect();
        let videos: Vec<&Rendition> = all.iter().copied().filter(|rendition| rendition.is_video()).collect();
        let audio = all.iter().copied().find(|rendition| !rendition.is_video());
        let control = ServerControl::for_renditions(all.iter().copied());
        let feed = |(index, snapshot): (usize, &Arc<Snapshot>)| {
            let archive = archive.clone().map(|archive| (archive, index));
            Feed::new(snapshot.clone(), control, archive)
        };
        Self {
            feeds: snapshots.iter().enumerate().map(feed).collect(),
            ts_multivariant: hls::ts_multivariant(&videos, audio).into(),
            archive,
            since,
            control,
            has_eras: snapshots.iter().any(|snapshot| snapshot.eras.iter().any(|era| era.number > 0)),
            manifest: Cached::default(),
            multivariant: Cached::default(),
        }
    }

    /// LL-HLS multivariant playlist. It tells measured bit rates, so it is rendered again for each segment.
    pub fn multivariant(&self) -> Rendered {
        let snapshots: Vec<_> = self.feeds.iter().map(Feed::snapshot).collect();
        let newest = snapshots.first().and_then(|snapshot| snapshot.live_edge()).map(|(msn, _)| msn);
        let all: Vec<&Snapshot> = snapshots.iter().map(Arc::as_ref).collect();
        self.multivariant.get(newest, || hls::multivariant(&all))
    }

    /// Whether a player that is given the manifest at `now` finds what it will ask for.
    pub fn is_playable(&self, now: Ticks) -> bool {
        let target = target_latency(self.feeds.first().map(|feed| &*feed.rendition));
        self.feeds.iter().all(|feed| young::is_playable(began(&feed.snapshot()), target, now))
    }

    /// LL-DASH manifest. It tells how far back viewers may seek, so while a past grows it is rendered again each ten
    /// seconds. `now` is house time.
    pub fn manifest(&self, now: Ticks) -> Rendered {
        let listed = self.archive.as_ref().map_or(Ticks::ZERO, |archive| archive.status().time_shift());
        let snapshots: Vec<_> = self.feeds.iter().map(Feed::snapshot).collect();
        let first = snapshots.first().and_then(|snapshot| began(snapshot));
        let live = young::shift(first, TIME_SHIFT_LIVE, self.since, now);
        let time_shift = listed.max(live.told);
        let changes = self.archive.is_some() || self.has_eras;
        let publish_time = if changes { now } else { live.since };
        // Pictures and sound announce an era one after the other; what all have is told.
        let newest = |snapshot: &Arc<Snapshot>| snapshot.eras.last().map_or(0, |era| era.number);
        let told = snapshots.iter().map(newest).min().unwrap_or(0);
        let oldest = snapshots.first().and_then(|snapshot| snapshot.eras.first()).map_or(0, |era| era.number);
        self.manifest.get((time_shift, oldest, told), || {
            let all: Vec<&Rendition> = self.feeds.iter().map(|feed| &*feed.rendition).collect();
            let mut settings = manifest_settings(publish_time, time_shift, &all);
            if time_shift < TIME_SHIFT_LIVE {
                settings.update_period = dash::UPDATED_WHILE_YOUNG;
            }
            if self.has_eras {
                settings.update_period = dash::UPDATED_OFTEN;
            }
            let eras = |snapshot: &'_ Arc<Snapshot>| -> Vec<Era> {
                snapshot.eras.iter().filter(|era| era.number <= told).cloned().collect()
            };
            let eras: Vec<Vec<Era>> = snapshots.iter().map(eras).collect();
            let of_each: Vec<&[Era]> = eras.iter().map(Vec::as_slice).collect();
            dash::mpd(&dash::Period::of_eras(&of_each), &settings)
        })
    }

    /// How much past there is, where the channel has DVR.
    #[must_use]
    pub fn dvr(&self) -> Option<dvr::archive::Status> {
        Some(self.archive.as_ref()?.status())
    }

    /// The rendition of this name.
    #[must_use]
    pub fn feed(&self, id: &str) -> Option<&Feed> {
        self.feeds.iter().find(|feed| feed.rendition.id == id)
    }

    /// The rendition with sound.
    #[must_use]
    pub fn audio(&self) -> Option<&Feed> {
        self.feeds.iter().find(|feed| !feed.rendition.is_video())
    }

    /// One more chunk of a rendition.
    pub fn publish_chunk(&self, index: usize, snapshot: Arc<Snapshot>) {
        self.feeds[index].edge.send_replace(snapshot);
    }

    /// One more part of a rendition: its playlists are now these.
    pub fn publish_part(&self, index: usize, snapshot: Arc<Snapshot>) {
        let others: Vec<_> = self.feeds.iter().map(Feed::snapshot).collect();
        let reports = RenditionReport::of_others(others.iter().map(Arc::as_ref), &snapshot.rendition.id);
        let feed = &self.feeds[index];
        let past = feed.archive.as_ref().map(|(archive, index)| archive.follow(*index, &snapshot));
        let published = Published::new(snapshot, past.unwrap_or_default(), reports, self.control);
        feed.published.send_replace(Arc::new(published));
        feed.woken.store(true, Ordering::Release);
    }
}

/// What can be seeked to without DVR: the live window.
const TIME_SHIFT_LIVE: Ticks = Ticks::from_secs(2 * limits::WINDOW.listed_segments as i64);

/// When the oldest segment began that is kept.
fn began(snapshot: &Snapshot) -> Option<Ticks> {
    Some(snapshot.rendition.grid.segment_start(snapshot.segments.first()?.msn))
}

fn target_latency(rendition: Option<&Rendition>) -> Ticks {
    match rendition.map(|rendition| rendition.grid.latency()).unwrap_or_default() {
        Latency::Standard => limits::DASH_TARGET_LATENCY,
        Latency::Low => limits::DASH_LOW_TARGET_LATENCY,
    }
}

fn manifest_settings(
    publish_time: Ticks,
    time_shift: Ticks,
    renditions: &[&Rendition],
) -> dash::Settings<'static> {
    dash::Settings {
        publish_time,
        time_shift,
        update_period: dash::UPDATED_SELDOM,
        target_latency: target_latency(renditions.first().copied()),
        production_delay: limits::PRODUCTION_DELAY,
        time_url: "/time",
    }
}

/// A channel as viewers see it. It outlives its programme and every stage.
#[derive(Debug, Default)]
pub struct Live {
    programme: RwLock<Option<Arc<Programme>>>,
    /// What is counted of it.
    pub meter: ChannelMeter,
}

impl Live {
    /// A channel that has not started.
    #[must_use]
    pub fn new(meter: ChannelMeter) -> Self {
        Self { programme: RwLock::default(), meter }
    }

    /// What plays; nothing until the first encoder has opened.
    pub fn programme(&self) -> Option<Arc<Programme>> {
        self.programme.read().expect("no holder of this lock panics").clone()
    }

    /// A new configuration is on air. Who waits for the old one is told that it has ended.
    pub fn set_programme(&self, programme: Arc<Programme>) {
        self.replace(Some(programme));
    }

    /// The channel is switched off.
    pub fn end(&self) {
        self.replace(None);
    }

    fn replace(&self, programme: Option<Arc<Programme>>) {
        let mut current = self.programme.write().expect("no holder of this lock panics");
        if let Some(old) = std::mem::replace(&mut *current, programme) {
            old.feeds.iter().for_each(Feed::end);
        }
    }

    /// Wakes everyone who waits, so that each can look at its own deadline: one timer a channel, not one a request.
    pub fn pulse(&self) {
        if let Some(programme) = self.programme() {
            programme.feeds.iter().for_each(Feed::pulse);
        }
    }
}

/// All channels on air, by slug, and those that are about to be.
#[derive(Clone, Debug, Default)]
pub struct Catalogue(Arc<RwLock<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    on_air: BTreeMap<String, Arc<Live>>,
    /// Channels that are switched on; nobody knows yet just after the start.
    switched_on: Option<BTreeSet<String>>,
}

impl Catalogue {
    /// The channel of this slug, if it is on.
    #[must_use]
    pub fn get(&self, slug: &str) -> Option<Arc<Live>> {
        self.read().on_air.get(slug).cloned()
    }

    /// Whether a channel that is not on air may be in a moment: it is switched on, or nobody knows yet.
    #[must_use]
    pub fn may_come(&self, slug: &str) -> bool {
        self.read().switched_on.as_ref().is_none_or(|slugs| slugs.contains(slug))
    }

    /// The channels that are on.
    #[must_use]
    pub fn slugs(&self) -> Vec<String> {
        self.read().on_air.keys().cloned().collect()
    }

    /// The channels that are switched on; who asks for one of them before it is on air is told to come back.
    pub fn set_switched_on(&self, slugs: BTreeSet<String>) {
        self.write().switched_on = Some(slugs);
    }

    /// Puts a channel on.
    pub fn insert(&self, slug: &str, live: Arc<Live>) {
        self.write().on_air.insert(slug.to_owned(), live);
    }

    /// Takes a channel off.
    pub fn remove(&self, slug: &str) {
        self.write().on_air.remove(slug);
    }

    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.0.read().expect("no holder of this lock panics")
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries> {
        self.0.write().expect("no holder of this lock panics")
    }
}

//! One channel's past: which segments there are, where they are, and which are listed.
//!
//! All bookkeeping is under one lock that is held for microseconds; no file is touched while it is held. Files are
//! written and removed by one task of the blocking pool, which runs while there is something to do.

use super::block_file::{self, Extent};
use super::past::{Listed, Past};
use crate::drill::Drills;
use crate::limits;
use media::described::Described;
use media::grid::Grid;
use media::time::{Msn, Ticks};
use media::window::{Rendition, Segment, Snapshot};
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use tracing::{info, warn};

/// One channel's past.
#[derive(Debug)]
pub struct Archive {
    folder: PathBuf,
    window: Ticks,
    /// May say that the disk is full.
    drills: Drills,
    state: Mutex<State>,
}

/// Where a segment of the past is.
#[derive(Clone, Debug)]
pub enum Found {
    /// Still in memory.
    Memory(Arc<Segment>),
    /// On disk.
    Disk(Extent),
    /// It is a gap, or the disk could not take it.
    Nothing,
}

/// How much past there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// As the operator wants it.
    pub window: Ticks,
    /// From the oldest segment that is listed to the newest one.
    pub listed: Ticks,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Segments that the disk could not take, since the start.
    pub lost: u64,
    /// The past is shorter than it would be, for want of disk.
    pub short: bool,
}

impl Status {
    /// How far back a manifest says that viewers may seek: no further than there is media, and in steps, so that it
    /// does not change all the time.
    #[must_use]
    pub fn time_shift(&self) -> Ticks {
        let listed = self.listed.min(self.window);
        Ticks(listed.0 - listed.0 % limits::DVR_MANIFEST_STEP.0)
    }
}

#[derive(Debug)]
struct State {
    tracks: Vec<Track>,
    /// Segments to write, oldest first.
    to_write: VecDeque<(usize, Msn)>,
    to_remove: Vec<Arc<PathBuf>>,
    /// A task is at work.
    working: bool,
    pending_bytes: u64,
    disk_bytes: u64,
    lost: u64,
    short: bool,
}

/// One rendition's past.
#[derive(Debug)]
struct Track {
    id: String,
    grid: Grid,
    /// Consecutive, oldest first.
    blocks: VecDeque<Block>,
    /// The segment to come.
    next: Option<Msn>,
    /// End of the newest segment.
    end: Ticks,
    past: Arc<Past>,
}

/// [`BLOCK_SEGMENTS`](limits::DVR_BLOCK_SEGMENTS) segments: what is listed, removed and made room of at once.
#[derive(Debug)]
struct Block {
    number: u64,
    path: Arc<PathBuf>,
    bytes: u64,
    entries: Vec<Entry>,
    given_up: GivenUp,
}

/// A block leaves before its time: it is taken off the list at once, but those who have loaded a playlist that lists it
/// still get it for [`DVR_GIVEN_UP_KEPT`](limits::DVR_GIVEN_UP_KEPT).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GivenUp {
    No,
    /// Playlists that do not list it are still to be published.
    Unlisted,
    /// They have been, since this much of the rendition was made.
    Since(Ticks),
}

#[derive(Debug)]
struct Entry {
    described: Described,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Pending(Arc<Segment>),
    Disk { offset: u64 },
    Gap,
    Lost,
}

impl Block {
    fn first(&self) -> Msn {
        self.entries.first().map_or(Msn(0), |entry| entry.described.msn)
    }

    fn end(&self) -> Ticks {
        self.entries.last().map_or(Ticks::ZERO, |last| last.described.start + last.described.duration)
    }

    fn entry(&mut self, msn: Msn) -> Option<&mut Entry> {
        let first = self.first();
        self.entries.get_mut(usize::try_from(msn.0.checked_sub(first.0)?).ok()?)
    }

    fn is_given_up(&self) -> bool {
        self.given_up != GivenUp::No
    }

    /// `None` if it has a segment that the disk could not take.
    fn listed(&self, grid: Grid) -> Option<Listed> {
        if self.entries.iter().any(|entry| matches!(entry.place, Place::Lost)) {
            return None;
        }
        let segments = self.entries.iter().map(|entry| entry.described).collect();
        Some(Listed::new(self.number, segments, grid))
    }
}

const fn block_of(msn: Msn) -> u64 {
    msn.0 / limits::DVR_BLOCK_SEGMENTS
}

impl Track {
    fn block(&mut self, number: u64) -> Option<&mut Block> {
        let first = self.blocks.front()?.number;
        self.blocks.get_mut(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// Puts the blocks before `listed_from` on the list, and takes those off that have left the window.
    fn list(&mut self, listed_from: Msn, window: Ticks) {
        let last = self.past.newest_block();
        let closed = |block: &&Block| {
            last.is_none_or(|last| block.number > last)
                && block.number < block_of(listed_from)
                && !block.is_given_up()
        };
        let newly = self.blocks.iter().filter(closed).map(|block| block.listed(self.grid)).collect();
        if let Some(past) = self.past.moved_on(newly, self.end - window) {
            self.past = Arc::new(past);
        }
    }

    /// Nothing up to this block is listed any more, and all of it goes soon.
    fn give_up_through(&mut self, number: u64) {
        if let Some(past) = self.past.without_through(number) {
            self.past = Arc::new(past);
        }
        for block in self.blocks.iter_mut().take_while(|block| block.number <= number) {
            if !block.is_given_up() {
                block.given_up = GivenUp::Unlisted;
            }
        }
    }

    /// What is listed now is published.
    fn published(&mut self) {
        for block in self.blocks.iter_mut().take_while(|block| block.is_given_up()) {
            if block.given_up == GivenUp::Unlisted {
                block.given_up = GivenUp::Since(self.end);
            }
        }
    }

    /// The oldest block that is not given up yet.
    fn oldest_kept(&self) -> Option<&Block> {
        self.blocks.iter().find(|block| !block.is_given_up())
    }

    /// Bytes on disk of what is given up.
    fn given_up_bytes(&self) -> u64 {
        self.blocks.iter().take_while(|block| block.is_given_up()).map(|block| block.bytes).sum()
    }
}

impl State {
    fn add(&mut self, index: usize, folder: &std::path::Path, segment: &Arc<Segment>) {
        let (track, len) = (&mut self.tracks[index], segment.len() as u64);
        let number = block_of(segment.msn);
        if track.blocks.back().is_none_or(|block| block.number != number) {
            let path = Arc::new(folder.join(format!("{}-{number}.m4s", track.id)));
            let (entries, given_up) = (Vec::new(), GivenUp::No);
            track.blocks.push_back(Block { number, path, bytes: 0, entries, given_up });
        }
        let place = if segment.gap {
            Place::Gap
        } else if self.pending_bytes + len > limits::DVR_PENDING_BYTES_MAX {
            self.lost += 1;
            self.short = true;
            Place::Lost
        } else {
            self.pending_bytes += len;
            self.to_write.push_back((index, segment.msn));
            Place::Pending(segment.clone())
        };
        let entry = Entry { described: Described::of(segment, track.grid), place };
        track.blocks.back_mut().expect("there is one, or it was just added").entries.push(entry);
        track.next = Some(segment.msn.next());
        track.end = segment.start + segment.duration;
    }

    /// Forgets the oldest block of a rendition, and has its file removed.
    fn forget_oldest(&mut self, index: usize) {
        let Some(block) = self.tracks[index].blocks.pop_front() else { return };
        for entry in &block.entries {
            if let Place::Pending(segment) = &entry.place {
                self.pending_bytes -= segment.len() as u64;
            }
        }
        self.disk_bytes -= block.bytes;
        self.to_remove.push(block.path);
    }

    fn clear(&mut self, index: usize) {
        while !self.tracks[index].blocks.is_empty() {
            self.forget_oldest(index);
        }
        self.tracks[index].past = Arc::default();
        self.tracks[index].next = None;
    }

    /// "the corresponding Media Segment MUST remain available to clients for a period of time equal to the duration of
    /// the segment plus the duration of the longest Playlist file distributed by the server containing that segment"
    /// (6.2.2).
    fn expire(&mut self, index: usize, window: Ticks) {
        let end = self.tracks[index].end;
        let oldest = end - window * 2 - limits::DVR_KEPT_LONGER;
        let gone = |block: &Block| {
            let left =
                matches!(block.given_up, GivenUp::Since(since) if end - since >= limits::DVR_GIVEN_UP_KEPT);
            left || block.end() <= oldest
        };
        while self.tracks[index].blocks.front().is_some_and(gone) {
            self.forget_oldest(index);
        }
    }

    /// Gives up what is oldest, of any rendition, until there will be room for all that waits; but nothing of block
    /// `number` or after it. Says whether there will be more room.
    fn give_up_for(&mut self, number: u64, window: Ticks) -> bool {
        while self.tracks.iter().map(Track::given_up_bytes).sum::<u64>() < self.pending_bytes {
            let oldest =
                self.tracks.iter_mut().filter_map(|track| Some((track.oldest_kept()?.number, track)));
            let oldest = oldest.filter(|(oldest, _)| *oldest < number).min_by_key(|(oldest, _)| *oldest);
            let Some((oldest, track)) = oldest else { break };
            let wanted_from = track.end - window;
            let wanted = track.block(oldest).is_some_and(|block| block.end() > wanted_from);
            track.give_up_through(oldest);
            self.short |= wanted;
        }
        self.tracks.iter().any(|track| track.blocks.front().is_some_and(Block::is_given_up))
    }

    /// From the oldest segment that every rendition lists to the newest.
    fn listed(&self) -> Ticks {
        let of = |track: &Track| track.past.oldest().map_or(Ticks::ZERO, |oldest| track.end - oldest.start);
        self.tracks.iter().map(of).min().unwrap_or(Ticks::ZERO)
    }

    /// A segment was written, at this place in its file; or could not be.
    fn written(&mut self, index: usize, msn: Msn, offset: Option<u64>) {
        let number = block_of(msn);
        // It may have been forgotten meanwhile.
        let track = &mut self.tracks[index];
        let listed = track.past.newest_block().is_some_and(|newest| number <= newest);
        let Some(block) = track.block(number) else { return };
        let Some(Entry { place, .. }) = block.entry(msn) else { return };
        let Place::Pending(segment) = &*place else { return };
        let len = segment.len() as u64;
        match offset {
            Some(offset) => {
                *place = Place::Disk { offset };
                block.bytes += len;
                self.disk_bytes += len;
            }
            None => {
                self.lost += 1;
                self.short = true;
                if listed {
                    // It stays in memory while playlists list it.
                    return track.give_up_through(number);
                }
                *place = Place::Lost;
            }
        }
        self.pending_bytes -= len;
    }
}

enum Job {
    Remove(Arc<PathBuf>),
    Write { index: usize, path: Arc<PathBuf>, segment: Arc<Segment> },
}

impl Archive {
    pub(super) fn new(folder: PathBuf, window: Ticks, renditions: &[Arc<Rendition>], drills: Drills) -> Self {
        let track = |rendition: &Arc<Rendition>| Track {
            id: rendition.id.clone(),
            grid: rendition.grid,
            blocks: VecDeque::new(),
            next: None,
            end: Ticks::ZERO,
            past: Arc::default(),
        };
        let state = State {
            tracks: renditions.iter().map(track).collect(),
            to_write: VecDeque::new(),
            to_remove: Vec::new(),
            working: false,
            pending_bytes: 0,
            disk_bytes: 0,
            lost: 0,
            short: false,
        };
        Self { folder, window, drills, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    /// Takes what is new in a rendition's window, and says what is listed before it.
    pub fn follow(self: &Arc<Self>, index: usize, snapshot: &Snapshot) -> Arc<Past> {
        let mut state = self.state();
        let next = state.tracks[index].next;
        let oldest = snapshot.segments.first().map(|segment| segment.msn);
        // The window began anew: numbers would be left out.
        if oldest.zip(next).is_some_and(|(oldest, next)| oldest > next) {
            state.clear(index);
        }
        let next = state.tracks[index].next;
        let new = |segment: &&Arc<Segment>| segment.complete && next.is_none_or(|next| segment.msn >= next);
        for segment in snapshot.segments.iter().filter(new) {
            state.add(index, &self.folder, segment);
        }
        state.tracks[index].list(snapshot.listed_from, self.window);
        state.tracks[index].published();
        state.expire(index, self.window);
        if state.short && state.listed() >= self.window {
            state.short = false;
            info!(folder = %self.folder.display(), "the past is as long again as it should be");
        }
        let past = state.tracks[index].past.clone();
        let idle = state.to_write.is_empty() && state.to_remove.is_empty();
        if !state.working && !idle {
            state.working = true;
            let archive = self.clone();
            actix_rt::task::spawn_blocking(move || archive.work());
        }
        past
    }

    /// Where a segment is; `None` if it is not, or no longer, part of the past.
    #[must_use]
    pub fn get(&self, index: usize, msn: Msn) -> Option<Found> {
        let mut state = self.state();
        let block = state.tracks[index].block(block_of(msn))?;
        let path = block.path.clone();
        let entry = block.entry(msn)?;
        Some(match &entry.place {
            Place::Pending(segment) => Found::Memory(segment.clone()),
            Place::Disk { offset } => Found::Disk(Extent { path, offset: *offset, len: entry.described.len }),
            Place::Gap | Place::Lost => Found::Nothing,
        })
    }

    /// How much past there is.
    #[must_use]
    pub fn status(&self) -> Status {
        let state = self.state();
        let &State { disk_bytes, lost, short, .. } = &*state;
        Status { window: self.window, listed: state.listed(), disk_bytes, lost, short }
    }

    /// Works until there is nothing to do.
    fn work(&self) {
        while let Some(job) = self.next_job() {
            match job {
                Job::Remove(path) => remove(&path),
                Job::Write { index, path, segment } => {
                    let written = self.write(&path, &segment);
                    if written.as_ref().is_err_and(is_full) && self.make_room_later(index, segment.msn) {
                        return;
                    }
                    if let Err(error) = &written
                        && !self.status().short
                    {
                        warn!(path = %path.display(), %error, "a segment of the past could not be kept");
                    }
                    self.state().written(index, segment.msn, written.ok());
                }
            }
        }
    }

    fn next_job(&self) -> Option<Job> {
        let mut state = self.state();
        if let Some(path) = state.to_remove.pop() {
            return Some(Job::Remove(path));
        }
        while let Some((index, msn)) = state.to_write.pop_front() {
            let Some(block) = state.tracks[index].block(block_of(msn)) else { continue };
            let path = block.path.clone();
            if let Some(Entry { place: Place::Pending(segment), .. }) = block.entry(msn) {
                return Some(Job::Write { index, path, segment: segment.clone() });
            }
        }
        state.working = false;
        None
    }

    /// Writes a segment.
    fn write(&self, path: &std::path::Path, segment: &Segment) -> io::Result<u64> {
        std::fs::create_dir_all(&self.folder)?;
        if self.drills.disk_is_full() || room(&self.folder)? < segment.len() as u64 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        block_file::append(path, segment.chunks().map(|chunk| &chunk.bytes))
    }

    /// There is no room for this segment: gives up what is older, and puts the segment back until that has gone. False
    /// if nothing is older.
    fn make_room_later(&self, index: usize, msn: Msn) -> bool {
        let mut state = self.state();
        let was_short = state.short;
        let comes = state.give_up_for(block_of(msn), self.window);
        if state.short && !was_short {
            warn!(folder = %self.folder.display(), "the disk is full: the past becomes shorter");
        }
        if comes {
            state.to_write.push_front((index, msn));
            state.working = false;
        }
        comes
    }
}

impl Drop for Archive {
    /// Thousands of files may take a while: nobody waits for it.
    fn drop(&mut self) {
        let folder = std::mem::take(&mut self.folder);
        let removing = std::thread::Builder::new().name("dvr-remove".into()).spawn(move || {
            match std::fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    warn!(folder = %folder.display(), %error, "the past could not be removed; the next start will");
                }
                _ => (),
            }
        });
        if let Err(error) = removing {
            warn!(%error, "the past could not be removed; the next start will");
        }
    }
}

fn remove(path: &std::path::Path) {
    match std::fs::remove_file(path) {
        // Nothing of that block was ever written.
        Err(error) if error.kind() == io::ErrorKind::NotFound => (),
        Err(error) => warn!(path = %path.display(), %error, "a block of the past could not be removed"),
        Ok(()) => (),
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Bytes that the past, or an upload, may still take of the disk: the database, recordings and logs live there too.
pub(crate) fn room(folder: &std::path::Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    let reserve =
        (disk.f_blocks * disk.f_frsize / limits::DVR_DISK_RESERVE_SHARE).min(limits::DVR_DISK_RESERVE_MAX);
    Ok((disk.f_bavail * disk.f_frsize).saturating_sub(reserve))
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;

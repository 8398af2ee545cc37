//! The archive on a real folder, fed by the real packager.

use super::*;
use crate::dvr::Shelf;
use bytes::Bytes;
use futures_util::TryStreamExt;
use media::hls::media::Earlier;
use media::packager::{Pushed, RenditionPackager};
use media::testing;
use media::time::FrameRate;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const WINDOW: Ticks = Ticks::from_secs(60);
/// A whole block begins here.
const START: Msn = Msn(890_000_000);

struct Channel {
    folder: TempDir,
    archive: Arc<Archive>,
    packager: RenditionPackager,
    /// What was packaged, to compare with what is read.
    segments: BTreeMap<Msn, Arc<Segment>>,
    past: Arc<Past>,
    disk_hangs: bool,
}

impl Channel {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let rendition = Arc::new(testing::audio_rendition(FrameRate::FPS_30));
        let shelf = Shelf::open(folder.path(), Drills::of_nothing()).unwrap().of("hall", WINDOW);
        let archive = shelf.archive(std::slice::from_ref(&rendition));
        let packager = RenditionPackager::new(rendition, limits::DVR_WINDOW);
        let (segments, past, disk_hangs) = Default::default();
        Self { folder, archive, packager, segments, past, disk_hangs }
    }

    /// Packages segments from this one on.
    async fn run(&mut self, from: Msn, count: u64) {
        let rendition = self.packager.snapshot().rendition.clone();
        let start = Grid::next_frame_start(rendition.grid.segment_start(from), rendition.unit_duration);
        let end = rendition.grid.segment_start(Msn(from.0 + count));
        for unit in testing::units(&rendition, start).take_while(|unit| unit.dts < end) {
            let Pushed::Published(update) = self.packager.push(unit).unwrap() else { continue };
            if update.segment_done {
                for segment in update.snapshot.segments.iter().filter(|segment| segment.complete) {
                    self.segments.insert(segment.msn, segment.clone());
                }
                self.past = self.archive.follow(0, &update.snapshot);
                if !self.disk_hangs {
                    self.idle().await;
                }
            }
        }
    }

    /// Waits until the disk has what it was given.
    async fn idle(&self) {
        while self.archive.state().working {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn files(&self) -> usize {
        fn count(folder: &Path) -> usize {
            let entries = std::fs::read_dir(folder).map(|entries| entries.flatten().collect::<Vec<_>>());
            entries
                .unwrap_or_default()
                .iter()
                .map(|e| if e.path().is_dir() { count(&e.path()) } else { 1 })
                .sum()
        }
        count(self.folder.path())
    }

    async fn bytes(&self, msn: Msn) -> Option<Bytes> {
        let Found::Disk(extent) = self.archive.get(0, msn)? else { panic!("{msn} is not on disk") };
        let file = block_file::open(&extent).await.unwrap();
        let pieces: Vec<Bytes> =
            block_file::read(file, extent.offset, extent.len).try_collect().await.unwrap();
        Some(pieces.concat().into())
    }

    fn listed_from(&self) -> Msn {
        self.packager.snapshot().listed_from
    }
}

fn whole(segment: &Segment) -> Bytes {
    segment.chunks().flat_map(|chunk| chunk.bytes.to_vec()).collect::<Vec<_>>().into()
}

#[actix_rt::test]
async fn the_past_is_listed_up_to_the_live_window_and_read_from_disk() {
    let mut channel = Channel::new();
    channel.run(START, 200).await;
    let Earlier { first, segments } = channel.past.earlier().unwrap();
    assert_eq!(Msn(first.0 + segments as u64), channel.listed_from(), "no hole before the live window");
    assert_eq!(first.0 % limits::DVR_BLOCK_SEGMENTS, 0);
    let status = channel.archive.status();
    assert!((WINDOW..=WINDOW + Ticks::from_secs(20)).contains(&status.listed), "{status:?}");
    assert_eq!((status.time_shift(), status.lost, status.short), (WINDOW, 0, false));
    for msn in first.0..first.0 + segments as u64 {
        assert_eq!(channel.bytes(Msn(msn)).await.unwrap(), whole(&channel.segments[&Msn(msn)]), "{msn}");
    }
    let text = String::from_utf8(channel.past.media().plain().to_vec()).unwrap();
    assert_eq!(text.matches("#EXTINF:").count(), segments);
    assert!(text.contains(&format!("\n{first}.m4s\n")));
}

#[actix_rt::test]
async fn b6_2_2_what_was_listed_stays_as_long_again_and_then_goes() {
    let mut channel = Channel::new();
    channel.run(START, 120).await;
    let oldest_listed = channel.past.earlier().unwrap().first;
    channel.run(Msn(START.0 + 120), 40).await;
    assert!(channel.past.earlier().unwrap().first > oldest_listed, "it has left the list");
    assert!(channel.bytes(oldest_listed).await.is_some(), "80 s later it is still there");
    channel.run(Msn(START.0 + 160), 60).await;
    assert!(channel.archive.get(0, oldest_listed).is_none(), "200 s later it is not");
    let at_most = (WINDOW * 2 + limits::DVR_KEPT_LONGER).scaled(1) / 20 + 2;
    assert!(channel.files() <= at_most as usize, "{} files", channel.files());
    let state = channel.archive.state();
    assert_eq!(state.pending_bytes, 0);
    assert!(state.tracks[0].blocks.len() <= at_most as usize);
}

#[actix_rt::test]
async fn i2_what_makes_room_goes_only_after_playlists_without_it_were_published() {
    let mut channel = Channel::new();
    channel.run(START, 30).await;
    let oldest = channel.past.earlier().unwrap().first;
    {
        let mut state = channel.archive.state();
        state.pending_bytes = 1;
        assert!(state.give_up_for(block_of(oldest) + 1, WINDOW), "a block makes room");
        assert!(!state.tracks[0].blocks[1].is_given_up(), "one is enough");
        state.pending_bytes = 0;
        state.expire(0, WINDOW);
    }
    assert!(channel.bytes(oldest).await.is_some(), "the last playlist lists it");
    channel.run(Msn(START.0 + 30), 1).await;
    assert_eq!(channel.past.earlier().unwrap().first.0, oldest.0 + limits::DVR_BLOCK_SEGMENTS);
    assert!(channel.bytes(oldest).await.is_some(), "who has that playlist still gets it");
    let files = channel.files();
    channel.run(Msn(START.0 + 31), 5).await;
    assert!(channel.archive.get(0, oldest).is_none(), "its time is over");
    assert_eq!(channel.files(), files - 1);
}

#[actix_rt::test]
async fn i2_what_is_listed_before_the_disk_refuses_it_stays_in_memory() {
    let mut channel = Channel::new();
    channel.archive.state().working = true;
    channel.disk_hangs = true;
    channel.run(START, 60).await;
    let oldest = channel.past.earlier().unwrap().first;
    channel.archive.state().written(0, oldest, None);
    assert!(matches!(channel.archive.get(0, oldest), Some(Found::Memory(_))), "the last playlist lists it");
    channel.run(Msn(START.0 + 60), 1).await;
    assert_eq!(channel.past.earlier().unwrap().first.0, oldest.0 + limits::DVR_BLOCK_SEGMENTS);
    let newest = Msn(START.0 + 60);
    channel.archive.state().written(0, newest, None);
    assert!(matches!(channel.archive.get(0, newest), Some(Found::Nothing)), "no past lists it, nor will");
}

#[actix_rt::test]
async fn a_disk_that_takes_nothing_ends_the_past_and_one_that_takes_again_begins_it_anew() {
    let mut channel = Channel::new();
    channel.run(START, 60).await;
    assert!(channel.past.earlier().is_some());
    // No file can be made where the folder was.
    let folder = channel.archive.folder.clone();
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "").unwrap();
    channel.run(Msn(START.0 + 60), 60).await;
    assert_eq!(channel.past.earlier(), None, "what cannot be kept is not listed");
    let status = channel.archive.status();
    assert!(status.short && status.lost >= 59 && status.listed == Ticks::ZERO, "{status:?}");
    std::fs::remove_file(&folder).unwrap();
    channel.run(Msn(START.0 + 120), 80).await;
    let status = channel.archive.status();
    assert!(!status.short && status.listed >= WINDOW, "{status:?}");
    assert!(channel.bytes(channel.past.earlier().unwrap().first).await.is_some());
}

#[actix_rt::test]
async fn a_window_that_begins_anew_takes_its_past_with_it() {
    let mut channel = Channel::new();
    channel.run(START, 60).await;
    let later = Msn(START.0 + 500);
    channel.run(later, 3).await;
    assert_eq!(channel.past.earlier(), None);
    assert!(channel.archive.get(0, START).is_none() && channel.archive.get(0, later).is_some());
    assert_eq!(channel.files(), 1);
    channel.run(Msn(later.0 + 3), 25).await;
    assert_eq!(channel.past.earlier().unwrap().first, later);
}

#[actix_rt::test]
async fn the_folder_goes_with_the_archive_and_with_the_next_start() {
    let channel = Channel::new();
    let Channel { folder, archive, .. } = channel;
    let (mine, left_over) = (archive.folder.clone(), folder.path().join("dvr/left-over/1.m4s"));
    std::fs::create_dir_all(&mine).unwrap();
    std::fs::create_dir_all(left_over.parent().unwrap()).unwrap();
    std::fs::write(&left_over, "x").unwrap();
    drop(archive);
    while mine.exists() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(left_over.exists());
    Shelf::open(folder.path(), Drills::of_nothing()).unwrap();
    assert!(!left_over.exists());
}

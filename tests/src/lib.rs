//! Forebay from outside: what the tests in `tests/` and the tools in `src/bin/` share.
//!
//! | module | what |
//! |---|---|
//! | [`daemon`] | the real binary in a temporary folder on free ports; its API; its processes |
//! | [`publish`] | ffmpeg as an encoder, over RTMP and SRT |
//! | [`rtmp_by_hand`] | a publisher with any time stamps |
//! | [`srt_by_hand`], [`lossy`] | SRT packets to be spoilt; a network that loses some |
//! | [`http`], [`playlist`], [`boxes`] | a viewer without a screen: fetches, reads playlists and media |
//! | [`events`] | followers of the feed of events |
//! | [`watcher`] | the invariants of a channel, checked all the time while a test does its worst |
//! | [`ffmpeg`], [`binary_clock`] | independent judges of pictures and sound |
//! | [`judges`] | independent judges of containers and manifests |
//! | [`schemathesis`] | a fuzzer that reads the API's own description |
//! | [`gpus`] | drivers without a GPU, and channels that are encoded there |
//! | [`browser`] | Chromium with the watch page, driven by the scripts in `tests/browser/` |
//! | [`procfs`], [`clock`] | processes and deadlines |
//!
//! Nothing here links the appliance: only `wire`, the API's types, is shared. Everything blocks and runs on plain
//! threads.

pub mod binary_clock;
pub mod boxes;
pub mod browser;
pub mod clock;
pub mod daemon;
pub mod events;
pub mod ffmpeg;
pub mod gpus;
pub mod http;
pub mod judges;
pub mod lossy;
pub mod playlist;
pub mod procfs;
pub mod publish;
pub mod rtmp_by_hand;
pub mod schemathesis;
pub mod srt_by_hand;
pub mod watcher;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One test at a time: each runs encoders and players, and two at once would measure each other.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A whole number from the environment, such as how long to watch.
#[must_use]
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

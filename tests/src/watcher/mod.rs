//! Watches channels as a viewer with a long memory, all the time, and notes every broken invariant:
//!
//! * I1: media sequence numbers rise by one, parts are complete, no number is used for anything else, ever;
//! * I2: what is listed can be fetched, with the same bytes each time;
//! * I3: decode times go on without hole or overlap; sound begins within one audio frame of the picture;
//! * I4: program date times rise; availabilityStartTime never changes, publishTime never falls (`memory.rs` for all);
//! * I5: no rendition goes without a new part for more than a second (`pace.rs`, `metronome.rs`,
//!   `starved.rs`);
//! * I6: no two channels serve the same segment (`owners.rs`, with [`Watcher::beside`]);
//! * I7: real players have no fatal error and their `currentTime` moves ([`Watcher::with_player`]);
//! * I8: afterwards the daemon holds what it held before ([`Baseline`], with [`Watcher::with_baseline`]).
//!
//! ```no_run
//! # fn test(url: String) -> anyhow::Result<()> {
//! use e2e::watcher::Watcher;
//! let watcher = Watcher::start(url).with_player("lldash")?;
//! // … the worst …
//! watcher.stop().clean()?;
//! # Ok(())
//! # }
//! ```
//!
//! While the daemon is away (a test may have killed it) nothing can be checked; that is measured as an absence, which
//! a test has to excuse ([`Excuse`]).

mod memory;
mod metronome;
mod owners;
mod pace;
mod report;
mod resources;
mod starved;

pub use pace::{LatePart, PART_GAP_MAX};
pub use report::{Excuse, Report, STANDSTILL_MAX};
pub use resources::Baseline;

use crate::browser::Player;
use anyhow::Context;
use memory::Memory;
use metronome::{HeldUp, Metronome};
use owners::Owners;
use pace::Pace;
use starved::Starvation;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two rounds over all playlists; well under a part.
const ROUND: Duration = Duration::from_millis(200);

/// A watcher at work on threads of its own.
#[derive(Debug)]
pub struct Watcher {
    stop: Arc<AtomicBool>,
    owners: Owners,
    metronome: Metronome,
    starvation: Starvation,
    channels: Vec<Watched>,
    players: Vec<Player>,
    baseline: Option<Baseline>,
}

/// One channel that is watched.
#[derive(Debug)]
struct Watched {
    url: String,
    rounds: JoinHandle<Report>,
    pace: JoinHandle<Vec<JoinHandle<Pace>>>,
}

impl Watcher {
    /// Begins to watch the channel at `http://HOST/live/CHANNEL`.
    #[must_use]
    pub fn start(channel_url: String) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let metronome = Metronome::start(Arc::clone(&stop));
        let starvation = Starvation::start(Arc::clone(&stop));
        let (owners, channels, players) = Default::default();
        Self { stop, owners, metronome, starvation, channels, players, baseline: None }.beside(channel_url)
    }

    /// Another channel as well; all that are watched together must show different content.
    #[must_use]
    pub fn beside(mut self, channel_url: String) -> Self {
        let stop = Arc::clone(&self.stop);
        let mut memory = Memory::new(channel_url.clone(), self.owners.clone());
        let rounds = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                memory.round();
                std::thread::sleep(ROUND);
            }
            memory.report
        });
        let (stop, url) = (Arc::clone(&self.stop), channel_url.clone());
        let pace = std::thread::spawn(move || pace::follow(&url, &stop));
        self.channels.push(Watched { url: channel_url, rounds, pace });
        self
    }

    /// Attaches Chromium with the watch page on this tier to the first channel; returns when it plays.
    ///
    /// # Errors
    /// When it does not come to play.
    pub fn with_player(mut self, tier: &str) -> anyhow::Result<Self> {
        let (base, slug) = self.channels[0].url.rsplit_once("/live/").context("a channel's address")?;
        self.players.push(Player::start(base, slug, tier)?);
        Ok(self)
    }

    /// Compares what the daemon holds at the end with this.
    #[must_use]
    pub fn with_baseline(mut self, baseline: Baseline) -> Self {
        self.baseline = Some(baseline);
        self
    }

    /// Ends it and says what it saw: players first, then those who watch, then it is compared what the daemon holds.
    ///
    /// # Panics
    /// When the watcher itself broke.
    #[must_use]
    pub fn stop(self) -> Report {
        let (mut report, mut own) = (Report::default(), Vec::new());
        for player in self.players {
            match player.stop() {
                Ok((viewing, _)) => report.viewings.push(viewing),
                Err(error) => own.push(format!("I7 a player broke down: {error:#}")),
            }
        }
        self.stop.store(true, Ordering::Relaxed);
        let broke = "the watcher notes what is wrong, it does not panic";
        let mut paces = Vec::new();
        for channel in self.channels {
            report.join(channel.rounds.join().expect(broke));
            let followers = channel.pace.join().expect(broke);
            paces.extend(followers.into_iter().map(|follower| follower.join().expect(broke)));
        }
        judge_paces(&mut report, &paces, &self.metronome.end(), &self.starvation.end());
        if let Some(Err(error)) = self.baseline.map(|baseline| baseline.restored()) {
            own.push(format!("{error:#}"));
        }
        report.violations.extend(own);
        report
    }
}

fn judge_paces(report: &mut Report, paces: &[Pace], held_up: &HeldUp, starved: &HeldUp) {
    report.held_up_max = held_up.longest();
    report.starved = starved.total();
    for pace in paces {
        report.parts += pace.parts;
        report.part_gap_max = report.part_gap_max.max(pace.gap_max);
        let (late, excused) = pace.judged(held_up, starved);
        report.late_parts.extend(late);
        report.gaps_excused += excused;
    }
}

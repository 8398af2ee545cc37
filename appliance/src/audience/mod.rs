//! Who watches: what players tell of themselves, and how each channel went in the last minutes.
//!
//! Here: the handle that requests and channels write to ([`Audience`]), the sessions (`sessions`, pure), what CMCD
//! says (`cmcd`, pure), the samples (`trend`, pure), and the calls ([`routes`]). All of it is in memory and bounded;
//! no name and no address of anybody is kept.
//!
//! A viewer's request for media never waits: what CMCD it carries goes into a bounded queue, and what does not fit there is
//! lost. The queue is read when a channel takes its sample.

mod cmcd;
pub mod columns;
mod dry;
pub mod routes;
mod sessions;
mod span;
mod trace;
mod trend;

pub use trend::Counted;

use crate::limits::CMCD_QUEUE_MAX;
use crate::metrics::connections::Connections;
use crate::store::Stepped;
use media::time::Ticks;
use sessions::{Refused, Sessions};
use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use trend::Trends;
use wire::Tier;

/// What one request said of its player.
struct Said {
    channel: String,
    tier: Tier,
    cmcd: String,
    /// What it asked for had not begun.
    is_early: bool,
}

/// What is to be written down of a sample.
#[derive(Debug, Default)]
pub struct Kept {
    /// The minute that is over.
    pub minute: Option<Stepped>,
    /// Players that ran dry.
    pub stalls: Vec<wire::Stall>,
}

/// A handle on all that is known of viewers.
#[derive(Debug)]
pub struct Audience {
    queue: SyncSender<Said>,
    state: Mutex<State>,
    connections: Arc<Connections>,
}

#[derive(Debug)]
struct State {
    waiting: Receiver<Said>,
    sessions: Sessions,
    trends: Trends,
    silent: Silent,
}

/// Connections of players that tell nothing, by channel; counted anew now and then.
#[derive(Debug, Default)]
struct Silent {
    counted_at: Option<Ticks>,
    by_channel: HashMap<u64, [u32; 3]>,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Said({})", self.channel)
    }
}

impl Audience {
    /// Nobody yet.
    #[must_use]
    pub fn new(connections: Arc<Connections>) -> Self {
        let (queue, waiting) = sync_channel(CMCD_QUEUE_MAX);
        let (sessions, trends, silent) = Default::default();
        Self { queue, state: Mutex::new(State { waiting, sessions, trends, silent }), connections }
    }

    /// Each change is one insertion or removal, so the maps are whole even if a writer has panicked.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request for media carried CMCD. Never waits; what does not fit is lost.
    pub fn said(&self, channel: &str, tier: Tier, cmcd: String) {
        self.tell(Said { channel: channel.to_owned(), tier, cmcd, is_early: false });
    }

    /// A request with CMCD was for a segment that had not begun. Never waits; what does not fit is lost.
    pub fn early(&self, channel: &str, cmcd: String) {
        self.tell(Said { channel: channel.to_owned(), tier: Tier::LlDash, cmcd, is_early: true });
    }

    fn tell(&self, said: Said) {
        let _kept = self.queue.try_send(said);
    }

    /// The box's own player told of itself.
    fn beacon(&self, channel: &str, beacon: wire::Beacon, now: Ticks) -> Result<(), Refused> {
        self.state().sessions.beacon(channel, beacon, now)
    }

    /// A channel tells how it is. Twice a second; most times there is nothing to do. What is to be kept of it, now and
    /// then.
    #[must_use]
    pub fn sample(&self, channel: &str, counted: Counted, now: Ticks) -> Kept {
        let mut state = self.state();
        if !state.trends.is_due(channel, now) {
            return Kept::default();
        }
        state.settle(&self.connections, now);
        let mut watching = state.watching(channel, now);
        let dry = state.sessions.take_dry(channel);
        watching.stalls = dry.times;
        let minute = state.trends.take(channel, counted, &watching, now);
        Kept { minute, stalls: dry.stalls() }
    }

    fn summary(&self, channels: &[String], now: Ticks) -> wire::Audience {
        let mut state = self.state();
        state.settle(&self.connections, now);
        let with_stalls = |channel: &String| {
            let stalls = state.trends.stalls(channel);
            wire::ChannelAudience { stalls, ..state.watching(channel, now) }
        };
        let watched: Vec<_> =
            channels.iter().map(with_stalls).filter(|of| of.viewers > 0 || of.stalls > 0).collect();
        let mut devices = state.sessions.devices(now);
        devices.extend(state.silent_devices(channels, now));
        wire::Audience { channels: watched, devices }
    }

    fn players(&self, now: Ticks) -> Vec<wire::PlayerSession> {
        let mut state = self.state();
        state.settle(&self.connections, now);
        state.sessions.list(now)
    }

    fn trend(&self, channel: &str, now: Ticks) -> wire::Trend {
        self.state().trends.of(channel, now)
    }

    fn open_minute(&self, channel: &str, now: Ticks) -> Option<Stepped> {
        self.state().trends.open_minute(channel, now)
    }
}

impl State {
    /// Reads the queue, forgets who has gone, counts connections.
    fn settle(&mut self, connections: &Connections, now: Ticks) {
        while let Ok(Said { channel, tier, cmcd, is_early }) = self.waiting.try_recv() {
            let said = cmcd::parse(&cmcd);
            match said.session.as_deref().filter(|_| is_early) {
                Some(session) => self.sessions.early(&channel, session),
                None => self.sessions.cmcd(&channel, tier, &said, now),
            }
        }
        self.sessions.forget_gone(now);
        if self.silent.counted_at.is_none_or(|at| now - at >= trend::STEP) {
            self.silent = Silent { counted_at: Some(now), by_channel: connections.silent() };
        }
    }

    /// Connections of players that tell nothing at all: those of native players tell by the beacon alone.
    fn silent_of(&self, channel: &str, now: Ticks) -> [u32; 3] {
        let silent = self.silent.by_channel.get(&channel_mark(channel)).copied().unwrap_or_default();
        let native = self.sessions.native(channel, now);
        std::array::from_fn(|tier| silent[tier].saturating_sub(native[tier]))
    }

    fn watching(&self, channel: &str, now: Ticks) -> wire::ChannelAudience {
        let mut told = self.sessions.watching(channel, now);
        for (count, silent) in told.by_tier.iter_mut().zip(self.silent_of(channel, now)) {
            *count += silent;
        }
        told.viewers = told.by_tier.iter().sum();
        told
    }

    fn silent_devices(&self, channels: &[String], now: Ticks) -> Vec<wire::DeviceTier> {
        let mut all = [0; 3];
        for channel in channels {
            all.iter_mut().zip(self.silent_of(channel, now)).for_each(|(all, silent)| *all += silent);
        }
        let cells = (0..).zip(all).filter(|(_, players)| *players > 0);
        cells
            .map(|(tier, players)| wire::DeviceTier { device: wire::PlayerDevice::Other, tier, players })
            .collect()
    }
}

/// The header of requests that are nobody's viewing: the judge's. Whoever else sends it is not counted either.
pub const UNCOUNTED: &str = "forebay-uncounted";

/// A channel as a connection remembers it: FNV-1a of its slug, never zero.
#[must_use]
pub fn channel_mark(slug: &str) -> u64 {
    let hash = slug.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.max(1)
}

/// Sessions by what is theirs.
type ByKey<T> = BTreeMap<(String, String), T>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_requests_say_is_heard_when_somebody_asks() {
        let audience = Audience::new(Arc::default());
        let now = Ticks::from_secs(100);
        audience.said("hall", Tier::LlHls, "br=2500,bl=1800,sid=\"abcdefgh-1\"".into());
        let told = audience.summary(&["hall".into(), "yard".into()], now);
        assert_eq!(told.channels.len(), 1);
        assert_eq!((told.channels[0].viewers, told.channels[0].by_tier), (1, [0, 1, 0]));
        assert_eq!(audience.players(now)[0].bitrate_bps, 2_500_000);
        let later = now + sessions::GONE_AFTER + Ticks::from_secs(1);
        assert!(audience.players(later).is_empty());
    }

    #[test]
    fn a_full_queue_loses_what_does_not_fit_and_nobody_waits() {
        let audience = Audience::new(Arc::default());
        for number in 0..CMCD_QUEUE_MAX + 10 {
            audience.said("hall", Tier::LlDash, format!("sid=\"session-{number}\""));
        }
        assert_eq!(
            audience.players(Ticks::from_secs(1)).len(),
            CMCD_QUEUE_MAX.min(crate::limits::SESSIONS_MAX)
        );
    }
}

//! Viewers' connections: what each has fetched lately, and so how many viewers there are.

use crate::clock::monotonic;
use crate::limits;
use actix_web::dev::Extensions;
use actix_web::http::Version;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::{MetricType, TypedMetric};
use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wire::Tier;

/// Milliseconds of the monotonic clock, never zero.
fn now_ms() -> u64 {
    u64::try_from(monotonic().as_millis()).unwrap_or(u64::MAX).max(1)
}

/// What one connection has done lately.
#[derive(Debug, Default)]
struct Seen {
    /// When media of each tier was fetched last; 0 for never.
    fetched_ms: [AtomicU64; 3],
    /// Place of the tier whose playlist was fetched last, from 1; 0 for none.
    playlist: AtomicU8,
    /// Of the channel that it fetched from last; 0 for none.
    channel: AtomicU64,
    /// Its player says who it is, by CMCD.
    tells: AtomicBool,
    http2: AtomicBool,
    tls: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Connections {
    next: AtomicU64,
    open: Mutex<BTreeMap<u64, Arc<Seen>>>,
}

/// Lies in a connection's data; the connection counts as open until it is dropped.
#[derive(Debug)]
pub struct Mark {
    id: u64,
    seen: Arc<Seen>,
    all: Arc<Connections>,
}

/// What a viewer's request is for, as far as its address tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A playlist or manifest.
    Playlist(Tier),
    /// Media that one tier alone asks for.
    Media(Tier),
    /// A whole segment: LL-DASH and LL-HLS share it.
    Shared,
}

impl Wanted {
    /// Of a path below the channel.
    #[must_use]
    pub fn of(rest: &str) -> Self {
        let name = rest.rsplit('/').next().unwrap_or(rest);
        match name.rsplit_once('.') {
            Some((_, "m3u8")) if rest.starts_with("ts/") => Self::Playlist(Tier::Ts),
            Some((_, "m3u8")) => Self::Playlist(Tier::LlHls),
            Some((_, "mpd")) => Self::Playlist(Tier::LlDash),
            Some((_, "ts")) => Self::Media(Tier::Ts),
            Some((stem, "m4s")) if stem.contains('.') => Self::Media(Tier::LlHls),
            _ => Self::Shared,
        }
    }
}

impl Wanted {
    /// When nothing is known of the connection.
    #[must_use]
    pub const fn tier(self) -> Tier {
        match self {
            Self::Playlist(tier) | Self::Media(tier) => tier,
            Self::Shared => Tier::LlDash,
        }
    }
}

impl Connections {
    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Seen>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called with each connection of a viewers' listener.
    pub fn opened(self: &Arc<Self>, io: &dyn Any, data: &mut Extensions) {
        let seen = Arc::new(Seen { tls: !io.is::<actix_rt::net::TcpStream>(), ..Seen::default() });
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.open().insert(id, seen.clone());
        data.insert(Mark { id, seen, all: self.clone() });
    }

    /// Connections whose player tells nothing of itself and that fetched media lately, by channel (its mark) and tier.
    #[must_use]
    pub fn silent(&self) -> HashMap<u64, [u32; 3]> {
        let oldest = now_ms().saturating_sub(limits::VIEWER_SEEN_WITHIN.as_millis() as u64);
        let mut silent: HashMap<u64, [u32; 3]> = HashMap::new();
        for seen in self.open().values().filter(|seen| !seen.tells.load(Ordering::Relaxed)) {
            // A player that has changed its tier is one viewer, of the newest.
            let newest = seen.fetched_ms.iter().map(|at| at.load(Ordering::Relaxed)).enumerate();
            let newest = newest.max_by_key(|(_, at)| *at).filter(|(_, at)| *at > 0 && *at >= oldest);
            if let Some((tier, _)) = newest {
                silent.entry(seen.channel.load(Ordering::Relaxed)).or_default()[tier] += 1;
            }
        }
        silent
    }

    fn viewers(&self) -> [[[i64; 2]; 2]; 3] {
        let oldest = now_ms().saturating_sub(limits::VIEWER_SEEN_WITHIN.as_millis() as u64);
        let mut viewers = [[[0; 2]; 2]; 3];
        for seen in self.open().values() {
            for (tier, fetched) in viewers.iter_mut().zip(&seen.fetched_ms) {
                let fetched = fetched.load(Ordering::Relaxed);
                if fetched > 0 && fetched >= oldest {
                    tier[usize::from(seen.http2.load(Ordering::Relaxed))][usize::from(seen.tls)] += 1;
                }
            }
        }
        viewers
    }
}

impl Mark {
    /// Takes note of the channel of a request, by its mark, and of whether its player says who it is.
    pub fn belongs(&self, channel: u64, tells: bool) {
        self.seen.channel.store(channel, Ordering::Relaxed);
        if tells {
            self.seen.tells.store(true, Ordering::Relaxed);
        }
    }

    /// Takes note of a request; says which tier it counts for.
    pub fn note(&self, wanted: Wanted, version: Version) -> Tier {
        self.seen.http2.store(version == Version::HTTP_2, Ordering::Relaxed);
        let tier = match wanted {
            Wanted::Playlist(tier) => {
                self.seen.playlist.store(tier as u8 + 1, Ordering::Relaxed);
                return tier;
            }
            Wanted::Media(tier) => tier,
            // Whoever reads LL-HLS playlists on this connection fetches segments for LL-HLS.
            Wanted::Shared if self.seen.playlist.load(Ordering::Relaxed) == Tier::LlHls as u8 + 1 => {
                Tier::LlHls
            }
            Wanted::Shared => Tier::LlDash,
        };
        self.seen.fetched_ms[tier as usize].store(now_ms(), Ordering::Relaxed);
        tier
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.all.open().remove(&self.id);
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfViewer {
    tier: &'static str,
    http: &'static str,
    transport: &'static str,
}

impl Collector for Connections {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let open = ConstGauge::new(i64::try_from(self.open().len()).unwrap_or(i64::MAX));
        let help = "Connections to the viewers' listeners, idle ones among them";
        let into = encoder.encode_descriptor("open_connections", help, None, open.metric_type())?;
        open.encode(into)?;
        let help =
            "Connections that fetched media of the tier within the last 10 s; one viewer may have several";
        let mut family =
            encoder.encode_descriptor("viewers", help, None, <ConstGauge as TypedMetric>::TYPE)?;
        for (tier, by_http) in Tier::ALL.iter().zip(self.viewers()) {
            for (http, by_transport) in ["1", "2"].into_iter().zip(by_http) {
                for (transport, count) in ["plain", "tls"].into_iter().zip(by_transport) {
                    let labels = OfViewer { tier: tier.id(), http, transport };
                    ConstGauge::new(count).encode(family.encode_family(&labels)?)?;
                }
            }
        }
        Ok(())
    }
}

const _: () = assert!(matches!(<ConstGauge as TypedMetric>::TYPE, MetricType::Gauge));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_tell_the_tier() {
        for (rest, wanted) in [
            ("master.m3u8", Wanted::Playlist(Tier::LlHls)),
            ("720p/media.m3u8", Wanted::Playlist(Tier::LlHls)),
            ("ts/720p/media.m3u8", Wanted::Playlist(Tier::Ts)),
            ("manifest.mpd", Wanted::Playlist(Tier::LlDash)),
            ("720p/7.m4s", Wanted::Shared),
            ("720p/7.1.m4s", Wanted::Media(Tier::LlHls)),
            ("ts/720p/15.ts", Wanted::Media(Tier::Ts)),
            ("720p/init-1.mp4", Wanted::Shared),
        ] {
            assert_eq!(Wanted::of(rest), wanted, "{rest}");
        }
    }

    #[test]
    fn a_viewer_is_a_connection_that_fetched_media() {
        let all = Arc::new(Connections::default());
        let mut data = Extensions::new();
        all.opened(&(), &mut data);
        assert_eq!(all.viewers(), [[[0; 2]; 2]; 3]);
        let mark = data.get::<Mark>().unwrap();
        assert_eq!(mark.note(Wanted::Shared, Version::HTTP_2), Tier::LlDash);
        assert_eq!(all.viewers()[Tier::LlDash as usize], [[0, 0], [0, 1]]);
        mark.note(Wanted::Playlist(Tier::LlHls), Version::HTTP_11);
        assert_eq!(mark.note(Wanted::Shared, Version::HTTP_11), Tier::LlHls);
        mark.belongs(7, false);
        assert_eq!(all.silent(), HashMap::from([(7, [0, 1, 0])]));
        mark.belongs(7, true);
        assert!(all.silent().is_empty());
        drop(data);
        assert!(all.open().is_empty());
    }
}

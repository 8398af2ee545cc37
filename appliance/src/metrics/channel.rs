//! The families that tell of channels, and one channel's handles on them.

use crate::dvr;
use media::time::Ticks;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use wire::Tier;

/// How a blocked playlist request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldOutcome {
    /// It waited for what it asked for, and got it.
    Released,
    /// What it asked for was there already.
    ServedAtOnce,
    /// It can never be answered: 400.
    BadRequest,
    /// Media did not come in time: 503.
    TimedOut,
    /// The viewer hung up while held, or the channel was switched off.
    Gone,
}

impl HoldOutcome {
    const ALL: [Self; 5] = [Self::Released, Self::ServedAtOnce, Self::BadRequest, Self::TimedOut, Self::Gone];

    const fn label(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::ServedAtOnce => "served-at-once",
            Self::BadRequest => "bad-request",
            Self::TimedOut => "timed-out",
            Self::Gone => "gone",
        }
    }
}

/// What came of a request for a segment that has not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlyOutcome {
    /// It is due: the request waits for its first chunk.
    Held,
    /// Too early, or too late: 404.
    NotFound,
}

impl EarlyOutcome {
    const ALL: [Self; 2] = [Self::Held, Self::NotFound];

    const fn label(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::NotFound => "not-found",
        }
    }
}

/// Why a request was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The channel has all the requests that it may have.
    Channel,
    /// The box has.
    Appliance,
}

impl Full {
    const ALL: [Self; 2] = [Self::Channel, Self::Appliance];

    const fn label(self) -> &'static str {
        match self {
            Self::Channel => "channel-full",
            Self::Appliance => "box-full",
        }
    }
}

/// Seconds; a hold is at most six.
const HOLD_BUCKETS: [f64; 10] = [0.005, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 2.0, 4.0, 6.5];
/// Seconds after the part's end on the grid.
const LATENESS_BUCKETS: [f64; 12] = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfChannel {
    channel: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfOutcome {
    channel: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfTier {
    channel: String,
    tier: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfRendition {
    channel: String,
    rendition: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfReason {
    reason: &'static str,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// All families that are not about connections.
#[derive(Debug)]
pub struct Families {
    holds: Histograms<OfOutcome>,
    lateness: Histograms<OfRendition>,
    early: Family<OfOutcome, Counter>,
    in_flight: Family<OfChannel, Gauge>,
    open: Family<OfChannel, Gauge>,
    sent: Family<OfTier, Counter>,
    dvr_listed: Family<OfChannel, Gauge>,
    dvr_disk: Family<OfChannel, Gauge>,
    dvr_lost: Family<OfChannel, Counter>,
    refused: [Counter; 2],
    /// Viewers dropped because they took nothing for too long.
    pub slow_readers: Counter,
    /// Of all channels together.
    pub(super) open_requests: Gauge,
}

impl Families {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let refused = Family::<OfReason, Counter>::default();
        let handle = |full: Full| refused.get_or_create_owned(&OfReason { reason: full.label() });
        let families = Self {
            holds: Histograms::new_with_constructor(|| Histogram::new(HOLD_BUCKETS)),
            lateness: Histograms::new_with_constructor(|| Histogram::new(LATENESS_BUCKETS)),
            early: Family::default(),
            in_flight: Family::default(),
            open: Family::default(),
            sent: Family::default(),
            dvr_listed: Family::default(),
            dvr_disk: Family::default(),
            dvr_lost: Family::default(),
            refused: Full::ALL.map(handle),
            slow_readers: Counter::default(),
            open_requests: Gauge::default(),
        };
        let help = "Time from a blocked playlist request to its answer";
        registry.register_with_unit("manifest_hold", help, Unit::Seconds, families.holds.clone());
        let help = "From the end of a part on the grid to its publication, by house time";
        registry.register_with_unit("part_lateness", help, Unit::Seconds, families.lateness.clone());
        let help = "Requests for a segment that had not begun: held until it did, or answered by 404";
        registry.register("early_requests", help, families.early.clone());
        let help = "Readers of a segment that is still being made";
        registry.register("in_flight_readers", help, families.in_flight.clone());
        let help = "Viewers' requests without a complete answer yet: held, or with a body under way";
        registry.register("open_requests", help, families.open.clone());
        let help = "Bytes of bodies handed to viewers' connections, by tier";
        registry.register_with_unit("sent", help, Unit::Bytes, families.sent.clone());
        let help = "How far back viewers of a channel with DVR may seek";
        registry.register_with_unit("dvr_listed", help, Unit::Seconds, families.dvr_listed.clone());
        let help = "What the past of a channel takes of the disk";
        registry.register_with_unit("dvr_disk", help, Unit::Bytes, families.dvr_disk.clone());
        let help = "Segments of the past that the disk could not take";
        registry.register("dvr_lost_segments", help, families.dvr_lost.clone());
        let help = "Viewers' requests turned away with 503 because a limit was reached";
        registry.register("refused_requests", help, refused);
        let help = "Viewers dropped in the middle of a body because they took nothing of it for too long";
        registry.register("slow_readers_dropped", help, families.slow_readers.clone());
        families
    }

    pub(super) fn remove(&self, meter: &ChannelMeter) {
        let channel = || meter.slug.clone();
        for outcome in HoldOutcome::ALL.map(HoldOutcome::label) {
            self.holds.remove(&OfOutcome { channel: channel(), outcome });
        }
        for outcome in EarlyOutcome::ALL.map(EarlyOutcome::label) {
            self.early.remove(&OfOutcome { channel: channel(), outcome });
        }
        for tier in Tier::ALL.map(Tier::id) {
            self.sent.remove(&OfTier { channel: channel(), tier });
        }
        for rendition in std::mem::take(&mut *meter.renditions()) {
            self.lateness.remove(&OfRendition { channel: channel(), rendition });
        }
        self.in_flight.remove(&OfChannel { channel: channel() });
        self.open.remove(&OfChannel { channel: channel() });
        self.dvr_listed.remove(&OfChannel { channel: channel() });
        self.dvr_disk.remove(&OfChannel { channel: channel() });
        self.dvr_lost.remove(&OfChannel { channel: channel() });
    }

    /// One more request was turned away.
    pub fn refused(&self, full: Full) {
        self.refused[full as usize].inc();
    }
}

/// One channel's handles: counting looks nothing up.
#[derive(Debug)]
pub struct ChannelMeter {
    slug: String,
    families: Arc<Families>,
    renditions: Mutex<BTreeSet<String>>,
    holds: [Histogram; 5],
    /// Of those that were answered: how many, and milliseconds all together.
    answered: [AtomicU64; 2],
    early: [Counter; 2],
    sent: [Counter; 3],
    /// Readers of a segment that is still being made.
    pub in_flight: Gauge,
    /// Requests without a complete answer yet.
    pub open: Gauge,
}

impl Default for ChannelMeter {
    /// One that nobody reads.
    fn default() -> Self {
        super::Metrics::new().channel("")
    }
}

impl ChannelMeter {
    pub(super) fn new(slug: &str, families: Arc<Families>) -> Self {
        let channel = || slug.to_owned();
        let of_outcome = |outcome| OfOutcome { channel: channel(), outcome };
        let of_tier = |tier: Tier| OfTier { channel: channel(), tier: tier.id() };
        let of_channel = OfChannel { channel: channel() };
        Self {
            slug: channel(),
            renditions: Mutex::default(),
            holds: HoldOutcome::ALL
                .map(|outcome| families.holds.get_or_create_owned(&of_outcome(outcome.label()))),
            answered: Default::default(),
            early: EarlyOutcome::ALL
                .map(|outcome| families.early.get_or_create_owned(&of_outcome(outcome.label()))),
            sent: Tier::ALL.map(|tier| families.sent.get_or_create_owned(&of_tier(tier))),
            in_flight: families.in_flight.get_or_create_owned(&of_channel),
            open: families.open.get_or_create_owned(&of_channel),
            families,
        }
    }

    fn renditions(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.renditions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A blocked playlist request was answered, or given up, after this long.
    pub fn held(&self, outcome: HoldOutcome, length: Ticks) {
        self.holds[outcome as usize].observe(length.as_secs_f64());
        if matches!(outcome, HoldOutcome::Released | HoldOutcome::ServedAtOnce) {
            self.answered[0].fetch_add(1, Relaxed);
            self.answered[1].fetch_add(u64::try_from(length.millis()).unwrap_or(0), Relaxed);
        }
    }

    /// Blocked playlist requests that were answered so far, and for how many milliseconds they were held.
    #[must_use]
    pub fn holds(&self) -> (u64, u64) {
        (self.answered[0].load(Relaxed), self.answered[1].load(Relaxed))
    }

    /// A segment was asked for before it began.
    pub fn early(&self, outcome: EarlyOutcome) {
        self.early[outcome as usize].inc();
    }

    /// Bytes of a body were handed to a connection.
    pub fn sent(&self, tier: Tier, bytes: usize) {
        self.sent[tier as usize].inc_by(bytes as u64);
    }

    /// Bytes of bodies handed to viewers so far, of all tiers.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.sent.iter().map(Counter::get).sum()
    }

    /// How much past there is. Twice a second: it may look its series up.
    pub fn past(&self, status: Option<&dvr::archive::Status>) {
        let Some(status) = status else { return };
        let channel = OfChannel { channel: self.slug.clone() };
        self.families.dvr_listed.get_or_create(&channel).set(status.listed.scaled(1));
        self.families.dvr_disk.get_or_create(&channel).set(status.disk_bytes.cast_signed());
        let lost = self.families.dvr_lost.get_or_create(&channel);
        lost.inc_by(status.lost.saturating_sub(lost.get()));
    }

    /// A part was published this long after its end on the grid. Twice a second: it may look its series up.
    pub fn part_published(&self, rendition: &str, late: Ticks) {
        let labels = OfRendition { channel: self.slug.clone(), rendition: rendition.to_owned() };
        self.renditions().insert(rendition.to_owned());
        self.families.lateness.get_or_create(&labels).observe(late.as_secs_f64());
    }
}

//! The bit rates that playlists and manifests declare.
//!
//! They come from the settings and not from measurement alone: while the slate is on air an encoder spends a
//! tenth of its rate, and a player told so would choose a rung that it cannot sustain once the programme begins.
//! A measured peak can therefore raise what is declared, never lower it.

use crate::window::Rendition;

/// Boxes of ten chunks a second: `styp`, `prft`, `moof` and `mdat` header, about 200 bytes each.
const CMAF_OVERHEAD_BPS: u64 = 16_000;

/// Tables sixteen times a second (48 kbit/s), packets filled up to a multiple of sixteen (up to 23 kbit/s a track)
/// and, per access unit at 60 a second, headers and half an empty packet (60 kbit/s).
const TS_OVERHEAD_BPS: u64 = 160_000;

/// Four header bytes in each packet of 188, rounded up.
const TS_OVERHEAD_PERCENT: u64 = 3;

/// Peak over average of one segment, in percent. The VBV holds one second, so a two-second segment has at most
/// 150 %; and the HLS authoring specification (1.29) lets a live segment have 125 % of BANDWIDTH: 120 x 125 = 150.
const PEAK_PERCENT: u64 = 120;

/// How the media is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapping {
    /// CMAF chunks.
    Cmaf,
    /// MPEG-TS segments.
    Ts,
}

/// What a set of renditions played together costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bandwidth {
    /// Of the dearest segment, bits per second.
    pub peak_bps: u64,
    /// Over time, bits per second.
    pub average_bps: u64,
}

impl Bandwidth {
    /// From the settings of these renditions.
    #[must_use]
    pub fn from_settings<'a>(
        renditions: impl IntoIterator<Item = &'a Rendition>,
        wrapping: Wrapping,
    ) -> Self {
        let average_bps = match wrapping {
            Wrapping::Cmaf => {
                renditions.into_iter().map(|r| u64::from(r.bitrate_bps) + CMAF_OVERHEAD_BPS).sum()
            }
            Wrapping::Ts => {
                let media: u64 = renditions.into_iter().map(|r| u64::from(r.bitrate_bps)).sum();
                media * (100 + TS_OVERHEAD_PERCENT) / 100 + TS_OVERHEAD_BPS
            }
        };
        Self { peak_bps: average_bps * PEAK_PERCENT / 100, average_bps }
    }

    /// Of nothing.
    pub const NONE: Self = Self { peak_bps: 0, average_bps: 0 };

    /// Of both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { peak_bps: self.peak_bps + other.peak_bps, average_bps: self.average_bps + other.average_bps }
    }

    /// Raised to what was measured.
    #[must_use]
    pub fn at_least(self, measured: Self) -> Self {
        Self {
            peak_bps: self.peak_bps.max(measured.peak_bps),
            average_bps: self.average_bps.max(measured.average_bps),
        }
    }
}

//! What a rendition really takes, boxes included: measured over its retained segments.

use crate::time::TICKS_PER_SECOND;
use crate::window::{Segment, Snapshot};

impl Snapshot {
    /// The highest rate of a retained complete segment, in bits per second; 0 while there is none.
    ///
    /// RFC 8216bis 4.4.6.2 BANDWIDTH: "the peak segment bit rate", over sets of segments that last at least half
    /// a target duration: a segment that a hole cut shorter does not count.
    #[must_use]
    pub fn peak_bps(&self) -> u64 {
        let half = self.rendition.grid.idr_interval();
        let whole = measured(self).filter(|segment| segment.duration >= half);
        whole.map(|segment| rate_bps(segment.len(), segment.duration.0)).max().unwrap_or(0)
    }

    /// The rate of all retained complete segments together, in bits per second; 0 while there is none.
    /// (RFC 8216bis 4.4.6.2 AVERAGE-BANDWIDTH)
    #[must_use]
    pub fn average_bps(&self) -> u64 {
        let totals = measured(self)
            .fold((0, 0), |(len, ticks), segment| (len + segment.len(), ticks + segment.duration.0));
        rate_bps(totals.0, totals.1)
    }
}

fn measured(snapshot: &Snapshot) -> impl Iterator<Item = &Segment> {
    snapshot.segments.iter().map(|segment| &**segment).filter(|segment| segment.complete && !segment.gap)
}

/// Rounded up; 0 for no time at all.
fn rate_bps(bytes: usize, ticks: i64) -> u64 {
    let bits_ticks = bytes as u128 * 8 * TICKS_PER_SECOND as u128;
    if ticks > 0 { bits_ticks.div_ceil(ticks as u128) as u64 } else { 0 }
}

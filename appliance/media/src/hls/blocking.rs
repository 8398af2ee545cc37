//! Blocking playlist reload and delta updates (6.2.5): what a request for a media playlist asks for, and whether
//! the window can answer it now, later or never.
//!
//! The server asks [`decide`] again with each new snapshot while it holds a request, and answers 503 once it has
//! held it for [`ServerControl::hold_max`](super::ServerControl::hold_max).

use super::Skip;
use crate::time::{Msn, PartIndex, TICKS_PER_SECOND};
use crate::window::Snapshot;

/// The delivery directives of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct BlockingRequest {
    /// `_HLS_msn`
    pub msn: Option<Msn>,
    /// `_HLS_part`; never without `msn`.
    pub part: Option<PartIndex>,
    /// `_HLS_skip`
    pub skip: Skip,
}

/// Why a request can never be answered: HTTP 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// A directive's value is not a decimal-integer.
    #[error("{directive}={value} is not a decimal integer; leave it out or send the number that is wanted")]
    NotANumber {
        /// `_HLS_msn` or `_HLS_part`.
        directive: &'static str,
        /// At most its first [`VALUE_CHARS_MAX`] characters.
        value: String,
    },
    /// `_HLS_part` alone.
    #[error("_HLS_part needs _HLS_msn beside it: parts are numbered within their segment")]
    PartWithoutMsn,
    /// Further ahead than a player can have reason to ask.
    #[error("segment {msn} is too far ahead of {last}, the last in the playlist; at most two are allowed")]
    MsnTooFar {
        /// What was asked for.
        msn: Msn,
        /// The last segment listed.
        last: Msn,
    },
    /// Further ahead than the Advance Part Limit.
    #[error("part {part} of segment {msn} is further ahead of the last part than the Advance Part Limit")]
    PartTooFar {
        /// What was asked for.
        msn: Msn,
        /// What was asked for.
        part: PartIndex,
    },
}

/// A directive's value is quoted in errors up to this many characters: as many as the longest number has.
pub const VALUE_CHARS_MAX: usize = 20;

/// What to do with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Answer with the playlist as it is.
    Serve,
    /// Hold it until the window contains this.
    Wait {
        /// Media sequence number.
        msn: Msn,
        /// Part, or `None` for the whole segment.
        part: Option<PartIndex>,
    },
    /// Answer 400.
    BadRequest(BadRequest),
}

impl BlockingRequest {
    /// Reads the directives in a query string; other parameters are left to others.
    ///
    /// # Errors
    /// [`BadRequest`] when a number is none, or a part comes without its segment.
    pub fn parse(query: &str) -> Result<Self, BadRequest> {
        let mut request = Self::default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "_HLS_msn" => request.msn = Some(Msn(number("_HLS_msn", value)?)),
                "_HLS_part" => request.part = Some(PartIndex(number("_HLS_part", value)?)),
                // "an _HLS_skip directive whose value is YES or v2" (6.2.5.1)
                "_HLS_skip" if matches!(value, "YES" | "v2") => request.skip = Skip::Yes,
                _ => {}
            }
        }
        // "If the Playlist URI contains an _HLS_part directive but no _HLS_msn directive, the Server MUST return
        // Bad Request" (6.2.5.2)
        if request.part.is_some() && request.msn.is_none() {
            return Err(BadRequest::PartWithoutMsn);
        }
        Ok(request)
    }
}

fn number<N: std::str::FromStr>(directive: &'static str, value: &str) -> Result<N, BadRequest> {
    match value.parse() {
        Ok(number) if !value.starts_with('+') => Ok(number),
        _ => Err(BadRequest::NotANumber { directive, value: value.chars().take(VALUE_CHARS_MAX).collect() }),
    }
}

/// Whether the window can answer the request.
///
/// A window without a whole segment answers nobody: players take an empty playlist for an error, so even a request
/// without directives waits for the first.
#[must_use]
pub fn decide(snapshot: &Snapshot, request: &BlockingRequest) -> Decision {
    let Some(last) = snapshot.listed().rfind(|segment| segment.complete).map(|segment| segment.msn) else {
        return Decision::Wait { msn: request.msn.unwrap_or(snapshot.listed_from), part: None };
    };
    let Some(msn) = request.msn else { return Decision::Serve };
    // "If the _HLS_msn is greater than the Media Sequence Number of the last Media Segment in the current Playlist
    // plus two [...] the server SHOULD immediately return Bad Request" (6.2.5.2)
    if msn.0 > last.0.saturating_add(2) {
        return Decision::BadRequest(BadRequest::MsnTooFar { msn, last });
    }
    match request.part {
        // "the Server MUST defer responding to the request until the Playlist contains a Media Segment with a
        // Media Sequence Number of M or later" (6.2.5.2)
        None if msn <= last => Decision::Serve,
        None => Decision::Wait { msn, part: None },
        Some(part) => decide_part(snapshot, last, msn, part),
    }
}

fn decide_part(snapshot: &Snapshot, last: Msn, msn: Msn, part: PartIndex) -> Decision {
    // "or if the _HLS_part exceeds the last Partial Segment in the current Playlist by the Advance Part Limit"
    if msn > last && parts_ahead(snapshot, last, msn, part) > advance_part_limit(snapshot) {
        return Decision::BadRequest(BadRequest::PartTooFar { msn, part });
    }
    let (msn, part) = roll_over(snapshot, msn, part);
    // "The Server MUST deliver the entire Playlist, even if the requested Media Segment is not the last one in the
    // Playlist, and even if it is no longer in the Playlist." (6.2.5.2)
    let there = msn <= last || snapshot.live_edge().is_some_and(|edge| (msn, part) <= edge);
    if there { Decision::Serve } else { Decision::Wait { msn, part: Some(part) } }
}

/// "If the Client requests a Part Index greater than that of the final Partial Segment of the Parent Segment, the
/// Server MUST treat the request as one for Part Index 0 of the following Parent Segment." (6.2.5.2)
fn roll_over(snapshot: &Snapshot, msn: Msn, part: PartIndex) -> (Msn, PartIndex) {
    let parts = match snapshot.segment(msn) {
        Some(segment) if segment.complete => u32::try_from(segment.parts.len()).unwrap_or(u32::MAX),
        _ => snapshot.rendition.grid.parts_per_segment(),
    };
    if part.0 < parts { (msn, part) } else { (Msn(msn.0.saturating_add(1)), PartIndex(0)) }
}

/// Distance of a part from the last one listed, where `last` is the last whole segment and `msn` comes after it.
fn parts_ahead(snapshot: &Snapshot, last: Msn, msn: Msn, part: PartIndex) -> u64 {
    let parts_per_segment = u64::from(snapshot.rendition.grid.parts_per_segment());
    let open = snapshot
        .segment(last.next())
        .map_or(0, |segment| segment.parts.iter().filter(|p| p.complete).count());
    let ahead = (msn.0 - last.0 - 1) * parts_per_segment + u64::from(part.0) + 1;
    ahead.saturating_sub(open as u64)
}

/// "The Advance Part Limit is three divided by the Part Target Duration if the Part Target Duration is less than
/// one second, or three otherwise." (6.2.5.2) In whole parts: 6 for 0.5 s, 5 for 0.512 s.
fn advance_part_limit(snapshot: &Snapshot) -> u64 {
    let second = TICKS_PER_SECOND.unsigned_abs();
    let target = snapshot.rendition.part_target().0.unsigned_abs().clamp(1, second);
    3 * second / target
}

#[cfg(test)]
#[path = "blocking_tests.rs"]
mod tests;

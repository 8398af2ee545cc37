//! Clauses of HLS (draft-pantos-hls-rfc8216bis-22, and Apple's HLS authoring specification).
//!
//! | module | what it is |
//! |---|---|
//! | [`multivariant`] | the multivariant playlists |
//! | [`playlist`] | what every media playlist must say |
//! | [`parts`] | partial segments, hints and rendition reports |
//! | [`over_time`] | what must not change, and what must |
//! | [`blocking`] | blocking reload and delta updates |
//! | [`delivery`] | statuses, cache times, headers |

pub mod blocking;
pub mod delivery;
pub mod multivariant;
pub mod over_time;
pub mod parts;
pub mod playlist;

use super::verdict::Clause;

/// By module.
pub const CLAUSES: [&[Clause]; 6] = [
    multivariant::CLAUSES,
    playlist::CLAUSES,
    parts::CLAUSES,
    over_time::CLAUSES,
    blocking::CLAUSES,
    delivery::CLAUSES,
];

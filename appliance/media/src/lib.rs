//! One timeline: coded access units go in, chunks, parts, segments and rendered playlists come out.
//!
//! Everything here is pure: no clock, no I/O, no async, no global state. The same inputs give the same bytes,
//! on any box and after any restart, because every number is derived from UTC (see [`grid`]).
//!
//! | module | what it is |
//! |---|---|
//! | [`time`] | [`Ticks`](time::Ticks), frame rates, sequence numbers: the types of time and order |
//! | [`grid`] | where segments, parts and chunks begin, computed from UTC |
//! | [`unit`](mod@unit) | the access unit and the codec configurations that explain it |
//! | [`window`] | what is retained of one rendition: segments of parts of chunks |
//! | [`era`] | stretches of time with one codec configuration |
//! | [`described`] | a segment in a few words, without its media |
//! | [`rendition`] | making a [`Rendition`](window::Rendition) of what an encoder announced |
//! | [`cmaf`] | the CMAF header and chunks, box by box |
//! | [`packager`] | access units in, chunks, parts and segments out: owns the window |
//! | [`bandwidth`] | what a rendition really takes |
//! | [`codec`] | NAL units, parameter sets, configuration records, ADTS: what codecs put around their media |
//! | [`uri`] | the names under which all of it is served |
//! | [`hls`] | the window described as LL-HLS and as HLS with MPEG-TS segments |
//! | [`dash`] | the window described as LL-DASH |
//! | [`ts`] | MPEG-TS segments, made just in time |
//! | [`declared`] | the bit rates that the descriptions declare |
//! | [`date`], [`decimal`] | times as text, exactly |
//! | [`judge`] | the conformance judge: what a client fetched, held against each clause |
//! | [`fuzzing`] | bodies for fuzzers |
//! | [`link`] | the framed protocol between the daemon and its encode workers |
#![forbid(unsafe_code)]

pub mod bandwidth;
pub mod cmaf;
pub mod codec;
pub mod dash;
pub mod date;
pub mod decimal;
pub mod declared;
pub mod described;
pub mod era;
pub mod fuzzing;
pub mod grid;
pub mod hls;
pub mod judge;
pub mod link;
pub mod packager;
pub mod rendition;
pub mod testing;
pub mod time;
pub mod ts;
pub mod unit;
pub mod uri;
pub mod window;

#[cfg(test)]
mod fixture;

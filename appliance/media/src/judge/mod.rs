//! The conformance judge: what a client fetched goes in, a verdict for each clause comes out.
//!
//! | module | what it is |
//! |---|---|
//! | [`evidence`] | what was fetched, as plain structs: the input |
//! | [`look`] | the same, read |
//! | [`verdict`] | clauses, verdicts, faults: the output |
//! | [`read`] | readers of playlists, boxes, packets and manifests, which never panic |
//! | [`hls`] | clauses of draft-pantos-hls-rfc8216bis-22 and of Apple's authoring specification |
//! | [`cmaf`] | clauses of ISO/IEC 23000-19 |
//! | [`dash`] | clauses of ISO/IEC 23009-1 and of DASH-IF's low-latency guidelines |
//! | [`transport`] | clauses of ISO/IEC 13818-1 and of HLS with MPEG-TS segments |
//!
//! It shares no code with what writes playlists, boxes and packets: the product's writers do not judge themselves.
//! It is pure; who fetches, and how often, is the daemon's affair.

pub mod cmaf;
pub mod dash;
pub mod evidence;
pub mod hls;
pub mod look;
pub mod read;
#[cfg(test)]
mod tests;
pub mod transport;
pub mod verdict;

pub use evidence::{Evidence, Fetched, Probe, Purpose, RenditionEvidence, SegmentEvidence};
pub use look::Look;
pub use verdict::{Case, Clause, Fault, Finding, Verdict};

/// Every clause, in the order of the documents.
pub fn clauses() -> impl Iterator<Item = &'static Clause> {
    let others = [cmaf::CLAUSES, dash::CLAUSES, transport::CLAUSES];
    hls::CLAUSES.into_iter().chain(others).flatten()
}

/// Judges one look at a channel; `before` is an earlier one, for what must not change.
#[must_use]
pub fn judge(look: &Look, before: Option<&Look>) -> Vec<Finding> {
    let case = Case { look, before };
    clauses().map(|clause| Finding { clause, verdict: clause.judge(&case) }).collect()
}

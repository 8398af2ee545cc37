//! The encode worker: coded source in, coded ladder out, paced by the house clock.

mod paint;
pub mod pattern;

//! The daemon.
//!
//! | module | what it is |
//! |---|---|
//! | [`clock`] | the house clock; the only place that reads time |
#![forbid(unsafe_code)]

pub mod clock;

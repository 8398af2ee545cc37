//! The daemon.
//!
//! | module | what it is |
//! |---|---|
//! | [`clock`] | the house clock; the only place that reads time |
//! | [`limits`] | every bound, its unit, its reason |
//! | [`store`] | what the operator has asked for, in SQLite |
//! | [`supervise`] | what runs, what happens when it ends; no media knowledge |
#![forbid(unsafe_code)]

pub mod clock;
pub mod limits;
pub mod store;
pub mod supervise;

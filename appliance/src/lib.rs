//! The daemon.
//!
//! | module | what it is |
//! |---|---|
//! | [`api`] | `/api/v1`: what the admin pages and the command line speak |
//! | [`board`] | what each channel is doing |
//! | [`cli`] | the command line, and its client of a running daemon |
//! | [`clock`] | the house clock; the only place that reads time |
//! | [`limits`] | every bound, its unit, its reason |
//! | [`settings`] | ports, folders, log level: what is fixed at start |
//! | [`store`] | what the operator has asked for, in SQLite |
//! | [`supervise`] | what runs, what happens when it ends; no media knowledge |
#![forbid(unsafe_code)]

pub mod api;
pub mod board;
pub mod cli;
pub mod clock;
pub mod limits;
pub mod settings;
pub mod store;
pub mod supervise;

//! The window described as LL-DASH (ISO/IEC 23009-1, DASH-IF IOP Part 6 "low latency").
//!
//! [`mpd`] is a function of the configuration alone. Segment numbers and times are computed from UTC and not from
//! start-up, so the manifest of a running channel changes only with its eras: it is rendered once for each, and a
//! player that has it needs nothing but a clock.

mod manifest;
mod xml;

pub use manifest::{
    ERA_NOTICE, Period, Settings, UPDATED_OFTEN, UPDATED_SELDOM, UPDATED_WHILE_YOUNG, mpd, with_base_url,
};

//! The machine that the box runs on: what its kernel tells of processor, memory, disks, network, sensors, clock and GPUs.
//!
//! | module | what it is |
//! |---|---|
//! | [`parse`] | pure: files of `/proc`, and what `chronyc` prints |
//! | [`kernel`] | reads files of the kernel's, each bounded, below a root that may be another than `/` |
//! | [`read`] | everything, once |
//! | [`sensors`], [`drives`], [`links`], [`gpus`], [`time_service`] | a part of it each |
//! | [`figures`] | pure: what is told of two readings |
//! | [`judge`] | pure: what of it is an alarm |
//! | [`metrics`] | pure: what there is a history of |
//! | [`past`] | pure: the last ten minutes, and minutes made of them |
//! | [`room`] | pure: how many more channels fit |
//! | [`watch`] | does all that, each ten seconds |
//!
//! Nothing here needs a privilege; what would is said in [`wire::BoxHealth::notes`]. How full the disk of the data folder is,
//! and house time, are [`health`](crate::health)'s to judge.

pub mod drives;
pub mod figures;
pub mod gpus;
pub mod judge;
pub mod kernel;
pub mod links;
pub mod metrics;
pub mod parse;
pub mod past;
pub mod read;
pub mod room;
pub mod sensors;
pub mod time_service;
pub mod watch;

use past::Past;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is known of it; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Hardware(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    now: wire::BoxHealth,
    looked_for: String,
    past: Past,
}

impl Hardware {
    /// How it is. Without room: that depends on channels.
    #[must_use]
    pub fn now(&self) -> wire::BoxHealth {
        self.state().now.clone()
    }

    /// What was looked for in the way of GPUs.
    #[must_use]
    pub fn looked_for(&self) -> String {
        self.state().looked_for.clone()
    }

    /// The processor's load over the last minute, in percent; nothing before there is one.
    #[must_use]
    pub fn busy_percent(&self) -> Option<f64> {
        self.state().past.lately(metrics::CPU)
    }

    /// A metric in the last ten minutes.
    #[must_use]
    pub fn recent(&self, metric: &str) -> Vec<Option<f64>> {
        self.state().past.recent(metric)
    }

    /// Each change leaves it whole, even if a writer has panicked.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

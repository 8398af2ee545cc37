//! All sources of the channel, and which of them is on air.

use super::intake::Source;
use super::pass::Terms;
use crate::shared::lock;
use media::link::{SOURCES_MAX, Signal, Slate};
use media::time::Ticks;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock};

/// See the module. Sources are made when they are first heard of.
pub(crate) struct Sources {
    /// Length of a slot.
    frame: Ticks,
    /// What a source must be like that its own pictures pass through; none when they are not to.
    terms: Option<Terms>,
    on_air: AtomicUsize,
    all: [OnceLock<Arc<Source>>; SOURCES_MAX],
    /// What is shown while the one on air has nothing to show.
    pub(crate) slate: Mutex<Slate>,
}

impl Sources {
    pub(crate) fn new(frame: Ticks, terms: Option<Terms>, slate: Slate) -> Arc<Self> {
        let all = [const { OnceLock::new() }; SOURCES_MAX];
        Arc::new(Self { frame, terms, on_air: AtomicUsize::new(0), all, slate: Mutex::new(slate) })
    }

    /// The source that has this number.
    pub(crate) fn get(&self, number: usize) -> &Arc<Source> {
        self.all[number].get_or_init(|| Source::new(self.frame, self.terms, &lock(&self.slate)))
    }

    /// The one that is on air.
    pub(crate) fn on_air(&self) -> &Arc<Source> {
        self.get(self.on_air.load(Relaxed))
    }

    /// The same, and its number.
    pub(crate) fn on_air_numbered(&self) -> (usize, &Arc<Source>) {
        let number = self.on_air.load(Relaxed);
        (number, self.get(number))
    }

    /// The source that has this number is on air from the next slot on.
    pub(crate) fn put_on_air(&self, number: usize) {
        self.on_air.store(number, Relaxed);
    }

    /// Those that are there but not on air.
    pub(crate) fn standing_by(&self) -> impl Iterator<Item = &Arc<Source>> {
        let on_air = self.on_air.load(Relaxed);
        let others = self.all.iter().enumerate().filter(move |(number, _)| *number != on_air);
        others.filter_map(|(_, source)| source.get())
    }

    /// The slate is now this.
    pub(crate) fn set_slate(&self, slate: Slate) {
        self.all.iter().filter_map(OnceLock::get).for_each(|source| source.set_slate(&slate));
        *lock(&self.slate) = slate;
    }

    /// What each one's signal is like, by number, up to the last that is there.
    pub(crate) fn signals(&self, now: Ticks) -> Vec<Signal> {
        let count = self.all.iter().rposition(|source| source.get().is_some()).map_or(0, |last| last + 1);
        let signal = |source: &Arc<Source>| lock(&source.meter).signal(now);
        self.all[..count].iter().map(|source| source.get().map(signal).unwrap_or_default()).collect()
    }
}

//! Encode: the stage that owns a channel's worker process. Coded source in, coded ladder out.
//!
//! Here: what a worker is told when it starts ([`replay`]), which slots pass to the packager ([`gate`]), one worker's
//! life from start to end ([`run`]), where it may move to ([`course`], [`ask`]), whose fault its end was ([`blame`]), the one that waits to replace it ([`standby`]), and the actor that starts the next
//! one ([`actor`]). Not here: codecs and pictures (crate `worker`, in its own process).
//!
//! A worker that ends, hangs or talks nonsense is an expected failure: the actor stays, and starts another, which
//! continues at the slot after the last that passed.

pub mod actor;
pub mod ask;
pub mod blame;
pub mod course;
pub mod gate;
pub mod replay;
pub mod run;
pub mod standby;

use media::time::Ticks;
use media::unit::{AccessUnit, CodecConfig};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// What the packager gets.
#[derive(Clone, Debug)]
pub enum Encoded {
    /// A rendition's encoder is open: rungs first, best first, then audio.
    Config(usize, CodecConfig),
    /// From this house time on, the best rung is coded so.
    Era(Ticks, CodecConfig),
    /// One canvas slot: an access unit of every rung, best first.
    Slot(Vec<AccessUnit>),
    /// One audio frame.
    Audio(AccessUnit),
}

/// How far the encoded timeline has come; outlives workers and stages, so that each worker continues the last one's.
#[derive(Clone, Debug)]
pub struct Progress(Arc<[AtomicI64; 2]>);

const NEVER: i64 = i64::MIN;

impl Default for Progress {
    fn default() -> Self {
        Self(Arc::new([AtomicI64::new(NEVER), AtomicI64::new(NEVER)]))
    }
}

impl Progress {
    /// Takes note of what is about to be handed on.
    pub fn note(&self, encoded: &Encoded) {
        let end = |unit: &AccessUnit| (unit.dts + unit.duration).0;
        match encoded {
            Encoded::Config(..) | Encoded::Era(..) => (),
            Encoded::Slot(units) => {
                if let Some(unit) = units.first() {
                    self.0[0].store(end(unit), Ordering::Relaxed);
                }
            }
            Encoded::Audio(unit) => self.0[1].store(end(unit), Ordering::Relaxed),
        }
    }

    /// What was handed on after this is lost: the packager begins anew here.
    pub fn rewind(&self, (video, audio): (Option<Ticks>, Option<Ticks>)) {
        for (at, next) in self.0.iter().zip([video, audio]) {
            at.store(next.map_or(NEVER, |next| next.0), Ordering::Relaxed);
        }
    }

    /// Start of the next video slot, once there has been one.
    #[must_use]
    pub fn next_video(&self) -> Option<Ticks> {
        self.get(0)
    }

    /// Start of the next audio frame, once there has been one.
    #[must_use]
    pub fn next_audio(&self) -> Option<Ticks> {
        self.get(1)
    }

    fn get(&self, index: usize) -> Option<Ticks> {
        let ticks = self.0[index].load(Ordering::Relaxed);
        (ticks != NEVER).then_some(Ticks(ticks))
    }
}

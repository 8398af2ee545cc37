//! Every bound of the worker: its unit, its reason, and what happens when it is reached.

use media::time::Ticks;
use std::time::Duration;

/// A predecessor's work is continued when it ended at most this long ago; else the worker begins at the next segment.
/// Two cores encode the default ladder at two to three times real time, so this much is made good in a few seconds.
pub(crate) const RESUME_MAX: Ticks = Ticks::from_secs(10);

/// A worker further behind the house clock than this gives up, so that its successor can begin afresh.
pub(crate) const BEHIND_MAX: Ticks = Ticks::from_secs(15);

/// Slots on their way to one rung. A full queue holds the canvas back; nothing is lost.
pub(crate) const RUNG_QUEUE_SLOTS: usize = 4;

/// Messages on their way to the daemon. A full queue holds the encoders back: about two seconds of a ladder of four.
pub(crate) const OUTBOX_MESSAGES: usize = 512;

/// Source access units on their way to one decoder. Beyond it they are dropped, for video up to the next key picture:
/// four seconds at 60 frames a second, and what a new worker is told again.
pub(crate) const DECODE_QUEUE_UNITS: usize = 256;

/// Decoded pictures that wait for their slot; beyond it the oldest is dropped. Holds the largest reserve
/// (`source::clock`) at 60 frames a second.
pub(crate) const PICTURES_WAITING_MAX: usize = 32;

/// Coded pictures of a source that wait to take the encoder's place; beyond it the oldest is dropped. Two seconds at 60 a
/// second: they wait for at most one.
pub(crate) const PASS_WAITING_MAX: usize = 128;

/// A source whose pictures pass through is delayed by up to a second. They are decoded only so long before they are due,
/// since decoded pictures are a thousand times as large.
pub(crate) const DECODE_AHEAD: Ticks = Ticks::from_millis(120);

/// Threads that a source's filters share, if the box has as many.
pub(crate) const FILTER_THREADS_MAX: usize = 4;

/// Decoded sound that waits for its frame; beyond it the oldest is dropped. Three seconds.
pub(crate) const SOUND_WAITING_MAX_SAMPLES: usize = 3 * 48_000;

/// Distance between status messages; the daemon takes silence for a stall.
pub(crate) const STATUS_INTERVAL: Duration = Duration::from_millis(500);

/// Distance between what is told of the sources' signals: a tenth of what a change to another source may be late.
pub(crate) const SIGNALS_INTERVAL: Duration = Duration::from_millis(50);

/// A worker waits so long for the first picture of the source that its predecessor showed: decoding a second of it takes
/// a tenth of that or so. Then it begins with the slate.
pub(crate) const FIRST_PICTURE_WAIT: Ticks = Ticks::from_millis(500);

/// The longest uninterrupted sleep, so that a clock that was slewed and a stop are noticed.
pub(crate) const NAP_MAX: Duration = Duration::from_millis(50);

/// How long the threads may take to end before the worker exits without them.
pub(crate) const STOP_WAIT: Duration = Duration::from_millis(300);

//! Every bound of the daemon: its unit, its reason, and what happens when it is reached.
//!
//! Nothing here decides anything. Limits of the media formats live in `media`, next to the clause they come from.

use std::time::Duration;

/// Restarts of one task within [`RESTART_WINDOW`] before it is parked or escalated: a glitch is ridden out at
/// once, five in a minute are a cause that will not go away by itself.
pub const RESTARTS_MAX: u32 = 5;

/// The window in which restarts are counted.
pub const RESTART_WINDOW: Duration = Duration::from_secs(60);

/// The first wait of a parked task; each later one is twice as long.
pub const BACKOFF_FIRST: Duration = Duration::from_secs(1);

/// The longest wait of a parked task: an operator who has mended the cause should not have to look for a button.
pub const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// A parked task that has run this long has recovered: as long as the longest wait, so that the alarm of a task
/// that fails at each attempt never flickers.
pub const STEADY_AFTER: Duration = BACKOFF_MAX;

/// How long a task may take to its first sign of life, unless it says otherwise: opening three encoders on a
/// loaded two-core machine takes up to 2 s.
pub const START_WITHIN: Duration = Duration::from_secs(10);

/// How often supervisors look for stalls: a tenth of the second within which a hung worker must be seen.
pub const STALL_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// Commands waiting for one supervisor; the sender of one more waits.
pub const SUPERVISOR_COMMANDS_MAX: usize = 16;

/// Bytes of one line that a child process writes to standard error; the rest of the line is dropped.
pub const STDERR_LINE_BYTES_MAX: usize = 4096;

/// Lines of standard error kept to explain why a child process ended; older ones are in the journal alone.
pub const STDERR_LINES_KEPT: usize = 10;

/// Channels on one box; adding one more is refused. Far above what one box can encode; it bounds lists and pages.
pub const CHANNELS_MAX: usize = 64;

/// Characters of a slug: fits a DNS label with room for a suffix, and a URL that a person can read out.
pub const SLUG_CHARS_MAX: usize = 40;

/// Characters of a name; more do not fit a line of the admin pages.
pub const NAME_CHARS_MAX: usize = 100;

/// Rungs of one ladder; more cost encoders and give players nothing.
pub const RUNGS_MAX: usize = 6;

/// Pixels across and down of any rung: no smaller than encoders take, no larger than UHD.
pub const WIDTH_PIXELS: std::ops::RangeInclusive<u32> = 64..=3840;

/// See [`WIDTH_PIXELS`].
pub const HEIGHT_PIXELS: std::ops::RangeInclusive<u32> = 64..=2160;

/// Bits per second of one rung.
pub const RUNG_BITRATE_BPS: std::ops::RangeInclusive<u32> = 50_000..=50_000_000;

/// Requests waiting for the store's thread; the sender of one more waits, within its deadline.
pub const STORE_REQUESTS_MAX: usize = 64;

/// What the store answers later than this, it does not answer: an operator must hear within 5 s.
pub const STORE_DEADLINE: Duration = Duration::from_millis(4500);

/// How long SQLite itself waits for a lock: less than [`STORE_DEADLINE`], so that a request which was told to
/// have failed is not carried out after all.
pub const STORE_LOCK_WAIT: Duration = Duration::from_secs(3);

/// Bytes of a request's body; a channel takes less than 2 KiB. More is refused with 413.
pub const BODY_BYTES_MAX: usize = 64 << 10;

/// Clients that follow `/api/v1/events`; one more is refused with 503 and falls back to asking.
pub const EVENT_FEEDS_MAX: usize = 32;

/// Least time between two events of one feed: four a second look live, and a burst of changes costs one rendering.
pub const EVENT_GAP_MIN: Duration = Duration::from_millis(250);

/// Silence after which a feed sends a comment, so that proxies and clients see that the connection lives.
pub const EVENT_PING_INTERVAL: Duration = Duration::from_secs(15);

/// How soon a feed tries again to read the store when that has failed.
pub const EVENT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Seconds after which a client may ask again when the daemon is busy.
pub const RETRY_AFTER_SECS: u32 = 5;

/// Bytes of an answer that the command line accepts: 64 channels take 100 KiB.
pub const ANSWER_BYTES_MAX: usize = 4 << 20;

/// How long the command line waits for the daemon: longer than any deadline within it.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(10);

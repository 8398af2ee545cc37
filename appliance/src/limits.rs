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

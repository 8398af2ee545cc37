//! Deadlines and polling: the only place of the tests that reads a clock.

use anyhow::bail;
use std::time::{Duration, Instant};

/// Between two looks at a condition.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Now, to measure from.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "black-box tests wait for a real process in real time")]
pub fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since the Unix epoch.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "what is on the screen is compared with the time of day")]
pub fn utc_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}

/// Waits for a condition, looking again and again.
///
/// # Errors
/// When it has not come true in `limit`; the message says what was waited for and the last reason.
pub fn until<T>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let start = now();
    loop {
        match look() {
            Ok(value) => return Ok(value),
            Err(error) if start.elapsed() > limit => bail!("{what}: not within {limit:?}: {error:#}"),
            Err(_) => std::thread::sleep(LOOK_AGAIN),
        }
    }
}

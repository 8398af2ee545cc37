//! The browser's clock, read here alone. It measures how old an answer is; the time shown is the box's own.

use leptos::prelude::*;
use std::time::Duration;

/// How often what counts seconds is drawn again.
const TICK: Duration = Duration::from_secs(1);

/// The browser's time, in milliseconds since the epoch.
#[expect(
    clippy::cast_possible_truncation,
    reason = "whole milliseconds since the epoch fit a double and an i64"
)]
pub(crate) fn now_ms() -> i64 {
    js_sys::Date::now() as i64
}

/// The browser's time, renewed each second.
pub(crate) fn ticking_ms() -> ReadSignal<i64> {
    let (now, set_now) = signal(now_ms());
    let ticking = set_interval_with_handle(move || set_now.set(now_ms()), TICK);
    if let Ok(ticking) = ticking {
        on_cleanup(move || ticking.clear());
    }
    now
}

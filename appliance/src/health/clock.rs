//! Has the house clock follow UTC, and says when the two are apart.

use crate::alarms::{Kind, Words};
use crate::board::Board;
use crate::clock::{House, monotonic};
use crate::limits::{CLOCK_CLEAR, CLOCK_INTERVAL, CLOCK_OFF};
use media::time::Ticks;

/// Follows, for as long as the box runs.
///
/// # Errors
/// Never.
pub async fn follow(house: House, board: Board) -> anyhow::Result<()> {
    let mut last = monotonic();
    loop {
        tokio::time::sleep(CLOCK_INTERVAL).await;
        let now = monotonic();
        let off = house.follow_utc(now.saturating_sub(last));
        last = now;
        board.settle(Kind::ClockOff, judge(off), || words(off));
    }
}

/// Whether the two are apart; nothing in between, so that an alarm does not flicker.
fn judge(off: Ticks) -> Option<bool> {
    let off = Ticks(off.0.abs());
    if off >= CLOCK_OFF { Some(true) } else { (off < CLOCK_CLEAR).then_some(false) }
}

fn words(off: Ticks) -> Words {
    let side = if off > Ticks::ZERO { "behind" } else { "ahead of" };
    Words::new(
        format!("House time is {side} the box's clock, which was set since the start."),
        "It follows by 43 s a day, so that no viewer notices. Restart Forebay at a quiet moment to have it follow at \
         once; numbers of segments then jump.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apart_and_together_again_are_apart() {
        let judged = [0, 400, -400, 700, 1000, -5000].map(|ms| judge(Ticks::from_millis(ms)));
        assert_eq!(judged, [Some(false), Some(false), Some(false), None, Some(true), Some(true)]);
        assert!(words(Ticks::from_secs(2)).cause.contains("behind"));
    }
}

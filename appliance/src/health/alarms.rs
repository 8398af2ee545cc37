//! Ends alarms that came and went, once they have been quiet.

use crate::board::Board;
use crate::limits::ALARM_LOOK_INTERVAL;

/// Looks for as long as the box runs.
///
/// # Errors
/// Never.
pub async fn settle(board: Board) -> anyhow::Result<()> {
    loop {
        tokio::time::sleep(ALARM_LOOK_INTERVAL).await;
        board.settle_held();
    }
}

//! Forgets for good what was removed and cannot be put back any more.

use crate::limits::UNDO_SWEEP_INTERVAL;
use crate::store::Store;

/// Does so, for as long as the box runs.
///
/// # Errors
/// Never.
pub async fn sweep(store: Store) -> anyhow::Result<()> {
    loop {
        match store.sweep_removed().await {
            Ok(0) => (),
            Ok(count) => tracing::info!(count, "what was removed is forgotten for good"),
            // Nothing that is over is put back; the next look finds it again.
            Err(error) => tracing::debug!("what was removed is not forgotten yet: {error}"),
        }
        tokio::time::sleep(UNDO_SWEEP_INTERVAL).await;
    }
}

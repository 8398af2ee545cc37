//! Keeps copies of the settings: one at start, then one after each change.

use crate::alarms::{Kind, Words};
use crate::board::Board;
use crate::limits::{COPY_AFTER, COPY_RETRY};
use crate::store::{Store, StoreError};
use tokio::sync::watch;

/// The setting that remembers an alarm which waits for the operator.
pub const RESTORED: &str = "alarm.settings-restored";

/// Says that the settings of a copy are used, if so, until the operator has dismissed it: over restarts too.
///
/// # Errors
/// [`StoreError`].
pub async fn tell_of_restoration(store: &Store, board: &Board) -> Result<(), StoreError> {
    if let Some(restored) = store.restored() {
        let cause = format!(
            "The settings could not be used ({}). Those of a copy made at {} are used instead.",
            restored.why, restored.made_at
        );
        let set_aside = restored.set_aside.display().to_string();
        let told = serde_json::json!({ "cause": cause, "set_aside": set_aside });
        store.set_setting(RESTORED, told).await?;
    }
    if let Some(told) = store.setting(RESTORED).await? {
        let text = |name: &str| told.get(name).and_then(|text| text.as_str()).unwrap_or_default().to_owned();
        let remedy = format!(
            "Check that channels and keys are as they should be: changes made after the copy are missing. The \
             damaged files are in {}. A disk that damages files should be replaced.",
            text("set_aside")
        );
        board.raise(Kind::SettingsRestored, Words::new(text("cause"), remedy));
    }
    Ok(())
}

/// Makes the copies, for as long as the box runs.
///
/// # Errors
/// When the other end of `changed` has gone.
pub async fn keep(store: Store, board: Board, mut changed: watch::Receiver<u64>) -> anyhow::Result<()> {
    loop {
        let copied = store.copy_what_changed().await;
        match &copied {
            Ok(()) => board.clear(Kind::SettingsUnwritable),
            // Somebody else holds the database: nothing is wrong with the disk.
            Err(StoreError::Busy) => (),
            Err(error) => board.raise(Kind::SettingsUnwritable, unwritable(error)),
        }
        if copied.is_err() {
            tokio::time::sleep(COPY_RETRY).await;
            continue;
        }
        tokio::select! {
            news = changed.changed() => {
                news?;
                tokio::time::sleep(COPY_AFTER).await;
            }
            () = store.refused() => (),
        }
    }
}

fn unwritable(error: &StoreError) -> Words {
    let (cause, remedy) = match error {
        StoreError::DiskFull => {
            ("the disk is full".to_owned(), "Free some space on the disk of the data folder.")
        }
        StoreError::Frozen(why) => (
            why.clone(),
            "See the journal of the system. Mend the disk or mount it anew, then restart Forebay.",
        ),
        error => (
            error.to_string(),
            "See the journal of the system; the disk may have to be replaced, or mounted anew.",
        ),
    };
    Words::new(format!("Settings cannot be saved or copied: {cause}. Channels go on as they are."), remedy)
}

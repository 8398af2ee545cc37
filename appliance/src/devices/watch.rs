//! Looks for devices at the start, again each minute, and when the operator trusts one again; in between it reads how they
//! are. Keeps who is not trusted.

use super::probe::Looked;
use super::{Devices, nvidia, probe};
use crate::limits::{DEVICES_LOOK_INTERVAL, DEVICES_READ_INTERVAL};
use crate::store::Store;
use std::collections::BTreeMap;

/// The setting that holds those that are not trusted: cause by name.
const DISTRUSTED: &str = "devices.distrusted";

/// For as long as the box runs.
///
/// # Errors
/// When the threads for it are gone.
pub async fn watch(devices: Devices, store: Store) -> anyhow::Result<()> {
    let mut kept = kept(&store).await;
    if devices.asked_already().is_empty() && !kept.is_empty() {
        devices.restore(kept.clone());
    }
    let mut changes = devices.trust_changes();
    loop {
        let known = devices.asked_already();
        devices.settle(tokio::task::spawn_blocking(move || probe::all(&known)).await?);
        let distrusted = devices.distrusted();
        if distrusted != kept {
            match store.set_setting(DISTRUSTED, serde_json::json!(distrusted)).await {
                Ok(()) => kept = distrusted,
                // Kept in mind until the next start; tried again with the next look.
                Err(error) => tracing::warn!(%error, "it could not be kept which devices are not trusted"),
            }
        }
        // The sender lives as long as the handle here; the time is up when it is.
        let reading = tokio::time::timeout(DEVICES_LOOK_INTERVAL, read_on(&devices));
        tokio::select! {
            _changed = changes.changed() => (),
            read = reading => read.unwrap_or(Ok(()))?,
        }
    }
}

/// Reads how the devices are, again and again.
async fn read_on(devices: &Devices) -> anyhow::Result<()> {
    loop {
        tokio::time::sleep(DEVICES_READ_INTERVAL).await;
        let known = devices.asked_already();
        let read = tokio::task::spawn_blocking(move || nvidia::read_again(&known)).await?;
        if let Some(found) = read {
            devices.settle(Looked { found, looked_for: devices.looked_for() });
        }
    }
}

/// None where that cannot be read: a device that fails again is found out again.
async fn kept(store: &Store) -> BTreeMap<String, String> {
    let value = store.setting(DISTRUSTED).await.ok().flatten();
    value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
}

//! The audit log's chain: pure. Each entry's hash covers the one before and all of itself, so that none can be changed,
//! moved or taken out of the middle without everything after it being written anew.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use wire::AuditEntry;

/// Stands where the first entry's predecessor would.
pub const BEGIN: [u8; 32] = [0; 32];

/// SHA-256 over the predecessor's hash and each member, as text behind its length.
#[must_use]
pub fn chained(previous: &[u8; 32], entry: &AuditEntry) -> [u8; 32] {
    let AuditEntry { id, at_ms, who, address, call, status, before, after, hash: _ } = entry;
    let (id, at_ms, status) = (id.to_string(), at_ms.to_string(), status.to_string());
    let mut hasher = Sha256::new();
    hasher.update(previous);
    // What was not there is told from what was empty.
    let optional = |text: &Option<String>| text.as_ref().map_or_else(String::new, |text| format!("={text}"));
    let (before, after) = (optional(before), optional(after));
    for member in [&id, &at_ms, who, address, call, &status, &before, &after] {
        hasher.update((member.len() as u64).to_le_bytes());
        hasher.update(member);
    }
    hasher.finalize().into()
}

/// How many entries, the oldest first, hold: all but the first, whose predecessor may have been forgotten, are checked against the
/// one before.
///
/// # Errors
/// Number of the first that does not.
pub fn verify(entries: &[AuditEntry]) -> Result<usize, i64> {
    let mut previous: Option<[u8; 32]> = None;
    for entry in entries {
        let known = previous.or((entry.id == 1).then_some(BEGIN));
        let told = HEXLOWER.decode(entry.hash.as_bytes()).ok().and_then(|told| told.try_into().ok());
        let told: [u8; 32] = told.ok_or(entry.id)?;
        if known.is_some_and(|known| chained(&known, entry) != told) {
            return Err(entry.id);
        }
        previous = Some(told);
    }
    Ok(entries.len())
}

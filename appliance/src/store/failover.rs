//! When another source takes over: checked, and its SQL.

use super::Channel;
use super::channels::{begin, find, no_such};
use super::error::StoreError;
use crate::ingest::failover::Rules;
use crate::limits::{FAILOVER_MS, RETURN_AFTER_MS};
use media::time::Ticks;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::ops::RangeInclusive;

/// A time out of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {value}; it must be within {} and {}, or left out", .range.start(), .range.end())]
pub struct FailoverError {
    what: &'static str,
    value: u32,
    range: RangeInclusive<u32>,
}

impl FailoverError {
    /// The member of [`wire::Failover`] at fault, as a JSON pointer.
    #[must_use]
    pub fn field(&self) -> String {
        format!("/{}", self.what)
    }
}

/// As channels take it.
///
/// # Errors
/// [`FailoverError`].
pub fn checked(wanted: &wire::Failover) -> Result<Rules, FailoverError> {
    let within = |what, value: Option<u32>, range: RangeInclusive<u32>| match value {
        Some(value) if !range.contains(&value) => Err(FailoverError { what, value, range }),
        value => Ok(value.map(|value| Ticks::from_millis(value.into()))),
    };
    let wire::Failover { loss_ms, disorder_ms, black_ms, frozen_ms, silence_ms, return_after_ms } = *wanted;
    Ok(Rules {
        after: [
            within("loss_ms", Some(loss_ms), FAILOVER_MS)?,
            within("disorder_ms", disorder_ms, FAILOVER_MS)?,
            within("black_ms", black_ms, FAILOVER_MS)?,
            within("frozen_ms", frozen_ms, FAILOVER_MS)?,
            within("silence_ms", silence_ms, FAILOVER_MS)?,
        ],
        return_after: within("return_after_ms", return_after_ms, RETURN_AFTER_MS)?,
    })
}

/// As people see it.
#[must_use]
pub fn shown(rules: &Rules) -> wire::Failover {
    let millis = |length: Option<Ticks>| length.map(|length| u32::try_from(length.millis()).unwrap_or(0));
    let [loss, disorder_ms, black_ms, frozen_ms, silence_ms] = rules.after.map(millis);
    let return_after_ms = millis(rules.return_after);
    let loss_ms = loss.unwrap_or(0);
    wire::Failover { loss_ms, disorder_ms, black_ms, frozen_ms, silence_ms, return_after_ms }
}

pub(super) fn read(read: &Transaction<'_>, id: i64) -> Result<Rules, StoreError> {
    let sql = "SELECT loss_ms, disorder_ms, black_ms, frozen_ms, silence_ms, return_after_ms FROM failover \
               WHERE channel_id = ?1";
    let mut statement = read.prepare_cached(sql)?;
    let rules = |row: &rusqlite::Row<'_>| {
        let ticks = |index| row.get::<_, Option<i64>>(index).map(|value| value.map(Ticks::from_millis));
        let after = [ticks(0)?, ticks(1)?, ticks(2)?, ticks(3)?, ticks(4)?];
        Ok(Rules { after, return_after: ticks(5)? })
    };
    Ok(statement.query_row([id], rules).optional()?.unwrap_or_default())
}

pub(super) fn set(connection: &mut Connection, slug: &str, rules: &Rules) -> Result<Channel, StoreError> {
    let write = begin(connection)?;
    let sql = "INSERT OR REPLACE INTO failover (channel_id, loss_ms, disorder_ms, black_ms, frozen_ms, silence_ms, \
               return_after_ms) SELECT id, ?2, ?3, ?4, ?5, ?6, ?7 FROM channels WHERE slug = ?1";
    let [loss, disorder, black, frozen, silence] = rules.after.map(|after| after.map(Ticks::millis));
    let return_after = rules.return_after.map(Ticks::millis);
    write.execute(sql, params![slug, loss, disorder, black, frozen, silence, return_after])?;
    let changed = find(&write, slug)?.ok_or_else(|| no_such(slug))?;
    write.commit()?;
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_checked_member_by_member() {
        let wanted = shown(&Rules::default());
        assert_eq!(checked(&wanted), Ok(Rules::default()));
        let wrong = [
            (wire::Failover { loss_ms: 0, ..wanted }, "/loss_ms"),
            (wire::Failover { black_ms: Some(700_000), ..wanted }, "/black_ms"),
            (wire::Failover { silence_ms: Some(1), ..wanted }, "/silence_ms"),
            (wire::Failover { return_after_ms: Some(7_000_000), ..wanted }, "/return_after_ms"),
        ];
        for (rules, field) in wrong {
            assert_eq!(checked(&rules).unwrap_err().field(), field);
        }
    }
}

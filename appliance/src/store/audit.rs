//! The SQL of the audit log: who changed what, each row chained to the one before.

use super::channels::begin;
use super::error::StoreError;
use crate::audit::{BEGIN, chained};
use crate::limits::{AUDIT_ANSWER_MAX, AUDIT_ROWS};
use rusqlite::{Connection, OptionalExtension, Row, params};
use wire::AuditEntry;

/// What somebody did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deed {
    /// A user's name, or in brackets who needed none.
    pub who: String,
    /// Where from; empty on the box itself.
    pub address: String,
    /// Method and path.
    pub call: String,
    /// HTTP status of the answer.
    pub status: u16,
    /// What it is about, as JSON without secrets, before the call; nothing where there was nothing.
    pub before: Option<String>,
    /// The same after the call.
    pub after: Option<String>,
}

pub(super) fn append(connection: &mut Connection, deed: &Deed, now_ms: i64) -> Result<(), StoreError> {
    let write = begin(connection)?;
    let sql = "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1";
    let last = write.query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (last, previous): (i64, [u8; 32]) = last.unwrap_or((0, BEGIN));
    let Deed { who, address, call, status, before, after } = deed.clone();
    let entry = AuditEntry {
        id: last + 1,
        at_ms: now_ms,
        who,
        address,
        call,
        status,
        before,
        after,
        hash: String::new(),
    };
    let hash = chained(&previous, &entry);
    let sql = "INSERT INTO audit (id, at_ms, who, address, call, status, before, after, hash) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let AuditEntry { id, at_ms, who, address, call, status, before, after, .. } = entry;
    write.execute(sql, params![id, at_ms, who, address, call, status, before, after, hash.as_slice()])?;
    write.execute("DELETE FROM audit WHERE id <= ?1", [id - i64::from(AUDIT_ROWS)])?;
    Ok(write.commit()?)
}

pub(super) fn list(
    connection: &mut Connection,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditEntry>, StoreError> {
    let sql = "SELECT id, at_ms, who, address, call, status, before, after, hash FROM audit \
               WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![before, limit.min(AUDIT_ANSWER_MAX)], entry)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    let hash: [u8; 32] = row.get(8)?;
    Ok(AuditEntry {
        id: row.get(0)?,
        at_ms: row.get(1)?,
        who: row.get(2)?,
        address: row.get(3)?,
        call: row.get(4)?,
        status: row.get(5)?,
        before: row.get(6)?,
        after: row.get(7)?,
        hash: data_encoding::HEXLOWER.encode(&hash),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::verify;
    use crate::clock::House;
    use crate::store::open::open;

    fn deed(call: &str) -> Deed {
        Deed {
            who: "Ada".into(),
            call: call.into(),
            status: 204,
            after: Some("{}".into()),
            ..Deed::default()
        }
    }

    #[test]
    fn the_log_is_chained_and_whoever_edits_it_is_found_out() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut connection = open(folder.path(), House::anchor().now()).unwrap().0;
        for call in ["POST /channels", "PUT /channels/a/slate", "DELETE /channels/a"] {
            append(&mut connection, &deed(call), 1_000).unwrap();
        }
        let told = |connection: &mut Connection| {
            let mut entries = list(connection, None, 10).unwrap();
            entries.reverse();
            entries
        };
        assert_eq!(told(&mut connection).iter().map(|entry| entry.id).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(verify(&told(&mut connection)), Ok(3));
        assert_eq!(list(&mut connection, Some(3), 1).unwrap()[0].call, "PUT /channels/a/slate");
        connection.execute("UPDATE audit SET who = 'Eve' WHERE id = 2", ()).unwrap();
        assert_eq!(verify(&told(&mut connection)), Err(2));
        connection.execute("DELETE FROM audit WHERE id = 2", ()).unwrap();
        assert_eq!(verify(&told(&mut connection)), Err(3));
    }

    #[test]
    fn it_is_bounded_and_what_is_left_still_holds() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut connection = open(folder.path(), House::anchor().now()).unwrap().0;
        connection.pragma_update(None, "synchronous", "OFF").unwrap();
        for _ in 0..AUDIT_ROWS + 5 {
            append(&mut connection, &deed("POST /x"), 1).unwrap();
        }
        let count: u32 = connection.query_row("SELECT count(*) FROM audit", (), |row| row.get(0)).unwrap();
        assert_eq!(count, AUDIT_ROWS);
        let mut left = list(&mut connection, None, 50).unwrap();
        left.reverse();
        assert_eq!(verify(&left), Ok(50));
    }
}

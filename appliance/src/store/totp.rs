//! The SQL of second steps: what an authenticator app shares with the box, and recovery codes.

use super::accounts::id_of;
use super::channels::begin;
use super::error::StoreError;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use wire::TotpState;

/// What somebody's codes are compared with. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Totp {
    /// Shared with the app.
    pub secret: [u8; 20],
    /// A first code was right: signing in takes one.
    pub is_confirmed: bool,
}

impl std::fmt::Debug for Totp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Totp(hidden)")
    }
}

/// Nobody is asked for a code yet.
pub(super) fn offer(connection: &mut Connection, name: &str, secret: &[u8; 20]) -> Result<(), StoreError> {
    let write = begin(connection)?;
    let id = id_of(&write, name)?;
    if find(&write, id)?.is_some_and(|totp| totp.is_confirmed) {
        return Err(StoreError::TotpOn(name.to_owned()));
    }
    let sql = "INSERT OR REPLACE INTO totp (user_id, secret) VALUES (?1, ?2)";
    write.execute(sql, params![id, secret.as_slice()])?;
    Ok(write.commit()?)
}

pub(super) fn get(connection: &mut Connection, name: &str) -> Result<Option<Totp>, StoreError> {
    let read = connection.transaction()?;
    let id = id_of(&read, name)?;
    find(&read, id)
}

fn find(read: &Transaction<'_>, id: i64) -> Result<Option<Totp>, StoreError> {
    let sql = "SELECT secret, confirmed_at_ms IS NOT NULL FROM totp WHERE user_id = ?1";
    let row = |row: &rusqlite::Row<'_>| Ok(Totp { secret: row.get(0)?, is_confirmed: row.get(1)? });
    Ok(read.query_row(sql, [id], row).optional()?)
}

/// From now on signing in takes a code; `step` is the interval of the first one.
pub(super) fn confirm(
    connection: &mut Connection,
    name: &str,
    step: i64,
    recovery: &[[u8; 32]],
    now_ms: i64,
) -> Result<(), StoreError> {
    let write = begin(connection)?;
    let id = id_of(&write, name)?;
    let sql =
        "UPDATE totp SET confirmed_at_ms = ?2, last_step = ?3 WHERE user_id = ?1 AND confirmed_at_ms IS NULL";
    if write.execute(sql, params![id, now_ms, step])? == 0 {
        return Err(StoreError::TotpOn(name.to_owned()));
    }
    put_recovery(&write, id, recovery)?;
    Ok(write.commit()?)
}

/// In the place of those so far.
fn put_recovery(write: &Transaction<'_>, id: i64, recovery: &[[u8; 32]]) -> Result<(), StoreError> {
    write.execute("DELETE FROM recovery_codes WHERE user_id = ?1", [id])?;
    for hash in recovery {
        let sql = "INSERT INTO recovery_codes (user_id, code_sha256) VALUES (?1, ?2)";
        write.execute(sql, params![id, hash.as_slice()])?;
    }
    Ok(())
}

/// Those so far are void.
pub(super) fn renew_recovery(
    connection: &mut Connection,
    name: &str,
    recovery: &[[u8; 32]],
) -> Result<(), StoreError> {
    let write = begin(connection)?;
    let id = id_of(&write, name)?;
    if !find(&write, id)?.is_some_and(|totp| totp.is_confirmed) {
        return Err(StoreError::NoTotp(name.to_owned()));
    }
    put_recovery(&write, id, recovery)?;
    Ok(write.commit()?)
}

/// Whether no code of this interval, or of a later one, has been taken; none is from now on (RFC 6238, 5.2).
pub(super) fn use_step(connection: &mut Connection, name: &str, step: i64) -> Result<bool, StoreError> {
    let write = begin(connection)?;
    let id = id_of(&write, name)?;
    let sql = "UPDATE totp SET last_step = ?2 WHERE user_id = ?1 AND last_step < ?2 AND confirmed_at_ms IS NOT NULL";
    let used = write.execute(sql, params![id, step])?;
    write.commit()?;
    Ok(used == 1)
}

/// Whether there is such a code; there is none from now on.
pub(super) fn use_recovery(
    connection: &mut Connection,
    name: &str,
    hash: &[u8; 32],
) -> Result<bool, StoreError> {
    let write = begin(connection)?;
    let id = id_of(&write, name)?;
    let sql = "DELETE FROM recovery_codes WHERE user_id = ?1 AND code_sha256 = ?2";
    let used = write.execute(sql, params![id, hash.as_slice()])?;
    write.commit()?;
    Ok(used == 1)
}

pub(super) fn state(connection: &mut Connection, name: &str) -> Result<TotpState, StoreError> {
    let read = connection.transaction()?;
    let id = id_of(&read, name)?;
    let sql = "SELECT confirmed_at_ms FROM totp WHERE user_id = ?1";
    let since_ms: Option<i64> = read.query_row(sql, [id], |row| row.get(0)).optional()?.flatten();
    let sql = "SELECT count(*) FROM recovery_codes WHERE user_id = ?1";
    let recovery_codes_left = read.query_row(sql, [id], |row| row.get(0))?;
    Ok(TotpState { enabled: since_ms.is_some(), since_ms, recovery_codes_left })
}

/// Signing in takes no code any more.
pub(super) fn remove(connection: &mut Connection, name: &str) -> Result<(), StoreError> {
    let write = begin(connection)?;
    let id = id_of(&write, name)?;
    write.execute("DELETE FROM recovery_codes WHERE user_id = ?1", [id])?;
    if write.execute("DELETE FROM totp WHERE user_id = ?1", [id])? == 0 {
        return Err(StoreError::NoTotp(name.to_owned()));
    }
    Ok(write.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::House;
    use crate::store::{accounts, grants, open::open};

    #[test]
    fn an_interval_and_a_recovery_code_are_used_once() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut connection = open(folder.path(), House::anchor().now()).unwrap().0;
        let connection = &mut connection;
        accounts::add_first(connection, "Ada", &"x".repeat(60), 0).unwrap();
        assert!(matches!(remove(connection, "ada"), Err(StoreError::NoTotp(_))));
        offer(connection, "ada", &[1; 20]).unwrap();
        offer(connection, "ada", &[2; 20]).unwrap();
        assert_eq!(get(connection, "ADA").unwrap(), Some(Totp { secret: [2; 20], is_confirmed: false }));
        assert!(!use_step(connection, "ada", 7).unwrap(), "none is taken before the first is confirmed");
        confirm(connection, "ada", 7, &[[3; 32], [4; 32]], 1000).unwrap();
        assert!(grants::one(connection, "ada").unwrap().totp);
        let used = [7, 6, 8, 8, 7, 9].map(|step| use_step(connection, "ada", step).unwrap());
        assert_eq!(used, [false, false, true, false, false, true]);
        let used =
            [[3; 32], [3; 32], [5; 32], [4; 32]].map(|hash| use_recovery(connection, "ada", &hash).unwrap());
        assert_eq!(used, [true, false, false, true]);
        renew_recovery(connection, "ada", &[[6; 32]]).unwrap();
        let used = [[3; 32], [6; 32]].map(|hash| use_recovery(connection, "ada", &hash).unwrap());
        assert_eq!(used, [false, true], "those so far are void");
        let left = TotpState { enabled: true, since_ms: Some(1000), recovery_codes_left: 0 };
        assert_eq!(state(connection, "ada").unwrap(), left);
        assert!(matches!(offer(connection, "ada", &[1; 20]), Err(StoreError::TotpOn(_))));
        assert!(matches!(confirm(connection, "ada", 10, &[], 0), Err(StoreError::TotpOn(_))));
        remove(connection, "Ada").unwrap();
        assert_eq!(state(connection, "ada").unwrap(), TotpState::default());
        assert!(!grants::one(connection, "ada").unwrap().totp);
        assert!(matches!(renew_recovery(connection, "ada", &[[7; 32]]), Err(StoreError::NoTotp(_))));
    }
}

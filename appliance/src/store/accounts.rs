//! The SQL of accounts and of who is signed in.

use super::channels::begin;
use super::error::StoreError;
use super::grants;
use super::removed::{self, Gone};
use crate::accounts::sight::Sight;
use crate::limits::{SESSION_IDLE, SESSION_SEEN_STEP, SESSION_WHOLE, SESSIONS_OF_USER_MAX, USERS_MAX};
use media::time::Ticks;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use wire::{Role, User};

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub user: User,
    /// Which channels exist for them.
    pub sight: Sight,
    /// SHA-256 of the cookie's token.
    pub token: [u8; 32],
}

const ROLES: [(&str, Role); 3] =
    [("administrator", Role::Administrator), ("operator", Role::Operator), ("viewer", Role::Viewer)];

pub(super) const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Administrator => "administrator",
        Role::Operator => "operator",
        Role::Viewer => "viewer",
    }
}

/// Name and role, in the first two columns.
pub(super) fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    let (name, role): (String, String) = (row.get(0)?, row.get(1)?);
    // The schema knows no other; the least if it did.
    let role = ROLES.into_iter().find_map(|(each, found)| (each == role).then_some(found));
    Ok(User { name, role: role.unwrap_or(Role::Viewer) })
}

fn count(read: &Transaction<'_>, role: Option<Role>) -> Result<u32, StoreError> {
    let role = role.map(role_name);
    Ok(read.query_row("SELECT count(*) FROM users WHERE ?1 IS NULL OR role = ?1", [role], |row| row.get(0))?)
}

pub(super) fn any(connection: &mut Connection) -> Result<bool, StoreError> {
    Ok(count(&connection.transaction()?, None)? > 0)
}

pub(super) fn add_first(
    connection: &mut Connection,
    name: &str,
    hash: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    let write = begin(connection)?;
    if count(&write, None)? > 0 {
        return Err(StoreError::Claimed);
    }
    insert(&write, &User { name: name.to_owned(), role: Role::Administrator }, hash, now_ms)?;
    Ok(write.commit()?)
}

pub(super) fn add(
    connection: &mut Connection,
    user: &User,
    hash: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    let write = begin(connection)?;
    let users = count(&write, None)?;
    if users >= USERS_MAX {
        return Err(StoreError::TooManyUsers);
    }
    if users == 0 && user.role != Role::Administrator {
        return Err(StoreError::FirstUser);
    }
    if id_of(&write, &user.name).is_ok() {
        return Err(StoreError::UserTaken(user.name.clone()));
    }
    insert(&write, user, hash, now_ms)?;
    Ok(write.commit()?)
}

fn insert(write: &Transaction<'_>, user: &User, hash: &str, now_ms: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO users (name, role, password, created_at_ms) VALUES (?1, ?2, ?3, ?4)";
    write.execute(sql, params![user.name, role_name(user.role), hash, now_ms])?;
    Ok(())
}

pub(super) fn id_of(read: &Transaction<'_>, name: &str) -> Result<i64, StoreError> {
    let found =
        read.query_row("SELECT id FROM users WHERE name = ?1", [name], |row| row.get(0)).optional()?;
    found.ok_or_else(|| StoreError::NoSuchUser(name.chars().take(60).collect()))
}

pub(super) fn remove(
    connection: &mut Connection,
    name: &str,
    by: Option<&str>,
    now: Ticks,
) -> Result<i64, StoreError> {
    let write = begin(connection)?;
    let id = id_of(&write, name)?;
    let sql = "SELECT name, role = 'administrator' FROM users WHERE id = ?1";
    let (name, is_administrator): (String, bool) =
        write.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if is_administrator && count(&write, Some(Role::Administrator))? == 1 {
        return Err(StoreError::LastAdministrator);
    }
    let kind = wire::RemovedKind::User;
    let gone = Gone { kind, name: &name, channel: None, owner: None, by, key: &name, number: None };
    let kept = removed::keep(&write, &gone, now)?;
    write.execute("DELETE FROM users WHERE id = ?1", [id])?;
    write.commit()?;
    Ok(kept)
}

/// Ends the user's sessions, but for `kept`.
pub(super) fn set_password(
    connection: &mut Connection,
    name: &str,
    hash: &str,
    kept: Option<[u8; 32]>,
) -> Result<(), StoreError> {
    let write = begin(connection)?;
    let id = id_of(&write, name)?;
    write.execute("UPDATE users SET password = ?2 WHERE id = ?1", params![id, hash])?;
    let sql = "DELETE FROM sessions WHERE user_id = ?1 AND (?2 IS NULL OR token_sha256 <> ?2)";
    write.execute(sql, params![id, kept.as_ref().map(<[u8; 32]>::as_slice)])?;
    Ok(write.commit()?)
}

/// Who has this name, and what their password is kept as.
pub(super) fn credentials(
    connection: &mut Connection,
    name: &str,
) -> Result<Option<(User, String)>, StoreError> {
    let sql = "SELECT name, role, password FROM users WHERE name = ?1";
    let found = connection.query_row(sql, [name], |row| Ok((user(row)?, row.get(2)?)));
    Ok(found.optional()?)
}

pub(super) fn open_session(
    connection: &mut Connection,
    name: &str,
    token: &[u8; 32],
    now: Ticks,
) -> Result<(), StoreError> {
    let write = begin(connection)?;
    let (id, now_ms) = (id_of(&write, name)?, now.millis());
    let over = params![now_ms - SESSION_IDLE.millis(), now_ms - SESSION_WHOLE.millis()];
    write.execute("DELETE FROM sessions WHERE seen_at_ms < ?1 OR created_at_ms < ?2", over)?;
    let sql =
        "INSERT INTO sessions (token_sha256, user_id, created_at_ms, seen_at_ms) VALUES (?1, ?2, ?3, ?3)";
    write.execute(sql, params![token.as_slice(), id, now_ms])?;
    // The oldest of too many end.
    let sql = "DELETE FROM sessions WHERE user_id = ?1 AND token_sha256 NOT IN (SELECT token_sha256 FROM sessions \
               WHERE user_id = ?1 ORDER BY created_at_ms DESC LIMIT ?2)";
    write.execute(sql, params![id, SESSIONS_OF_USER_MAX])?;
    Ok(write.commit()?)
}

/// Who has this token, if the session is not over. `is_call` says that somebody is there, and not only a page that listens.
pub(super) fn session(
    connection: &mut Connection,
    token: &[u8; 32],
    is_call: bool,
    now: Ticks,
) -> Result<Option<Session>, StoreError> {
    let sql = "SELECT name, role, seen_at_ms, sessions.created_at_ms, user_id FROM sessions JOIN users ON users.id = user_id \
               WHERE token_sha256 = ?1";
    let row = |row: &Row<'_>| {
        let [seen, created] = [row.get(2)?, row.get(3)?].map(Ticks::from_millis);
        Ok((user(row)?, seen, created, row.get(4)?))
    };
    let found = connection.query_row(sql, [token.as_slice()], row).optional()?;
    let Some((user, seen, created, id)) = found else { return Ok(None) };
    if now - seen >= SESSION_IDLE || now - created >= SESSION_WHOLE {
        return Ok(None);
    }
    if is_call && now - seen >= SESSION_SEEN_STEP {
        let sql = "UPDATE sessions SET seen_at_ms = ?2 WHERE token_sha256 = ?1";
        // A disk that takes nothing ends the session in its time; the call itself may well be answered.
        let _unwritable = connection.execute(sql, params![token.as_slice(), now.millis()]);
    }
    let sight = grants::sight(connection, id)?;
    Ok(Some(Session { user, sight, token: *token }))
}

pub(super) fn end_session(connection: &mut Connection, token: &[u8; 32]) -> Result<(), StoreError> {
    connection.execute("DELETE FROM sessions WHERE token_sha256 = ?1", [token.as_slice()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::House;
    use crate::store::open::open;
    use tempfile::TempDir;

    fn database() -> (TempDir, Connection) {
        let folder = TempDir::new().unwrap();
        let connection = open(folder.path(), House::anchor().now()).unwrap().0;
        (folder, connection)
    }

    fn hash(letter: &str) -> String {
        letter.repeat(60)
    }

    #[test]
    fn a_session_ends_when_nobody_calls_and_at_last_in_any_case() {
        let (_folder, mut connection) = database();
        let start = Ticks::from_secs(1_000_000);
        add_first(&mut connection, "Ada", &hash("x"), 0).unwrap();
        open_session(&mut connection, "ada", &[1; 32], start).unwrap();
        let mut at = |after: Ticks, is_call| {
            session(&mut connection, &[1; 32], is_call, start + after).unwrap().is_some()
        };
        let most = SESSION_IDLE - Ticks(1);
        assert!(at(most, false), "who only listens is let in");
        assert!(!at(SESSION_IDLE, false), "and is no sign of anybody");
        assert!(at(most, true));
        assert!(at(SESSION_IDLE, true));
        let (mut now, step) = (SESSION_IDLE, SESSION_IDLE - SESSION_SEEN_STEP);
        while now + step < SESSION_WHOLE {
            now += step;
            assert!(at(now, true));
        }
        assert!(!at(SESSION_WHOLE, true));
    }

    #[test]
    fn a_new_password_ends_all_other_sessions() {
        let (_folder, mut connection) = database();
        let now = Ticks::from_secs(1_000_000);
        add_first(&mut connection, "Ada", &hash("x"), 0).unwrap();
        (1..=3).for_each(|token| open_session(&mut connection, "Ada", &[token; 32], now).unwrap());
        set_password(&mut connection, "Ada", &hash("y"), Some([2; 32])).unwrap();
        let left =
            [1, 2, 3].map(|token| session(&mut connection, &[token; 32], true, now).unwrap().is_some());
        assert_eq!(left, [false, true, false]);
        set_password(&mut connection, "Ada", &hash("z"), None).unwrap();
        assert_eq!(session(&mut connection, &[2; 32], true, now).unwrap(), None);
        assert_eq!(credentials(&mut connection, "ADA").unwrap().unwrap().1, hash("z"));
    }

    #[test]
    fn sessions_of_one_user_are_bounded() {
        let (_folder, mut connection) = database();
        add_first(&mut connection, "Ada", &hash("x"), 0).unwrap();
        let most = u8::try_from(SESSIONS_OF_USER_MAX).unwrap();
        for token in 0..=most {
            let now = Ticks::from_secs(1_000_000 + i64::from(token));
            open_session(&mut connection, "Ada", &[token; 32], now).unwrap();
        }
        let now = Ticks::from_secs(1_000_100);
        let is_there = |connection: &mut Connection, token| {
            session(connection, &[token; 32], true, now).unwrap().is_some()
        };
        assert!(
            !is_there(&mut connection, 0) && is_there(&mut connection, 1) && is_there(&mut connection, most)
        );
    }

    #[test]
    fn the_last_administrator_stays() {
        let (_folder, mut connection) = database();
        let operator = User { name: "Bob".into(), role: Role::Operator };
        assert!(matches!(add(&mut connection, &operator, &hash("x"), 0), Err(StoreError::FirstUser)));
        add_first(&mut connection, "Ada", &hash("x"), 0).unwrap();
        assert!(matches!(add_first(&mut connection, "Eve", &hash("x"), 0), Err(StoreError::Claimed)));
        let user = |name: &str, role| User { name: name.into(), role };
        add(&mut connection, &user("Bob", Role::Operator), &hash("x"), 0).unwrap();
        let again = add(&mut connection, &user("bob", Role::Viewer), &hash("x"), 0);
        assert!(matches!(again, Err(StoreError::UserTaken(_))));
        assert!(matches!(
            remove(&mut connection, "ada", None, Ticks::ZERO),
            Err(StoreError::LastAdministrator)
        ));
        add(&mut connection, &user("Cyd", Role::Administrator), &hash("x"), 0).unwrap();
        remove(&mut connection, "ada", None, Ticks::ZERO).unwrap();
        assert!(matches!(remove(&mut connection, "ada", None, Ticks::ZERO), Err(StoreError::NoSuchUser(_))));
        let left = grants::accounts(&mut connection).unwrap();
        let left: Vec<_> = left.into_iter().map(|account| (account.name, account.role)).collect();
        assert_eq!(left, [("Bob".to_owned(), Role::Operator), ("Cyd".to_owned(), Role::Administrator)]);
    }
}

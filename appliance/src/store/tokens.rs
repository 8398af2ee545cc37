//! The SQL of tokens for scripts. Only a hash of each is kept.

use super::accounts::{id_of, user};
use super::channels::{self, begin};
use super::error::StoreError;
use super::grants;
use super::removed::{self, Gone};
use crate::accounts::role::{lower, of_scope, reaches};
use crate::accounts::sight::Sight;
use crate::limits::{API_TOKENS_OF_USER_MAX, SESSION_SEEN_STEP};
use media::time::Ticks;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use wire::{ApiToken, Scope, User};

/// A token to be made: checked, but for what the rows say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenDraft {
    /// On whose behalf.
    pub owner: String,
    /// What it is for.
    pub name: String,
    /// The most that it may.
    pub scope: Scope,
    /// The channels that exist for it; none: those that exist for its owner.
    pub channels: Option<Vec<String>>,
    /// How long it is good.
    pub life: Ticks,
}

/// Who calls with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// Which token.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// Its owner, with what the token lets them do.
    pub user: User,
    /// The channels that exist for it.
    pub sight: Sight,
    /// SHA-256 of the token.
    pub hash: [u8; 32],
}

const SCOPES: [(&str, Scope); 3] =
    [("read", Scope::Read), ("operate", Scope::Operate), ("administer", Scope::Administer)];

const fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Operate => "operate",
        Scope::Administer => "administer",
    }
}

/// The schema knows no other; the least if it did.
fn scope(name: &str) -> Scope {
    SCOPES.into_iter().find_map(|(each, scope)| (each == name).then_some(scope)).unwrap_or(Scope::Read)
}

pub(super) fn add(
    connection: &mut Connection,
    draft: &TokenDraft,
    hash: &[u8; 32],
    now: Ticks,
) -> Result<ApiToken, StoreError> {
    let write = begin(connection)?;
    let owner_id = id_of(&write, &draft.owner)?;
    let owner = write.query_row("SELECT name, role FROM users WHERE id = ?1", [owner_id], user)?;
    if !reaches(owner.role, of_scope(draft.scope)) {
        return Err(StoreError::ScopeAbove(owner.name));
    }
    refuse_too_many(&write, owner_id, &draft.name, now)?;
    let sql = "INSERT INTO api_tokens (user_id, name, token_sha256, scope, limited, created_at_ms, expires_at_ms) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let (scope, limited) = (scope_name(draft.scope), draft.channels.is_some());
    let expires_at_ms = (now + draft.life).millis();
    let row = params![owner_id, draft.name, hash.as_slice(), scope, limited, now.millis(), expires_at_ms];
    write.execute(sql, row)?;
    let id = write.last_insert_rowid();
    let sight = grants::sight(&write, owner_id)?;
    for slug in draft.channels.iter().flatten() {
        if !sight.sees(slug) {
            return Err(channels::no_such(slug));
        }
        give(&write, id, channels::id_of(&write, slug)?)?;
    }
    let made = one(&write, id)?.ok_or(StoreError::NoSuchToken(id))?;
    write.commit()?;
    Ok(made)
}

/// Those that are over make room.
fn refuse_too_many(write: &Transaction<'_>, owner_id: i64, name: &str, now: Ticks) -> Result<(), StoreError> {
    let over = params![owner_id, now.millis()];
    write.execute("DELETE FROM api_tokens WHERE user_id = ?1 AND expires_at_ms <= ?2", over)?;
    let sql =
        "SELECT count(*), coalesce(sum(name = ?2 COLLATE NOCASE), 0) FROM api_tokens WHERE user_id = ?1";
    let counts = |row: &Row<'_>| Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?));
    match write.query_row(sql, params![owner_id, name], counts)? {
        (_, 1..) => Err(StoreError::TokenTaken(name.to_owned())),
        (API_TOKENS_OF_USER_MAX.., _) => Err(StoreError::TooManyTokens),
        _ => Ok(()),
    }
}

fn give(write: &Transaction<'_>, token_id: i64, channel_id: i64) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO api_token_channels (token_id, channel_id) VALUES (?1, ?2)";
    write.execute(sql, [token_id, channel_id])?;
    Ok(())
}

/// A channel that a limited token has made exists for it.
pub(super) fn to_maker(write: &Transaction<'_>, token_id: i64, channel_id: i64) -> Result<(), StoreError> {
    let sql = "SELECT limited FROM api_tokens WHERE id = ?1";
    let limited: Option<bool> = write.query_row(sql, [token_id], |row| row.get(0)).optional()?;
    if limited == Some(true) { give(write, token_id, channel_id) } else { Ok(()) }
}

const COLUMNS: &str = "api_tokens.id, api_tokens.name, users.name, scope, api_tokens.limited, \
                       api_tokens.created_at_ms, expires_at_ms, used_at_ms";

/// All of them, or one user's.
pub(super) fn list(connection: &mut Connection, owner: Option<&str>) -> Result<Vec<ApiToken>, StoreError> {
    let read = connection.transaction()?;
    let sql = format!(
        "SELECT {COLUMNS} FROM api_tokens JOIN users ON users.id = user_id \
         WHERE ?1 IS NULL OR users.name = ?1 ORDER BY users.name COLLATE NOCASE, api_tokens.name"
    );
    let mut statement = read.prepare_cached(&sql)?;
    let rows = statement.query_map([owner], token)?.collect::<Result<Vec<_>, _>>()?;
    rows.into_iter().map(|(token, limited)| with_channels(&read, token, limited)).collect()
}

fn one(read: &Transaction<'_>, id: i64) -> Result<Option<ApiToken>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM api_tokens JOIN users ON users.id = user_id WHERE api_tokens.id = ?1");
    let found = read.query_row(&sql, [id], token).optional()?;
    found.map(|(token, limited)| with_channels(read, token, limited)).transpose()
}

fn token(row: &Row<'_>) -> rusqlite::Result<(ApiToken, bool)> {
    let token = ApiToken {
        id: row.get(0)?,
        name: row.get(1)?,
        owner: row.get(2)?,
        scope: scope(&row.get::<_, String>(3)?),
        channels: None,
        created_at_ms: row.get(5)?,
        expires_at_ms: row.get(6)?,
        used_at_ms: row.get(7)?,
    };
    Ok((token, row.get(4)?))
}

fn with_channels(read: &Connection, token: ApiToken, limited: bool) -> Result<ApiToken, StoreError> {
    Ok(ApiToken { channels: own_sight(read, token.id, limited)?.slugs(), ..token })
}

fn own_sight(read: &Connection, id: i64, limited: bool) -> Result<Sight, StoreError> {
    if !limited {
        return Ok(Sight::All);
    }
    let sql =
        "SELECT slug FROM api_token_channels JOIN channels ON channels.id = channel_id WHERE token_id = ?1";
    let mut statement = read.prepare_cached(sql)?;
    Ok(Sight::Only(statement.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?))
}

/// Of this owner, where one is given: others' do not exist then.
pub(super) fn remove(
    connection: &mut Connection,
    id: i64,
    owner: Option<&str>,
    by: Option<&str>,
    now: Ticks,
) -> Result<(ApiToken, i64), StoreError> {
    let write = begin(connection)?;
    let is_theirs = |token: &ApiToken| owner.is_none_or(|owner| owner == token.owner);
    let gone = one(&write, id)?.filter(is_theirs).ok_or(StoreError::NoSuchToken(id))?;
    let (kind, owner) = (wire::RemovedKind::Token, Some(gone.owner.as_str()));
    let subject = Gone { kind, name: &gone.name, channel: None, owner, by, key: &id, number: None };
    let kept = removed::keep(&write, &subject, now)?;
    write.execute("DELETE FROM api_tokens WHERE id = ?1", [id])?;
    write.commit()?;
    Ok((gone, kept))
}

/// Who calls with the token of this hash; nobody once it is over. What its owner may now counts, not what they might once.
pub(super) fn bearer(
    connection: &mut Connection,
    hash: &[u8; 32],
    now: Ticks,
) -> Result<Option<Bearer>, StoreError> {
    let sql = "SELECT users.name, users.role, api_tokens.id, api_tokens.name, scope, api_tokens.limited, used_at_ms, user_id \
               FROM api_tokens JOIN users ON users.id = user_id WHERE token_sha256 = ?1 AND expires_at_ms > ?2";
    let row = |row: &Row<'_>| {
        let User { name, role } = user(row)?;
        let role = lower(role, of_scope(scope(&row.get::<_, String>(4)?)));
        let (id, token_name, limited): (i64, String, bool) = (row.get(2)?, row.get(3)?, row.get(5)?);
        Ok((
            id,
            token_name,
            User { name, role },
            limited,
            row.get::<_, Option<i64>>(6)?,
            row.get::<_, i64>(7)?,
        ))
    };
    let found = connection.query_row(sql, params![hash.as_slice(), now.millis()], row).optional()?;
    let Some((id, name, user, limited, used, owner_id)) = found else { return Ok(None) };
    let is_news = used.is_none_or(|used| now - Ticks::from_millis(used) >= SESSION_SEEN_STEP);
    if is_news {
        // A disk that takes nothing keeps nobody from calling.
        let sql = "UPDATE api_tokens SET used_at_ms = ?2 WHERE id = ?1";
        let _unwritable = connection.execute(sql, params![id, now.millis()]);
    }
    let sight = grants::sight(connection, owner_id)?.and(own_sight(connection, id, limited)?);
    Ok(Some(Bearer { id, name, user, sight, hash: *hash }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::House;
    use crate::store::open::open;
    use wire::Role;

    fn draft(name: &str, scope: Scope) -> TokenDraft {
        let life = Ticks::from_secs(3600);
        TokenDraft { owner: "olga".into(), name: name.into(), scope, channels: None, life }
    }

    #[test]
    fn a_token_is_no_more_than_its_owner_and_ends_in_time() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut connection = open(folder.path(), House::anchor().now()).unwrap().0;
        let (now, hash) = (Ticks::from_secs(1_000_000), "x".repeat(60));
        super::super::accounts::add_first(&mut connection, "Ada", &hash, 0).unwrap();
        let olga = User { name: "Olga".into(), role: Role::Operator };
        super::super::accounts::add(&mut connection, &olga, &hash, 0).unwrap();
        let above = add(&mut connection, &draft("all", Scope::Administer), &[1; 32], now);
        assert!(matches!(above, Err(StoreError::ScopeAbove(name)) if name == "Olga"));
        let made = add(&mut connection, &draft("deploy", Scope::Operate), &[1; 32], now).unwrap();
        assert_eq!((made.owner.as_str(), made.used_at_ms, made.channels), ("Olga", None, None));
        let taken = add(&mut connection, &draft("DEPLOY", Scope::Read), &[2; 32], now);
        assert!(matches!(taken, Err(StoreError::TokenTaken(_))));

        let seen = bearer(&mut connection, &[1; 32], now).unwrap().unwrap();
        assert_eq!((seen.user, seen.name.as_str()), (olga, "deploy"));
        assert_eq!(list(&mut connection, Some("OLGA")).unwrap()[0].used_at_ms, Some(now.millis()));
        assert_eq!(list(&mut connection, Some("Ada")).unwrap(), []);
        connection.execute("UPDATE users SET role = 'viewer' WHERE name = 'Olga'", ()).unwrap();
        assert_eq!(bearer(&mut connection, &[1; 32], now).unwrap().unwrap().user.role, Role::Viewer);
        assert_eq!(bearer(&mut connection, &[1; 32], now + Ticks::from_secs(3600)).unwrap(), None);
        assert_eq!(bearer(&mut connection, &[2; 32], now).unwrap(), None);

        // Somebody else's does not exist; with its owner it goes.
        assert!(matches!(
            remove(&mut connection, made.id, Some("Ada"), None, now),
            Err(StoreError::NoSuchToken(_))
        ));
        super::super::accounts::remove(&mut connection, "Olga", None, now).unwrap();
        assert_eq!(bearer(&mut connection, &[1; 32], now).unwrap(), None);
        assert!(matches!(remove(&mut connection, made.id, None, None, now), Err(StoreError::NoSuchToken(_))));
    }

    #[test]
    fn tokens_of_one_user_are_bounded_and_those_that_are_over_make_room() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut connection = open(folder.path(), House::anchor().now()).unwrap().0;
        super::super::accounts::add_first(&mut connection, "Olga", &"x".repeat(60), 0).unwrap();
        let now = Ticks::from_secs(1_000_000);
        for number in 0..API_TOKENS_OF_USER_MAX {
            let hash = [u8::try_from(number).unwrap(); 32];
            add(&mut connection, &draft(&number.to_string(), Scope::Read), &hash, now).unwrap();
        }
        let more =
            |connection: &mut Connection, now| add(connection, &draft("x", Scope::Read), &[255; 32], now);
        assert!(matches!(more(&mut connection, now), Err(StoreError::TooManyTokens)));
        more(&mut connection, now + Ticks::from_secs(3600)).unwrap();
        assert_eq!(list(&mut connection, None).unwrap().len(), 1);
    }
}

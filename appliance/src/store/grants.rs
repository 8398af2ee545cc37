//! The SQL of who sees which channels. Rows name a channel by its identity: a new name changes nothing, and with the channel
//! its grants go.

use super::accounts::{id_of, user};
use super::channels;
use super::error::StoreError;
use super::tokens;
use crate::accounts::sight::Sight;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use wire::{Account, Role, User};

/// On whose behalf a channel is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maker {
    /// A user's name; none for who needs none.
    pub user: Option<String>,
    /// The token that they call with.
    pub token: Option<i64>,
}

pub(super) fn sight(read: &Connection, user_id: i64) -> Result<Sight, StoreError> {
    let sql = "SELECT limited AND role <> 'administrator' FROM users WHERE id = ?1";
    if !read.prepare_cached(sql)?.query_row([user_id], |row| row.get(0))? {
        return Ok(Sight::All);
    }
    let sql = "SELECT slug FROM grants JOIN channels ON channels.id = channel_id WHERE user_id = ?1";
    let mut statement = read.prepare_cached(sql)?;
    Ok(Sight::Only(statement.query_map([user_id], |row| row.get(0))?.collect::<Result<_, _>>()?))
}

/// All who may sign in, by name.
pub(super) fn accounts(connection: &mut Connection) -> Result<Vec<Account>, StoreError> {
    let read = connection.transaction()?;
    let mut statement =
        read.prepare_cached("SELECT name, role, id FROM users ORDER BY name COLLATE NOCASE")?;
    let rows = statement.query_map((), |row| Ok((user(row)?, row.get(2)?)))?;
    rows.map(|row| row.map_err(StoreError::from).and_then(|(user, id)| account(&read, user, id))).collect()
}

pub(super) fn one(connection: &mut Connection, name: &str) -> Result<Account, StoreError> {
    let read = connection.transaction()?;
    let id = id_of(&read, name)?;
    let user = read.query_row("SELECT name, role FROM users WHERE id = ?1", [id], user)?;
    account(&read, user, id)
}

fn account(read: &Transaction<'_>, User { name, role }: User, id: i64) -> Result<Account, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM totp WHERE user_id = ?1 AND confirmed_at_ms IS NOT NULL)";
    let totp = read.prepare_cached(sql)?.query_row([id], |row| row.get(0))?;
    Ok(Account { name, role, channels: sight(read, id)?.slugs(), totp })
}

/// Limits somebody to these channels, or to none.
pub(super) fn set(
    connection: &mut Connection,
    name: &str,
    channels: Option<&[String]>,
) -> Result<Account, StoreError> {
    let write = channels::begin(connection)?;
    let id = id_of(&write, name)?;
    let user = write.query_row("SELECT name, role FROM users WHERE id = ?1", [id], user)?;
    if channels.is_some() && user.role == Role::Administrator {
        return Err(StoreError::SeesAll(user.name));
    }
    write.execute("UPDATE users SET limited = ?2 WHERE id = ?1", params![id, channels.is_some()])?;
    write.execute("DELETE FROM grants WHERE user_id = ?1", [id])?;
    for slug in channels.unwrap_or_default() {
        give(&write, id, channels::id_of(&write, slug)?)?;
    }
    let account = account(&write, user, id)?;
    write.commit()?;
    Ok(account)
}

fn give(write: &Transaction<'_>, user_id: i64, channel_id: i64) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO grants (user_id, channel_id) VALUES (?1, ?2)";
    write.execute(sql, [user_id, channel_id])?;
    Ok(())
}

/// Who makes a channel sees it.
pub(super) fn to_maker(write: &Transaction<'_>, maker: &Maker, channel_id: i64) -> Result<(), StoreError> {
    if let Some(id) = maker.token {
        tokens::to_maker(write, id, channel_id)?;
    }
    let Some(name) = &maker.user else { return Ok(()) };
    let sql = "SELECT id FROM users WHERE name = ?1 AND limited";
    let limited = write.query_row(sql, [name], |row| row.get(0)).optional()?;
    limited.map_or(Ok(()), |user_id| give(write, user_id, channel_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::House;
    use crate::store::{Draft, Store};

    fn draft(name: &str) -> Draft {
        let new = serde_json::json!({"name": name, "source": "srt"});
        Draft::try_from(serde_json::from_value::<wire::NewChannel>(new).unwrap()).unwrap()
    }

    async fn channels_of(store: &Store, name: &str) -> Option<Vec<String>> {
        store.account(name).await.unwrap().channels
    }

    #[tokio::test]
    async fn grants_follow_the_channel_and_not_its_name() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = Store::open(folder.path(), House::anchor()).unwrap();
        store.add_first_user("Ada".into(), "x".repeat(60)).await.unwrap();
        let olga = User { name: "Olga".into(), role: Role::Operator };
        store.add_user(olga, "x".repeat(60)).await.unwrap();
        for name in ["Hall", "Attic"] {
            store.add(draft(name)).await.unwrap();
        }
        assert_eq!(channels_of(&store, "olga").await, None);
        let only = |slugs: &[&str]| Some(slugs.iter().map(|&slug| slug.to_owned()).collect::<Vec<_>>());
        store.set_grants("olga", only(&["hall"])).await.unwrap();
        assert_eq!(channels_of(&store, "Olga").await, only(&["hall"]));
        // One that is not there changes nothing.
        let wrong = store.set_grants("olga", only(&["attic", "cellar"])).await;
        assert!(matches!(wrong, Err(StoreError::NoSuchChannel(slug)) if slug == "cellar"));
        assert_eq!(channels_of(&store, "olga").await, only(&["hall"]));
        let ada = store.set_grants("ada", only(&["hall"])).await;
        assert!(matches!(ada, Err(StoreError::SeesAll(name)) if name == "Ada"));

        // Who makes a channel sees it; nobody else does, and nobody who sees all is limited by it.
        let by = |name: &str| Maker { user: Some(name.into()), token: None };
        store.add_for(draft("Loft"), by("Olga")).await.unwrap();
        store.add_for(draft("Yard"), by("Ada")).await.unwrap();
        assert_eq!(channels_of(&store, "olga").await, only(&["hall", "loft"]));
        assert_eq!(channels_of(&store, "ada").await, None);

        // Another channel of the same name is another channel; and nothing left is nothing, not all.
        store.remove("hall", None).await.unwrap();
        store.add(draft("Hall")).await.unwrap();
        assert_eq!(channels_of(&store, "olga").await, only(&["loft"]));
        store.remove("loft", None).await.unwrap();
        assert_eq!(channels_of(&store, "olga").await, only(&[]));
        store.set_grants("olga", None).await.unwrap();
        assert_eq!(channels_of(&store, "olga").await, None);
    }
}

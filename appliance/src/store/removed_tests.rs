//! What comes back, and what does not.

use super::*;
use crate::accounts::sight::Sight;
use crate::clock::House;
use crate::store::{
    Draft, KeyHash, Maker, StreamKey, accounts, backups, channels, grants, open::open, tokens, totp,
};
use tempfile::TempDir;
use wire::{Role, Scope, Source, User};

const START: Ticks = Ticks::from_secs(1_000_000);

fn database() -> (TempDir, Connection) {
    let folder = TempDir::new().unwrap();
    let connection = open(folder.path(), House::anchor().now()).unwrap().0;
    (folder, connection)
}

fn channel(connection: &mut Connection, name: &str) -> StreamKey {
    let new = serde_json::from_value(json!({ "name": name, "source": "rtmp" })).unwrap();
    let new: wire::NewChannel = new;
    let (draft, key) = (Draft::try_from(new).unwrap(), StreamKey::random().unwrap());
    channels::add(connection, &draft, &key, &Maker::default(), 0).unwrap();
    key
}

/// Ada, and Olga who sees the hall alone and has a token of hers.
fn people(connection: &mut Connection) {
    accounts::add_first(connection, "Ada", &"x".repeat(60), 1).unwrap();
    olga(connection, 2);
}

fn olga(connection: &mut Connection, now_ms: i64) {
    let olga = User { name: "Olga".into(), role: Role::Operator };
    accounts::add(connection, &olga, &"y".repeat(60), now_ms).unwrap();
}

fn token(connection: &mut Connection) -> i64 {
    let draft = tokens::TokenDraft {
        owner: "olga".into(),
        name: "deploy".into(),
        scope: Scope::Operate,
        channels: Some(vec!["hall".into()]),
        life: Ticks::from_secs(86_400),
    };
    tokens::add(connection, &draft, &[7; 32], START).unwrap().id
}

/// Every row of every table but those that tell what was removed, as text.
fn everything(connection: &Connection) -> String {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('removed', 'sqlite_sequence', 'sessions') ORDER BY name";
    let mut statement = connection.prepare(sql).unwrap();
    let tables: Vec<String> =
        statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut all = String::new();
    for table in tables {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let row = |row: &Row<'_>| {
            Ok((0..columns)
                .map(|at| told(row.get_ref(at).unwrap()).to_string())
                .collect::<Vec<_>>()
                .join(","))
        };
        let mut rows: Vec<String> = statement.query_map((), row).unwrap().map(Result::unwrap).collect();
        rows.sort();
        all.push_str(&format!("{table}\n{}\n", rows.join("\n")));
    }
    all
}

#[test]
fn a_channel_comes_back_with_all_that_went_with_it() {
    let (_folder, mut connection) = database();
    let connection = &mut connection;
    people(connection);
    let key = channel(connection, "Hall");
    channel(connection, "Attic");
    backups::add(connection, "hall", Source::Srt, &StreamKey::random().unwrap(), 0).unwrap();
    grants::set(connection, "olga", Some(&["hall".into()])).unwrap();
    token(connection);
    for sql in [
        "INSERT INTO playback (channel_id, protected, token_secret) SELECT id, 1, zeroblob(32) FROM channels WHERE slug = 'hall'",
        "INSERT INTO playback_origins (channel_id, origin) SELECT id, 'https://a.example' FROM channels WHERE slug = 'hall'",
        "INSERT INTO failover (channel_id, loss_ms) SELECT id, 400 FROM channels WHERE slug = 'hall'",
        "INSERT INTO slate_pictures (channel_id, digest, jpeg) SELECT id, printf('%064d', 1), x'ffd80000' FROM channels WHERE slug = 'hall'",
    ] {
        assert_eq!(connection.execute(sql, ()).unwrap(), 1, "{sql}");
    }
    let before = everything(connection);
    let id = channels::remove(connection, "hall", Some("Olga"), START).unwrap();
    assert!(!everything(connection).contains(key.expose()));
    assert_eq!(
        channels::by_key(connection, &KeyHash::of(key.expose())).unwrap(),
        None,
        "its key opens nothing"
    );
    assert_eq!(grants::one(connection, "olga").unwrap().channels, Some(Vec::new()));
    let listed = list(connection, START).unwrap();
    assert_eq!(
        (listed[0].id, listed[0].name.as_str(), listed[0].channel.as_deref()),
        (id, "Hall", Some("hall"))
    );
    assert_eq!((listed[0].removed_by.as_deref(), listed[0].until_ms), (Some("Olga"), 1_000_600_000));
    let last = START + UNDO_WINDOW - Ticks::from_millis(1);
    assert_eq!(restore(connection, id, last).unwrap(), listed[0]);
    assert_eq!(everything(connection), before);
    assert!(matches!(restore(connection, id, last), Err(StoreError::NoSuchRemoved(_))), "once");
}

#[test]
fn a_user_a_token_and_a_source_come_back_as_they_were() {
    let (_folder, mut connection) = database();
    let connection = &mut connection;
    people(connection);
    channel(connection, "Hall");
    backups::add(connection, "hall", Source::Srt, &StreamKey::random().unwrap(), 0).unwrap();
    grants::set(connection, "olga", Some(&["hall".into()])).unwrap();
    let deploy = token(connection);
    totp::offer(connection, "olga", &[1; 20]).unwrap();
    totp::confirm(connection, "olga", 9, &[[2; 32], [3; 32]], 5).unwrap();
    accounts::open_session(connection, "olga", &[9; 32], START).unwrap();
    let before = everything(connection);
    let gone = accounts::remove(connection, "olga", Some("Ada"), START).unwrap();
    assert_eq!(tokens::bearer(connection, &[7; 32], START).unwrap(), None);
    restore(connection, gone, START).unwrap();
    assert_eq!(everything(connection), before);
    assert_eq!(
        accounts::session(connection, &[9; 32], true, START).unwrap(),
        None,
        "whoever comes back signs in"
    );
    assert!(!totp::use_step(connection, "olga", 9).unwrap(), "a code that was used stays used");
    let gone = tokens::remove(connection, deploy, None, None, START).unwrap().1;
    restore(connection, gone, START).unwrap();
    let gone = backups::remove(connection, "hall", 1, None, START).unwrap();
    restore(connection, gone, START).unwrap();
    assert_eq!(everything(connection), before);
}

#[test]
fn nothing_comes_back_in_another_place_or_to_somebody_else() {
    let (_folder, mut connection) = database();
    let connection = &mut connection;
    people(connection);
    channel(connection, "Hall");
    grants::set(connection, "olga", Some(&["hall".into()])).unwrap();
    let deploy = token(connection);
    let of_token = tokens::remove(connection, deploy, None, None, START).unwrap().1;
    let of_hall = channels::remove(connection, "hall", None, START).unwrap();
    let of_olga = accounts::remove(connection, "olga", None, START).unwrap();
    // Somebody else by her name and, as SQLite gives them, by her number.
    olga(connection, 3);
    grants::set(connection, "olga", Some(&[])).unwrap();
    assert!(
        matches!(restore(connection, of_token, START), Err(StoreError::OwnerGone(name)) if name == "deploy")
    );
    assert!(
        matches!(restore(connection, of_olga, START), Err(StoreError::PlaceTaken(name)) if name == "Olga")
    );
    restore(connection, of_hall, START).unwrap();
    let id = accounts::id_of(&connection.transaction().unwrap(), "olga").unwrap();
    assert!(matches!(grants::sight(connection, id).unwrap(), Sight::Only(slugs) if slugs.is_empty()));
    // The first one comes back once there is room, to what is there.
    accounts::remove(connection, "olga", None, START).unwrap();
    restore(connection, of_olga, START).unwrap();
    assert_eq!(grants::one(connection, "olga").unwrap().channels, Some(Vec::new()));
    channels::remove(connection, "hall", None, START).unwrap();
    channel(connection, "Hall");
    let taken = list(connection, START).unwrap()[0].id;
    assert!(matches!(restore(connection, taken, START), Err(StoreError::PlaceTaken(name)) if name == "Hall"));
    assert_eq!(channels::list(connection).unwrap().len(), 1, "all or nothing");
}

#[test]
fn the_time_for_it_ends_and_what_is_kept_is_bounded() {
    let (_folder, mut connection) = database();
    let connection = &mut connection;
    let key = channel(connection, "Hall");
    let id = channels::remove(connection, "hall", None, START).unwrap();
    let over = START + UNDO_WINDOW;
    assert_eq!(list(connection, over).unwrap(), []);
    assert!(
        matches!(restore(connection, id, over), Err(StoreError::NoSuchRemoved(_))),
        "whether it was swept or not"
    );
    assert_eq!((sweep(connection, over - Ticks(1)).unwrap(), sweep(connection, over).unwrap()), (0, 1));
    let kept: u32 = connection.query_row("SELECT count(*) FROM removed", (), |row| row.get(0)).unwrap();
    assert_eq!(kept, 0, "its key {key:?} is nowhere");
    for _ in 0..=REMOVED_KEPT {
        channel(connection, "Hall");
        channels::remove(connection, "hall", None, START).unwrap();
    }
    assert_eq!(list(connection, START).unwrap().len(), REMOVED_KEPT as usize);
    let newest = list(connection, START).unwrap()[0].id;
    forget(connection, newest).unwrap();
    assert_eq!(list(connection, START).unwrap().len(), REMOVED_KEPT as usize - 1);
}

/// A table that refers to a channel, a user or a token and is not among those above would be lost by a removal that is undone.
#[test]
fn every_table_that_goes_with_something_is_kept() {
    fn kept(tables: &[Table], all: &mut Vec<(String, String)>) {
        for table in tables {
            all.extend(table.with.iter().map(|with| (table.name.to_owned(), with.name.to_owned())));
            kept(table.with, all);
        }
    }
    let (_folder, connection) = database();
    let mut known = vec![("users".to_owned(), "sessions".to_owned())];
    KINDS.iter().for_each(|(_, _, tables)| kept(tables, &mut known));
    let sql = "SELECT reference.\"table\", owner.name FROM sqlite_schema AS owner, pragma_foreign_key_list(owner.name) AS reference \
               WHERE owner.type = 'table'";
    let mut statement = connection.prepare(sql).unwrap();
    let there = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let there: Vec<(String, String)> = there.map(Result::unwrap).collect();
    assert!(there.len() > 10, "{there:?}");
    for reference in there {
        assert!(known.contains(&reference), "{reference:?} is not in `store/removed.rs`");
    }
}

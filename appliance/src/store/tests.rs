//! The store on real files.

use super::*;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

fn open(folder: &TempDir) -> Store {
    Store::open(folder.path(), House::anchor()).unwrap()
}

fn refusal(path: &Path) -> String {
    Store::open(path, House::anchor()).unwrap_err().to_string()
}

fn draft(name: &str) -> Draft {
    let new = wire::NewChannel {
        name: name.into(),
        source: wire::Source::Srt,
        ladder: None,
        latency: wire::Latency::Low,
        dvr_secs: 7200,
        pass_through: false,
        encoder: Some("renderD129".into()),
        start: true,
        template: None,
    };
    new.try_into().unwrap()
}

#[tokio::test]
async fn channels_survive_the_daemon() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    assert_eq!(store.channels().await.unwrap(), []);
    let hall = store.add(draft("Main Hall")).await.unwrap();
    assert_eq!(hall.slug.as_str(), "main-hall");
    assert_eq!((hall.source, hall.desired, hall.ladder.len()), (wire::Source::Srt, Desired::Running, 3));
    assert_eq!((hall.latency, hall.dvr_secs), (Latency::Low, 7200));
    assert_eq!(hall.encoder, Encoder::Device("renderD129".into()));
    let chapel = store.add(draft("chapel")).await.unwrap();
    let key = store.key("chapel").await.unwrap();
    store.set_setting("box.name", serde_json::json!("West")).await.unwrap();
    drop(store);

    let store = open(&folder);
    assert_eq!(store.channels().await.unwrap(), [chapel.clone(), hall.clone()], "by name, whatever its case");
    assert_eq!(store.channel("main-hall").await.unwrap(), hall);
    assert_eq!(store.channel_by_key(key.hash()).await.unwrap(), Some(Keyed { channel: chapel, number: 0 }));
    assert_eq!(store.setting("box.name").await.unwrap(), Some("West".into()));
    assert_eq!(store.setting("box.colour").await.unwrap(), None);
}

#[tokio::test]
async fn names_are_taken_once_and_slugs_numbered() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.add(draft("Studio 1")).await.unwrap();
    assert_eq!(store.add(draft("Studio-1")).await.unwrap().slug.as_str(), "studio-1-2");
    assert_eq!(store.add(draft("Studio/1")).await.unwrap().slug.as_str(), "studio-1-3");
    let taken = store.add(draft("STUDIO 1")).await.unwrap_err();
    assert!(matches!(&taken, StoreError::NameTaken { slug, .. } if slug == "studio-1"), "{taken}");
}

#[tokio::test]
async fn the_number_of_channels_is_bounded() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    for number in 0..crate::limits::CHANNELS_MAX {
        store.add(draft(&format!("c{number}"))).await.unwrap();
    }
    assert!(matches!(store.add(draft("x")).await, Err(StoreError::TooManyChannels)));
}

#[tokio::test]
async fn switching_and_removing() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.add(draft("a")).await.unwrap();
    let key = store.key("a").await.unwrap();
    assert_eq!(store.set_desired("a", Desired::Stopped).await.unwrap().desired, Desired::Stopped);
    assert_eq!(store.channel("a").await.unwrap().desired, Desired::Stopped);
    store.remove("a", None).await.unwrap();
    assert_eq!(store.channel_by_key(key.hash()).await.unwrap(), None, "its key went with it");
    for error in [
        store.remove("a", None).await.unwrap_err(),
        store.channel("a").await.unwrap_err(),
        store.key("a").await.unwrap_err(),
        store.renew_key("a").await.unwrap_err(),
        store.set_desired("a", Desired::Running).await.unwrap_err(),
    ] {
        assert_eq!(error.to_string(), "there is no channel `a`");
    }
}

#[tokio::test]
async fn a_renewed_key_voids_the_old_one() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let channel = store.add(draft("a")).await.unwrap();
    let old = store.key("a").await.unwrap();
    let new = store.renew_key("a").await.unwrap();
    assert_eq!(store.key("a").await.unwrap(), new);
    assert_eq!(store.channel_by_key(old.hash()).await.unwrap(), None);
    assert_eq!(store.channel_by_key(new.hash()).await.unwrap(), Some(Keyed { channel, number: 0 }));
}

#[tokio::test]
async fn files_are_for_the_daemon_alone() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("new/state");
    let store = Store::open(&folder, House::anchor()).unwrap();
    store.add(draft("a")).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in ["forebay.db", "forebay.db-wal", "forebay.db-shm"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join(FILE_NAME);
    std::fs::write(&file, "not a database, but long enough to be looked at as one".repeat(100)).unwrap();
    let error = refusal(folder.path());
    assert!(error.contains("forebay.db is damaged") && error.contains("back-up"), "{error}");
    assert!(std::fs::read(&file).unwrap().starts_with(b"not a database"));

    std::fs::remove_file(&file).unwrap();
    let store = open(&folder);
    store.add(draft("a")).await.unwrap();
    drop(store);
    let mut bytes = settled(&file);
    let (page, len) = (4096, bytes.len());
    bytes[page..len.min(3 * page)].fill(0xa5);
    std::fs::write(&file, bytes).unwrap();
    let error = refusal(folder.path());
    assert!(error.contains("is damaged"), "{error}");
}

/// The file's bytes once everything has been moved into it from the log.
fn settled(file: &Path) -> Vec<u8> {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.busy_timeout(crate::limits::STORE_LOCK_WAIT).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    drop(connection);
    std::fs::read(file).unwrap()
}

#[test]
fn a_newer_schema_is_refused() {
    let folder = TempDir::new().unwrap();
    drop(open(&folder));
    let connection = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    connection.pragma_update(None, "user_version", 1000).unwrap();
    drop(connection);
    let error = refusal(folder.path());
    assert!(error.contains("written by a newer forebay"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named_with_the_remedy() {
    // Both refuse everybody, the superuser included.
    let file = tempfile::NamedTempFile::new().unwrap();
    for folder in [file.path().join("state"), "/proc/forebay".into()] {
        let error = refusal(&folder);
        assert!(error.contains(&folder.display().to_string()) && error.contains("--data-dir"), "{error}");
    }
}

#[tokio::test]
async fn a_lock_by_another_process_is_busy_and_nothing_is_written() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let other = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(store.add(draft("a")).await, Err(StoreError::Busy)));
    assert_eq!(store.channels().await.unwrap(), [], "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    store.add(draft("a")).await.unwrap();
}

/// Where the bytes of a table are: over all pages but the first.
fn spoil(file: &Path) {
    let mut bytes = settled(file);
    let (page, len) = (4096, bytes.len());
    bytes[page..len.min(3 * page)].fill(0xa5);
    std::fs::write(file, bytes).unwrap();
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

/// A folder with a channel `a` that was copied, and a channel `b` that came after the copy.
async fn copied_once() -> TempDir {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.add(draft("a")).await.unwrap();
    store.copy_what_changed().await.unwrap();
    store.copy_what_changed().await.unwrap();
    assert_eq!(files(&folder.path().join("copies")).len(), 1, "nothing had changed");
    store.add(draft("b")).await.unwrap();
    folder
}

async fn slugs(store: &Store) -> Vec<String> {
    store.channels().await.unwrap().into_iter().map(|channel| channel.slug.to_string()).collect()
}

#[tokio::test]
async fn a_damaged_file_gives_way_to_the_newest_copy_that_is_whole() {
    let folder = copied_once().await;
    let file = folder.path().join(FILE_NAME);
    let store = open(&folder);
    store.copy_what_changed().await.unwrap();
    drop(store);
    let copies = folder.path().join("copies");
    let newest = copies.join(files(&copies).pop().unwrap());
    let mode = std::fs::metadata(&newest).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "a copy has the keys too");
    let mut bytes = std::fs::read(&newest).unwrap();
    bytes[4096..].fill(0xa5);
    std::fs::write(&newest, bytes).unwrap();
    spoil(&file);
    let spoilt = std::fs::read(&file).unwrap();

    let store = open(&folder);
    assert_eq!(slugs(&store).await, ["a"], "the older copy");
    let restored = store.restored().unwrap().clone();
    assert!(restored.why.starts_with("damaged: "), "{restored:?}");
    assert_eq!(std::fs::read(restored.set_aside.join(FILE_NAME)).unwrap(), spoilt, "nothing is thrown away");
    drop(store);
    let store = open(&folder);
    assert_eq!((slugs(&store).await, store.restored()), (vec!["a".to_owned()], None));
}

#[tokio::test]
async fn an_empty_and_a_newer_file_give_way_too() {
    let folder = copied_once().await;
    let file = folder.path().join(FILE_NAME);
    settled(&file);
    for (number, spoil) in [
        |file: &Path| std::fs::write(file, "").unwrap(),
        |file: &Path| std::fs::remove_file(file).unwrap(),
        |file: &Path| {
            let connection = rusqlite::Connection::open(file).unwrap();
            connection.pragma_update(None, "user_version", 1000).unwrap();
        },
    ]
    .into_iter()
    .enumerate()
    {
        spoil(&file);
        let store = open(&folder);
        assert_eq!(slugs(&store).await, ["a"], "{number}");
        assert!(store.restored().is_some(), "{number}");
        drop(store);
        settled(&file);
    }
}

#[tokio::test]
async fn a_log_that_is_cut_off_costs_its_last_commits_alone() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.add(draft("a")).await.unwrap();
    // As a power cut leaves it: the log is there, its end is not.
    let (cut, wal) = (TempDir::new().unwrap(), "forebay.db-wal");
    std::fs::copy(folder.path().join(FILE_NAME), cut.path().join(FILE_NAME)).unwrap();
    let log = std::fs::read(folder.path().join(wal)).unwrap();
    store.add(draft("b")).await.unwrap();
    let longer = std::fs::read(folder.path().join(wal)).unwrap();
    assert!(longer.len() > log.len() + 100);
    std::fs::write(cut.path().join(wal), &longer[..longer.len() - 100]).unwrap();
    let store = open(&cut);
    assert_eq!((slugs(&store).await, store.restored()), (vec!["a".to_owned()], None));
}

#[tokio::test]
async fn a_migration_is_preceded_by_a_copy() {
    let folder = TempDir::new().unwrap();
    let connection = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    connection.execute_batch(include_str!("../../../migrations/0001_channels.sql")).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    drop(connection);
    let store = open(&folder);
    assert_eq!(slugs(&store).await, [""; 0]);
    let copies = files(&folder.path().join("copies"));
    assert!(copies.len() == 1 && copies[0].ends_with("-v1.db"), "{copies:?}");
}

#[tokio::test]
async fn a_database_that_takes_nothing_says_so_and_recovers() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.copy_what_changed().await.unwrap();
    let read_only =
        |on: bool| store.call(move |connection| Ok(connection.pragma_update(None, "query_only", on)?));
    read_only(true).await.unwrap();
    let error = store.add(draft("a")).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Unwritable(_)) && error.to_string().contains("was not saved"),
        "{error}"
    );
    store.refused().await;
    assert!(store.copy_what_changed().await.is_err(), "it is tried, though nothing has changed");
    read_only(false).await.unwrap();
    store.copy_what_changed().await.unwrap();
    store.add(draft("a")).await.unwrap();
}

#[tokio::test]
async fn a_slate_is_kept() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let added = store.add(draft("a")).await.unwrap();
    assert_eq!(added.slate, Slate::default());
    let wanted = Slate { text: "Back soon".into(), tone: true, ..Slate::default() };
    assert_eq!(store.set_slate("a", wanted.clone()).await.unwrap().slate, wanted);
    drop(store);
    assert_eq!(open(&folder).channel("a").await.unwrap().slate, wanted);
    let missing = open(&folder).set_slate("b", wanted).await.unwrap_err();
    assert_eq!(missing.to_string(), "there is no channel `b`");
}

#[tokio::test]
async fn a_slates_picture_is_kept_and_goes_with_its_channel() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.add(draft("a")).await.unwrap();
    assert_eq!(store.slate_picture("a").await.unwrap(), None);
    let first = store.set_slate_picture("a", b"one".to_vec()).await.unwrap().slate_picture.unwrap();
    let second = store.set_slate_picture("a", b"two".to_vec()).await.unwrap().slate_picture.unwrap();
    assert_ne!(first, second);
    drop(store);
    let store = open(&folder);
    assert_eq!(store.slate_picture("a").await.unwrap().unwrap(), "two");
    store.remove("a", None).await.unwrap();
    store.add(draft("a")).await.unwrap();
    assert_eq!(store.slate_picture("a").await.unwrap(), None);
    store.set_slate_picture("a", b"three".to_vec()).await.unwrap();
    store.remove_slate_picture("a").await.unwrap();
    assert_eq!(store.channel("a").await.unwrap().slate_picture, None);
    let missing = store.set_slate_picture("b", b"x".to_vec()).await.unwrap_err();
    assert_eq!(missing.to_string(), "there is no channel `b`");
}

#[tokio::test]
async fn backups_keep_their_numbers_and_keys() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.add(draft("A")).await.unwrap();
    let (first, key) = store.add_backup("a", wire::Source::Srt).await.unwrap();
    let (second, _) = store.add_backup("a", wire::Source::Rtmp).await.unwrap();
    assert_eq!((first.number, second.number), (1, 2));
    assert_eq!(store.channel_by_key(key.hash()).await.unwrap().unwrap().number, 1);
    assert_eq!(store.source_key("a", 1).await.unwrap(), (key.clone(), wire::Source::Srt));
    store.remove_backup("a", 1, None).await.unwrap();
    assert_eq!(store.channel_by_key(key.hash()).await.unwrap(), None);
    assert_eq!(store.channel("a").await.unwrap().backups, [second]);
    let main = store.key("a").await.unwrap();
    store.renew_key("a").await.unwrap();
    assert!(store.source_key("a", 2).await.is_ok(), "the main source's key alone is renewed");
    assert_eq!(store.channel_by_key(main.hash()).await.unwrap(), None);
    for number in [1, 0, 9] {
        assert!(matches!(store.remove_backup("a", number, None).await, Err(StoreError::NoSuchSource(_))));
    }
    for _ in 2..media::link::SOURCES_MAX {
        store.add_backup("a", wire::Source::Srt).await.unwrap();
    }
    assert!(matches!(store.add_backup("a", wire::Source::Srt).await, Err(StoreError::TooManyBackups)));
    assert!(matches!(store.add_backup("a", wire::Source::TestPattern).await, Err(StoreError::NoBackupFor)));
}

#[tokio::test]
async fn rules_of_failover_are_kept() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.add(draft("A")).await.unwrap();
    assert_eq!(store.channel("a").await.unwrap().failover, Rules::default());
    let rules = Rules { return_after: None, ..Rules::default() };
    store.set_failover("a", rules.clone()).await.unwrap();
    drop(store);
    assert_eq!(open(&folder).channel("a").await.unwrap().failover, rules);
}

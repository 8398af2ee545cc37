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
        start: true,
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
    let chapel = store.add(draft("chapel")).await.unwrap();
    let key = store.key("chapel").await.unwrap();
    store.set_setting("box.name", serde_json::json!("West")).await.unwrap();
    drop(store);

    let store = open(&folder);
    assert_eq!(store.channels().await.unwrap(), [chapel.clone(), hall.clone()], "by name, whatever its case");
    assert_eq!(store.channel("main-hall").await.unwrap(), hall);
    assert_eq!(store.channel_by_key(key.hash()).await.unwrap(), Some(chapel));
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
    store.remove("a").await.unwrap();
    assert_eq!(store.channel_by_key(key.hash()).await.unwrap(), None, "its key went with it");
    for error in [
        store.remove("a").await.unwrap_err(),
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
    assert_eq!(store.channel_by_key(new.hash()).await.unwrap(), Some(channel));
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

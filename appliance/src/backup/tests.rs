//! A state goes into a file and comes out of it on another box, or nothing changes.

use super::begin::{Begun, begin, go_back};
use super::stage::{self, Note, Reset};
use super::*;
use crate::clock::House;
use crate::store::{Draft, Happened};
use crate::tls::Tls;
use std::io::{Read, Seek};
use tempfile::TempDir;

const PASSPHRASE: &str = "four plain words here";

struct Box {
    folder: TempDir,
    house: House,
}

impl Box {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), house: House::anchor() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn open(&self) -> (Store, History, Tls) {
        let store = Store::open(self.path(), self.house).unwrap();
        (store, History::open(self.path(), self.house).unwrap(), Tls::open(self.path(), self.house).unwrap())
    }

    async fn backup(&self) -> Vec<u8> {
        let (store, history, _) = self.open();
        let label = Label { box_name: Some("West".into()), made_at_ms: 1_795_358_340_512 };
        let mut file = make(&store, &history, label, PASSPHRASE.into()).await.unwrap();
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn bring(&self, bytes: &[u8]) {
        std::fs::write(upload_path(self.path()).unwrap(), bytes).unwrap();
    }

    fn stage(&self) -> BackupContents {
        stage::stage(self.path(), PASSPHRASE, self.house.now(), |_| note()).unwrap()
    }

    async fn channels(&self) -> Vec<String> {
        let (store, ..) = self.open();
        store.channels().await.unwrap().into_iter().map(|channel| channel.name).collect()
    }
}

fn note() -> Note {
    Note { who: "Ada".into(), address: String::new(), call: "POST /restore".into(), what: "of West".into() }
}

async fn with_channel(name: &str) -> Box {
    let this = Box::new();
    let (store, history, _) = this.open();
    let wanted: wire::NewChannel =
        serde_json::from_value(serde_json::json!({ "name": name, "source": "rtmp" })).unwrap();
    store.add(Draft::try_from(wanted).unwrap()).await.unwrap();
    history.note(Some("hall"), Happened::SourceAttached, "RTMP");
    this
}

#[actix_rt::test]
async fn a_state_comes_out_as_it_went_in() {
    let (west, east) = (with_channel("Hall").await, with_channel("Attic").await);
    let sealed = west.backup().await;
    let left: Vec<_> = std::fs::read_dir(west.path().join(FOLDER)).unwrap().collect();
    assert!(left.is_empty(), "plain copies do not lie about: {left:?}");
    east.bring(&sealed);
    let seen = stage::look(east.path(), PASSPHRASE, east.house.now()).unwrap();
    assert_eq!((seen.channels.as_slice(), seen.events), (["hall".to_owned()].as_slice(), 1));
    assert_eq!((seen.box_name.as_deref(), seen.schema), (Some("West"), state::SCHEMA));
    assert_eq!(begin(east.path()).unwrap(), Begun::AsItWas, "only looked at");
    assert_eq!(east.channels().await, ["Attic"]);

    east.bring(&sealed);
    assert_eq!(east.stage(), seen);
    assert_eq!(east.channels().await, ["Attic"], "until the next start");
    assert_eq!(begin(east.path()).unwrap(), Begun::Restored(note()));
    assert_eq!(east.channels().await, ["Hall"]);
    let (_, history, tls) = east.open();
    assert_eq!(history.newest(None, 5).await.unwrap().len(), 1);
    assert_eq!(Some(tls.status().authority_sha256), seen.authority_sha256);
    assert_eq!(begin(east.path()).unwrap(), Begun::AsItWas, "once");

    go_back(east.path()).unwrap();
    assert_eq!(east.channels().await, ["Attic"]);
}

#[actix_rt::test]
async fn whatever_is_wrong_with_a_file_is_told_and_changes_nothing() {
    let west = with_channel("Hall").await;
    let sealed = west.backup().await;
    let told = |bytes: &[u8], passphrase: &str| {
        west.bring(bytes);
        let told = stage::stage(west.path(), passphrase, west.house.now(), |_| note()).unwrap_err();
        assert!(
            !west.path().join("restore/staged").exists() && !west.path().join("restore/staged.part").exists()
        );
        told
    };
    assert!(matches!(told(&sealed, "four other words here"), BackupError::Passphrase));
    // At each kind of place: the magic, the header, the payload, the last block.
    for length in [3, 40, 150, 400, sealed.len() / 2, sealed.len() - 1] {
        let told = told(&sealed[..length], PASSPHRASE);
        assert!(matches!(told, BackupError::Broken), "{length} of {}: {told}", sealed.len());
    }
    let mut changed = sealed.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    assert!(matches!(told(&changed, PASSPHRASE), BackupError::Broken));
    assert!(matches!(told(b"PK\x03\x04 something else", PASSPHRASE), BackupError::NotOurs(_)));
    assert_eq!(begin(west.path()).unwrap(), Begun::AsItWas);
    assert_eq!(west.channels().await, ["Hall"]);
    let nothing = stage::look(west.path(), PASSPHRASE, west.house.now());
    assert!(matches!(nothing, Err(BackupError::NoFile)), "what was brought is gone after a start");
}

/// A file of our own making with other contents.
fn sealed(contents: &serde_json::Value) -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let file = tempfile::tempfile().unwrap();
    let mut told = BackupContents { product: PRODUCT.into(), format: 1, ..BackupContents::default() };
    if let Some(product) = contents["product"].as_str() {
        told.product = product.into();
    }
    told.format = contents["format"].as_u64().map_or(told.format, |format| format as u32);
    told.schema = contents["schema"].as_u64().map_or(1, |schema| schema as u32);
    told.version = "9.9.9".into();
    seal::seal(folder.path(), &told, PASSPHRASE, &file).unwrap();
    let (mut bytes, mut file) = (Vec::new(), file);
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn foreign_and_newer_files_are_told_by_name() {
    let here = Box::new();
    let told = |contents: serde_json::Value| {
        here.bring(&sealed(&contents));
        stage::look(here.path(), PASSPHRASE, here.house.now()).unwrap_err().to_string()
    };
    let newer = told(serde_json::json!({ "format": 2 }));
    assert!(newer.contains("9.9.9") && newer.contains("update this box first"), "{newer}");
    assert_eq!(told(serde_json::json!({ "schema": state::SCHEMA + 1 })), newer);
    assert!(told(serde_json::json!({ "product": "weir" })).contains("not a backup of a Forebay"));
    // Ours by name, but without a database.
    assert!(told(serde_json::json!({})).contains("not whole"));
}

#[actix_rt::test]
async fn a_power_cut_while_a_state_is_taken_over_is_made_up_for() {
    let west = with_channel("Hall").await;
    let bytes = west.backup().await;
    // After so many of the old parts were moved away, and then after so many of the new ones came.
    for (away, come) in [(1, 0), (4, 0), (8, 0), (8, 1), (8, 3)] {
        let east = with_channel("Attic").await;
        east.bring(&bytes);
        east.stage();
        let (staged, aside) = (east.path().join("restore/staged"), east.path().join("before.part"));
        state::private_folder(&aside).unwrap();
        let parts = [
            "forebay.db",
            "forebay.db-wal",
            "forebay.db-shm",
            "history.db",
            "history.db-wal",
            "history.db-shm",
            "tls",
            "copies",
        ];
        for part in &parts[..away] {
            let _absent = std::fs::rename(east.path().join(part), aside.join(part));
        }
        if away == parts.len() {
            std::fs::write(staged.join("moved"), "").unwrap();
        }
        for part in ["forebay.db", "history.db", "tls"].iter().take(come) {
            std::fs::rename(staged.join(part), east.path().join(part)).unwrap();
        }
        assert_eq!(begin(east.path()).unwrap(), Begun::Restored(note()), "{away} {come}");
        assert_eq!(east.channels().await, ["Hall"], "{away} {come}");
        go_back(east.path()).unwrap();
        assert_eq!(east.channels().await, ["Attic"], "{away} {come}");
    }
}

#[actix_rt::test]
async fn a_reset_forgets_everything_but_recordings_unless_asked() {
    let here = with_channel("Hall").await;
    let tape = here.path().join("recordings/hall/1.mp4");
    std::fs::create_dir_all(tape.parent().unwrap()).unwrap();
    std::fs::write(&tape, "tape").unwrap();
    let (_, _, tls) = here.open();
    let before = tls.status().authority_sha256;
    stage::stage_reset(here.path(), Reset::default()).unwrap();
    assert_eq!(begin(here.path()).unwrap(), Begun::Reset);
    assert!(tape.is_file() && here.channels().await.is_empty());
    let (_, history, tls) = here.open();
    assert!(history.newest(None, 5).await.unwrap().is_empty());
    assert_ne!(tls.status().authority_sha256, before);
    stage::stage_reset(here.path(), Reset { recordings: true }).unwrap();
    assert_eq!(begin(here.path()).unwrap(), Begun::Reset);
    assert!(!tape.exists());
}

//! Rules of the architecture that the compiler does not keep.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").into()
}

/// Every Rust source below `folder`, with its path from the root.
fn sources(folder: &str) -> Vec<(String, String)> {
    let (mut folders, mut found) = (vec![root().join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.expect("a folder that opens can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).expect("sources are UTF-8");
                found.push((
                    path.strip_prefix(root()).expect("found below the root").display().to_string(),
                    text,
                ));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no sources: has it moved?");
    found
}

fn those_that_say<'a>(sources: &'a [(String, String)], word: &str) -> Vec<&'a str> {
    let saying = sources.iter().filter(|(_, text)| text.contains(word));
    saying.map(|(path, _)| path.as_str()).collect()
}

#[test]
fn only_the_store_knows_sqlite() {
    for path in those_that_say(&sources("appliance"), "use rusqlite") {
        assert!(path.starts_with("appliance/src/store/"), "{path} uses rusqlite; ask the store instead");
    }
}

#[test]
fn unsafe_code_is_confined_to_ffmpeg_drivers_and_libsrt() {
    let allowed = ["ff/", "gpu/ffi.rs", "gpu/ffi_nvidia.rs", "srt/ffi.rs"];
    let allowed = allowed.map(|place| format!("appliance/worker/src/{place}"));
    for folder in ["appliance", "admin-ui"] {
        for path in those_that_say(&sources(folder), "unsafe {") {
            assert!(
                allowed.iter().any(|place| path.starts_with(place.as_str())),
                "{path} contains unsafe code"
            );
        }
    }
}

#[test]
fn media_and_contribution_are_pure() {
    for folder in ["appliance/media/src", "appliance/contribution/src"] {
        let sources = sources(folder);
        for word in ["std::net", "std::fs", "std::thread", "SystemTime", "Instant", "tokio", "async fn"] {
            let found = those_that_say(&sources, word);
            assert!(
                found.is_empty(),
                "{folder} is to have no I/O, clock or async, but {word} is in {found:?}"
            );
        }
    }
}

/// A stage may use what flows into it (`Encoded`, `Live`), never the stage after it in the data flow.
#[test]
fn stages_know_only_what_they_hand_on() {
    let never = [
        ("serve", ["crate::package", "crate::encode", "crate::ingest", "crate::channel"].as_slice()),
        ("package", &["crate::ingest", "crate::channel"]),
        ("encode", &["crate::serve", "crate::package", "crate::ingest", "crate::channel"]),
        ("ingest", &["crate::serve", "crate::package", "crate::encode", "crate::channel"]),
    ];
    for (stage, others) in never {
        let sources = sources(&format!("appliance/src/{stage}"));
        for other in others {
            let found = those_that_say(&sources, other);
            assert!(found.is_empty(), "{found:?} must not use {other}: only `channel` connects stages");
        }
    }
}

#[test]
fn the_top_level_is_as_it_was_agreed() {
    let agreed = ["admin-ui", "appliance", "iso", "migrations", "systemd", "tests"];
    let ours = |name: &String| !name.starts_with('.') && name != "target";
    let entries = std::fs::read_dir(root()).unwrap().map(Result::unwrap);
    let folders: BTreeSet<String> = entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(ours)
        .collect();
    assert_eq!(folders, agreed.map(str::to_owned).into());
}

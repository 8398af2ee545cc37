//! The fuzz bodies over a committed corpus, and over damaged copies of it.
//!
//! `corpus/` holds one folder for each body. What fuzzing finds is added there as a file. `FOREBAY_FUZZ_ROUNDS` makes more
//! copies of each.

use media::fuzzing::{fuzz_codecs, fuzz_judge, fuzz_link, fuzz_requests, fuzz_window};
use std::fs;
use std::path::Path;

const ROUNDS: u64 = 40;

/// Each file, then copies with some bytes changed, cut or doubled: the same in each run.
fn run(name: &str, body: fn(&[u8])) {
    let rounds =
        std::env::var("FOREBAY_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let entries = fs::read_dir(&folder).expect("the corpus is committed");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
        let bytes = fs::read(&file).expect("it can be read");
        body(&bytes);
        for round in 1..=rounds {
            body(&damaged(&bytes, round));
        }
    }
}

fn damaged(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut below = |end: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % end.max(1)
    };
    let mut copy = bytes.to_vec();
    for _ in 0..=below(5) {
        let at = below(copy.len().max(1));
        match below(4) {
            0 => copy.truncate(at.max(1)),
            1 => copy.insert(at.min(copy.len()), [0, 1, 0x2C, 0x47, 0x80, 0xFF][below(6)]),
            2 => {
                let piece = copy[at.min(copy.len())..].iter().copied().take(below(60)).collect::<Vec<_>>();
                copy.extend(piece);
            }
            _ => {
                if let Some(byte) = copy.get_mut(at) {
                    *byte ^= 1 << below(8);
                }
            }
        }
    }
    copy
}

#[test]
fn requests_of_viewers() {
    run("requests", fuzz_requests);
}

#[test]
fn codec_configurations() {
    run("codecs", fuzz_codecs);
}

#[test]
fn the_link_to_workers() {
    run("link", fuzz_link);
}

#[test]
fn the_judges_readers() {
    run("judge", fuzz_judge);
}

#[test]
fn the_window_as_a_sequence_of_operations() {
    run("window", fuzz_window);
}

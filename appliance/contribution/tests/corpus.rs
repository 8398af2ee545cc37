//! The fuzz bodies over a committed corpus, and over damaged copies of it.
//!
//! `corpus/` holds one folder for each body. What fuzzing finds is added there as a file.

use contribution::testing::{Publisher, fuzz_amf0, fuzz_flv, fuzz_rtmp, fuzz_ts};
use std::fs;
use std::path::{Path, PathBuf};

/// Damaged copies made of each file; more with `FOREBAY_FUZZ_ROUNDS`.
const ROUNDS: u32 = 60;

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name)
}

fn files(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(corpus(name)).expect("the corpus is committed");
    let mut files: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("it can be listed").path();
            let bytes = fs::read(&path).expect("it can be read");
            (path, bytes)
        })
        .collect();
    files.sort();
    files
}

/// A generator of numbers, the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }

    /// A copy with a few bytes changed, removed, repeated or put in.
    fn damaged(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut copy = bytes.to_vec();
        for _ in 0..=self.below(6) {
            let at = self.below(copy.len() + 1);
            match self.below(5) {
                0 => copy.truncate(at.max(1)),
                1 => {
                    let end = (at + self.below(40)).min(copy.len());
                    copy.drain(at..end);
                }
                2 => copy.insert(at, [0, 1, 0x47, 0x7F, 0x80, 0xC4, 0xFF][self.below(7)]),
                3 => {
                    let piece = copy[at..(at + self.below(300)).min(copy.len())].to_vec();
                    let to = self.below(copy.len() + 1);
                    copy.splice(to..to, piece);
                }
                _ if at < copy.len() => copy[at] ^= 1 << self.below(8),
                _ => {}
            }
        }
        copy
    }
}

fn run(name: &str, body: impl Fn(&[u8])) {
    let rounds = std::env::var("FOREBAY_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    let (files, mut dice) = (files(name), Dice(1));
    assert!(!files.is_empty());
    for (path, bytes) in files {
        println!("{}", path.display());
        body(&bytes);
        for _ in 0..rounds.unwrap_or(ROUNDS) {
            body(&dice.damaged(&bytes));
        }
    }
}

#[test]
fn rtmp() {
    run("rtmp", fuzz_rtmp);
}

#[test]
fn flv() {
    run("flv", fuzz_flv);
}

#[test]
fn ts() {
    run("ts", fuzz_ts);
}

#[test]
fn amf0() {
    run("amf0", fuzz_amf0);
}

/// Writes the part of the corpus that a publisher of our own makes; the files of FFmpeg are as it made them.
#[test]
#[ignore = "changes the corpus"]
fn write_publishers() {
    let avc = [
        &[0x17, 0, 0, 0, 0][..],
        &[1, 0x64, 0, 0x1F, 0xFF, 0xE1, 0, 4, 0x67, 0x64, 0, 0x1F, 1, 0, 2, 0x68, 1],
    ];
    let picture = [&[0x17, 1, 0, 0, 33, 0, 0, 0, 3, 0x65, 1, 2][..], &[0; 200]].concat();
    let begun = || Publisher::new().connect("live").publish("key").metadata(640, 360).video(0, &avc.concat());
    let cases = [
        (
            "publish",
            begun().audio(0, &[0xAF, 0, 0x11, 0x90]).video(0, &picture).audio(5, &[0xAF, 1, 0x21, 0]),
        ),
        ("publish-and-leave", begun().video(33, &picture).unpublish("key").publish("other")),
        (
            "extended-timestamps",
            begun().video(0x0100_0000, &picture.repeat(30)).audio(0x0100_0010, &[0xAF, 1, 2]),
        ),
        ("enhanced", begun().video(0, b"\x90hvc1\x01\x02").video(0, b"\x96\x10hvc1\x00\x00\x00\x01\x05")),
        (
            "control",
            begun().raw(4, &[0, 6, 0, 0, 0, 1]).raw(5, &[0, 0, 16, 0]).raw(1, &[0, 0, 0, 1]).raw(2, &[0; 4]),
        ),
        (
            "aggregate",
            begun().raw(22, &[&[9, 0, 0, 6, 0, 0, 9, 0, 0, 0, 0, 0x17, 1, 0, 0, 0, 1][..], &[0; 4]].concat()),
        ),
        ("play", Publisher::new().connect("live").bare_command("play", 0)),
        ("handshake", Publisher::new().handshake().connect("live").publish("key").metadata(640, 360)),
    ];
    for (name, mut publisher) in cases {
        fs::write(corpus("rtmp").join(name), publisher.take()).expect("the corpus can be written");
    }
}

//! What is to go wrong, read anew for each picture from the file that `DOUBLE_FAULT` names.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static PICTURES: AtomicU64 = AtomicU64::new(0);

/// What the next picture meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing.
    Encoded,
    /// The driver gives an error.
    Refused,
    /// Bytes that are no H.264.
    Garbage,
}

/// What is wanted of this device; the part in front of a word's last colon names the device that it is for.
fn words(device: &str) -> Vec<String> {
    let file = std::env::var_os("DOUBLE_FAULT").and_then(|path| std::fs::read_to_string(path).ok());
    let of_all_or_this = |each: &str| match each.rsplit_once(':') {
        Some((named, word)) => (named == device).then(|| word.to_owned()),
        None => Some(each.to_owned()),
    };
    file.unwrap_or_default().split_whitespace().filter_map(of_all_or_this).collect()
}

/// The number behind a word such as `slow=`.
#[must_use]
pub fn number_after(device: &str, word: &str) -> Option<u64> {
    words(device).iter().find_map(|each| each.strip_prefix(word)?.parse().ok())
}

/// Whether the device is no longer there.
#[must_use]
pub fn has_vanished(device: &str) -> bool {
    words(device).iter().any(|word| word == "vanished")
}

/// How many encoders may be open.
#[must_use]
pub fn sessions_max(device: &str) -> usize {
    number_after(device, "sessions=").map_or(usize::MAX, |most| most as usize)
}

/// Counts a picture of this process; may not come back.
#[must_use]
pub fn of_next_picture(device: &str) -> Fate {
    let number = PICTURES.fetch_add(1, Relaxed) + 1;
    let is_due = |word| number_after(device, word).is_some_and(|from| number >= from);
    if is_due("crash@") {
        std::process::abort();
    }
    while is_due("hang@") {
        std::thread::park();
    }
    if let Some(millis) = number_after(device, "slow=") {
        std::thread::sleep(std::time::Duration::from_millis(millis));
    }
    if has_vanished(device) || is_due("fail@") {
        Fate::Refused
    } else if is_due("garbage@") {
        Fate::Garbage
    } else {
        Fate::Encoded
    }
}

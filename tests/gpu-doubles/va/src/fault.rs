//! What is to go wrong, read anew for each picture from the file that `DOUBLE_FAULT` names.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static PICTURES: AtomicU64 = AtomicU64::new(0);

/// What the next picture meets.
pub(crate) enum Fate {
    Encoded,
    Refused,
    Garbage,
}

fn wanted() -> String {
    std::env::var("DOUBLE_FAULT").ok().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default()
}

fn number_after(wanted: &str, word: &str) -> Option<u64> {
    wanted.split_whitespace().find_map(|each| each.strip_prefix(word)?.parse().ok())
}

/// How many encoders may be open.
pub(crate) fn sessions_max() -> usize {
    number_after(&wanted(), "sessions=").map_or(usize::MAX, |most| most as usize)
}

/// Counts a picture; may not come back.
pub(crate) fn of_next_picture() -> Fate {
    let (number, wanted) = (PICTURES.fetch_add(1, Relaxed) + 1, wanted());
    let is_due = |word| number_after(&wanted, word).is_some_and(|from| number >= from);
    if is_due("crash@") {
        std::process::abort();
    }
    while is_due("hang@") {
        std::thread::park();
    }
    if let Some(millis) = number_after(&wanted, "slow=") {
        std::thread::sleep(std::time::Duration::from_millis(millis));
    }
    if is_due("fail@") {
        Fate::Refused
    } else if is_due("garbage@") {
        Fate::Garbage
    } else {
        Fate::Encoded
    }
}

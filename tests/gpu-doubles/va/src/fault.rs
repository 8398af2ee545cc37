//! What is to go wrong, read anew for each picture from the file that `DOUBLE_FAULT` names.

use crate::sys::VADriverContextP;
use std::ffi::c_int;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// File name of the render node that this process has opened.
static NODE: OnceLock<String> = OnceLock::new();

/// Finds out which node a display is on.
pub(crate) unsafe fn remember_node(context: VADriverContextP) {
    // va_drmcommon.h: the state begins with the descriptor.
    let state = (*context).drm_state.cast::<c_int>();
    if !state.is_null() {
        let path = std::fs::read_link(format!("/proc/self/fd/{}", *state));
        let name = path.ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        NODE.get_or_init(|| name.unwrap_or_default());
    }
}

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
    let node = NODE.get().map_or("", String::as_str);
    let of_all_or_this = |each| match str::split_once(each, ':') {
        Some((named, word)) => (named == node).then_some(word),
        None => Some(each),
    };
    wanted
        .split_whitespace()
        .filter_map(of_all_or_this)
        .find_map(|each| each.strip_prefix(word)?.parse().ok())
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

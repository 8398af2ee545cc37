//! Says when the daemon is about to run out of file descriptors: then neither viewers nor publishers can come in.

use crate::alarms::{Kind, Words};
use crate::board::Board;
use crate::limits::{DESCRIPTORS_CLEAR, DESCRIPTORS_LOOK_INTERVAL, DESCRIPTORS_SHORT};
use rustix::process::{Resource, getrlimit};

/// Looks, for as long as the box runs.
///
/// # Errors
/// Never.
pub async fn watch(board: Board) -> anyhow::Result<()> {
    loop {
        let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        board.settle(Kind::DescriptorsShort, judge(lowest_free(limit), limit), || words(limit));
        tokio::time::sleep(DESCRIPTORS_LOOK_INTERVAL).await;
    }
}

/// The kernel gives the lowest number that is free: all below it are in use.
fn lowest_free(limit: u64) -> u64 {
    let duplicate = rustix::io::fcntl_dupfd_cloexec(std::io::stderr(), 0);
    duplicate.map_or(limit, |free| u64::try_from(std::os::fd::AsRawFd::as_raw_fd(&free)).unwrap_or(limit))
}

/// Whether few are left; nothing in between, so that an alarm does not flicker.
fn judge(lowest_free: u64, limit: u64) -> Option<bool> {
    let left = limit.saturating_sub(lowest_free);
    if left < DESCRIPTORS_SHORT.min(limit / 4) {
        Some(true)
    } else if left >= DESCRIPTORS_CLEAR.min(limit / 2) {
        Some(false)
    } else {
        None
    }
}

fn words(limit: u64) -> Words {
    Words::new(
        format!("Nearly all of the {limit} files and connections that the system allows are in use."),
        "Channels stay on air; new viewers and publishers may be turned away. Raise LimitNOFILE in the unit (131072 is \
         usual), or see who holds so many connections.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_clear_are_apart() {
        let judged = |left: u64| judge(131_072 - left, 131_072);
        assert_eq!([0, 100, 300, 5000].map(judged), [Some(true), Some(true), None, Some(false)]);
        // A small limit, such as of a shell.
        assert_eq!([900, 700, 100].map(|used: u64| judge(used, 1024)), [Some(true), None, Some(false)]);
    }

    #[test]
    fn this_process_has_some_left() {
        let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        assert!((3..limit).contains(&lowest_free(limit)));
    }
}

//! Says when the disk of the data folder is nearly full. What is recorded of channels gives way before that
//! ([`crate::dvr`]); whatever fills it is somebody else's, or the box's logs.

use crate::alarms::{Kind, Words};
use crate::board::Board;
use crate::drill::Drills;
use crate::limits::{DISK_CLEAR_SHARE, DISK_FULL_SHARE, DISK_LOOK_INTERVAL, DVR_DISK_RESERVE_MAX};
use std::path::{Path, PathBuf};

/// Looks, for as long as the box runs.
///
/// # Errors
/// Never: a disk that does not answer is an alarm.
pub async fn watch(folder: PathBuf, board: Board, drills: Drills) -> anyhow::Result<()> {
    loop {
        match rustix::fs::statvfs(&folder) {
            Ok(disk) => {
                let (free, size) = (disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize);
                let free = if drills.disk_is_full() { 0 } else { free };
                board.settle(Kind::DiskFull, judge(free, size), || full(&folder));
            }
            Err(error) => board.raise(
                Kind::DiskFull,
                Words::new(
                    format!("The disk of {} does not answer: {error}.", folder.display()),
                    "See the journal of the system; the disk may have to be replaced, or mounted anew.",
                ),
            ),
        }
        tokio::time::sleep(DISK_LOOK_INTERVAL).await;
    }
}

/// Whether it is nearly full; nothing in between, so that an alarm does not flicker.
fn judge(free: u64, size: u64) -> Option<bool> {
    let reserve = |share: u64| (size / share).min(DVR_DISK_RESERVE_MAX / (share / DISK_CLEAR_SHARE));
    if free < reserve(DISK_FULL_SHARE) {
        Some(true)
    } else if free >= reserve(DISK_CLEAR_SHARE) {
        Some(false)
    } else {
        None
    }
}

fn full(folder: &Path) -> Words {
    Words::new(
        format!("The disk of {} is nearly full.", folder.display()),
        "Free some space. Channels stay on air; the past of channels becomes shorter, and settings may soon not be \
         saved any more.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_and_clear_are_apart() {
        const GB: u64 = 1_000_000_000;
        assert_eq!((judge(0, 100), judge(4, 100), judge(5, 100)), (Some(true), None, Some(false)));
        // Of a large disk it is a matter of bytes.
        assert_eq!(judge(GB / 3, 4000 * GB), Some(true));
        assert_eq!(judge(GB, 4000 * GB), None);
        assert_eq!(judge(2 * GB, 4000 * GB), Some(false));
    }
}

//! What keeps the box one at a time: which of backups, restores, updates and support bundles stand in each other's way. Pure.
//!
//! A restore makes the daemon start anew, which would cut off all of the others, and a backup of that moment would be of a
//! state that nobody wanted; making and opening a file each take much memory for its key. All else goes on side by side.

use super::problem::{ApiError, Kind};
use crate::limits::{
    BACKUP_UPLOADS_AT_ONCE, BACKUPS_AT_ONCE, BACKUPS_OPENED_AT_ONCE, FRESH_STARTS_AT_ONCE,
    SUPPORT_BUNDLES_AT_ONCE, UPDATE_UPLOADS_AT_ONCE,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Something that takes its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// A backup is made.
    Backup,
    /// A backup is uploaded.
    Bring,
    /// It is looked at what is in the backup.
    Look,
    /// A restore, its undoing or a reset: the box is about to start anew.
    FreshStart,
    /// A support bundle is made.
    Support,
    /// An update is uploaded.
    Update,
}

impl Work {
    const fn at_once(self) -> usize {
        match self {
            Self::Backup => BACKUPS_AT_ONCE,
            Self::Bring => BACKUP_UPLOADS_AT_ONCE,
            Self::Look => BACKUPS_OPENED_AT_ONCE,
            Self::FreshStart => FRESH_STARTS_AT_ONCE,
            Self::Support => SUPPORT_BUNDLES_AT_ONCE,
            Self::Update => UPDATE_UPLOADS_AT_ONCE,
        }
    }

    /// Whichever of both came first.
    const fn excludes(self, other: Self) -> bool {
        use Work::{Backup, Bring, FreshStart, Look};
        matches!(
            (self, other),
            (FreshStart, _)
                | (_, FreshStart)
                | (Bring, Look)
                | (Look, Bring)
                | (Backup, Look)
                | (Look, Backup)
        )
    }

    const fn told(self) -> &'static str {
        match self {
            Self::Backup => "a backup is being made",
            Self::Bring => "a backup is being uploaded",
            Self::Look => "a backup is being opened",
            Self::FreshStart => "a restore or a reset is under way, after which the box starts anew",
            Self::Support => "a support bundle is being made",
            Self::Update => "an update is being uploaded",
        }
    }
}

/// What is under way; clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<Mutex<Vec<Work>>>);

impl Turns {
    /// Begins, and goes on until what is given back is dropped.
    pub(super) fn take(&self, wanted: Work) -> Result<Turn, ApiError> {
        let mut under_way = self.under_way();
        let is_full = under_way.iter().filter(|work| **work == wanted).count() >= wanted.at_once();
        let in_the_way = under_way
            .iter()
            .copied()
            .find(|work| if *work == wanted { is_full } else { wanted.excludes(*work) });
        if let Some(work) = in_the_way {
            let told = format!("{}; nothing was done, try again when that is over", work.told());
            return Err(ApiError::new(Kind::Busy, told));
        }
        under_way.push(wanted);
        Ok(Turn { turns: self.clone(), work: wanted })
    }

    /// Each change is one insertion or removal.
    fn under_way(&self) -> MutexGuard<'_, Vec<Work>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that is under way.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Turns,
    work: Work,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut under_way = self.turns.under_way();
        if let Some(at) = under_way.iter().position(|work| *work == self.work) {
            under_way.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Work::{Backup, Bring, FreshStart, Look, Support, Update};
    use super::*;

    #[test]
    fn only_what_cannot_go_together_waits() {
        let goes = |first: Work, then: Work| {
            let turns = Turns::default();
            let _first = turns.take(first).unwrap();
            turns.take(then).is_ok()
        };
        let all = [Backup, Bring, Look, FreshStart, Support, Update];
        let mut apart = Vec::new();
        for (at, first) in all.into_iter().enumerate() {
            assert!(!goes(first, first), "{first:?} twice");
            for then in all.into_iter().skip(at + 1) {
                assert_eq!(goes(first, then), goes(then, first), "{first:?} {then:?}");
                if !goes(first, then) {
                    apart.push((first, then));
                }
            }
        }
        let fresh = [(Backup, FreshStart), (Bring, FreshStart), (Look, FreshStart)];
        let fresh = fresh.into_iter().chain([(FreshStart, Support), (FreshStart, Update)]);
        let others = [(Backup, Look), (Bring, Look)];
        assert_eq!(apart.len(), 7);
        for pair in fresh.chain(others) {
            assert!(apart.contains(&pair), "{pair:?}");
        }
    }

    #[test]
    fn what_is_over_is_in_nobodys_way_and_what_is_not_is_named() {
        let turns = Turns::default();
        let backup = turns.take(Backup).unwrap();
        let refused = turns.take(FreshStart).unwrap_err();
        assert!(format!("{refused:?}").contains("a backup is being made; nothing was done"), "{refused:?}");
        drop(backup);
        let _restore = turns.take(FreshStart).unwrap();
        let refused = turns.take(Backup).unwrap_err();
        assert!(format!("{refused:?}").contains("a restore or a reset is under way"), "{refused:?}");
    }
}

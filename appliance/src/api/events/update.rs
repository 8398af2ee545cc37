//! How an update stands, for feeds: what the machine says in a file is looked at while somebody follows, once for all of them.

use crate::limits::UPDATE_LOOK;
use crate::update::Update;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;
use tokio::time::sleep;
use wire::UpdateStatus;

/// What was seen last; clones are the same.
#[derive(Clone, Debug)]
pub(in crate::api) struct Updates(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Nothing where updates do not come this way.
    seen: watch::Sender<Option<UpdateStatus>>,
    runs: AtomicBool,
}

impl Default for Updates {
    fn default() -> Self {
        Self(Arc::new(Shared { seen: watch::Sender::new(None), runs: AtomicBool::default() }))
    }
}

impl Updates {
    /// Changes from now on, and how it stands now as the first of them.
    pub(super) fn follow(&self, update: &Update) -> watch::Receiver<Option<UpdateStatus>> {
        let mut follower = self.0.seen.subscribe();
        follower.mark_changed();
        if !self.0.runs.swap(true, Ordering::AcqRel) {
            actix_web::rt::spawn(look(self.clone(), update.clone()));
        }
        follower
    }

    /// Nobody follows: the next one who does begins anew. Whoever has come meanwhile is not left alone.
    fn rests(&self) -> bool {
        if self.0.seen.receiver_count() > 0 {
            return false;
        }
        self.0.runs.store(false, Ordering::Release);
        self.0.seen.receiver_count() == 0 || self.0.runs.swap(true, Ordering::AcqRel)
    }
}

async fn look(updates: Updates, update: Update) {
    while !updates.rests() {
        let update = update.clone();
        if let Ok(status) = actix_web::web::block(move || update.status()).await {
            let now = status.possible.then_some(status);
            updates.0.seen.send_if_modified(|seen| {
                let differs = *seen != now;
                *seen = now;
                differs
            });
        }
        sleep(UPDATE_LOOK).await;
    }
}

//! The thread that owns the connection, and the bounded queue to it.

use super::error::StoreError;
use crate::limits::{STORE_DEADLINE, STORE_REQUESTS_MAX};
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

type Request = Box<dyn FnOnce(&mut Connection) + Send>;

/// The sending end; the thread ends when the last clone is dropped.
#[derive(Clone, Debug)]
pub(super) struct Queue(mpsc::Sender<Request>);

impl Queue {
    pub(super) fn start(mut connection: Connection) -> std::io::Result<Self> {
        let (sender, mut requests) = mpsc::channel::<Request>(STORE_REQUESTS_MAX);
        let serve = move || {
            while let Some(request) = requests.blocking_recv() {
                // A transaction that unwinds is rolled back by its `Drop`; who asked sees the answer's channel close.
                if catch_unwind(AssertUnwindSafe(|| request(&mut connection))).is_err() {
                    tracing::error!("a request to the store panicked; it has been rolled back");
                }
            }
        };
        std::thread::Builder::new().name("store".into()).spawn(serve)?;
        Ok(Self(sender))
    }

    /// Has `work` run on the thread some time; says whether there was room for it.
    pub(super) fn tell(&self, work: impl FnOnce(&mut Connection) + Send + 'static) -> bool {
        self.0.try_send(Box::new(work)).is_ok()
    }

    /// Runs `work` on the thread. Work that has not begun by the deadline never does.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let request = Box::new(move |connection: &mut Connection| {
            if !answer.is_closed() {
                // Whoever asked may stop waiting at any moment.
                let _late = answer.send(work(connection));
            }
        });
        let asked = async {
            self.0.send(request).await.map_err(|_| StoreError::Gone)?;
            answered.await.map_err(|_| StoreError::Gone)?
        };
        timeout(STORE_DEADLINE, asked).await.unwrap_or(Err(StoreError::Busy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_fails_its_request_alone() {
        let queue = Queue::start(Connection::open_in_memory().unwrap()).unwrap();
        let failed = queue.call(|_| -> Result<(), _> { panic!("told to") }).await;
        assert!(matches!(failed, Err(StoreError::Gone)));
        assert_eq!(queue.call(|_| Ok(7)).await.unwrap(), 7);
    }

    /// Past the deadline, which paused time would pass at once.
    async fn without_deadline(queue: &Queue, work: impl FnOnce() + Send + 'static) -> oneshot::Receiver<()> {
        let (done, answer) = oneshot::channel();
        let request = Box::new(move |_: &mut Connection| {
            work();
            done.send(()).unwrap();
        });
        queue.0.send(request).await.unwrap();
        answer
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_begun_in_time_is_refused_and_never_done() {
        let queue = Queue::start(Connection::open_in_memory().unwrap()).unwrap();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let hog = without_deadline(&queue, move || held.recv().unwrap()).await;
        let (mark, done) = std::sync::mpsc::channel::<()>();
        let late = queue.call(move |_| mark.send(()).map_err(|_| StoreError::Gone)).await;
        assert!(matches!(late, Err(StoreError::Busy)));
        release.send(()).unwrap();
        hog.await.unwrap();
        without_deadline(&queue, || ()).await.await.unwrap();
        assert!(done.recv().is_err(), "dropped without having been called");
    }
}

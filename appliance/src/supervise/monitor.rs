//! Runs a task so that however it ends, panics included, is an [`Exit`] that its supervisor learns of.

use super::heartbeat::Pulse;
use super::task::{Attempt, Task};
use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tracing::Instrument;

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It returned, or the actor stopped itself.
    Normal,
    /// It returned an error; the whole chain, outermost first.
    Failed(String),
    /// It panicked, with this message. The place is in the journal.
    Panic(String),
    /// It made no progress by its deadline and was stopped.
    Stalled(Duration),
    /// It was stopped on purpose.
    Stopped,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("ended"),
            Self::Failed(why) => write!(f, "failed: {why}"),
            Self::Panic(message) => write!(f, "panicked: {message}"),
            Self::Stalled(silent_for) => write!(f, "made no progress for {} ms", silent_for.as_millis()),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

/// One running attempt. Dropping it stops the task.
#[derive(Debug)]
pub(super) struct Running {
    handle: actix_rt::task::JoinHandle<anyhow::Result<()>>,
    pub(super) pulse: Pulse,
}

impl Running {
    /// Starts an attempt. The factory itself runs inside the task, so that it may panic too.
    pub(super) fn start(task: &Task, number: u32) -> Self {
        let pulse = Pulse::start();
        let attempt = Attempt { number, pulse: pulse.clone() };
        let factory = Rc::clone(&task.factory);
        let span = tracing::info_span!("task", name = &*task.name);
        let work = async move {
            let future = (factory.borrow_mut())(attempt);
            future.await
        };
        Self { handle: actix_rt::spawn(work.instrument(span)), pulse }
    }

    /// Ready once the task has ended; not to be polled again then.
    pub(super) fn poll_exit(&mut self, context: &mut Context<'_>) -> Poll<Exit> {
        Pin::new(&mut self.handle).poll(context).map(|ended| match ended {
            Ok(Ok(())) => Exit::Normal,
            Ok(Err(error)) => Exit::Failed(format!("{error:#}")),
            Err(error) => match error.try_into_panic() {
                Ok(payload) => Exit::Panic(panic_message(payload.as_ref()).to_owned()),
                Err(_cancelled) => Exit::Stopped,
            },
        })
    }

    /// Stops the task and waits until its future has been dropped. Not to be polled again then.
    pub(super) async fn stop(&mut self) -> Exit {
        self.handle.abort();
        std::future::poll_fn(|context| self.poll_exit(context)).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&'static str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no message)")
}

/// From now on panics are events with a message and a place, not lines on standard error. Once, at start.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        let message = panic_message(info.payload());
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%place, "panicked: {message}");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    async fn exit_of(task: Task) -> Exit {
        let mut running = Running::start(&task, 0);
        std::future::poll_fn(|context| running.poll_exit(context)).await
    }

    #[actix_rt::test]
    async fn every_way_to_end_is_told_apart() {
        assert_eq!(exit_of(Task::new("t", |_| async { Ok(()) })).await, Exit::Normal);
        let failing = Task::new("t", |_| async { Err(anyhow::anyhow!("no such file").context("reading x")) });
        assert_eq!(exit_of(failing).await, Exit::Failed("reading x: no such file".into()));
        let panicking = Task::new("t", |_| async { panic!("boom {}", 7) });
        assert_eq!(exit_of(panicking).await, Exit::Panic("boom 7".into()));
        let factory = Task::new("t", |attempt| {
            assert!(attempt.number > 0, "no first attempt");
            async { Ok(()) }
        });
        assert_eq!(exit_of(factory).await, Exit::Panic("no first attempt".into()));
    }

    struct OnDrop(Rc<Cell<bool>>);

    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }

    #[actix_rt::test]
    async fn stopping_drops_what_the_task_holds() {
        let dropped = Rc::new(Cell::new(false));
        let seen = Rc::clone(&dropped);
        let task = Task::new("t", move |_| {
            let guard = OnDrop(Rc::clone(&seen));
            async move {
                std::future::pending::<()>().await;
                drop(guard);
                Ok(())
            }
        });
        let mut running = Running::start(&task, 0);
        tokio::task::yield_now().await;
        assert!(!dropped.get());
        assert_eq!(running.stop().await, Exit::Stopped);
        assert!(dropped.get());
    }

    struct Counter {
        stopped: Rc<Cell<bool>>,
    }

    impl actix::Actor for Counter {
        type Context = actix::Context<Self>;

        fn stopped(&mut self, _: &mut Self::Context) {
            self.stopped.set(true);
        }
    }

    #[derive(actix::Message)]
    #[rtype(result = "()")]
    enum Order {
        Panic,
        Stop,
    }

    impl actix::Handler<Order> for Counter {
        type Result = ();

        fn handle(&mut self, order: Order, context: &mut Self::Context) {
            match order {
                Order::Panic => panic!("told to"),
                Order::Stop => actix::ActorContext::stop(context),
            }
        }
    }

    #[actix_rt::test]
    async fn an_actor_is_a_task_like_any_other() {
        let stopped = Rc::new(Cell::new(false));
        for (order, exit) in [
            (Some(Order::Panic), Exit::Panic("told to".into())),
            (Some(Order::Stop), Exit::Normal),
            (None, Exit::Stopped),
        ] {
            stopped.set(false);
            let (seen, (tell, mut told)) = (Rc::clone(&stopped), tokio::sync::mpsc::channel(1));
            let task = Task::actor("t", move |_, context: &mut actix::Context<Counter>| {
                tell.try_send(actix::AsyncContext::address(context)).unwrap();
                Counter { stopped: Rc::clone(&seen) }
            });
            let mut running = Running::start(&task, 0);
            let address = told.recv().await.unwrap();
            let told_to_stop = order.is_none();
            if let Some(order) = order {
                address.try_send(order).unwrap();
            }
            let seen = if told_to_stop {
                running.stop().await
            } else {
                std::future::poll_fn(|context| running.poll_exit(context)).await
            };
            assert_eq!(seen, exit);
            assert!(stopped.get(), "`stopped` runs however the actor ended");
        }
    }
}

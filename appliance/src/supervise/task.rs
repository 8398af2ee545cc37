//! The unit of supervision: a named factory of futures. Actors are adapted to it.

use super::heartbeat::{Deadline, Pulse};
use crate::limits;
use actix::{Actor, AsyncContext, Context};
use futures_util::future::LocalBoxFuture;
use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

/// What a task is given each time it is started.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// From 0: how often the task has been started before.
    pub number: u32,
    /// To be beaten at each step of progress, if the task has a deadline.
    pub pulse: Pulse,
}

/// What a normal end means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lasting {
    /// It should not have ended: start it again.
    Permanent,
    /// Its work is done.
    Transient,
}

type Factory = dyn FnMut(Attempt) -> LocalBoxFuture<'static, anyhow::Result<()>>;

/// A named thing that can be run, and run again. It runs on the thread of its supervisor, so nothing in it needs
/// to be `Send`. It is stopped by dropping its future: what must be undone belongs in `Drop`.
pub struct Task {
    pub(super) name: Rc<str>,
    pub(super) factory: Rc<RefCell<Factory>>,
    pub(super) lasting: Lasting,
    pub(super) deadline: Option<Deadline>,
}

impl Task {
    /// A task whose attempts are the futures that `factory` makes.
    pub fn new<F, R>(name: impl Into<Rc<str>>, mut factory: F) -> Self
    where
        F: FnMut(Attempt) -> R + 'static,
        R: Future<Output = anyhow::Result<()>> + 'static,
    {
        let boxed =
            move |attempt| -> LocalBoxFuture<'static, anyhow::Result<()>> { Box::pin(factory(attempt)) };
        Self {
            name: name.into(),
            factory: Rc::new(RefCell::new(boxed)),
            lasting: Lasting::Permanent,
            deadline: None,
        }
    }

    /// A task whose attempts are actors. `make` may hand out `context.address()`; each attempt has a new one. The
    /// actor lives until it stops itself or is stopped, even if nobody keeps its address.
    pub fn actor<A, F>(name: impl Into<Rc<str>>, mut make: F) -> Self
    where
        A: Actor<Context = Context<A>>,
        F: FnMut(Attempt, &mut Context<A>) -> A + 'static,
    {
        Self::new(name, move |attempt| {
            let mut context = Context::new();
            let actor = make(attempt, &mut context);
            let address = context.address();
            async move {
                context.into_future(actor).await;
                drop(address);
                Ok(())
            }
        })
    }

    /// A normal end is final; only failures are followed by another attempt.
    #[must_use]
    pub fn transient(self) -> Self {
        Self { lasting: Lasting::Transient, ..self }
    }

    /// Counts as failed when its pulse has not beaten for `silence`; the first beat may take
    /// [`limits::START_WITHIN`].
    #[must_use]
    pub fn stalls_after(self, silence: Duration) -> Self {
        self.deadline(Deadline { first: limits::START_WITHIN.max(silence), then: silence })
    }

    /// Counts as failed when its pulse misses this deadline.
    #[must_use]
    pub fn deadline(self, deadline: Deadline) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("name", &self.name).finish_non_exhaustive()
    }
}

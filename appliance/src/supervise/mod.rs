//! Supervision: what runs, what happens when it ends, and who is told.
//!
//! The unit is the [`Task`]: a named factory of futures, or of actix actors, run on the arbiter of its
//! [`Supervisor`]. However a task ends - by returning, by an error, by a panic, by falling silent - is an
//! [`Exit`], and the supervisor treats it by [`policy`]. Supervisors are themselves futures, so they nest:
//!
//! ```
//! # use forebay::supervise::{Strategy, Supervisor, Task};
//! fn channel() -> Supervisor {
//!     Supervisor::new("channel demo", Strategy::RestForOne)
//!         .child(Task::new("serve", |_attempt| async { Ok(()) }))
//!         .child(Task::new("package", |attempt| async move {
//!             attempt.pulse.beat(); // at each step of progress
//!             Ok(())
//!         }))
//! }
//! let channels = Supervisor::new("channels", Strategy::OneForOne);
//! let handle = channels.handle(); // adds and removes children of the running supervisor
//! # let _ = (handle, channels.child(Task::new("demo", |_attempt| channel().run())));
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`policy`] | pure: restart, park or escalate; who else restarts, and in which order |
//! | [`heartbeat`] | pure: deadlines; alive or stalled |
//! | [`task`] | the unit, and the adapter for actors |
//! | [`monitor`] | runs a task so that its panic is an exit and not the end of the thread |
//! | [`supervisor`] | owns the children and acts on their exits |
//! | [`process`] | a child process, its exit and its last words |
//! | [`still`] | whether a process does anything at all |
//!
//! No media knowledge here. `actix::Supervisor` is not used: it restarts without delay, count or reason, and not at
//! all after a panic. Expected failures, such as a refused connection, are states of a task, not exits.

mod children;
pub mod heartbeat;
pub mod monitor;
pub mod policy;
pub mod process;
pub mod still;
pub mod supervisor;
#[cfg(test)]
mod supervisor_tests;
pub mod task;

pub use heartbeat::Pulse;
pub use monitor::{Exit, install_panic_hook};
pub use policy::{Limits, OverLimit, Strategy};
pub use process::{Process, ProcessExit};
pub use still::Stillness;
pub use supervisor::{ChildState, ChildStatus, Ended, Handle, Supervisor};
pub use task::{Attempt, Task};

//! Supervisors in virtual time: minutes of crash loops in milliseconds.

use super::heartbeat::Deadline;
use super::{Attempt, ChildState, ChildStatus, Exit, Handle, Limits, OverLimit, Strategy, Supervisor, Task};
use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// What happened, as `name+` for a start and `name-` for an end.
#[derive(Clone, Default)]
struct Diary(Rc<RefCell<Vec<String>>>);

impl Diary {
    fn note(&self, name: &str, what: char) {
        self.0.borrow_mut().push(format!("{name}{what}"));
    }

    /// All since the last call.
    fn read(&self) -> String {
        std::mem::take(&mut *self.0.borrow_mut()).join(" ")
    }

    /// Notes its start now and its end when dropped.
    fn enter(&self, name: &'static str) -> Entry {
        self.note(name, '+');
        Entry(self.clone(), name)
    }

    /// A task that fails after `after`, each time.
    fn failing(&self, name: &'static str, after: Duration) -> Task {
        let diary = self.clone();
        Task::new(name, move |_| {
            let entry = diary.enter(name);
            async move {
                tokio::time::sleep(after).await;
                drop(entry);
                anyhow::bail!("as told")
            }
        })
    }

    fn lasting(&self, name: &'static str) -> Task {
        self.failing(name, Duration::from_secs(1_000_000))
    }
}

struct Entry(Diary, &'static str);

impl Drop for Entry {
    fn drop(&mut self) {
        self.0.note(self.1, '-');
    }
}

/// Runs the test on one thread with paused time; sleeping moves it on.
async fn local<T>(test: impl Future<Output = T>) -> T {
    tokio::task::LocalSet::new().run_until(test).await
}

fn run(supervisor: Supervisor) -> (Handle, actix_rt::task::JoinHandle<anyhow::Result<()>>) {
    (supervisor.handle(), actix_rt::spawn(supervisor.run()))
}

async fn wait(secs: f64) {
    tokio::time::sleep(Duration::from_secs_f64(secs)).await;
}

fn child(handle: &Handle, name: &str) -> ChildStatus {
    handle.status().borrow().iter().find(|child| child.name == name).cloned().unwrap()
}

const SOON: Duration = Duration::from_secs(2);

#[tokio::test(start_paused = true)]
async fn rest_for_one_restarts_what_was_started_later_in_order() {
    local(async {
        let diary = Diary::default();
        let channel = Supervisor::new("channel", Strategy::RestForOne)
            .child(diary.lasting("serve"))
            .child(diary.lasting("package"))
            .child(diary.failing("encode", SOON))
            .child(diary.lasting("ingest"));
        let (handle, _running) = run(channel);
        wait(1.0).await;
        assert_eq!(diary.read(), "serve+ package+ encode+ ingest+");
        wait(2.0).await;
        assert_eq!(diary.read(), "encode- ingest- encode+ ingest+");
        assert_eq!(child(&handle, "encode").restarts, 1);
        assert_eq!(child(&handle, "encode").last_exit, Some(Exit::Failed("as told".into())));
        assert_eq!(child(&handle, "ingest").last_exit, None, "it was stopped, it did not fail");
        handle.shutdown().await;
        assert_eq!(diary.read(), "ingest- encode- package- serve-");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_for_one_leaves_the_others_alone_and_takes_new_ones() {
    local(async {
        let diary = Diary::default();
        let channels = Supervisor::new("channels", Strategy::OneForOne)
            .child(diary.failing("a", SOON))
            .child(diary.lasting("b"));
        let (handle, _running) = run(channels);
        wait(3.0).await;
        assert_eq!(diary.read(), "a+ b+ a- a+");
        handle.start(diary.lasting("c")).await.unwrap();
        handle.remove("b").await.unwrap();
        handle.remove("nobody").await.unwrap();
        handle.start(diary.lasting("a")).await.unwrap();
        wait(10.0).await;
        assert_eq!(diary.read(), "c+ b- a- a+");
        let names: Vec<_> = handle.status().borrow().iter().map(|child| child.name.clone()).collect();
        assert_eq!(names, ["a", "c"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_is_parked_with_its_rest_while_the_others_go_on() {
    local(async {
        let diary = Diary::default();
        let channel = Supervisor::new("channel", Strategy::RestForOne)
            .child(diary.lasting("serve"))
            .child(diary.failing("encode", Duration::from_millis(100)))
            .child(diary.lasting("ingest"));
        let (handle, _running) = run(channel);
        wait(0.95).await;
        assert_eq!(child(&handle, "encode").state, ChildState::Parked);
        assert_eq!(child(&handle, "ingest").state, ChildState::Waiting);
        assert_eq!(child(&handle, "serve").state, ChildState::Running);
        assert_eq!(child(&handle, "encode").restarts, 5);
        let seen = diary.read();
        assert!(seen.starts_with("serve+ encode+ ingest+ encode- ingest- encode+"), "{seen}");
        assert_eq!(seen.matches("serve").count(), 1);
        // Ten minutes on it is still tried, at most every 30 s.
        wait(600.0).await;
        let tries = child(&handle, "encode").restarts;
        assert!((23..60).contains(&tries), "{tries} tries in ten minutes");
        // The operator need not wait for the next try.
        let before = child(&handle, "encode").restarts;
        handle.restart("encode").await.unwrap();
        assert_eq!(child(&handle, "encode").restarts, before + 1);
        assert_eq!(child(&handle, "ingest").state, ChildState::Running);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_parked_task_recovers_by_itself() {
    local(async {
        let mended_at = Instant::now() + Duration::from_secs(20);
        let task = Task::new("encode", move |_| async move {
            if Instant::now() < mended_at {
                anyhow::bail!("no device")
            }
            std::future::pending().await
        });
        let (handle, _running) = run(Supervisor::new("channel", Strategy::RestForOne).child(task));
        wait(10.0).await;
        assert_eq!(child(&handle, "encode").state, ChildState::Parked);
        wait(90.0).await;
        assert_eq!(child(&handle, "encode").state, ChildState::Running);
        let tries = child(&handle, "encode").restarts;
        // Trouble is over: the next exit is answered at once again.
        handle.restart("encode").await.unwrap();
        assert_eq!(child(&handle, "encode").restarts, tries + 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn escalation_stops_the_family_and_tells_the_parent_why() {
    local(async {
        let diary = Diary::default();
        let limits = Limits { over_limit: OverLimit::Escalate, restarts_max: 2, ..Limits::default() };
        let family = Supervisor::new("family", Strategy::OneForOne)
            .limits(limits)
            .child(diary.lasting("elder"))
            .child(Task::new("younger", |_| async { panic!("bad day") }));
        let (handle, running) = run(family);
        let error = running.await.unwrap().unwrap_err().to_string();
        assert_eq!(error, "family: younger panicked: bad day, after 2 restarts within 60 s");
        assert_eq!(diary.read(), "elder+ elder-");
        assert!(handle.remove("elder").await.is_err());
        handle.shutdown().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn supervisors_nest_and_stopping_one_stops_all_below() {
    local(async {
        let diary = Diary::default();
        let inner = diary.clone();
        let channel = Task::new("channel", move |_| {
            Supervisor::new("channel", Strategy::RestForOne)
                .child(inner.lasting("serve"))
                .child(inner.lasting("ingest"))
                .run()
        });
        let (handle, _running) = run(Supervisor::new("channels", Strategy::OneForOne).child(channel));
        wait(1.0).await;
        handle.remove("channel").await.unwrap();
        tokio::task::yield_now().await;
        assert_eq!(diary.read(), "serve+ ingest+ ingest- serve-");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn silence_beyond_the_deadline_is_an_exit() {
    local(async {
        let deadline = Deadline { first: Duration::from_secs(5), then: Duration::from_secs(1) };
        let task = Task::new("encode", |attempt: Attempt| async move {
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_millis(900)).await;
                attempt.pulse.beat();
            }
            std::future::pending().await
        });
        let task = task.deadline(deadline);
        let (handle, _running) = run(Supervisor::new("channel", Strategy::RestForOne).child(task));
        wait(18.9).await;
        assert_eq!(child(&handle, "encode").restarts, 0);
        wait(0.3).await;
        let status = child(&handle, "encode");
        assert_eq!((status.restarts, status.state), (1, ChildState::Running));
        let Some(Exit::Stalled(silent_for)) = status.last_exit else { panic!("{:?}", status.last_exit) };
        assert!(silent_for <= Duration::from_millis(1_200), "{silent_for:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_transient_task_may_be_done_and_a_permanent_one_may_not() {
    local(async {
        let job = Task::new("job", |_| async { Ok(()) }).transient();
        let duty = Task::new("duty", |attempt| async move {
            if attempt.number == 0 { Ok(()) } else { std::future::pending().await }
        });
        let (handle, _running) = run(Supervisor::new("s", Strategy::OneForOne).child(job).child(duty));
        wait(1.0).await;
        assert_eq!(child(&handle, "job").state, ChildState::Finished);
        let duty = child(&handle, "duty");
        assert_eq!((duty.state, duty.restarts, duty.last_exit), (ChildState::Running, 1, Some(Exit::Normal)));
    })
    .await;
}

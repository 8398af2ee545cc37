//! Whether a process does anything at all, by what the system knows of it: proc(5).
//!
//! A process that is only slow, or that waits for a processor on a busy machine, must not be taken for a hung one: to
//! replace it would cost more of what is short.

use std::fs;

/// Looks at one process again and again.
#[derive(Debug)]
pub struct Stillness {
    id: u32,
    /// Its processor time at the last look.
    ticks: Option<u64>,
}

impl Stillness {
    pub(super) const fn of(id: u32) -> Self {
        Self { id, ticks: None }
    }

    /// Whether it is stopped, or has used no processor time since the last look although none of its threads waits for
    /// a processor or a disk. A process that is gone is not still.
    pub fn look(&mut self) -> bool {
        let Some(now) = Stat::read(&format!("/proc/{}/stat", self.id)) else { return false };
        let before = self.ticks.replace(now.ticks);
        now.state == 'T' || before == Some(now.ticks) && !self.wants_to_run()
    }

    /// It has done something: the next look is a first one.
    pub fn forget(&mut self) {
        self.ticks = None;
    }

    fn wants_to_run(&self) -> bool {
        let threads = fs::read_dir(format!("/proc/{}/task", self.id)).into_iter().flatten().flatten();
        let mut stats = threads.filter_map(|thread| Stat::read(thread.path().join("stat").to_str()?));
        stats.any(|stat| matches!(stat.state, 'R' | 'D'))
    }
}

/// Whether somebody has sent that process SIGSTOP.
pub(super) fn is_stopped(id: u32) -> bool {
    Stat::read(&format!("/proc/{id}/stat")).is_some_and(|stat| stat.state == 'T')
}

/// Of a process or a thread.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    /// Processor time of all its threads, of its own and of the system on its behalf, in ticks.
    ticks: u64,
}

impl Stat {
    fn read(path: &str) -> Option<Self> {
        Self::parse(&fs::read_to_string(path).ok()?)
    }

    /// The state is the first field after the name, which stands in brackets and may hold any others; user and system
    /// time are the 12th and 13th.
    fn parse(stat: &str) -> Option<Self> {
        let mut fields = stat.rsplit_once(") ")?.1.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        let [user, system] = [fields.nth(10)?, fields.next()?].map(str::parse::<u64>);
        Some(Self { state, ticks: user.ok()? + system.ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command, Stdio};

    struct Shell(Child);

    impl Shell {
        fn run(script: &str) -> Self {
            Self(Command::new("/bin/sh").args(["-c", script]).stdin(Stdio::piped()).spawn().unwrap())
        }

        fn wait_for(&self, state: char) {
            let path = format!("/proc/{}/stat", self.0.id());
            while Stat::read(&path).unwrap().state != state {
                std::thread::yield_now();
            }
        }

        fn signal(&self, signal: rustix::process::Signal) {
            let pid = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
            rustix::process::kill_process(pid, signal).unwrap();
        }
    }

    impl Drop for Shell {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    #[test]
    fn state_and_times_follow_the_name_whatever_that_is() {
        let stat = "42 (a) R (b) S 1 42 42 0 -1 4194560 120 0 0 0 7 5 0 0 20 0 1 0 1 1 1";
        assert_eq!(Stat::parse(stat), Some(Stat { state: 'S', ticks: 12 }));
        assert_eq!(Stat::parse("42 (a"), None);
    }

    #[test]
    fn one_that_waits_for_ever_is_still_at_the_second_look() {
        let shell = Shell::run("read x");
        shell.wait_for('S');
        let mut stillness = Stillness::of(shell.0.id());
        assert!(!stillness.look());
        assert!(stillness.look());
        stillness.forget();
        assert!(!stillness.look());
    }

    #[test]
    fn one_that_is_stopped_is_still_at_once() {
        let shell = Shell::run("while :; do :; done");
        shell.signal(rustix::process::Signal::STOP);
        shell.wait_for('T');
        assert!(Stillness::of(shell.0.id()).look());
    }

    #[test]
    fn one_at_work_or_gone_is_not_still() {
        let shell = Shell::run("while :; do :; done");
        shell.wait_for('R');
        let mut stillness = Stillness::of(shell.0.id());
        assert!(!stillness.look() && !stillness.look());
        drop(shell);
        assert!(!stillness.look());
    }
}

//! Whether a worker's end was the fault of the device that it encoded on: pure.

use super::run::WorkerEnd;
use crate::limits::{DEVICE_BEHIND_MAX, DEVICE_BEHIND_STATUSES};
use crate::supervise::ProcessExit;
use media::link::WorkerStatus;
use rustix::process::Signal;
use std::os::unix::process::ExitStatusExt;

/// The cause in words, if it was. `was_stopped`: somebody had sent it SIGSTOP.
///
/// A crash is laid to the device: what of it was the driver and what the source's decoder, nobody can tell from outside.
/// SIGKILL is nobody's crash: it is the kernel short of memory, or a person.
#[must_use]
pub fn fault_of_device(end: &WorkerEnd, was_stopped: bool) -> Option<String> {
    match end {
        WorkerEnd::Device(cause) => Some(cause.clone()),
        WorkerEnd::Hung if !was_stopped => Some("it hung: no picture came back".into()),
        WorkerEnd::Slow(behind_ms) => Some(format!("it is too slow: its pictures were {behind_ms} ms late")),
        WorkerEnd::Drifted(_) => Some("it coded the rungs at different speeds".into()),
        WorkerEnd::Exited(ProcessExit { status, .. }) => {
            let signal = status
                .signal()
                .filter(|signal| ![Signal::KILL, Signal::TERM].map(Signal::as_raw).contains(signal));
            signal.map(|_| format!("the process that used it crashed ({status})"))
        }
        _ => None,
    }
}

/// Watches whether a device keeps up.
#[derive(Debug, Default)]
pub struct Pace {
    late: u32,
}

impl Pace {
    /// Takes note of what the worker says; gives how late it is, in milliseconds, once it has been too late for long.
    pub fn note(&mut self, status: &WorkerStatus) -> Option<i64> {
        let is_late = status.behind_ms > DEVICE_BEHIND_MAX.millis();
        self.late = if is_late { self.late + 1 } else { 0 };
        (self.late >= DEVICE_BEHIND_STATUSES).then_some(status.behind_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::ExitStatus;

    #[test]
    fn only_what_a_device_can_cause_is_laid_to_it() {
        let exited =
            |raw| WorkerEnd::Exited(ProcessExit { status: ExitStatus::from_raw(raw), last_lines: vec![] });
        let fault = |end, was_stopped| fault_of_device(&end, was_stopped);
        for (signal, blamed) in [(6, true), (11, true), (7, true), (9, false), (15, false)] {
            assert_eq!(fault(exited(signal), false).is_some(), blamed, "signal {signal}");
        }
        assert_eq!(fault(exited(1 << 8), false), None, "it said why, and not of the device");
        assert!(fault(WorkerEnd::Hung, false).is_some() && fault(WorkerEnd::Hung, true).is_none());
        assert!(fault(WorkerEnd::NoPackager, false).is_none() && fault(WorkerEnd::Moved, false).is_none());
        assert_eq!(fault(WorkerEnd::Device("encode: x".into()), false).as_deref(), Some("encode: x"));
    }

    #[test]
    fn catching_up_is_not_slowness() {
        let (mut pace, late) = (Pace::default(), DEVICE_BEHIND_MAX.millis() + 1);
        let mut note = |behind_ms| pace.note(&WorkerStatus { behind_ms, ..WorkerStatus::default() });
        for _ in 1..DEVICE_BEHIND_STATUSES {
            assert_eq!(note(late), None);
        }
        assert_eq!(note(0), None);
        let last = (0..DEVICE_BEHIND_STATUSES).map(|_| note(late)).last();
        assert_eq!(last, Some(Some(late)));
    }
}

//! Whether a worker's end was the fault of the device that it encoded on: pure.

use super::run::WorkerEnd;
use crate::limits::{CRASH_FOLLOWS_MAX, DEVICE_BEHIND_MAX, DEVICE_BEHIND_STATUSES};
use crate::supervise::ProcessExit;
use media::link::WorkerStatus;
use rustix::process::Signal;
use std::mem;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

/// The cause in words, if it was. `was_stopped`: somebody had sent it SIGSTOP.
///
/// A crash is laid to the device at first: what of it was the driver and what the source's decoder, nobody can tell from
/// outside. [`Crashes`] tells later. SIGKILL is nobody's crash: it is the kernel short of memory, or a person.
#[must_use]
pub fn fault_of_device(end: &WorkerEnd, was_stopped: bool) -> Option<String> {
    match end {
        WorkerEnd::Device(cause) => Some(cause.clone()),
        WorkerEnd::Hung if !was_stopped => Some("it hung: no picture came back".into()),
        WorkerEnd::Slow(behind_ms) => Some(format!("it is too slow: its pictures were {behind_ms} ms late")),
        WorkerEnd::Drifted(_) => Some("it coded the rungs at different speeds".into()),
        WorkerEnd::Exited(ProcessExit { status, .. }) if is_crash(end) => {
            Some(format!("the process that used it crashed ({status})"))
        }
        _ => None,
    }
}

/// Whether the worker's process was ended by a signal that nobody sends on purpose.
#[must_use]
pub fn is_crash(end: &WorkerEnd) -> bool {
    let WorkerEnd::Exited(ProcessExit { status, .. }) = end else { return false };
    let on_purpose = [Signal::KILL, Signal::TERM].map(Signal::as_raw);
    status.signal().is_some_and(|signal| !on_purpose.contains(&signal))
}

/// Tells crashes of drivers from those that a source causes: these follow the channel into software.
#[derive(Debug, Default)]
pub struct Crashes {
    last: Duration,
    /// Devices that are not trusted any more for a crash of this channel's.
    suspects: Vec<String>,
    follows: bool,
}

impl Crashes {
    /// A worker has crashed on a device: whether that is to be laid to the device.
    pub fn on_device(&mut self, at: Duration) -> bool {
        self.note(at);
        !self.follows
    }

    /// A device has lost its trust by such a crash.
    pub fn suspect(&mut self, device: &str) {
        self.suspects.push(device.to_owned());
    }

    /// A worker has crashed in software: the devices that are cleared by that.
    pub fn in_software(&mut self, at: Duration) -> Vec<String> {
        self.note(at);
        let cleared = mem::take(&mut self.suspects);
        self.follows |= !cleared.is_empty();
        cleared
    }

    /// After a while of quiet what was is no longer about the same thing.
    fn note(&mut self, at: Duration) {
        if at.saturating_sub(mem::replace(&mut self.last, at)) > CRASH_FOLLOWS_MAX {
            (self.suspects, self.follows) = (Vec::new(), false);
        }
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
    fn a_crash_that_follows_the_channel_into_software_is_no_device_s() {
        let (mut crashes, at) = (Crashes::default(), Duration::from_secs);
        assert!(crashes.on_device(at(1000)));
        crashes.suspect("a");
        assert!(crashes.on_device(at(1002)));
        crashes.suspect("b");
        assert_eq!(crashes.in_software(at(1004)), ["a", "b"]);
        assert!(!crashes.on_device(at(1006)), "the source still does it");
        assert!(crashes.in_software(at(1008)).is_empty());

        let later = at(1008) + CRASH_FOLLOWS_MAX + at(1);
        assert!(crashes.on_device(later), "that was another matter");
        crashes.suspect("a");
        assert!(crashes.in_software(later + CRASH_FOLLOWS_MAX + at(1)).is_empty(), "so is this");
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

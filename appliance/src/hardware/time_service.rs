//! Who keeps the machine's clock right: chrony, or systemd's own service.
//!
//! The kernel would say whether its clock is disciplined (`adjtimex`), but the unit's sandbox lets nobody ask for that.

use super::kernel::Root;
use super::parse;
use crate::limits::{KERNEL_FILE_BYTES_MAX, TIME_SERVICE_ANSWER_MAX};
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use wire::{ClockHealth, ClockState};

/// Asks; blocks for as long as chrony takes to answer.
#[must_use]
pub fn ask(root: &Root) -> ClockHealth {
    by_systemd(root).or_else(|| parse::chrony(&chronyc()?)).unwrap_or_default()
}

/// It has a folder while it runs, and a file in that once it has a reference.
fn by_systemd(root: &Root) -> Option<ClockHealth> {
    let folder = root.at("run/systemd/timesync");
    folder.is_dir().then(|| ClockHealth {
        state: match folder.join("synchronized").exists() {
            true => ClockState::Synchronised,
            false => ClockState::Unsynchronised,
        },
        by: "systemd-timesyncd".into(),
        ..ClockHealth::default()
    })
}

fn chronyc() -> Option<String> {
    let mut command = Command::new("chronyc");
    command.args(["-n", "-c", "tracking"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let out = child.stdout.take()?;
    let (to, answer) = channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = out.take(KERNEL_FILE_BYTES_MAX).read_to_string(&mut text);
        // Nobody listens any more when it was late.
        let _ = to.send(read.map(|_| text));
    });
    let answer = answer.recv_timeout(TIME_SERVICE_ANSWER_MAX);
    // Nothing to end when it has ended; reaped either way.
    let _ = child.kill();
    let _ = child.wait();
    answer.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::read::fixture;

    #[test]
    fn systemd_has_a_file_once_it_has_a_reference() {
        let (_folder, root) = fixture(&[("run/systemd/timesync/clock", "")]);
        assert_eq!(ask(&root).state, ClockState::Unsynchronised);
        let (_folder, root) = fixture(&[("run/systemd/timesync/synchronized", "")]);
        assert_eq!(
            (ask(&root).state, ask(&root).by.as_str()),
            (ClockState::Synchronised, "systemd-timesyncd")
        );
    }
}

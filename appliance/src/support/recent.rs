//! The daemon's own newest log lines, in memory: a service may not read the journal it writes.

use crate::limits::LOG_BYTES_KEPT;
use std::collections::VecDeque;
use std::io::{self, Write, stderr};
use std::sync::{Mutex, PoisonError};

static LINES: Mutex<Ring> = Mutex::new(Ring { lines: VecDeque::new(), bytes: 0 });

/// Bounded by bytes; the oldest go first.
struct Ring {
    lines: VecDeque<String>,
    bytes: usize,
}

impl Ring {
    fn push(&mut self, line: String) {
        self.bytes += line.len();
        self.lines.push_back(line);
        while self.bytes > LOG_BYTES_KEPT {
            self.bytes -= self.lines.pop_front().map_or(self.bytes, |oldest| oldest.len());
        }
    }
}

/// Standard error, of which the newest lines are remembered.
#[derive(Debug)]
pub struct Tee;

/// For the log's subscriber.
#[must_use]
pub fn tee() -> Tee {
    Tee
}

impl Write for Tee {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let plain = plain(&String::from_utf8_lossy(line));
        LINES.lock().unwrap_or_else(PoisonError::into_inner).push(plain);
        stderr().lock().write_all(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        stderr().lock().flush()
    }
}

/// Without the colours of a terminal (ECMA-48, 8.3.117).
fn plain(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// What is remembered, the oldest first.
#[must_use]
pub fn text() -> String {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).lines.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_left_out_and_the_oldest_goes() {
        assert_eq!(plain("\u{1b}[32mINFO\u{1b}[0m forebay: up\n"), "INFO forebay: up\n");
        let mut ring = Ring { lines: VecDeque::new(), bytes: 0 };
        let line = "x".repeat(LOG_BYTES_KEPT / 4);
        for _ in 0..9 {
            ring.push(line.clone());
        }
        assert_eq!((ring.lines.len(), ring.bytes), (4, LOG_BYTES_KEPT));
        ring.push("y".repeat(LOG_BYTES_KEPT + 1));
        assert_eq!((ring.lines.len(), ring.bytes), (0, 0));
    }
}

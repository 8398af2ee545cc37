//! Connections, from the question to the end. Pure: time comes in.

use super::ffi::Socket;
use super::streamid::Refusal;
use std::collections::HashMap;
use std::time::Duration;

/// Connections at once, asked about ones included: more than any box has channels. Further ones are refused.
const CONNECTIONS_MAX: usize = 64;
/// An admitted publisher that has not finished its handshake by then never will; libsrt's callers give up after three
/// seconds.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The daemon has been asked.
    Asked,
    /// And has said yes or no.
    Answered(bool),
    /// Admitted at that time; the handshake goes on.
    Admitted(Duration),
    /// Sends data.
    Open,
    /// Is to be closed.
    Closing,
}

/// See the module. `Duration`s are points on the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Table {
    newest: u64,
    rows: HashMap<u64, (Socket, State)>,
}

impl Table {
    /// A publisher has come; the daemon is to be asked about it under the number returned.
    pub(super) fn ask(&mut self, socket: Socket) -> Result<u64, Refusal> {
        if self.rows.len() >= CONNECTIONS_MAX {
            return Err(Refusal::Overload);
        }
        self.newest += 1;
        self.rows.insert(self.newest, (socket, State::Asked));
        Ok(self.newest)
    }

    /// The daemon has answered. An answer that comes too late finds nothing.
    pub(super) fn answer(&mut self, conn: u64, ok: bool) {
        if let Some((_, state @ State::Asked)) = self.rows.get_mut(&conn) {
            *state = State::Answered(ok);
        }
    }

    /// The answer, once there is one; a yes holds from now on.
    pub(super) fn verdict(&mut self, conn: u64, now: Duration) -> Option<Result<(), Refusal>> {
        let (_, state) = self.rows.get_mut(&conn)?;
        match *state {
            State::Answered(true) => {
                *state = State::Admitted(now);
                Some(Ok(()))
            }
            State::Answered(false) => {
                self.rows.remove(&conn);
                Some(Err(Refusal::Forbidden))
            }
            _ => None,
        }
    }

    /// Nobody answered in time.
    pub(super) fn give_up(&mut self, conn: u64) -> Refusal {
        self.rows.remove(&conn);
        Refusal::Down
    }

    /// The handshake is done. None for a socket that nobody admitted.
    pub(super) fn open(&mut self, socket: Socket) -> Option<u64> {
        let (conn, row) = self
            .rows
            .iter_mut()
            .find(|(_, (of, state))| *of == socket && matches!(state, State::Admitted(_) | State::Closing))?;
        if row.1 != State::Closing {
            row.1 = State::Open;
        }
        Some(*conn)
    }

    /// The connection of a socket that was opened.
    pub(super) fn conn(&self, socket: Socket) -> Option<u64> {
        self.rows
            .iter()
            .find(|(_, (of, state))| *of == socket && *state == State::Open)
            .map(|(conn, _)| *conn)
    }

    /// The daemon wants a connection to end.
    pub(super) fn close(&mut self, conn: u64) {
        if let Some((_, state @ (State::Open | State::Admitted(_)))) = self.rows.get_mut(&conn) {
            *state = State::Closing;
        }
    }

    /// A connection has ended.
    pub(super) fn remove(&mut self, conn: u64) {
        self.rows.remove(&conn);
    }

    /// Takes out what is to be closed, and what was admitted but never came about.
    pub(super) fn take_due(&mut self, now: Duration) -> Vec<(u64, Socket, &'static str)> {
        let mut due = Vec::new();
        self.rows.retain(|conn, (socket, state)| {
            let reason = match *state {
                State::Closing => "closed by this box",
                State::Admitted(since) if now.saturating_sub(since) > HANDSHAKE_MAX => {
                    "the publisher did not finish its handshake"
                }
                _ => return true,
            };
            due.push((*conn, *socket, reason));
            false
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1000);
    const A: Socket = Socket(7);

    fn admitted(table: &mut Table, socket: Socket) -> u64 {
        let conn = table.ask(socket).unwrap();
        assert_eq!(table.verdict(conn, NOW), None);
        table.answer(conn, true);
        assert_eq!(table.verdict(conn, NOW), Some(Ok(())));
        conn
    }

    #[test]
    fn a_publisher_is_asked_about_admitted_opened_and_closed() {
        let mut table = Table::default();
        let conn = admitted(&mut table, A);
        assert_eq!((table.conn(A), table.open(A), table.conn(A)), (None, Some(conn), Some(conn)));
        assert!(table.take_due(NOW + HANDSHAKE_MAX * 2).is_empty());
        table.close(conn);
        assert_eq!(table.take_due(NOW), [(conn, A, "closed by this box")]);
        assert_eq!((table.conn(A), table.take_due(NOW)), (None, vec![]));
    }

    #[test]
    fn a_bad_key_is_forbidden_and_silence_is_down() {
        let mut table = Table::default();
        let conn = table.ask(A).unwrap();
        table.answer(conn, false);
        assert_eq!(table.verdict(conn, NOW), Some(Err(Refusal::Forbidden)));
        let late = table.ask(A).unwrap();
        assert!(late > conn, "numbers are not used twice");
        assert_eq!(table.give_up(late), Refusal::Down);
        table.answer(late, true);
        assert_eq!((table.verdict(late, NOW), table.open(A)), (None, None));
    }

    #[test]
    fn an_unfinished_handshake_is_reported() {
        let mut table = Table::default();
        let conn = admitted(&mut table, A);
        assert!(table.take_due(NOW + HANDSHAKE_MAX).is_empty());
        let due = table.take_due(NOW + HANDSHAKE_MAX + Duration::from_millis(1));
        assert_eq!(due, [(conn, A, "the publisher did not finish its handshake")]);
    }

    #[test]
    fn connections_are_bounded() {
        let mut table = Table::default();
        (0..CONNECTIONS_MAX as i32).for_each(|socket| {
            admitted(&mut table, Socket(socket));
        });
        assert_eq!(table.ask(A), Err(Refusal::Overload));
    }
}

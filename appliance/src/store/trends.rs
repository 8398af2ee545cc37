//! The SQL of how channels went: minutes, ten minutes made of them, and when players ran dry. In the history's file: it
//! may be lost.

use super::History;
use super::error::StoreError;
use crate::audience::columns::{COLUMNS, NAMES, RULES};
use crate::limits::{MINUTES_KEPT, STALLS_ANSWER_MAX, STALLS_KEPT, TEN_MINUTES_KEPT};
use crate::rollup::{Row, rolled, step_start};
use media::time::Ticks;
use rusqlite::{Connection, ToSql, params, params_from_iter};
use wire::Stall;

/// The steps of which rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// For a day.
    Minute,
    /// For thirty days.
    TenMinutes,
}

impl Step {
    /// Its length.
    #[must_use]
    pub const fn millis(self) -> i64 {
        match self {
            Self::Minute => 60_000,
            Self::TenMinutes => 600_000,
        }
    }

    const fn kept(self) -> Ticks {
        match self {
            Self::Minute => MINUTES_KEPT,
            Self::TenMinutes => TEN_MINUTES_KEPT,
        }
    }
}

/// What was measured, with the beginning of its step.
pub type Stepped = (i64, Row<COLUMNS>);

impl History {
    /// Keeps how a channel went in the minute that began then. Never waits.
    pub fn keep_minute(&self, channel: &str, minute: Stepped) {
        let channel = channel.to_owned();
        self.keep(move |connection| keep_minute(connection, &channel, minute));
    }

    /// Keeps that players ran dry. Never waits.
    pub fn keep_stalls(&self, channel: &str, stalls: Vec<Stall>) {
        if stalls.is_empty() {
            return;
        }
        let channel = channel.to_owned();
        self.keep(move |connection| keep_stalls(connection, &channel, &stalls));
    }

    /// A channel is no more: another one of its name is not to be taken for it. Never waits.
    pub fn forget_trend(&self, channel: &str) {
        let channel = channel.to_owned();
        self.keep(move |connection| {
            connection.execute("DELETE FROM trends WHERE channel = ?1", [&channel])?;
            connection.execute("DELETE FROM stalls WHERE channel = ?1", [&channel])?;
            Ok(())
        });
    }

    /// What is kept of a channel at such steps from then on, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn trend(&self, channel: &str, step: Step, from_ms: i64) -> Result<Vec<Stepped>, StoreError> {
        let channel = channel.to_owned();
        self.ask(move |connection| Ok(trend(connection, &channel, step, from_ms)?)).await
    }

    /// When players of a channel ran dry from then on, oldest first; the newest of them, if they are many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn stalls(&self, channel: &str, from_ms: i64) -> Result<Vec<Stall>, StoreError> {
        let channel = channel.to_owned();
        self.ask(move |connection| Ok(stalls(connection, &channel, from_ms)?)).await
    }
}

/// The row of the ten minutes that the minute is of is made anew each time: it is whole whenever the daemon ends.
fn keep_minute(connection: &mut Connection, channel: &str, (at_ms, row): Stepped) -> rusqlite::Result<()> {
    let write = connection.transaction()?;
    put(&write, channel, Step::Minute, at_ms, &row)?;
    let ten = Step::TenMinutes.millis();
    let start = step_start(at_ms, ten);
    let mut minutes = trend(&write, channel, Step::Minute, start)?;
    minutes.retain(|(at_ms, _)| *at_ms < start + ten);
    if let Some(row) = rolled(&RULES, minutes.iter().map(|(_, row)| row)) {
        put(&write, channel, Step::TenMinutes, start, &row)?;
    }
    for step in [Step::Minute, Step::TenMinutes] {
        let sql = "DELETE FROM trends WHERE channel = ?1 AND step_ms = ?2 AND at_ms <= ?3";
        let oldest = at_ms - step.kept().millis();
        write.prepare_cached(sql)?.execute(params![channel, step.millis(), oldest])?;
    }
    write.commit()
}

fn put(
    write: &Connection,
    channel: &str,
    step: Step,
    at_ms: i64,
    row: &Row<COLUMNS>,
) -> rusqlite::Result<()> {
    let places = (4..4 + COLUMNS).map(|at| format!("?{at}")).collect::<Vec<_>>().join(", ");
    let names = NAMES.join(", ");
    let sql = format!(
        "INSERT OR REPLACE INTO trends (channel, step_ms, at_ms, {names}) VALUES (?1, ?2, ?3, {places})"
    );
    let step_ms = step.millis();
    let head: [&dyn ToSql; 3] = [&channel, &step_ms, &at_ms];
    let cells = row.iter().map(|cell| cell as &dyn ToSql);
    write.prepare_cached(&sql)?.execute(params_from_iter(head.into_iter().chain(cells)))?;
    Ok(())
}

fn trend(read: &Connection, channel: &str, step: Step, from_ms: i64) -> rusqlite::Result<Vec<Stepped>> {
    let names = NAMES.join(", ");
    let sql = format!(
        "SELECT at_ms, {names} FROM trends WHERE channel = ?1 AND step_ms = ?2 AND at_ms >= ?3 ORDER BY at_ms"
    );
    let mut statement = read.prepare_cached(&sql)?;
    let rows = statement.query_map(params![channel, step.millis(), from_ms], |row| {
        let mut cells = [None; COLUMNS];
        for (at, cell) in cells.iter_mut().enumerate() {
            *cell = row.get(at + 1)?;
        }
        Ok((row.get(0)?, cells))
    })?;
    rows.collect()
}

fn keep_stalls(connection: &mut Connection, channel: &str, stalls: &[Stall]) -> rusqlite::Result<()> {
    let write = connection.transaction()?;
    let sql = "INSERT INTO stalls (channel, at_ms, tier, players, session, stalled_ms) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    for Stall { at_ms, tier, players, session, stalled_ms, .. } in stalls {
        let row = params![channel, at_ms, tier, players, session, stalled_ms];
        write.prepare_cached(sql)?.execute(row)?;
    }
    let oldest = write.last_insert_rowid() - i64::from(STALLS_KEPT);
    write.prepare_cached("DELETE FROM stalls WHERE id <= ?1")?.execute([oldest])?;
    write.commit()
}

fn stalls(read: &Connection, channel: &str, from_ms: i64) -> rusqlite::Result<Vec<Stall>> {
    let sql = "SELECT at_ms, tier, players, session, stalled_ms FROM stalls \
               WHERE channel = ?1 AND at_ms >= ?2 ORDER BY at_ms DESC LIMIT ?3";
    let mut statement = read.prepare_cached(sql)?;
    let rows = statement.query_map(params![channel, from_ms, STALLS_ANSWER_MAX], |row| {
        let (at_ms, tier, players) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (session, stalled_ms) = (row.get(3)?, row.get(4)?);
        Ok(Stall { at_ms, tier, players, session, stalled_ms, causes: Vec::new() })
    })?;
    let mut all: Vec<Stall> = rows.collect::<Result<_, _>>()?;
    all.reverse();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::House;

    /// A whole number of ten minutes.
    const BEGIN: i64 = 1_800_000_000_000;

    fn minute(number: i64, viewers: i64) -> Stepped {
        let mut row = [None; COLUMNS];
        (row[5], row[13]) = (Some(viewers), Some(1));
        (BEGIN + number * 60_000, row)
    }

    #[tokio::test]
    async fn minutes_become_ten_minutes_and_both_are_bounded() {
        let history = History::in_memory(House::anchor()).unwrap();
        for number in 0..25 {
            history.keep_minute("hall", minute(number, number));
        }
        history.keep_minute("yard", minute(3, 7));
        let tens = history.trend("hall", Step::TenMinutes, 0).await.unwrap();
        let told: Vec<_> = tens.iter().map(|(at, row)| ((at - BEGIN) / 60_000, row[5], row[13])).collect();
        assert_eq!(told, [(0, Some(5), Some(10)), (10, Some(15), Some(10)), (20, Some(22), Some(5))]);
        assert_eq!(history.trend("hall", Step::Minute, BEGIN + 20 * 60_000).await.unwrap().len(), 5);
        // A day later the minutes are gone, and the ten minutes are not.
        history.keep_minute("hall", minute(24 * 60 + 30, 1));
        assert_eq!(history.trend("hall", Step::Minute, 0).await.unwrap().len(), 1);
        assert_eq!(history.trend("hall", Step::TenMinutes, 0).await.unwrap().len(), 4);
        history.keep_minute("hall", minute(30 * 24 * 60 + 60, 1));
        assert_eq!(history.trend("hall", Step::TenMinutes, 0).await.unwrap().len(), 2);
        assert_eq!(history.trend("yard", Step::Minute, 0).await.unwrap().len(), 1);
        history.forget_trend("hall");
        assert!(history.trend("hall", Step::TenMinutes, 0).await.unwrap().is_empty());
        assert_eq!(history.trend("yard", Step::Minute, 0).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn stalls_are_bounded_and_told_oldest_first() {
        let history = History::in_memory(House::anchor()).unwrap();
        let stall = |at_ms| Stall {
            at_ms,
            tier: 1,
            players: 2,
            session: "abcd".into(),
            stalled_ms: 700,
            causes: vec![],
        };
        let many = i64::from(STALLS_KEPT) + 10;
        history.keep_stalls("hall", (0..many).map(stall).collect());
        let told = history.stalls("hall", many - 3).await.unwrap();
        assert_eq!(told.iter().map(|stall| stall.at_ms).collect::<Vec<_>>(), [many - 3, many - 2, many - 1]);
        assert_eq!(history.stalls("hall", 0).await.unwrap().len(), STALLS_ANSWER_MAX as usize);
        assert!(history.stalls("yard", 0).await.unwrap().is_empty());
    }
}

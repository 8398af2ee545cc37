//! How the machine was: figures by the minute and by ten minutes, in the file of the history.
//!
//! Bounded by age, and by the number of metrics. Ten minutes are made anew of their minutes with each of them, so a start
//! in between loses nothing but the minute it falls into.

use super::error::StoreError;
use super::history::History;
use crate::limits::{MEASURE_METRICS_MAX, MINUTES_KEPT, TEN_MINUTES_KEPT};
use rusqlite::{Connection, OptionalExtension, params};

/// Seconds of the finer stretches.
pub const MINUTE_SECS: i64 = 60;
/// Seconds of the coarser stretches.
pub const TEN_SECS: i64 = 600;

/// What one metric was in one minute.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// Which.
    pub metric: String,
    /// On average.
    pub mean: f64,
    /// At most.
    pub most: f64,
}

/// Which part of the past is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Of minutes, or of ten minutes.
    pub of_secs: i64,
    /// Seconds since the epoch; a multiple of `step_secs`.
    pub from_secs: i64,
    /// Seconds of one step, a multiple of `of_secs`.
    pub step_secs: i64,
    /// So many.
    pub steps: usize,
}

/// Mean and most of each step; nothing where nothing was measured.
pub type Steps = Vec<Option<(f64, f64)>>;

impl History {
    /// Takes note of a minute that has ended; `at_secs` is its beginning. Never waits.
    pub fn measure(&self, at_secs: i64, measures: Vec<Measure>) {
        self.keep(move |connection| write(connection, at_secs, &measures));
    }

    /// What a metric was; none if there is no such metric.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn measured(
        &self,
        metrics: Vec<String>,
        stretch: Stretch,
    ) -> Result<Vec<Option<Steps>>, StoreError> {
        let work = move |connection: &mut Connection| {
            let each = metrics.iter().map(|metric| read(connection, metric, stretch));
            Ok(each.collect::<rusqlite::Result<Vec<_>>>()?)
        };
        self.ask(work).await
    }
}

fn write(connection: &mut Connection, at_secs: i64, measures: &[Measure]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for measure in measures {
        let Some(id) = metric(&transaction, &measure.metric)? else { continue };
        let sql = "INSERT OR REPLACE INTO measures (metric, span_secs, at_secs, mean, most) VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = params![id, MINUTE_SECS, at_secs, measure.mean, measure.most];
        transaction.prepare_cached(sql)?.execute(values)?;
    }
    let ten = at_secs - at_secs.rem_euclid(TEN_SECS);
    let sql = "INSERT OR REPLACE INTO measures (metric, span_secs, at_secs, mean, most) \
               SELECT metric, ?1, ?2, avg(mean), max(most) FROM measures \
               WHERE metric IN (SELECT id FROM metrics) AND span_secs = ?3 AND at_secs >= ?2 AND at_secs < ?2 + ?1 \
               GROUP BY metric";
    transaction.prepare_cached(sql)?.execute(params![TEN_SECS, ten, MINUTE_SECS])?;
    for (span, kept) in [(MINUTE_SECS, MINUTES_KEPT), (TEN_SECS, TEN_MINUTES_KEPT)] {
        let sql = "DELETE FROM measures WHERE metric IN (SELECT id FROM metrics) AND span_secs = ?1 AND at_secs <= ?2";
        transaction.prepare_cached(sql)?.execute(params![span, at_secs - kept.millis() / 1000])?;
    }
    let sql = "DELETE FROM metrics WHERE NOT EXISTS (SELECT 1 FROM measures WHERE metric = metrics.id)";
    transaction.prepare_cached(sql)?.execute([])?;
    transaction.commit()
}

/// Its number, given if it has none yet; none when there are too many already.
fn metric(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    if let Some(id) = known(connection, name)? {
        return Ok(Some(id));
    }
    let sql = "INSERT INTO metrics (name) SELECT ?1 WHERE (SELECT count(*) FROM metrics) < ?2";
    let added = connection.prepare_cached(sql)?.execute(params![name, MEASURE_METRICS_MAX])?;
    Ok((added > 0).then(|| connection.last_insert_rowid()))
}

fn known(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT id FROM metrics WHERE name = ?1")?;
    statement.query_row([name], |row| row.get(0)).optional()
}

fn read(connection: &Connection, metric: &str, stretch: Stretch) -> rusqlite::Result<Option<Steps>> {
    let Some(id) = known(connection, metric)? else { return Ok(None) };
    let Stretch { of_secs, from_secs, step_secs, steps } = stretch;
    let until = from_secs + step_secs * i64::try_from(steps).unwrap_or(0);
    let sql = "SELECT (at_secs - ?3) / ?4, avg(mean), max(most) FROM measures \
               WHERE metric = ?1 AND span_secs = ?2 AND at_secs >= ?3 AND at_secs < ?5 GROUP BY 1";
    let mut statement = connection.prepare_cached(sql)?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, (row.get(1)?, row.get(2)?)));
    let mut found: Steps = vec![None; steps];
    for told in statement.query_map(params![id, of_secs, from_secs, step_secs, until], row)? {
        let (place, values) = told?;
        if let Some(step) = usize::try_from(place).ok().and_then(|place| found.get_mut(place)) {
            *step = Some(values);
        }
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::history::in_memory;

    fn cpu(mean: f64) -> Vec<Measure> {
        vec![Measure { metric: "cpu".into(), mean, most: mean + 5.0 }]
    }

    #[test]
    fn minutes_make_ten_minutes_and_both_are_told_in_steps() {
        let mut connection = in_memory().unwrap();
        for minute in 0..20 {
            write(&mut connection, 60 * minute, &cpu(minute as f64)).unwrap();
        }
        let minutes = Stretch { of_secs: 60, from_secs: 0, step_secs: 300, steps: 5 };
        let told = read(&connection, "cpu", minutes).unwrap().unwrap();
        assert_eq!(told, [Some((2.0, 9.0)), Some((7.0, 14.0)), Some((12.0, 19.0)), Some((17.0, 24.0)), None]);
        let tens = Stretch { of_secs: 600, from_secs: 0, step_secs: 600, steps: 2 };
        assert_eq!(read(&connection, "cpu", tens).unwrap().unwrap(), [Some((4.5, 14.0)), Some((14.5, 24.0))]);
        assert_eq!(read(&connection, "disk", tens).unwrap(), None);
    }

    #[test]
    fn what_is_kept_is_bounded_by_age_and_by_number() {
        let mut connection = in_memory().unwrap();
        let days = 40;
        for hour in 0..24 * days {
            write(&mut connection, 3600 * hour, &cpu(1.0)).unwrap();
        }
        let count = |connection: &Connection, span: i64| -> u32 {
            let sql = "SELECT count(*) FROM measures WHERE span_secs = ?1";
            connection.query_row(sql, [span], |row| row.get(0)).unwrap()
        };
        assert_eq!((count(&connection, 60), count(&connection, 600)), (24, 24 * 30));
        let many: Vec<_> = (0..MEASURE_METRICS_MAX + 9)
            .map(|number| Measure { metric: format!("m{number}"), mean: 0.0, most: 0.0 })
            .collect();
        write(&mut connection, 3600 * 24 * days, &many).unwrap();
        let metrics: u32 =
            connection.query_row("SELECT count(*) FROM metrics", [], |row| row.get(0)).unwrap();
        assert_eq!(metrics, MEASURE_METRICS_MAX);
        // Those that are measured no more make room for others.
        write(&mut connection, 3600 * 24 * (days + 40), &cpu(1.0)).unwrap();
        write(&mut connection, 3600 * 24 * (days + 40) + 60, &cpu(1.0)).unwrap();
        let metrics: u32 =
            connection.query_row("SELECT count(*) FROM metrics", [], |row| row.get(0)).unwrap();
        assert_eq!(metrics, 1);
    }
}

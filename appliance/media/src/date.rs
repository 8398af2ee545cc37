//! Points in time as ISO 8601 text in UTC, in integer arithmetic.

use crate::time::Ticks;
use std::fmt;

/// `2026-11-22T14:39:00.512Z`: to the millisecond, rounded down, always with the `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utc(pub Ticks);

const MILLIS_PER_DAY: i64 = 86_400_000;

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.millis();
        let (year, month, day) = civil(millis.div_euclid(MILLIS_PER_DAY));
        let within = millis.rem_euclid(MILLIS_PER_DAY);
        let (hour, minute) = (within / 3_600_000, within / 60_000 % 60);
        let (second, milli) = (within / 1000 % 60, within % 1000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }
}

/// Year, month and day of the proleptic Gregorian calendar, from days since 1970-01-01.
///
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`: years begin in March, so
/// that the leap day is the last of its year; an era is the 400 years after which the calendar repeats.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        let written = |millis| Utc(Ticks::from_millis(millis)).to_string();
        assert_eq!(written(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(written(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(written(1_709_251_199_999), "2024-02-29T23:59:59.999Z");
        assert_eq!(written(1_795_358_340_512), "2026-11-22T14:39:00.512Z");
        assert_eq!(written(4_107_542_399_000), "2100-02-28T23:59:59.000Z");
        assert_eq!(written(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
        assert_eq!(written(-1), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn text_of_every_day_is_later_than_that_of_the_day_before() {
        let mut last = String::new();
        for day in 0..50_000 {
            let written = Utc(Ticks::from_millis(day * MILLIS_PER_DAY)).to_string();
            assert!(written > last, "{last} then {written}");
            last = written;
        }
    }
}

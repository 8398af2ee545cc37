//! Time as the judge compares it: exactly, whatever unit it was written in.

use crate::date::Utc;
use crate::time::Ticks;
use std::fmt;
use std::ops::{Add, Sub};

/// A length of time, or a point in time since the Unix epoch, in nanoseconds: decimal seconds with nine digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nanos(pub i64);

const PER_SECOND: i64 = 1_000_000_000;

impl Nanos {
    /// None at all.
    pub const ZERO: Self = Self(0);

    /// Whole milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Whole seconds.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(PER_SECOND))
    }

    /// `value / timescale` seconds, rounded down; `None` when that is no time.
    #[must_use]
    pub fn from_scaled(value: i128, timescale: u32) -> Option<Self> {
        if timescale == 0 {
            return None;
        }
        let nanos = value.checked_mul(PER_SECOND.into())?.div_euclid(timescale.into());
        i64::try_from(nanos).ok().map(Self)
    }

    /// A decimal-floating-point of draft-pantos-hls-rfc8216bis 4.2 (digits beyond the ninth are left out).
    #[must_use]
    pub fn parse_decimal(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !plain(whole) || !plain(fraction) {
            return None;
        }
        let nine: String = fraction.chars().chain("000000000".chars()).take(9).collect();
        let whole = whole.parse::<i64>().ok()?.checked_mul(PER_SECOND)?;
        whole.checked_add(nine.parse().ok()?).map(Self)
    }

    /// ISO 8601 with date, time and an offset: `2026-11-22T14:39:00.512Z`, `…+01:00`.
    #[must_use]
    pub fn parse_date(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T')?;
        let [year, month, day] = numbers(date, '-')?;
        let at = time.find(['Z', 'z', '+', '-'])?;
        let (clock, zone) = time.split_at(at);
        let (clock, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, "0"));
        let [hour, minute, second] = numbers(clock, ':')?;
        let plausible = (1970..=2261).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        if !plausible || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let secs = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset(zone)?;
        Some(Self(secs * PER_SECOND + Self::parse_decimal(&format!("0.{fraction}"))?.0))
    }

    /// `PT1H2M3.5S` and the like (`xs:duration` without years and months).
    #[must_use]
    pub fn parse_duration(text: &str) -> Option<Self> {
        let (days, time) = text.strip_prefix('P')?.split_once('T').unwrap_or((text.strip_prefix('P')?, ""));
        let (mut total, mut seen) = (0_i64, false);
        let fields = [(days, 'D', 86_400), (time, 'H', 3600), (time, 'M', 60), (time, 'S', 1)];
        for (text, unit, secs) in fields {
            let Some(end) = text.find(unit) else { continue };
            let from = text[..end].rfind(|c: char| c.is_ascii_alphabetic()).map_or(0, |at| at + 1);
            total = total.checked_add(Self::parse_decimal(&text[from..end])?.0.checked_mul(secs)?)?;
            seen = true;
        }
        seen.then_some(Self(total))
    }

    /// Rounded to the nearest second.
    #[must_use]
    pub const fn rounded_secs(self) -> i64 {
        self.0.saturating_add(PER_SECOND / 2).div_euclid(PER_SECOND)
    }

    /// How far apart two are.
    #[must_use]
    pub const fn apart(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).saturating_abs())
    }

    /// So many times as long.
    #[must_use]
    pub const fn times(self, factor: i64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl From<Ticks> for Nanos {
    fn from(ticks: Ticks) -> Self {
        Self(i64::try_from(ticks.nanos()).unwrap_or(i64::MAX))
    }
}

impl Add for Nanos {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Nanos {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// Seconds; points in time after 2001 as a date.
impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > PER_SECOND * PER_SECOND {
            return write!(f, "{}", Utc(Ticks::from_nanos(self.0.into())));
        }
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.unsigned_abs() / 1_000_000_000, self.0.unsigned_abs() % 1_000_000_000);
        let digits = format!("{rest:09}");
        let digits = digits.trim_end_matches('0');
        write!(f, "{sign}{whole}.{} s", if digits.is_empty() { "0" } else { digits })
    }
}

fn numbers<const N: usize>(text: &str, separator: char) -> Option<[i64; N]> {
    let short = |part: &str| part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    let numbers: Vec<i64> =
        text.split(separator).map(|part| short(part).then(|| part.parse().ok())?).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// Seconds east of UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let zone = zone.get(1..)?;
    let (hours, minutes) = zone.split_once(':').or_else(|| zone.split_at_checked(2))?;
    let [hours, minutes] = [numbers::<1>(hours, ':')?[0], numbers::<1>(minutes, ':')?[0]];
    Some(sign * (hours * 3600 + minutes * 60))
}

/// Since 1970-01-01. Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(Nanos::parse_decimal("0.490667"), Some(Nanos(490_667_000)));
        assert_eq!(Nanos::parse_decimal("2"), Some(Nanos::from_secs(2)));
        assert_eq!(Nanos::parse_decimal("2."), Some(Nanos::from_secs(2)));
        for wrong in ["", ".5", "-1", "1e3", "1,5", "99999999999"] {
            assert_eq!(Nanos::parse_decimal(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dates_and_durations_are_those_of_iso_8601() {
        let date = |text| Nanos::parse_date(text).map(|at| at.0 / 1_000_000);
        assert_eq!(date("2026-11-22T14:39:00.512Z"), Some(1_795_358_340_512));
        assert_eq!(date("2026-11-22T15:39:00.512+01:00"), Some(1_795_358_340_512));
        assert_eq!(date("1970-01-01T00:00:00Z"), Some(0));
        for wrong in
            ["", "2026-11-22", "2026-11-22T14:39:00", "2026-13-22T14:39:00Z", "T", "2026-11-22T14:39:00é"]
        {
            assert_eq!(date(wrong), None, "{wrong}");
        }
        assert_eq!(Nanos::parse_duration("PT1M2.5S"), Some(Nanos::from_millis(62_500)));
        assert_eq!(Nanos::parse_duration("P1DT1H"), Some(Nanos::from_secs(90_000)));
        assert_eq!(Nanos::parse_duration("P"), None);
    }

    proptest! {
        #[test]
        fn what_the_box_writes_is_read(millis in 0_i64..9_000_000_000_000) {
            let ticks = Ticks::from_millis(millis);
            prop_assert_eq!(Nanos::parse_date(&Utc(ticks).to_string()), Some(Nanos::from_millis(millis)));
        }

        #[test]
        fn nothing_panics(text in ".{0,40}") {
            let _ = (Nanos::parse_decimal(&text), Nanos::parse_date(&text), Nanos::parse_duration(&text));
            let _ = Nanos::parse_date(&format!("2026-11-22T{text}"));
        }
    }
}

//! Numbers in the operator's notation. Pure, no words but units.

use wire::Rung;

const MINUTE_SECS: u64 = 60;
const HOUR_SECS: u64 = 60 * MINUTE_SECS;
const DAY_SECS: u64 = 24 * HOUR_SECS;
const DAY_MS: i64 = 86_400_000;

/// A length of time: `42 s`, `7 min 05 s`, `3 h 12 min`, `12 d 03 h`.
pub(crate) fn duration(secs: u64) -> String {
    let (days, hours) = (secs / DAY_SECS, secs % DAY_SECS / HOUR_SECS);
    let (minutes, rest) = (secs % HOUR_SECS / MINUTE_SECS, secs % MINUTE_SECS);
    match secs {
        0..MINUTE_SECS => format!("{rest} s"),
        MINUTE_SECS..HOUR_SECS => format!("{minutes} min {rest:02} s"),
        HOUR_SECS..DAY_SECS => format!("{hours} h {minutes:02} min"),
        _ => format!("{days} d {hours:02} h"),
    }
}

/// The time of day in UTC, from milliseconds since the epoch: `14:03:59`.
pub(crate) fn time_of_day(ms: i64) -> String {
    let secs = ms.rem_euclid(DAY_MS) / 1000;
    format!("{:02}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60)
}

/// Day and time of day in UTC: `2026-11-27 14:03:59`.
pub(crate) fn date_and_time(ms: i64) -> String {
    let (year, month, day) = civil(ms.div_euclid(DAY_MS));
    format!("{year}-{month:02}-{day:02} {}", time_of_day(ms))
}

/// Year, month and day of a day since the epoch (Gregorian; eras of 400 years that begin on 1 March).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

/// Seconds for people: `0.5` for 500.
pub(crate) fn seconds(millis: u32) -> String {
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// 500 for `0.5`; what is no number is out of every range, and the box says so.
pub(crate) fn millis(seconds: &str) -> u32 {
    seconds
        .trim()
        .replace(',', ".")
        .parse::<f64>()
        .map_or(u32::MAX, |seconds| (seconds * 1000.0).round() as u32)
}

/// A bit rate: `800 kbit/s`, `2.5 Mbit/s`.
pub(crate) fn bitrate(bps: u32) -> String {
    let tenths = (bps + 50_000) / 100_000;
    match bps {
        0..1_000_000 => format!("{} kbit/s", (bps + 500) / 1000),
        _ if tenths.is_multiple_of(10) => format!("{} Mbit/s", tenths / 10),
        _ => format!("{}.{} Mbit/s", tenths / 10, tenths % 10),
    }
}

/// A bit rate that may be large: `2.5 Gbit/s`.
pub(crate) fn bits_per_second(bps: f64) -> String {
    if bps < 1e9 { rate(bps) } else { format!("{:.1} Gbit/s", bps / 1e9) }
}

/// An amount of bytes: `1.5 GB`.
pub(crate) fn bytes(bytes: f64) -> String {
    let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let unit = units.into_iter().find(|(_, size)| bytes >= *size);
    unit.map_or_else(|| format!("{bytes:.0} B"), |(unit, size)| format!("{:.1} {unit}", bytes / size))
}

/// A bit rate of a chart.
pub(crate) fn rate(bps: f64) -> String {
    bitrate(bps.clamp(0.0, f64::from(u32::MAX)) as u32)
}

/// A whole number of a chart.
pub(crate) fn count(value: f64) -> String {
    format!("{value:.0}")
}

/// Milliseconds for people: `80 ms`, `1.25 s`.
pub(crate) fn millis_said(ms: f64) -> String {
    if ms < 1000.0 { format!("{ms:.0} ms") } else { format!("{:.2} s", ms / 1000.0) }
}

/// How late viewers are, and how late they are meant to be: `1.1 s of 1.0 s`.
pub(crate) fn latency(now_ms: u32, aim_ms: Option<u32>) -> String {
    let secs = |ms: u32| format!("{:.1} s", f64::from(ms) / 1000.0);
    aim_ms.map_or_else(|| secs(now_ms), |aim| format!("{} of {}", secs(now_ms), secs(aim)))
}

/// Whether viewers are later than meant by more than a viewer would excuse.
pub(crate) fn is_late(now_ms: u32, aim_ms: Option<u32>) -> bool {
    aim_ms.is_some_and(|aim| now_ms > aim + aim / 2 + 500)
}

/// One rung: `1280×720 at 2.5 Mbit/s`.
pub(crate) fn rung(rung: &Rung) -> String {
    format!("{}×{} at {}", rung.width, rung.height, bitrate(rung.bitrate_bps))
}

/// The ladder in short: `720p 480p 360p`.
pub(crate) fn ladder(ladder: &[Rung]) -> String {
    ladder.iter().map(|rung| format!("{}p", rung.height)).collect::<Vec<_>>().join(" ")
}

/// An address split as OBS asks for it: server, and key. `None` unless it is RTMP with a key behind the last slash.
pub(crate) fn obs_server(address: &str) -> Option<&str> {
    let (server, _key) = address.rsplit_once('/')?;
    (address.starts_with("rtmp://") || address.starts_with("rtmps://")).then_some(server)
}

/// A command that publishes a file as an encoder should: constant rate, a key picture each second, no reordering. Nothing
/// where ffmpeg does not push.
pub(crate) fn ffmpeg(url: &str) -> Option<String> {
    let container = match url.split_once(':')?.0 {
        "rtmp" | "rtmps" => "flv",
        "srt" => "mpegts",
        _ => return None,
    };
    Some(format!(
        "ffmpeg -re -i FILE -c:v libx264 -preset veryfast -tune zerolatency -bf 0 -sc_threshold 0 \
         -force_key_frames 'expr:gte(t,n_forced)' -b:v 5M -maxrate 5M -bufsize 5M -pix_fmt yuv420p \
         -c:a aac -b:a 160k -ar 48000 -f {container} '{url}'"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_two_units() {
        let told = [0, 59, 60, 425, 3600, 11_520, 86_400, 1_047_600].map(duration);
        assert_eq!(
            told,
            ["0 s", "59 s", "1 min 00 s", "7 min 05 s", "1 h 00 min", "3 h 12 min", "1 d 00 h", "12 d 03 h"]
        );
    }

    #[test]
    fn the_time_of_day_is_utc() {
        assert_eq!(time_of_day(0), "00:00:00");
        assert_eq!(time_of_day(1_763_820_239_999), "14:03:59");
        assert_eq!(time_of_day(-1), "23:59:59");
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(date_and_time(0), "1970-01-01 00:00:00");
        assert_eq!(date_and_time(951_782_400_000), "2000-02-29 00:00:00");
        assert_eq!(date_and_time(1_798_761_599_000), "2026-12-31 23:59:59");
    }

    #[test]
    fn times_are_seconds_for_people_and_milliseconds_for_the_box() {
        for (ms, text) in [(500, "0.5"), (0, "0"), (2000, "2"), (60_000, "60"), (1250, "1.25")] {
            assert_eq!((seconds(ms).as_str(), millis(text)), (text, ms));
        }
        assert_eq!((millis("0,5"), millis("soon"), millis("-1")), (500, u32::MAX, 0));
    }

    #[test]
    fn bit_rates_are_rounded_to_a_tenth_of_a_megabit() {
        let told = [0, 800_000, 999_999, 1_000_000, 2_500_000, 2_549_999, 2_950_000, 12_000_000].map(bitrate);
        assert_eq!(
            told,
            [
                "0 kbit/s",
                "800 kbit/s",
                "1000 kbit/s",
                "1 Mbit/s",
                "2.5 Mbit/s",
                "2.5 Mbit/s",
                "3 Mbit/s",
                "12 Mbit/s"
            ]
        );
    }

    #[test]
    fn large_amounts_have_large_units() {
        assert_eq!([12.0, 1500.0, 2.5e9, 4e12].map(bytes), ["12 B", "1.5 kB", "2.5 GB", "4.0 TB"]);
        assert_eq!([800_000.0, 1e10].map(bits_per_second), ["800 kbit/s", "10.0 Gbit/s"]);
    }

    #[test]
    fn latency_is_held_against_its_aim() {
        assert_eq!(
            (latency(1_060, Some(1_000)), latency(8_200, None)),
            ("1.1 s of 1.0 s".into(), "8.2 s".into())
        );
        assert!(!is_late(1_900, Some(1_000)) && is_late(2_100, Some(1_000)) && !is_late(9_000, None));
        assert_eq!([millis_said(80.4), millis_said(1_250.0)], ["80 ms", "1.25 s"]);
    }

    #[test]
    fn obs_takes_server_and_key_apart() {
        assert_eq!(obs_server("rtmp://box:1935/live/STREAM_KEY"), Some("rtmp://box:1935/live"));
        assert_eq!(obs_server("srt://box:9000?streamid=STREAM_KEY"), None);
        assert_eq!(obs_server("nonsense"), None);
    }

    #[test]
    fn the_command_fits_the_address() {
        assert!(ffmpeg("rtmp://box:1935/live/KEY").unwrap().ends_with("-f flv 'rtmp://box:1935/live/KEY'"));
        assert!(ffmpeg("srt://box:9000?streamid=KEY").unwrap().contains("-f mpegts 'srt://"));
        assert_eq!(ffmpeg("https://box/whip/a"), None);
    }
}

//! Common Media Client Data, CTA-5004: what players of others say of themselves with each request. Pure.

use crate::limits::SESSION_CHARS;

/// What is of use to the operator. All of it is as the player says, and nothing is decided by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cmcd {
    /// `sid`: tells sessions apart.
    pub session: Option<String>,
    /// `br`: encoded bit rate, kbit/s.
    pub bitrate_kbps: Option<u32>,
    /// `bl`: buffer length, ms.
    pub buffer_ms: Option<u32>,
    /// `bs`: it ran dry since the last request.
    pub starved: bool,
    /// `pr`: playback rate, in hundredths.
    pub rate_percent: Option<u32>,
}

/// Reads `key=value` pairs parted by commas, from a query or from headers; what is not understood is left out.
pub(super) fn parse(text: &str) -> Cmcd {
    let mut told = Cmcd::default();
    for pair in text.split(',') {
        let (key, value) =
            pair.split_once('=').map_or((pair.trim(), ""), |(key, value)| (key.trim(), value.trim()));
        match key {
            "sid" => told.session = session(value.trim_matches('"')),
            "br" => told.bitrate_kbps = value.parse().ok(),
            "bl" => told.buffer_ms = value.parse().ok(),
            "bs" => told.starved = value.is_empty() || value == "true",
            "pr" => told.rate_percent = percent(value),
            _ => {}
        }
    }
    told
}

/// A name for a session: nothing but letters, digits and dashes, so that it can be shown.
pub(super) fn session(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    SESSION_CHARS.contains(&plain.len()).then_some(plain)
}

fn percent(value: &str) -> Option<u32> {
    let rate: f64 = value.parse().ok()?;
    (0.0..=16.0).contains(&rate).then(|| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0 and 1600")]
        let percent = (rate * 100.0).round() as u32;
        percent
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_whatever_else_is_there() {
        let told =
            parse("bl=1200,br=3200,bs,cid=\"a, b\",pr=1.08,sid=\"6e2fb550-c457-11e9-bb97-0800200c9a66\",su");
        let expected = Cmcd {
            session: Some("6e2fb550-c457-11e9-bb97-0800200c9a66".into()),
            bitrate_kbps: Some(3200),
            buffer_ms: Some(1200),
            starved: true,
            rate_percent: Some(108),
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn nonsense_says_nothing() {
        assert_eq!(parse(""), Cmcd::default());
        assert_eq!(parse("br=-1,bl=soon,pr=1e9,sid=\"<b>\",=,,"), Cmcd::default());
    }
}

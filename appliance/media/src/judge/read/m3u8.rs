//! A playlist as its bytes say it (draft-pantos-hls-rfc8216bis 4.1): lenient, and aware of where everything stands.
//!
//! The product's writers do not judge themselves: nothing here knows what they write.

use super::nanos::Nanos;
use std::ops::Range;

/// More lines than any real playlist has are not looked at: a day of segments, with dates.
const LINES_MAX: usize = 300_000;

/// One line, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// First byte, counted from the start of the playlist.
    pub at: usize,
    /// What it says.
    pub text: String,
}

impl Line {
    /// Name and value, when it is a tag: `EXT-X-VERSION` and `9`.
    #[must_use]
    pub fn tag(&self) -> Option<(&str, &str)> {
        let tag = self.text.strip_prefix('#').filter(|tag| tag.starts_with("EXT"))?;
        Some(tag.split_once(':').unwrap_or((tag, "")))
    }

    /// Its value, when it is this tag.
    #[must_use]
    pub fn value_of(&self, name: &str) -> Option<&str> {
        self.tag().filter(|(tag, _)| *tag == name).map(|(_, value)| value)
    }

    /// One of its attributes, without quotes.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        attribute(self.tag()?.1, name)
    }
}

/// A partial segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which line of the playlist.
    pub line: usize,
    /// DURATION
    pub duration: Option<Nanos>,
    /// URI
    pub uri: String,
    /// INDEPENDENT=YES
    pub independent: bool,
    /// GAP=YES
    pub gap: bool,
}

/// A segment, or the parts of the one that is growing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Counted from EXT-X-MEDIA-SEQUENCE.
    pub msn: u64,
    /// Its lines, tags and URI.
    pub lines: Range<usize>,
    /// None while it grows.
    pub uri: Option<String>,
    /// EXTINF
    pub duration: Option<Nanos>,
    /// EXT-X-PROGRAM-DATE-TIME
    pub date: Option<Nanos>,
    /// EXT-X-PART
    pub parts: Vec<Part>,
    /// EXT-X-GAP
    pub gap: bool,
}

/// A multivariant or media playlist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Playlist {
    /// All of them.
    pub lines: Vec<Line>,
    /// Oldest first; the last may be growing.
    pub segments: Vec<Segment>,
    /// What a delta update leaves out: SKIPPED-SEGMENTS.
    pub skipped: u64,
}

impl Playlist {
    /// Reads whatever is there.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let mut playlist = Self { lines: lines(bytes), ..Self::default() };
        let number = |name| playlist.value(name).and_then(|value: &str| value.parse::<u64>().ok());
        let first = number("EXT-X-MEDIA-SEQUENCE").unwrap_or(0);
        let skip = playlist.tags("EXT-X-SKIP").find_map(|line| line.attribute("SKIPPED-SEGMENTS"));
        playlist.skipped = skip.and_then(|value| value.parse().ok()).unwrap_or(0);
        playlist.segments = segments(&playlist.lines, first.saturating_add(playlist.skipped));
        playlist
    }

    /// All lines with this tag.
    pub fn tags<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Line> + 'a {
        self.lines.iter().filter(move |line| line.value_of(name).is_some())
    }

    /// The first line with this tag.
    #[must_use]
    pub fn tag<'a>(&'a self, name: &'a str) -> Option<&'a Line> {
        self.tags(name).next()
    }

    /// The value of the first line with this tag.
    #[must_use]
    pub fn value<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.tag(name)?.value_of(name)
    }

    /// EXT-X-VERSION; 1 when there is none (4.4.1.2).
    #[must_use]
    pub fn version(&self) -> u64 {
        self.value("EXT-X-VERSION").map_or(Some(1), |value| value.parse().ok()).unwrap_or(0)
    }

    /// EXT-X-TARGETDURATION
    #[must_use]
    pub fn target_duration(&self) -> Option<Nanos> {
        self.value("EXT-X-TARGETDURATION")?.parse().ok().map(Nanos::from_secs)
    }

    /// EXT-X-PART-INF:PART-TARGET
    #[must_use]
    pub fn part_target(&self) -> Option<Nanos> {
        Nanos::parse_decimal(self.tag("EXT-X-PART-INF")?.attribute("PART-TARGET")?)
    }

    /// Segments that are whole.
    pub fn complete(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.segments.iter().filter(|segment| segment.uri.is_some())
    }

    /// The segment of this number.
    #[must_use]
    pub fn segment(&self, msn: u64) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.msn == msn)
    }

    /// The newest part: its segment, and its place in it.
    #[must_use]
    pub fn edge(&self) -> Option<(u64, usize)> {
        let newest = self.segments.iter().rfind(|segment| !segment.parts.is_empty())?;
        Some((newest.msn, newest.parts.len() - 1))
    }

    /// URI lines of a multivariant playlist, with the EXT-X-STREAM-INF before each.
    pub fn variants(&self) -> impl Iterator<Item = (&Line, &Line)> {
        let mut open = None;
        self.lines.iter().filter_map(move |line| match line.value_of("EXT-X-STREAM-INF") {
            Some(_) => {
                open = Some(line);
                None
            }
            None if line.text.is_empty() || line.text.starts_with('#') => None,
            None => open.take().map(|tag| (tag, line)),
        })
    }
}

/// The value of an attribute of a list (4.2), without its quotes.
#[must_use]
pub fn attribute<'a>(list: &'a str, wanted: &str) -> Option<&'a str> {
    let mut rest = list;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => {
                let (value, next) = quoted.split_once('"')?;
                (value, next.strip_prefix(',').unwrap_or(next))
            }
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if name.trim() == wanted {
            return Some(value);
        }
        rest = next;
    }
}

fn lines(bytes: &[u8]) -> Vec<Line> {
    let mut at = 0;
    let mut lines = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n').take(LINES_MAX) {
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        lines.push(Line { at, text: String::from_utf8_lossy(text).into_owned() });
        at += line.len() + 1;
    }
    if lines.last().is_some_and(|last| last.text.is_empty()) {
        lines.pop();
    }
    lines
}

/// Tags that belong to a segment and not to the playlist (4.4.4).
const SEGMENT_TAGS: [&str; 10] = [
    "EXTINF",
    "EXT-X-BYTERANGE",
    "EXT-X-DISCONTINUITY",
    "EXT-X-KEY",
    "EXT-X-MAP",
    "EXT-X-PROGRAM-DATE-TIME",
    "EXT-X-GAP",
    "EXT-X-BITRATE",
    "EXT-X-PART",
    "EXT-X-DATERANGE",
];

fn segments(lines: &[Line], first: u64) -> Vec<Segment> {
    let mut found = Vec::new();
    let fresh = |msn, at| Segment { msn, lines: at..at, ..Segment::default() };
    let mut open = fresh(first, 0);
    for (index, line) in lines.iter().enumerate() {
        if line.text.is_empty() {
            continue;
        }
        let belongs = line.tag().is_some_and(|(name, _)| SEGMENT_TAGS.contains(&name));
        let uri = !line.text.starts_with('#');
        if !belongs && !uri {
            continue;
        }
        if open.lines.is_empty() {
            open.lines = index..index;
        }
        open.lines.end = index + 1;
        if uri {
            open.uri = Some(line.text.trim().to_owned());
            let next = fresh(open.msn.saturating_add(1), index + 1);
            found.push(std::mem::replace(&mut open, next));
        } else {
            tag(&mut open, index, line);
        }
    }
    if !open.parts.is_empty() {
        found.push(open);
    }
    found
}

fn tag(open: &mut Segment, index: usize, line: &Line) {
    let Some((name, value)) = line.tag() else { return };
    match name {
        "EXTINF" => open.duration = Nanos::parse_decimal(value.split(',').next().unwrap_or("").trim()),
        "EXT-X-PROGRAM-DATE-TIME" => open.date = Nanos::parse_date(value.trim()),
        "EXT-X-GAP" => open.gap = true,
        "EXT-X-PART" => open.parts.push(Part {
            line: index,
            duration: attribute(value, "DURATION").and_then(Nanos::parse_decimal),
            uri: attribute(value, "URI").unwrap_or("").to_owned(),
            independent: attribute(value, "INDEPENDENT") == Some("YES"),
            gap: attribute(value, "GAP") == Some("YES"),
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn attributes_may_hold_commas_in_quotes() {
        let list = "BANDWIDTH=1,CODECS=\"avc1.64001f,mp4a.40.2\",AUDIO=\"a\"";
        assert_eq!(attribute(list, "CODECS"), Some("avc1.64001f,mp4a.40.2"));
        assert_eq!(attribute(list, "AUDIO"), Some("a"));
        assert_eq!(attribute(list, "WIDTH"), None);
        assert_eq!(attribute("A=\"open", "A"), None);
    }

    #[test]
    fn segments_and_their_parts_are_numbered() {
        let text = "#EXTM3U\r\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n#EXTINF:2.0,\n9.m4s\n\
                    #EXT-X-PART:DURATION=0.5,URI=\"10.0.m4s\",INDEPENDENT=YES\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"x\"\n";
        let playlist = Playlist::read(text.as_bytes());
        assert_eq!(playlist.segments.iter().map(|s| s.msn).collect::<Vec<_>>(), [9, 10]);
        assert_eq!(playlist.segments[0].duration, Some(Nanos::from_secs(2)));
        assert_eq!(playlist.segments[1].uri, None);
        assert_eq!(playlist.edge(), Some((10, 0)));
        assert_eq!(playlist.lines[1].at, 9);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Playlist::read(&bytes).edge();
        }
    }
}

//! Playlists and MPDs as a viewer reads them. `m3u8-rs` judges the syntax; the LL-HLS tags, which it does not know,
//! are read here.

use crate::clock::until;
use crate::http;
use anyhow::{Context, bail, ensure};
use std::io::Write;
use std::time::Duration;

/// A media playlist.
#[derive(Clone, Debug, Default)]
pub struct Media {
    /// Where it came from.
    pub url: String,
    /// EXT-X-MEDIA-SEQUENCE: number of the first segment.
    pub first_msn: u64,
    /// EXT-X-TARGETDURATION.
    pub target_duration: u64,
    /// In order; the last one may be only parts so far.
    pub segments: Vec<Segment>,
    /// EXT-X-MAP, absolute.
    pub init_url: Option<String>,
    /// The text itself.
    pub text: String,
}

/// One segment of a media playlist.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    /// Its media sequence number.
    pub msn: u64,
    /// Absolute; `None` while only parts are listed.
    pub url: Option<String>,
    /// EXT-X-PROGRAM-DATE-TIME, as written.
    pub date: Option<String>,
    /// EXT-X-PART, absolute.
    pub parts: Vec<String>,
    /// EXT-X-GAP.
    pub gap: bool,
}

impl Media {
    /// Fetches and reads one.
    ///
    /// # Errors
    /// When it is not there, or not a media playlist.
    pub fn fetch(url: &str) -> anyhow::Result<Self> {
        Self::parse(url, &http::fetch(url)?.text())
    }

    /// Reads one.
    ///
    /// # Errors
    /// When `m3u8-rs` does not accept it.
    pub fn parse(url: &str, text: &str) -> anyhow::Result<Self> {
        let judged = m3u8_rs::parse_media_playlist_res(text.as_bytes());
        let judged = judged.map_err(|error| anyhow::anyhow!("{url} is no media playlist: {error}"))?;
        let mut reader = Reader::new(url, text, judged.media_sequence);
        text.lines().try_for_each(|line| reader.line(line))?;
        let mut media = reader.media;
        media.target_duration = judged.target_duration;
        if reader.open.url.is_none() && (!reader.open.parts.is_empty() || reader.open.date.is_some()) {
            media.segments.push(reader.open);
        }
        let complete = media.segments.iter().filter(|segment| segment.url.is_some()).count();
        ensure!(complete == judged.segments.len(), "{url}: segments are read differently by m3u8-rs");
        Ok(media)
    }

    /// Segments that are complete and have media.
    pub fn complete(&self) -> impl DoubleEndedIterator<Item = (u64, &str)> {
        self.segments.iter().filter(|s| !s.gap).filter_map(|s| Some((s.msn, s.url.as_deref()?)))
    }

    /// The newest part: its segment and how many parts of it are listed.
    #[must_use]
    pub fn newest_part(&self) -> Option<(u64, usize)> {
        self.segments.iter().rev().find(|s| !s.parts.is_empty()).map(|s| (s.msn, s.parts.len()))
    }
}

/// Appends each segment of a playlist to a file once it is listed, from the newest on, until there are so many; their
/// numbers must have no hole.
///
/// # Errors
/// When they have, or no more come.
pub fn record(playlist: &str, segments: u64, mut file: impl Write) -> anyhow::Result<u64> {
    let mut next = None;
    let mut taken = 0;
    while taken < segments {
        let more = until("a new segment is listed", Duration::from_secs(10), || {
            let media = Media::fetch(playlist)?;
            let listed: Vec<_> = media.complete().map(|(msn, url)| (msn, url.to_owned())).collect();
            let last = listed.last().context("an empty playlist")?.0;
            let from = *next.get_or_insert(last);
            ensure!(last >= from, "nothing new");
            ensure!(listed[0].0 <= from, "segment {from} left the window unseen");
            Ok(listed.into_iter().filter(|(msn, _)| *msn >= from).collect::<Vec<_>>())
        })?;
        for (msn, url) in more {
            file.write_all(&http::fetch(&url)?.body)?;
            next = Some(msn + 1);
            taken += 1;
        }
    }
    Ok(taken)
}

struct Reader {
    media: Media,
    open: Segment,
}

impl Reader {
    fn new(url: &str, text: &str, first_msn: u64) -> Self {
        let media = Media { url: url.into(), first_msn, text: text.into(), ..Media::default() };
        Self { media, open: Segment { msn: first_msn, ..Segment::default() } }
    }

    fn line(&mut self, line: &str) -> anyhow::Result<()> {
        if let Some(date) = line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:") {
            self.open.date = Some(date.into());
        } else if let Some(attributes) = line.strip_prefix("#EXT-X-PART:") {
            let uri = attribute(attributes, "URI").context("EXT-X-PART without URI")?;
            self.open.parts.push(http::join(&self.media.url, &uri));
        } else if let Some(attributes) = line.strip_prefix("#EXT-X-MAP:") {
            let uri = attribute(attributes, "URI").context("EXT-X-MAP without URI")?;
            self.media.init_url = Some(http::join(&self.media.url, &uri));
        } else if line == "#EXT-X-GAP" {
            self.open.gap = true;
        } else if !line.starts_with('#') && !line.trim().is_empty() {
            self.open.url = Some(http::join(&self.media.url, line.trim()));
            let next = Segment { msn: self.open.msn + 1, ..Segment::default() };
            self.media.segments.push(std::mem::replace(&mut self.open, next));
        }
        Ok(())
    }
}

/// The value of an attribute in an attribute list (draft-pantos-hls-rfc8216bis 4.2), without its quotes.
#[must_use]
pub fn attribute(list: &str, name: &str) -> Option<String> {
    let mut rest = list;
    while let Some((key, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => {
                quoted.split_once('"').map(|(value, next)| (value, next.trim_start_matches(',')))?
            }
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if key.trim() == name {
            return Some(value.into());
        }
        rest = next;
    }
    None
}

/// The media playlists of a multivariant playlist: video, best first, and audio.
#[derive(Clone, Debug, Default)]
pub struct Multivariant {
    /// Absolute.
    pub video: Vec<String>,
    /// Absolute.
    pub audio: Vec<String>,
}

impl Multivariant {
    /// Fetches and reads one.
    ///
    /// # Errors
    /// When it is not there, or not a multivariant playlist.
    pub fn fetch(url: &str) -> anyhow::Result<Self> {
        let text = http::fetch(url)?.text();
        let Ok(m3u8_rs::Playlist::MasterPlaylist(master)) = m3u8_rs::parse_playlist_res(text.as_bytes())
        else {
            bail!("{url} is no multivariant playlist:\n{text}");
        };
        // I-frame playlists are listed among them.
        let mut variants: Vec<_> =
            master.variants.into_iter().filter(|variant| !variant.is_i_frame).collect();
        variants.sort_by_key(|variant| std::cmp::Reverse(variant.bandwidth));
        Ok(Self {
            video: variants.iter().map(|variant| http::join(url, &variant.uri)).collect(),
            audio: master
                .alternatives
                .iter()
                .filter_map(|each| Some(http::join(url, each.uri.as_ref()?)))
                .collect(),
        })
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &String> {
        self.video.iter().chain(&self.audio)
    }
}

/// What the tests need of an MPD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mpd {
    /// `MPD@availabilityStartTime`.
    pub availability_start_time: String,
    /// `MPD@publishTime`; ISO 8601 in UTC, so it sorts as text.
    pub publish_time: String,
    /// `SegmentTemplate@media` of each representation, absolute, with `$RepresentationID$` filled in.
    pub media: Vec<String>,
}

impl Mpd {
    /// Fetches and reads one.
    ///
    /// # Errors
    /// When it is not there, or lacks what is needed.
    pub fn fetch(url: &str) -> anyhow::Result<Self> {
        let text = http::fetch(url)?.text();
        let root = text.split_once("<MPD").context("no MPD element")?.1;
        let wanted = |name| xml_attribute(root, name).with_context(|| format!("MPD@{name}"));
        // The space before the first attribute stays.
        let media = root.split("<Representation").skip(1).filter_map(|representation| {
            let (id, template) =
                (xml_attribute(representation, "id")?, xml_attribute(representation, "media")?);
            Some(http::join(url, &template.replace("$RepresentationID$", &id)))
        });
        Ok(Self {
            availability_start_time: wanted("availabilityStartTime")?,
            publish_time: wanted("publishTime")?,
            media: media.collect(),
        })
    }
}

/// The first attribute of that name in a piece of XML.
fn xml_attribute(xml: &str, name: &str) -> Option<String> {
    let after = xml.split_once(&format!(" {name}=\""))?.1;
    Some(after.split_once('"')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_dates_and_gaps_are_read() {
        let text = "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n\
            #EXT-X-MAP:URI=\"init-1.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T15:00:00.000Z\n#EXT-X-GAP\n\
            #EXTINF:2.0,\n7.m4s\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T15:00:02.000Z\n\
            #EXT-X-PART:DURATION=0.5,URI=\"8.0.m4s\",INDEPENDENT=YES\n#EXTINF:2.0,\n8.m4s\n\
            #EXT-X-PROGRAM-DATE-TIME:2026-11-22T15:00:04.000Z\n#EXT-X-PART:DURATION=0.5,URI=\"9.0.m4s\"\n\
            #EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"9.1.m4s\"\n";
        let media = Media::parse("http://h/live/demo/720p/media.m3u8", text).unwrap();
        assert_eq!(media.init_url.as_deref(), Some("http://h/live/demo/720p/init-1.mp4"));
        assert_eq!(media.complete().collect::<Vec<_>>(), [(8, "http://h/live/demo/720p/8.m4s")]);
        assert_eq!(media.newest_part(), Some((9, 1)));
        assert!(media.segments[0].gap && media.segments[2].url.is_none());
    }

    #[test]
    fn commas_in_quotes_do_not_end_an_attribute() {
        let list = r#"BANDWIDTH=1,CODECS="avc1.64001f,mp4a.40.2",AUDIO="a""#;
        assert_eq!(attribute(list, "CODECS").as_deref(), Some("avc1.64001f,mp4a.40.2"));
        assert_eq!(attribute(list, "AUDIO").as_deref(), Some("a"));
        assert_eq!(attribute(list, "URI"), None);
    }
}

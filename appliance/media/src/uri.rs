//! The names under which a channel is served, all relative to `/live/CHANNEL/`.
//!
//! | name | what |
//! |---|---|
//! | `master.m3u8` | LL-HLS multivariant playlist |
//! | `manifest.mpd` | LL-DASH manifest |
//! | `ID/media.m3u8` | media playlist of a rendition |
//! | `ID/iframes.m3u8` | I-frame playlist of a video rendition |
//! | `ID/init-XXXXXXXX.mp4` | its CMAF header ([`Rendition::init_name`](crate::window::Rendition::init_name)) |
//! | `ID/MSN.m4s` | segment; one URL for LL-HLS and LL-DASH |
//! | `ID/MSN.PART.m4s` | part |
//! | `ts/master.m3u8`, `ts/ID/media.m3u8`, `ts/ID/TSMSN.ts` | the MPEG-TS tier |
//!
//! Playlists and manifests get every name from here, and the server reads requests with [`Media::parse`], so
//! that the two cannot differ. A suffix that all names must carry (a token, say) belongs here too.

use crate::time::{Msn, PartIndex};
use crate::ts::TsMsn;
use std::fmt;

/// Multivariant playlist of either HLS tier, in the tier's folder.
pub const MULTIVARIANT: &str = "master.m3u8";

/// LL-DASH manifest, in the channel's folder.
pub const MANIFEST: &str = "manifest.mpd";

/// Media playlist, in the folder of its rendition.
pub const PLAYLIST: &str = "media.m3u8";

/// I-frame playlist, in the folder of its rendition.
pub const IFRAME_PLAYLIST: &str = "iframes.m3u8";

/// Folder of the MPEG-TS tier.
pub const TS_FOLDER: &str = "ts";

/// Segments as ISO/IEC 23009-1 5.3.9.4.4 writes them: the same names as [`Media::Segment`]'s.
pub const DASH_SEGMENTS: &str = "$RepresentationID$/$Number$.m4s";

/// A piece of media, named within the folder of its rendition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `MSN.m4s`
    Segment(Msn),
    /// `MSN.PART.m4s`
    Part(Msn, PartIndex),
    /// `TSMSN.ts`
    Ts(TsMsn),
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment(msn) => write!(f, "{msn}.m4s"),
            Self::Part(msn, part) => write!(f, "{msn}.{part}.m4s"),
            Self::Ts(number) => write!(f, "{number}.ts"),
        }
    }
}

impl Media {
    /// What a file name asks for. Only the one spelling that [`Media`] is written with is accepted (no `+1.m4s`,
    /// no `01.m4s`), so that one piece of media has one URL and one cache entry.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let media = if let Some(number) = name.strip_suffix(".ts") {
            Self::Ts(TsMsn(number.parse().ok()?))
        } else {
            let stem = name.strip_suffix(".m4s")?;
            match stem.split_once('.') {
                None => Self::Segment(Msn(stem.parse().ok()?)),
                Some((msn, part)) => Self::Part(Msn(msn.parse().ok()?), PartIndex(part.parse().ok()?)),
            }
        };
        (media.to_string() == name).then_some(media)
    }
}

/// A rendition's media playlist, from the folder of the multivariant playlist.
#[must_use]
pub fn playlist_of(id: &str) -> String {
    format!("{id}/{PLAYLIST}")
}

/// A rendition's I-frame playlist, from the folder of the multivariant playlist.
#[must_use]
pub fn iframe_playlist_of(id: &str) -> String {
    format!("{id}/{IFRAME_PLAYLIST}")
}

/// A rendition's media playlist, from the folder of another rendition.
#[must_use]
pub fn playlist_beside(id: &str) -> String {
    format!("../{id}/{PLAYLIST}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_one_spelling_is_read() {
        assert_eq!(Media::parse("12.m4s"), Some(Media::Segment(Msn(12))));
        assert_eq!(Media::parse("12.3.m4s"), Some(Media::Part(Msn(12), PartIndex(3))));
        assert_eq!(Media::parse("24.ts"), Some(Media::Ts(TsMsn(24))));
        let others =
            ["012.m4s", "+12.m4s", "12.03.m4s", "12.3.0.m4s", ".m4s", "12.", "12.mp4", "-1.ts", "", "é.ts"];
        for name in others {
            assert_eq!(Media::parse(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(msn: u64, part: u32) {
            for media in [Media::Segment(Msn(msn)), Media::Part(Msn(msn), PartIndex(part)), Media::Ts(TsMsn(msn))] {
                prop_assert_eq!(Media::parse(&media.to_string()), Some(media));
            }
        }

        #[test]
        fn nothing_that_is_asked_for_can_panic(name in ".{0,40}") {
            let _ = Media::parse(&name);
        }
    }
}

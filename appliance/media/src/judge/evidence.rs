//! What a client fetched: plain structs, filled by whoever does the fetching.

use crate::time::Ticks;
use bytes::Bytes;

/// One answer. Addresses are relative to the channel's folder and carry no token.
#[derive(Clone, Debug, Default)]
pub struct Fetched {
    /// As it was asked for: `720p/media.m3u8?_HLS_msn=7`.
    pub url: String,
    /// When the request was sent.
    pub asked_at: Ticks,
    /// When the answer was there, whole.
    pub at: Ticks,
    /// HTTP status.
    pub status: u16,
    /// In order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// After content coding and transfer coding.
    pub body: Bytes,
}

impl Fetched {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// Content type without parameters.
    #[must_use]
    pub fn content_type(&self) -> &str {
        self.header("content-type").unwrap_or("").split(';').next().unwrap_or("").trim()
    }

    /// 200.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status == 200
    }
}

/// A segment, and its parts where they were fetched too.
#[derive(Clone, Debug, Default)]
pub struct SegmentEvidence {
    /// Its number.
    pub msn: u64,
    /// The whole of it.
    pub whole: Fetched,
    /// All of them in order, or none.
    pub parts: Vec<Fetched>,
}

/// A media playlist and some of what it lists.
#[derive(Clone, Debug, Default)]
pub struct RenditionEvidence {
    /// The playlist, in full.
    pub playlist: Fetched,
    /// What EXT-X-MAP names.
    pub header: Option<Fetched>,
    /// Consecutive, oldest first.
    pub segments: Vec<SegmentEvidence>,
}

/// What a request was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `_HLS_skip=YES`.
    Delta,
    /// `_HLS_part` without `_HLS_msn`.
    PartWithoutMsn,
    /// A segment far ahead.
    MsnTooFar,
    /// A part further ahead than the Advance Part Limit.
    PartTooFar,
    /// A segment that has left the playlist.
    OldMsn,
    /// A part past the last of its segment: that segment.
    RollOver(u64),
    /// The next part: its segment, and its place in it.
    NextPart(u64, usize),
    /// The next whole segment.
    NextSegment(u64),
    /// The part that was hinted at.
    HintedPart,
    /// A part nobody hinted at.
    UnknownPart,
    /// A segment that was listed a moment ago and is no longer.
    RemovedSegment,
    /// By the manifest: a segment whose time has not come.
    EarlySegment,
    /// By the manifest: a segment long gone.
    GoneSegment,
    /// By the manifest: the newest segment that it announces, not complete yet.
    AnnouncedSegment,
    /// By the manifest: a segment that the playlist lists too.
    ManifestSegment,
    /// What a UTCTiming element names.
    Clock,
}

/// One request beside the plain ones.
#[derive(Clone, Debug)]
pub struct Probe {
    /// What for.
    pub purpose: Purpose,
    /// The address of the media playlist it belongs to; empty when it belongs to none.
    pub playlist: String,
    /// What came.
    pub answer: Fetched,
}

/// Everything that was fetched in one round.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// How long the channel has been looked at: before it has run for some segments, some rules cannot hold yet.
    pub watched: Ticks,
    /// `master.m3u8`
    pub multivariant: Option<Fetched>,
    /// In the order of fetching.
    pub renditions: Vec<RenditionEvidence>,
    /// `manifest.mpd`
    pub manifest: Option<Fetched>,
    /// `ts/master.m3u8`
    pub ts_multivariant: Option<Fetched>,
    /// In the order of fetching.
    pub ts: Vec<RenditionEvidence>,
    /// The rest.
    pub probes: Vec<Probe>,
}

//! What was fetched, read once for all clauses.

use super::evidence::{Evidence, Fetched, Probe, Purpose, RenditionEvidence, SegmentEvidence};
use super::read::address::resolve;
use super::read::boxes::{self, Header, Media};
use super::read::m3u8::{Playlist, Segment};
use super::read::manifest::Element;
use super::read::nanos::Nanos;
use super::read::transport::Transport;
use crate::time::Ticks;

/// A playlist as it was fetched, and as it reads.
#[derive(Clone, Debug)]
pub struct Text {
    /// The answer.
    pub answer: Fetched,
    /// What it says.
    pub playlist: Playlist,
}

impl Text {
    fn read(answer: Fetched) -> Self {
        Self { playlist: Playlist::read(&answer.body), answer }
    }
}

/// A fetched segment.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Its number.
    pub msn: u64,
    /// Whole.
    pub answer: Fetched,
    /// Its boxes.
    pub media: Media,
    /// Its packets.
    pub transport: Transport,
    /// Its parts and their boxes.
    pub parts: Vec<(Fetched, Media)>,
}

/// A rendition of either tier.
#[derive(Clone, Debug)]
pub struct Rendition {
    /// Its media playlist.
    pub text: Text,
    /// Its CMAF header.
    pub header: Option<(Fetched, Option<Header>)>,
    /// Consecutive, oldest first.
    pub segments: Vec<Piece>,
}

impl Rendition {
    fn read(evidence: RenditionEvidence, cmaf: bool) -> Self {
        let header = evidence.header.map(|answer| {
            let header = boxes::read_header(&answer.body);
            (answer, header)
        });
        let known = header.as_ref().and_then(|(_, header)| header.clone()).unwrap_or_default();
        let read = |answer: &Fetched| match cmaf {
            true => boxes::read_media(&answer.body, &known),
            false => Media::default(),
        };
        let piece = |SegmentEvidence { msn, whole, parts }| Piece {
            msn,
            media: read(&whole),
            transport: if cmaf { Transport::default() } else { Transport::read(&whole.body) },
            answer: whole,
            parts: parts.into_iter().map(|part| (part.clone(), read(&part))).collect(),
        };
        let segments = evidence.segments.into_iter().map(piece).collect();
        Self { text: Text::read(evidence.playlist), header, segments }
    }

    /// Its address, without a query.
    #[must_use]
    pub fn url(&self) -> &str {
        self.text.answer.url.split('?').next().unwrap_or("")
    }

    /// What the playlist says.
    #[must_use]
    pub fn playlist(&self) -> &Playlist {
        &self.text.playlist
    }

    /// Its header, when it could be read.
    #[must_use]
    pub fn known(&self) -> Option<&Header> {
        self.header.as_ref()?.1.as_ref()
    }

    /// A fetched segment together with its entry in the playlist.
    pub fn listed(&self) -> impl Iterator<Item = (&Piece, &Segment)> {
        self.segments.iter().filter_map(|piece| Some((piece, self.playlist().segment(piece.msn)?)))
    }

    /// A time of its track.
    #[must_use]
    pub fn time(&self, value: u64) -> Option<Nanos> {
        Nanos::from_scaled(value.into(), self.known()?.timescale)
    }
}

/// One round, read.
#[derive(Clone, Debug)]
pub struct Look {
    /// See [`Evidence::watched`].
    pub watched: Ticks,
    /// LL-HLS.
    pub multivariant: Option<Text>,
    /// Its renditions, in the order of fetching.
    pub renditions: Vec<Rendition>,
    /// LL-DASH: the answer and what it says, or why it cannot be read.
    pub manifest: Option<(Fetched, Result<Element, String>)>,
    /// HLS-TS.
    pub ts_multivariant: Option<Text>,
    /// Its renditions.
    pub ts: Vec<Rendition>,
    /// The rest.
    pub probes: Vec<Probe>,
}

impl Look {
    /// Reads whatever is there.
    #[must_use]
    pub fn new(evidence: Evidence) -> Self {
        let manifest = evidence.manifest.map(|answer| {
            let root = Element::read(&answer.body);
            (answer, root)
        });
        Self {
            watched: evidence.watched,
            multivariant: evidence.multivariant.map(Text::read),
            renditions: evidence.renditions.into_iter().map(|r| Rendition::read(r, true)).collect(),
            manifest,
            ts_multivariant: evidence.ts_multivariant.map(Text::read),
            ts: evidence.ts.into_iter().map(|r| Rendition::read(r, false)).collect(),
            probes: evidence.probes,
        }
    }

    /// What a later look is compared with: texts, no media.
    #[must_use]
    pub fn without_media(mut self) -> Self {
        for rendition in self.renditions.iter_mut().chain(&mut self.ts) {
            rendition.segments.clear();
        }
        self.probes.clear();
        self
    }

    /// Both multivariant playlists.
    pub fn multivariants(&self) -> impl Iterator<Item = &Text> {
        self.multivariant.iter().chain(&self.ts_multivariant)
    }

    /// Media playlists of both tiers.
    pub fn all_renditions(&self) -> impl Iterator<Item = &Rendition> {
        self.renditions.iter().chain(&self.ts)
    }

    /// Media playlists that were answered with 200.
    pub fn playlists(&self) -> impl Iterator<Item = &Text> {
        self.all_renditions().map(|rendition| &rendition.text).filter(|text| text.answer.is_ok())
    }

    /// LL-HLS media playlists that were answered with 200.
    pub fn low_latency(&self) -> impl Iterator<Item = &Rendition> {
        self.renditions.iter().filter(|rendition| rendition.text.answer.is_ok())
    }

    /// Requests made for this.
    pub fn probed(&self, purpose: impl Fn(&Purpose) -> bool) -> impl Iterator<Item = &Probe> {
        self.probes.iter().filter(move |probe| purpose(&probe.purpose))
    }

    /// The LL-HLS rendition whose media playlist has this address.
    #[must_use]
    pub fn rendition(&self, url: &str) -> Option<&Rendition> {
        self.renditions.iter().find(|rendition| rendition.url() == url)
    }

    /// The manifest, when it could be read.
    #[must_use]
    pub fn mpd(&self) -> Option<&Element> {
        self.manifest.as_ref().and_then(|(_, root)| root.as_ref().ok())
    }

    /// The target duration that all share.
    #[must_use]
    pub fn target_duration(&self) -> Option<Nanos> {
        self.low_latency().find_map(|rendition| rendition.playlist().target_duration())
    }
}

/// What a reference in a text points to.
#[must_use]
pub fn target(text: &Text, reference: &str) -> String {
    resolve(&text.answer.url, reference)
}

//! What the demultiplexers hand on.

use media::unit::{AccessUnit, SourceEvent, SourceTrack};
use std::fmt;

/// What a demultiplexer has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demuxed {
    /// A track or an access unit.
    Event(SourceEvent),
    /// A track that cannot be taken; said once for each codec met.
    Unsupported(Unsupported),
}

/// A track coded in a way that we do not take. Its `Display` is fit for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the source's {medium} is {codec}, which is not taken; set the encoder to {}", medium.advice())]
pub struct Unsupported {
    /// Pictures or sound.
    pub medium: Medium,
    /// The codec, by the name people know it by, or by its number.
    pub codec: String,
}

/// Pictures or sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Medium {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
}

impl Medium {
    const fn advice(self) -> &'static str {
        match self {
            Self::Video => "H.264",
            Self::Audio => "AAC",
        }
    }
}

impl fmt::Display for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Video => "video",
            Self::Audio => "audio",
        })
    }
}

impl Demuxed {
    /// This track, as an event of its medium.
    pub(crate) fn track(track: SourceTrack) -> Self {
        Self::Event(match track.codec.is_video() {
            true => SourceEvent::VideoTrack(track),
            false => SourceEvent::AudioTrack(track),
        })
    }

    /// This access unit, as an event of its medium.
    pub(crate) const fn unit(medium: Medium, unit: AccessUnit) -> Self {
        Self::Event(match medium {
            Medium::Video => SourceEvent::Video(unit),
            Medium::Audio => SourceEvent::Audio(unit),
        })
    }

    /// Bytes of media held by this.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Event(SourceEvent::Video(unit) | SourceEvent::Audio(unit)) => unit.data.len(),
            Self::Event(SourceEvent::VideoTrack(track) | SourceEvent::AudioTrack(track)) => {
                track.config.len()
            }
            Self::Unsupported(unsupported) => unsupported.codec.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_taken_is_said_in_plain_words() {
        let unsupported = Unsupported { medium: Medium::Audio, codec: "Speex".into() };
        insta::assert_snapshot!(unsupported, @"the source's audio is Speex, which is not taken; set the encoder to AAC");
    }
}

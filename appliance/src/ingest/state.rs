//! What may pass to the encoder: pure.
//!
//! The queue to the encoder is bounded. When it is full, video is dropped up to the next key picture, so that no
//! decoder ever sees a hole inside a group of pictures; sound, which has no such groups, is dropped frame by frame.

use super::Arrived;
use contribution::Demuxed;
use media::link::FromSource;
use media::unit::{SourceEvent, UnitKind};

/// Decides what of one source passes.
#[derive(Debug, Default)]
pub struct Passage {
    awaiting_key: bool,
    dropped: u64,
}

impl Passage {
    /// The message for the worker, or nothing when this event must wait for a key picture.
    pub fn admit(&mut self, Arrived { event, at }: Arrived) -> Option<FromSource> {
        let Demuxed::Event(event) = event else { return None };
        match event {
            SourceEvent::VideoTrack(track) => Some(FromSource::VideoTrack(track)),
            SourceEvent::AudioTrack(track) => Some(FromSource::AudioTrack(track)),
            SourceEvent::Audio(unit) => Some(FromSource::Audio(unit, at)),
            SourceEvent::Video(unit) => {
                self.awaiting_key &= unit.kind == UnitKind::Delta;
                if self.awaiting_key {
                    self.dropped += 1;
                    return None;
                }
                Some(FromSource::Video(unit, at))
            }
        }
    }

    /// This was lost before it came here; tracks are known all the same.
    pub fn lose(&mut self, arrived: &Arrived) {
        self.dropped += 1;
        self.awaiting_key |= matches!(arrived.event, Demuxed::Event(SourceEvent::Video(_)));
    }

    /// The queue was full: this message was lost.
    pub fn refused(&mut self, message: &FromSource) {
        self.dropped += 1;
        self.awaiting_key |= matches!(message, FromSource::Video(..));
    }

    /// Access units lost here since the start.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use media::time::Ticks;
    use media::unit::AccessUnit;

    fn video(kind: UnitKind) -> Arrived {
        let (dts, data) = (Ticks(1), Bytes::from_static(b"x"));
        let unit = AccessUnit { dts, pts: dts, duration: Ticks(1), kind, data };
        Arrived { event: Demuxed::Event(SourceEvent::Video(unit)), at: Ticks(2) }
    }

    #[test]
    fn after_a_loss_video_resumes_at_a_key_picture() {
        let mut passage = Passage::default();
        let lost = passage.admit(video(UnitKind::Key)).unwrap();
        passage.refused(&lost);
        assert_eq!(passage.admit(video(UnitKind::Delta)), None);
        assert!(passage.admit(video(UnitKind::Key)).is_some());
        assert!(passage.admit(video(UnitKind::Delta)).is_some());
        assert_eq!(passage.dropped(), 2);
    }
}

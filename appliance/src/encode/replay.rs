//! What a worker that starts now must be told before new media: pure.

use media::link::ToWorker;
use media::unit::UnitKind;

/// Remembers the source's tracks, and holds pictures back until one from which decoding can start.
#[derive(Debug, Default)]
pub struct Replay {
    video_track: Option<ToWorker>,
    audio_track: Option<ToWorker>,
    awaiting_key: bool,
}

impl Replay {
    /// A new worker starts: these messages bring it up to date.
    pub fn greeting(&mut self) -> Vec<ToWorker> {
        self.awaiting_key = true;
        self.video_track.iter().chain(&self.audio_track).cloned().collect()
    }

    /// Takes note of a message on its way to the worker; says whether it may pass.
    pub fn admit(&mut self, message: &ToWorker) -> bool {
        match message {
            ToWorker::VideoTrack(_) => self.video_track = Some(message.clone()),
            ToWorker::AudioTrack(_) => self.audio_track = Some(message.clone()),
            ToWorker::SourceLost => (self.video_track, self.audio_track) = (None, None),
            ToWorker::Video(unit, _) => {
                self.awaiting_key &= unit.kind == UnitKind::Delta;
                return !self.awaiting_key;
            }
            ToWorker::Audio(..)
            | ToWorker::Plan(_)
            | ToWorker::Clock { .. }
            | ToWorker::Slate(_)
            | ToWorker::Stop => (),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use media::time::Ticks;
    use media::unit::{AccessUnit, SourceCodec, SourceFraming, SourceTrack};

    fn video(kind: UnitKind) -> ToWorker {
        let (dts, data) = (Ticks(1), Bytes::from_static(b"x"));
        ToWorker::Video(AccessUnit { dts, pts: dts, duration: Ticks(1), kind, data }, dts)
    }

    #[test]
    fn a_new_worker_hears_the_tracks_and_starts_at_a_key_picture() {
        let config = vec![1];
        let (codec, framing) = (SourceCodec::H264, SourceFraming::LengthPrefixed);
        let track = ToWorker::VideoTrack(SourceTrack { codec, framing, config });
        let mut replay = Replay::default();
        assert!(replay.greeting().is_empty());
        assert!(
            replay.admit(&track)
                && replay.admit(&video(UnitKind::Key))
                && replay.admit(&video(UnitKind::Delta))
        );
        assert_eq!(replay.greeting(), vec![track]);
        assert!(!replay.admit(&video(UnitKind::Delta)));
        assert!(replay.admit(&video(UnitKind::Key)));
        replay.admit(&ToWorker::SourceLost);
        assert!(replay.greeting().is_empty());
    }
}

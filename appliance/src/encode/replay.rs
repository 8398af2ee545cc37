//! What a worker that starts now must be told before new media: pure.

use media::link::{FromSource, SOURCES_MAX, ToWorker};
use media::unit::UnitKind;

/// Remembers which source is on air and each one's tracks, and holds pictures back until one from which decoding can
/// start.
#[derive(Debug, Default)]
pub struct Replay {
    on_air: u8,
    sources: [OfSource; SOURCES_MAX],
}

#[derive(Debug, Default)]
struct OfSource {
    video_track: Option<FromSource>,
    audio_track: Option<FromSource>,
    awaiting_key: bool,
}

impl Replay {
    /// A new worker starts: these messages bring it up to date.
    pub fn greeting(&mut self) -> Vec<ToWorker> {
        let mut greeting = vec![ToWorker::OnAir(self.on_air)];
        for (number, source) in (0..).zip(&mut self.sources) {
            source.awaiting_key = true;
            let tracks = source.video_track.iter().chain(&source.audio_track).cloned();
            greeting.extend(tracks.map(|track| ToWorker::Source(number, track)));
        }
        greeting
    }

    /// Takes note of a message on its way to the worker; says whether it may pass.
    pub fn admit(&mut self, message: &ToWorker) -> bool {
        match message {
            ToWorker::OnAir(number) => self.on_air = *number,
            ToWorker::Source(number, news) => return self.sources[usize::from(*number)].admit(news),
            ToWorker::Plan(_) | ToWorker::Clock { .. } | ToWorker::Slate(_) | ToWorker::Stop => (),
        }
        true
    }
}

impl OfSource {
    fn admit(&mut self, news: &FromSource) -> bool {
        match news {
            FromSource::VideoTrack(_) => self.video_track = Some(news.clone()),
            FromSource::AudioTrack(_) => self.audio_track = Some(news.clone()),
            FromSource::Lost => (self.video_track, self.audio_track) = (None, None),
            FromSource::Video(unit, _) => {
                self.awaiting_key &= unit.kind == UnitKind::Delta;
                return !self.awaiting_key;
            }
            FromSource::Audio(..) => (),
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
        ToWorker::Source(
            1,
            FromSource::Video(AccessUnit { dts, pts: dts, duration: Ticks(1), kind, data }, dts),
        )
    }

    #[test]
    fn a_new_worker_hears_the_tracks_and_starts_at_a_key_picture() {
        let config = vec![1];
        let (codec, framing) = (SourceCodec::H264, SourceFraming::LengthPrefixed);
        let track = ToWorker::Source(1, FromSource::VideoTrack(SourceTrack { codec, framing, config }));
        let mut replay = Replay::default();
        assert_eq!(replay.greeting(), [ToWorker::OnAir(0)]);
        assert!(
            replay.admit(&track)
                && replay.admit(&ToWorker::OnAir(1))
                && replay.admit(&video(UnitKind::Key))
                && replay.admit(&video(UnitKind::Delta))
        );
        assert_eq!(replay.greeting(), [ToWorker::OnAir(1), track]);
        assert!(!replay.admit(&video(UnitKind::Delta)));
        assert!(replay.admit(&video(UnitKind::Key)));
        replay.admit(&ToWorker::Source(1, FromSource::Lost));
        assert_eq!(replay.greeting(), [ToWorker::OnAir(1)]);
    }
}

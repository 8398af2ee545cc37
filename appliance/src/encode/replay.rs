//! What a worker that starts now must be told before new media: pure.

use crate::limits::{REPLAY_BYTES_MAX, REPLAY_UNITS_MAX};
use media::link::{FromSource, SOURCES_MAX, ToWorker};
use media::unit::UnitKind;

/// Remembers which source is on air, each one's tracks, and what it sent since its newest key picture: a new worker
/// decodes that at once and has a picture. Where that is too much, pictures are held back until the next key one.
#[derive(Debug, Default)]
pub struct Replay {
    on_air: u8,
    sources: [OfSource; SOURCES_MAX],
}

#[derive(Debug, Default)]
struct OfSource {
    video_track: Option<FromSource>,
    audio_track: Option<FromSource>,
    /// Since the newest key picture, that one first; empty while it is not whole.
    since_key: Vec<FromSource>,
    bytes: usize,
    awaiting_key: bool,
}

impl Replay {
    /// A new worker starts: these messages bring it up to date.
    pub fn greeting(&mut self) -> Vec<ToWorker> {
        let mut greeting = vec![ToWorker::OnAir(self.on_air)];
        for (number, source) in (0..).zip(&mut self.sources) {
            source.awaiting_key = source.since_key.is_empty();
            let tracks = source.video_track.iter().chain(&source.audio_track);
            let news = tracks.chain(&source.since_key).cloned();
            greeting.extend(news.map(|news| ToWorker::Source(number, news)));
        }
        greeting
    }

    /// Whether a picture of the source on air can be decoded from the greeting.
    #[must_use]
    pub fn shows_source(&self) -> bool {
        !self.sources[usize::from(self.on_air)].since_key.is_empty()
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
            FromSource::VideoTrack(_) if self.video_track.as_ref() == Some(news) => {}
            FromSource::VideoTrack(_) => {
                self.video_track = Some(news.clone());
                self.forget();
            }
            FromSource::AudioTrack(_) => self.audio_track = Some(news.clone()),
            FromSource::Lost => {
                (self.video_track, self.audio_track) = (None, None);
                self.forget();
            }
            FromSource::Video(unit, _) => {
                self.awaiting_key &= unit.kind == UnitKind::Delta;
                if unit.kind == UnitKind::Key {
                    self.forget();
                    self.keep(news, unit.data.len());
                } else if !self.since_key.is_empty() {
                    self.keep(news, unit.data.len());
                }
                return !self.awaiting_key;
            }
            FromSource::Audio(unit, _) => {
                if !self.since_key.is_empty() {
                    self.keep(news, unit.data.len());
                }
            }
        }
        true
    }

    fn keep(&mut self, news: &FromSource, bytes: usize) {
        self.since_key.push(news.clone());
        self.bytes += bytes;
        if self.since_key.len() > REPLAY_UNITS_MAX || self.bytes > REPLAY_BYTES_MAX {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.since_key.clear();
        self.bytes = 0;
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

    fn track() -> ToWorker {
        let (codec, framing, config) = (SourceCodec::H264, SourceFraming::LengthPrefixed, vec![1]);
        ToWorker::Source(1, FromSource::VideoTrack(SourceTrack { codec, framing, config }))
    }

    #[test]
    fn a_new_worker_hears_the_tracks_and_all_since_the_key_picture() {
        let mut replay = Replay::default();
        assert_eq!(replay.greeting(), [ToWorker::OnAir(0)]);
        let (key, delta) = (video(UnitKind::Key), video(UnitKind::Delta));
        assert!(replay.admit(&track()) && replay.admit(&ToWorker::OnAir(1)));
        assert!(!replay.admit(&delta), "it was not there when the worker began");
        assert!(replay.admit(&key) && replay.admit(&delta) && replay.admit(&key) && replay.admit(&delta));
        assert_eq!(replay.greeting(), [ToWorker::OnAir(1), track(), key.clone(), delta.clone()]);
        assert!(replay.admit(&delta), "it follows what was told again");
        replay.admit(&ToWorker::Source(1, FromSource::Lost));
        assert_eq!(replay.greeting(), [ToWorker::OnAir(1)]);
    }

    #[test]
    fn what_is_kept_is_bounded_and_then_a_worker_waits_for_a_key_picture() {
        let mut replay = Replay::default();
        replay.admit(&track());
        replay.admit(&video(UnitKind::Key));
        for _ in 0..=REPLAY_UNITS_MAX {
            replay.admit(&video(UnitKind::Delta));
        }
        assert_eq!(replay.greeting(), [ToWorker::OnAir(0), track()]);
        assert!(!replay.admit(&video(UnitKind::Delta)));
        assert!(replay.admit(&video(UnitKind::Key)));
    }
}

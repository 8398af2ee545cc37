//! Where a worker begins: at its predecessor's end, or at the next segment. Pure.

use crate::limits::RESUME_MAX;
use media::grid::Grid;
use media::link::Plan;
use media::time::{AAC_FRAME_SAMPLES, AUDIO_SAMPLE_RATE, Ticks};

/// Length of one AAC frame.
pub(crate) const AUDIO_FRAME: Ticks = Ticks::from_scaled(AAC_FRAME_SAMPLES as i64, AUDIO_SAMPLE_RATE);

/// The first units to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Begin {
    /// Start of a video slot; an IDR is due there.
    pub(crate) video: Ticks,
    /// Start of an audio frame.
    pub(crate) audio: Ticks,
}

impl Begin {
    /// Decides at house time `now`.
    pub(crate) fn of(plan: &Plan, now: Ticks) -> Self {
        let rate = plan.canvas.rate;
        let next_segment = Grid::next_frame_start(now, Grid::for_rate(rate).segment_duration());
        let begin = |resume: Option<Ticks>, frame| {
            let is_near = |at: &Ticks| (now - *at).0.abs() <= RESUME_MAX.0;
            Grid::next_frame_start(resume.filter(is_near).unwrap_or(next_segment), frame)
        };
        Self {
            video: begin(plan.resume_video, rate.frame_duration()),
            audio: begin(plan.resume_audio, AUDIO_FRAME),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::link::{Canvas, PlanSource};
    use media::time::FrameRate;

    const NOW: Ticks = Ticks(641_000_000_000_123);

    fn begin(rate: FrameRate, resume_video: Option<Ticks>, resume_audio: Option<Ticks>) -> Begin {
        let canvas = Canvas { width: 640, height: 360, rate };
        let plan = Plan {
            channel: String::new(),
            source: PlanSource::TestPattern,
            canvas,
            rungs: vec![],
            latency: media::grid::Latency::Standard,
            slate: media::link::Slate::default(),
            audio_bitrate_bps: 128_000,
            house_offset_nanos: 0,
            resume_video,
            resume_audio,
            pass_through: None,
            source_follows: false,
            device: None,
        };
        Begin::of(&plan, NOW)
    }

    #[test]
    fn the_first_worker_begins_with_the_next_segment() {
        for rate in FrameRate::ALL {
            let begin = begin(rate, None, None);
            let segment = Grid::for_rate(rate).segment_duration();
            assert_eq!(begin.video.0 % segment.0, 0);
            assert!(begin.video >= NOW && begin.video < NOW + segment);
            assert_eq!(begin.audio.0 % AUDIO_FRAME.0, 0);
            assert!(begin.audio >= begin.video && begin.audio < begin.video + AUDIO_FRAME);
        }
    }

    #[test]
    fn a_successor_begins_where_the_work_was_left() {
        let (slot, frame) =
            (Grid::next_frame_start(NOW, Ticks(12_000)), Grid::next_frame_start(NOW, AUDIO_FRAME));
        let (slot, frame) = (slot - Ticks::from_secs(3), frame - AUDIO_FRAME * 100);
        let begin = begin(FrameRate::FPS_30, Some(slot), Some(frame));
        assert_eq!(begin, Begin { video: slot, audio: frame });
    }

    #[test]
    fn work_left_too_long_ago_or_stamped_in_the_future_is_not_continued() {
        for seconds in [-11, 11] {
            let at = NOW + Ticks::from_secs(seconds);
            assert_eq!(begin(FrameRate::FPS_30, Some(at), Some(at)), begin(FrameRate::FPS_30, None, None));
        }
    }
}

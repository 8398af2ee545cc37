//! Templates: what a new channel may be made of, and what each costs. Pure.
//!
//! None is without pictures: every channel has at least one video rung.

use crate::limits::{DASH_LOW_TARGET_LATENCY, DASH_TARGET_LATENCY};
use media::grid::Latency;
use media::link::Rung;
use media::time::FrameRate;
use media::time::Ticks;

/// What a new channel may be made of.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// As commands say it.
    pub id: &'static str,
    name: &'static str,
    what: &'static str,
    /// Whole frames a second.
    rate: u32,
    pub(super) latency: Latency,
    rungs: &'static [(u32, u32, u32)],
}

/// 720p, and two rungs below for weak links.
pub(super) const RUNGS_720: &[(u32, u32, u32)] =
    &[(1280, 720, 2_500_000), (854, 480, 1_200_000), (640, 360, 700_000)];

/// All that there are.
pub const ALL: [Template; 4] = [
    Template {
        id: "1080p60",
        name: "1080p60",
        what: "Sport and games: smooth motion, for a box with several cores to spare.",
        rate: 60,
        latency: Latency::Standard,
        rungs: &[(1920, 1080, 6_000_000), (1280, 720, 3_500_000), (854, 480, 1_500_000), (640, 360, 800_000)],
    },
    Template {
        id: "1080p30",
        name: "1080p30",
        what: "Talks and services in full HD.",
        rate: 30,
        latency: Latency::Standard,
        rungs: &[(1920, 1080, 4_500_000), (1280, 720, 2_500_000), (854, 480, 1_200_000), (640, 360, 700_000)],
    },
    Template {
        id: "720p30",
        name: "720p30",
        what: "What a channel gets that asks for nothing: good on every network, light for the box.",
        rate: 30,
        latency: Latency::Standard,
        rungs: RUNGS_720,
    },
    Template {
        id: "low-latency",
        name: "Low latency, 720p30",
        what: "For networks of the premises: parts of a fifth of a second, and more requests.",
        rate: 30,
        latency: Latency::Low,
        rungs: RUNGS_720,
    },
];

/// Width, height and bit rate of each.
pub(super) fn rungs(of: &[(u32, u32, u32)]) -> Vec<Rung> {
    of.iter().map(|&(width, height, bitrate_bps)| Rung { width, height, bitrate_bps }).collect()
}

impl Template {
    /// The one of that id.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        ALL.iter().find(|each| each.id == id)
    }

    pub(super) fn ladder(&self) -> Vec<Rung> {
        rungs(self.rungs)
    }

    pub(super) fn rate(&self) -> FrameRate {
        FrameRate::new(self.rate, 1).unwrap_or(FrameRate::FPS_30)
    }

    /// With what it costs.
    #[must_use]
    pub fn shown(&self) -> wire::Template {
        let rung =
            |&(width, height, bitrate_bps): &(u32, u32, u32)| wire::Rung { width, height, bitrate_bps };
        let (ladder, latency) = (self.rungs.iter().map(rung).collect::<Vec<_>>(), self.latency);
        wire::Template {
            id: self.id.into(),
            name: self.name.into(),
            what: self.what.into(),
            frame_rate: self.rate().to_string(),
            effect: effect(&ladder, self.rate, latency),
            latency: match latency {
                Latency::Standard => wire::Latency::Standard,
                Latency::Low => wire::Latency::Low,
            },
            ladder,
        }
    }
}

fn effect(ladder: &[wire::Rung], rate: u32, latency: Latency) -> wire::Effect {
    let audio = super::draft::AUDIO_BITRATE_BPS;
    let behind: Ticks = match latency {
        Latency::Standard => DASH_TARGET_LATENCY,
        Latency::Low => DASH_LOW_TARGET_LATENCY,
    };
    wire::Effect {
        cpu_millicores: wire::Cost::of(ladder, rate).in_software(),
        encoded_bps: ladder.iter().map(|rung| rung.bitrate_bps).sum::<u32>() + audio,
        viewer_bps_max: ladder.iter().map(|rung| rung.bitrate_bps).max().unwrap_or(0) + audio,
        latency_ms: u32::try_from(behind.millis()).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Draft;

    #[test]
    fn each_makes_a_channel_and_costs_what_was_measured() {
        for template in &ALL {
            let new = wire::NewChannel {
                name: "x".into(),
                source: wire::Source::Rtmp,
                ladder: None,
                latency: wire::Latency::Standard,
                dvr_secs: 0,
                pass_through: false,
                encoder: None,
                start: true,
                template: Some(template.id.into()),
            };
            let draft = Draft::try_from(new.clone()).unwrap();
            assert_eq!((draft.ladder, draft.latency), (template.ladder(), template.latency));
            assert_eq!(draft.canvas.rate.to_string(), template.shown().frame_rate);
            // As a ladder of its own it is one that may be asked for.
            let asked = wire::NewChannel { ladder: Some(template.shown().ladder), template: None, ..new };
            assert!(Draft::try_from(asked).is_ok());
        }
        let costs = ALL.map(|template| template.shown().effect.cpu_millicores);
        assert_eq!(costs, [2986, 1492, 651, 651]);
        assert_eq!(ALL[3].shown().effect.latency_ms, 800);
    }

    #[test]
    fn one_that_is_not_there_is_told() {
        let new = wire::NewChannel {
            name: "x".into(),
            source: wire::Source::Rtmp,
            ladder: None,
            latency: wire::Latency::Standard,
            dvr_secs: 0,
            pass_through: false,
            encoder: None,
            start: true,
            template: Some("8k".into()),
        };
        let error = Draft::try_from(new).unwrap_err();
        assert_eq!(error.field(), "/template");
        assert_eq!(
            error.to_string(),
            "there is no template `8k`; there are 1080p60, 1080p30, 720p30, low-latency"
        );
    }
}

//! A new channel, checked before it reaches the database. Pure.

use super::template::{self, Template};
use super::{Desired, Encoder, EncoderError, Slug, SlugError};
use crate::devices::place::Work;
use crate::limits::{DVR_SECS, HEIGHT_PIXELS, NAME_CHARS_MAX, RUNG_BITRATE_BPS, RUNGS_MAX, WIDTH_PIXELS};
use media::grid::Latency;
use media::link::{Canvas, Rung};
use media::time::FrameRate;
use std::ops::RangeInclusive;

/// Bits per second of the audio rendition: transparent for AAC-LC stereo.
pub(super) const AUDIO_BITRATE_BPS: u32 = 128_000;

/// A channel that may be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub(super) name: String,
    pub(super) slug: Slug,
    pub(super) source: wire::Source,
    pub(super) desired: Desired,
    pub(super) canvas: Canvas,
    pub(super) ladder: Vec<Rung>,
    pub(super) latency: Latency,
    pub(super) dvr_secs: u32,
    pub(super) pass_through: bool,
    pub(super) audio_bitrate_bps: u32,
    pub(super) encoder: Encoder,
}

impl Draft {
    /// What is to encode it.
    #[must_use]
    pub const fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// How much there is to encode.
    #[must_use]
    pub fn work(&self) -> Work {
        Work { rungs: self.ladder.clone(), rate: self.canvas.rate }
    }
}

/// Why a channel may not be added. [`DraftError::field`] names the member at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// Empty, too long, or with characters that do not show.
    #[error("the name must have 1 to {NAME_CHARS_MAX} characters, all of them visible")]
    Name,
    /// No slug can be made of the name.
    #[error(transparent)]
    Slug(#[from] SlugError),
    /// No encoder has this name.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// None or too many.
    #[error("the ladder must have 1 to {RUNGS_MAX} rungs; leave it out for the default")]
    RungCount,
    /// Out of its range, or odd where it must be even.
    #[error("rung {rung} has {what} {value}; it must be within {} and {}{}", .range.start(), .range.end(), .also)]
    Rung {
        /// From 0.
        rung: usize,
        /// Member.
        what: &'static str,
        /// As asked for.
        value: u32,
        /// Allowed.
        range: RangeInclusive<u32>,
        /// Further condition.
        also: &'static str,
    },
    /// Outside of what is offered.
    #[error(
        "viewers may seek back {} to {} seconds, or 0 for not at all; {secs} is neither",
        DVR_SECS.start(), DVR_SECS.end()
    )]
    Dvr {
        /// As asked for.
        secs: u32,
    },
    /// Drawn here, so that there is nothing to pass through.
    #[error("the test pattern is drawn here and cannot be passed through; choose another source")]
    NothingToPass,
    /// The past would have headers of its own.
    #[error("viewers cannot seek back in a channel whose source is passed through; leave out one of the two")]
    PassThroughDvr,
    /// There is none of this id.
    #[error("there is no template `{id}`; there are {}", template::ALL.map(|each| each.id).join(", "))]
    Template {
        /// As asked for.
        id: String,
    },
    /// Not best first.
    #[error("rung {rung} has a higher bit rate than the one before it; list the best first")]
    Order {
        /// From 0.
        rung: usize,
    },
}

impl DraftError {
    /// The member of [`wire::NewChannel`] at fault, as a JSON pointer.
    #[must_use]
    pub fn field(&self) -> String {
        match self {
            Self::Name | Self::Slug(_) => "/name".into(),
            Self::RungCount => "/ladder".into(),
            Self::NothingToPass | Self::PassThroughDvr => "/pass_through".into(),
            Self::Template { .. } => "/template".into(),
            Self::Encoder(_) => "/encoder".into(),
            Self::Dvr { .. } => "/dvr_secs".into(),
            Self::Rung { rung, what, .. } => format!("/ladder/{rung}/{what}"),
            Self::Order { rung } => format!("/ladder/{rung}/bitrate_bps"),
        }
    }
}

/// Frames per second of every canvas.
pub const DEFAULT_RATE: FrameRate = FrameRate::FPS_30;

/// What a channel gets that asks for nothing: 720p, and two rungs below for weak links.
#[must_use]
pub fn default_ladder() -> Vec<Rung> {
    template::rungs(template::RUNGS_720)
}

impl TryFrom<wire::NewChannel> for Draft {
    type Error = DraftError;

    fn try_from(new: wire::NewChannel) -> Result<Self, DraftError> {
        let name = checked_name(&new.name)?;
        let pass_through = checked_pass_through(&new)?;
        let template =
            new.template.map(|id| Template::find(&id).ok_or(DraftError::Template { id })).transpose()?;
        let made = || template.map_or_else(default_ladder, Template::ladder);
        let ladder = new.ladder.map_or_else(|| Ok(made()), checked_ladder)?;
        let (width, height) = (ladder[0].width, ladder[0].height);
        Ok(Self {
            slug: Slug::from_name(&name)?,
            name,
            source: new.source,
            desired: if new.start { Desired::Running } else { Desired::Stopped },
            canvas: Canvas { width, height, rate: template.map_or(DEFAULT_RATE, Template::rate) },
            ladder,
            latency: match new.latency {
                wire::Latency::Standard => template.map_or(Latency::Standard, |template| template.latency),
                wire::Latency::Low => Latency::Low,
            },
            dvr_secs: checked_dvr(new.dvr_secs)?,
            pass_through,
            audio_bitrate_bps: AUDIO_BITRATE_BPS,
            encoder: new.encoder.map_or_else(|| Ok(Encoder::Auto), |wanted| wanted.parse())?,
        })
    }
}

fn checked_dvr(secs: u32) -> Result<u32, DraftError> {
    if secs == 0 || DVR_SECS.contains(&secs) { Ok(secs) } else { Err(DraftError::Dvr { secs }) }
}

fn checked_pass_through(new: &wire::NewChannel) -> Result<bool, DraftError> {
    match (new.pass_through, new.source, new.dvr_secs) {
        (true, wire::Source::TestPattern, _) => Err(DraftError::NothingToPass),
        (true, _, 1..) => Err(DraftError::PassThroughDvr),
        (asked, ..) => Ok(asked),
    }
}

/// A channel's name, as it is kept.
///
/// # Errors
/// [`DraftError::Name`].
pub fn checked_name(name: &str) -> Result<String, DraftError> {
    let name = name.trim();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    if fits && !name.chars().any(hidden) { Ok(name.into()) } else { Err(DraftError::Name) }
}

/// Control characters, and those that turn the direction of a line: a name must not be able to pose as another.
pub(crate) fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Rungs that a channel may have.
///
/// # Errors
/// Names the rung at fault.
pub fn checked_ladder(rungs: Vec<wire::Rung>) -> Result<Vec<Rung>, DraftError> {
    if !(1..=RUNGS_MAX).contains(&rungs.len()) {
        return Err(DraftError::RungCount);
    }
    for (rung, wire::Rung { width, height, bitrate_bps }) in rungs.iter().enumerate() {
        check_even(rung, "width", *width, WIDTH_PIXELS)?;
        check_even(rung, "height", *height, HEIGHT_PIXELS)?;
        check(rung, "bitrate_bps", *bitrate_bps, RUNG_BITRATE_BPS, "")?;
    }
    if let Some(before) = rungs.windows(2).position(|two| two[1].bitrate_bps > two[0].bitrate_bps) {
        return Err(DraftError::Order { rung: before + 1 });
    }
    let plain = |wire::Rung { width, height, bitrate_bps }| Rung { width, height, bitrate_bps };
    Ok(rungs.into_iter().map(plain).collect())
}

fn check_even(
    rung: usize,
    what: &'static str,
    value: u32,
    range: RangeInclusive<u32>,
) -> Result<(), DraftError> {
    // 4:2:0 chroma has half the samples in both directions, so both sizes are even.
    let wanted = if value.is_multiple_of(2) { value } else { 0 };
    check(rung, what, wanted, range, " and even").map_err(|error| match error {
        DraftError::Rung { rung, what, range, also, .. } => {
            DraftError::Rung { rung, what, value, range, also }
        }
        other => other,
    })
}

fn check(
    rung: usize,
    what: &'static str,
    value: u32,
    range: RangeInclusive<u32>,
    also: &'static str,
) -> Result<(), DraftError> {
    if range.contains(&value) { Ok(()) } else { Err(DraftError::Rung { rung, what, value, range, also }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Ladder = Option<Vec<(u32, u32, u32)>>;

    fn new(name: &str, ladder: Ladder) -> Result<Draft, DraftError> {
        let rung = |(width, height, bitrate_bps)| wire::Rung { width, height, bitrate_bps };
        let ladder = ladder.map(|rungs| rungs.into_iter().map(rung).collect());
        let (name, source) = (name.into(), wire::Source::Rtmp);
        let latency = wire::Latency::Standard;
        wire::NewChannel {
            name,
            source,
            ladder,
            latency,
            dvr_secs: 0,
            pass_through: false,
            encoder: None,
            start: true,
            template: None,
        }
        .try_into()
    }

    #[test]
    fn a_window_of_the_past_is_none_or_within_its_bounds() {
        let asked = |dvr_secs| {
            let (name, source, latency) = ("x".into(), wire::Source::Rtmp, wire::Latency::Standard);
            let new = wire::NewChannel {
                name,
                source,
                ladder: None,
                latency,
                dvr_secs,
                pass_through: false,
                encoder: None,
                start: true,
                template: None,
            };
            Draft::try_from(new).map(|draft| draft.dvr_secs)
        };
        assert_eq!([0, 60, 21_600].map(asked), [Ok(0), Ok(60), Ok(21_600)]);
        let refused = asked(30).unwrap_err();
        assert_eq!(refused.field(), "/dvr_secs");
        assert_eq!(
            refused.to_string(),
            "viewers may seek back 60 to 21600 seconds, or 0 for not at all; 30 is neither"
        );
        assert!(asked(21_601).is_err());
    }

    #[test]
    fn the_default_is_720p_at_30() {
        let draft = new(" Main Hall ", None).unwrap();
        assert_eq!((draft.name.as_str(), draft.slug.as_str()), ("Main Hall", "main-hall"));
        assert_eq!(draft.canvas, Canvas { width: 1280, height: 720, rate: FrameRate::FPS_30 });
        assert_eq!(draft.ladder.len(), 3);
    }

    #[test]
    fn every_fault_names_its_member_and_what_would_do() {
        let cases: &[(&str, Ladder, &str)] = &[
            ("", None, "/name"),
            ("a\nb", None, "/name"),
            ("a\u{202e}b", None, "/name"),
            ("API", None, "/name"),
            ("x", Some(vec![]), "/ladder"),
            ("x", Some(vec![(640, 360, 1_000_000); 7]), "/ladder"),
            ("x", Some(vec![(641, 360, 1_000_000)]), "/ladder/0/width"),
            ("x", Some(vec![(640, 4000, 1_000_000)]), "/ladder/0/height"),
            ("x", Some(vec![(640, 360, 1)]), "/ladder/0/bitrate_bps"),
            ("x", Some(vec![(640, 360, 100_000), (640, 360, 200_000)]), "/ladder/1/bitrate_bps"),
        ];
        for (name, ladder, field) in cases {
            assert_eq!(new(name, ladder.clone()).unwrap_err().field(), *field);
        }
        let odd = new("x", Some(vec![(641, 360, 1_000_000)])).unwrap_err().to_string();
        assert_eq!(odd, "rung 0 has width 641; it must be within 64 and 3840 and even");
    }
}

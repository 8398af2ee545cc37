//! The manifest.

use super::xml::Element;
use crate::date::Utc;
use crate::decimal::Seconds;
use crate::declared::{Bandwidth, Wrapping};
use crate::era::{Era, era_of};
use crate::grid::Grid;
use crate::time::{Msn, TICKS_PER_SECOND, Ticks};
use crate::uri;
use crate::window::{Rendition, RenditionKind};
use std::fmt;

/// The DASH-IF low-latency profile, on top of the live profile for ISO BMFF.
const PROFILES: &str =
    "urn:mpeg:dash:profile:isoff-live:2011,http://www.dashif.org/guidelines/low-latency-live-v5";

/// The epoch: with it, `startNumber` 0 and `presentationTimeOffset` 0, segment N begins at N times its duration, so
/// numbers and times are those of the grid.
const AVAILABILITY_START: &str = "1970-01-01T00:00:00Z";

/// How often players fetch the manifest again where it changes only when the operator changes the channel, which ends
/// the representations they are playing; a minute costs nothing and keeps them from playing an old ladder for ever.
pub const UPDATED_SELDOM: Ticks = Ticks::from_secs(60);

/// How often they do where another period may begin: it is announced [`ERA_NOTICE`] before.
pub const UPDATED_OFTEN: Ticks = Ticks::from_secs(1);

/// How often they do while more past is there each time: a channel that has just begun.
pub const UPDATED_WHILE_YOUNG: Ticks = Ticks::from_secs(10);

/// A new era is announced so long before its first segment that players hear of it in time.
pub const ERA_NOTICE: Ticks = Ticks::from_secs(2);

/// What a player must buffer before it begins, on a link of exactly the declared bandwidth: one part.
const MIN_BUFFER_TIME: Ticks = Ticks::from_millis(500);

/// Playback rates within which players may catch up or fall back unheard.
const PLAYBACK_RATE_MIN: &str = "0.96";
const PLAYBACK_RATE_MAX: &str = "1.04";

/// Producer reference times and the latency that refers to them. Not 0, which dash.js reads as "no id".
const VIDEO_REFERENCE_ID: u32 = 1;
const AUDIO_REFERENCE_ID: u32 = 2;

const UTC_TIMING_SCHEMES: [&str; 2] =
    ["urn:mpeg:dash:utc:http-xsdate:2014", "urn:mpeg:dash:utc:http-iso:2014"];

/// What a manifest says besides what the renditions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings<'a> {
    /// When this configuration took effect. It must never fall.
    pub publish_time: Ticks,
    /// How much of the past is listed: players may seek back this far.
    pub time_shift: Ticks,
    /// How far behind the live edge players aim to be.
    pub target_latency: Ticks,
    /// How long after its last access unit was captured a chunk can be fetched: encoding and packaging. It makes
    /// `availabilityTimeOffset` smaller, so that players do not ask before there is something to send.
    pub production_delay: Ticks,
    /// How often players fetch the manifest again: [`UPDATED_SELDOM`], [`UPDATED_WHILE_YOUNG`] or [`UPDATED_OFTEN`].
    pub update_period: Ticks,
    /// Where the box tells the time, such as `/time`: relative to the manifest, or absolute.
    pub time_url: &'a str,
}

/// What a manifest lists: the renditions with their headers from one segment on, up to the next period.
#[derive(Clone, Debug)]
pub struct Period<'a> {
    /// The first segment; [`Era::OPEN`] for all that there ever was.
    pub first: Msn,
    /// All of the channel.
    pub renditions: Vec<&'a Rendition>,
}

impl<'a> Period<'a> {
    /// The periods of a channel whose renditions have these eras: the same in number and time for each of them.
    #[must_use]
    pub fn of_eras(eras: &[&'a [Era]]) -> Vec<Self> {
        let of_first = eras.first().copied().unwrap_or_default();
        let period = |era: &Era| {
            let renditions = eras.iter().map(|eras| &*era_of(eras, era.first).rendition);
            Self { first: era.first, renditions: renditions.collect() }
        };
        of_first.iter().map(period).collect()
    }
}

/// Renders the manifest of these periods: in each one adaptation set of all video and one of all audio.
#[must_use]
pub fn mpd(periods: &[Period<'_>], settings: &Settings<'_>) -> String {
    let timing = utc_timing(settings);
    let renditions = periods.iter().flat_map(|period| &period.renditions);
    let segment = renditions.map(|r| r.grid.segment_duration()).max().unwrap_or(Ticks::ZERO);
    let mpd = Element::new("MPD")
        .attribute("xmlns", "urn:mpeg:dash:schema:mpd:2011")
        .attribute("profiles", PROFILES)
        .attribute("type", "dynamic")
        .attribute("availabilityStartTime", AVAILABILITY_START)
        .attribute("publishTime", Utc(settings.publish_time))
        .attribute("minimumUpdatePeriod", Duration(settings.update_period))
        .attribute("minBufferTime", Duration(MIN_BUFFER_TIME))
        .attribute("timeShiftBufferDepth", Duration(settings.time_shift))
        .attribute("suggestedPresentationDelay", Duration(settings.target_latency))
        .attribute("maxSegmentDuration", Duration(segment))
        .child(service_description(settings))
        .children(periods.iter().map(|each| period(each, settings)))
        .children(timing);
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{mpd}")
}

fn period(period: &Period<'_>, settings: &Settings<'_>) -> Element {
    let of_kind = |is_video| period.renditions.iter().copied().filter(move |r| r.is_video() == is_video);
    let (video, audio): (Vec<&Rendition>, Vec<&Rendition>) =
        (of_kind(true).collect(), of_kind(false).collect());
    let first = period.first;
    let sets = [video_set(&video, first, settings), audio_set(&audio, first, settings)];
    let start = period.renditions.first().map_or(Ticks::ZERO, |r| r.grid.segment_start(first));
    let id = if first == Era::OPEN { "live".to_owned() } else { format!("live-{first}") };
    Element::new("Period")
        .attribute("id", id)
        .attribute("start", Duration(start))
        .children(sets.into_iter().flatten())
}

/// Latencies are in milliseconds; the bounds are those of common practice, 0.75 and 2 times the target.
fn service_description(settings: &Settings<'_>) -> Element {
    let target = settings.target_latency.millis();
    let latency = Element::new("Latency")
        .attribute("referenceId", VIDEO_REFERENCE_ID)
        .attribute("target", target)
        .attribute("min", target * 3 / 4)
        .attribute("max", target * 2);
    let rate =
        Element::new("PlaybackRate").attribute("min", PLAYBACK_RATE_MIN).attribute("max", PLAYBACK_RATE_MAX);
    Element::new("ServiceDescription").attribute("id", 0).child(latency).child(rate)
}

/// DASH-IF forbids players any clock that is not listed here; on a network without a way out, ours is the only one.
fn utc_timing(settings: &Settings<'_>) -> impl Iterator<Item = Element> {
    UTC_TIMING_SCHEMES.into_iter().map(|scheme| {
        Element::new("UTCTiming").attribute("schemeIdUri", scheme).attribute("value", settings.time_url)
    })
}

fn video_set(renditions: &[&Rendition], first: Msn, settings: &Settings<'_>) -> Option<Element> {
    let shapes = || {
        renditions.iter().filter_map(|r| match r.kind {
            RenditionKind::Video { width, height, rate } => Some((width, height, rate)),
            RenditionKind::Audio { .. } => None,
        })
    };
    let (width, height, rate) = shapes().max_by_key(|(width, height, _)| (*height, *width))?;
    let grid = renditions.first()?.grid;
    let set = adaptation_set(1, "video")
        .attribute("par", format_args!("{}:{}", width / gcd(width, height), height / gcd(width, height)))
        .attribute("maxWidth", width)
        .attribute("maxHeight", height)
        .attribute("maxFrameRate", rate)
        .child(producer_reference_time(VIDEO_REFERENCE_ID, settings))
        .child(resync(1, grid.idr_interval()))
        .child(resync(0, longest_chunk(renditions.first()?)))
        .child(role());
    Some(set.children(renditions.iter().map(|r| representation(r, first, settings))))
}

fn audio_set(renditions: &[&Rendition], first: Msn, settings: &Settings<'_>) -> Option<Element> {
    let set = adaptation_set(2, "audio")
        .child(producer_reference_time(AUDIO_REFERENCE_ID, settings))
        .child(resync(1, longest_chunk(renditions.first()?)))
        .child(role());
    Some(set.children(renditions.iter().map(|r| representation(r, first, settings))))
}

fn adaptation_set(id: u32, content_type: &str) -> Element {
    Element::new("AdaptationSet")
        .attribute("id", id)
        .attribute("contentType", content_type)
        .attribute("mimeType", format_args!("{content_type}/mp4"))
        .attribute("segmentAlignment", true)
        .attribute("startWithSAP", 1)
}

fn role() -> Element {
    Element::new("Role").attribute("schemeIdUri", "urn:mpeg:dash:role:2011").attribute("value", "main")
}

/// Media time is UTC: an access unit of time t was captured t after the epoch. In-band, `prft` says the same.
fn producer_reference_time(id: u32, settings: &Settings<'_>) -> Element {
    Element::new("ProducerReferenceTime")
        .attribute("id", id)
        .attribute("inband", true)
        .attribute("type", "captured")
        .attribute("wallClockTime", AVAILABILITY_START)
        .attribute("presentationTime", 0)
        .children(utc_timing(settings).take(1))
}

/// Points at which a parser (`sap_type` 0) or a decoder (1) may join within a segment, at most `distance` apart.
fn resync(sap_type: u32, distance: Ticks) -> Element {
    Element::new("Resync").attribute("type", sap_type).attribute("dT", distance.0).attribute("marker", true)
}

fn representation(rendition: &Rendition, first: Msn, settings: &Settings<'_>) -> Element {
    let bandwidth = Bandwidth::from_settings([rendition], Wrapping::Cmaf).peak_bps;
    let element = Element::new("Representation")
        .attribute("id", &rendition.id)
        .attribute("codecs", &rendition.codecs)
        .attribute("bandwidth", bandwidth);
    let element = match rendition.kind {
        RenditionKind::Video { width, height, rate } => element
            .attribute("width", width)
            .attribute("height", height)
            .attribute("frameRate", rate)
            .attribute("sar", "1:1"),
        RenditionKind::Audio { sample_rate, channels } => {
            element.attribute("audioSamplingRate", sample_rate).child(channel_configuration(channels))
        }
    };
    element.child(segment_template(rendition, first, settings))
}

fn channel_configuration(channels: u8) -> Element {
    Element::new("AudioChannelConfiguration")
        .attribute("schemeIdUri", "urn:mpeg:dash:23003:3:audio_channel_configuration:2011")
        .attribute("value", channels)
}

/// Numbers and times are those of the grid in each period: what began before it is taken off.
fn segment_template(rendition: &Rendition, first: Msn, settings: &Settings<'_>) -> Element {
    Element::new("SegmentTemplate")
        .attribute("timescale", TICKS_PER_SECOND)
        .attribute("duration", rendition.grid.segment_duration().0)
        .attribute("startNumber", first)
        .attribute("presentationTimeOffset", rendition.grid.segment_start(first).0)
        .attribute("availabilityTimeOffset", Seconds(availability_time_offset(rendition, settings)))
        // In lower case: dash.js compares with 'false'.
        .attribute("availabilityTimeComplete", false)
        .attribute("initialization", format_args!("$RepresentationID$/{}", rendition.init_name))
        .attribute("media", uri::DASH_SEGMENTS)
}

/// The same manifest with its addresses below `base` (ISO/IEC 23009-1 5.6): for a viewer who asked for it with a token.
///
/// `base` must need no escaping.
#[must_use]
pub fn with_base_url(mpd: &str, base: &str) -> String {
    // BaseURL comes before all children that we write.
    match mpd.find("<MPD").and_then(|start| mpd[start..].find(">\n").map(|end| start + end + 2)) {
        Some(at) => format!("{}  <BaseURL>{base}</BaseURL>\n{}", &mpd[..at], &mpd[at..]),
        None => mpd.to_owned(),
    }
}

/// How long before its end a segment can be asked for: as soon as its first chunk is there.
fn availability_time_offset(rendition: &Rendition, settings: &Settings<'_>) -> Ticks {
    let wait = longest_chunk(rendition) + settings.production_delay;
    (rendition.grid.segment_duration() - wait).max(Ticks::ZERO)
}

/// From the start of a segment to the end of its first chunk, at most. Video begins on the grid, so its chunks are
/// whole frames; an audio frame may begin just before the chunk's end, and ends its own length later.
fn longest_chunk(rendition: &Rendition) -> Ticks {
    let (chunk, unit) = (rendition.grid.chunk_duration(), rendition.unit_duration);
    if rendition.is_video() { Grid::next_frame_start(chunk, unit) } else { chunk + unit }
}

const fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// `xs:duration`
struct Duration(Ticks);

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PT{}S", Seconds(self.0))
    }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;

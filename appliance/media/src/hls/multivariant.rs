//! The multivariant playlists: LL-HLS with audio as a rendition of its own, and MPEG-TS with audio in each variant.

use super::iframes::iframe_bandwidth;
use crate::declared::{Bandwidth, Wrapping};
use crate::time::FrameRate;
use crate::uri;
use crate::window::{Rendition, RenditionKind, Snapshot};
use std::fmt::{self, Write as _};

/// Section 8 asks for less; 6 is what players of the last ten years know.
const VERSION: u32 = 6;

const AUDIO_GROUP: &str = "audio";

/// Renders `master.m3u8` of the LL-HLS tier: one variant for each video rendition, in the order given, and one
/// audio group of all audio renditions, the first of them the default.
#[must_use]
pub fn multivariant(snapshots: &[&Snapshot]) -> String {
    let (videos, sounds): (Vec<&Snapshot>, Vec<&Snapshot>) =
        snapshots.iter().partition(|s| s.rendition.is_video());
    let audio: Vec<&Rendition> = sounds.iter().map(|sound| sound.rendition.as_ref()).collect();
    let dearest = dearest(&sounds);
    let mut out = head();
    for (index, rendition) in audio.iter().enumerate() {
        line(&mut out, format_args!("{}", Media { rendition, default: index == 0 }));
    }
    for &snapshot in &videos {
        let (video, cost) = (&snapshot.rendition, bandwidth(snapshot).plus(dearest));
        let group = (!audio.is_empty()).then_some(AUDIO_GROUP);
        line(&mut out, format_args!("{}", StreamInf { video, audio: &audio, cost, group }));
        line(&mut out, format_args!("{}", uri::playlist_of(&video.id)));
    }
    for snapshot in videos {
        let (video, cost) = (&snapshot.rendition, iframe_bandwidth(snapshot));
        line(&mut out, format_args!("{}", IFrameStreamInf { video, cost }));
    }
    out
}

/// Renders `ts/master.m3u8`: one variant for each video rendition, in the order given, each with `audio` in it.
#[must_use]
pub fn ts_multivariant(videos: &[&Rendition], audio: Option<&Rendition>) -> String {
    let audio: Vec<&Rendition> = audio.into_iter().collect();
    let mut out = head();
    for &video in videos.iter().filter(|r| r.is_video()) {
        let together = audio.iter().copied().chain([video]);
        let cost = Bandwidth::from_settings(together, Wrapping::Ts);
        line(&mut out, format_args!("{}", StreamInf { video, audio: &audio, cost, group: None }));
        line(&mut out, format_args!("{}", uri::playlist_of(&video.id)));
    }
    out
}

// "The EXT-X-INDEPENDENT-SEGMENTS tag indicates that all media samples in a Media Segment can be decoded without
// information from other segments." Here "it applies to every Media Segment in every Media Playlist" (4.4.2.1): each
// segment begins with an IDR of a closed GOP.
fn head() -> String {
    format!("#EXTM3U\n#EXT-X-VERSION:{VERSION}\n#EXT-X-INDEPENDENT-SEGMENTS\n")
}

fn line(out: &mut String, text: fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a String takes all that is written to it");
}

/// What the settings say, raised to what was measured (see [`crate::declared`]).
fn bandwidth(snapshot: &Snapshot) -> Bandwidth {
    let measured = Bandwidth { peak_bps: snapshot.peak_bps(), average_bps: snapshot.average_bps() };
    Bandwidth::from_settings([snapshot.rendition.as_ref()], Wrapping::Cmaf).at_least(measured)
}

/// BANDWIDTH is "the largest sum of peak segment bit rates that is produced by any playable combination of Renditions"
/// (4.4.6.2).
fn dearest(sounds: &[&Snapshot]) -> Bandwidth {
    sounds.iter().fold(Bandwidth::NONE, |dearest, sound| dearest.at_least(bandwidth(sound)))
}

struct Media<'a> {
    rendition: &'a Rendition,
    default: bool,
}

impl fmt::Display for Media<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rendition { id, kind, .. } = self.rendition;
        let default = if self.default { "YES" } else { "NO" };
        write!(f, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"{AUDIO_GROUP}\",NAME=\"{id}\"")?;
        write!(f, ",DEFAULT={default},AUTOSELECT=YES")?;
        if let RenditionKind::Audio { channels, .. } = kind {
            write!(f, ",CHANNELS=\"{channels}\"")?;
        }
        write!(f, ",URI=\"{}\"", uri::playlist_of(id))
    }
}

struct StreamInf<'a> {
    video: &'a Rendition,
    audio: &'a [&'a Rendition],
    cost: Bandwidth,
    group: Option<&'a str>,
}

impl fmt::Display for StreamInf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bandwidth { peak_bps, average_bps } = self.cost;
        write!(f, "#EXT-X-STREAM-INF:BANDWIDTH={peak_bps},AVERAGE-BANDWIDTH={average_bps}")?;
        write!(f, ",CODECS=\"{}\"", codecs(self.video, self.audio))?;
        if let RenditionKind::Video { width, height, rate } = self.video.kind {
            write!(f, ",RESOLUTION={width}x{height},FRAME-RATE={}", frame_rate(rate))?;
        }
        if let Some(group) = self.group {
            write!(f, ",AUDIO=\"{group}\"")?;
        }
        write!(f, ",CLOSED-CAPTIONS=NONE")
    }
}

/// 4.4.6.3: without FRAME-RATE and AUDIO, which it may not have.
struct IFrameStreamInf<'a> {
    video: &'a Rendition,
    cost: Bandwidth,
}

impl fmt::Display for IFrameStreamInf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bandwidth { peak_bps, average_bps } = self.cost;
        write!(f, "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={peak_bps},AVERAGE-BANDWIDTH={average_bps}")?;
        write!(f, ",CODECS=\"{}\"", self.video.codecs)?;
        if let RenditionKind::Video { width, height, .. } = self.video.kind {
            write!(f, ",RESOLUTION={width}x{height}")?;
        }
        write!(f, ",URI=\"{}\"", uri::iframe_playlist_of(&self.video.id))
    }
}

/// "the attribute value MUST include every media format [RFC6381] present in any Media Segment in any of the
/// Renditions specified by the Variant Stream" (6.2.4).
fn codecs(video: &Rendition, audio: &[&Rendition]) -> String {
    let mut all = vec![video.codecs.as_str()];
    for rendition in audio {
        if !all.contains(&rendition.codecs.as_str()) {
            all.push(&rendition.codecs);
        }
    }
    all.join(",")
}

/// "a decimal-floating-point describing the maximum frame rate for all the video in the Variant Stream, rounded to
/// three decimal places" (4.4.6.2).
fn frame_rate(rate: FrameRate) -> String {
    let (numerator, denominator) = (u64::from(rate.numerator()), u64::from(rate.denominator()));
    let thousandths = (numerator * 1000 + denominator / 2) / denominator;
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}

/// The same text with `prefix` before each relative address: for a viewer who asked for it with a token.
#[must_use]
pub fn with_prefix(multivariant: &str, prefix: &str) -> String {
    let line = |line: &str| match line.starts_with('#') {
        true => line.replace("URI=\"", &format!("URI=\"{prefix}")) + "\n",
        false if line.is_empty() => "\n".to_owned(),
        false => format!("{prefix}{line}\n"),
    };
    multivariant.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::time::Ticks;

    fn unstarted<const N: usize>(renditions: [Rendition; N]) -> [Snapshot; N] {
        renditions.map(|rendition| fixture::window(rendition, Ticks::ZERO, Ticks::ZERO))
    }

    fn ladder() -> [Rendition; 3] {
        let ntsc = FrameRate::new(30_000, 1001).unwrap();
        let low = fixture::video("360p", 640, 360, ntsc, 800_000);
        [fixture::video("720p", 1280, 720, ntsc, 3_000_000), low, fixture::audio(ntsc)]
    }

    #[test]
    fn ll_hls_has_audio_in_a_group() {
        let [high, low, audio] = ladder();
        insta::assert_snapshot!(multivariant(&unstarted([high, low, audio]).each_ref()), @r#"
        #EXTM3U
        #EXT-X-VERSION:6
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="audio",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio/media.m3u8"
        #EXT-X-STREAM-INF:BANDWIDTH=3792000,AVERAGE-BANDWIDTH=3160000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO="audio",CLOSED-CAPTIONS=NONE
        720p/media.m3u8
        #EXT-X-STREAM-INF:BANDWIDTH=1152000,AVERAGE-BANDWIDTH=960000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.970,AUDIO="audio",CLOSED-CAPTIONS=NONE
        360p/media.m3u8
        #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=3619200,AVERAGE-BANDWIDTH=3016000,CODECS="avc1.64001f",RESOLUTION=1280x720,URI="720p/iframes.m3u8"
        #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=979200,AVERAGE-BANDWIDTH=816000,CODECS="avc1.64001f",RESOLUTION=640x360,URI="360p/iframes.m3u8"
        "#);
    }

    #[test]
    fn a_prefix_goes_before_every_address_and_nothing_else() {
        let text = multivariant(&unstarted(ladder()).each_ref());
        let prefixed = with_prefix(&text, "~T/");
        assert_eq!(prefixed.matches("~T/").count(), 5);
        assert!(
            prefixed.contains("\n~T/720p/media.m3u8\n") && prefixed.contains("URI=\"~T/audio/media.m3u8\"")
        );
        assert_eq!(prefixed.replace("~T/", ""), text);
    }

    #[test]
    fn ts_has_audio_in_each_variant() {
        let [high, low, audio] = ladder();
        insta::assert_snapshot!(ts_multivariant(&[&high, &low], Some(&audio)), @r#"
        #EXTM3U
        #EXT-X-VERSION:6
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-STREAM-INF:BANDWIDTH=4058208,AVERAGE-BANDWIDTH=3381840,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,CLOSED-CAPTIONS=NONE
        720p/media.m3u8
        #EXT-X-STREAM-INF:BANDWIDTH=1339008,AVERAGE-BANDWIDTH=1115840,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.970,CLOSED-CAPTIONS=NONE
        360p/media.m3u8
        "#);
    }

    /// Without the I-frame playlists, which have bit rates of their own.
    fn of_variants(snapshot: &Snapshot) -> String {
        let text = multivariant(&[snapshot]);
        text.lines().filter(|line| !line.starts_with("#EXT-X-I-FRAME")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_measured_peak_raises_what_is_declared_and_a_quiet_slate_does_not_lower_it() {
        let stream_inf = |unit_bytes| {
            let from = fixture::video_720p().grid.segment_start(fixture::MSN);
            let until = from + Ticks::from_secs(4);
            of_variants(&fixture::window_of_size(fixture::video_720p(), from, until, unit_bytes))
        };
        let (unmeasured, slate) = (of_variants(&fixture::video_window(0, 0)), stream_inf(100));
        assert_eq!(slate, unmeasured);
        assert!(slate.contains("BANDWIDTH=3619200,AVERAGE-BANDWIDTH=3016000,"), "{slate}");
        // 30 units of 20,004 bytes a second, and the boxes of ten chunks.
        let dear = stream_inf(20_000);
        assert!(dear.contains("BANDWIDTH=48") && !dear.contains("AVERAGE-BANDWIDTH=3016000"), "{dear}");
    }

    #[test]
    fn b4_4_6_2_frame_rates_have_three_decimals() {
        let written = FrameRate::ALL.map(frame_rate);
        let expected = ["24.000", "25.000", "30.000", "50.000", "60.000", "23.976", "29.970", "59.940"];
        assert_eq!(written, expected);
    }

    #[test]
    fn an_independent_parser_reads_both() {
        let [high, low, audio] = ladder();
        let ts = ts_multivariant(&[&high, &low], Some(&audio));
        for text in [multivariant(&unstarted([high, low, audio]).each_ref()), ts] {
            let (rest, playlist) = m3u8_rs::parse_master_playlist(text.as_bytes()).unwrap();
            assert!(rest.is_empty() && playlist.independent_segments);
            let (iframes, variants): (Vec<_>, Vec<_>) = playlist.variants.iter().partition(|v| v.is_i_frame);
            assert_eq!(variants.len(), 2);
            assert!(iframes.iter().all(|iframe| iframe.uri.ends_with("/iframes.m3u8")));
            assert_eq!(playlist.variants[1].uri, "360p/media.m3u8");
            assert_eq!(playlist.variants[0].codecs.as_deref(), Some("avc1.64001f,mp4a.40.2"));
            assert!(playlist.unknown_tags.is_empty(), "{:?}", playlist.unknown_tags);
        }
    }
}

use super::*;
use crate::fixture;
use crate::time::{FrameRate, Msn};

const SETTINGS: Settings<'_> = Settings {
    publish_time: Ticks::from_millis(1_795_358_340_000),
    time_shift: Ticks::from_secs(60),
    target_latency: Ticks::from_millis(1000),
    production_delay: Ticks::ZERO,
    update_period: UPDATED_SELDOM,
    time_url: "/time",
};

fn ladder(rate: FrameRate) -> [Rendition; 3] {
    let low = fixture::video("360p", 640, 360, rate, 800_000);
    [fixture::video("720p", 1280, 720, rate, 3_000_000), low, fixture::audio(rate)]
}

fn always(renditions: Vec<&Rendition>) -> Period<'_> {
    Period { first: Era::OPEN, renditions }
}

fn manifest(rate: FrameRate) -> String {
    let [high, low, audio] = ladder(rate);
    mpd(&[always(vec![&high, &low, &audio])], &SETTINGS)
}

#[test]
fn a_whole_manifest() {
    insta::assert_snapshot!(manifest(FrameRate::FPS_30), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011,http://www.dashif.org/guidelines/low-latency-live-v5" type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z" publishTime="2026-11-22T14:39:00.000Z" minimumUpdatePeriod="PT60.0S" minBufferTime="PT0.5S" timeShiftBufferDepth="PT60.0S" suggestedPresentationDelay="PT1.0S" maxSegmentDuration="PT2.0S">
      <ServiceDescription id="0">
        <Latency referenceId="1" target="1000" min="750" max="2000"/>
        <PlaybackRate min="0.96" max="1.04"/>
      </ServiceDescription>
      <Period id="live" start="PT0.0S">
        <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1" par="16:9" maxWidth="1280" maxHeight="720" maxFrameRate="30">
          <ProducerReferenceTime id="1" inband="true" type="captured" wallClockTime="1970-01-01T00:00:00Z" presentationTime="0">
            <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="/time"/>
          </ProducerReferenceTime>
          <Resync type="1" dT="360000" marker="true"/>
          <Resync type="0" dT="36000" marker="true"/>
          <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
          <Representation id="720p" codecs="avc1.64001f" bandwidth="3619200" width="1280" height="720" frameRate="30" sar="1:1">
            <SegmentTemplate timescale="360000" duration="720000" startNumber="0" presentationTimeOffset="0" availabilityTimeOffset="1.9" availabilityTimeComplete="false" initialization="$RepresentationID$/init-0badcafe.mp4" media="$RepresentationID$/$Number$.m4s"/>
          </Representation>
          <Representation id="360p" codecs="avc1.64001f" bandwidth="979200" width="640" height="360" frameRate="30" sar="1:1">
            <SegmentTemplate timescale="360000" duration="720000" startNumber="0" presentationTimeOffset="0" availabilityTimeOffset="1.9" availabilityTimeComplete="false" initialization="$RepresentationID$/init-0badcafe.mp4" media="$RepresentationID$/$Number$.m4s"/>
          </Representation>
        </AdaptationSet>
        <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" segmentAlignment="true" startWithSAP="1">
          <ProducerReferenceTime id="2" inband="true" type="captured" wallClockTime="1970-01-01T00:00:00Z" presentationTime="0">
            <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="/time"/>
          </ProducerReferenceTime>
          <Resync type="1" dT="43680" marker="true"/>
          <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
          <Representation id="audio" codecs="mp4a.40.2" bandwidth="172800" audioSamplingRate="48000">
            <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
            <SegmentTemplate timescale="360000" duration="720000" startNumber="0" presentationTimeOffset="0" availabilityTimeOffset="1.878667" availabilityTimeComplete="false" initialization="$RepresentationID$/init-0deafbed.mp4" media="$RepresentationID$/$Number$.m4s"/>
          </Representation>
        </AdaptationSet>
      </Period>
      <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="/time"/>
      <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time"/>
    </MPD>
    "#);
}

#[test]
fn an_independent_parser_reads_every_rate() {
    for rate in FrameRate::ALL {
        let mpd = dash_mpd_core::parse(&manifest(rate)).unwrap();
        assert_eq!(mpd.mpdtype.as_deref(), Some("dynamic"));
        assert_eq!(mpd.ServiceDescription[0].Latency[0].target, Some(1000.0));
        assert_eq!(mpd.UTCTiming.len(), 2);
        let sets = &mpd.periods[0].adaptations;
        let template = sets[0].representations[1].SegmentTemplate.as_ref().unwrap();
        let seconds = template.duration.unwrap() / template.timescale.unwrap() as f64;
        let expected = Grid::for_rate(rate).segment_duration().as_secs_f64();
        assert!((seconds - expected).abs() < 1e-9, "{rate}: {seconds}");
        assert_eq!(template.availabilityTimeComplete, Some(false));
        assert_eq!(sets[1].representations[0].audioSamplingRate.as_deref(), Some("48000"));
        assert_eq!(sets[0].ProducerReferenceTime[0].id.as_deref(), Some("1"));
    }
}

#[test]
fn a_player_computes_the_numbers_of_the_grid() {
    for rate in FrameRate::ALL {
        let grid = Grid::for_rate(rate);
        for msn in [Msn(0), fixture::MSN, Msn(2_000_000_000)] {
            let start = i128::from(grid.segment_start(msn).0);
            let duration = i128::from(grid.segment_duration().0);
            assert_eq!(start / duration, i128::from(msn.0), "{rate}");
        }
    }
}

#[test]
fn a_segment_is_announced_when_its_first_chunk_is_there() {
    let offsets = |rate, delay_ms| {
        let settings = Settings { production_delay: Ticks::from_millis(delay_ms), ..SETTINGS };
        let [high, _, audio] = ladder(rate);
        [high, audio].map(|r| Seconds(availability_time_offset(&r, &settings)).to_string())
    };
    assert_eq!(offsets(FrameRate::FPS_30, 0), ["1.9", "1.878667"]);
    assert_eq!(offsets(FrameRate::FPS_30, 150), ["1.75", "1.728667"]);
    assert_eq!(offsets(FrameRate::new(25, 1).unwrap(), 0), ["1.88", "1.878667"]);
    assert_eq!(offsets(FrameRate::FPS_30, 5000), ["0.0", "0.0"]);
}

#[test]
fn a_base_url_is_read_by_an_independent_parser() {
    let parsed = dash_mpd_core::parse(&with_base_url(&manifest(FrameRate::FPS_30), "~T/")).unwrap();
    assert_eq!(parsed.base_url[0].base, "~T/");
    assert_eq!(parsed.periods[0].adaptations.len(), 2);
}

#[test]
fn a_channel_without_sound_has_one_set() {
    let [high, ..] = ladder(FrameRate::FPS_30);
    let parsed = dash_mpd_core::parse(&mpd(&[always(vec![&high])], &SETTINGS)).unwrap();
    assert_eq!(parsed.periods[0].adaptations.len(), 1);
}

#[test]
fn an_era_is_a_period_with_the_same_numbers_and_times() {
    let [high, _, audio] = ladder(FrameRate::FPS_30);
    let other = Rendition { init_name: "init-0000beef.mp4".into(), ..high.clone() };
    let next = Period { first: fixture::MSN, renditions: vec![&other, &audio] };
    let text = mpd(&[always(vec![&high, &audio]), next], &SETTINGS);
    let parsed = dash_mpd_core::parse(&text).unwrap();
    assert_eq!(parsed.periods.len(), 2);
    let start = Duration(high.grid.segment_start(fixture::MSN)).to_string();
    assert!(text.contains(&format!("<Period id=\"live-{}\" start=\"{start}\">", fixture::MSN)), "{text}");
    let numbers = format!(
        "startNumber=\"{}\" presentationTimeOffset=\"{}\"",
        fixture::MSN,
        high.grid.segment_start(fixture::MSN).0
    );
    assert_eq!(text.matches(&numbers).count(), 2, "{text}");
    assert_eq!(text.matches("init-0000beef.mp4").count(), 1);
}

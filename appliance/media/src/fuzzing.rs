//! Bodies for fuzzers: each takes any bytes, and panics when something that must hold does not. `tests/corpus.rs` runs them
//! over the committed corpus and damaged copies of it; the crate in `fuzz/` runs them for as long as one likes. Nothing in
//! the product calls them.

use crate::codec::{aac, avcc, h264, sps};
use crate::grid::Latency;
use crate::hls::{
    BlockingRequest, Decision, RenditionReport, ServerControl, Skip, decide, decide_iframes, media_playlist,
};
use crate::judge::read::boxes::{read_header, read_media};
use crate::judge::read::m3u8::Playlist;
use crate::judge::read::manifest::Element;
use crate::judge::read::transport::Transport;
use crate::link::{self, FromWorker, ToWorker};
use crate::packager::{Pushed, RenditionPackager, WindowLimits};
use crate::testing::{audio_rendition_on, units, video_rendition_on};
use crate::time::{FrameRate, Ticks};
use crate::uri::Media;
use crate::window::{Segment, Snapshot};
use bytes::BytesMut;
use std::sync::{Arc, OnceLock};

const START: Ticks = Ticks::from_secs(1_780_000_000);

const fn limits(listed_step: u64) -> WindowLimits {
    WindowLimits { listed_segments: 3, kept_segments: 6, listed_step }
}

/// What a viewer's address says: the query of a blocking request, and the name of a file.
pub fn fuzz_requests(bytes: &[u8]) {
    static WINDOW: OnceLock<Arc<Snapshot>> = OnceLock::new();
    let window = WINDOW.get_or_init(|| {
        let rendition = Arc::new(video_rendition_on(FrameRate::FPS_30, Latency::Standard));
        let mut packager = RenditionPackager::new(rendition.clone(), limits(1));
        for unit in units(&rendition, START).take(200) {
            packager.push(unit).expect("generated units are well-formed");
        }
        packager.snapshot()
    });
    let text = String::from_utf8_lossy(bytes);
    if let Ok(request) = BlockingRequest::parse(&text) {
        assert!(request.part.is_none() || request.msn.is_some(), "a part without its segment");
        for decision in [decide(window, &request), decide_iframes(window, &request)] {
            assert!(
                request.msn.is_some() || matches!(decision, Decision::Serve),
                "{request:?}: {decision:?}"
            );
        }
    }
    if let Some(media) = Media::parse(&text) {
        assert_eq!(media.to_string(), text, "one address has two spellings");
    }
}

/// What encoders and publishers say of their media.
pub fn fuzz_codecs(bytes: &[u8]) {
    let _ = sps::Sps::parse(bytes);
    let _ = avcc::parse(bytes);
    if let Ok(config) = aac::AudioSpecificConfig::parse(bytes) {
        let again =
            aac::AudioSpecificConfig::parse(&config.to_bytes()).expect("our own configuration can be read");
        assert_eq!((config.sample_rate(), config.channels()), (again.sample_rate(), again.channels()));
    }
    let _ = aac::parse_adts(bytes);
    let prefixed = h264::annexb_to_length_prefixed(bytes);
    let nals: usize = h264::nals_length_prefixed(&prefixed).map(|nal| nal.len() + 4).sum();
    assert_eq!(nals, prefixed.len(), "bytes between NAL units");
    let _ = h264::parameter_sets_of_annexb(bytes);
    let _ = h264::kind_of_sample(bytes);
}

/// The link between daemon and worker, in both directions.
pub fn fuzz_link(bytes: &[u8]) {
    let mut buffer = BytesMut::from(bytes);
    while let Ok(Some(_)) = link::take::<ToWorker>(&mut buffer) {}
    let mut buffer = BytesMut::from(bytes);
    while let Ok(Some(_)) = link::take::<FromWorker>(&mut buffer) {}
}

/// The judge's readers, whatever a channel sends.
pub fn fuzz_judge(bytes: &[u8]) {
    let playlist = Playlist::read(bytes);
    assert!(playlist.segments.iter().all(|segment| segment.lines.end <= playlist.lines.len()));
    let header = read_header(bytes).unwrap_or_default();
    let media = read_media(bytes, &header);
    assert!(media.fragments.iter().all(|fragment| fragment.at < bytes.len()));
    let transport = Transport::read(bytes);
    assert!(transport.packets.iter().all(|packet| packet.at < bytes.len()));
    let _ = Element::read(bytes);
}

/// Operations of one run: more find nothing new, and take their time.
const OPERATIONS_MAX: usize = 24;

/// Access units that come, are lost, come twice and jump, as operations: two bits say which, six how many. The window keeps
/// its promises whatever comes (see [`packager`](crate::packager)).
pub fn fuzz_window(bytes: &[u8]) {
    let Some((first, operations)) = bytes.split_first() else { return };
    let (rate, low) = (FrameRate::ALL[usize::from(first >> 2) % 8], first & 1 != 0);
    let latency = if low { Latency::Low } else { Latency::Standard };
    let video = first & 2 == 0;
    let rendition = if video { video_rendition_on(rate, latency) } else { audio_rendition_on(rate, latency) };
    let rendition = Arc::new(rendition);
    let listed_step = if first & 0x20 == 0 { 1 } else { 2 };
    let mut packager = RenditionPackager::new(rendition.clone(), limits(listed_step));
    let mut next = START;
    let mut before = packager.snapshot();
    for operation in operations.iter().take(OPERATIONS_MAX) {
        let count = i64::from(operation & 0x3F) + 1;
        match operation >> 6 {
            0 => next += rendition.unit_duration * count,
            1 => next = next - rendition.unit_duration * count,
            2 => next += rendition.grid.segment_duration() * count,
            _ => {}
        }
        let from = next;
        for unit in units(&rendition, from).take(usize::try_from(count).unwrap_or(0)) {
            next = unit.dts + unit.duration;
            if let Ok(Pushed::Published(update)) = packager.push(unit) {
                let (was, is) = (before.listed_from, update.snapshot.listed_from);
                assert!(is >= was, "the list went back from {was} to {is}");
                kept(&update.snapshot, &before);
                before = update.snapshot;
            }
        }
        promises(&before);
    }
}

/// What is complete stays as it was.
fn kept(now: &Snapshot, before: &Snapshot) {
    for old in before.segments.iter().filter(|old| old.complete) {
        let Some(same) = now.segment(old.msn) else { continue };
        let facts = |segment: &Segment| (segment.start, segment.duration, segment.gap, segment.parts.len());
        assert_eq!(facts(old), facts(same), "{:?}", old.msn);
    }
}

/// Numbers are consecutive, each part and unit follows the one before, and the playlist lists what there is.
fn promises(now: &Snapshot) {
    let numbers: Vec<u64> = now.segments.iter().map(|segment| segment.msn.0).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    for segment in &now.segments {
        let starts: Vec<_> = segment.units().map(|(sample, _)| (sample.dts, sample.duration)).collect();
        assert!(starts.windows(2).all(|pair| pair[0].0 + pair[0].1 == pair[1].0), "{starts:?}");
        let indices: Vec<u32> = segment.parts.iter().map(|part| part.index.0).collect();
        assert!(indices.iter().copied().eq(0..indices.len() as u32), "{indices:?}");
        assert!(!segment.gap || segment.parts.is_empty(), "a gap with media");
        assert!(!segment.complete || segment.duration > Ticks::ZERO);
    }
    let control = ServerControl::for_renditions([now.rendition.as_ref()]);
    let reports = RenditionReport::of_others([now], "another");
    for skip in [Skip::No, Skip::Yes] {
        let text = media_playlist(now, &reports, &control, skip);
        let read = Playlist::read(text.as_bytes());
        let listed = now.listed().filter(|segment| segment.complete).count();
        assert_eq!(read.complete().count() + usize::try_from(read.skipped).unwrap_or(0), listed, "{text}");
    }
}

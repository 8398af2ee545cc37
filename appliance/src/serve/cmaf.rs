//! The routes of LL-HLS and LL-DASH: one URL and one set of bytes for both.
//!
//! Two delivery rules for the same media: an LL-HLS part is sent only when it is whole
//! (draft-pantos-hls-rfc8216bis 6.2.6), an LL-DASH segment in flight is sent chunk by chunk as it lands.

use super::live::{Feed, Live, Programme, Published, Rendered};
use super::reply::{self, Answer, Keep, Refusal, late};
use super::wait::{self, Waited, wait_for};
use super::{Serving, door, starting};
use crate::clock::House;
use crate::dvr::archive::Found;
use crate::dvr::block_file;
use crate::limits;
use crate::metrics::channel::{ChannelMeter, EarlyOutcome, HoldOutcome};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use media::dash;
use media::hls::{self, BlockingRequest, Decision, Skip, decide, decide_iframes};
use media::time::{Msn, PartIndex, Ticks};
use media::uri::Media;
use media::window::{Segment, Snapshot};
use std::cell::Cell;
use std::convert::Infallible;
use std::sync::Arc;
use tracing::warn;

fn feed<'a>(programme: &'a Programme, rendition: &str) -> Result<&'a Feed, Refusal> {
    let missing = || reply::not_found(format!("This channel has no rendition \"{rendition}\"."));
    programme.feed(rendition).ok_or_else(missing)
}

/// `GET /live/CHANNEL/master.m3u8`
pub async fn multivariant(
    request: HttpRequest,
    serving: web::Data<Serving>,
    channel: web::Path<String>,
) -> Answer {
    let programme = serving.programme(&channel)?;
    let text = door::carry_token(&request, programme.multivariant(), hls::with_prefix);
    Ok(reply::text(&request, &text, reply::M3U8, Keep::Setup))
}

/// `GET /live/CHANNEL/manifest.mpd`; that of a channel which has just begun is held until it can be played.
pub async fn manifest(
    request: HttpRequest,
    serving: web::Data<Serving>,
    channel: web::Path<String>,
) -> Answer {
    let programme = serving.programme(&channel)?;
    let house = serving.house;
    if let Some(feed) = programme.feeds.first() {
        let deadline = house.now() + limits::YOUNG_MANIFEST_MAX;
        let look = |_: &Arc<Snapshot>| programme.is_playable(house.now()).then_some(());
        if wait_for(feed.edge(), house, deadline, look).await != Waited::Ready(()) {
            return Err(starting(&channel));
        }
    }
    let text = door::carry_token(&request, programme.manifest(house.now()), dash::with_base_url);
    Ok(reply::text(&request, &text, reply::MPD, Keep::Setup))
}

/// One of the playlists that a rendition has.
struct Kind {
    decide: fn(&Snapshot, &BlockingRequest) -> Decision,
    text: fn(&Published, Skip) -> &Rendered,
}

/// `GET /live/CHANNEL/RENDITION/media.m3u8`, with `_HLS_msn`, `_HLS_part` and `_HLS_skip` (6.2.5).
pub async fn playlist(
    request: HttpRequest,
    serving: web::Data<Serving>,
    path: web::Path<(String, String)>,
) -> Answer {
    let (live, programme) = (serving.live(&path.0)?, serving.programme(&path.0)?);
    let kind = Kind { decide, text: Published::playlist };
    blocking(&request, &serving, &live, feed(&programme, &path.1)?, kind).await
}

/// `GET /live/CHANNEL/RENDITION/iframes.m3u8`, with the same directives in its own numbers.
pub async fn iframes(
    request: HttpRequest,
    serving: web::Data<Serving>,
    path: web::Path<(String, String)>,
) -> Answer {
    let (live, programme) = (serving.live(&path.0)?, serving.programme(&path.0)?);
    let feed = feed(&programme, &path.1)?;
    if !feed.rendition.is_video() {
        return Err(reply::not_found(format!("Rendition \"{}\" has no pictures.", path.1)));
    }
    let kind = Kind { decide: decide_iframes, text: Published::iframe_playlist };
    blocking(&request, &serving, &live, feed, kind).await
}

async fn blocking(request: &HttpRequest, serving: &Serving, live: &Live, feed: &Feed, kind: Kind) -> Answer {
    // B.1: what a blocking request gets is kept for longer, an error too; it would be the same for all who ask.
    let numbered = |refusal: Refusal| refusal.kept(Keep::NumberedRefusal);
    let bad = |why: String| numbered(reply::refusal(StatusCode::BAD_REQUEST, why));
    let wanted = BlockingRequest::parse(request.query_string()).map_err(|error| bad(error.to_string()))?;
    let now = serving.house.now();
    let deadline = now + limits::BLOCKED_PLAYLIST_MAX;
    let waited = Cell::new(false);
    let hold = wanted.msn.map(|_| Hold::new(&live.meter, serving.house, now));
    let look = |published: &Arc<Published>| match (kind.decide)(&published.snapshot, &wanted) {
        Decision::Serve => Some(Ok(published.clone())),
        Decision::Wait { .. } => {
            waited.set(true);
            None
        }
        Decision::BadRequest(why) => Some(Err(bad(why.to_string()))),
    };
    match wait_for(feed.published(), serving.house, deadline, look).await {
        Waited::Ready(Ok(published)) => {
            Hold::end(hold, if waited.get() { HoldOutcome::Released } else { HoldOutcome::ServedAtOnce });
            let keep = if wanted.msn.is_some() { Keep::Numbered } else { Keep::Moving };
            Ok(reply::text(request, (kind.text)(&published, wanted.skip), reply::M3U8, keep))
        }
        Waited::Ready(Err(refusal)) => {
            Hold::end(hold, HoldOutcome::BadRequest);
            Err(refusal)
        }
        // 6.2.5.2: a request that is still blocked after three target durations SHOULD be answered by 503.
        ended @ (Waited::TimedOut | Waited::Gone) => {
            let gone = matches!(ended, Waited::Gone);
            Hold::end(hold, if gone { HoldOutcome::Gone } else { HoldOutcome::TimedOut });
            let late = late("The playlist did not reach what was asked for in time.");
            Err(if wanted.msn.is_some() { numbered(late) } else { late })
        }
    }
}

/// A blocked request on the books; one that is dropped before it ends was given up by its viewer.
struct Hold<'a> {
    meter: &'a ChannelMeter,
    house: House,
    since: Ticks,
    outcome: HoldOutcome,
}

impl<'a> Hold<'a> {
    fn new(meter: &'a ChannelMeter, house: House, since: Ticks) -> Self {
        Self { meter, house, since, outcome: HoldOutcome::Gone }
    }

    fn end(hold: Option<Self>, outcome: HoldOutcome) {
        if let Some(mut hold) = hold {
            hold.outcome = outcome;
        }
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.meter.held(self.outcome, self.house.now() - self.since);
    }
}

/// One request for media, and where to look for it.
struct Asked<'a> {
    channel: &'a str,
    request: &'a HttpRequest,
    serving: &'a Serving,
    live: &'a Arc<Live>,
    feed: &'a Feed,
}

/// `GET /live/CHANNEL/RENDITION/NAME`: a CMAF header, a segment or a part.
pub async fn file(
    request: HttpRequest,
    serving: web::Data<Serving>,
    path: web::Path<(String, String, String)>,
) -> Answer {
    let (channel, rendition, name) = path.into_inner();
    let live = serving.live(&channel)?;
    let programme = serving.programme(&channel)?;
    let feed = feed(&programme, &rendition)?;
    let asked = Asked { channel: &channel, request: &request, serving: &serving, live: &live, feed };
    match Media::parse(&name) {
        Some(Media::Segment(msn)) => asked.segment(msn).await,
        Some(Media::Part(msn, index)) => asked.part(msn, index).await,
        None if let Some(header) = feed.header(&name) => Ok(asked.whole(vec![header])),
        None if name.starts_with("init-") => {
            Err(reply::not_found("This header belongs to another configuration; load the playlist again."))
        }
        Some(Media::Ts(_)) | None => Err(reply::not_found(format!("There is no \"{name}\" here."))),
    }
}

impl Asked<'_> {
    fn content_type(&self) -> &'static str {
        if self.feed.rendition.is_video() { "video/mp4" } else { "audio/mp4" }
    }

    fn whole(&self, pieces: Vec<Bytes>) -> HttpResponse {
        reply::pieces(self.request, self.content_type(), pieces)
    }

    /// Whole parts only; the hinted one is waited for.
    async fn part(&self, msn: Msn, index: PartIndex) -> Answer {
        let house = self.serving.house;
        let deadline = house.now() + limits::HINTED_PART_MAX;
        let look = |snapshot: &Arc<Snapshot>| look_for_part(snapshot, msn, index);
        match wait_for(self.feed.edge(), house, deadline, look).await {
            Waited::Ready(FoundPart::Part(chunks)) => Ok(self.whole(chunks)),
            Waited::Ready(FoundPart::Passed) => {
                Err(reply::not_found(format!("Part {index} of segment {msn} is not available.")))
            }
            Waited::Ready(FoundPart::Ahead) => {
                let why = format!("Part {index} of segment {msn} is not available yet.");
                Err(reply::not_found(why).kept(Keep::Not))
            }
            Waited::TimedOut | Waited::Gone => {
                Err(reply::not_found(format!("Part {index} of segment {msn} never came.")))
            }
        }
    }

    /// Whole when it is complete, else streamed as it lands.
    async fn segment(&self, msn: Msn) -> Answer {
        let snapshot = self.feed.snapshot();
        if let Some(segment) = snapshot.segment(msn) {
            return self.started(segment);
        }
        let oldest = snapshot.segments.first().map(|segment| segment.msn);
        if oldest.is_some_and(|oldest| msn < oldest) {
            if let Some(found) = self.feed.past(msn) {
                return self.past(msn, found).await;
            }
            return Err(reply::gone(format!("Segment {msn} is no longer kept.")));
        }
        self.early(msn).await
    }

    /// A segment that has left the live window.
    async fn past(&self, msn: Msn, found: Found) -> Answer {
        let extent = match found {
            Found::Memory(segment) => return self.started(&segment),
            Found::Disk(extent) => extent,
            Found::Nothing => return Err(reply::not_found(format!("There is no media for segment {msn}."))),
        };
        let file = block_file::open(&extent).await.map_err(|error| {
            warn!(path = %extent.path.display(), %error, "a segment of the past cannot be read");
            reply::gone(format!("Segment {msn} is no longer kept."))
        })?;
        Ok(reply::ranged(self.request, self.content_type(), extent.len, |span| {
            block_file::read(file, extent.offset + span.from, span.len)
        }))
    }

    fn started(&self, segment: &Segment) -> Answer {
        if segment.gap {
            return Err(reply::not_found(format!("Segment {} is a gap.", segment.msn)));
        }
        if segment.complete {
            return Ok(self.whole(segment.chunks().map(|chunk| chunk.bytes.clone()).collect()));
        }
        // Nobody knows its length yet, so that no range of it but the whole can be told (RFC 9110 14.2 lets us
        // ignore Range), and a HEAD request needs no body to wait for.
        let mut reply = reply::media(self.content_type(), Keep::Numbered);
        if self.request.method() == Method::HEAD {
            return Ok(reply.streaming(stream::empty::<Result<Bytes, Infallible>>()));
        }
        let edge = self.feed.edge();
        let body = wait::in_flight(edge, self.serving.house, segment.msn, limits::IN_FLIGHT_PROGRESS_MAX);
        let reader = InFlight::new(self.live.clone());
        Ok(reply.streaming(body.inspect(move |_| reader.reads())))
    }

    /// A request up to one chunk early is held; an earlier one is 404 and kept by nobody.
    async fn early(&self, msn: Msn) -> Answer {
        let begins = self.feed.rendition.grid.segment_start(msn);
        let now = self.serving.house.now();
        if let Some(said) = door::cmcd(self.request.query_string(), self.request.headers()) {
            self.serving.metrics.audience().early(self.channel, said);
        }
        // The first chunk is due one chunk after the segment begins: that is when the manifest announces it.
        let held_from = begins;
        if now < held_from {
            self.live.meter.early(EarlyOutcome::NotFound);
            let why = format!("Segment {msn} is not available yet.");
            return Err(reply::not_found(why).kept(Keep::Not));
        }
        if now > begins + limits::LATE_SEGMENT_MAX {
            return Err(reply::not_found(format!("Segment {msn} is not available now.")));
        }
        self.live.meter.early(EarlyOutcome::Held);
        let deadline = now + limits::IN_FLIGHT_PROGRESS_MAX;
        let look = |snapshot: &Arc<Snapshot>| snapshot.segment(msn).cloned();
        match wait_for(self.feed.edge(), self.serving.house, deadline, look).await {
            Waited::Ready(segment) => self.started(&segment),
            Waited::TimedOut | Waited::Gone => Err(late("The segment is late.")),
        }
    }
}

/// One more reader of a segment that is being made, for as long as its body lives.
struct InFlight(Arc<Live>);

impl InFlight {
    fn new(live: Arc<Live>) -> Self {
        live.meter.in_flight.inc();
        Self(live)
    }

    /// Moves the count into the body that calls this.
    fn reads(&self) {}
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.meter.in_flight.dec();
    }
}

enum FoundPart {
    Part(Vec<Bytes>),
    /// It has not been hinted at yet.
    Ahead,
    /// It does not exist, or no longer.
    Passed,
}

/// `None`: it is hinted and still to come.
fn look_for_part(snapshot: &Snapshot, msn: Msn, index: PartIndex) -> Option<FoundPart> {
    if let Some(part) = snapshot.part(msn, index).filter(|part| part.complete) {
        return Some(FoundPart::Part(part.chunks.iter().map(|chunk| chunk.bytes.clone()).collect()));
    }
    match media::hls::media::next_part(snapshot) {
        Some(hinted) if hinted == (msn, index) => None,
        Some(hinted) if hinted > (msn, index) => Some(FoundPart::Passed),
        _ => Some(FoundPart::Ahead),
    }
}

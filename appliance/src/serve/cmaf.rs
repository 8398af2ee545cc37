//! The routes of LL-HLS and LL-DASH: one URL and one set of bytes for both.
//!
//! Two delivery rules for the same media: an LL-HLS part is sent only when it is whole
//! (draft-pantos-hls-rfc8216bis 6.2.6), an LL-DASH segment in flight is sent chunk by chunk as it lands.

use super::live::{Feed, Programme, Published};
use super::reply::{self, Answer, Keep, Refusal, late};
use super::wait::{self, Waited, wait_for};
use super::{Serving, door};
use crate::limits;
use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::stream;
use media::dash;
use media::hls::{self, BlockingRequest, Decision, decide};
use media::time::{Msn, PartIndex};
use media::uri::Media;
use media::window::{Rendition, Segment, Snapshot};
use std::convert::Infallible;
use std::sync::Arc;

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

/// `GET /live/CHANNEL/manifest.mpd`
pub async fn manifest(
    request: HttpRequest,
    serving: web::Data<Serving>,
    channel: web::Path<String>,
) -> Answer {
    let programme = serving.programme(&channel)?;
    let text = door::carry_token(&request, programme.mpd.clone(), dash::with_base_url);
    Ok(reply::text(&request, &text, reply::MPD, Keep::Setup))
}

/// `GET /live/CHANNEL/RENDITION/media.m3u8`, with `_HLS_msn`, `_HLS_part` and `_HLS_skip` (6.2.5).
pub async fn playlist(
    request: HttpRequest,
    serving: web::Data<Serving>,
    path: web::Path<(String, String)>,
) -> Answer {
    let programme = serving.programme(&path.0)?;
    let feed = feed(&programme, &path.1)?;
    let bad = |why: String| reply::refusal(StatusCode::BAD_REQUEST, why);
    let wanted = BlockingRequest::parse(request.query_string()).map_err(|error| bad(error.to_string()))?;
    let deadline = serving.house.now() + limits::BLOCKED_PLAYLIST_MAX;
    let look = |published: &Arc<Published>| match decide(&published.snapshot, &wanted) {
        Decision::Serve => Some(Ok(published.clone())),
        Decision::Wait { .. } => None,
        Decision::BadRequest(why) => Some(Err(bad(why.to_string()))),
    };
    match wait_for(feed.published(), serving.house, deadline, look).await {
        Waited::Ready(Ok(published)) => {
            let keep = if wanted.msn.is_some() { Keep::Numbered } else { Keep::Moving };
            Ok(reply::text(&request, published.playlist(wanted.skip), reply::M3U8, keep))
        }
        Waited::Ready(Err(refusal)) => Err(refusal),
        // 6.2.5.2: a request that is still blocked after three target durations SHOULD be answered by 503.
        Waited::TimedOut | Waited::Gone => {
            Err(late("The playlist did not reach what was asked for in time."))
        }
    }
}

fn content_type(rendition: &Rendition) -> &'static str {
    if rendition.is_video() { "video/mp4" } else { "audio/mp4" }
}

/// `GET /live/CHANNEL/RENDITION/NAME`: a CMAF header, a segment or a part.
pub async fn file(serving: web::Data<Serving>, path: web::Path<(String, String, String)>) -> Answer {
    let (channel, rendition, name) = path.into_inner();
    let programme = serving.programme(&channel)?;
    let feed = feed(&programme, &rendition)?;
    match Media::parse(&name) {
        Some(Media::Segment(msn)) => segment_answer(&serving, feed, msn).await,
        Some(Media::Part(msn, index)) => part_answer(&serving, feed, msn, index).await,
        None if name == feed.rendition.init_name => {
            let header = feed.rendition.init.clone();
            Ok(reply::media(content_type(&feed.rendition), Keep::Numbered).body(header))
        }
        None if name.starts_with("init-") => {
            Err(reply::not_found("This header belongs to another configuration; load the playlist again."))
        }
        Some(Media::Ts(_)) | None => Err(reply::not_found(format!("There is no \"{name}\" here."))),
    }
}

/// Whole parts only; the hinted one is waited for.
async fn part_answer(serving: &Serving, feed: &Feed, msn: Msn, index: PartIndex) -> Answer {
    let deadline = serving.house.now() + limits::HINTED_PART_MAX;
    let look = |snapshot: &Arc<Snapshot>| look_for_part(snapshot, msn, index);
    match wait_for(feed.edge(), serving.house, deadline, look).await {
        Waited::Ready(Some(chunks)) => Ok(whole(&feed.rendition, chunks)),
        Waited::Ready(None) => {
            Err(reply::not_found(format!("Part {index} of segment {msn} is not available.")))
        }
        Waited::TimedOut | Waited::Gone => {
            Err(reply::not_found(format!("Part {index} of segment {msn} never came.")))
        }
    }
}

/// `None`: it is hinted and still to come. `Some(None)`: it does not exist.
#[expect(clippy::option_option, reason = "three answers: yes, no, not yet")]
fn look_for_part(snapshot: &Snapshot, msn: Msn, index: PartIndex) -> Option<Option<Vec<Bytes>>> {
    if let Some(part) = snapshot.part(msn, index).filter(|part| part.complete) {
        return Some(Some(part.chunks.iter().map(|chunk| chunk.bytes.clone()).collect()));
    }
    (media::hls::media::next_part(snapshot) != Some((msn, index))).then_some(None)
}

/// Several pieces as one body of known length, without copying them together.
fn whole(rendition: &Rendition, pieces: Vec<Bytes>) -> HttpResponse {
    let len = pieces.iter().map(|piece| piece.len() as u64).sum();
    let body = stream::iter(pieces.into_iter().map(Ok::<_, Infallible>));
    reply::media(content_type(rendition), Keep::Numbered).body(SizedStream::new(len, body))
}

/// Whole when it is complete, else streamed as it lands.
async fn segment_answer(serving: &Serving, feed: &Feed, msn: Msn) -> Answer {
    let snapshot = feed.snapshot();
    if let Some(segment) = snapshot.segment(msn) {
        return started(serving, feed, segment);
    }
    let oldest = snapshot.segments.first().map(|segment| segment.msn);
    if oldest.is_some_and(|oldest| msn < oldest) {
        return Err(reply::refusal(StatusCode::GONE, format!("Segment {msn} is no longer kept.")));
    }
    early(serving, feed, msn).await
}

fn started(serving: &Serving, feed: &Feed, segment: &Segment) -> Answer {
    if segment.gap {
        return Err(reply::not_found(format!("Segment {} is a gap.", segment.msn)));
    }
    if segment.complete {
        let chunks = segment.chunks().map(|chunk| chunk.bytes.clone()).collect();
        return Ok(whole(&feed.rendition, chunks));
    }
    let body = wait::in_flight(feed.edge(), serving.house, segment.msn, limits::IN_FLIGHT_PROGRESS_MAX);
    Ok(reply::media(content_type(&feed.rendition), Keep::Numbered).streaming(body))
}

/// A request up to one chunk early is held; an earlier one is 404 and kept by nobody.
async fn early(serving: &Serving, feed: &Feed, msn: Msn) -> Answer {
    let begins = feed.rendition.grid.segment_start(msn);
    let now = serving.house.now();
    // The first chunk is due one chunk after the segment begins: that is when the manifest announces it.
    let held_from = begins;
    if now < held_from || now > begins + limits::LATE_SEGMENT_MAX {
        return Err(reply::not_found(format!("Segment {msn} is not available now.")));
    }
    let deadline = now + limits::IN_FLIGHT_PROGRESS_MAX;
    let look = |snapshot: &Arc<Snapshot>| snapshot.segment(msn).cloned();
    match wait_for(feed.edge(), serving.house, deadline, look).await {
        Waited::Ready(segment) => started(serving, feed, &segment),
        Waited::TimedOut | Waited::Gone => Err(late("The segment is late.")),
    }
}

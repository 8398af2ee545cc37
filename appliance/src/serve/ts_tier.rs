//! The routes of the TS tier: H.264 and AAC in MPEG transport segments, multiplexed just in time.

use super::Serving;
use super::door;
use super::live::{Feed, Programme};
use super::reply::{self, Answer, Keep, Refusal, late};
use super::wait::{Waited, wait_for};
use crate::limits;
use actix_web::{HttpRequest, web};
use media::uri::Media;

/// `GET /live/CHANNEL/ts/master.m3u8`
pub async fn multivariant(
    request: HttpRequest,
    serving: web::Data<Serving>,
    channel: web::Path<String>,
) -> Answer {
    let programme = serving.programme(&channel)?;
    let text = door::carry_token(&request, programme.ts_multivariant.clone(), media::hls::with_prefix);
    Ok(reply::text(&request, &text, reply::M3U8, Keep::Setup))
}

fn video<'a>(programme: &'a Programme, rendition: &str) -> Result<&'a Feed, Refusal> {
    let missing = || reply::not_found(format!("There is no TS rendition \"{rendition}\"."));
    programme.feed(rendition).filter(|feed| feed.rendition.is_video()).ok_or_else(missing)
}

/// `GET /live/CHANNEL/ts/RENDITION/media.m3u8`
pub async fn playlist(
    request: HttpRequest,
    serving: web::Data<Serving>,
    path: web::Path<(String, String)>,
) -> Answer {
    let programme = serving.programme(&path.0)?;
    let feed = video(&programme, &path.1)?;
    // Players take a playlist without segments for an error: the first is waited for.
    let deadline = serving.house.now() + limits::BLOCKED_PLAYLIST_MAX;
    let look = |_: &_| feed.ts_playlist(programme.audio());
    match wait_for(feed.published(), serving.house, deadline, look).await {
        Waited::Ready(text) => Ok(reply::text(&request, &text, reply::M3U8, Keep::Moving)),
        Waited::TimedOut | Waited::Gone => Err(late("The channel has no media yet.")),
    }
}

/// `GET /live/CHANNEL/ts/RENDITION/NUMBER.ts`: only what is listed exists.
pub async fn segment(
    request: HttpRequest,
    serving: web::Data<Serving>,
    path: web::Path<(String, String, String)>,
) -> Answer {
    let (channel, rendition, name) = path.into_inner();
    let programme = serving.programme(&channel)?;
    let missing = || reply::not_found(format!("TS segment {name} is not available."));
    let Some(Media::Ts(number)) = Media::parse(&name) else { return Err(missing()) };
    let bytes = video(&programme, &rendition)?.ts_segment(number, programme.audio());
    Ok(reply::pieces(&request, reply::TS, vec![bytes.ok_or_else(missing)?]))
}

//! oEmbed (oembed.com): a page that is given the address of a watch page learns how to put the player into itself.

use crate::serve::Serving;
use crate::serve::reply::{self, Answer};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

/// As large as it is unless whoever asks wants less.
const WIDTH: u32 = 960;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    url: String,
    #[serde(default)]
    maxwidth: Option<u32>,
    #[serde(default)]
    maxheight: Option<u32>,
    #[serde(default)]
    format: Option<String>,
}

/// `GET /oembed?url=…`.
pub(super) async fn oembed(request: HttpRequest, serving: Data<Serving>, asked: Query<Asked>) -> Answer {
    if asked.format.as_deref().is_some_and(|format| format != "json") {
        return Err(reply::refusal(StatusCode::NOT_IMPLEMENTED, "There is JSON alone."));
    }
    let slug = slug_in(&asked.url).unwrap_or_default();
    if serving.catalogue.get(slug).is_none() {
        return Err(reply::not_found("This is no address of a channel that is on air."));
    }
    let (width, height) = size(asked.maxwidth, asked.maxheight);
    let info = request.connection_info();
    let src = super::escape(&format!("{}://{}/embed/{slug}", info.scheme(), info.host()));
    Ok(HttpResponse::Ok().json(serde_json::json!({
        "version": "1.0",
        "type": "video",
        "provider_name": "Forebay",
        "title": slug,
        "width": width,
        "height": height,
        "html": format!(
            "<iframe src=\"{src}\" width=\"{width}\" height=\"{height}\" allow=\"autoplay; fullscreen\" allowfullscreen></iframe>"
        ),
    })))
}

/// Of a watch page, or of the bare player.
fn slug_in(url: &str) -> Option<&str> {
    let path = url.split(['?', '#']).next()?;
    let (before, slug) = path.trim_end_matches('/').rsplit_once('/')?;
    (before.ends_with("/watch") || before.ends_with("/embed")).then_some(slug)
}

/// 16:9, within what is allowed.
fn size(width_max: Option<u32>, height_max: Option<u32>) -> (u32, u32) {
    let width = width_max.unwrap_or(WIDTH).min(WIDTH);
    let width = height_max.map_or(width, |height| width.min(height.saturating_mul(16) / 9));
    (width, width * 9 / 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_player_fits_what_is_allowed() {
        assert_eq!(size(None, None), (960, 540));
        assert_eq!(size(Some(640), Some(1000)), (640, 360));
        assert_eq!(size(Some(640), Some(180)), (320, 180));
        assert_eq!(size(Some(u32::MAX), Some(u32::MAX)), (960, 540));
    }

    #[test]
    fn the_channel_is_in_the_address() {
        assert_eq!(slug_in("http://box:8080/watch/hall?tier=ts"), Some("hall"));
        assert_eq!(slug_in("/embed/hall/"), Some("hall"));
        assert_eq!(slug_in("http://box/admin/hall"), None);
    }
}

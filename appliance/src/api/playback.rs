//! The calls about who may watch a channel: its protection, and tokens for it.

use super::ApiState;
use super::address::Base;
use super::problem::{self, ApiError, Kind};
use crate::limits::{ORIGIN_CHARS_MAX, ORIGINS_MAX, TOKEN_LIFE_DEFAULT, TOKEN_LIFE_MAX};
use crate::serve::access::{self, Access};
use crate::store::{Playback, has_doubles};
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, web};
use media::date::Utc;
use media::time::Ticks;
use std::collections::BTreeSet;
use std::net::IpAddr;

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = |path, methods| web::resource(path).default_service(problem::only(methods));
    config
        .service(
            resource("/channels/{slug}/playback", "GET, PUT")
                .route(web::get().to(show))
                .route(web::put().to(set)),
        )
        .service(resource("/channels/{slug}/tokens", "POST").route(web::post().to(mint)));
}

pub(super) fn shown(access: &Access) -> wire::Playback {
    wire::Playback {
        protected: access.secret.is_some(),
        renew_secret: false,
        allowed_origins: access.origins.iter().cloned().collect(),
        tiers: access.tiers.clone(),
    }
}

async fn show(state: Data<ApiState>, slug: Path<String>) -> Result<Json<wire::Playback>, ApiError> {
    Ok(Json(shown(&state.store.access(&slug).await?)))
}

async fn set(
    state: Data<ApiState>,
    slug: Path<String>,
    Json(wanted): Json<wire::Playback>,
) -> Result<Json<wire::Playback>, ApiError> {
    let wire::Playback { protected, renew_secret: renew, allowed_origins, tiers } = wanted;
    if has_doubles(&tiers) {
        let why = "a tier is named twice; name each once, the first choice first, or none for all";
        return Err(ApiError::new(Kind::Invalid, why).at("/tiers"));
    }
    let wanted = Playback { protected, renew, origins: checked_origins(allowed_origins)?, tiers };
    let access = state.store.set_playback(&slug, wanted).await?;
    state.bump();
    tracing::info!(channel = slug.as_str(), protected, renew, "playback changed");
    Ok(Json(shown(&access)))
}

fn checked_origins(origins: Vec<String>) -> Result<BTreeSet<String>, ApiError> {
    let invalid = |why: String| ApiError::new(Kind::Invalid, why).at("/allowed_origins");
    if origins.len() > ORIGINS_MAX {
        return Err(invalid(format!("a channel may have {ORIGINS_MAX} origins at most")));
    }
    let wrong = |origin: &String| !is_origin(origin);
    match origins.iter().position(wrong) {
        Some(at) => Err(ApiError::new(
            Kind::Invalid,
            "an origin is a scheme, a host in lower case and perhaps a port, without a path, such as https://www.example.org",
        )
        .at(format!("/allowed_origins/{at}"))),
        None => Ok(origins.into_iter().collect()),
    }
}

/// As browsers write it (RFC 6454, 6.2).
pub(crate) fn is_origin(text: &str) -> bool {
    let Some(host) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b':' | b'[' | b']');
    !host.is_empty() && text.len() <= ORIGIN_CHARS_MAX && host.bytes().all(allowed)
}

async fn mint(
    request: HttpRequest,
    state: Data<ApiState>,
    slug: Path<String>,
    Json(wanted): Json<wire::NewToken>,
) -> Result<Json<wire::Token>, ApiError> {
    let access = state.store.access(&slug).await?;
    let open =
        "this channel is open to all; protect it first, by PUT to its /playback with \"protected\": true";
    let secret = access.secret.ok_or_else(|| ApiError::new(Kind::Conflict, open))?;
    let expiry = state.house.now() + life(wanted.expires_in_secs)?;
    let address = wanted.address.as_deref().map(parse_address).transpose()?;
    let token = access::token(&secret, &slug, expiry, address);
    let base = Base::of(&request, &state);
    let live = |file: &str| base.http_url(&format!("/live/{slug}/~{token}/{file}"));
    Ok(Json(wire::Token {
        expires_at: Utc(Ticks::from_secs(expiry.millis().div_euclid(1000))).to_string(),
        watch_url: base.http_url(&format!("/watch/{slug}?token={token}")),
        playback_urls: ["master.m3u8", "manifest.mpd", "ts/master.m3u8"].map(live).into(),
        token,
    }))
}

fn life(secs: Option<u32>) -> Result<Ticks, ApiError> {
    let Some(secs) = secs else { return Ok(TOKEN_LIFE_DEFAULT) };
    let life = Ticks::from_secs(secs.into());
    if secs > 0 && life <= TOKEN_LIFE_MAX {
        return Ok(life);
    }
    let days = TOKEN_LIFE_MAX.scaled(1) / 86_400;
    let why = format!("a token lives for 1 second to {days} days; expires_in_secs is {secs}");
    Err(ApiError::new(Kind::Invalid, why).at("/expires_in_secs"))
}

fn parse_address(text: &str) -> Result<IpAddr, ApiError> {
    let wrong =
        "this is no IP address; give the viewer's as the box sees it, such as 192.0.2.7, or leave it out";
    text.parse().map_err(|_| ApiError::new(Kind::Invalid, wrong).at("/address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_what_browsers_send() {
        assert!(
            is_origin("https://a.example") && is_origin("http://10.0.0.1:8080") && is_origin("https://[::1]")
        );
        for wrong in
            ["", "*", "null", "a.example", "https://", "https://A.example", "https://a.example/", "ftp://a"]
        {
            assert!(!is_origin(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_token_does_not_live_for_ever() {
        assert_eq!(life(None).unwrap(), TOKEN_LIFE_DEFAULT);
        assert_eq!(life(Some(60)).unwrap(), Ticks::from_secs(60));
        assert!(life(Some(0)).is_err() && life(Some(u32::MAX)).is_err());
    }
}

//! `POST /beacon/{channel}`, for players, and the calls by which operators see who watches.

use super::sessions::Refused;
use super::span::Span;
use super::trace;
use crate::api::guard::Asked;
use crate::api::{ApiError, ApiState};
use crate::limits::BEACON_BYTES_MAX;
use crate::serve::Serving;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Json, Path, PayloadConfig, Query};
use actix_web::{HttpResponse, web};
use serde::Deserialize;

/// The players' side; for everybody.
pub fn players(config: &mut web::ServiceConfig) {
    let beacon = web::resource("/beacon/{channel}").app_data(PayloadConfig::new(BEACON_BYTES_MAX));
    config.service(beacon.route(web::post().to(take)));
}

/// Over which time.
#[derive(Debug, Deserialize)]
struct Wanted {
    #[serde(default)]
    span: Span,
}

/// The operators' side, below `/api/v1`.
pub fn operators(config: &mut web::ServiceConfig) {
    config
        .route("/audience", web::get().to(summary))
        .route("/audience/players", web::get().to(list))
        .route("/channels/{slug}/trend", web::get().to(trend))
        .route("/channels/{slug}/timeline", web::get().to(timeline));
}

/// Whatever comes is from anybody: it is counted, and nothing is decided by it.
async fn take(serving: Data<Serving>, channel: Path<String>, body: Bytes) -> HttpResponse {
    if serving.catalogue.get(&channel).is_none() {
        // One that is about to come, or has just gone: its players are no strangers.
        let known = serving.catalogue.may_come(&channel);
        let status = if known { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND };
        return HttpResponse::build(status).finish();
    }
    let Ok(beacon) = serde_json::from_slice(&body) else { return HttpResponse::BadRequest().finish() };
    let status = match serving.metrics.audience().beacon(&channel, beacon, serving.house.now()) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(Refused::Malformed) => StatusCode::BAD_REQUEST,
        Err(Refused::TooOften | Refused::Full) => StatusCode::TOO_MANY_REQUESTS,
    };
    HttpResponse::build(status).finish()
}

async fn summary(serving: Data<Serving>, asked: Asked) -> Json<wire::Audience> {
    let sight = asked.caller.sight();
    let mut channels = serving.catalogue.slugs();
    channels.retain(|slug| sight.sees(slug));
    let mut summary = serving.metrics.audience().summary(&channels, serving.house.now());
    if sight.slugs().is_some() {
        // They count the viewers of all channels.
        summary.devices.clear();
    }
    Json(summary)
}

async fn list(serving: Data<Serving>, asked: Asked) -> Json<Vec<wire::PlayerSession>> {
    let sight = asked.caller.sight();
    let mut players = serving.metrics.audience().players(serving.house.now());
    players.retain(|player| sight.sees(&player.channel));
    Json(players)
}

async fn trend(
    state: Data<ApiState>,
    serving: Data<Serving>,
    slug: Path<String>,
    wanted: Query<Wanted>,
) -> Result<Json<wire::Trend>, ApiError> {
    let channel = state.store.channel(&slug).await?;
    let (slug, now, audience) = (channel.slug.as_str(), serving.house.now(), serving.metrics.audience());
    let Some((step, shown_ms)) = wanted.span.steps() else { return Ok(Json(audience.trend(slug, now))) };
    let from = now - wanted.span.length();
    let mut rows = state.board.history().trend(slug, step, from.millis()).await?;
    rows.extend(audience.open_minute(slug, now));
    Ok(Json(wanted.span.trend(&rows, shown_ms, now)))
}

async fn timeline(
    state: Data<ApiState>,
    serving: Data<Serving>,
    asked: Asked,
    slug: Path<String>,
    wanted: Query<Wanted>,
) -> Result<Json<wire::Timeline>, ApiError> {
    let channel = state.store.channel(&slug).await?;
    let (slug, now, history) = (channel.slug.as_str(), serving.house.now(), state.board.history());
    let (from_ms, to_ms) = ((now - wanted.span.length()).millis(), now.millis());
    let stalls = history.stalls(slug, from_ms).await?;
    // What explains the first stall may have been before the axis begins.
    let events = history.since(asked.caller.sight(), slug, from_ms - trace::BEFORE.millis()).await?;
    let stalls = trace::traced(stalls, &events);
    let events = events.into_iter().filter(|event| event.at_ms >= from_ms).collect();
    Ok(Json(wire::Timeline { from_ms, to_ms, events, stalls }))
}

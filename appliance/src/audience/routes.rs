//! `POST /beacon/{channel}`, for players, and the calls by which operators see who watches.

use super::sessions::Refused;
use crate::api::guard::Asked;
use crate::api::{ApiError, ApiState};
use crate::limits::BEACON_BYTES_MAX;
use crate::serve::Serving;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Json, Path, PayloadConfig};
use actix_web::{HttpResponse, web};

/// The players' side; for everybody.
pub fn players(config: &mut web::ServiceConfig) {
    let beacon = web::resource("/beacon/{channel}").app_data(PayloadConfig::new(BEACON_BYTES_MAX));
    config.service(beacon.route(web::post().to(take)));
}

/// The operators' side, below `/api/v1`.
pub fn operators(config: &mut web::ServiceConfig) {
    config
        .route("/audience", web::get().to(summary))
        .route("/audience/players", web::get().to(list))
        .route("/channels/{slug}/trend", web::get().to(trend));
}

/// Whatever comes is from anybody: it is counted, and nothing is decided by it.
async fn take(serving: Data<Serving>, channel: Path<String>, body: Bytes) -> HttpResponse {
    if serving.catalogue.get(&channel).is_none() {
        return HttpResponse::NotFound().finish();
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
) -> Result<Json<wire::Trend>, ApiError> {
    let channel = state.store.channel(&slug).await?;
    Ok(Json(serving.metrics.audience().trend(channel.slug.as_str(), serving.house.now())))
}

//! Another ladder, or another encoder, for a channel.

use super::ApiState;
use super::channels::one;
use super::problem::{self, ApiError, Kind};
use crate::devices::place::Work;
use crate::store::{Encoder, EncoderError, checked_ladder};
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, web};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = web::resource("/channels/{slug}/ladder").default_service(problem::only("PUT"));
    config.service(resource.route(web::put().to(set)));
    let resource = web::resource("/channels/{slug}/encoder").default_service(problem::only("PUT"));
    config.service(resource.route(web::put().to(set_encoder)));
}

/// A channel that is on air starts anew with it: whoever owns the channels sees that its plan has changed.
async fn set(
    request: HttpRequest,
    state: Data<ApiState>,
    slug: Path<String>,
    Json(wanted): Json<wire::NewLadder>,
) -> Result<Json<wire::Channel>, ApiError> {
    let channel = state.store.set_ladder(&slug, checked_ladder(wanted.ladder)?).await?;
    state.bump();
    tracing::info!(channel = slug.as_str(), "ladder changed");
    Ok(Json(one(channel, &request, &state)))
}

/// As with the ladder. A device that is named must be there and have room, as for a new channel.
async fn set_encoder(
    request: HttpRequest,
    state: Data<ApiState>,
    slug: Path<String>,
    Json(wanted): Json<wire::NewEncoder>,
) -> Result<Json<wire::Channel>, ApiError> {
    let refused = |why: String| ApiError::new(Kind::Invalid, why).at("/encoder");
    let encoder: Encoder =
        wanted.encoder.parse().map_err(|error: EncoderError| refused(error.to_string()))?;
    let channel = state.store.channel(&slug).await?;
    if channel.encoder == encoder {
        return Ok(Json(one(channel, &request, &state)));
    }
    let work = Work { rungs: channel.ladder, rate: channel.canvas.rate };
    state.devices.check(&encoder, &work).map_err(refused)?;
    let channel = state.store.set_encoder(&slug, encoder).await?;
    state.bump();
    tracing::info!(channel = slug.as_str(), encoder = %channel.encoder, "encoder changed");
    Ok(Json(one(channel, &request, &state)))
}

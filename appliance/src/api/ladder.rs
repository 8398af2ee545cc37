//! Another ladder for a channel.

use super::ApiState;
use super::channels::one;
use super::problem::{self, ApiError};
use crate::store::checked_ladder;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, web};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = web::resource("/channels/{slug}/ladder").default_service(problem::only("PUT"));
    config.service(resource.route(web::put().to(set)));
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

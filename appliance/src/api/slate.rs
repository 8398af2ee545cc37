//! What a channel shows while it has no source.

use super::ApiState;
use super::problem::{self, ApiError, Kind};
use crate::store::slate::{checked, shown};
use actix_web::web;
use actix_web::web::{Data, Json, Path};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = web::resource("/channels/{slug}/slate").default_service(problem::only("GET, PUT"));
    config.service(resource.route(web::get().to(show)).route(web::put().to(set)));
}

async fn show(state: Data<ApiState>, slug: Path<String>) -> Result<Json<wire::Slate>, ApiError> {
    Ok(Json(shown(&state.store.channel(&slug).await?.slate)))
}

async fn set(
    state: Data<ApiState>,
    slug: Path<String>,
    Json(wanted): Json<wire::Slate>,
) -> Result<Json<wire::Slate>, ApiError> {
    let slate = checked(&wanted)
        .map_err(|error| ApiError::new(Kind::Invalid, error.to_string()).at(error.field()))?;
    let changed = state.store.set_slate(&slug, slate).await?;
    state.bump();
    tracing::info!(channel = slug.as_str(), "slate changed");
    Ok(Json(shown(&changed.slate)))
}

//! What the conformance judge has found of a channel.

use super::ApiState;
use super::problem::{self, ApiError};
use actix_web::web;
use actix_web::web::{Data, Json, Path};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = web::resource("/channels/{slug}/judge").default_service(problem::only("GET"));
    config.service(resource.route(web::get().to(show)));
}

/// Of a channel that is off, or has only just started, nothing has been seen.
async fn show(state: Data<ApiState>, slug: Path<String>) -> Result<Json<wire::Judgement>, ApiError> {
    let channel = state.store.channel(&slug).await?;
    Ok(Json(state.verdicts.of(channel.slug.as_str())))
}

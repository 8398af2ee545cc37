//! What happened.

use super::ApiState;
use super::guard::Asked;
use super::problem::{self, ApiError};
use crate::limits::HISTORY_ANSWER_MAX;
use actix_web::web;
use actix_web::web::{Data, Json, Query};
use serde::Deserialize;

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = web::resource("/history").default_service(problem::only("GET"));
    config.service(resource.route(web::get().to(list)));
}

#[derive(Debug, Deserialize)]
struct Wanted {
    channel: Option<String>,
    #[serde(default = "some")]
    limit: u32,
}

/// As many as fit a page.
fn some() -> u32 {
    HISTORY_ANSWER_MAX / 5
}

async fn list(
    state: Data<ApiState>,
    asked: Asked,
    wanted: Query<Wanted>,
) -> Result<Json<Vec<wire::Event>>, ApiError> {
    let Wanted { channel, limit } = wanted.into_inner();
    Ok(Json(state.board.history().newest_for(asked.caller.sight(), channel, limit).await?))
}

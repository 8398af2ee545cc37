//! What happened.

use super::ApiState;
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
struct Asked {
    channel: Option<String>,
    #[serde(default = "some")]
    limit: u32,
}

/// As many as fit a page.
fn some() -> u32 {
    HISTORY_ANSWER_MAX / 5
}

async fn list(state: Data<ApiState>, asked: Query<Asked>) -> Result<Json<Vec<wire::Event>>, ApiError> {
    let Asked { channel, limit } = asked.into_inner();
    Ok(Json(state.board.history().newest(channel, limit).await?))
}

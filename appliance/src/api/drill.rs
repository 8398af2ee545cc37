//! Faults that are tried out.

use super::ApiState;
use super::problem::{self, ApiError, Kind};
use crate::drill::DrillError;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, web};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = |path, methods| web::resource(path).default_service(problem::only(methods));
    config
        .service(resource("/channels/{slug}/drill", "POST").route(web::post().to(begin)))
        .service(resource("/drill", "GET").route(web::get().to(running)));
}

async fn begin(
    state: Data<ApiState>,
    slug: Path<String>,
    Json(wanted): Json<wire::NewDrill>,
) -> Result<HttpResponse, ApiError> {
    // Says so if there is none.
    state.store.channel(&slug).await?;
    let drill = state.drills.begin(&slug, &wanted)?;
    Ok(HttpResponse::Accepted().json(drill))
}

async fn running(state: Data<ApiState>) -> Json<Option<wire::Drill>> {
    Json(state.drills.running())
}

impl From<DrillError> for ApiError {
    fn from(error: DrillError) -> Self {
        match error {
            DrillError::Secs { .. } => Self::new(Kind::Invalid, error.to_string()).at("/secs"),
            _ => Self::new(Kind::Conflict, error.to_string()),
        }
    }
}

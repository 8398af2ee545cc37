//! Faults that are tried out.

use super::ApiState;
use super::guard::Asked;
use super::problem::{self, ApiError, Kind};
use crate::accounts::sight::Sight;
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
    asked: Asked,
    slug: Path<String>,
    Json(wanted): Json<wire::NewDrill>,
) -> Result<HttpResponse, ApiError> {
    // Says so if there is none.
    state.store.channel(&slug).await?;
    let drill = state.drills.begin(&slug, &wanted).map_err(|error| told(error, asked.caller.sight()))?;
    Ok(HttpResponse::Accepted().json(drill))
}

async fn running(state: Data<ApiState>, asked: Asked) -> Json<Option<wire::Drill>> {
    Json(state.drills.running().filter(|drill| asked.caller.sight().sees(&drill.channel)))
}

/// Without what does not exist for whoever asks.
fn told(error: DrillError, sight: &Sight) -> ApiError {
    match &error {
        DrillError::Busy { channel, secs, .. } if !sight.sees(channel) => {
            ApiError::new(Kind::Conflict, format!("a drill runs already, for {secs} s more; one at a time"))
        }
        _ => error.into(),
    }
}

impl From<DrillError> for ApiError {
    fn from(error: DrillError) -> Self {
        match error {
            DrillError::Secs { .. } => Self::new(Kind::Invalid, error.to_string()).at("/secs"),
            _ => Self::new(Kind::Conflict, error.to_string()),
        }
    }
}

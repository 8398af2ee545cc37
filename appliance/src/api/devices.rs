//! The GPUs: what they are doing, and trusting one again.

use super::ApiState;
use super::problem::{self, ApiError, Kind};
use crate::devices::place::Work;
use crate::store::draft;
use actix_web::web::{self, Data, Json, Path};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = |path, methods| web::resource(path).default_service(problem::only(methods));
    config
        .service(resource("/devices", "GET").route(web::get().to(list)))
        .service(resource("/devices/{name}/trust", "POST").route(web::post().to(trust)));
}

fn all(state: &ApiState) -> wire::DeviceList {
    state.devices.list(&Work { rungs: draft::default_ladder(), rate: draft::DEFAULT_RATE })
}

async fn list(state: Data<ApiState>) -> Json<wire::DeviceList> {
    Json(all(&state))
}

async fn trust(state: Data<ApiState>, name: Path<String>) -> Result<Json<wire::DeviceList>, ApiError> {
    if state.devices.trust(&name) {
        tracing::info!(device = name.as_str(), "device trusted again");
        return Ok(Json(all(&state)));
    }
    let name: String = name.chars().take(crate::limits::ENCODER_CHARS_MAX).collect();
    Err(ApiError::new(Kind::NotFound, format!("there is no device `{name}`; `forebay devices` lists them")))
}

//! What needs the operator.

use super::ApiState;
use super::problem::{self, ApiError, Kind};
use crate::alarms;
use crate::health::copies;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, web};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = |path, methods| web::resource(path).default_service(problem::only(methods));
    config
        .service(resource("/alarms", "GET").route(web::get().to(list)))
        .service(resource("/alarms/{id}", "DELETE").route(web::delete().to(dismiss)));
}

async fn list(state: Data<ApiState>) -> Json<Vec<wire::Alarm>> {
    Json(state.board.alarms())
}

async fn dismiss(state: Data<ApiState>, id: Path<String>) -> Result<HttpResponse, ApiError> {
    match alarms::Kind::ALL.into_iter().find(|kind| kind.id() == id.as_str()) {
        None => Err(ApiError::new(Kind::NotFound, "there is no such alarm")),
        Some(alarms::Kind::SettingsRestored) => {
            state.store.remove_setting(copies::RESTORED).await?;
            state.board.clear(alarms::Kind::SettingsRestored);
            Ok(HttpResponse::NoContent().finish())
        }
        Some(_) => Err(ApiError::new(
            Kind::Conflict,
            "this alarm clears by itself once its cause is gone; do what it says",
        )),
    }
}

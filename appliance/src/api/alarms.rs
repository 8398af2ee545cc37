//! What needs the operator.

use super::ApiState;
use super::audit::who;
use super::guard::Asked;
use super::problem::{self, ApiError, Kind};
use crate::accounts::sight::Sight;
use crate::alarms;
use crate::health::copies;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, web};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = |path, methods| web::resource(path).default_service(problem::only(methods));
    config
        .service(resource("/alarms", "GET").route(web::get().to(list)))
        .service(resource("/alarms/{id}/acknowledge", "POST").route(web::post().to(acknowledge)))
        .service(resource("/alarms/{id}", "DELETE").route(web::delete().to(dismiss)));
}

async fn list(state: Data<ApiState>, asked: Asked) -> Json<Vec<wire::Alarm>> {
    Json(seen(&state, asked.caller.sight()))
}

/// Those that exist for somebody.
fn seen(state: &ApiState, sight: &Sight) -> Vec<wire::Alarm> {
    let mut all = about(state);
    all.retain(|(about, _)| sight.sees_of(about.as_deref()));
    all.into_iter().map(|(_, alarm)| alarm).collect()
}

/// All, with the channel that each is about: a drill's is the box's, and names its channel.
pub(super) fn about(state: &ApiState) -> Vec<(Option<String>, wire::Alarm)> {
    let drill = state.drills.running().map(|drill| drill.channel);
    let about = |alarm: wire::Alarm| {
        let of_drill = drill.clone().filter(|_| alarm.id == alarms::Kind::Drill.id());
        (alarm.channel.clone().or(of_drill), alarm)
    };
    state.board.alarms().into_iter().map(about).collect()
}

fn kind(id: &str) -> Option<alarms::Kind> {
    alarms::Kind::ALL.into_iter().find(|kind| kind.id() == id)
}

async fn acknowledge(
    state: Data<ApiState>,
    asked: Asked,
    id: Path<String>,
    Json(wire::OfChannel { channel }): Json<wire::OfChannel>,
) -> Result<Json<wire::Alarm>, ApiError> {
    let exists = asked.caller.sight().sees_of(channel.as_deref());
    let kind = kind(&id).filter(|_| exists);
    let seen = kind.and_then(|kind| state.board.acknowledge(channel.as_deref(), kind, &who(&asked.caller)));
    let missing =
        "this alarm is not active, so there is nothing to acknowledge; `GET /alarms` lists those that are";
    seen.map(Json).ok_or_else(|| ApiError::new(Kind::NotFound, missing))
}

async fn dismiss(state: Data<ApiState>, id: Path<String>) -> Result<HttpResponse, ApiError> {
    match kind(&id) {
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

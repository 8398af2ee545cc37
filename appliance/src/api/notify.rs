//! The calls about where alarms are sent on to.

use super::guard::Asked;
use super::problem::{self, ApiError, Kind};
use super::{ApiState, removed};
use crate::notify::destination::{Destination, DestinationError, Secret};
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, web};
use wire::{NewDestination, SavedDestination, TestResult, Via};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = |path, methods| web::resource(path).default_service(problem::only(methods));
    config
        .service(
            resource("/notifications", "GET, POST").route(web::get().to(list)).route(web::post().to(add)),
        )
        .service(
            resource("/notifications/{name}", "GET, PUT, DELETE")
                .route(web::get().to(show))
                .route(web::put().to(change))
                .route(web::delete().to(remove)),
        )
        .service(resource("/notifications/{name}/test", "POST").route(web::post().to(test)));
}

impl From<DestinationError> for ApiError {
    fn from(error: DestinationError) -> Self {
        Self::new(Kind::Invalid, error.to_string()).at(error.field())
    }
}

pub(super) fn shown(state: &ApiState, destination: &Destination) -> wire::Destination {
    destination.shown(state.notify.status(&destination.name))
}

async fn list(state: Data<ApiState>) -> Result<Json<Vec<wire::Destination>>, ApiError> {
    let all = state.store.destinations().await?;
    Ok(Json(all.iter().map(|destination| shown(&state, destination)).collect()))
}

async fn show(state: Data<ApiState>, name: Path<String>) -> Result<Json<wire::Destination>, ApiError> {
    Ok(Json(shown(&state, &state.store.destination(&name).await?)))
}

/// A webhook without a secret gets one, which is shown this once.
fn with_secret(mut destination: Destination) -> Result<(Destination, Option<String>), ApiError> {
    if destination.secret.is_some() || !matches!(destination.via, Via::Webhook { .. }) {
        return Ok((destination, None));
    }
    let made = Secret::random().map_err(crate::store::StoreError::from)?;
    let text = made.expose().to_owned();
    destination.secret = Some(made);
    Ok((destination, Some(text)))
}

async fn add(state: Data<ApiState>, Json(new): Json<NewDestination>) -> Result<HttpResponse, ApiError> {
    let (destination, secret) = with_secret(Destination::checked(new, None)?)?;
    state.store.add_destination(destination.clone()).await?;
    state.bump();
    tracing::info!(destination = destination.name, "destination added");
    let place = format!("/api/v1/notifications/{}", destination.name);
    let saved = SavedDestination { destination: shown(&state, &destination), secret };
    Ok(HttpResponse::Created().insert_header((LOCATION, place)).json(saved))
}

async fn change(
    state: Data<ApiState>,
    name: Path<String>,
    Json(new): Json<NewDestination>,
) -> Result<Json<SavedDestination>, ApiError> {
    let before = state.store.destination(&name).await?;
    if new.name != before.name {
        let told = "a destination keeps its name; remove it and add another";
        return Err(ApiError::new(Kind::Invalid, told).at("/name"));
    }
    let (destination, secret) = with_secret(Destination::checked(new, Some(&before))?)?;
    state.store.change_destination(destination.clone()).await?;
    state.bump();
    Ok(Json(SavedDestination { destination: shown(&state, &destination), secret }))
}

async fn remove(state: Data<ApiState>, asked: Asked, name: Path<String>) -> Result<HttpResponse, ApiError> {
    let kept = state.store.remove_destination(&name, removed::by(&asked)).await?;
    state.bump();
    tracing::info!(destination = name.as_str(), "destination removed");
    Ok(removed::gone(kept))
}

async fn test(state: Data<ApiState>, name: Path<String>) -> Result<Json<TestResult>, ApiError> {
    let destination = state.store.destination(&name).await?;
    let told = "several tests are under way; try again in a few seconds";
    state.notify.test(&destination).await.map(Json).ok_or_else(|| ApiError::new(Kind::Busy, told))
}

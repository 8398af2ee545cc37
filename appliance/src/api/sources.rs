//! The calls about a channel's sources: back-ups, which one is on air, and when one takes over.

use super::address::Base;
use super::channels::one;
use super::guard::Asked;
use super::problem::{self, ApiError, Kind};
use super::{ApiState, removed};
use crate::ingest::TakeError;
use crate::store::failover::{checked, shown};
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, web};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = |path: &str, methods| {
        web::resource(format!("/channels/{{slug}}{path}")).default_service(problem::only(methods))
    };
    config
        .service(resource("/backups", "POST").route(web::post().to(add)))
        .service(resource("/sources/{number}", "DELETE").route(web::delete().to(remove)))
        .service(resource("/sources/{number}/key", "GET").route(web::get().to(key)))
        .service(resource("/sources/{number}/take", "POST").route(web::post().to(take)))
        .service(
            resource("/failover", "GET, PUT").route(web::get().to(rules)).route(web::put().to(set_rules)),
        );
}

async fn add(
    request: HttpRequest,
    state: Data<ApiState>,
    slug: Path<String>,
    Json(wanted): Json<wire::NewBackup>,
) -> Result<HttpResponse, ApiError> {
    let (added, key) = state.store.add_backup(&slug, wanted.source).await?;
    state.bump();
    tracing::info!(channel = slug.as_str(), source = added.number, "back-up source added");
    let publish_urls = Base::of(&request, &state).publish_urls(added.source, key.expose());
    let place = format!("/api/v1/channels/{slug}/sources/{}/key", added.number);
    let backup = wire::Backup { number: added.number, stream_key: key.expose().to_owned(), publish_urls };
    Ok(HttpResponse::Created().insert_header((LOCATION, place)).json(backup))
}

async fn remove(
    state: Data<ApiState>,
    asked: Asked,
    path: Path<(String, u8)>,
) -> Result<HttpResponse, ApiError> {
    let (slug, number) = path.into_inner();
    if number == 0 {
        let told = "the main source goes with its channel; only back-ups can be removed";
        return Err(ApiError::new(Kind::Conflict, told));
    }
    let kept = state.store.remove_backup(&slug, number, removed::by(&asked)).await?;
    state.bump();
    tracing::info!(channel = slug, source = number, "back-up source removed");
    Ok(removed::gone(kept))
}

async fn key(
    request: HttpRequest,
    state: Data<ApiState>,
    path: Path<(String, u8)>,
) -> Result<Json<wire::StreamKey>, ApiError> {
    let (slug, number) = path.into_inner();
    let (key, source) = state.store.source_key(&slug, number).await?;
    let publish_urls = Base::of(&request, &state).publish_urls(source, key.expose());
    Ok(Json(wire::StreamKey { stream_key: key.expose().to_owned(), publish_urls }))
}

async fn take(
    request: HttpRequest,
    state: Data<ApiState>,
    path: Path<(String, u8)>,
) -> Result<Json<wire::Channel>, ApiError> {
    let (slug, number) = path.into_inner();
    let channel = state.store.channel(&slug).await?;
    state.doors.take(&slug, number).await?;
    Ok(Json(one(channel, &request, &state)))
}

async fn rules(state: Data<ApiState>, slug: Path<String>) -> Result<Json<wire::Failover>, ApiError> {
    Ok(Json(shown(&state.store.channel(&slug).await?.failover)))
}

async fn set_rules(
    state: Data<ApiState>,
    slug: Path<String>,
    Json(wanted): Json<wire::Failover>,
) -> Result<Json<wire::Failover>, ApiError> {
    let rules = checked(&wanted)
        .map_err(|error| ApiError::new(Kind::Invalid, error.to_string()).at(error.field()))?;
    let changed = state.store.set_failover(&slug, rules).await?;
    state.bump();
    tracing::info!(channel = slug.as_str(), "rules of fail-over changed");
    Ok(Json(shown(&changed.failover)))
}

impl From<TakeError> for ApiError {
    fn from(error: TakeError) -> Self {
        let kind = if error == TakeError::NoSuchSource { Kind::NotFound } else { Kind::Conflict };
        Self::new(kind, error.to_string())
    }
}

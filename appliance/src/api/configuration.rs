//! The calls about all that an operator sets, as one document, and about the box's settings.

use super::problem::{self, ApiError, Kind};
use super::{ApiState, BOX_NAME};
use crate::limits::CONFIGURATION_BYTES_MAX;
use crate::store::configuration::checked::check_box_name;
use crate::store::configuration::{ConfigurationError, Wanted, diff, tag};
use actix_web::http::header::{ETAG, IF_MATCH};
use actix_web::web::{Data, Json, Query};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use wire::{BoxSettings, Configuration, ConfigurationDiff};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = |path, methods| {
        let body = problem::json_config().limit(CONFIGURATION_BYTES_MAX);
        web::resource(path).app_data(body).default_service(problem::only(methods))
    };
    config
        .service(
            resource("/configuration", "GET, PUT").route(web::get().to(export)).route(web::put().to(apply)),
        )
        .service(resource("/configuration/diff", "POST").route(web::post().to(compare)))
        .service(resource("/settings", "GET, PUT").route(web::get().to(settings)).route(web::put().to(set)));
}

impl From<ConfigurationError> for ApiError {
    fn from(error: ConfigurationError) -> Self {
        Self::new(Kind::Invalid, error.to_string()).at(error.field)
    }
}

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    keys: bool,
}

async fn export(state: Data<ApiState>, asked: Query<Asked>) -> Result<HttpResponse, ApiError> {
    let all = state.store.configuration(asked.keys).await?;
    if asked.keys {
        tracing::info!("the configuration was told with its stream keys");
    }
    Ok(HttpResponse::Ok().insert_header((ETAG, tag(&all))).json(all))
}

async fn compare(
    state: Data<ApiState>,
    Json(document): Json<Configuration>,
) -> Result<Json<ConfigurationDiff>, ApiError> {
    let wanted = Wanted::checked(document)?;
    Ok(Json(diff(&state.store.configuration(true).await?, &wanted.document)))
}

async fn apply(
    request: HttpRequest,
    state: Data<ApiState>,
    Json(document): Json<Configuration>,
) -> Result<Json<ConfigurationDiff>, ApiError> {
    let wanted = Wanted::checked(document)?;
    // RFC 9110, 13.1.1: "*" is any.
    let only_if = request.headers().get(IF_MATCH).and_then(|tag| tag.to_str().ok()).filter(|tag| *tag != "*");
    let changed = state.store.configure(wanted, only_if.map(str::to_owned)).await?;
    state.bump();
    tracing::info!(changes = changed.changes.len(), "a configuration was applied");
    Ok(Json(changed))
}

async fn settings(state: Data<ApiState>) -> Result<Json<BoxSettings>, ApiError> {
    let name = state.store.setting(BOX_NAME).await?;
    Ok(Json(BoxSettings { name: name.and_then(|name| name.as_str().map(str::to_owned)) }))
}

async fn set(state: Data<ApiState>, Json(wanted): Json<BoxSettings>) -> Result<Json<BoxSettings>, ApiError> {
    match &wanted.name {
        Some(name) => {
            check_box_name(name).map_err(|what| ApiError::new(Kind::Invalid, what).at("/name"))?;
            state.store.set_setting(BOX_NAME, name.as_str().into()).await?;
        }
        None => state.store.remove_setting(BOX_NAME).await?,
    }
    state.bump();
    Ok(Json(wanted))
}

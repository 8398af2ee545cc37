//! What a channel shows while it has no source.

use super::ApiState;
use super::channels::one;
use super::problem::{self, ApiError, Kind, stopping};
use crate::limits::SLATE_UPLOAD_BYTES_MAX;
use crate::store::slate::{checked, shown};
use crate::store::slate_picture;
use actix_web::http::header::{CONTENT_TYPE, ContentType};
use actix_web::web::{Data, Json, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, web};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = web::resource("/channels/{slug}/slate").default_service(problem::only("GET, PUT"));
    config.service(resource.route(web::get().to(show)).route(web::put().to(set)));
    let picture = web::resource("/channels/{slug}/slate/picture")
        .default_service(problem::only("GET, PUT, DELETE"))
        .route(web::get().to(show_picture))
        .route(web::put().to(set_picture))
        .route(web::delete().to(remove_picture));
    config.service(picture);
}

async fn show(state: Data<ApiState>, slug: Path<String>) -> Result<Json<wire::Slate>, ApiError> {
    Ok(Json(shown(&state.store.channel(&slug).await?.slate)))
}

async fn set(
    state: Data<ApiState>,
    slug: Path<String>,
    Json(wanted): Json<wire::Slate>,
) -> Result<Json<wire::Slate>, ApiError> {
    let slate = checked(&wanted)
        .map_err(|error| ApiError::new(Kind::Invalid, error.to_string()).at(error.field()))?;
    let changed = state.store.set_slate(&slug, slate).await?;
    state.bump();
    tracing::info!(channel = slug.as_str(), "slate changed");
    Ok(Json(shown(&changed.slate)))
}

async fn show_picture(state: Data<ApiState>, slug: Path<String>) -> Result<HttpResponse, ApiError> {
    let picture = state.store.slate_picture(&slug).await?;
    let picture =
        picture.ok_or_else(|| ApiError::new(Kind::NotFound, "this channel's slate has no picture"))?;
    Ok(HttpResponse::Ok().insert_header(ContentType::jpeg()).body(picture))
}

async fn set_picture(
    request: HttpRequest,
    state: Data<ApiState>,
    slug: Path<String>,
    body: Payload,
) -> Result<Json<wire::Channel>, ApiError> {
    // Before much is read: whether there is such a channel.
    state.store.channel(&slug).await?;
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("image/") {
        let told = "send the picture itself, with `Content-Type: image/png` or `image/jpeg`";
        return Err(ApiError::new(Kind::MediaType, told));
    }
    let too_large = || {
        let most = SLATE_UPLOAD_BYTES_MAX >> 20;
        ApiError::new(Kind::TooLarge, format!("the picture's file may have {most} MiB at most"))
    };
    let upload = body.to_bytes_limited(SLATE_UPLOAD_BYTES_MAX).await.map_err(|_| too_large())?;
    let upload = upload.map_err(|error| {
        ApiError::new(Kind::BadBody, format!("the picture did not arrive whole: {error}"))
    })?;
    let made = web::block(move || slate_picture::made(&upload)).await;
    let jpeg =
        made.map_err(|_| stopping())?.map_err(|error| ApiError::new(Kind::Invalid, error.to_string()))?;
    let changed = state.store.set_slate_picture(&slug, jpeg).await?;
    state.bump();
    tracing::info!(channel = slug.as_str(), "slate's picture changed");
    Ok(Json(one(changed, &request, &state)))
}

async fn remove_picture(state: Data<ApiState>, slug: Path<String>) -> Result<HttpResponse, ApiError> {
    state.store.remove_slate_picture(&slug).await?;
    state.bump();
    tracing::info!(channel = slug.as_str(), "slate's picture removed");
    Ok(HttpResponse::NoContent().finish())
}

//! Updates by the browser, where the box was installed from the image.

use super::ApiState;
use super::audit;
use super::guard::Asked;
use super::problem::{self, ApiError, Kind, stopping};
use super::turns::Work;
use super::upload::{Target, length, receive};
use crate::update::UpdateError;
use actix_web::web::{Data, Json, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, web};
use wire::{UpdateStatus, UpdateStep, UploadedFile};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = |path, methods| web::resource(path).default_service(problem::only(methods));
    config
        .service(resource("/update", "GET").route(web::get().to(show)))
        .service(resource("/update/bundle", "PUT").route(web::put().to(bring)))
        .service(resource("/update/{step}", "POST").route(web::post().to(step)));
}

impl From<UpdateError> for ApiError {
    fn from(error: UpdateError) -> Self {
        let told = error.to_string();
        match error {
            UpdateError::NotHere | UpdateError::NotNow(_) | UpdateError::Waiting => {
                Self::new(Kind::Conflict, told)
            }
            UpdateError::Disk(error) => super::upload::unwritten(error),
        }
    }
}

async fn show(state: Data<ApiState>) -> Result<Json<UpdateStatus>, ApiError> {
    let update = state.update.clone();
    Ok(Json(web::block(move || update.status()).await.map_err(|_| stopping())?))
}

async fn bring(
    request: HttpRequest,
    state: Data<ApiState>,
    asked: Asked,
    body: Payload,
) -> Result<Json<UploadedFile>, ApiError> {
    state.store.thawed()?;
    let _turn = state.turns.take(Work::Update)?;
    let (update, of) = (state.update.clone(), length(&request)?);
    let begun = web::block(move || update.begin_upload(of)).await.map_err(|_| stopping())?;
    let (path, part, most) = begun?;
    let came = |bytes| state.update.came(bytes);
    let received = receive(&request, body, Target { path, part, most, came: &came }).await;
    state.update.end_upload();
    let uploaded = received?;
    tracing::info!(by = audit::who(&asked.caller), sha256 = uploaded.sha256, "an update was uploaded");
    let update = state.update.clone();
    web::block(move || update.ask(UpdateStep::Check)).await.map_err(|_| stopping())??;
    Ok(Json(uploaded))
}

async fn step(state: Data<ApiState>, asked: Asked, step: Path<String>) -> Result<HttpResponse, ApiError> {
    let wanted = match step.as_str() {
        "check" => UpdateStep::Check,
        "apply" => UpdateStep::Apply,
        "restart" => UpdateStep::Restart,
        "cancel" => UpdateStep::Cancel,
        _ => return Err(ApiError::new(Kind::NotFound, "the steps are check, apply, restart and cancel")),
    };
    let update = state.update.clone();
    let status = web::block(move || update.ask(wanted)).await.map_err(|_| stopping())??;
    tracing::info!(by = audit::who(&asked.caller), ?wanted, "the box was asked for an update's next step");
    Ok(HttpResponse::Accepted().json(status))
}

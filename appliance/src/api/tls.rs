//! The calls about the certificate that HTTPS serves.

use super::ApiState;
use super::problem::{self, ApiError, Kind, stopping};
use crate::tls::{InstallError, Tls};
use actix_web::web;
use actix_web::web::{Data, Json};
use wire::{NewCertificate, TlsStatus};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = web::resource("/tls").default_service(problem::only("GET, PUT, DELETE"));
    let resource = resource.route(web::get().to(show)).route(web::put().to(install));
    config.service(resource.route(web::delete().to(reset)));
}

async fn show(tls: Data<Tls>) -> Json<TlsStatus> {
    Json(tls.status())
}

async fn install(
    state: Data<ApiState>,
    tls: Data<Tls>,
    Json(wanted): Json<NewCertificate>,
) -> Result<Json<TlsStatus>, ApiError> {
    state.store.thawed()?;
    let worker = tls.clone();
    let done = web::block(move || worker.install(&wanted.chain_pem, &wanted.key_pem)).await;
    done.map_err(|_| stopping())??;
    Ok(Json(tls.status()))
}

async fn reset(state: Data<ApiState>, tls: Data<Tls>) -> Result<Json<TlsStatus>, ApiError> {
    state.store.thawed()?;
    let worker = tls.clone();
    let done = web::block(move || worker.reset()).await.map_err(|_| stopping())?;
    done.map_err(|error| {
        tracing::error!("{error:#}");
        ApiError::new(Kind::Internal, format!("the box's own certificate cannot be made: {error:#}"))
    })?;
    Ok(Json(tls.status()))
}

impl From<InstallError> for ApiError {
    fn from(error: InstallError) -> Self {
        match &error {
            InstallError::Chain(wrong) => Self::new(Kind::Invalid, error.to_string()).at(wrong.field()),
            InstallError::Disk(_) => {
                tracing::error!("{error}");
                Self::new(Kind::Internal, error.to_string())
            }
        }
    }
}

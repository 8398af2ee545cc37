//! The calls about the second step of signing in. Whoever sets it up does so for themselves: nobody else learns the secret. Each
//! but the first code, which only whoever was told the secret knows, asks for the password again.

use super::ApiState;
use super::guard::{Asked, Caller};
use super::problem::{self, ApiError, Kind};
use super::upkeep::prove;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, web};
use wire::Confirmation;

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = |path, methods| web::resource(path).default_service(problem::only(methods));
    config
        .service(
            resource("/users/{name}/totp", "GET, POST")
                .route(web::get().to(state))
                .route(web::post().to(offer)),
        )
        .service(resource("/users/{name}/totp/recovery-codes", "POST").route(web::post().to(renew)))
        .service(resource("/users/{name}/totp/remove", "POST").route(web::post().to(remove)))
        .service(resource("/users/{name}/totp/confirm", "POST").route(web::post().to(confirm)));
}

async fn state(state: Data<ApiState>, name: Path<String>) -> Result<Json<wire::TotpState>, ApiError> {
    Ok(Json(state.store.totp_state(&name).await?))
}

/// Their name as they have it. The guard has seen that it is theirs; the console is nobody.
fn own(asked: &Asked) -> Result<&str, ApiError> {
    asked.secure()?;
    match &asked.caller {
        Caller::User(session) => Ok(&session.user.name),
        _ => Err(ApiError::new(Kind::Forbidden, "whoever has signed in sets it up, on the page Settings")),
    }
}

async fn offer(
    state: Data<ApiState>,
    asked: Asked,
    Json(wanted): Json<Confirmation>,
) -> Result<HttpResponse, ApiError> {
    let name = own(&asked)?;
    prove(&state, &asked, wanted.password.as_deref()).await?;
    let told = state.accounts.offer_totp(name).await?;
    Ok(HttpResponse::Created().json(told))
}

async fn confirm(
    state: Data<ApiState>,
    asked: Asked,
    Json(wanted): Json<wire::TotpCode>,
) -> Result<Json<wire::RecoveryCodes>, ApiError> {
    let name = own(&asked)?;
    let codes = state.accounts.confirm_totp(name, &wanted.code).await?;
    state.bump();
    tracing::info!(user = name, "signing in takes a code from now on");
    Ok(Json(codes))
}

async fn renew(
    state: Data<ApiState>,
    asked: Asked,
    Json(wanted): Json<Confirmation>,
) -> Result<Json<wire::RecoveryCodes>, ApiError> {
    let name = own(&asked)?;
    prove(&state, &asked, wanted.password.as_deref()).await?;
    let codes = state.accounts.renew_recovery(name).await?;
    state.bump();
    tracing::info!(user = name, "there are other recovery codes");
    Ok(Json(codes))
}

/// An administrator takes it off others, too, by their own password: a page of theirs that was left open must not.
async fn remove(
    state: Data<ApiState>,
    asked: Asked,
    name: Path<String>,
    Json(wanted): Json<Confirmation>,
) -> Result<Json<wire::TotpState>, ApiError> {
    prove(&state, &asked, wanted.password.as_deref()).await?;
    state.store.remove_totp(&name).await?;
    state.bump();
    tracing::info!(user = name.as_str(), "signing in takes no code any more");
    Ok(Json(state.store.totp_state(&name).await?))
}

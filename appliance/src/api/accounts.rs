//! The calls about who may manage the box: claim, sign in and out, users.

use super::guard::{Asked, Caller};
use super::problem::{self, ApiError, Kind};
use super::upkeep::prove;
use super::{ApiState, removed};
use crate::accounts::{AccountError, SignedIn};
use crate::store::StoreError;
use actix_web::http::header::SET_COOKIE;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, web};

/// `__Host-` binds it to this host, to all of its paths and to encrypted connections (RFC 6265bis, 4.1.3.2).
pub(super) const COOKIE: &str = "__Host-forebay";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = |path, methods| web::resource(path).default_service(problem::only(methods));
    config
        .service(
            resource("/session", "GET, POST, DELETE")
                .route(web::get().to(state))
                .route(web::post().to(sign_in))
                .route(web::delete().to(sign_out)),
        )
        .service(resource("/claim", "POST").route(web::post().to(claim)))
        .service(resource("/claim-code", "POST").route(web::post().to(claim_code)))
        .service(resource("/users", "GET, POST").route(web::get().to(list)).route(web::post().to(add)))
        .service(
            resource("/users/{name}", "GET, DELETE")
                .route(web::get().to(show))
                .route(web::delete().to(remove)),
        )
        .service(
            resource("/users/{name}/channels", "GET, PUT")
                .route(web::get().to(grants))
                .route(web::put().to(set_grants)),
        )
        .service(resource("/users/{name}/password", "PUT").route(web::put().to(set_password)));
}

async fn state(state: Data<ApiState>, asked: Asked) -> Result<Json<wire::SessionState>, ApiError> {
    let (user, trusted) = match &asked.caller {
        Caller::Console | Caller::Local => (None, true),
        Caller::User(session) => (Some(session.user.clone()), false),
        Caller::Token(bearer) => (Some(bearer.user.clone()), false),
        Caller::Nobody => (None, false),
    };
    let claimed = state.accounts.is_claimed().await?;
    let https_port = asked.https_port;
    Ok(Json(wire::SessionState { claimed, user, trusted, secure: asked.is_secure, https_port }))
}

async fn claim(
    state: Data<ApiState>,
    asked: Asked,
    Json(wanted): Json<wire::NewClaim>,
) -> Result<HttpResponse, ApiError> {
    asked.secure()?;
    let signed_in =
        state.accounts.claim(&wanted, asked.address).await.inspect_err(|error| refused(&asked, error))?;
    tracing::info!(user = signed_in.user.name, "the box has been claimed");
    state.bump();
    Ok(let_in(&signed_in))
}

async fn sign_in(
    state: Data<ApiState>,
    asked: Asked,
    Json(wanted): Json<wire::NewSession>,
) -> Result<HttpResponse, ApiError> {
    asked.secure()?;
    let signed_in =
        state.accounts.sign_in(&wanted, asked.address).await.inspect_err(|error| match error {
            // Nothing is refused yet.
            AccountError::CodeNeeded => (),
            error => refused(&asked, error),
        })?;
    tracing::info!(user = signed_in.user.name, "signed in");
    Ok(let_in(&signed_in))
}

/// For whoever reads the journal after an attack. What was typed as the name may be a password.
fn refused(asked: &Asked, error: &AccountError) {
    let from = asked.address.map(|address| address.to_string()).unwrap_or_default();
    tracing::warn!(from, "a sign-in was refused: {error}");
}

fn let_in(SignedIn { user, token }: &SignedIn) -> HttpResponse {
    let cookie = format!("{COOKIE}={}; {ATTRIBUTES}", token.expose());
    HttpResponse::Created().insert_header((SET_COOKIE, cookie)).json(user)
}

async fn sign_out(state: Data<ApiState>, asked: Asked) -> Result<HttpResponse, ApiError> {
    if let Caller::User(session) = &asked.caller {
        state.store.end_session(session).await?;
        state.bump();
    }
    let gone = format!("{COOKIE}=; Max-Age=0; {ATTRIBUTES}");
    Ok(HttpResponse::NoContent().insert_header((SET_COOKIE, gone)).finish())
}

async fn claim_code(state: Data<ApiState>, asked: Asked) -> Result<Json<wire::ClaimCode>, ApiError> {
    if !matches!(asked.caller, Caller::Console) {
        return Err(ApiError::new(
            Kind::Forbidden,
            "a claim code is made on the box itself: `forebay claim`",
        ));
    }
    Ok(Json(state.accounts.new_code().await?))
}

async fn list(state: Data<ApiState>) -> Result<Json<Vec<wire::Account>>, ApiError> {
    Ok(Json(state.store.accounts().await?))
}

async fn show(state: Data<ApiState>, name: Path<String>) -> Result<Json<wire::Account>, ApiError> {
    Ok(Json(state.store.account(&name).await?))
}

async fn grants(state: Data<ApiState>, name: Path<String>) -> Result<Json<wire::Grants>, ApiError> {
    Ok(Json(wire::Grants { channels: state.store.account(&name).await?.channels }))
}

async fn set_grants(
    state: Data<ApiState>,
    name: Path<String>,
    Json(wanted): Json<wire::Grants>,
) -> Result<Json<wire::Grants>, ApiError> {
    let changed = state.store.set_grants(&name, wanted.channels).await.map_err(|error| match error {
        StoreError::NoSuchChannel(_) => ApiError::new(Kind::Invalid, error.to_string()).at("/channels"),
        error => error.into(),
    })?;
    state.bump();
    tracing::info!(user = changed.name, channels = ?changed.channels, "grants changed");
    Ok(Json(wire::Grants { channels: changed.channels }))
}

async fn add(state: Data<ApiState>, Json(wanted): Json<wire::NewUser>) -> Result<HttpResponse, ApiError> {
    let added = state.accounts.add(&wanted).await?;
    tracing::info!(user = added.name, role = ?added.role, "user added");
    Ok(HttpResponse::Created().json(added))
}

async fn remove(state: Data<ApiState>, asked: Asked, name: Path<String>) -> Result<HttpResponse, ApiError> {
    let kept = state.store.remove_user(&name, removed::by(&asked)).await?;
    state.bump();
    tracing::info!(user = name.as_str(), "user removed");
    Ok(removed::gone(kept))
}

async fn set_password(
    state: Data<ApiState>,
    asked: Asked,
    name: Path<String>,
    Json(wanted): Json<wire::NewPassword>,
) -> Result<HttpResponse, ApiError> {
    asked.secure()?;
    let proven = prove(&state, &asked, wanted.current_password.as_deref()).await;
    proven.map_err(|error| error.at("/current_password"))?;
    let kept = match &asked.caller {
        Caller::User(session) if session.user.name.eq_ignore_ascii_case(&name) => Some(session),
        _ => None,
    };
    state.accounts.set_password(&name, &wanted, kept).await?;
    state.bump();
    tracing::info!(user = name.as_str(), "password changed");
    Ok(HttpResponse::NoContent().finish())
}

/// Also for extractors: who asks, as the guard has found out.
pub(super) fn caller(request: &HttpRequest) -> Option<Asked> {
    use actix_web::HttpMessage;
    request.extensions().get::<Asked>().cloned()
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        let told = error.to_string();
        match error {
            AccountError::Throttled => Self::new(Kind::TooMany, told),
            AccountError::CodesThrottled => Self::new(Kind::TooMany, told).at("/code"),
            AccountError::CodeNeeded | AccountError::SecondStep => {
                Self::new(Kind::Forbidden, told).at("/code")
            }
            AccountError::NoTotp => Self::new(Kind::Conflict, told),
            AccountError::Wrong => Self::new(Kind::Forbidden, told),
            AccountError::NotYours => Self::new(Kind::Forbidden, told).at("/password"),
            AccountError::NoCode | AccountError::Code => Self::new(Kind::Invalid, told).at("/code"),
            AccountError::Busy => Self::new(Kind::Busy, told),
            AccountError::Name => Self::new(Kind::Invalid, told).at("/name"),
            AccountError::Password(crate::accounts::password::PasswordError::Hash(why)) => {
                tracing::error!("{why}");
                Self::new(Kind::Internal, told)
            }
            AccountError::Password(_) => Self::new(Kind::Invalid, told).at("/password"),
            AccountError::Store(error @ StoreError::UserTaken(_)) => Self::from(error).at("/name"),
            AccountError::Store(error) => error.into(),
        }
    }
}

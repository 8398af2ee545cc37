//! Errors as RFC 9457 has them, and the one table from errors to statuses.
//!
//! The client sees what is wrong in its case and what to do; the journal sees the chain of causes.

use crate::limits::{BODY_BYTES_MAX, RETRY_AFTER_SECS};
use crate::store::{DraftError, StoreError};
use actix_web::error::JsonPayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, ResponseError, Route, web};
use std::error::Error;
use std::fmt;

/// The kinds of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The body is not JSON of the right form.
    BadBody,
    /// Nobody knows who asks.
    SignedOut,
    /// Who asks may not.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The thing is there, the method is not; with those that are.
    NotAllowed(&'static str),
    /// It is taken.
    Conflict,
    /// It is not what it was any more.
    Stale,
    /// The body is too long.
    TooLarge,
    /// The body is of another type.
    MediaType,
    /// The form is right, the content is not.
    Invalid,
    /// Something is broken here.
    Internal,
    /// Too often.
    TooMany,
    /// Later.
    Busy,
    /// No room.
    DiskFull,
    /// The disk takes nothing.
    Unwritable,
}

impl Kind {
    const fn row(self) -> (StatusCode, &'static str) {
        match self {
            Self::BadBody => (StatusCode::BAD_REQUEST, "The body is not understood"),
            Self::SignedOut => (StatusCode::UNAUTHORIZED, "Sign in first"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Not allowed"),
            Self::NotFound => (StatusCode::NOT_FOUND, "There is no such thing"),
            Self::NotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, "Not with this method"),
            Self::Conflict => (StatusCode::CONFLICT, "Taken"),
            Self::Stale => (StatusCode::PRECONDITION_FAILED, "Changed in the meantime"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Too long"),
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Another type of content is wanted"),
            Self::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "A value does not do"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Something is broken"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "Too often"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "Busy"),
            Self::DiskFull => (StatusCode::INSUFFICIENT_STORAGE, "The disk is full"),
            Self::Unwritable => (StatusCode::INSUFFICIENT_STORAGE, "The disk cannot be written"),
        }
    }
}

/// An error on its way to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    kind: Kind,
    detail: String,
    field: Option<String>,
}

impl ApiError {
    /// Of this kind; `detail` says what is wrong in this case and what to do.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), field: None }
    }

    /// With the member of the body at fault, as a JSON pointer.
    #[must_use]
    pub fn at(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// As it goes over the wire.
    #[must_use]
    pub fn problem(&self) -> wire::Problem {
        let (status, title) = self.kind.row();
        wire::Problem {
            title: title.into(),
            status: status.as_u16(),
            detail: self.detail.clone(),
            field: self.field.clone(),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.kind.row().0
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        match self.kind {
            // RFC 9110, 15.5.6: "The origin server MUST generate an Allow header field in a 405 response"
            Kind::NotAllowed(methods) => response.insert_header((ALLOW, methods)),
            Kind::Busy => response.insert_header((RETRY_AFTER, RETRY_AFTER_SECS)),
            Kind::TooMany => response.insert_header((RETRY_AFTER, 60)),
            // RFC 9110, 15.5.2: "MUST send a WWW-Authenticate header field"; no scheme is registered for cookies, and
            // browsers ask nothing of their user for this one (RFC 6750).
            Kind::SignedOut => response.insert_header((WWW_AUTHENTICATE, "Bearer")),
            _ => &mut response,
        };
        // RFC 9457, 3: "the media type 'application/problem+json'"
        response.content_type("application/problem+json").json(self.problem())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Busy => Kind::Busy,
            StoreError::Changed => Kind::Stale,
            StoreError::DiskFull => Kind::DiskFull,
            StoreError::Unwritable(_) | StoreError::Frozen(_) => Kind::Unwritable,
            StoreError::NoSuchChannel(_) | StoreError::NoSuchSource(_) => Kind::NotFound,
            StoreError::NoBackupFor => return Self::new(Kind::Invalid, error.to_string()).at("/source"),
            StoreError::NameTaken { .. } => return Self::new(Kind::Conflict, error.to_string()).at("/name"),
            StoreError::NoSuchUser(_)
            | StoreError::NoTotp(_)
            | StoreError::NoSuchRemoved(_)
            | StoreError::NoSuchToken(_)
            | StoreError::NoSuchDestination(_) => Kind::NotFound,
            StoreError::TokenTaken(_) | StoreError::DestinationTaken(_) => {
                return Self::new(Kind::Conflict, error.to_string()).at("/name");
            }
            StoreError::ScopeAbove(_) => return Self::new(Kind::Invalid, error.to_string()).at("/scope"),
            StoreError::TooManyChannels
            | StoreError::TooManyBackups
            | StoreError::TooManyUsers
            | StoreError::TooManyDestinations
            | StoreError::UserTaken(_)
            | StoreError::TotpOn(_)
            | StoreError::PlaceTaken(_)
            | StoreError::OwnerGone(_)
            | StoreError::LastAdministrator
            | StoreError::SeesAll(_)
            | StoreError::TooManyTokens
            | StoreError::TooLargeToTry
            | StoreError::FirstUser
            | StoreError::Claimed => Kind::Conflict,
            StoreError::Slug(_) => Kind::Invalid,
            StoreError::Random(_) | StoreError::Impossible(_) | StoreError::Gone | StoreError::Sqlite(_) => {
                tracing::error!("{}", chain(&error));
                Kind::Internal
            }
        };
        Self::new(kind, error.to_string())
    }
}

impl From<DraftError> for ApiError {
    fn from(error: DraftError) -> Self {
        Self::new(Kind::Invalid, error.to_string()).at(error.field())
    }
}

/// An error and all its causes, outermost first.
fn chain(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", chain(cause)),
        None => error.to_string(),
    }
}

/// How bodies are read: bounded, and with errors that name the place.
pub(super) fn json_config() -> web::JsonConfig {
    web::JsonConfig::default().limit(BODY_BYTES_MAX).error_handler(|error, _| body_error(&error).into())
}

/// How numbers in addresses are read.
pub(super) fn path_config() -> web::PathConfig {
    web::PathConfig::default().error_handler(|_, request| no_such_path(request.path()).into())
}

/// How what stands behind the question mark is read.
pub(super) fn query_config() -> web::QueryConfig {
    web::QueryConfig::default().error_handler(|error, _| {
        ApiError::new(Kind::Invalid, format!("what stands behind `?` is not understood: {error}")).into()
    })
}

fn body_error(error: &JsonPayloadError) -> ApiError {
    match error {
        JsonPayloadError::Overflow { limit } | JsonPayloadError::OverflowKnownLength { limit, .. } => {
            ApiError::new(Kind::TooLarge, format!("the body may have {limit} bytes at most"))
        }
        JsonPayloadError::ContentType => {
            ApiError::new(Kind::MediaType, "send the body as JSON, with `Content-Type: application/json`")
        }
        JsonPayloadError::Deserialize(error) => {
            let problem = ApiError::new(Kind::BadBody, error.to_string());
            match member_at_fault(&error.to_string()) {
                Some(member) => problem.at(format!("/{member}")),
                None => problem,
            }
        }
        other => ApiError::new(Kind::BadBody, format!("the body did not arrive whole: {other}")),
    }
}

/// The member named in serde's message, such as "unknown field `colour`, expected …".
fn member_at_fault(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("unknown field `").or_else(|| message.strip_prefix("missing field `"))?;
    rest.split('`').next()
}

/// For work that was not done, since its threads are ending.
pub(super) fn stopping() -> ApiError {
    ApiError::new(Kind::Busy, "the box is stopping; try again when it runs")
}

/// For everything under `/api` that is not a call.
pub(super) async fn no_such_call(request: HttpRequest) -> ApiError {
    no_such_path(request.path())
}

/// The same, for the guard.
pub(super) fn no_such_path(path: &str) -> ApiError {
    let path: String = path.chars().take(200).collect();
    ApiError::new(Kind::NotFound, format!("there is no call `{path}`; the calls are under /api/v1"))
}

/// The call is there, with these methods.
pub(super) fn not_with_this_method(methods: &'static str) -> ApiError {
    ApiError::new(Kind::NotAllowed(methods), format!("this address answers {methods} only"))
}

/// For the other methods of a call.
pub(super) fn only(methods: &'static str) -> Route {
    web::to(move || std::future::ready(not_with_this_method(methods)))
}

impl actix_web::Responder for ApiError {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.error_response()
    }
}

//! Who calls the API, and whether they may.
//!
//! | comes | is |
//! |---|---|
//! | by the Unix socket | the console: everything |
//! | from this machine, while nobody has claimed the box | trusted as the console is |
//! | with a token for scripts | its owner, as far as its scope goes |
//! | with the cookie of a session | that user: what the role may ([`calls`]), with the channels that exist for them |
//! | otherwise | nobody: may claim the box once, or sign in |
//!
//! Checks that each close a door which the others leave open:
//! 1. What a request says of itself (`X-Forwarded-For`) never makes it trusted; that it came through a proxy at all makes
//!    it distrusted, for then the peer is the proxy.
//! 2. Where the machine itself is trusted, the `Host` is a name of its loopback: a page of another name which resolves to
//!    127.0.0.1 (DNS rebinding) is same-origin to its browser, but says its own name. A cookie is bound to its host.
//! 3. A call that changes something comes from a page of the same origin, or from no page (cross-site request
//!    forgery): `Sec-Fetch-Site` where the browser sends it, `Origin` where it does not. A token is sent by no browser unasked.
//! 4. A body must be `application/json`, which no plain HTML form can send; a picture comes by `PUT`, which none does.
//! 5. Passwords and cookies are taken over encrypted connections alone, and over those that do not leave the machine.

use super::ApiState;
use super::accounts::COOKIE;
use super::audit::Watched;
use super::calls::{self, Call, Found, Needs};
use super::edits::{self, Edit};
use super::problem::{self, ApiError, Kind};
use crate::accounts::sight::Sight;
use crate::limits::SLUG_CHARS_MAX;
use crate::store::{Bearer, KeyHash, Maker, Session, StoreError};
use actix_web::body::MessageBody;
use actix_web::dev::{Extensions, Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::uri::Authority;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError};
use std::any::Any;
use std::future::{Ready, ready};
use std::net::IpAddr;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;
use wire::Role;

/// Marks a connection that came over the Unix socket.
#[derive(Clone, Copy, Debug)]
struct UnixPeer;

/// To be given to `HttpServer::on_connect`: marks connections of the Unix socket. A peer without an address is not
/// enough, since a TCP peer that has hung up has none either.
pub fn on_connect(io: &dyn Any, connection: &mut Extensions) {
    if io.is::<actix_rt::net::UnixStream>() {
        connection.insert(UnixPeer);
    }
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    Socket,
    Loopback,
    Elsewhere,
}

fn peer(request: &ServiceRequest) -> Peer {
    if request.conn_data::<UnixPeer>().is_some() {
        return Peer::Socket;
    }
    // IPv4 peers of an IPv6 listener appear as ::ffff:a.b.c.d
    let loopback = request.peer_addr().is_some_and(|address| address.ip().to_canonical().is_loopback());
    if loopback { Peer::Loopback } else { Peer::Elsewhere }
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// By the Unix socket.
    Console,
    /// From this machine, which nobody has claimed.
    Local,
    /// Somebody who has signed in.
    User(Session),
    /// A script, on behalf of somebody.
    Token(Bearer),
    /// Anybody.
    Nobody,
}

/// For those who are not limited.
static ALL: Sight = Sight::All;

impl Caller {
    /// Which channels exist for them.
    pub fn sight(&self) -> &Sight {
        match self {
            Self::User(session) => &session.sight,
            Self::Token(bearer) => &bearer.sight,
            Self::Console | Self::Local | Self::Nobody => &ALL,
        }
    }

    /// For whom a channel is made.
    pub(super) fn maker(&self) -> Maker {
        let token = if let Self::Token(bearer) = self { Some(bearer.id) } else { None };
        Maker { user: self.is_somebody().map(|(name, _)| name.to_owned()), token }
    }

    /// Name and role of those who have one.
    pub(super) fn is_somebody(&self) -> Option<(&str, Role)> {
        match self {
            Self::User(Session { user, .. }) | Self::Token(Bearer { user, .. }) => {
                Some((&user.name, user.role))
            }
            Self::Console | Self::Local | Self::Nobody => None,
        }
    }

    /// What has become of them; nothing when they may call no more.
    pub(super) async fn again(&self, state: &ApiState) -> Result<Option<Self>, ApiError> {
        match self {
            Self::User(session) => Ok(state.store.session_again(session).await?.map(Self::User)),
            Self::Token(bearer) => Ok(state.store.bearer_again(bearer).await?.map(Self::Token)),
            Self::Local if state.accounts.is_claimed().await? => Ok(None),
            Self::Console | Self::Local | Self::Nobody => Ok(Some(self.clone())),
        }
    }
}

/// What is known of a call; the guard leaves it for those behind it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Who.
    pub caller: Caller,
    /// The connection is encrypted, or does not leave the machine.
    pub is_secure: bool,
    /// Where from; none by the Unix socket.
    pub address: Option<IpAddr>,
    /// Where the admin side takes encrypted connections.
    pub https_port: u16,
}

impl Asked {
    /// Whether a password may be taken.
    ///
    /// # Errors
    /// Says where it may.
    pub fn secure(&self) -> Result<(), ApiError> {
        if self.is_secure { Ok(()) } else { Err(insecure(self.https_port)) }
    }
}

fn insecure(https_port: u16) -> ApiError {
    let told = format!(
        "a password must not cross the network in clear: use HTTPS, on port {https_port}; /trust tells how"
    );
    ApiError::new(Kind::Forbidden, told)
}

impl FromRequest for Asked {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let missing = || ApiError::new(Kind::Internal, "the guard has not seen this call");
        ready(super::accounts::caller(request).ok_or_else(missing))
    }
}

/// The middleware: refuses, or passes on and marks the answer as private.
pub(crate) async fn guard(
    state: Data<ApiState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut request = request;
    let mut response = match let_in(&state, &mut request).await {
        Err(error) => request.into_response(error.error_response()).map_into_boxed_body(),
        Ok((asked, edit)) => handle(&state, request, next, asked, edit).await?,
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

async fn let_in(state: &ApiState, request: &mut ServiceRequest) -> Result<(Asked, Edit), ApiError> {
    let asked = admit(state, request).await?;
    let call = permit(&asked, request)?;
    let path = below_api(request).to_owned();
    let edit = edits::begin(state, request, &path, call).await?;
    Ok((asked, edit))
}

/// Has the call answered, and written down, unless nothing comes of it.
async fn handle(
    state: &ApiState,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    asked: Asked,
    edit: Edit,
) -> Result<ServiceResponse, Error> {
    let path = below_api(&request).to_owned();
    if edit.is_tried {
        request.extensions_mut().insert(asked);
        // Nor does the journal tell what has not happened.
        let tried = next.call(request).with_subscriber(NoSubscriber::default());
        let mut response = tried.await?.map_into_boxed_body();
        let request = response.request().clone();
        edit.end(state, &request, response.headers_mut()).await;
        return Ok(response);
    }
    let watched = Watched::begin(state, request.request(), &path, &asked).await;
    request.extensions_mut().insert(asked);
    let mut response = next.call(request).await?.map_into_boxed_body();
    if let Some(watched) = watched {
        watched.end(state, response.request(), response.status(), response.headers()).await;
    }
    if response.status().is_success() {
        let request = response.request().clone();
        edit.end(state, &request, response.headers_mut()).await;
    }
    Ok(response)
}

/// As the routes will see it: what is escaped there must not pass for something else here.
fn below_api(request: &ServiceRequest) -> &str {
    request.match_info().as_str().strip_prefix("/api/v1").unwrap_or_default()
}

async fn admit(state: &ApiState, request: &ServiceRequest) -> Result<Asked, ApiError> {
    let (peer, headers, method) = (peer(request), request.headers(), request.method());
    let is_proxied = PROXY_HEADERS.iter().any(|name| headers.contains_key(name));
    let is_local = peer == Peer::Loopback && !is_proxied;
    let asked = |caller| Asked {
        caller,
        is_secure: peer == Peer::Socket || is_local || request.app_config().secure(),
        address: request.peer_addr().map(|address| address.ip()).filter(|_| peer != Peer::Socket),
        https_port: {
            let ports = state.ports.borrow();
            ports.admin.unwrap_or(ports.https)
        },
    };
    if peer == Peer::Socket {
        return Ok(asked(Caller::Console));
    }
    // HTTP/2 has it as a pseudo-header (RFC 9113, 8.3.1), which is where the URI's authority comes from then.
    let authority = request.uri().authority().map(Authority::as_str);
    let host = text(headers, header::HOST).or(authority).unwrap_or_default();
    let secret = bearer(headers);
    // No page of another site can send a token unasked.
    if !method.is_safe() && secret.is_none() && !is_same_origin(headers, host) {
        return Err(ApiError::new(Kind::Forbidden, "a page of another site may not change anything here"));
    }
    let path = below_api(request);
    let is_claimed = state.accounts.is_claimed().await?;
    if is_local && !is_claimed {
        if !is_loopback_name(host_part(host)) {
            let told = "the address in the browser must be localhost, 127.0.0.1 or [::1]";
            return Err(ApiError::new(Kind::Forbidden, told));
        }
        return Ok(asked(Caller::Local));
    }
    let nobody = asked(Caller::Nobody);
    if let Some(secret) = secret {
        return with_token(state, secret, nobody).await;
    }
    let token = cookie(headers).filter(|_| nobody.is_secure);
    let session = match token {
        Some(token) => state.store.session(&KeyHash::of(token), is_sign_of_somebody(method, path)).await?,
        None => None,
    };
    match session {
        Some(session) => Ok(asked(Caller::User(session))),
        None if is_for_everybody(method, path) => Ok(nobody),
        None => Err(signed_out(is_claimed, nobody.is_secure, nobody.https_port)),
    }
}

/// Whoever sends a token is its bearer, or nobody: no cookie does in its place.
async fn with_token(state: &ApiState, secret: &str, nobody: Asked) -> Result<Asked, ApiError> {
    if !nobody.is_secure {
        let told = format!(
            "a token must not cross the network in clear: remove this one, which has, and use HTTPS, on port {}",
            nobody.https_port
        );
        return Err(ApiError::new(Kind::SignedOut, told));
    }
    if let Some(bearer) = state.store.bearer(secret).await? {
        return Ok(Asked { caller: Caller::Token(bearer), ..nobody });
    }
    state.accounts.wrong_token(nobody.address)?;
    tracing::warn!(from = ?nobody.address, "a token that is not known, or is over, was refused");
    Err(ApiError::new(Kind::SignedOut, "this token is not known, or is over; make another one"))
}

/// Whether the call is there, and whoever asks may make it. What does not exist for them is not there, whatever they may.
fn permit(asked: &Asked, request: &ServiceRequest) -> Result<&'static Call, ApiError> {
    let (method, path) = (request.method(), below_api(request));
    let call = match calls::find(method, path) {
        _ if request.match_info().as_str() == "/metrics" && method.is_safe() => {
            if asked.caller.sight().slugs().is_some() {
                return Err(ApiError::new(
                    Kind::Forbidden,
                    "the metrics count all channels, and not all are yours",
                ));
            }
            &calls::METRICS
        }
        Found::Call(call) => call,
        Found::OtherMethod(methods) => return Err(problem::not_with_this_method(methods)),
        Found::Nothing => return Err(problem::no_such_path(request.path())),
    };
    let Some((name, role)) = asked.caller.is_somebody() else { return Ok(call) };
    if !call.is_for(name, role, path) {
        // For whoever reads the journal after something odd; a name or a path may hold anything that is visible.
        let call = format!("{method} {}", path.chars().take(200).collect::<String>());
        tracing::warn!(user = name, ?role, %call, "a call was refused: the role does not allow it");
        return Err(ApiError::new(Kind::Forbidden, "your role does not allow this; ask an administrator"));
    }
    if call.is_personal && matches!(asked.caller, Caller::Token(_)) {
        tracing::warn!(user = name, "a call was refused: a token does not do for it");
        return Err(ApiError::new(Kind::Forbidden, "this is for whoever has signed in; a token does not do"));
    }
    match calls::channel_of(path).filter(|slug| !asked.caller.sight().sees(slug)) {
        Some(slug) => Err(StoreError::NoSuchChannel(slug.chars().take(SLUG_CHARS_MAX).collect()).into()),
        None => Ok(call),
    }
}

fn signed_out(is_claimed: bool, is_secure: bool, https_port: u16) -> ApiError {
    if !is_secure {
        let told = format!("sign in over HTTPS, on port {https_port}; /trust tells how");
        return ApiError::new(Kind::SignedOut, told);
    }
    let told = match is_claimed {
        true => "sign in first, by `POST /api/v1/session`; the admin page does",
        false => {
            "nobody has claimed this box: open its admin page with the code that it showed when it started, or \
                  that `forebay claim` on it shows"
        }
    };
    ApiError::new(Kind::SignedOut, told)
}

/// Calls that need no session.
fn is_for_everybody(method: &Method, path: &str) -> bool {
    matches!(calls::find(method, path), Found::Call(call) if call.needs == Needs::Nothing)
}

/// Whether somebody is there: a page that is left open asks for these again and again.
fn is_sign_of_somebody(method: &Method, path: &str) -> bool {
    let is_asked_again = matches!(path, "/events" | "/channels" | "/box" | "/alarms" | "/session")
        || path.starts_with("/audience")
        || path.ends_with("/trend");
    !method.is_safe() || !(is_asked_again || path.ends_with("/picture"))
}

/// What stands in `Authorization: Bearer` (RFC 6750, 2.1); other schemes are none of ours, but no session either.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = text(headers, header::AUTHORIZATION)?;
    let (scheme, secret) = value.split_once(' ').unwrap_or((value, ""));
    Some(if scheme.eq_ignore_ascii_case("bearer") { secret.trim() } else { "" })
}

/// The session's token.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(header::COOKIE).filter_map(|line| line.to_str().ok());
    let mut pairs = pairs.flat_map(|line| line.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// RFC 7239, RFC 9110 7.6.3 and what was used before them: a proxy has passed this request on.
const PROXY_HEADERS: [HeaderName; 3] = [header::FORWARDED, header::X_FORWARDED_FOR, header::VIA];

/// A header that is there once and is text; one that is not text counts as wrong, not as absent.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// Without the port.
pub(super) fn host_part(host: &str) -> &str {
    let port = host.rfind(':').filter(|at| host[at + 1..].bytes().all(|b| b.is_ascii_digit()));
    port.filter(|at| !host.starts_with('[') || host[..*at].ends_with(']')).map_or(host, |at| &host[..at])
}

fn is_loopback_name(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let name = host.to_ascii_lowercase();
    // RFC 6761, 6.3: names ending in "localhost" always mean loopback.
    address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        || name == "localhost"
        || name.ends_with(".localhost")
}

fn is_same_origin(headers: &HeaderMap, host: &str) -> bool {
    let site = text(headers, HeaderName::from_static("sec-fetch-site"));
    let origin = text(headers, header::ORIGIN);
    let site_allows = site.is_none_or(|site| site == "same-origin" || site == "none");
    // "null", which sandboxed pages send, has no authority and so never matches.
    let authority = |origin: &str| origin.split_once("://").map(|(_, authority)| authority.to_owned());
    let origin_allows =
        origin.is_none_or(|origin| authority(origin).is_some_and(|asked| asked.eq_ignore_ascii_case(host)));
    site_allows && origin_allows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn the_host_must_be_a_loopback_name() {
        for host in [
            "localhost",
            "LOCALHOST:1",
            "box.localhost:8080",
            "127.0.0.1:8080",
            "127.8.9.1",
            "[::1]:80",
            "[::1]",
        ] {
            assert!(is_loopback_name(host_part(host)), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example:8080",
            "10.0.0.1",
            "127.0.0.1.evil",
            "[::2]:80",
            "[::1",
        ] {
            assert!(!is_loopback_name(host_part(host)), "{host}");
        }
    }

    #[test]
    fn changes_come_from_the_same_origin_or_from_no_page() {
        let same = |lines: &[(&'static str, &'static str)]| is_same_origin(&headers(lines), "localhost:8080");
        assert!(same(&[]));
        assert!(same(&[("origin", "http://localhost:8080")]));
        assert!(same(&[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:8080")]));
        assert!(same(&[("sec-fetch-site", "none")]));
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "null"),
            ("origin", "http://localhost:3000"),
            ("origin", "http://evil.example"),
            ("origin", "http://localhost:8080.evil.example"),
        ] {
            assert!(!same(&[(name, value)]), "{name}: {value}");
        }
    }

    #[test]
    fn a_page_that_is_left_open_is_no_sign_of_anybody() {
        let signs = [
            (Method::GET, "/events"),
            (Method::GET, "/box"),
            (Method::GET, "/history"),
            (Method::POST, "/channels"),
        ];
        assert_eq!(
            signs.map(|(method, path)| is_sign_of_somebody(&method, path)),
            [false, false, true, true]
        );
    }

    #[test]
    fn tokens_are_read_as_rfc_6750_has_them() {
        let read = |value: &'static str| bearer(&headers(&[("authorization", value)])).map(str::to_owned);
        assert_eq!(bearer(&headers(&[])), None);
        assert_eq!(read("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(read("bearer  abc ").as_deref(), Some("abc"));
        for other in ["Basic abc", "Bearer", "abc", ""] {
            assert_eq!(
                read(other).as_deref(),
                Some(""),
                "{other}: nobody's, and no cookie does in its place"
            );
        }
    }

    #[test]
    fn the_cookie_is_found_among_others_and_no_other_is_taken_for_it() {
        assert_eq!(cookie(&headers(&[("cookie", "a=b; __Host-forebay=abc; c=d")])), Some("abc"));
        for other in ["", "forebay=abc", "__Host-forebays=abc", "x__Host-forebay=abc", "a=__Host-forebay"] {
            let lines = [("cookie", other)];
            assert_eq!(cookie(&headers(&lines)), None, "{other}");
        }
    }
}

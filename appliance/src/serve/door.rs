//! What every request for a channel passes first: its token is checked and taken out of the path, and pages of other
//! sites are told whether they may read the answer.

use super::Serving;
use super::access::{Access, LivePath, query_token};
use super::admission::{Counted, Place};
use super::live::Rendered;
use super::reply;
use crate::audience::{UNCOUNTED, channel_mark};
use crate::limits;
use crate::metrics::connections::{Mark, Wanted};
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, HeaderMap, HeaderValue, ORIGIN,
    VARY,
};
use actix_web::http::uri::PathAndQuery;
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, ResponseError, web};
use std::sync::Arc;

/// Range for players, CMCD-* for those that report their state in headers (CTA-5004).
const REQUEST_HEADERS: &str = "Range, CMCD-Object, CMCD-Request, CMCD-Session, CMCD-Status";

/// Of CMCD, the header that names the session first.
const CMCD_HEADERS: [&str; 4] = ["cmcd-session", "cmcd-status", "cmcd-object", "cmcd-request"];

/// Before relative addresses in a text that was asked for with `?token=`.
struct Prefix(String);

/// The text as it is, or with the token before its addresses when it was asked for with `?token=`.
#[must_use]
pub fn carry_token(request: &HttpRequest, text: Rendered, add: fn(&str, &str) -> String) -> Rendered {
    match request.extensions().get::<Prefix>() {
        Some(Prefix(prefix)) => add(&String::from_utf8_lossy(&text.plain), prefix).into(),
        None => text,
    }
}

/// The door of `/live/…`; `/time` is for everybody, and nothing else is shared with other sites.
///
/// # Errors
/// Those of the routes behind it.
pub async fn door(
    serving: web::Data<Serving>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<Counted>, Error> {
    let access = match LivePath::parse(request.path()) {
        Some(path) => serving.access.of(path.slug),
        None if request.path() == "/time" => Arc::default(),
        None => return Ok(counted(next.call(request).await?, None)),
    };
    let origin = request.headers().get(ORIGIN).and_then(|origin| origin.to_str().ok()).map(str::to_owned);
    let mut response = if request.method() == Method::OPTIONS {
        counted(request.into_response(HttpResponse::NoContent().finish()), None)
    } else if let Err(refused) = admit(&serving, &access, &mut request) {
        let refusal = reply::refusal(StatusCode::FORBIDDEN, refused.to_string());
        counted(request.into_response(refusal.error_response()), None)
    } else {
        match place(&serving, &request) {
            Ok(place) => counted(next.call(request).await?, place),
            Err(refusal) => counted(request.into_response(refusal.error_response()), None),
        }
    };
    share(response.headers_mut(), &access, origin.as_deref());
    Ok(response)
}

fn counted(response: ServiceResponse, place: Option<Place>) -> ServiceResponse<Counted> {
    response.map_body(|_, body| Counted::new(body, place))
}

/// The request's place in its channel; a channel that is not on air has none, and its routes say so at once.
fn place(serving: &Serving, request: &ServiceRequest) -> Result<Option<Place>, reply::Refusal> {
    let Some(path) = LivePath::parse(request.path()) else { return Ok(None) };
    let Some(live) = serving.catalogue.get(path.slug) else { return Ok(None) };
    let (wanted, version) = (Wanted::of(path.rest), request.version());
    let mark = request.conn_data::<Mark>();
    let tier = mark.map_or(wanted.tier(), |mark| mark.note(wanted, version));
    let said = cmcd(request.query_string(), request.headers());
    if let Some(mark) = mark {
        mark.belongs(channel_mark(path.slug), said.is_some() || request.headers().contains_key(UNCOUNTED));
    }
    if let Some(said) = said {
        serving.metrics.audience().said(path.slug, tier, said);
    }
    let full = |_| {
        let why = "So many watch just now that there is no room for one more; ask again in a second.";
        reply::refusal(StatusCode::SERVICE_UNAVAILABLE, why)
    };
    Place::take(&serving.metrics, live, tier, serving.limits).map(Some).map_err(full)
}

/// What the player says of itself, in the query or in headers (CTA-5004); no more of it than is looked at.
pub(super) fn cmcd(query: &str, headers: &HeaderMap) -> Option<String> {
    if let Some(query) = query.split('&').find_map(|pair| pair.strip_prefix("CMCD=")) {
        let query = query.get(..limits::CMCD_BYTES_MAX).unwrap_or(query);
        return Some(percent_decode(query));
    }
    let lines = CMCD_HEADERS.iter().filter_map(|name| headers.get(*name)?.to_str().ok());
    let lines = lines.filter(|line| line.len() <= limits::CMCD_BYTES_MAX);
    lines.map(str::to_owned).reduce(|all, line| format!("{all},{line}"))
}

fn percent_decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        plain.push(match byte {
            b'%' => {
                let (high, low) = (digit(bytes.next()), digit(bytes.next()));
                high.zip(low).and_then(|(high, low)| u8::try_from(high * 16 + low).ok()).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// Checks the token, and leaves the path as the routes know it.
fn admit(
    serving: &Serving,
    access: &Access,
    request: &mut ServiceRequest,
) -> Result<(), super::access::Refused> {
    let Some(path) = LivePath::parse(request.path()) else { return Ok(()) };
    let in_query = query_token(request.query_string());
    let peer = request.peer_addr().map(|address| address.ip());
    access.check(path.slug, path.token.or(in_query), peer, serving.house.now())?;
    if path.token.is_some() {
        let plain = path.plain();
        rewrite(request, &plain);
    } else if let Some(token) = in_query.filter(|_| access.secret.is_some()) {
        let prefix = Prefix(path.prefix(token));
        request.extensions_mut().insert(prefix);
    }
    Ok(())
}

fn rewrite(request: &mut ServiceRequest, path: &str) {
    let query = request.query_string();
    let whole = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query =
        Some(PathAndQuery::try_from(whole).expect("what was left out of a valid path leaves it valid"));
    let uri = Uri::from_parts(parts).expect("only the path has changed");
    request.match_info_mut().get_mut().update(&uri);
    request.head_mut().uri = uri;
}

fn share(headers: &mut HeaderMap, access: &Access, origin: Option<&str>) {
    if access.secret.is_some() {
        keep_private(headers);
    }
    if !access.origins.is_empty() {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    let allowed = access.allow_origin(origin).and_then(|allowed| HeaderValue::from_str(allowed).ok());
    let Some(allowed) = allowed else { return };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Date, Content-Length, Content-Range, Age"),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
}

/// What one viewer may see is not for a cache that others share (RFC 9111, 5.2.2.7).
fn keep_private(headers: &mut HeaderMap) {
    let Some(kept) = headers.get(CACHE_CONTROL).and_then(|kept| kept.to_str().ok()) else { return };
    if let Ok(private) = HeaderValue::from_str(&kept.replace("public", "private")) {
        headers.insert(CACHE_CONTROL, private);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn cmcd_comes_by_query_or_by_headers() {
        let by_query = TestRequest::with_uri("/live/hall/720p/7.m4s?x=1&CMCD=br%3D3200%2Csid%3D%22abc-1%22");
        let cmcd = |request: TestRequest| {
            let request = request.to_srv_request();
            super::cmcd(request.query_string(), request.headers())
        };
        assert_eq!(cmcd(by_query).as_deref(), Some("br=3200,sid=\"abc-1\""));
        let by_headers = TestRequest::with_uri("/live/hall/720p/7.m4s")
            .insert_header(("CMCD-Object", "br=3200"))
            .insert_header(("CMCD-Session", "sid=\"abc-1\""));
        assert_eq!(cmcd(by_headers).as_deref(), Some("sid=\"abc-1\",br=3200"));
        assert_eq!(cmcd(TestRequest::with_uri("/live/hall/720p/7.m4s")), None);
        assert_eq!(percent_decode("%zz%2"), "??");
    }
}

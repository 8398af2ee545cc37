//! Who may call the API. Until there are accounts, whoever is on this machine, and nobody else.
//!
//! Four checks, each of which closes a door that the others leave open:
//! 1. The peer is a loopback address or the Unix socket. What a request says of itself (`X-Forwarded-For`) never
//!    makes it trusted; that it came through a proxy at all makes it distrusted, for then the peer is the proxy.
//! 2. The `Host` is a name of this machine's loopback: a page of another name which resolves to 127.0.0.1 (DNS
//!    rebinding) is same-origin to its browser, but says its own name.
//! 3. A call that changes something comes from a page of the same origin, or from no page (cross-site request
//!    forgery): `Sec-Fetch-Site` where the browser sends it, `Origin` where it does not.
//! 4. A body must be `application/json`, which no plain HTML form can send; a picture comes by `PUT`, which none does.

use super::problem::{ApiError, Kind};
use actix_web::body::MessageBody;
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError};
use std::any::Any;
use std::net::IpAddr;

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

/// The middleware: refuses, or passes on and marks the answer as private.
pub(crate) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let changes = !request.method().is_safe();
    let mut response = match refusal(peer(&request), changes, request.headers()) {
        Some(error) => request.into_response(error.error_response()).map_into_boxed_body(),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// RFC 7239, RFC 9110 7.6.3 and what was used before them: a proxy has passed this request on.
const PROXY_HEADERS: [HeaderName; 3] = [header::FORWARDED, header::X_FORWARDED_FOR, header::VIA];

/// Pure: why this request is refused, if it is.
fn refusal(peer: Peer, changes: bool, headers: &HeaderMap) -> Option<ApiError> {
    let forbidden = |detail: &str| Some(ApiError::new(Kind::Forbidden, detail));
    if peer == Peer::Socket {
        return None;
    }
    if peer == Peer::Elsewhere || PROXY_HEADERS.iter().any(|name| headers.contains_key(name)) {
        return forbidden(
            "until there are accounts, the box is managed from itself alone: use http://localhost on it, an SSH \
             tunnel to it, or the command `forebay channel`",
        );
    }
    let host = text(headers, header::HOST).unwrap_or_default();
    if !is_loopback_name(host_part(host)) {
        return forbidden("the address in the browser must be localhost, 127.0.0.1 or [::1]");
    }
    if changes && !is_same_origin(headers, host) {
        return forbidden("a page of another site may not change anything here");
    }
    None
}

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

    fn refused(peer: Peer, changes: bool, lines: &[(&'static str, &'static str)]) -> bool {
        let pair = |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        refusal(peer, changes, &lines.iter().map(pair).collect()).is_some()
    }

    #[test]
    fn only_this_machine_and_never_through_a_proxy() {
        let host = ("host", "localhost:8080");
        assert!(!refused(Peer::Loopback, false, &[host]));
        assert!(!refused(Peer::Socket, true, &[]));
        assert!(refused(Peer::Elsewhere, false, &[host]));
        assert!(refused(Peer::Elsewhere, false, &[host, ("x-forwarded-for", "127.0.0.1")]));
        for proxy in ["x-forwarded-for", "forwarded", "via"] {
            assert!(refused(Peer::Loopback, false, &[host, (proxy, "127.0.0.1")]), "{proxy}");
        }
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
            assert!(!refused(Peer::Loopback, false, &[("host", host)]), "{host}");
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
            assert!(refused(Peer::Loopback, false, &[("host", host)]), "{host}");
        }
        assert!(refused(Peer::Loopback, false, &[]), "no host at all");
    }

    #[test]
    fn changes_come_from_the_same_origin_or_from_no_page() {
        let change = |lines: &[(&'static str, &'static str)]| {
            let host = [("host", "localhost:8080")];
            refused(Peer::Loopback, true, &[&host, lines].concat())
        };
        assert!(!change(&[]));
        assert!(!change(&[("origin", "http://localhost:8080")]));
        assert!(!change(&[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:8080")]));
        assert!(!change(&[("sec-fetch-site", "none")]));
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "null"),
            ("origin", "http://localhost:3000"),
            ("origin", "http://evil.example"),
            ("origin", "http://localhost:8080.evil.example"),
        ] {
            assert!(change(&[(name, value)]), "{name}: {value}");
            assert!(
                !refused(Peer::Loopback, false, &[("host", "localhost:8080"), (name, value)]),
                "reading is free"
            );
        }
    }
}

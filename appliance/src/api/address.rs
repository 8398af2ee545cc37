//! The addresses shown to publishers and viewers. Pure, but for asking the system which address it would use.

use super::ApiState;
use actix_web::HttpRequest;
use actix_web::http::uri::Authority;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};

/// Stands for the key where it is not to be seen.
pub(super) const KEY_PLACEHOLDER: &str = "STREAM_KEY";

/// How this box is reached by whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base {
    host: String,
    ports: wire::Ports,
}

impl Base {
    /// A browser is shown the name by which it asked; the command line, which used no name, the box's address.
    pub(super) fn of(request: &HttpRequest, state: &ApiState) -> Self {
        let asked = request
            .peer_addr()
            .and_then(|_| request.uri().host().map(str::to_owned).or_else(|| host(request)));
        Self {
            host: asked.unwrap_or_else(|| bracketed(own_address(state.bind))),
            ports: *state.ports.borrow(),
        }
    }

    pub(super) fn watch_url(&self, slug: &str) -> String {
        self.http_url(&format!("/watch/{slug}"))
    }

    /// A whole address of `path` on the viewers' port.
    pub(super) fn http_url(&self, path: &str) -> String {
        let Self { host, ports: wire::Ports { http, .. } } = self;
        if *http == 80 { format!("http://{host}{path}") } else { format!("http://{host}:{http}{path}") }
    }

    /// Where to publish to; nowhere for what is made on the box.
    pub(super) fn publish_urls(&self, source: wire::Source, key: &str) -> Vec<String> {
        let Self { host, ports: wire::Ports { rtmp, srt, .. } } = self;
        match source {
            wire::Source::TestPattern => Vec::new(),
            wire::Source::Rtmp => vec![format!("rtmp://{host}:{rtmp}/live/{key}")],
            wire::Source::Srt => vec![format!("srt://{host}:{srt}?streamid={key}")],
        }
    }
}

/// The `Host` header, or what HTTP/2 has in its place, without the port.
fn host(request: &HttpRequest) -> Option<String> {
    let header = request.headers().get(actix_web::http::header::HOST).and_then(|host| host.to_str().ok());
    let host = header.or(request.uri().authority().map(Authority::as_str))?;
    Some(super::guard::host_part(host).to_owned())
}

fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// The address that others reach: the one bound, or the one that the default route starts from.
fn own_address(bind: IpAddr) -> IpAddr {
    if !bind.is_unspecified() {
        return bind;
    }
    // Connecting a UDP socket sends nothing; 192.0.2.1 (RFC 5737) is nobody's.
    let routed = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).and_then(|()| socket.local_addr())
    });
    routed.map_or(Ipv4Addr::LOCALHOST.into(), |address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_as_the_manual_has_them() {
        let ports = wire::Ports { http: 8080, https: 8443, rtmp: 1935, srt: 9000, admin: None };
        let base = Base { host: "box".into(), ports };
        assert_eq!(base.watch_url("demo"), "http://box:8080/watch/demo");
        assert_eq!(base.publish_urls(wire::Source::Rtmp, "k"), ["rtmp://box:1935/live/k"]);
        assert_eq!(base.publish_urls(wire::Source::Srt, "k"), ["srt://box:9000?streamid=k"]);
        assert!(base.publish_urls(wire::Source::TestPattern, "k").is_empty());
        let base = Base { ports: wire::Ports { http: 80, ..ports }, ..base };
        assert_eq!(base.watch_url("demo"), "http://box/watch/demo");
    }

    #[test]
    fn a_bound_address_is_shown_as_it_is() {
        let address: IpAddr = "::1".parse().unwrap();
        assert_eq!(bracketed(own_address(address)), "[::1]");
        assert!(!own_address(Ipv4Addr::UNSPECIFIED.into()).is_unspecified());
    }
}

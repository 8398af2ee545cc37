//! Content types, cache times and the shapes of answers to viewers.
//!
//! Cache times are those of draft-pantos-hls-rfc8216bis appendix B.1, in multiples of the target duration.

use super::live::Rendered;
use super::range::{self, Span, Wanted};
use actix_web::body::SizedStream;
use actix_web::http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_RANGE, HeaderName, IF_RANGE,
    RANGE, RETRY_AFTER, VARY,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use bytes::Bytes;
use futures_util::{Stream, stream};
use std::convert::Infallible;

/// Every rendition's EXT-X-TARGETDURATION, in seconds.
pub const TARGET_DURATION_SECS: u32 = 2;

/// `application/vnd.apple.mpegurl` (RFC 8216 section 4).
pub const M3U8: &str = "application/vnd.apple.mpegurl";
/// ISO/IEC 23009-1 annex C.
pub const MPD: &str = "application/dash+xml";
/// RFC 9218 5: for whoever schedules the answers of one HTTP/2 connection, a playlist before media, and every rendition
/// alike (B.1). The server below us does not schedule; an edge in front of the box may.
const PLAYLIST_PRIORITY: (HeaderName, &str) = (HeaderName::from_static("priority"), "u=1");
/// See [`PLAYLIST_PRIORITY`].
const MEDIA_PRIORITY: (HeaderName, &str) = (HeaderName::from_static("priority"), "u=3");
/// MPEG transport stream.
pub const TS: &str = "video/mp2t";

/// How long an answer may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// A playlist that was asked for by number, a segment, a part or a header: six target durations.
    Numbered,
    /// Why there is no playlist of that number: four target durations.
    NumberedRefusal,
    /// A playlist as it is just now: half a target duration.
    Moving,
    /// What changes only with the configuration: a target duration.
    Setup,
    /// Why there is nothing of that name: a target duration.
    Refusal,
    /// Never: it depends on who asks or on the load, or will be different in a moment.
    Not,
}

impl Keep {
    /// `None`: not at all.
    fn secs(self) -> Option<u32> {
        match self {
            Self::Numbered => Some(6 * TARGET_DURATION_SECS),
            Self::NumberedRefusal => Some(4 * TARGET_DURATION_SECS),
            Self::Moving => Some(TARGET_DURATION_SECS / 2),
            Self::Setup | Self::Refusal => Some(TARGET_DURATION_SECS),
            Self::Not => None,
        }
    }

    // There is no Age: clients read an answer without one as fresh from the origin (appendix C).
    fn cache_control(self) -> String {
        self.secs().map_or("no-store".into(), |secs| format!("public, max-age={secs}"))
    }
}

/// A text, compressed for those who can read that.
pub fn text(request: &HttpRequest, text: &Rendered, content_type: &'static str, keep: Keep) -> HttpResponse {
    let mut reply = HttpResponse::Ok();
    reply.content_type(content_type);
    reply.insert_header((CACHE_CONTROL, keep.cache_control()));
    reply.insert_header((VARY, "Accept-Encoding"));
    reply.insert_header(PLAYLIST_PRIORITY);
    if accepts_gzip(request) {
        reply.insert_header((CONTENT_ENCODING, "gzip"));
        return reply.body(text.gzip.clone());
    }
    reply.body(text.plain.clone())
}

fn accepts_gzip(request: &HttpRequest) -> bool {
    let Some(accepted) = request.headers().get(ACCEPT_ENCODING).and_then(|v| v.to_str().ok()) else {
        return false;
    };
    accepted.split(',').any(|coding| {
        let mut pieces = coding.split(';').map(str::trim);
        let name = pieces.next().unwrap_or_default();
        let refused = pieces.any(|piece| matches!(piece, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        (name.eq_ignore_ascii_case("gzip") || name == "*") && !refused
    })
}

/// Headers of a media answer; the body is the caller's.
pub fn media(content_type: &str, keep: Keep) -> HttpResponseBuilder {
    let mut reply = HttpResponse::Ok();
    reply.content_type(content_type.to_owned()).insert_header((CACHE_CONTROL, keep.cache_control()));
    reply.insert_header(MEDIA_PRIORITY);
    reply
}

/// Whole media in several pieces, or what a Range header wants of it, without copying them together.
pub fn pieces(request: &HttpRequest, content_type: &str, pieces: Vec<Bytes>) -> HttpResponse {
    let len = pieces.iter().map(|piece| piece.len() as u64).sum();
    ranged(request, content_type, len, |span| {
        let pieces = if span.len == len { pieces } else { span.of(&pieces) };
        stream::iter(pieces.into_iter().map(Ok::<_, Infallible>))
    })
}

/// Media of known length, or what a Range header wants of it; `body` reads these bytes of it.
pub fn ranged<S, E>(
    request: &HttpRequest,
    content_type: &str,
    len: u64,
    body: impl FnOnce(Span) -> S,
) -> HttpResponse
where
    S: Stream<Item = Result<Bytes, E>> + 'static,
    E: Into<Box<dyn std::error::Error>> + 'static,
{
    let mut reply = media(content_type, Keep::Numbered);
    reply.insert_header((ACCEPT_RANGES, "bytes"));
    let span = match range_header(request).map_or(Wanted::Whole, |header| range::wanted(header, len)) {
        Wanted::Whole => Span { from: 0, len },
        Wanted::Span(span) => {
            reply.status(StatusCode::PARTIAL_CONTENT).insert_header((CONTENT_RANGE, span.content_range(len)));
            span
        }
        Wanted::Nothing => {
            // Kept as briefly as other errors are (B.1).
            reply.insert_header((CACHE_CONTROL, Keep::Refusal.cache_control()));
            reply.insert_header((CONTENT_RANGE, range::unsatisfied(len)));
            return reply.status(StatusCode::RANGE_NOT_SATISFIABLE).finish();
        }
    };
    reply.body(SizedStream::new(span.len, body(span)))
}

/// "A server MUST ignore a Range header field received with a request method [...] for which range handling is not
/// defined. For this specification, GET is the only method" (RFC 9110 14.2). No answer of ours has a validator, so no
/// If-Range can match one (13.1.5).
fn range_header(request: &HttpRequest) -> Option<&str> {
    let asked = request.method() == Method::GET && !request.headers().contains_key(IF_RANGE);
    request.headers().get(RANGE).filter(|_| asked)?.to_str().ok()
}

/// An answer that says in plain words why there is nothing to send.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    status: StatusCode,
    why: String,
    keep: Keep,
}

impl Refusal {
    /// The same, kept for as long as this.
    #[must_use]
    pub fn kept(self, keep: Keep) -> Self {
        Self { keep, ..self }
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut reply = HttpResponse::build(self.status);
        reply.content_type("text/plain; charset=utf-8");
        reply.insert_header((CACHE_CONTROL, self.keep.cache_control()));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            // Sooner, a cache would only repeat this answer.
            reply.insert_header((RETRY_AFTER, self.keep.secs().unwrap_or(1)));
        }
        reply.body(format!("{}\n", self.why))
    }
}

/// What a route of ours answers.
pub type Answer = Result<HttpResponse, Refusal>;

/// A refusal with this status, kept by nobody.
pub fn refusal(status: StatusCode, why: impl Into<String>) -> Refusal {
    Refusal { status, why: why.into(), keep: Keep::Not }
}

/// 503: what was asked for is late.
pub fn late(why: &str) -> Refusal {
    refusal(StatusCode::SERVICE_UNAVAILABLE, why).kept(Keep::Refusal)
}

/// 404: there is no such thing, and there will not be in a moment.
pub fn not_found(why: impl Into<String>) -> Refusal {
    refusal(StatusCode::NOT_FOUND, why).kept(Keep::Refusal)
}

/// 410: it was there, and is no longer kept.
pub fn gone(why: impl Into<String>) -> Refusal {
    refusal(StatusCode::GONE, why).kept(Keep::Refusal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn asks(accept: &str) -> bool {
        accepts_gzip(&TestRequest::default().insert_header((ACCEPT_ENCODING, accept)).to_http_request())
    }

    #[test]
    fn gzip_goes_to_those_who_can_read_it() {
        assert!(asks("gzip, deflate, br") && asks("br;q=1.0, GZIP;q=0.5") && asks("*"));
        assert!(!asks("br") && !asks("gzip;q=0") && !asks("") && !asks("xgzip"));
        assert!(!accepts_gzip(&TestRequest::default().to_http_request()));
    }

    fn header(refusal: &Refusal, name: actix_web::http::header::HeaderName) -> Option<String> {
        let response = refusal.error_response();
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn b_1_cache_times_of_what_there_is() {
        assert_eq!(Keep::Numbered.cache_control(), "public, max-age=12", "six target durations");
        assert_eq!(Keep::Moving.cache_control(), "public, max-age=1", "half of one");
    }

    #[test]
    fn b_1_cache_times_of_refusals() {
        let kept = |refusal: Refusal| header(&refusal, CACHE_CONTROL).unwrap();
        assert_eq!(kept(not_found("")), "public, max-age=2", "one target duration");
        assert_eq!(kept(gone("")), "public, max-age=2");
        assert_eq!(kept(late("")), "public, max-age=2");
        assert_eq!(kept(late("").kept(Keep::NumberedRefusal)), "public, max-age=8", "four");
        assert_eq!(kept(refusal(StatusCode::FORBIDDEN, "")), "no-store");
    }

    #[test]
    fn who_is_told_to_come_back_is_told_when_no_cache_repeats_the_answer() {
        assert_eq!(header(&late("").kept(Keep::NumberedRefusal), RETRY_AFTER).as_deref(), Some("8"));
        assert_eq!(header(&refusal(StatusCode::SERVICE_UNAVAILABLE, ""), RETRY_AFTER).as_deref(), Some("1"));
        assert_eq!(header(&not_found(""), RETRY_AFTER), None);
    }

    #[test]
    fn appendix_c_the_origin_sends_no_age() {
        let response = media(M3U8, Keep::Numbered).finish();
        assert!(!response.headers().contains_key(actix_web::http::header::AGE));
    }
}

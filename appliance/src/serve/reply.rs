//! Content types, cache times and the shapes of answers to viewers.
//!
//! Cache times are those of draft-pantos-hls-rfc8216bis appendix B.1, in multiples of the target duration.

use super::live::Rendered;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, RETRY_AFTER, VARY};
use actix_web::{HttpRequest, HttpResponse, ResponseError};

/// Every rendition's EXT-X-TARGETDURATION, in seconds.
pub const TARGET_DURATION_SECS: u32 = 2;

/// `application/vnd.apple.mpegurl` (RFC 8216 section 4).
pub const M3U8: &str = "application/vnd.apple.mpegurl";
/// ISO/IEC 23009-1 annex C.
pub const MPD: &str = "application/dash+xml";
/// MPEG transport stream.
pub const TS: &str = "video/mp2t";

/// How long an answer may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// A playlist that was asked for by number, a segment or a part: six target durations.
    Numbered,
    /// A playlist as it is just now: half a target duration.
    Moving,
    /// What changes only with the configuration.
    Setup,
    /// Never: it may be different the next moment.
    Not,
}

impl Keep {
    fn cache_control(self) -> String {
        match self {
            Self::Numbered => format!("public, max-age={}", 6 * TARGET_DURATION_SECS),
            Self::Moving => format!("public, max-age={}", TARGET_DURATION_SECS / 2),
            Self::Setup => format!("public, max-age={TARGET_DURATION_SECS}"),
            Self::Not => "no-store".into(),
        }
    }
}

/// A text, compressed for those who can read that.
pub fn text(request: &HttpRequest, text: &Rendered, content_type: &'static str, keep: Keep) -> HttpResponse {
    let mut reply = HttpResponse::Ok();
    reply.content_type(content_type);
    reply.insert_header((CACHE_CONTROL, keep.cache_control()));
    reply.insert_header((VARY, "Accept-Encoding"));
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
pub fn media(content_type: &str, keep: Keep) -> actix_web::HttpResponseBuilder {
    let mut reply = HttpResponse::Ok();
    reply.content_type(content_type.to_owned()).insert_header((CACHE_CONTROL, keep.cache_control()));
    reply
}

/// An answer that says in plain words why there is nothing to send; kept by nobody.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    status: StatusCode,
    why: String,
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut reply = HttpResponse::build(self.status);
        reply.content_type("text/plain; charset=utf-8");
        reply.insert_header((CACHE_CONTROL, Keep::Not.cache_control()));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            reply.insert_header((RETRY_AFTER, "1"));
        }
        reply.body(format!("{}\n", self.why))
    }
}

/// What a route of ours answers.
pub type Answer = Result<HttpResponse, Refusal>;

/// A refusal with this status.
pub fn refusal(status: StatusCode, why: impl Into<String>) -> Refusal {
    Refusal { status, why: why.into() }
}

/// 503: what was asked for is late.
pub fn late(why: &str) -> Refusal {
    refusal(StatusCode::SERVICE_UNAVAILABLE, why)
}

/// 404.
pub fn not_found(why: impl Into<String>) -> Refusal {
    refusal(StatusCode::NOT_FOUND, why)
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

    #[test]
    fn cache_times_are_those_of_appendix_b_1() {
        assert_eq!(Keep::Numbered.cache_control(), "public, max-age=12");
        assert_eq!(Keep::Moving.cache_control(), "public, max-age=1");
        assert_eq!(Keep::Not.cache_control(), "no-store");
    }
}

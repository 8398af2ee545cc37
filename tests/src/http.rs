//! A viewer's HTTP.

use anyhow::{Context, bail};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;
use ureq::Agent;
use ureq::http::Response;

/// Longer than any hold: a blocked playlist request is answered within three target durations, 6 s.
const TIMEOUT: Duration = Duration::from_secs(15);
/// No answer that a test asks for is larger.
const BODY_BYTES_MAX: u64 = 64 << 20;

static AGENT: RwLock<Option<Agent>> = RwLock::new(None);

fn agent() -> Agent {
    if let Some(agent) = &*AGENT.read().unwrap_or_else(PoisonError::into_inner) {
        return agent.clone();
    }
    // A redirect is an answer like others: "SHOULD NOT redirect media requests" (Apple 8.18).
    let config = Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false);
    let agent: Agent = config.max_redirects(0).build().into();
    AGENT.write().unwrap_or_else(PoisonError::into_inner).get_or_insert(agent).clone()
}

/// Closes the connections that are kept for more requests.
pub fn hang_up() {
    *AGENT.write().unwrap_or_else(PoisonError::into_inner) = None;
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// The body, whole.
    pub body: Vec<u8>,
    /// `Content-Type`.
    pub content_type: String,
    /// `Cache-Control`.
    pub cache_control: String,
    /// All headers, their names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Answer {
    /// The first header of this name, given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not of that shape.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_slice(&self.body).with_context(|| format!("status {}: {}", self.status, self.text()))
    }
}

/// GET, whatever the status.
///
/// # Errors
/// When there is no answer at all.
pub fn get(url: &str) -> anyhow::Result<Answer> {
    let answer = agent().get(url).call().with_context(|| format!("GET {url}"))?;
    read(answer).with_context(|| format!("GET {url}"))
}

/// GET that must be 200.
///
/// # Errors
/// When it is not.
pub fn fetch(url: &str) -> anyhow::Result<Answer> {
    let answer = get(url)?;
    if answer.status != 200 {
        bail!("GET {url}: status {}: {}", answer.status, answer.text().chars().take(200).collect::<String>());
    }
    Ok(answer)
}

/// GET with one more header, whatever the status.
///
/// # Errors
/// When there is no answer at all.
pub fn get_with(url: &str, name: &str, value: &str) -> anyhow::Result<Answer> {
    let answer = agent().get(url).header(name, value).call().with_context(|| format!("GET {url}"))?;
    read(answer).with_context(|| format!("GET {url}"))
}

/// HEAD, whatever the status.
///
/// # Errors
/// When there is no answer at all.
pub fn head(url: &str) -> anyhow::Result<Answer> {
    read(agent().head(url).call().with_context(|| format!("HEAD {url}"))?)
}

/// GET with one more header; status and headers of the answer.
///
/// # Errors
/// When there is no answer at all.
pub fn headers(url: &str, name: &str, value: &str) -> anyhow::Result<(u16, Vec<(String, String)>)> {
    let answer = get_with(url, name, value)?;
    Ok((answer.status, answer.headers))
}

/// POST with a body of this type, whatever the status.
///
/// # Errors
/// When there is no answer at all.
pub fn post(url: &str, content_type: &str, body: &[u8]) -> anyhow::Result<Answer> {
    let request = agent().post(url).header("content-type", content_type);
    read(request.send(body).with_context(|| format!("POST {url}"))?)
}

/// POST without a body and with one more header, whatever the status.
///
/// # Errors
/// When there is no answer at all.
pub fn post_with(url: &str, name: &str, value: &str) -> anyhow::Result<Answer> {
    read(agent().post(url).header(name, value).send_empty().with_context(|| format!("POST {url}"))?)
}

/// PUT with a body of this type, whatever the status.
///
/// # Errors
/// When there is no answer at all.
pub fn put(url: &str, content_type: &str, body: &[u8]) -> anyhow::Result<Answer> {
    let request = agent().put(url).header("content-type", content_type);
    read(request.send(body).with_context(|| format!("PUT {url}"))?)
}

/// Any method with these headers and this body, whatever the status.
///
/// # Errors
/// When there is no answer at all.
pub fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> anyhow::Result<Answer> {
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    read(agent().run(request.body(body)?).with_context(|| format!("{method} {url}"))?)
}

/// DELETE, whatever the status.
///
/// # Errors
/// When there is no answer at all.
pub fn delete(url: &str) -> anyhow::Result<Answer> {
    read(agent().delete(url).call().with_context(|| format!("DELETE {url}"))?)
}

fn read(mut answer: Response<ureq::Body>) -> anyhow::Result<Answer> {
    let text = |value: &ureq::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers: Vec<(String, String)> =
        answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let header = |name: &str| {
        headers.iter().find(|(each, _)| each == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let (content_type, cache_control) = (header("content-type"), header("cache-control"));
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(BODY_BYTES_MAX).read_to_vec()?;
    Ok(Answer { status, body, content_type, cache_control, headers })
}

/// What a relative reference in the document at `base` points to. Enough of RFC 3986 5.2 for playlists and MPDs.
#[must_use]
pub fn join(base: &str, reference: &str) -> String {
    if reference.contains("://") {
        return reference.to_owned();
    }
    let base = base.split(['?', '#']).next().unwrap_or(base);
    let host_end = base.find("://").map_or(0, |at| at + 3);
    let path_at = base[host_end..].find('/').map_or(base.len(), |at| host_end + at);
    if reference.starts_with('/') {
        return format!("{}{reference}", &base[..path_at]);
    }
    let mut folders: Vec<&str> = base[path_at..].split('/').skip(1).collect();
    folders.pop();
    for step in reference.split('/') {
        match step {
            "." => {}
            ".." => drop(folders.pop()),
            step => folders.push(step),
        }
    }
    format!("{}/{}", &base[..path_at], folders.join("/"))
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn references_are_resolved_as_browsers_do() {
        let base = "http://h:1/live/demo/720p/media.m3u8?_HLS_msn=7";
        assert_eq!(join(base, "7.m4s"), "http://h:1/live/demo/720p/7.m4s");
        assert_eq!(join(base, "../audio/media.m3u8"), "http://h:1/live/demo/audio/media.m3u8");
        assert_eq!(join(base, "/time"), "http://h:1/time");
        assert_eq!(join(base, "http://x/y"), "http://x/y");
    }
}

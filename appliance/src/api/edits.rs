//! Edits that do not overwrite each other, and edits that are only tried.
//!
//! What can be edited has an `ETag`: of the settings, not of what is reported beside them. An edit with an `If-Match` that is
//! no longer that is refused (RFC 9110, 13.1.1), with what has changed since; edits of one box are made one after the
//! other. With `?dry_run=true` the same handler runs on a copy of the settings, in memory: whatever would refuse the change
//! refuses it, and nothing comes of it.

use super::calls::Call;
use super::problem::{ApiError, Kind};
use super::{ApiState, audit};
use crate::limits::{BODY_BYTES_MAX, EDIT_WAIT, EDITIONS_KEPT, REHEARSALS_AT_ONCE};
use actix_web::dev::{Extensions, Payload, ServiceRequest};
use actix_web::http::header::{self, CONTENT_LENGTH, HeaderMap, HeaderValue};
use actix_web::web::{self, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::stream;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// What edits share; clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Edits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    turn: Arc<tokio::sync::Mutex<()>>,
    rehearsals: Arc<Semaphore>,
    /// What was told of late, by its tag, to say what has changed since.
    told: Mutex<VecDeque<(String, Value)>>,
}

impl Default for Edits {
    fn default() -> Self {
        let rehearsals = Arc::new(Semaphore::new(REHEARSALS_AT_ONCE));
        Self(Arc::new(Shared { turn: Arc::default(), rehearsals, told: Mutex::default() }))
    }
}

impl Edits {
    fn remember(&self, tag: &str, edition: Value) {
        let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.iter().all(|(known, _)| known != tag) {
            told.truncate(EDITIONS_KEPT - 1);
            told.push_front((tag.to_owned(), edition));
        }
    }

    fn recall(&self, tag: &str) -> Option<Value> {
        let told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter().find_map(|(known, edition)| (known == tag).then(|| edition.clone()))
    }
}

/// A call on its way.
pub(super) struct Edit {
    /// Nothing comes of it.
    pub(super) is_tried: bool,
    path: String,
    is_safe: bool,
    /// As it was before the call was handled: an answer that is newer makes the next edit fail, and none is lost.
    before: Option<Value>,
    _turn: Option<OwnedMutexGuard<()>>,
    _place: Option<OwnedSemaphorePermit>,
}

/// Before the handler: refuses what was made of something older.
pub(super) async fn begin(
    state: &ApiState,
    request: &mut ServiceRequest,
    path: &str,
    call: &Call,
) -> Result<Edit, ApiError> {
    let is_safe = request.method().is_safe();
    let is_tried = !is_safe && wants_dry_run(request.query_string())?;
    if is_tried && !call.is_rehearsed {
        return Err(ApiError::new(Kind::Invalid, "this call cannot be tried: it changes more than settings"));
    }
    let has_edition = aspect(path).is_some();
    // A picture is no member of an object, and long: it is taken as it comes.
    let takes_turn = !is_safe && has_edition && !path.ends_with("/picture");
    let turn = if takes_turn { Some(turn(state, request).await?) } else { None };
    let wanted = (!is_safe).then(|| if_match(request.headers())).flatten();
    let before = match has_edition && (is_safe || wanted.is_some()) {
        true => edition(state, request.request(), path).await,
        false => None,
    };
    if let (Some(wanted), Some(now)) = (wanted, &before) {
        still_so(state, &wanted, now, path).await?;
    }
    let place = if is_tried { Some(rehearse(state, request).await?) } else { None };
    Ok(Edit { is_tried, path: path.to_owned(), is_safe, before, _turn: turn, _place: place })
}

impl Edit {
    /// After the handler, which has succeeded: tells the tag.
    pub(super) async fn end(self, state: &ApiState, request: &HttpRequest, headers: &mut HeaderMap) {
        if self.is_tried {
            headers.insert(DRY_RUN, HeaderValue::from_static("true"));
            headers.remove(super::removed::UNDO);
            return;
        }
        let now = match self.is_safe {
            true => self.before,
            false if aspect(&self.path).is_some() => edition(state, request, &self.path).await,
            false => None,
        };
        let Some(now) = now else { return };
        let tag = tag(&now);
        if let Ok(value) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, value);
        }
        state.edits.remember(&tag, now);
    }
}

/// Says that nothing came of it.
const DRY_RUN: header::HeaderName = header::HeaderName::from_static("forebay-dry-run");

fn wants_dry_run(query: &str) -> Result<bool, ApiError> {
    match query.split('&').find_map(|pair| pair.strip_prefix("dry_run=")) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        // Not to be taken for the thing itself.
        Some(_) => Err(ApiError::new(Kind::Invalid, "dry_run is `true` or `false`")),
    }
}

/// The body is here before others wait for it.
async fn turn(state: &ApiState, request: &mut ServiceRequest) -> Result<OwnedMutexGuard<()>, ApiError> {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.unwrap_or(BODY_BYTES_MAX) <= BODY_BYTES_MAX {
        let mut payload = request.take_payload();
        let body = web::Payload::from_request(request.request(), &mut payload).await;
        let body = body.map_err(|error| ApiError::new(Kind::BadBody, error.to_string()))?;
        let too_large =
            |_| ApiError::new(Kind::TooLarge, format!("the body may have {BODY_BYTES_MAX} bytes at most"));
        let body = body.to_bytes_limited(BODY_BYTES_MAX).await.map_err(too_large)?;
        let body = body.map_err(|error| {
            ApiError::new(Kind::BadBody, format!("the body did not arrive whole: {error}"))
        })?;
        request.set_payload(Payload::Stream { payload: Box::pin(stream::iter([Ok(body)])) });
    }
    let turn = timeout(EDIT_WAIT, state.edits.0.turn.clone().lock_owned()).await;
    turn.map_err(|_| ApiError::new(Kind::Busy, "others change settings just now; try again in a few seconds"))
}

/// Gives the handler a copy of the settings.
async fn rehearse(state: &ApiState, request: &mut ServiceRequest) -> Result<OwnedSemaphorePermit, ApiError> {
    let busy = |_| ApiError::new(Kind::Busy, "others try changes just now; try again in a few seconds");
    let place = Arc::clone(&state.edits.0.rehearsals).try_acquire_owned().map_err(busy)?;
    let copy = state.rehearsal().await?;
    let mut data = Extensions::new();
    data.insert(Data::new(copy));
    request.add_data_container(Rc::new(data));
    Ok(place)
}

/// What of a channel or user an address is about; none where nothing there is edited.
enum Aspect<'a> {
    /// These members of a channel; all of them, if there are none.
    Channel(&'a str, &'static [&'static str]),
    User(&'a str),
    Grants(&'a str),
}

/// Whether something is edited there; for addresses and for templates of them.
pub(super) fn has_edition(path: &str) -> bool {
    aspect(path).is_some()
}

fn aspect(path: &str) -> Option<Aspect<'_>> {
    let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
    Some(match parts[..] {
        ["channels", slug] | ["channels", slug, "start" | "stop"] => Aspect::Channel(slug, &[]),
        ["channels", slug, "slate"] => Aspect::Channel(slug, &["slate"]),
        ["channels", slug, "slate", "picture"] => Aspect::Channel(slug, &["slate_picture"]),
        ["channels", slug, "failover"] => Aspect::Channel(slug, &["failover"]),
        ["channels", slug, "playback"] => Aspect::Channel(slug, &["playback"]),
        ["channels", slug, "backups"] | ["channels", slug, "sources", _] => {
            Aspect::Channel(slug, &["source", "backups"])
        }
        ["users", name] | ["users", name, "password"] => Aspect::User(name),
        ["users", name, "channels"] => Aspect::Grants(name),
        _ => return None,
    })
}

async fn edition(state: &ApiState, request: &HttpRequest, path: &str) -> Option<Value> {
    match aspect(path)? {
        Aspect::Channel(slug, members) => {
            let whole = audit::channel(state, slug, request).await.ok()?;
            if members.is_empty() {
                return Some(whole);
            }
            let part = members.iter().map(|member| ((*member).to_owned(), whole[*member].clone()));
            Some(Value::Object(part.collect::<Map<_, _>>()))
        }
        Aspect::User(name) => serde_json::to_value(state.store.account(name).await.ok()?).ok(),
        Aspect::Grants(name) => Some(json!({ "channels": state.store.account(name).await.ok()?.channels })),
    }
}

fn tag(edition: &Value) -> String {
    // Members are in order of their names, so the same settings have the same text.
    let digest: [u8; 32] = Sha256::digest(edition.to_string().as_bytes()).into();
    format!("\"{:.32}\"", data_encoding::HEXLOWER.encode(&digest))
}

/// All tags of `If-Match`; what is no text matches nothing.
fn if_match(headers: &HeaderMap) -> Option<Vec<String>> {
    let lines: Vec<_> = headers.get_all(header::IF_MATCH).collect();
    let tags = lines.iter().flat_map(|line| line.to_str().unwrap_or_default().split(','));
    (!lines.is_empty()).then(|| tags.map(|tag| tag.trim().to_owned()).collect())
}

async fn still_so(state: &ApiState, wanted: &[String], now: &Value, path: &str) -> Result<(), ApiError> {
    let tag = tag(now);
    if wanted.iter().any(|wanted| *wanted == tag || wanted == "*") {
        return Ok(());
    }
    let before = wanted.iter().find_map(|wanted| state.edits.recall(wanted));
    let by =
        last_change(state, path).await.map(|who| format!(", the last time by {who}")).unwrap_or_default();
    let what = match before.map(|before| changes(&before, now)) {
        Some(changes) if !changes.is_empty() => changes.join("; "),
        _ => "what exactly is not known any more".into(),
    };
    let told = format!(
        "this has been changed since it was read{by}: {what}. Nothing was saved: read it again, and make the change to that"
    );
    Err(ApiError::new(Kind::Stale, told))
}

/// Who it was, by the audit log.
async fn last_change(state: &ApiState, path: &str) -> Option<String> {
    let subject: Vec<_> = path.split('/').take(3).collect();
    let subject = subject.join("/");
    let deeds = state.store.deeds(None, crate::limits::AUDIT_ANSWER_MAX / 10).await.ok()?;
    let is_of = |call: &str| {
        let rest = call.split_once(' ').and_then(|(_, path)| path.strip_prefix(&subject));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let deed = deeds.into_iter().find(|deed| deed.status < 300 && is_of(&deed.call))?;
    Some(deed.who)
}

/// Each member that differs, with what it is now.
fn changes(before: &Value, now: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(before, now, "", &mut found);
    found
}

fn collect(before: &Value, now: &Value, place: &str, found: &mut Vec<String>) {
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => {
            let mut names: Vec<_> = before.keys().chain(now.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                let [before, now] = [before, now].map(|side| side.get(name).unwrap_or(&Value::Null));
                collect(before, now, &place, found);
            }
        }
        (before, now) if before == now => (),
        (_, now) => found.push(format!("`{place}` is {now} now")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_changed_is_named_with_its_value() {
        let before = json!({"slate": {"text": "A", "tone": false}, "name": "Hall", "old": 1});
        let now = json!({"slate": {"text": "B", "tone": false}, "name": "Hall", "new": [2]});
        assert_eq!(
            changes(&before, &now),
            ["`new` is [2] now", "`old` is null now", "`slate.text` is \"B\" now"]
        );
        assert_eq!(changes(&now, &now), [""; 0]);
        assert_ne!(tag(&before), tag(&now));
        assert_eq!(tag(&json!({"a": 1, "b": 2})), tag(&json!({"b": 2, "a": 1})));
    }

    #[test]
    fn conditions_and_wishes_are_read_as_they_are_written() {
        let mut headers = HeaderMap::new();
        assert_eq!(if_match(&headers), None);
        headers.insert(header::IF_MATCH, HeaderValue::from_static("\"a\", W/\"b\""));
        assert_eq!(if_match(&headers), Some(vec!["\"a\"".to_owned(), "W/\"b\"".to_owned()]));
        assert!(
            wants_dry_run("x=1&dry_run=true").is_ok_and(|is| is) && wants_dry_run("").is_ok_and(|is| !is)
        );
        assert!(wants_dry_run("dry_run=1").is_err());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let edits = Edits::default();
        for number in 0..=EDITIONS_KEPT {
            edits.remember(&number.to_string(), json!(number));
        }
        assert_eq!((edits.recall("0"), edits.recall("1")), (None, Some(json!(1))));
    }
}

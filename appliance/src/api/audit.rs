//! Who changed what. The guard has every call that is to change something written down here, with what it is about as
//! that was before and after. Nothing that is secret is looked at.

use super::address::Base;
use super::guard::{Asked, Caller};
use super::problem::{self, ApiError};
use super::{ApiState, playback, view};
use crate::limits::AUDIT_ANSWER_MAX;
use crate::store::configuration::things;
use crate::store::{Deed, StoreError};
use actix_web::http::header::{HeaderMap, LOCATION};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Json, Query};
use actix_web::{HttpRequest, web};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = web::resource("/audit").default_service(problem::only("GET"));
    config.service(resource.route(web::get().to(list)));
}

#[derive(Debug, Deserialize)]
struct Wanted {
    before: Option<i64>,
    #[serde(default = "some")]
    limit: u32,
}

/// As many as fit a page.
fn some() -> u32 {
    AUDIT_ANSWER_MAX / 10
}

async fn list(state: Data<ApiState>, wanted: Query<Wanted>) -> Result<Json<Vec<wire::AuditEntry>>, ApiError> {
    Ok(Json(state.store.deeds(wanted.before, wanted.limit).await?))
}

/// What a call is about.
enum Subject {
    Channel(String),
    Users,
    Tokens,
    Alarms,
    Destinations,
    Configuration,
    Removed,
    /// Nothing that is kept, or a secret.
    Other,
}

impl Subject {
    fn of(path: &str) -> Self {
        let mut parts = path.trim_start_matches('/').split('/');
        match (parts.next(), parts.next()) {
            (Some("channels"), Some(slug)) => Self::Channel(slug.to_owned()),
            (Some("users" | "claim"), _) => Self::Users,
            (Some("tokens"), _) => Self::Tokens,
            (Some("alarms"), _) => Self::Alarms,
            (Some("configuration" | "settings"), _) => Self::Configuration,
            (Some("notifications"), _) => Self::Destinations,
            (Some("removed"), _) => Self::Removed,
            _ => Self::Other,
        }
    }

    async fn describe(&self, state: &ApiState, request: &HttpRequest) -> Option<Value> {
        match self {
            Self::Channel(slug) => channel(state, slug, request).await.ok(),
            Self::Users => state.store.accounts().await.ok().map(|users| json!({ "users": users })),
            Self::Tokens => state.store.tokens(None).await.ok().map(|tokens| json!({ "tokens": tokens })),
            Self::Alarms => Some(alarms(state)),
            Self::Configuration => {
                let all = state.store.configuration(false).await.ok()?;
                Some(Value::Object(things(&all).into_iter().collect()))
            }
            Self::Destinations => destinations(state).await.ok(),
            Self::Removed => state.store.removed().await.ok().map(|removed| json!({ "removed": removed })),
            Self::Other => None,
        }
    }
}

pub(super) async fn channel(
    state: &ApiState,
    slug: &str,
    request: &HttpRequest,
) -> Result<Value, StoreError> {
    let (channel, access) = (state.store.channel(slug).await?, state.store.access(slug).await?);
    let desired = format!("{:?}", channel.desired).to_lowercase();
    let backups: Vec<_> = channel
        .backups
        .iter()
        .map(|backup| json!({"number": backup.number, "source": backup.source}))
        .collect();
    let wire::Channel {
        slug,
        name,
        source,
        ladder,
        latency,
        dvr_secs,
        pass_through,
        encoder,
        slate,
        slate_picture,
        failover,
        ..
    } = view::channel(channel, None, &Base::of(request, state), state.house.now());
    Ok(json!({
        "slug": slug, "name": name, "source": source, "ladder": ladder, "latency": latency, "dvr_secs": dvr_secs,
        "pass_through": pass_through, "encoder": encoder, "slate": slate, "slate_picture": slate_picture, "failover": failover, "desired": desired, "backups": backups, "playback": playback::shown(&access),
    }))
}

/// A call that has been let in and is not answered yet.
pub(super) struct Watched {
    asked: Asked,
    method: Method,
    path: String,
    subject: Subject,
    before: Option<Value>,
}

impl Watched {
    /// Nothing for calls that change nothing.
    pub(super) async fn begin(
        state: &ApiState,
        request: &HttpRequest,
        path: &str,
        asked: &Asked,
    ) -> Option<Self> {
        let method = request.method().clone();
        if method.is_safe() {
            return None;
        }
        let subject = Subject::of(path);
        let before = subject.describe(state, request).await;
        Some(Self { asked: asked.clone(), method, path: path.to_owned(), subject, before })
    }

    /// Writes it down. Strangers who were refused are in the journal: they must not push out what others did.
    pub(super) async fn end(
        self,
        state: &ApiState,
        request: &HttpRequest,
        status: StatusCode,
        headers: &HeaderMap,
    ) {
        if self.asked.caller == Caller::Nobody && !status.is_success() {
            return;
        }
        let made = headers.get(LOCATION).and_then(|place| place.to_str().ok()?.strip_prefix("/api/v1"));
        let after = made.map_or(self.subject, Subject::of).describe(state, request).await;
        let (before, after) = differing(self.before, after);
        let who = who(&self.asked.caller);
        let address = self.asked.address.map(|address| address.to_string()).unwrap_or_default();
        let path: String = self.path.chars().take(200).collect();
        let call = format!("{} {path}", self.method);
        let [before, after] = [before, after].map(|value| value.map(|value| value.to_string()));
        let deed = Deed { who, address, call, status: status.as_u16(), before, after };
        if let Err(error) = state.store.note_deed(deed).await {
            tracing::warn!(call = %format!("{} {}", self.method, self.path), "a call could not be written to the audit log: {error}");
        }
    }
}

/// A name, or in brackets who needs none.
pub(super) fn who(caller: &Caller) -> String {
    match caller {
        Caller::Console => "(console)".to_owned(),
        Caller::Local => "(this machine)".to_owned(),
        Caller::Nobody => "(signing in)".to_owned(),
        Caller::User(session) => session.user.name.clone(),
        Caller::Token(bearer) => format!("{} (token {})", bearer.user.name, bearer.name),
    }
}

/// By name; without secrets, and without how they do.
async fn destinations(state: &ApiState) -> Result<Value, StoreError> {
    let all = state.store.destinations().await?;
    let told =
        all.iter().map(|each| (each.name.clone(), json!(each.shown(wire::DestinationStatus::default()))));
    Ok(Value::Object(told.collect()))
}

/// Which alarms there are, and who has seen them.
fn alarms(state: &ApiState) -> Value {
    let told = state.board.alarms().into_iter().map(|alarm| {
        let of = alarm.channel.map_or_else(String::new, |slug| format!(" of {slug}"));
        (format!("{}{of}", alarm.id), json!({ "acknowledged_by": alarm.acknowledged.map(|seen| seen.by) }))
    });
    Value::Object(told.collect())
}

/// What is the same on both sides is left out.
fn differing(before: Option<Value>, after: Option<Value>) -> (Option<Value>, Option<Value>) {
    match (before, after) {
        (Some(Value::Object(mut before)), Some(Value::Object(mut after))) => {
            let same: Vec<_> = before
                .iter()
                .filter(|(key, value)| after.get(*key) == Some(*value))
                .map(|(key, _)| key.clone())
                .collect();
            for key in same {
                before.remove(&key);
                after.remove(&key);
            }
            let told = |map: serde_json::Map<String, Value>| (!map.is_empty()).then_some(Value::Object(map));
            (told(before), told(after))
        }
        sides => sides,
    }
}

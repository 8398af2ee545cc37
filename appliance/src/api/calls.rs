//! Every call of the API, and what it needs: pure. The guard lets through nothing that is not in this table, so a route
//! without an entry answers 404 to everybody.
//!
//! A call below `/channels/{slug}` needs that the channel exists for whoever calls.

use crate::accounts::role::reaches;
use actix_web::http::Method;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use wire::Role;

/// What a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: to claim the box, to sign in.
    Nothing,
    /// This role, or a higher one.
    Role(Role),
    /// To be about oneself, or to come from an administrator.
    Oneself,
    /// To be about oneself, whatever the role.
    OneselfAlone,
}

/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// GET and so on.
    pub method: &'static str,
    /// Behind `/api/v1`, as the routes have it.
    pub path: &'static str,
    /// Who may.
    pub needs: Needs,
    /// Only whoever has signed in: a token does not do.
    pub is_personal: bool,
    /// It changes settings and nothing else, so it can be tried on a copy of them.
    pub is_rehearsed: bool,
}

const fn call(method: &'static str, path: &'static str, needs: Needs) -> Call {
    Call { method, path, needs, is_personal: false, is_rehearsed: false }
}

const fn personal(method: &'static str, path: &'static str, needs: Needs) -> Call {
    Call { is_personal: true, ..call(method, path, needs) }
}

impl Call {
    const fn rehearsed(self) -> Self {
        Self { is_rehearsed: true, ..self }
    }
}

const VIEW: Needs = Needs::Role(Role::Viewer);
const OPERATE: Needs = Needs::Role(Role::Operator);
const ADMINISTER: Needs = Needs::Role(Role::Administrator);

/// The table.
pub const CALLS: &[Call] = &[
    call("GET", "/openapi.json", VIEW),
    call("GET", "/session", Needs::Nothing),
    call("POST", "/session", Needs::Nothing),
    personal("DELETE", "/session", Needs::Nothing),
    call("POST", "/claim", Needs::Nothing),
    call("POST", "/claim-code", ADMINISTER),
    call("GET", "/users", ADMINISTER),
    call("POST", "/users", ADMINISTER).rehearsed(),
    call("GET", "/users/{name}", ADMINISTER),
    call("DELETE", "/users/{name}", ADMINISTER).rehearsed(),
    personal("PUT", "/users/{name}/password", Needs::Oneself).rehearsed(),
    personal("GET", "/users/{name}/totp", Needs::Oneself),
    personal("POST", "/users/{name}/totp", Needs::OneselfAlone),
    personal("POST", "/users/{name}/totp/confirm", Needs::OneselfAlone),
    personal("POST", "/users/{name}/totp/recovery-codes", Needs::OneselfAlone),
    personal("POST", "/users/{name}/totp/remove", Needs::Oneself).rehearsed(),
    call("GET", "/users/{name}/channels", ADMINISTER),
    call("PUT", "/users/{name}/channels", ADMINISTER).rehearsed(),
    call("GET", "/tokens", VIEW),
    personal("POST", "/tokens", VIEW).rehearsed(),
    personal("DELETE", "/tokens/{id}", VIEW).rehearsed(),
    call("GET", "/removed", VIEW),
    call("DELETE", "/removed/{id}", VIEW).rehearsed(),
    call("POST", "/removed/{id}/restore", VIEW).rehearsed(),
    call("GET", "/channels", VIEW),
    call("POST", "/channels", OPERATE).rehearsed(),
    call("GET", "/channels/{slug}", VIEW),
    call("PATCH", "/channels/{slug}", OPERATE).rehearsed(),
    call("DELETE", "/channels/{slug}", OPERATE).rehearsed(),
    call("POST", "/channels/{slug}/start", OPERATE).rehearsed(),
    call("POST", "/channels/{slug}/stop", OPERATE).rehearsed(),
    call("GET", "/channels/{slug}/key", OPERATE),
    call("GET", "/channels/{slug}/picture", VIEW),
    call("GET", "/channels/{slug}/playback", VIEW),
    call("PUT", "/channels/{slug}/playback", OPERATE).rehearsed(),
    call("POST", "/channels/{slug}/tokens", OPERATE),
    call("GET", "/channels/{slug}/slate", VIEW),
    call("PUT", "/channels/{slug}/slate", OPERATE).rehearsed(),
    call("GET", "/channels/{slug}/slate/picture", VIEW),
    call("PUT", "/channels/{slug}/slate/picture", OPERATE).rehearsed(),
    call("DELETE", "/channels/{slug}/slate/picture", OPERATE).rehearsed(),
    call("POST", "/channels/{slug}/backups", OPERATE).rehearsed(),
    call("DELETE", "/channels/{slug}/sources/{number}", OPERATE).rehearsed(),
    call("GET", "/channels/{slug}/sources/{number}/key", OPERATE),
    call("POST", "/channels/{slug}/sources/{number}/take", OPERATE),
    call("GET", "/channels/{slug}/failover", VIEW),
    call("PUT", "/channels/{slug}/failover", OPERATE).rehearsed(),
    call("POST", "/channels/{slug}/drill", OPERATE),
    call("GET", "/channels/{slug}/judge", VIEW),
    call("PUT", "/channels/{slug}/ladder", OPERATE),
    call("PUT", "/channels/{slug}/encoder", OPERATE),
    call("GET", "/channels/{slug}/trend", VIEW),
    call("GET", "/channels/{slug}/timeline", VIEW),
    call("GET", "/drill", VIEW),
    call("GET", "/box", VIEW),
    call("GET", "/alarms", VIEW),
    call("DELETE", "/alarms/{id}", OPERATE),
    call("POST", "/alarms/{id}/acknowledge", OPERATE),
    call("GET", "/notifications", ADMINISTER),
    call("POST", "/notifications", ADMINISTER),
    call("GET", "/notifications/{name}", ADMINISTER),
    call("PUT", "/notifications/{name}", ADMINISTER),
    call("DELETE", "/notifications/{name}", ADMINISTER),
    call("POST", "/notifications/{name}/test", ADMINISTER),
    call("GET", "/configuration", ADMINISTER),
    call("PUT", "/configuration", ADMINISTER),
    call("POST", "/configuration/diff", ADMINISTER),
    personal("POST", "/backup", ADMINISTER),
    personal("PUT", "/restore/file", ADMINISTER),
    personal("POST", "/restore/contents", ADMINISTER),
    personal("POST", "/restore", ADMINISTER),
    personal("POST", "/restore/undo", ADMINISTER),
    personal("POST", "/factory-reset", ADMINISTER),
    call("GET", "/support-bundle", ADMINISTER),
    call("GET", "/update", VIEW),
    personal("PUT", "/update/bundle", ADMINISTER),
    personal("POST", "/update/{step}", ADMINISTER),
    call("GET", "/settings", VIEW),
    call("PUT", "/settings", ADMINISTER),
    call("GET", "/templates", VIEW),
    call("GET", "/devices", VIEW),
    call("GET", "/devices/health", VIEW),
    call("GET", "/devices/history", VIEW),
    call("POST", "/devices/{name}/trust", OPERATE),
    call("GET", "/audience", VIEW),
    call("GET", "/audience/players", VIEW),
    call("GET", "/history", VIEW),
    call("GET", "/audit", ADMINISTER),
    call("GET", "/tls", VIEW),
    call("PUT", "/tls", ADMINISTER),
    call("DELETE", "/tls", ADMINISTER),
    call("GET", "/events", VIEW),
];

/// `GET /metrics`, which stands beside the API: for whoever sees all channels, since it counts all of them.
pub static METRICS: Call = call("GET", "", VIEW);

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// This.
    Call(&'static Call),
    /// Something that is there, with other methods: these.
    OtherMethod(&'static str),
    /// Nothing that is there.
    Nothing,
}

/// Looks a request up; `path` is what stands behind `/api/v1`, as the routes will see it.
#[must_use]
pub fn find(method: &Method, path: &str) -> Found {
    let mut there = CALLS.iter().filter(|call| matches(call.path, path)).peekable();
    let Some(&&Call { path: template, .. }) = there.peek() else { return Found::Nothing };
    let same = there.find(|call| call.method == method.as_str());
    same.map_or_else(|| Found::OtherMethod(methods(template)), Found::Call)
}

fn matches(template: &str, path: &str) -> bool {
    let is_same = |(template, part): (&str, &str)| match template.starts_with('{') {
        true => !part.is_empty(),
        false => template == part,
    };
    template.split('/').count() == path.split('/').count()
        && template.split('/').zip(path.split('/')).all(is_same)
}

/// As an `Allow` header has them.
fn methods(template: &'static str) -> &'static str {
    static METHODS: LazyLock<BTreeMap<&str, String>> = LazyLock::new(|| {
        let mut all = BTreeMap::<_, String>::new();
        for Call { method, path, .. } in CALLS {
            let methods = all.entry(*path).or_default();
            *methods = if methods.is_empty() { (*method).into() } else { format!("{methods}, {method}") };
        }
        all
    });
    METHODS.get(template).map_or("", String::as_str)
}

/// The channel that a call is about.
#[must_use]
pub fn channel_of(path: &str) -> Option<&str> {
    path.strip_prefix("/channels/")?.split('/').next().filter(|slug| !slug.is_empty())
}

/// The user that a call is about.
#[must_use]
pub fn user_of(path: &str) -> Option<&str> {
    path.strip_prefix("/users/")?.split('/').next()
}

impl Call {
    /// Whether somebody of this name and role may make it.
    #[must_use]
    pub fn is_for(&self, name: &str, role: Role, path: &str) -> bool {
        let is_own = || user_of(path).is_some_and(|about| about.eq_ignore_ascii_case(name));
        match self.needs {
            Needs::Nothing => true,
            Needs::Role(least) => reaches(role, least),
            Needs::Oneself => role == Role::Administrator || is_own(),
            Needs::OneselfAlone => is_own(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn requests_are_found_as_the_routes_find_them() {
        let found = |method: &str, path: &str| find(&Method::from_bytes(method.as_bytes()).unwrap(), path);
        assert!(matches!(found("GET", "/channels/hall/key"), Found::Call(call) if call.needs == OPERATE));
        assert_eq!(found("PATCH", "/channels"), Found::OtherMethod("GET, POST"));
        assert_eq!(found("HEAD", "/tls"), Found::OtherMethod("GET, PUT, DELETE"));
        for path in
            ["", "/", "/nothing", "/channels/", "//channels", "/channels/hall/key/", "/users//password"]
        {
            assert_eq!(found("GET", path), Found::Nothing, "{path}");
        }
        assert_eq!(channel_of("/channels/hall/key"), Some("hall"));
        assert_eq!((channel_of("/channels"), channel_of("/users/hall")), (None, None));
    }

    #[test]
    fn no_call_is_there_twice() {
        let all: BTreeSet<_> = CALLS.iter().map(|call| (call.method, call.path)).collect();
        assert_eq!(all.len(), CALLS.len());
    }

    #[test]
    fn ones_own_password_is_ones_own() {
        let Found::Call(call) = find(&Method::PUT, "/users/ada/password") else { panic!("not there") };
        assert!(call.is_for("Ada", Role::Viewer, "/users/ada/password"));
        assert!(!call.is_for("Olga", Role::Operator, "/users/ada/password"));
        assert!(call.is_for("Cyd", Role::Administrator, "/users/ada/password"));
        let Found::Call(call) = find(&Method::POST, "/users/ada/totp") else { panic!("not there") };
        assert!(call.is_for("Ada", Role::Viewer, "/users/ada/totp"));
        assert!(!call.is_for("Cyd", Role::Administrator, "/users/ada/totp"));
    }
}

//! Who may what: each call of the table with each role, and the channels that do not exist for somebody.

use super::calls::{CALLS, Call, Needs};
use super::tests::{
    Events, HERE, ask, claimed, cookie_of, from_here, get, new_box, next_event, post, problem, serve, status,
};
use super::*;
use crate::accounts::role::reaches;
use crate::alarms::{Kind, Words};
use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service};
use serde_json::{Value, json};
use wire::Role;

const PASSWORD: &str = "short red teapot";

pub(super) fn with(request: TestRequest, cookie: &str) -> TestRequest {
    request.insert_header(("cookie", cookie.to_owned()))
}

/// A call of the table, about this channel and this user.
fn filled(call: &Call, slug: &str, name: &str) -> TestRequest {
    let path = call.path.replace("{slug}", slug).replace("{name}", name).replace("{number}", "1");
    let path = format!("/api/v1{}", path.replace("{id}", "7000"));
    TestRequest::default().method(Method::from_bytes(call.method.as_bytes()).unwrap()).uri(&path)
}

/// Makes a user, who signs in.
pub(super) async fn user(state: &ApiState, by: &str, name: &str, role: &str) -> String {
    let body = json!({"name": name, "role": role, "password": PASSWORD});
    let add = with(TestRequest::post().uri("/api/v1/users").set_json(body), by);
    assert_eq!(ask(state, add).await.0, 201);
    cookie_of(state, "/api/v1/session", json!({"name": name, "password": PASSWORD})).await
}

pub(super) async fn grant(state: &ApiState, by: &str, name: &str, channels: Value) -> (u16, Value) {
    let request = TestRequest::put().uri(&format!("/api/v1/users/{name}/channels"));
    ask(state, with(request.set_json(json!({ "channels": channels })), by)).await
}

#[actix_rt::test]
async fn every_entry_of_the_table_is_a_route() {
    let test = new_box();
    for call in CALLS.iter().filter(|call| !call.path.starts_with("/tls") && call.path != "/events") {
        let app = serve(&test.state).await;
        let response = call_service(&app, from_here(filled(call, "none", "none"))).await;
        let status = response.status().as_u16();
        let body = actix_web::test::read_body(response).await;
        let text = String::from_utf8_lossy(&body);
        assert!(status != 405 && !text.contains("there is no call"), "{} {}: {text}", call.method, call.path);
    }
}

#[actix_rt::test]
async fn each_call_is_for_the_roles_of_the_table_and_for_no_other() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let (olga, vic) = (user(state, &ada, "Olga", "operator").await, user(state, &ada, "Vic", "viewer").await);
    let callers =
        [("Vic", &vic, Role::Viewer), ("Olga", &olga, Role::Operator), ("Ada", &ada, Role::Administrator)];
    for call in CALLS.iter().filter(|call| call.path != "/session") {
        for (name, cookie, role) in callers {
            // About nobody who is there, so that nothing comes of it.
            let seen = status(state, with(filled(call, "none", "none"), cookie), HERE).await;
            let is_for = match call.needs {
                Needs::Nothing => true,
                Needs::Role(least) => reaches(role, least),
                Needs::Oneself => role == Role::Administrator,
                Needs::OneselfAlone => false,
            };
            // A code is made by the socket alone; what is for nobody says so itself.
            let refuses_all = call.path == "/claim-code";
            assert_eq!(
                seen == 403,
                !is_for || refuses_all,
                "{name}: {} {} is {seen}",
                call.method,
                call.path
            );
        }
        let nobody = status(state, filled(call, "none", "none"), HERE).await;
        assert_eq!(
            nobody == 401,
            call.needs != Needs::Nothing,
            "nobody: {} {} is {nobody}",
            call.method,
            call.path
        );
    }
}

#[actix_rt::test]
async fn what_is_not_granted_does_not_exist() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let olga = user(state, &ada, "Olga", "operator").await;
    for name in ["Hall", "Attic"] {
        assert_eq!(ask(state, with(post(json!({"name": name, "source": "rtmp"})), &ada)).await.0, 201);
    }
    for slug in ["hall", "attic"] {
        state.board.history().note(Some(slug), crate::store::Happened::SourceAttached, "RTMP");
        state.board.raise(Kind::ClockOff, Words::new("It was set.", "Wait."));
        state.board.show(slug, bytes::Bytes::from_static(b"\xff\xd8"));
    }
    assert_eq!(grant(state, &ada, "olga", json!(["hall"])).await, (200, json!({"channels": ["hall"]})));
    let list = ask(state, with(get("/api/v1/users"), &ada)).await.1;
    assert_eq!((list[0].get("channels"), &list[1]["channels"]), (None, &json!(["hall"])));

    // The same answer as for what nobody has, whatever is asked.
    for call in CALLS.iter().filter(|call| call.path.starts_with("/channels/")) {
        let told = problem(state, with(filled(call, "attic", "-"), &olga)).await;
        assert_eq!(told, "404 - there is no channel `attic`", "{} {}", call.method, call.path);
        let told = problem(state, with(filled(call, "cellar", "-"), &olga)).await;
        assert_eq!(told, "404 - there is no channel `cellar`", "{} {}", call.method, call.path);
    }
    for path in ["/api/v1/channels/att%69c", "/api/v1/channels/attic/%6bey"] {
        assert!(problem(state, with(get(path), &olga)).await.starts_with("404"), "{path}");
    }
    assert_eq!(status(state, with(get("/api/v1/channels/hall/key"), &olga), HERE).await, 200);
    assert_eq!(status(state, with(get("/api/v1/channels/attic/key"), &ada), HERE).await, 200);
    for path in [
        "/api/v1/channels",
        "/api/v1/history",
        "/api/v1/history?channel=attic",
        "/api/v1/alarms",
        "/api/v1/drill",
    ] {
        let (status, told) = ask(state, with(get(path), &olga)).await;
        assert!(status == 200 && !told.to_string().contains("attic"), "{path}: {told}");
    }
    let alarms = ask(state, with(get("/api/v1/alarms"), &olga)).await.1;
    assert_eq!(alarms[0]["id"], "clock-off", "what is the box's is everybody's");
    // A name that is taken is taken, and no more is said.
    let taken = problem(state, with(post(json!({"name": "Attic", "source": "rtmp"})), &olga)).await;
    assert_eq!(taken, "409 /name this name is taken; choose another");

    // Nobody else's matter.
    assert_eq!(grant(state, &olga, "olga", Value::Null).await.0, 403);
    assert_eq!(grant(state, &ada, "olga", json!(["cellar"])).await.0, 422);
    assert_eq!(grant(state, &ada, "ada", json!(["hall"])).await.0, 409);
    assert_eq!(grant(state, &ada, "nobody", json!(["hall"])).await.0, 404);
}

/// With a token in place of a cookie.
fn by(request: TestRequest, secret: &str) -> TestRequest {
    request.insert_header(("authorization", format!("Bearer {secret}")))
}

/// Makes a token: its secret.
async fn token(state: &ApiState, cookie: &str, wanted: Value) -> String {
    let (status, made) =
        ask(state, with(TestRequest::post().uri("/api/v1/tokens").set_json(wanted), cookie)).await;
    assert_eq!(status, 201, "{made}");
    made["secret"].as_str().unwrap().to_owned()
}

#[actix_rt::test]
async fn a_token_does_what_its_scope_says_and_needs_no_page() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let olga = user(state, &ada, "Olga", "operator").await;
    let of_ada = token(state, &ada, json!({"name": "all", "scope": "administer"})).await;
    let operate = token(state, &olga, json!({"name": "deploy", "scope": "operate"})).await;
    let read = token(state, &olga, json!({"name": "watch", "scope": "read"})).await;
    let scopes = [(&read, Role::Viewer), (&operate, Role::Operator), (&of_ada, Role::Administrator)];
    for call in CALLS.iter().filter(|call| call.path != "/session" && call.needs != Needs::Nothing) {
        for (secret, role) in scopes {
            let seen = status(state, by(filled(call, "none", "none"), secret), HERE).await;
            let is_for = match call.needs {
                Needs::Role(least) => reaches(role, least) && !call.is_personal,
                Needs::Nothing | Needs::Oneself | Needs::OneselfAlone => false,
            };
            let refuses_all = call.path == "/claim-code";
            assert_eq!(
                seen == 403,
                !is_for || refuses_all,
                "{role:?}: {} {} is {seen}",
                call.method,
                call.path
            );
        }
    }
    // Not from a page, so there is no other site to come from; and a cookie is not looked at.
    let crossing =
        || post(json!({"name": "Hall", "source": "srt"})).insert_header(("origin", "http://evil.example"));
    assert_eq!(ask(state, by(crossing(), &operate)).await.0, 201);
    assert_eq!(status(state, by(with(get("/api/v1/channels"), &ada), "forebay_wrong"), HERE).await, 401);
    assert_eq!(status(state, with(crossing(), &ada), HERE).await, 403);
    // In clear over the network it is refused, good or not.
    assert_eq!(status(state, by(get("/api/v1/channels"), &read), super::tests::ELSEWHERE).await, 401);

    let entries = ask(state, with(get("/api/v1/audit"), &ada)).await.1.to_string();
    assert!(entries.contains("Olga (token deploy)") && !entries.contains("forebay_"), "{entries}");
    let mine = ask(state, with(get("/api/v1/tokens"), &olga)).await.1;
    let names: Vec<_> =
        mine.as_array().unwrap().iter().map(|token| token["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["deploy", "watch"]);
    assert!(mine[0]["used_at_ms"].is_i64() && !mine.to_string().contains("forebay_"), "{mine}");
    let remove = |id: &Value| TestRequest::delete().uri(&format!("/api/v1/tokens/{id}"));
    let all = ask(state, with(get("/api/v1/tokens"), &ada)).await.1;
    assert_eq!((all.as_array().unwrap().len(), &all[0]["name"]), (3, &json!("all")));
    assert_eq!(ask(state, with(remove(&all[0]["id"]), &olga)).await.0, 404, "somebody else's does not exist");
    assert_eq!(ask(state, with(remove(&mine[0]["id"]), &olga)).await.0, 204);
    assert_eq!(status(state, by(get("/api/v1/channels"), &operate), HERE).await, 401);
}

#[actix_rt::test]
async fn a_token_sees_no_more_than_its_owner_and_what_it_is_limited_to() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let olga = user(state, &ada, "Olga", "operator").await;
    for name in ["Hall", "Attic", "Loft"] {
        ask(state, with(post(json!({"name": name, "source": "rtmp"})), &ada)).await;
    }
    grant(state, &ada, "olga", json!(["hall", "attic"])).await;
    let add = |wanted: Value| with(TestRequest::post().uri("/api/v1/tokens").set_json(wanted), &olga);
    let refused = problem(state, add(json!({"name": "a", "scope": "read", "channels": ["loft"]}))).await;
    assert_eq!(refused, "422 /channels there is no channel `loft`");
    assert!(problem(state, add(json!({"name": "a", "scope": "administer"}))).await.starts_with("422 /scope"));
    let secret = token(state, &olga, json!({"name": "a", "scope": "operate", "channels": ["hall"]})).await;
    let seen = async |slug: &str| {
        status(state, by(get(&format!("/api/v1/channels/{slug}/key")), &secret), HERE).await
    };
    assert_eq!([seen("hall").await, seen("attic").await, seen("loft").await], [200, 404, 404]);
    // What it makes, it and its owner see.
    assert_eq!(ask(state, by(post(json!({"name": "Yard", "source": "srt"})), &secret)).await.0, 201);
    assert_eq!(seen("yard").await, 200);
    assert_eq!(status(state, with(get("/api/v1/channels/yard"), &olga), HERE).await, 200);
    // What is taken from its owner is taken from it.
    grant(state, &ada, "olga", json!(["attic"])).await;
    assert_eq!([seen("hall").await, seen("attic").await, seen("yard").await], [404, 404, 404]);
}

#[actix_rt::test]
async fn guessing_at_tokens_is_slowed_down_and_nobody_else_is() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let secret = token(state, &ada, json!({"name": "a", "scope": "read"})).await;
    let guess = || by(get("/api/v1/channels"), "forebay_00000000000000000000000000000000");
    let mut seen = Vec::new();
    for _ in 0..=crate::limits::SIGN_INS_A_MINUTE_OF_ADDRESS.get() {
        seen.push(status(state, guess(), HERE).await);
    }
    assert!(seen.contains(&401) && seen.last() == Some(&429), "{seen:?}");
    assert_eq!(status(state, by(get("/api/v1/channels"), &secret), HERE).await, 200);
}

#[actix_rt::test]
async fn a_feed_follows_what_is_granted_and_ends_with_the_user() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let olga = user(state, &ada, "Olga", "operator").await;
    ask(state, with(post(json!({"name": "Attic", "source": "rtmp"})), &ada)).await;
    grant(state, &ada, "olga", json!([])).await;
    let app = serve(state).await;
    let response = call_service(&app, from_here(with(get("/api/v1/events"), &olga))).await;
    let mut body: Events = Box::pin(response.into_body());
    let slugs = |event: Value| -> Vec<String> {
        let channels = event["channels"].as_array().unwrap().iter();
        channels.map(|channel| channel["slug"].as_str().unwrap().to_owned()).collect()
    };
    assert!(slugs(next_event(&mut body).await.unwrap()).is_empty());
    // What she makes is hers.
    let (status, _) = ask(state, with(post(json!({"name": "Loft", "source": "srt"})), &olga)).await;
    assert_eq!((status, slugs(next_event(&mut body).await.unwrap())), (201, vec!["loft".to_owned()]));
    grant(state, &ada, "olga", json!(["attic"])).await;
    assert_eq!(slugs(next_event(&mut body).await.unwrap()), ["attic"]);
    ask(state, with(TestRequest::delete().uri("/api/v1/channels/attic"), &ada)).await;
    assert!(slugs(next_event(&mut body).await.unwrap()).is_empty());
    ask(state, with(TestRequest::delete().uri("/api/v1/users/olga"), &ada)).await;
    assert_eq!(next_event(&mut body).await, None);
}

/// The next event: its id, and the slugs in it.
async fn next_with_id(body: &mut Events) -> (String, Vec<String>) {
    let bytes = std::future::poll_fn(|context| body.as_mut().poll_next(context)).await.unwrap().unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (id, data) = text.strip_prefix("event: channels\nid: ").unwrap().split_once("\ndata: ").unwrap();
    let list: Value = serde_json::from_str(data).unwrap();
    let slugs = list["channels"].as_array().unwrap().iter().map(|it| it["slug"].as_str().unwrap().to_owned());
    (id.to_owned(), slugs.collect())
}

#[actix_rt::test]
async fn who_comes_back_is_told_each_event_that_was_missed() {
    let test = new_box();
    let state = &test.state;
    let app = serve(state).await;
    let follow = async |last: Option<&str>| {
        let request = last.into_iter().fold(get("/api/v1/events"), |request, id| {
            request.insert_header(("last-event-id", id.to_owned()))
        });
        let body: Events = Box::pin(call_service(&app, from_here(request)).await.into_body());
        body
    };
    let mut watcher = follow(None).await;
    let mut leaver = follow(None).await;
    let (left_at, none) = next_with_id(&mut leaver).await;
    assert_eq!((none, next_with_id(&mut watcher).await.1), (Vec::<String>::new(), Vec::new()));
    drop(leaver);
    let mut seen = Vec::new();
    for name in ["a", "b", "c"] {
        ask(state, post(json!({"name": name, "source": "srt"}))).await;
        // Each is an event of its own, since the one before has been told.
        seen.push(next_with_id(&mut watcher).await);
    }
    assert_eq!(seen[2].1, ["a", "b", "c"]);
    let mut back = follow(Some(&left_at)).await;
    for event in &seen {
        assert_eq!(next_with_id(&mut back).await, *event);
    }
    // Whoever has all is told what comes, and nothing twice.
    let mut level = follow(Some(&seen[2].0)).await;
    ask(state, TestRequest::delete().uri("/api/v1/channels/a")).await;
    assert_eq!(next_with_id(&mut level).await.1, ["b", "c"]);
    // An id of before a restart, or none at all: how things are.
    for odd in ["1-1", "never heard of", ""] {
        assert_eq!(next_with_id(&mut follow(Some(odd)).await).await.1, ["b", "c"], "{odd}");
    }
}

//! Two who edit the same thing, and changes that are only tried.

use super::access_tests::{grant, user, with};
use super::tests::{ask, claimed, from_here, get, new_box, post, problem, serve};
use super::*;
use actix_web::test::{TestRequest, call_service, read_body_json};
use serde_json::{Value, json};

/// Status, tag and body of a call.
async fn tagged(state: &ApiState, request: TestRequest) -> (u16, Option<String>, Value) {
    let app = serve(state).await;
    let response = call_service(&app, from_here(request)).await;
    let tag = response.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    (status, tag, if status == 204 { Value::Null } else { read_body_json(response).await })
}

fn if_match(request: TestRequest, tag: &Option<String>) -> TestRequest {
    request.insert_header(("if-match", tag.clone().unwrap()))
}

fn slate(text: &str) -> TestRequest {
    let body = json!({"text": text, "after_ms": 500, "back_after_ms": 0, "tone": false});
    TestRequest::put().uri("/api/v1/channels/hall/slate").set_json(body)
}

#[actix_rt::test]
async fn two_operators_do_not_overwrite_each_other() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let by_ada = |request: TestRequest| with(request, &ada);
    ask(state, by_ada(post(json!({"name": "Hall", "source": "rtmp"})))).await;
    let read = || by_ada(get("/api/v1/channels/hall/slate"));
    let (_, first, _) = tagged(state, read()).await;
    assert_eq!(tagged(state, read()).await.1, first, "what has not changed has the same tag");
    let (status, second, _) = tagged(state, if_match(by_ada(slate("ONE")), &first)).await;
    assert!(status == 200 && second != first);
    assert_eq!(tagged(state, read()).await.1, second);
    let told = problem(state, if_match(by_ada(slate("TWO")), &first)).await;
    assert_eq!(
        told,
        "412 - this has been changed since it was read, the last time by Ada: `slate.text` is \"ONE\" now. Nothing was saved: \
         read it again, and make the change to that"
    );
    assert_eq!(ask(state, read()).await.1["text"], "ONE");
    // Another part of the channel is another matter; the whole is not.
    let whole = tagged(state, by_ada(get("/api/v1/channels/hall"))).await.1;
    let rules = TestRequest::put().uri("/api/v1/channels/hall/failover").set_json(json!({"loss_ms": 2000}));
    assert_eq!(tagged(state, by_ada(rules)).await.0, 200);
    let remove = || by_ada(TestRequest::delete().uri("/api/v1/channels/hall"));
    assert_eq!(tagged(state, if_match(remove(), &whole)).await.0, 412);
    assert_eq!(tagged(state, if_match(by_ada(slate("TWO")), &second)).await.0, 200);
    // Without a condition as ever; nor does it have to be known what was read.
    assert_eq!(tagged(state, by_ada(slate("THREE"))).await.0, 200);
    let unknown = problem(state, if_match(by_ada(slate("FOUR")), &Some("\"x\"".into()))).await;
    assert!(unknown.starts_with("412") && unknown.contains("not known any more"), "{unknown}");
    assert_eq!(tagged(state, if_match(by_ada(slate("FIVE")), &Some("*".into()))).await.0, 200);
}

#[actix_rt::test]
async fn of_two_at_once_one_is_told() {
    let test = new_box();
    let state = &test.state;
    ask(state, post(json!({"name": "Hall", "source": "rtmp"}))).await;
    let tag = tagged(state, get("/api/v1/channels/hall/slate")).await.1;
    let (one, other) = tokio::join!(
        tagged(state, if_match(slate("ONE"), &tag)),
        tagged(state, if_match(slate("TWO"), &tag))
    );
    let mut seen = [one.0, other.0];
    seen.sort_unstable();
    assert_eq!(seen, [200, 412]);
}

#[actix_rt::test]
async fn users_and_what_exists_for_them_are_editions_too() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    user(state, &ada, "Olga", "operator").await;
    let (_, before, _) = tagged(state, with(get("/api/v1/users/olga"), &ada)).await;
    let (_, grants, _) = tagged(state, with(get("/api/v1/users/olga/channels"), &ada)).await;
    assert_eq!(grant(state, &ada, "olga", json!([])).await.0, 200);
    let set = TestRequest::put().uri("/api/v1/users/olga/channels").set_json(json!({"channels": null}));
    assert_eq!(tagged(state, if_match(with(set, &ada), &grants)).await.0, 412);
    let remove = || with(TestRequest::delete().uri("/api/v1/users/olga"), &ada);
    assert_eq!(tagged(state, if_match(remove(), &before)).await.0, 412);
    let (_, now, _) = tagged(state, with(get("/api/v1/users/olga"), &ada)).await;
    assert_eq!(tagged(state, if_match(remove(), &now)).await.0, 204);
}

#[actix_rt::test]
async fn a_channel_is_renamed_at_the_same_address_unless_the_name_is_taken_or_none() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    for name in ["Hall", "Attic"] {
        assert_eq!(ask(state, with(post(json!({"name": name, "source": "rtmp"})), &ada)).await.0, 201);
    }
    let rename = |name: &str| {
        let edit = TestRequest::patch().uri("/api/v1/channels/hall").set_json(json!({ "name": name }));
        with(edit, &ada)
    };
    let key = ask(state, with(get("/api/v1/channels/hall/key"), &ada)).await.1;
    let (_, before, _) = tagged(state, with(get("/api/v1/channels/hall"), &ada)).await;
    let long = "x".repeat(101);
    for (name, why) in [
        ("attic", "409 /name there is already a channel named"),
        ("  ", "422 /name the name must have 1 to 100 characters"),
        (long.as_str(), "422 /name the name must have 1 to 100 characters"),
        ("Hall\u{7}", "422 /name the name must have 1 to 100 characters"),
    ] {
        let told = problem(state, rename(name)).await;
        assert!(told.starts_with(why), "{name}: {told}");
    }
    let (renamed, now, told) = tagged(state, if_match(rename(" Great Hall "), &before)).await;
    assert_eq!((renamed, &told["name"], &told["slug"]), (200, &json!("Great Hall"), &json!("hall")));
    assert_eq!(tagged(state, if_match(rename("Small Hall"), &before)).await.0, 412, "made of what was");
    assert_eq!(tagged(state, if_match(rename("GREAT HALL"), &now)).await.0, 200, "its own name is not taken");
    assert_eq!(ask(state, with(get("/api/v1/channels/hall/key"), &ada)).await.1, key);
    let audit = ask(state, with(get("/api/v1/audit"), &ada)).await.1;
    assert_eq!((&audit[0]["call"], &audit[0]["who"]), (&json!("PATCH /channels/hall"), &json!("Ada")));
    let told = audit[0].to_string();
    assert!(told.contains("Great Hall") && told.contains("GREAT HALL"), "{told}");
    // Of a channel that does not exist for whoever asks, nothing is told.
    let olga = user(state, &ada, "Olga", "operator").await;
    grant(state, &ada, "olga", json!(["hall"])).await;
    let hers = TestRequest::patch().uri("/api/v1/channels/hall").set_json(json!({"name": "Attic"}));
    assert_eq!(problem(state, with(hers, &olga)).await, "409 /name this name is taken; choose another");
    let not_hers = TestRequest::patch().uri("/api/v1/channels/attic").set_json(json!({"name": "Loft"}));
    assert!(problem(state, with(not_hers, &olga)).await.starts_with("404"));
}

#[actix_rt::test]
async fn a_change_that_is_tried_is_judged_and_not_made() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let by_ada = |request: TestRequest| with(request, &ada);
    let tried = |path: &str| by_ada(TestRequest::post().uri(&format!("/api/v1{path}?dry_run=true")));
    let hall = || json!({"name": "Hall", "source": "rtmp"});
    let app = serve(state).await;
    let response = call_service(&app, from_here(tried("/channels").set_json(hall()))).await;
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers().get("forebay-dry-run").unwrap(), "true");
    let made: Value = read_body_json(response).await;
    assert_eq!(made["slug"], "hall");
    assert_eq!(state.store.channels().await.unwrap(), []);
    assert_eq!(ask(state, by_ada(post(hall()))).await.0, 201);
    let version = *state.changed.borrow();
    // What would refuse it refuses it.
    assert!(problem(state, tried("/channels").set_json(hall())).await.starts_with("409 /name"));
    assert!(
        problem(state, tried("/channels").set_json(json!({"name": ""}))).await.starts_with("400 /source")
    );
    assert!(problem(state, tried("/channels/attic/stop")).await.starts_with("404"));
    let (status, stopped) = ask(state, tried("/channels/hall/stop")).await;
    assert_eq!((status, &stopped["state"]), (200, &json!("stopped")));
    assert_eq!(ask(state, by_ada(get("/api/v1/channels/hall"))).await.1["state"], "starting");
    let remove = by_ada(TestRequest::delete().uri("/api/v1/channels/hall?dry_run=true"));
    assert_eq!(ask(state, remove).await.0, 204);
    let bob = json!({"name": "Bob", "role": "viewer", "password": "four brown bottles"});
    assert_eq!(ask(state, tried("/users").set_json(bob)).await.0, 201);
    assert_eq!(state.store.accounts().await.unwrap().len(), 1);
    let made = ask(state, tried("/tokens").set_json(json!({"name": "a", "scope": "read"}))).await.1;
    let bearer = ("authorization", format!("Bearer {}", made["secret"].as_str().unwrap()));
    assert_eq!(ask(state, get("/api/v1/channels").insert_header(bearer)).await.0, 401);
    // Nobody was told, and nothing is written down: the claim and one channel.
    assert_eq!(*state.changed.borrow(), version);
    assert_eq!(ask(state, by_ada(get("/api/v1/audit"))).await.1.as_array().unwrap().len(), 2);
    // What is more than settings is not tried, and a wish that is not understood is not taken for the thing itself.
    let drill = tried("/channels/hall/drill").set_json(json!({"fault": "flood"}));
    assert!(problem(state, drill).await.starts_with("422 - this call cannot be tried"));
    let odd = by_ada(TestRequest::delete().uri("/api/v1/channels/hall?dry_run=yes"));
    assert!(problem(state, odd).await.starts_with("422 - dry_run is"));
    assert_eq!(state.store.channels().await.unwrap().len(), 1);
}

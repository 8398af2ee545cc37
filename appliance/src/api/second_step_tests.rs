//! The second step of signing in, and the undoing of removals, as a client sees them.

use super::access_tests::{user, with};
use super::tests::{HERE, ask, claimed, cookie_of, from_here, get, new_box, post, problem, serve, status};
use super::*;
use crate::accounts::second_step::code_of;
use crate::limits::SECOND_STEPS_AT_ONCE;
use actix_web::test::{TestRequest, call_service};
use serde_json::{Value, json};

const PASSWORD: &str = "short red teapot";
/// Of the administrator that tests claim a box for.
const ADAS: &str = "tall green kettle";

fn at(path: &str) -> TestRequest {
    TestRequest::post().uri(&format!("/api/v1{path}"))
}

/// Of Olga's second step.
fn offer() -> TestRequest {
    at("/users/olga/totp").set_json(json!({ "password": PASSWORD }))
}

fn sign_in(code: Option<&str>) -> TestRequest {
    at("/session").set_json(json!({"name": "olga", "password": PASSWORD, "code": code}))
}

/// Olga's, confirmed: what the app was told, the code that confirmed it, and the recovery codes.
async fn enrolled(state: &ApiState, olga: &str) -> (String, String, Vec<Value>) {
    let (made, told) = ask(&new_throttles(state), with(offer(), olga)).await;
    assert_eq!(made, 201, "{told}");
    let secret = told["secret"].as_str().unwrap().to_owned();
    assert!(told["uri"].as_str().unwrap().starts_with("otpauth://totp/"), "{told}");
    // Nothing is asked for before the app is known to be right.
    cookie_of(state, "/api/v1/session", json!({"name": "olga", "password": PASSWORD})).await;
    let code = code_of(&secret, state.house.now());
    let confirm = at("/users/Olga/totp/confirm").set_json(json!({ "code": code }));
    let (confirmed, codes) = ask(state, with(confirm, olga)).await;
    assert_eq!(confirmed, 200, "{codes}");
    (secret, code, codes["recovery_codes"].as_array().unwrap().clone())
}

/// As an app shows it so much later.
fn later(state: &ApiState, secret: &str, secs: i64) -> String {
    code_of(secret, state.house.now() + Ticks::from_secs(secs))
}

#[actix_rt::test]
async fn a_code_is_asked_for_and_taken_once() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let olga = user(state, &ada, "Olga", "operator").await;
    let (secret, first, recovery) = enrolled(state, &olga).await;
    assert_eq!(recovery.len(), crate::limits::RECOVERY_CODES);
    assert_eq!(status(state, with(get("/api/v1/channels"), &olga), HERE).await, 200, "who is inside stays");
    assert!(problem(state, sign_in(None)).await.starts_with("403 /code enter the six digits"));
    let wrong =
        at("/session").set_json(json!({"name": "olga", "password": "long red teapot", "code": first}));
    assert!(problem(state, wrong).await.starts_with("403 - the name or the password"));
    // What has confirmed it has been used: a code that somebody has seen is worth nothing.
    assert!(
        problem(state, sign_in(Some(&first))).await.starts_with("403 /code the code is wrong, or was used")
    );
    let mut test_again = new_throttles(state);
    let next = later(state, &secret, 30);
    let entered = ask(&test_again, sign_in(Some(&next))).await;
    assert_eq!(entered, (201, json!({"name": "Olga", "role": "operator"})));
    assert!(problem(&test_again, sign_in(Some(&next))).await.starts_with("403 /code"));
    let lost = recovery[4].as_str().unwrap().to_lowercase();
    assert_eq!(ask(&test_again, sign_in(Some(&lost))).await.0, 201);
    test_again = new_throttles(state);
    assert!(problem(&test_again, sign_in(Some(&lost))).await.starts_with("403 /code"));
    let (_, told) = ask(state, with(get("/api/v1/users/olga/totp"), &olga)).await;
    assert_eq!((&told["enabled"], &told["recovery_codes_left"]), (&json!(true), &json!(9)));
}

#[actix_rt::test]
async fn a_session_left_open_takes_no_account_over() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let olga = user(state, &ada, "Olga", "operator").await;
    let (_, _, recovery) = enrolled(state, &olga).await;
    let put = |body: Value| TestRequest::put().uri("/api/v1/users/olga/password").set_json(body);
    let other = "another red teapot";
    for path in ["/users/olga/totp", "/users/olga/totp/recovery-codes", "/users/olga/totp/remove"] {
        let call = |body: Value| at(path).set_json(body);
        let state = &new_throttles(state);
        let without = problem(state, with(call(json!({})), &olga)).await;
        assert_eq!(without, "422 /password give your password once more");
        let wrong = problem(state, with(call(json!({ "password": "long red teapot" })), &olga)).await;
        assert_eq!(wrong, "403 /password this is not your password; nothing was done");
    }
    // Nor does an administrator's, by giving somebody a password.
    for cookie in [&olga, &ada] {
        let state = &new_throttles(state);
        let without = problem(state, with(put(json!({ "password": other })), cookie)).await;
        assert_eq!(without, "422 /current_password give your password once more");
        let wrong = json!({ "password": other, "current_password": "long red teapot" });
        let wrong = problem(state, with(put(wrong), cookie)).await;
        assert_eq!(wrong, "403 /current_password this is not your password; nothing was done");
    }
    let renew = at("/users/olga/totp/recovery-codes").set_json(json!({ "password": PASSWORD }));
    let (renewed, codes) = ask(&new_throttles(state), with(renew, &olga)).await;
    assert!(renewed == 200 && codes["recovery_codes"][0] != recovery[0], "{codes}");
    let void = recovery[0].as_str().unwrap();
    assert!(problem(&new_throttles(state), sign_in(Some(void))).await.starts_with("403 /code"));
    let good = codes["recovery_codes"][0].as_str().unwrap();
    assert_eq!(ask(&new_throttles(state), sign_in(Some(good))).await.0, 201);
    let changed = put(json!({ "password": other, "current_password": PASSWORD }));
    assert_eq!(status(&new_throttles(state), with(changed, &olga), HERE).await, 204);
    let audit = ask(state, with(get("/api/v1/audit"), &ada)).await.1.to_string();
    assert!(audit.contains("POST /users/olga/totp/recovery-codes") && !audit.contains(good), "{audit}");
}

/// The same box, of which nobody has asked anything yet.
pub(super) fn new_throttles(state: &ApiState) -> ApiState {
    ApiState { accounts: crate::accounts::Accounts::new(state.store.clone(), state.house), ..state.clone() }
}

#[actix_rt::test]
async fn codes_have_a_throttle_of_their_own_that_others_do_not_feel() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let olga = user(state, &ada, "Olga", "operator").await;
    let (_, told) = ask(state, with(offer(), &olga)).await;
    let wrong = || with(at("/users/olga/totp/confirm").set_json(json!({"code": "00000"})), &olga);
    let mut seen = Vec::new();
    for _ in 0..=SECOND_STEPS_AT_ONCE.get() {
        seen.push(status(state, wrong(), HERE).await);
    }
    assert_eq!((seen.first(), seen.last()), (Some(&403), Some(&429)), "{seen:?}");
    // The right one too, at the door as well: who guesses must not learn that it was right.
    state.store.confirm_totp("Olga", 1, Vec::new()).await.unwrap();
    let code = code_of(told["secret"].as_str().unwrap(), state.house.now());
    assert!(problem(state, sign_in(Some(&code))).await.starts_with("429 /code too many codes"));
    assert!(problem(state, sign_in(None)).await.starts_with("403 /code enter"), "the first step has its own");
    // An administrator helps, and so does the console; somebody else does not.
    let vic = user(state, &ada, "Vic", "viewer").await;
    let off = |password: &str| at("/users/olga/totp/remove").set_json(json!({ "password": password }));
    assert_eq!(ask(state, with(off(PASSWORD), &vic)).await.0, 403);
    assert!(
        problem(state, with(off(PASSWORD), &ada)).await.starts_with("403 /password"),
        "not by Olga's own"
    );
    assert_eq!(ask(state, with(off(ADAS), &ada)).await.0, 200);
    assert!(problem(state, with(off(ADAS), &ada)).await.starts_with("404 - `olga` has no second step"));
    assert_eq!(ask(state, sign_in(None)).await.0, 201);
}

#[actix_rt::test]
async fn nobody_sets_it_up_for_another_or_from_another_site() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let olga = user(state, &ada, "Olga", "operator").await;
    assert_eq!(ask(state, with(offer(), &ada)).await.0, 403, "nor does an administrator");
    for path in [
        "/users/olga/totp",
        "/users/olga/totp/confirm",
        "/users/olga/totp/recovery-codes",
        "/users/olga/totp/remove",
    ] {
        let crossing = with(at(path), &olga).insert_header(("origin", "http://evil.example"));
        assert_eq!(status(state, crossing.set_json(json!({"code": "000000"})), HERE).await, 403, "{path}");
    }
    let crossing = with(at("/users/olga/totp/remove").set_json(json!({ "password": PASSWORD })), &olga);
    let crossing = crossing.insert_header(("sec-fetch-site", "cross-site"));
    assert_eq!(status(state, crossing, HERE).await, 403);
    let confirm = |code: &str| with(at("/users/olga/totp/confirm").set_json(json!({ "code": code })), &olga);
    assert!(problem(state, confirm("000000")).await.starts_with("409 - set the second step up first"));
    assert_eq!(ask(state, with(offer(), &olga)).await.0, 201);
    assert!(problem(state, confirm("abc")).await.starts_with("403 /code"));
    // What was offered and not confirmed asks nobody for anything.
    assert_eq!(ask(state, sign_in(None)).await.0, 201);
}

#[actix_rt::test]
async fn no_session_begins_before_the_second_step() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let olga = user(state, &ada, "Olga", "operator").await;
    let (secret, ..) = enrolled(state, &olga).await;
    let app = serve(state).await;
    let fixed = "__Host-forebay=00112233445566778899aabbccddeeff";
    let half = call_service(&app, from_here(with(sign_in(None), fixed))).await;
    assert_eq!((half.status().as_u16(), half.headers().get("set-cookie")), (403, None));
    assert_eq!(status(state, with(get("/api/v1/channels"), fixed), HERE).await, 401);
    let code = later(state, &secret, 30);
    let whole = call_service(&app, from_here(with(sign_in(Some(&code)), fixed))).await;
    let cookie = whole.headers().get("set-cookie").unwrap().to_str().unwrap();
    assert!(whole.status() == 201 && !cookie.contains("00112233"), "{cookie}");
    assert_eq!(
        status(state, with(get("/api/v1/channels"), fixed), HERE).await,
        401,
        "a session that is given is none"
    );
}

#[actix_rt::test]
async fn its_secrets_are_told_once_and_nowhere_else() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let olga = user(state, &ada, "Olga", "operator").await;
    ask(state, with(post(json!({"name": "Hall", "source": "rtmp"})), &olga)).await;
    let (secret, code, recovery) = enrolled(state, &olga).await;
    let mut all = String::new();
    for path in [
        "/users",
        "/users/olga",
        "/users/olga/totp",
        "/audit?limit=1000",
        "/configuration?keys=true",
        "/history",
        "/session",
    ] {
        let (seen, told) = ask(state, with(get(&format!("/api/v1{path}")), &ada)).await;
        assert_eq!(seen, 200, "{path}");
        all.push_str(&told.to_string());
    }
    let codes = recovery.iter().map(|code| code.as_str().unwrap());
    for hidden in codes.chain([secret.as_str(), &secret.to_lowercase(), &format!("\"{code}\"")]) {
        assert!(!all.contains(hidden), "{hidden} is told");
    }
    assert!(all.contains("\"totp\":true") && all.contains("POST /users/Olga/totp/confirm"), "{all}");
}

#[actix_rt::test]
async fn what_is_removed_is_put_back_by_whoever_might_have_removed_it() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let olga = user(state, &ada, "Olga", "operator").await;
    ask(state, with(post(json!({"name": "Hall", "source": "rtmp"})), &ada)).await;
    super::access_tests::grant(state, &ada, "olga", json!(["hall"])).await;
    let key = ask(state, with(get("/api/v1/channels/hall/key"), &ada)).await.1;
    let app = serve(state).await;
    let remove =
        |dry: &str| from_here(with(TestRequest::delete().uri(&format!("/api/v1/channels/hall{dry}")), &olga));
    let tried = call_service(&app, remove("?dry_run=true")).await;
    assert!(tried.status() == 204 && !tried.headers().contains_key("forebay-undo"));
    let gone = call_service(&app, remove("")).await;
    let id = gone.headers().get("forebay-undo").unwrap().to_str().unwrap().to_owned();
    assert_eq!(status(state, with(get("/api/v1/channels/hall/key"), &ada), HERE).await, 404);
    let listed = ask(state, with(get("/api/v1/removed"), &olga)).await.1;
    assert_eq!((&listed[0]["name"], &listed[0]["removed_by"]), (&json!("Hall"), &json!("Olga")));
    assert!(!listed.to_string().contains(key["stream_key"].as_str().unwrap()));
    // Nobody else's matter; nor a page's of another site.
    let vic = user(state, &ada, "Vic", "operator").await;
    super::access_tests::grant(state, &ada, "vic", json!([])).await;
    assert_eq!(ask(state, with(get("/api/v1/removed"), &vic)).await.1, json!([]));
    let back = |cookie: &str| with(at(&format!("/removed/{id}/restore")), cookie);
    assert!(problem(state, back(&vic)).await.starts_with("404 - there is nothing removed"));
    let crossing = back(&olga).insert_header(("origin", "http://evil.example"));
    assert_eq!(status(state, crossing, HERE).await, 403);
    assert_eq!(ask(state, back(&olga)).await.0, 200);
    assert_eq!(
        ask(state, with(get("/api/v1/channels/hall/key"), &olga)).await.1,
        key,
        "the same key, and hers"
    );
    assert_eq!(ask(state, back(&olga)).await.0, 404);
    let audit = ask(state, with(get("/api/v1/audit"), &ada)).await.1;
    assert_eq!(audit[1]["call"], format!("POST /removed/{id}/restore"));
    assert!(!audit.to_string().contains(key["stream_key"].as_str().unwrap()));
}

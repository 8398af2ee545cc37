//! The API as a client sees it, errors above all.

use super::*;
use crate::alarms::{Kind, Words};
use crate::board::{ChannelReport, stages};
use crate::store::History;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::{App, Error, web};
use serde_json::{Value, json};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use tempfile::TempDir;

/// A box of its own. The folder goes when it does.
pub(super) struct TestBox {
    pub(super) state: ApiState,
    _folder: TempDir,
}

pub(super) fn new_box() -> TestBox {
    let folder = TempDir::new().unwrap();
    let house = House::anchor();
    let store = Store::open(folder.path(), house).unwrap();
    let board = Board::new(house, History::in_memory(house).unwrap());
    let drills = Drills::new(house, board.clone());
    let seen = (board.clone(), Devices::new(board));
    let state = ApiState::new(store, seen, Doors::default(), drills, house, IpAddr::from([127, 0, 0, 1]));
    state.ports.send_replace(wire::Ports { http: 8080, https: 0, rtmp: 1935, srt: 9000, admin: None });
    TestBox { state, _folder: folder }
}

pub(super) async fn serve(
    state: &ApiState,
) -> impl Service<actix_http::Request, Response = ServiceResponse, Error = Error> {
    init_service(App::new().app_data(web::Data::new(state.clone())).configure(configure)).await
}

pub(super) fn from_here(request: TestRequest) -> actix_http::Request {
    request
        .peer_addr("127.0.0.1:40000".parse().unwrap())
        .insert_header(("host", "localhost:8080"))
        .to_request()
}

/// Status and body of one call from a loopback browser.
pub(super) async fn ask(state: &ApiState, request: TestRequest) -> (u16, Value) {
    let app = serve(state).await;
    let response = call_service(&app, from_here(request)).await;
    let status = response.status().as_u16();
    assert_eq!(response.headers().get("cache-control").unwrap(), "no-store");
    let body = if status == 204 { Value::Null } else { read_body_json(response).await };
    (status, body)
}

pub(super) fn post(body: Value) -> TestRequest {
    TestRequest::post().uri("/api/v1/channels").set_json(body)
}

pub(super) fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

/// Who has claimed the box: the cookie of the first administrator.
pub(super) async fn claimed(state: &ApiState) -> String {
    let code = state.accounts.new_code().await.unwrap().code;
    let claim = json!({"code": code, "name": "Ada", "password": "tall green kettle"});
    cookie_of(state, "/api/v1/claim", claim).await
}

/// Signs in, or claims; the cookie as the browser sends it back.
pub(super) async fn cookie_of(state: &ApiState, place: &str, body: Value) -> String {
    let app = serve(state).await;
    let response = call_service(&app, from_here(TestRequest::post().uri(place).set_json(body))).await;
    assert_eq!(response.status().as_u16(), 201);
    let cookie = response.headers().get("set-cookie").unwrap().to_str().unwrap().to_owned();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict");
    pair.to_owned()
}

/// Status of a call, from this machine or from another.
pub(super) async fn status(state: &ApiState, request: TestRequest, peer: &str) -> u16 {
    let app = serve(state).await;
    let request = request.peer_addr(peer.parse().unwrap()).insert_header(("host", "localhost:8080"));
    call_service(&app, request.to_request()).await.status().as_u16()
}

pub(super) const HERE: &str = "127.0.0.1:40000";
pub(super) const ELSEWHERE: &str = "192.0.2.9:40000";

/// A call that must fail, as one line: status, field, detail.
pub(super) async fn problem(state: &ApiState, request: TestRequest) -> String {
    let app = serve(state).await;
    let response = call_service(&app, from_here(request)).await;
    assert_eq!(response.headers().get("content-type").unwrap(), "application/problem+json");
    let status = response.status().as_u16();
    let problem: wire::Problem = read_body_json(response).await;
    assert_eq!(problem.status, status);
    format!("{status} {} {}", problem.field.unwrap_or("-".into()), problem.detail)
}

#[actix_rt::test]
async fn a_channels_life() {
    let test = new_box();
    let state = &test.state;
    assert_eq!(ask(state, get("/api/v1/channels")).await, (200, json!({"channels": [], "alarms": []})));

    let (status, added) = ask(state, post(json!({"name": "Main Hall", "source": "rtmp"}))).await;
    assert_eq!(status, 201);
    assert_eq!(added["slug"], "main-hall");
    assert_eq!(added["state"], "starting");
    assert_eq!(added["watch_url"], "http://localhost:8080/watch/main-hall");
    assert_eq!(added["publish_urls"], json!(["rtmp://localhost:1935/live/STREAM_KEY"]));
    assert_eq!(added["ladder"][2], json!({"width": 640, "height": 360, "bitrate_bps": 700_000}));
    assert_eq!(*state.changed.borrow(), 1, "whoever owns the channels has been told");

    let (_, key) = ask(state, get("/api/v1/channels/main-hall/key")).await;
    let secret = key["stream_key"].as_str().unwrap();
    assert_eq!(key["publish_urls"][0], format!("rtmp://localhost:1935/live/{secret}"));

    let started_at = Some(state.house.now() - Ticks::from_secs(5));
    let report = ChannelReport {
        sources: Vec::new(),
        dvr: None,
        encoding: None,
        state: wire::ChannelState::Live,
        stages: stages(wire::Light::Good),
        detail: String::new(),
        restarts: 2,
        started_at,
    };
    state.board.update("main-hall", report);
    let (_, live) = ask(state, get("/api/v1/channels/main-hall")).await;
    assert_eq!((&live["state"], &live["restarts"]), (&json!("live"), &json!(2)));
    assert!(live["uptime_secs"].as_u64().unwrap() >= 5);

    let (status, stopped) = ask(state, TestRequest::post().uri("/api/v1/channels/main-hall/stop")).await;
    assert_eq!((status, &stopped["state"], &stopped["uptime_secs"]), (200, &json!("stopped"), &Value::Null));
    let (_, started) = ask(state, TestRequest::post().uri("/api/v1/channels/main-hall/start")).await;
    assert_eq!(started["state"], "live");
    assert_eq!(ask(state, TestRequest::delete().uri("/api/v1/channels/main-hall")).await, (204, Value::Null));
    assert_eq!(ask(state, get("/api/v1/channels")).await, (200, json!({"channels": [], "alarms": []})));
    assert_eq!(*state.changed.borrow(), 4);
}

#[actix_rt::test]
async fn a_channel_may_be_added_stopped() {
    let test = new_box();
    let (_, added) = ask(&test.state, post(json!({"name": "x", "source": "srt", "start": false}))).await;
    assert_eq!(added["state"], "stopped");
    assert_eq!(added["publish_urls"], json!(["srt://localhost:9000?streamid=STREAM_KEY"]));
}

#[actix_rt::test]
async fn every_error_is_a_problem_that_says_what_to_do() {
    let test = new_box();
    let state = &test.state;
    ask(state, post(json!({"name": "Hall", "source": "rtmp"}))).await;
    let typed = |body: &'static str| {
        TestRequest::post()
            .uri("/api/v1/channels")
            .insert_header(("content-type", "application/json"))
            .set_payload(body)
    };
    let rung = json!([{"width": 641, "height": 360, "bitrate_bps": 700_000}]);
    let cases = [
        typed("{\"name\": \"x\",\n oops"),
        typed("{\"name\": \"x\", \"source\": \"rtmp\", \"colour\": 1}"),
        typed("{\"name\": \"x\"}"),
        typed("{\"name\": \"x\", \"source\": \"vhs\"}"),
        TestRequest::post().uri("/api/v1/channels").set_payload("name=x"),
        post(json!({"name": "x".repeat(70_000), "source": "rtmp"})),
        post(json!({"name": "", "source": "rtmp"})),
        post(json!({"name": "API", "source": "rtmp"})),
        post(json!({"name": "hall", "source": "rtmp"})),
        post(json!({"name": "x", "source": "rtmp", "ladder": rung})),
        post(json!({"name": "x", "source": "rtmp", "encoder": "a b"})),
        post(json!({"name": "x", "source": "rtmp", "encoder": "renderD200"})),
        TestRequest::post().uri("/api/v1/devices/renderD200/trust"),
        get("/api/v1/channels/nobody"),
        get("/api/v1/channels/nobody/key"),
        TestRequest::post().uri("/api/v1/channels/nobody/start"),
        TestRequest::delete().uri("/api/v1/channels/nobody"),
        get("/api/v1/nothing"),
        get("/api/v2/channels"),
        get("/api"),
        TestRequest::delete().uri("/api/v1/channels"),
        TestRequest::post().uri("/api/v1/events"),
    ];
    let mut seen = Vec::new();
    for case in cases {
        seen.push(problem(state, case).await);
    }
    insta::assert_snapshot!(seen.join("\n"), @"
    400 - key must be a string at line 2 column 2
    400 /colour unknown field `colour`, expected one of `name`, `source`, `ladder`, `latency`, `dvr_secs`, `pass_through`, `encoder`, `start`, `template` at line 1 column 40
    400 /source missing field `source` at line 1 column 13
    400 - unknown variant `vhs`, expected one of `test-pattern`, `rtmp`, `srt` at line 1 column 29
    415 - send the body as JSON, with `Content-Type: application/json`
    413 - the body may have 65536 bytes at most
    422 /name the name must have 1 to 100 characters, all of them visible
    422 /name `api` is reserved, since it has a meaning of its own in addresses; add a word to the name
    409 /name there is already a channel named `hall`, at `hall`; choose another name
    422 /ladder/0/width rung 0 has width 641; it must be within 64 and 3840 and even
    422 /encoder `a b` is no encoder: give `auto`, `software`, or a device's name as `forebay devices` shows it
    422 /encoder there is no device `renderD200`; there are: none. `auto` takes what there is
    404 - there is no device `renderD200`; `forebay devices` lists them
    404 - there is no channel `nobody`
    404 - there is no channel `nobody`
    404 - there is no channel `nobody`
    404 - there is no channel `nobody`
    404 - there is no call `/api/v1/nothing`; the calls are under /api/v1
    404 - there is no call `/api/v2/channels`; the calls are under /api/v1
    404 - there is no call `/api`; the calls are under /api/v1
    405 - this address answers GET, POST only
    405 - this address answers GET only
    ");
}

#[actix_rt::test]
async fn a_method_that_is_not_there_names_those_that_are() {
    let test = new_box();
    let app = serve(&test.state).await;
    let response = call_service(&app, from_here(TestRequest::put().uri("/api/v1/channels/x"))).await;
    assert_eq!(response.headers().get("allow").unwrap(), "GET, PATCH, DELETE");
}

#[actix_rt::test]
async fn nobody_from_elsewhere_gets_in() {
    let test = new_box();
    let app = serve(&test.state).await;
    let remote = || TestRequest::get().uri("/api/v1/channels").insert_header(("host", "localhost"));
    let tries = [
        remote().peer_addr("10.0.0.7:5".parse().unwrap()),
        remote().peer_addr("10.0.0.7:5".parse().unwrap()).insert_header(("x-forwarded-for", "127.0.0.1")),
        // A peer that has hung up has no address: that alone does not make it the Unix socket.
        remote(),
        TestRequest::get().uri("/api/v1/nothing").insert_header(("host", "localhost")),
        TestRequest::get()
            .uri("/api/v1/channels")
            .peer_addr("127.0.0.1:5".parse().unwrap())
            .insert_header(("host", "evil.example")),
    ];
    for (request, status) in tries.into_iter().zip([401, 401, 401, 401, 403]) {
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status(), status);
    }
    let forged = post(json!({"name": "x", "source": "rtmp"})).insert_header(("sec-fetch-site", "cross-site"));
    assert_eq!(call_service(&app, from_here(forged)).await.status(), 403);
    assert_eq!(test.state.store.channels().await.unwrap(), []);
}

#[actix_rt::test]
async fn health_is_for_everybody() {
    let test = new_box();
    let app = serve(&test.state).await;
    let status = async |path: &str| {
        let request = TestRequest::get().uri(path).peer_addr("10.0.0.7:5".parse().unwrap()).to_request();
        call_service(&app, request).await.status().as_u16()
    };
    assert_eq!((status("/healthz").await, status("/readyz").await), (200, 503));
    test.state.ready.store(true, Ordering::Release);
    assert_eq!(status("/readyz").await, 200);
}

#[actix_rt::test]
async fn the_box_tells_its_ports_and_time() {
    let test = new_box();
    let (_, seen) = ask(&test.state, get("/api/v1/box")).await;
    assert_eq!(seen["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(seen["ports"], json!({"http": 8080, "https": 0, "rtmp": 1935, "srt": 9000}));
    assert!(seen["house_time_ms"].as_i64().unwrap() > 1_600_000_000_000);
}

pub(super) type Events = Pin<Box<dyn MessageBody<Error = Box<dyn std::error::Error>>>>;

/// The next event of a feed, or nothing at its end.
pub(super) async fn next_event(body: &mut Events) -> Option<Value> {
    let bytes = poll_fn(|context| body.as_mut().poll_next(context)).await?.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let data = text.strip_prefix("event: channels\nid: ").and_then(|rest| rest.split_once("\ndata: "));
    let (id, data) = data.unwrap_or_else(|| panic!("{text}"));
    assert!(!id.is_empty() && !id.contains('\n'));
    Some(serde_json::from_str(data.strip_suffix("\n\n").unwrap()).unwrap())
}

#[actix_rt::test]
async fn the_feed_tells_what_is_there_and_each_change() {
    let test = new_box();
    let state = &test.state;
    let app = serve(state).await;
    let response = call_service(&app, from_here(get("/api/v1/events"))).await;
    assert_eq!(response.headers().get("content-type").unwrap(), "text/event-stream");
    assert_eq!(response.response().body().size(), BodySize::Stream);
    let mut body: Events = Box::pin(response.into_body());
    assert_eq!(next_event(&mut body).await.unwrap(), json!({"channels": [], "alarms": []}));

    // Changes that come fast may be one event.
    for name in ["a", "b"] {
        ask(state, post(json!({"name": name, "source": "srt"}))).await;
    }
    let mut seen = next_event(&mut body).await.unwrap();
    while seen["channels"].as_array().unwrap().len() < 2 {
        seen = next_event(&mut body).await.unwrap();
    }
    assert_eq!((&seen["channels"][0]["slug"], &seen["channels"][1]["slug"]), (&json!("a"), &json!("b")));

    let report = ChannelReport {
        sources: Vec::new(),
        dvr: None,
        encoding: None,
        state: wire::ChannelState::Waiting,
        stages: stages(wire::Light::Degraded),
        detail: "no source yet".into(),
        restarts: 0,
        started_at: None,
    };
    state.board.update("b", report);
    let seen = next_event(&mut body).await.unwrap();
    assert_eq!(seen["channels"][1]["detail"], "no source yet");
    let text = serde_json::to_string(&seen).unwrap();
    assert!(!text.contains(state.store.key("a").await.unwrap().expose()), "no key is in the feed");

    state.closing.send_replace(true);
    assert_eq!(next_event(&mut body).await, None);
}

#[actix_rt::test]
async fn who_changed_what_is_written_down_without_secrets() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let by_ada = |request: TestRequest| request.insert_header(("cookie", ada.clone()));
    let slate = json!({"text": "BACK SOON", "after_ms": 500, "back_after_ms": 0, "tone": false});
    assert_eq!(ask(state, by_ada(post(json!({"name": "Hall", "source": "rtmp"})))).await.0, 201);
    let put = || TestRequest::put().uri("/api/v1/channels/hall/slate").set_json(&slate);
    assert_eq!(ask(state, by_ada(put())).await.0, 200);
    assert_eq!(ask(state, by_ada(post(json!({"name": "", "source": "rtmp"})))).await.0, 422);
    assert_eq!(ask(state, put()).await.0, 401, "strangers are none of the audit's matter");
    let bob = json!({"name": "Bob", "role": "operator", "password": "four brown bottles"});
    assert_eq!(ask(state, by_ada(TestRequest::post().uri("/api/v1/users").set_json(bob))).await.0, 201);
    assert_eq!(ask(state, by_ada(TestRequest::delete().uri("/api/v1/channels/hall"))).await.0, 204);

    let (status, told) = ask(state, by_ada(get("/api/v1/audit"))).await;
    assert_eq!(status, 200);
    let mut entries: Vec<wire::AuditEntry> = serde_json::from_value(told).unwrap();
    entries.reverse();
    assert_eq!(crate::audit::verify(&entries), Ok(6));
    let calls: Vec<_> = entries.iter().map(|it| (it.who.as_str(), it.call.as_str(), it.status)).collect();
    assert_eq!(
        calls,
        [
            ("(this machine)", "POST /claim", 201),
            ("Ada", "POST /channels", 201),
            ("Ada", "PUT /channels/hall/slate", 200),
            ("Ada", "POST /channels", 422),
            ("Ada", "POST /users", 201),
            ("Ada", "DELETE /channels/hall", 204),
        ]
    );
    assert!(entries[1].before.is_none() && entries[1].after.as_ref().unwrap().contains("\"slug\":\"hall\""));
    assert!(entries[2].before.as_ref().unwrap().contains("NO SOURCE"), "{:?}", entries[2].before);
    assert!(entries[2].after.as_ref().unwrap().contains("BACK SOON"));
    assert!(!entries[2].after.as_ref().unwrap().contains("ladder"), "what is the same is left out");
    assert!(entries[4].after.as_ref().unwrap().contains("Bob") && entries[5].after.is_none());
    let text = serde_json::to_string(&entries).unwrap();
    assert!(!text.contains("kettle") && !text.contains("bottles") && !text.contains("argon2"), "{text}");
}

#[actix_rt::test]
async fn a_channel_on_air_has_a_picture() {
    let test = new_box();
    let state = &test.state;
    ask(state, post(json!({"name": "a", "source": "srt"}))).await;
    let picture = || get("/api/v1/channels/a/picture");
    assert_eq!(ask(state, picture()).await.0, 404);
    assert_eq!(ask(state, get("/api/v1/channels/a")).await.1["picture"], Value::Null);
    let version = *state.board.version().borrow();
    for jpeg in [&b"\xff\xd8one"[..], b"\xff\xd8two"] {
        state.board.show("a", jpeg.into());
    }
    assert_eq!(*state.board.version().borrow(), version + 1, "that there is one is news; another is none");
    let told = ask(state, get("/api/v1/channels")).await.1;
    assert_eq!(told["channels"][0]["picture"], "/api/v1/channels/a/picture");
    let app = serve(state).await;
    let shown = call_service(&app, from_here(picture())).await;
    assert_eq!(shown.headers().get("content-type").unwrap(), "image/jpeg");
    assert_eq!(&actix_web::test::read_body(shown).await[..], b"\xff\xd8two");
    state.board.remove("a");
    assert_eq!(ask(state, picture()).await.0, 404, "a channel that is off has none");
}

#[actix_rt::test]
async fn alarms_clear_by_themselves_but_for_those_of_the_past() {
    let test = new_box();
    let state = &test.state;
    let report = |now| ChannelReport {
        sources: Vec::new(),
        dvr: None,
        encoding: None,
        state: now,
        stages: stages(wire::Light::Good),
        detail: String::new(),
        restarts: 0,
        started_at: None,
    };
    ask(state, post(json!({"name": "a", "source": "srt"}))).await;
    state.board.update("a", report(wire::ChannelState::Live));
    state.board.update("a", report(wire::ChannelState::Waiting));
    state.board.raise(Kind::SettingsRestored, Words::new("It was damaged.", "Look at it."));
    let told = json!({ "cause": "It was damaged." });
    state.store.set_setting(crate::health::copies::RESTORED, told).await.unwrap();

    let (_, list) = ask(state, get("/api/v1/channels")).await;
    assert_eq!(
        (&list["alarms"][0]["id"], &list["alarms"][0]["channel"]),
        (&json!("settings-restored"), &Value::Null)
    );
    assert_eq!(
        (&list["alarms"][1]["id"], &list["alarms"][1]["channel"]),
        (&json!("source-lost"), &json!("a"))
    );
    let dismiss = |id: &str| TestRequest::delete().uri(&format!("/api/v1/alarms/{id}"));
    assert_eq!(ask(state, dismiss("source-lost")).await.0, 409);
    assert_eq!(ask(state, dismiss("nothing")).await.0, 404);
    assert_eq!(ask(state, dismiss("settings-restored")).await.0, 204);
    assert_eq!(state.store.setting(crate::health::copies::RESTORED).await.unwrap(), None);
    state.board.update("a", report(wire::ChannelState::Live));
    assert_eq!(ask(state, get("/api/v1/alarms")).await, (200, json!([])));
}

#[actix_rt::test]
async fn feeds_are_bounded_and_give_their_place_back() {
    let test = new_box();
    let app = serve(&test.state).await;
    let follow = async || call_service(&app, from_here(get("/api/v1/events"))).await;
    let mut feeds = Vec::new();
    for _ in 0..crate::limits::EVENT_FEEDS_MAX {
        feeds.push(follow().await);
    }
    let refused = follow().await;
    assert_eq!((refused.status().as_u16(), refused.headers().get("retry-after").is_some()), (503, true));
    feeds.pop();
    assert_eq!(follow().await.status(), 200);
}

#[actix_rt::test]
async fn sources_are_added_shown_and_removed() {
    let test = new_box();
    let state = &test.state;
    ask(state, post(json!({"name": "Hall", "source": "rtmp"}))).await;
    let hall = |path: &str| format!("/api/v1/channels/hall{path}");
    let add = || TestRequest::post().uri("/api/v1/channels/hall/backups").set_json(json!({"source": "srt"}));
    let (status, backup) = ask(state, add()).await;
    assert_eq!((status, &backup["number"]), (201, &json!(1)));
    let key = backup["stream_key"].as_str().unwrap();
    assert_eq!(backup["publish_urls"], json!([format!("srt://localhost:9000?streamid={key}")]));
    let (_, shown) = ask(state, get(&hall("/sources/1/key"))).await;
    assert_eq!(shown["stream_key"], backup["stream_key"]);
    let (_, main) = ask(state, get(&hall("/key"))).await;
    assert_ne!(main["stream_key"], backup["stream_key"]);
    let (_, channel) = ask(state, get(&hall(""))).await;
    let kinds: Vec<_> =
        channel["sources"].as_array().unwrap().iter().map(|source| &source["source"]).collect();
    assert_eq!(kinds, [&json!("rtmp"), &json!("srt")]);

    let take = |number: u8| TestRequest::post().uri(&hall(&format!("/sources/{number}/take")));
    assert!(problem(state, take(1)).await.starts_with("409 - the channel is stopped"));
    let remove = |number: u8| TestRequest::delete().uri(&hall(&format!("/sources/{number}")));
    assert!(problem(state, remove(0)).await.starts_with("409 - the main source goes with its channel"));
    assert_eq!(ask(state, remove(1)).await, (204, Value::Null));
    assert_eq!(
        problem(state, remove(1)).await,
        "404 - the channel has no source 1; its page lists those that it has"
    );
    assert!(problem(state, get(&hall("/sources/1/key"))).await.starts_with("404"));
    ask(state, post(json!({"name": "Pattern", "source": "test-pattern"}))).await;
    let of_pattern =
        TestRequest::post().uri("/api/v1/channels/pattern/backups").set_json(json!({"source": "srt"}));
    assert!(problem(state, of_pattern).await.starts_with("422 /source a test pattern"));
}

#[actix_rt::test]
async fn rules_of_failover_are_checked_and_kept() {
    let test = new_box();
    let state = &test.state;
    ask(state, post(json!({"name": "Hall", "source": "rtmp"}))).await;
    let path = "/api/v1/channels/hall/failover";
    let (_, before) = ask(state, get(path)).await;
    assert_eq!((&before["loss_ms"], &before["black_ms"]), (&json!(400), &Value::Null));
    let put = |body: Value| TestRequest::put().uri(path).set_json(body);
    let wanted = json!({"loss_ms": 2000, "black_ms": 5000});
    let (status, after) = ask(state, put(wanted)).await;
    assert_eq!((status, &after["black_ms"], &after["return_after_ms"]), (200, &json!(5000), &Value::Null));
    assert_eq!(ask(state, get(path)).await.1, after);
    let refused = problem(state, put(json!({"loss_ms": 2000, "silence_ms": 5}))).await;
    assert!(refused.starts_with("422 /silence_ms silence_ms is 5; it must be within 300"), "{refused}");
    assert!(problem(state, put(json!({"black_ms": 5000}))).await.starts_with("400 /loss_ms"));
}

#[actix_rt::test]
async fn what_happened_is_told_and_drills_say_what_they_need() {
    let test = new_box();
    let state = &test.state;
    ask(state, post(json!({"name": "Hall", "source": "rtmp"}))).await;
    state.board.history().note(Some("hall"), crate::store::Happened::SourceAttached, "RTMP");
    state.board.history().note(None, crate::store::Happened::AlarmRaised, "disk-full");
    let (_, all) = ask(state, get("/api/v1/history")).await;
    assert_eq!((all.as_array().unwrap().len(), &all[0]["kind"]), (2, &json!("alarm-raised")));
    let (_, of_hall) = ask(state, get("/api/v1/history?channel=hall&limit=5")).await;
    assert_eq!(of_hall[0]["what"], "RTMP");

    assert_eq!(ask(state, get("/api/v1/drill")).await, (200, Value::Null));
    let drill = |body: Value| TestRequest::post().uri("/api/v1/channels/hall/drill").set_json(body);
    assert!(
        problem(state, drill(json!({"fault": "flood"}))).await.starts_with("409 - the channel is stopped")
    );
    assert!(problem(state, drill(json!({"fault": "flood", "secs": 9999}))).await.starts_with("422 /secs"));
    assert!(problem(state, drill(json!({"fault": "earthquake"}))).await.starts_with("400"));
}

#[actix_rt::test]
async fn a_slates_picture_comes_and_goes() {
    let test = new_box();
    let state = &test.state;
    ask(state, post(json!({"name": "Hall", "source": "rtmp"}))).await;
    let place = "/api/v1/channels/hall/slate/picture";
    assert!(problem(state, get(place)).await.starts_with("404 - this channel's slate has no picture"));
    let mut png = Vec::new();
    let black = image::DynamicImage::new_rgb8(32, 18);
    black.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    let put = |body: Vec<u8>| TestRequest::put().uri(place).set_payload(body);
    let picture = |body: Vec<u8>| put(body).insert_header(("content-type", "image/png"));

    let (status, changed) = ask(state, picture(png.clone())).await;
    let address = changed["slate_picture"].as_str().unwrap();
    assert!(status == 200 && address.starts_with(&format!("{place}?")), "{changed}");
    let app = serve(state).await;
    let shown = call_service(&app, from_here(get(address))).await;
    assert_eq!(shown.headers().get("content-type").unwrap(), "image/jpeg");
    let jpeg = actix_web::test::read_body(shown).await;
    assert_eq!(image::load_from_memory(&jpeg).unwrap().width(), 32);

    // What is refused leaves it as it is.
    assert!(problem(state, picture(b"no picture".to_vec())).await.starts_with("422 - this is neither"));
    assert!(problem(state, put(png.clone())).await.starts_with("415 - send the picture itself"));
    let large = vec![0; crate::limits::SLATE_UPLOAD_BYTES_MAX + 1];
    assert!(problem(state, picture(large)).await.starts_with("413 - the picture's file"));
    let elsewhere = TestRequest::put().uri("/api/v1/channels/attic/slate/picture").set_payload(png);
    assert!(problem(state, elsewhere).await.starts_with("404 - there is no channel"));
    assert_eq!(ask(state, get("/api/v1/channels/hall")).await.1["slate_picture"], address);

    assert_eq!(ask(state, TestRequest::delete().uri(place)).await.0, 204);
    assert_eq!(ask(state, get("/api/v1/channels/hall")).await.1.get("slate_picture"), None);
}

#[actix_rt::test]
async fn until_it_is_claimed_the_box_is_managed_from_itself_alone() {
    let test = new_box();
    let state = &test.state;
    assert_eq!(status(state, get("/api/v1/channels"), HERE).await, 200);
    assert_eq!(status(state, get("/api/v1/channels"), "[::ffff:127.0.0.1]:40000").await, 200);
    // Through a proxy, whose peer is this machine.
    for proxy in ["x-forwarded-for", "forwarded", "via"] {
        let proxied = get("/api/v1/channels").insert_header((proxy, "127.0.0.1"));
        assert_eq!(status(state, proxied, HERE).await, 401, "{proxy}");
    }
    assert_eq!(status(state, get("/api/v1/channels"), ELSEWHERE).await, 401);
    assert_eq!(status(state, post(json!({"name": "A", "source": "srt"})), ELSEWHERE).await, 401);
    assert_eq!(status(state, get("/api/v1/session"), ELSEWHERE).await, 200);
    // A password in clear.
    let claim = json!({"code": "AAAA-AAAA", "name": "Eve", "password": "tall green kettle"});
    assert_eq!(status(state, TestRequest::post().uri("/api/v1/claim").set_json(claim), ELSEWHERE).await, 403);
    // Its code is made by the socket alone.
    let code = TestRequest::post().uri("/api/v1/claim-code");
    assert!(problem(state, code).await.starts_with("403 - a claim code is made on the box itself"));
    let (_, session) = ask(state, get("/api/v1/session")).await;
    assert_eq!(
        session,
        json!({"claimed": false, "user": null, "trusted": true, "secure": true, "https_port": 0})
    );
}

#[actix_rt::test]
async fn once_it_is_claimed_everybody_signs_in() {
    let test = new_box();
    let state = &test.state;
    let cookie = claimed(state).await;
    let with = |request: TestRequest, cookie: &str| request.insert_header(("cookie", cookie.to_owned()));
    assert!(problem(state, get("/api/v1/channels")).await.starts_with("401 - sign in first"));
    assert_eq!(status(state, with(get("/api/v1/channels"), &cookie), HERE).await, 200);
    // Not in clear over the network, were a browser to send it.
    assert_eq!(status(state, with(get("/api/v1/channels"), &cookie), ELSEWHERE).await, 401);
    let forged = "__Host-forebay=00000000000000000000000000000000";
    assert_eq!(status(state, with(get("/api/v1/channels"), forged), HERE).await, 401);
    // A page of another site.
    let crossing = with(post(json!({"name": "A", "source": "srt"})), &cookie)
        .insert_header(("origin", "http://evil.example"));
    assert_eq!(status(state, crossing, HERE).await, 403);

    let again = json!({"code": "AAAA-AAAA", "name": "Eve", "password": "tall green kettle"});
    let again = TestRequest::post().uri("/api/v1/claim").set_json(again);
    assert!(problem(state, again).await.starts_with("409 - this box has been claimed"));
    let sign_in = |password: &str| {
        let body = json!({"name": "ada", "password": password});
        TestRequest::post().uri("/api/v1/session").set_json(body)
    };
    assert!(
        problem(state, sign_in("short red teapot"))
            .await
            .starts_with("403 - the name or the password is wrong")
    );
    let other =
        cookie_of(state, "/api/v1/session", json!({"name": "ada", "password": "tall green kettle"})).await;
    assert_ne!(other, cookie, "each sign-in has a session of its own");
    let (_, session) = ask(state, with(get("/api/v1/session"), &other)).await;
    assert_eq!(session["user"], json!({"name": "Ada", "role": "administrator"}));
    assert_eq!(ask(state, with(TestRequest::delete().uri("/api/v1/session"), &other)).await.0, 204);
    assert_eq!(status(state, with(get("/api/v1/channels"), &other), HERE).await, 401);
    assert_eq!(status(state, with(get("/api/v1/channels"), &cookie), HERE).await, 200);
}

#[actix_rt::test]
async fn roles_hold_however_a_path_is_written() {
    let test = new_box();
    let state = &test.state;
    let ada = claimed(state).await;
    let with = |request: TestRequest, cookie: &str| request.insert_header(("cookie", cookie.to_owned()));
    let add = |name: &str, role: &str| {
        let body = json!({"name": name, "role": role, "password": "short red teapot"});
        TestRequest::post().uri("/api/v1/users").set_json(body)
    };
    assert_eq!(ask(state, with(add("Vic", "viewer"), &ada)).await.0, 201);
    assert_eq!(ask(state, with(add("Olga", "operator"), &ada)).await.0, 201);
    assert!(problem(state, with(add("vic", "viewer"), &ada)).await.starts_with("409 /name"));
    ask(state, with(post(json!({"name": "Hall", "source": "srt"})), &ada)).await;
    let sign_in = |name: &str| json!({"name": name, "password": "short red teapot"});
    let vic = cookie_of(state, "/api/v1/session", sign_in("vic")).await;
    let olga = cookie_of(state, "/api/v1/session", sign_in("olga")).await;

    for (path, of_vic, of_olga) in [
        ("/api/v1/channels", 200, 200),
        ("/api/v1/channels/hall/key", 403, 200),
        ("/api/v1/channels/hall/%6bey", 403, 200),
        ("/api/v1/users", 403, 403),
        ("/api/v1/%75sers", 403, 403),
        ("/api/v1/user%73", 403, 403),
    ] {
        assert_eq!(status(state, with(get(path), &vic), HERE).await, of_vic, "viewer {path}");
        assert_eq!(status(state, with(get(path), &olga), HERE).await, of_olga, "operator {path}");
    }
    let stop = || TestRequest::post().uri("/api/v1/channels/hall/stop");
    assert_eq!(status(state, with(stop(), &vic), HERE).await, 403);
    assert_eq!(status(state, with(stop(), &olga), HERE).await, 200);
    assert_eq!(status(state, with(TestRequest::delete().uri("/api/v1/tls"), &olga), HERE).await, 403);
    // One's own password, and nobody else's.
    let password = |name: &str| {
        let body = json!({"password": "another red teapot", "current_password": "short red teapot"});
        TestRequest::put().uri(&format!("/api/v1/users/{name}/password")).set_json(body)
    };
    assert_eq!(status(state, with(password("ada"), &vic), HERE).await, 403);
    assert_eq!(status(state, with(password("vic"), &vic), HERE).await, 204);
    assert_eq!(status(state, with(get("/api/v1/channels"), &vic), HERE).await, 200, "this session stays");
    // Whoever is removed is out.
    assert_eq!(ask(state, with(TestRequest::delete().uri("/api/v1/users/olga"), &ada)).await.0, 204);
    assert_eq!(status(state, with(get("/api/v1/channels"), &olga), HERE).await, 401);
    let last = TestRequest::delete().uri("/api/v1/users/ada");
    assert!(problem(state, with(last, &ada)).await.starts_with("409 - the last administrator stays"));
}

#[actix_rt::test]
async fn what_encodes_a_channel_can_be_changed() {
    let test = new_box();
    let state = &test.state;
    ask(state, post(json!({"name": "Hall", "source": "rtmp", "encoder": "software"}))).await;
    let set = |encoder: &str| {
        TestRequest::put().uri("/api/v1/channels/hall/encoder").set_json(json!({"encoder": encoder}))
    };
    let before = *state.changed.borrow();
    let (status, changed) = ask(state, set("auto")).await;
    assert_eq!((status, &changed["encoder"]), (200, &json!("auto")));
    assert_eq!(*state.changed.borrow(), before + 1);
    assert!(problem(state, set("renderD200")).await.starts_with("422 /encoder there is no device"));
    assert!(problem(state, set("a b")).await.starts_with("422 /encoder `a b` is no encoder"));
    assert_eq!(ask(state, get("/api/v1/channels/hall")).await.1["encoder"], "auto");
}

#[actix_rt::test]
async fn an_alarm_is_acknowledged_by_name_and_the_audit_log_tells() {
    let test = new_box();
    let state = &test.state;
    let cookie = claimed(state).await;
    let acknowledge = |id: &str| {
        let place = format!("/api/v1/alarms/{id}/acknowledge");
        TestRequest::post().uri(&place).insert_header(("cookie", cookie.clone())).set_json(json!({}))
    };
    assert!(problem(state, acknowledge("disk-full")).await.starts_with("404 - this alarm is not active"));
    assert!(problem(state, acknowledge("nonsense")).await.starts_with("404"));
    state.board.raise(Kind::DiskFull, Words::new("It is full.", "Free some space."));
    let (status, alarm) = ask(state, acknowledge("disk-full")).await;
    assert_eq!(
        (status, &alarm["acknowledged"]["by"], &alarm["severity"]),
        (200, &json!("Ada"), &json!("major"))
    );
    assert_eq!(alarm["link"], "/admin/devices");
    let deed = state.store.deeds(None, 1).await.unwrap().remove(0);
    assert_eq!((deed.who.as_str(), deed.call.as_str()), ("Ada", "POST /alarms/disk-full/acknowledge"));
    assert_eq!(deed.after.unwrap(), r#"{"disk-full":{"acknowledged_by":"Ada"}}"#);
    let events = state.board.history().newest(None, 1).await.unwrap();
    assert_eq!(
        (events[0].kind.as_str(), events[0].what.as_str()),
        ("alarm-acknowledged", "disk-full: seen by Ada")
    );
}

#[actix_rt::test]
async fn secrets_of_destinations_and_keys_are_told_by_no_call_but_the_one_that_makes_them() {
    let test = new_box();
    let state = &test.state;
    let place = "/api/v1/notifications";
    let hook = json!({"name": "ops", "via": {"kind": "webhook", "url": "https://example.org/x"}});
    let (status, made) = ask(state, TestRequest::post().uri(place).set_json(&hook)).await;
    assert_eq!((status, &made["has_secret"]), (201, &json!(true)));
    let secret = made["secret"].as_str().unwrap().to_owned();
    let mail = json!({"name": "mail", "secret": "pass word 17", "via": {"kind": "email", "host": "mail.example.org", "port": 587,
        "security": "starttls", "from": "a@example.org", "to": ["b@example.org"], "user": "box"}});
    let (status, saved) = ask(state, TestRequest::post().uri(place).set_json(&mail)).await;
    assert_eq!((status, &saved["secret"]), (201, &Value::Null));
    assert!(problem(state, TestRequest::post().uri(place).set_json(&hook)).await.starts_with("409 /name"));
    let elsewhere = json!({"name": "mail", "via": {"kind": "email", "host": "evil.example", "port": 587,
        "security": "starttls", "from": "a@example.org", "to": ["b@example.org"], "user": "box"}});
    let change = TestRequest::put().uri("/api/v1/notifications/mail").set_json(&elsewhere);
    assert!(problem(state, change).await.starts_with("422 /secret"));
    let (_, added) = ask(state, post(json!({"name": "Hall", "source": "rtmp"}))).await;
    let (_, key) =
        ask(state, get(&format!("/api/v1/channels/{}/key", added["slug"].as_str().unwrap()))).await;
    let key = key["stream_key"].as_str().unwrap().to_owned();
    let (_, with_keys) = ask(state, get("/api/v1/configuration?keys=true")).await;
    assert!(with_keys.to_string().contains(&key), "asked for, they are told");
    let mut all = with_keys.to_string().replace(&key, "");
    for call in
        ["notifications", "notifications/ops", "configuration", "audit", "history", "alarms", "channels"]
    {
        all += &ask(state, get(&format!("/api/v1/{call}"))).await.1.to_string();
    }
    let diff = TestRequest::post().uri("/api/v1/configuration/diff").set_json(json!({"version": 1}));
    all += &ask(state, diff).await.1.to_string();
    assert!(
        all.contains("POST /notifications") && all.contains("mail.example.org"),
        "what is searched is there"
    );
    for secret in [secret.as_str(), secret.trim_start_matches("whsec_"), "pass word 17", key.as_str()] {
        assert!(!all.contains(secret), "{secret} is told: {all}");
    }
}

#[actix_rt::test]
async fn a_configuration_is_applied_to_what_was_compared_alone() {
    let test = new_box();
    let state = &test.state;
    let (_, mut document) = ask(state, get("/api/v1/configuration")).await;
    document["settings"]["name"] = json!("Studio 2");
    let (_, diff) =
        ask(state, TestRequest::post().uri("/api/v1/configuration/diff").set_json(&document)).await;
    assert_eq!(diff["changes"][0]["words"], json!(["name: \"Studio 2\""]));
    let tag = diff["tag"].as_str().unwrap().to_owned();
    let apply = || {
        TestRequest::put()
            .uri("/api/v1/configuration")
            .insert_header(("if-match", tag.clone()))
            .set_json(&document)
    };
    assert_eq!(ask(state, apply()).await.0, 200);
    assert_eq!(ask(state, get("/api/v1/settings")).await, (200, json!({"name": "Studio 2"})));
    assert!(problem(state, apply()).await.starts_with("412 - the configuration has changed"));
    assert_eq!(ask(state, get("/api/v1/templates")).await.1[2]["id"], "720p30");
}

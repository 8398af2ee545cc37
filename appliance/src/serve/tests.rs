//! The routes as players and caches see them.

use super::admission::Limits;
use super::live::Programme;
use super::*;
use actix_web::App;
use actix_web::body::to_bytes;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service, init_service};
use bytes::Bytes;
use media::packager::RenditionPackager;
use media::testing;
use media::time::{FrameRate, Msn, Ticks};

/// Four whole segments of video and two parts of the fifth, of which the last begins just about now.
struct Air {
    serving: Serving,
    /// The segment that is in flight.
    open: Msn,
}

fn air() -> Air {
    let house = crate::clock::House::anchor();
    let rendition = testing::video_rendition(FrameRate::FPS_30);
    let (grid, id) = (rendition.grid, "hall");
    let open = grid.place(house.now()).msn;
    let until = grid.segment_start(open) + grid.part_duration() * 2;
    let mut packager = RenditionPackager::new(Arc::new(rendition.clone()), crate::limits::WINDOW);
    let programme = Programme::new(&[packager.snapshot()], Ticks::ZERO, None);
    for unit in testing::units(&rendition, grid.segment_start(Msn(open.0 - 4))) {
        if unit.dts >= until {
            break;
        }
        packager.push(unit).unwrap();
    }
    programme.publish_chunk(0, packager.snapshot());
    programme.publish_part(0, packager.snapshot());
    let serving = Serving {
        catalogue: Catalogue::default(),
        house,
        access: AccessRules::default(),
        metrics: crate::metrics::Metrics::default(),
        limits: Limits::of_box(100),
    };
    let live = Arc::new(Live::default());
    live.set_programme(Arc::new(programme));
    serving.catalogue.set_switched_on([id, "lobby"].map(str::to_owned).into());
    serving.catalogue.insert(id, live);
    Air { serving, open }
}

struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn kept(&self) -> (u16, &str) {
        (self.status, self.header("cache-control").unwrap())
    }
}

impl Air {
    async fn send(&self, request: TestRequest) -> Reply {
        let app = init_service(App::new().app_data(web::Data::new(self.serving.clone())).configure(routes));
        let response = call_service(&app.await, request.to_request()).await;
        assert!(!response.headers().contains_key("age"), "appendix C: the origin sends none");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.unwrap_or_else(|_| panic!("the body broke off"));
        Reply { status, headers, body }
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(TestRequest::get().uri(&format!("/live/hall/720p/{path}"))).await
    }

    async fn range(&self, path: &str, range: &str) -> Reply {
        let request = TestRequest::get().uri(&format!("/live/hall/{path}"));
        self.send(request.insert_header(("range", range))).await
    }

    fn segment(&self, behind: i64) -> String {
        format!("{}.m4s", self.open.0.strict_add_signed(-behind))
    }
}

#[actix_rt::test]
async fn b_1_blocking_playlists_are_kept_for_six_target_durations_and_their_errors_for_four() {
    let air = air();
    let ask = |query: String| format!("media.m3u8?{query}");
    let old = air.get(&ask(format!("_HLS_msn={}", air.open.0 - 2))).await;
    assert_eq!(old.kept(), (200, "public, max-age=12"));
    let gone = air.get(&ask("_HLS_msn=1&_HLS_part=1".into())).await;
    assert_eq!(gone.kept(), (200, "public, max-age=12"), "6.2.5.2: the entire playlist");
    for query in [format!("_HLS_msn={}", air.open.0 + 9), "_HLS_part=1".into(), "_HLS_msn=x".into()] {
        assert_eq!(air.get(&ask(query)).await.kept(), (400, "public, max-age=8"));
    }
}

#[actix_rt::test]
async fn b_1_other_playlists_are_kept_for_half_a_target_duration_and_errors_for_one() {
    let air = air();
    assert_eq!(air.get("media.m3u8").await.kept(), (200, "public, max-age=1"));
    assert_eq!(air.get("media.m3u8?_HLS_skip=YES").await.kept(), (200, "public, max-age=1"));
    for path in ["/live/nobody/720p/media.m3u8", "/live/hall/4320p/media.m3u8"] {
        let reply = air.send(TestRequest::get().uri(path)).await;
        assert_eq!(reply.kept(), (404, "public, max-age=2"), "{path}");
    }
}

#[actix_rt::test]
async fn a_channel_that_is_about_to_come_is_503_and_not_404() {
    let air = air();
    let ask = async |path: &str| air.send(TestRequest::get().uri(path)).await;
    let lobby = ask("/live/lobby/master.m3u8").await;
    assert_eq!((lobby.status, lobby.header("retry-after")), (503, Some("2")));
    assert_eq!(ask("/live/nobody/master.m3u8").await.status, 404);
    let just_started = Serving { catalogue: Catalogue::default(), ..air.serving.clone() };
    let just_started = Air { serving: just_started, ..air };
    assert_eq!(just_started.get("media.m3u8").await.status, 503, "nobody knows yet which are switched on");
}

#[actix_rt::test]
async fn b_1_media_is_kept_for_six_target_durations_and_errors_for_one() {
    let air = air();
    let init = testing::video_rendition(FrameRate::FPS_30).init_name;
    for name in [&init, &air.segment(1), &format!("{}.3.m4s", air.open.0 - 1)] {
        assert_eq!(air.get(name).await.kept(), (200, "public, max-age=12"), "{name}");
    }
    for name in ["init-00000000.mp4", "x", &format!("{}.9.m4s", air.open.0 - 1)] {
        assert_eq!(air.get(name).await.kept(), (404, "public, max-age=2"), "{name}");
    }
    assert_eq!(air.get(&air.segment(100)).await.kept(), (410, "public, max-age=2"));
}

#[actix_rt::test]
async fn what_is_asked_for_before_it_is_due_is_404_and_kept_by_nobody() {
    let air = air();
    assert_eq!(air.get(&air.segment(-20)).await.kept(), (404, "no-store"));
    assert_eq!(air.get(&format!("{}.0.m4s", air.open.0 + 1)).await.kept(), (404, "no-store"));
}

#[actix_rt::test]
async fn rfc_9110_14_segments_parts_headers_and_ts_segments_are_served_in_ranges() {
    let air = air();
    let init = testing::video_rendition(FrameRate::FPS_30).init_name;
    let part = format!("{}.0.m4s", air.open.0);
    for name in [air.segment(2), part, init].map(|name| format!("720p/{name}")) {
        ranges_of(&air, &name).await;
    }
    ranges_of(&air, &format!("ts/720p/{}.ts", 2 * (air.open.0 - 1))).await;
}

async fn ranges_of(air: &Air, name: &str) {
    let whole = air.range(name, "bytes=0-1,4-5").await;
    assert_eq!((whole.status, whole.header("accept-ranges")), (200, Some("bytes")), "{name}");
    let len = whole.body.len();
    let some = air.range(name, &format!("bytes=7-{}", len - 9)).await;
    assert_eq!(some.kept(), (206, "public, max-age=12"));
    assert_eq!(some.header("content-range"), Some(&*format!("bytes 7-{}/{len}", len - 9)));
    assert_eq!(some.body, whole.body.slice(7..len - 8));
    assert_eq!(air.range(name, "bytes=-5").await.body, whole.body.slice(len - 5..));
    let beyond = air.range(name, &format!("bytes={len}-")).await;
    assert_eq!(beyond.kept(), (416, "public, max-age=2"));
    assert_eq!(beyond.header("content-range"), Some(&*format!("bytes */{len}")));
    assert!(beyond.body.is_empty());
}

#[actix_rt::test]
async fn rfc_9110_13_1_5_if_range_matches_nothing_that_we_send() {
    let air = air();
    let uri = format!("/live/hall/720p/{}", air.segment(1));
    let request = TestRequest::get().uri(&uri).insert_header(("range", "bytes=0-1"));
    assert_eq!(air.send(request.insert_header(("if-range", "\"x\""))).await.status, 200);
}

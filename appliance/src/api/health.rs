//! `/healthz`: the process is up. `/readyz`: the whole tree is. For machines; open to everybody, and says no more.

use super::ApiState;
use actix_web::web::{Data, ServiceConfig, get};
use actix_web::{HttpResponse, Responder};
use std::sync::atomic::Ordering;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.route("/healthz", get().to(healthz)).route("/readyz", get().to(readyz));
}

async fn healthz() -> impl Responder {
    plain(HttpResponse::Ok(), "up\n")
}

async fn readyz(state: Data<ApiState>) -> impl Responder {
    match state.ready.load(Ordering::Acquire) {
        true => plain(HttpResponse::Ok(), "ready\n"),
        false => plain(HttpResponse::ServiceUnavailable(), "starting\n"),
    }
}

fn plain(mut response: actix_web::HttpResponseBuilder, text: &'static str) -> HttpResponse {
    response.insert_header(("cache-control", "no-store")).content_type("text/plain; charset=utf-8").body(text)
}

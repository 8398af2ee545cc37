//! What devices load to trust the box: its authority in three forms, and a page that says how. Nothing here is secret.

use super::Tls;
use super::names::host_name;
use super::profile::mobileconfig;
use crate::limits::TRUST_HOST_CHARS_MAX;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpResponse, web};

const PAGE: &str = include_str!("trust.html");
const STYLE: &str = include_str!("trust.css");
const POLICY: &str = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The routes; the application must have `web::Data<Tls>`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/trust", web::get().to(page))
        .route("/tls/trust.css", web::get().to(style))
        .route("/tls/ca.crt", web::get().to(der))
        .route("/tls/ca.pem", web::get().to(pem))
        .route("/tls/forebay.mobileconfig", web::get().to(profile));
}

fn file(content_type: &'static str, body: impl Into<Vec<u8>>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(body.into())
}

fn download(content_type: &'static str, name: &str, body: impl Into<Vec<u8>>) -> HttpResponse {
    let mut answer = file(content_type, body);
    let disposition = format!("attachment; filename=\"{name}\"");
    if let Ok(value) = disposition.parse() {
        answer.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    answer
}

/// RFC 8555 and browsers: "application/x-x509-ca-cert" offers to install it.
async fn der(tls: web::Data<Tls>) -> HttpResponse {
    download("application/x-x509-ca-cert", "forebay-ca.crt", tls.authority().der())
}

async fn pem(tls: web::Data<Tls>) -> HttpResponse {
    download("application/x-pem-file", "forebay-ca.pem", tls.authority().pem())
}

/// "inline" in effect: Safari installs a profile only when it is opened, not when it is saved.
async fn profile(tls: web::Data<Tls>) -> HttpResponse {
    file("application/x-apple-aspen-config", mobileconfig(tls.authority().pem(), &box_name()))
}

fn box_name() -> String {
    host_name().unwrap_or_else(|| "this box".into()).chars().take(TRUST_HOST_CHARS_MAX).collect()
}

async fn page(tls: web::Data<Tls>) -> HttpResponse {
    // Pairs of digits are how devices show it.
    let hex = tls.authority().fingerprint().to_uppercase();
    let pairs: Vec<_> = hex.as_bytes().chunks(2).map(String::from_utf8_lossy).collect();
    // Neither can hold a character that means something to HTML: a host name, and hexadecimal.
    let html = PAGE.replace("{{box}}", &box_name()).replace("{{sha256}}", &pairs.join(" "));
    file("text/html; charset=utf-8", html)
}

async fn style() -> HttpResponse {
    file("text/css; charset=utf-8", STYLE)
}

//! The admin UI: a Leptos page compiled to WebAssembly, embedded, served below `/admin/`.

use crate::player::content_type;
use crate::serve::reply::{self, Answer};
use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, LOCATION, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../admin-ui/dist"]
struct Dist;

const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The routes of the admin UI.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(to_admin))
        .route("/favicon.ico", web::get().to(icon))
        .route("/admin", web::get().to(to_admin))
        .route("/admin/{path:.*}", web::get().to(file));
}

async fn to_admin() -> HttpResponse {
    HttpResponse::Found().insert_header((LOCATION, "/admin/")).finish()
}

/// Browsers ask for it whatever a page says.
async fn icon() -> HttpResponse {
    HttpResponse::Found().insert_header((LOCATION, "/player/icon.svg")).finish()
}

/// Files as they are; every other path is a page of the UI's own router.
async fn file(request: HttpRequest, path: web::Path<String>) -> Answer {
    let name = if path.starts_with("assets/") { path.as_str() } else { "index.html" };
    let brotli = takes_brotli(&request).then(|| Dist::get(&format!("{name}.br"))).flatten();
    let compressed = brotli.is_some();
    let Some(found) = brotli.or_else(|| Dist::get(name)) else {
        return Err(reply::not_found(format!("The admin UI has no file \"{name}\".")));
    };
    let mut answer = HttpResponse::Ok();
    // Names in assets/ carry a hash of their content.
    let keep = if name == "index.html" { "no-cache" } else { "public, max-age=31536000, immutable" };
    answer
        .content_type(content_type(name))
        .insert_header((CACHE_CONTROL, keep))
        .insert_header((VARY, "Accept-Encoding"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY));
    if compressed {
        answer.insert_header((CONTENT_ENCODING, "br"));
    }
    Ok(answer.body(found.data.into_owned()))
}

fn takes_brotli(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|codings| codings.split(',').any(|coding| coding.trim() == "br"))
}

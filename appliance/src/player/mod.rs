//! The watch page: `/watch/CHANNEL`, the same bare at `/embed/CHANNEL`, how others embed it, and the files they load.
//!
//! Which tier a device gets is decided in the page, by feature detection (`assets/tier.js`). Nothing is loaded from
//! outside the box.

mod oembed;

use crate::serve::Serving;
use crate::serve::access::Access;
use crate::serve::reply::{self, Answer};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, web};
use data_encoding::HEXLOWER;
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "src/player/assets"]
struct Assets;

/// Players make blobs for their media and their workers; everything else comes from the box.
const POLICY: &str = "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; \
                      img-src 'self' data:; object-src 'none'; base-uri 'none'";

/// The routes of the player.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/watch/{channel}", web::get().to(watch))
        .route("/embed/{channel}", web::get().to(embed))
        .route("/oembed", web::get().to(oembed::oembed))
        .route("/player/{file:.*}", web::get().to(asset));
}

async fn watch(serving: web::Data<Serving>, channel: web::Path<String>) -> Answer {
    page(&serving, &channel, "watch", "; frame-ancestors 'none'")
}

async fn embed(serving: web::Data<Serving>, channel: web::Path<String>) -> Answer {
    page(&serving, &channel, "embed", "")
}

fn page(serving: &Serving, channel: &str, layout: &str, framing: &str) -> Answer {
    // One that is about to come is waited for by the page.
    if serving.catalogue.get(channel).is_none() && !serving.catalogue.may_come(channel) {
        return Err(reply::not_found(format!("There is no channel \"{channel}\" on air.")));
    }
    let template = Assets::get("watch.html").expect("the page is embedded at build time");
    let html = String::from_utf8_lossy(&template.data)
        .replace("{{channel}}", &escape(channel))
        .replace("{{title}}", &escape(channel))
        .replace("{{layout}}", layout)
        .replace("{{tiers}}", &tiers(&serving.access.of(channel)));
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, format!("{POLICY}{framing}")))
        .body(html))
}

/// The deliveries of the channel in the operator's order; empty for all, best first.
fn tiers(access: &Access) -> String {
    access.tiers.iter().map(|tier| tier.id()).collect::<Vec<_>>().join(",")
}

/// For text and for attribute values in quotes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

async fn asset(request: HttpRequest, file: web::Path<String>) -> Answer {
    match Assets::get(&file) {
        Some(found) => Ok(embedded(&request, &file, found)),
        None => Err(reply::not_found(format!("The player has no file \"{file}\"."))),
    }
}

/// An embedded file, with its hash as entity tag.
pub fn embedded(request: &HttpRequest, name: &str, file: EmbeddedFile) -> HttpResponse {
    let tag = format!("\"{}\"", HEXLOWER.encode(&file.metadata.sha256_hash()[..16]));
    if request.headers().get(IF_NONE_MATCH).is_some_and(|seen| seen.as_bytes() == tag.as_bytes()) {
        return HttpResponse::NotModified().insert_header((ETAG, tag)).finish();
    }
    HttpResponse::Ok()
        .content_type(content_type(name))
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(file.data.into_owned())
}

/// By ending; the few kinds that are embedded.
pub fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_the_page() {
        assert_eq!(escape("<a b=\"c\" d='&'>"), "&lt;a b=&quot;c&quot; d=&#39;&amp;&#39;&gt;");
    }

    #[test]
    fn the_page_is_embedded_and_takes_its_channel() {
        let page = Assets::get("watch.html").unwrap();
        let html = String::from_utf8(page.data.into_owned()).unwrap();
        assert!(html.contains("{{channel}}") && html.contains("{{title}}") && html.contains("{{layout}}"));
    }
}

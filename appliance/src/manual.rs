//! The operator's manual on the box: the documents of `docs/`, as HTML for the admin UI's help page.

use crate::player::embedded;
use crate::serve::reply::{self, Answer};
use actix_web::http::header::{CACHE_CONTROL, LOCATION, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpRequest, HttpResponse, web};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "docs"]
struct Docs;

/// First the way to a first channel; the others by name.
const FIRST: &str = "first-channel";

/// The routes, on the admin side.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/docs", web::get().to(to_help))
        .route("/manual/chapters.json", web::get().to(chapters))
        .route("/manual/images/{file}", web::get().to(image))
        .route("/manual/{chapter}.part", web::get().to(chapter));
}

async fn to_help() -> HttpResponse {
    HttpResponse::Found().insert_header((LOCATION, "/admin/help")).finish()
}

fn markdown(name: &str) -> Option<String> {
    let file = Docs::get(&format!("{name}.md"))?;
    Some(String::from_utf8_lossy(&file.data).into_owned())
}

/// All chapters, in reading order.
fn list() -> Vec<wire::Chapter> {
    let names = Docs::iter().filter_map(|path| path.strip_suffix(".md").map(str::to_owned));
    let titled = |name: String| {
        let title = markdown(&name)?.lines().find_map(|line| line.strip_prefix("# ").map(str::to_owned))?;
        Some(wire::Chapter { name, title })
    };
    let mut chapters: Vec<_> = names.filter_map(titled).collect();
    chapters.sort_by_key(|chapter| (chapter.name != FIRST, chapter.title.to_lowercase()));
    chapters
}

/// One chapter. Its heading becomes the second of the page, and so on down; what is HTML in it is shown as text.
fn render(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut out = String::with_capacity(text.len() * 2);
    html::push_html(&mut out, Parser::new_ext(text, options).map(adapted));
    // What is wider than the page is moved by the keyboard, too.
    out.replace("<pre>", "<pre tabindex=\"0\">").replace("<table>", "<table tabindex=\"0\">")
}

fn adapted(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Start(Tag::Heading { level, id, classes, attrs }) => {
            Event::Start(Tag::Heading { level: lower(level), id, classes, attrs })
        }
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: address(&dest_url), title, id })
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            let dest_url = format!("/manual/{dest_url}").into();
            Event::Start(Tag::Image { link_type, dest_url, title, id })
        }
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        other => other,
    }
}

const fn lower(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H2,
        HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        HeadingLevel::H4 => HeadingLevel::H5,
        HeadingLevel::H5 | HeadingLevel::H6 => HeadingLevel::H6,
    }
}

/// Chapters are pages of the help; what is elsewhere in the sources is not on the box.
fn address(target: &str) -> CowStr<'static> {
    let (file, anchor) = target.split_once('#').map_or((target, ""), |(file, anchor)| (file, anchor));
    match file.strip_suffix(".md") {
        Some(name) if !name.contains('/') => format!("/admin/help/{name}").into(),
        _ if target.starts_with("http:") || target.starts_with("https:") => target.to_owned().into(),
        _ if file.is_empty() => format!("#{anchor}").into(),
        _ => "/admin/help".into(),
    }
}

async fn chapters() -> web::Json<Vec<wire::Chapter>> {
    web::Json(list())
}

async fn chapter(name: web::Path<String>) -> Answer {
    let Some(text) = markdown(&name) else {
        return Err(reply::not_found(format!("The manual has no chapter \"{name}\".")));
    };
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(render(&text)))
}

async fn image(request: HttpRequest, file: web::Path<String>) -> Answer {
    match Docs::get(&format!("images/{file}")) {
        Some(found) => Ok(embedded(&request, &file, found)),
        None => Err(reply::not_found(format!("The manual has no picture \"{file}\"."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chapter_has_a_title_and_the_first_one_is_first() {
        let chapters = list();
        assert_eq!(chapters[0].name, FIRST);
        let written = Docs::iter().filter(|path| path.ends_with(".md")).count();
        assert_eq!(chapters.len(), written, "a document without a heading: {chapters:?}");
        for chapter in chapters {
            assert!(render(&markdown(&chapter.name).unwrap()).starts_with("<h2>"), "{}", chapter.name);
        }
    }

    #[test]
    fn links_stay_on_the_box_and_html_is_text() {
        let html = render("# A\n[b](tls.md#x) [c](../src/a.rs) <script>x</script>\n\n![p](images/a.png)\n");
        for part in
            ["<h2>A</h2>", "href=\"/admin/help/tls\"", "href=\"/admin/help\"", "src=\"/manual/images/a.png\""]
        {
            assert!(html.contains(part), "{part} is not in {html}");
        }
        assert!(!html.contains("<script"), "{html}");
    }
}

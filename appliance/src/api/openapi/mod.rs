//! `/api/v1/openapi.json`: the API as OpenAPI 3.1 has it, made of the [table of calls](super::calls), of what is told of each
//! in [`docs`], and of the types in the crate `wire`.

mod docs;

use super::calls::{CALLS, Call, Needs};
use super::problem;
use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, web};
use docs::{Answer, Body, DOCS, Doc, Kind, Query};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Ref, Schema, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, ComponentsBuilder, Info, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathsBuilder,
    RefOr, Required, ResponseBuilder, ServerBuilder,
};
use wire::Role;

/// Schemas by their names.
type Schemas = BTreeMap<String, RefOr<Schema>>;

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = web::resource("/openapi.json").default_service(problem::only("GET"));
    config.service(resource.route(web::get().to(show)));
}

async fn show() -> HttpResponse {
    static TEXT: LazyLock<web::Bytes> = LazyLock::new(|| {
        document().to_pretty_json().map_or_else(|error| error.to_string().into(), web::Bytes::from)
    });
    HttpResponse::Ok().insert_header(ContentType::json()).body(TEXT.clone())
}

const ABOUT: &str = "Everything that the admin page and the command line do. Errors are problem details (RFC 9457) that name the \
    field at fault and what to do. What can be edited has an `ETag`; an edit with an `If-Match` that is no longer that is \
    refused with 412. What is removed can be put back for ten minutes: the answer has its number as `Forebay-Undo`, for \
    `POST /removed/{id}/restore`. With `dry_run=true` a change of settings is judged and not made. Scripts send a token: \
    `Authorization: Bearer …`; a browser has a cookie, and its changes must come from the box's own page.";

fn document() -> OpenApi {
    let mut schemas = Schemas::new();
    let mut paths = PathsBuilder::new();
    for call in CALLS {
        // That there is one is a test.
        let Some(doc) = DOCS.iter().find(|doc| (doc.method, doc.path) == (call.method, call.path)) else {
            continue;
        };
        let item = utoipa::openapi::PathItem::new(method(call.method), operation(call, doc, &mut schemas));
        paths = paths.path(call.path, item);
    }
    OpenApiBuilder::new()
        .info(info())
        .servers(Some([ServerBuilder::new().url("/api/v1").build()]))
        .paths(paths.build())
        .components(Some(components(schemas)))
        .build()
}

fn info() -> Info {
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let info = InfoBuilder::new().title("Forebay").version(env!("CARGO_PKG_VERSION"));
    info.description(Some(ABOUT)).license(Some(license)).build()
}

fn components(schemas: Schemas) -> Components {
    let cookie = ApiKeyValue::with_description(super::accounts::COOKIE, "Of a session, by `POST /session`");
    let components = ComponentsBuilder::new()
        .security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)))
        .security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    schemas.into_iter().fold(components, |components, (name, schema)| components.schema(name, schema)).build()
}

fn method(name: &str) -> HttpMethod {
    match name {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn operation(call: &Call, doc: &Doc, schemas: &mut Schemas) -> OperationBuilder {
    let group = call.path.trim_start_matches('/').split(['/', '.']).next().unwrap_or_default();
    let (status, answer) = answer(&doc.answer, schemas);
    let problem = content(&Kind::of::<wire::Problem>(), docs::PROBLEM, schemas);
    let problem = ResponseBuilder::new()
        .description("Refused, with the reason and what to do")
        .content("application/problem+json", problem);
    let operation = OperationBuilder::new()
        .operation_id(Some(operation_id(call)))
        .tag(group)
        .summary(Some(doc.summary))
        .description(Some(needs(call)))
        .parameters(Some(parameters(call, doc)))
        .request_body(body(&doc.body, schemas))
        .response(status.to_string(), answer.build())
        .response(
            "414",
            ResponseBuilder::new().description("Too long").content("text/plain", binary()).build(),
        )
        .response("default", problem.build());
    if call.needs == Needs::Nothing {
        return operation;
    }
    let none: [&str; 0] = [];
    let session = operation.security(SecurityRequirement::new("session", none));
    if call.is_personal { session } else { session.security(SecurityRequirement::new("token", none)) }
}

fn operation_id(call: &Call) -> String {
    let words = call.path.split(['/', '{', '}', '.', '-']).filter(|word| !word.is_empty());
    std::iter::once(call.method.to_lowercase()).chain(words.map(str::to_owned)).collect::<Vec<_>>().join("_")
}

/// Who may, in words.
fn needs(call: &Call) -> String {
    let who = match call.needs {
        Needs::Nothing => "For everybody.",
        Needs::Role(Role::Viewer) => "For viewers; scope `read`.",
        Needs::Role(Role::Operator) => "For operators; scope `operate`.",
        Needs::Role(Role::Administrator) => "For administrators; scope `administer`.",
        Needs::Oneself => "For whoever it is about, and for administrators.",
        Needs::OneselfAlone => "For whoever it is about.",
    };
    let token = if call.is_personal { " A token does not do." } else { "" };
    let channel = if call.path.starts_with("/channels/{slug}") {
        " Of a channel that does not exist for whoever calls there is none: 404."
    } else {
        ""
    };
    format!("{who}{token}{channel}")
}

fn parameters(call: &Call, doc: &Doc) -> Vec<Parameter> {
    let names = call.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut all: Vec<_> = names.map(|name| in_path(name, call.path)).collect();
    all.extend(doc.query.iter().map(in_query));
    if call.is_rehearsed {
        let dry_run =
            Query { name: "dry_run", kind: Type::Boolean, about: "Judge the change and do not make it" };
        all.push(in_query(&dry_run));
    }
    let is_edit = call.method != "GET" && super::edits::has_edition(call.path);
    if is_edit {
        let tag = parameter(
            "If-Match",
            ParameterIn::Header,
            "The `ETag` of what the change was made of",
            Type::String,
        );
        all.push(tag.required(Required::False).build());
    }
    all
}

fn in_path(name: &str, path: &str) -> Parameter {
    let (about, kind) = match name {
        "slug" => ("The channel's name in addresses", Type::String),
        "number" => ("0 is the main source, back-ups are from 1", Type::Integer),
        "id" if path.starts_with("/tokens") => ("The token's number", Type::Integer),
        "id" => ("The alarm's kind", Type::String),
        "step" => ("`check`, `apply`, `restart` or `cancel`", Type::String),
        _ => ("As they sign in", Type::String),
    };
    parameter(name, ParameterIn::Path, about, kind).required(Required::True).build()
}

fn in_query(query: &Query) -> Parameter {
    let Query { name, kind, about } = query;
    parameter(name, ParameterIn::Query, about, kind.clone()).required(Required::False).build()
}

fn parameter(name: &str, place: ParameterIn, about: &str, kind: Type) -> ParameterBuilder {
    let schema = ObjectBuilder::new().schema_type(kind);
    ParameterBuilder::new().name(name).parameter_in(place).description(Some(about)).schema(Some(schema))
}

fn content(kind: &Kind, example: &str, schemas: &mut Schemas) -> utoipa::openapi::Content {
    let schema = (kind.describe)(schemas);
    ContentBuilder::new().schema(Some(schema)).example(serde_json::from_str(example).ok()).build()
}

/// Bytes as they are.
fn binary() -> utoipa::openapi::Content {
    ContentBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String))).build()
}

fn body(body: &Body, schemas: &mut Schemas) -> Option<RequestBody> {
    let new = RequestBodyBuilder::new().required(Some(Required::True));
    match body {
        Body::None => None,
        Body::Json(kind, example) => {
            Some(new.content("application/json", content(kind, example, schemas)).build())
        }
        Body::File => Some(new.content("application/octet-stream", binary()).build()),
        Body::Picture => Some(new.content("image/png", binary()).content("image/jpeg", binary()).build()),
    }
}

fn answer(answer: &Answer, schemas: &mut Schemas) -> (u16, ResponseBuilder) {
    let new = |about: &str| ResponseBuilder::new().description(about);
    match answer {
        Answer::Empty => (204, new("Done")),
        Answer::Json(status, kind, example) => {
            (*status, new("Done").content("application/json", content(kind, example, schemas)))
        }
        Answer::Picture => (200, new("A picture").content("image/jpeg", binary())),
        Answer::File => (200, new("A file").content("application/octet-stream", binary())),
        Answer::Document => (200, new("This document").content("application/json", any_object())),
        Answer::Events => {
            let told =
                "Server-Sent Events: `channels`, with a list of channels as of `GET /channels` as data";
            (200, new(told).content("text/event-stream", binary()))
        }
    }
}

fn any_object() -> utoipa::openapi::Content {
    ContentBuilder::new().schema(Some(ObjectBuilder::new())).build()
}

/// Where a schema of this name is.
fn reference(name: &str) -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::access_tests::{user, with};
    use crate::api::second_step_tests::new_throttles;
    use crate::api::tests::{ask, claimed, from_here, new_box, post, serve};
    use actix_web::http::Method;
    use actix_web::test::{TestRequest, call_service};
    use serde_json::{Value, json};

    fn found() -> Value {
        serde_json::to_value(document()).unwrap()
    }

    #[test]
    fn every_call_is_in_it_and_nothing_else() {
        let document = found();
        for Call { method, path, .. } in CALLS {
            let told = &document["paths"][path][method.to_lowercase()];
            assert!(
                told["summary"].as_str().is_some_and(|it| !it.is_empty()),
                "{method} {path} is not told of"
            );
        }
        for Doc { method, path, .. } in DOCS {
            assert!(CALLS.iter().any(|call| (call.method, call.path) == (*method, *path)), "{method} {path}");
        }
        assert_eq!(DOCS.len(), CALLS.len());
    }

    #[test]
    fn examples_are_what_they_are_examples_of() {
        (Kind::of::<wire::Problem>().check)(docs::PROBLEM).unwrap();
        for Doc { method, path, body, answer, .. } in DOCS {
            if let Body::Json(kind, example) = body {
                (kind.check)(example).unwrap_or_else(|error| panic!("body of {method} {path}: {error}"));
            }
            if let Answer::Json(_, kind, example) = answer {
                (kind.check)(example).unwrap_or_else(|error| panic!("answer to {method} {path}: {error}"));
            }
        }
    }

    /// The example of a call, sent to a box that has what it is about.
    fn example(doc: &Doc, cookie: &str) -> TestRequest {
        let path = doc.path.replace("{slug}", "main-hall").replace("{name}", "Olga").replace("{number}", "1");
        let path = path.replace("{step}", "cancel");
        let request = TestRequest::default()
            .method(Method::from_bytes(doc.method.as_bytes()).unwrap())
            .uri(&format!("/api/v1{}", path.replace("{id}", "1")))
            .insert_header(("cookie", cookie.to_owned()));
        match &doc.body {
            Body::Json(_, body) => {
                request.insert_header(("content-type", "application/json")).set_payload(*body)
            }
            Body::None | Body::Picture | Body::File => request,
        }
    }

    #[actix_rt::test]
    async fn calls_answer_what_they_are_said_to_answer() {
        let test = new_box();
        let state = &test.state;
        let ada = claimed(state).await;
        user(state, &ada, "Olga", "operator").await;
        ask(state, with(post(json!({"name": "Main Hall", "source": "rtmp"})), &ada)).await;
        // What takes away comes last, the deepest first.
        let (mut taking, others): (Vec<_>, Vec<_>) = DOCS.iter().partition(|doc| doc.method == "DELETE");
        taking.sort_by_key(|doc| std::cmp::Reverse(doc.path.len()));
        let mut refused = Vec::new();
        let all = others.into_iter().chain(taking);
        // They need what serves viewers, or a certificate.
        let aside = [
            "/tls",
            "/events",
            "/audience",
            "/audience/players",
            "/channels/{slug}/trend",
            "/channels/{slug}/timeline",
        ];
        for doc in all.filter(|doc| !aside.contains(&doc.path)) {
            let fresh = new_throttles(state);
            let app = serve(&fresh).await;
            let response = call_service(&app, from_here(example(doc, &ada))).await;
            let (status, kind) =
                (response.status().as_u16(), response.headers().get("content-type").cloned());
            let body = actix_web::test::read_body(response).await;
            let (text, call) = (String::from_utf8_lossy(&body), format!("{} {}", doc.method, doc.path));
            if status >= 400 {
                assert_eq!(kind.unwrap(), "application/problem+json", "{call}");
                (Kind::of::<wire::Problem>().check)(&text).unwrap();
                refused.push(format!("{call} {status}"));
                continue;
            }
            match &doc.answer {
                Answer::Empty => assert!(status == 204 && body.is_empty(), "{call}: {status}"),
                Answer::Json(wanted, of, _) => {
                    assert_eq!(
                        (status, kind.unwrap().to_str().unwrap()),
                        (*wanted, "application/json"),
                        "{call}"
                    );
                    (of.check)(&text).unwrap_or_else(|error| panic!("{call}: {error}: {text}"));
                }
                Answer::Picture | Answer::File | Answer::Document | Answer::Events => {
                    assert_eq!(status, 200, "{call}");
                }
            }
        }
        let expected = [
            "POST /claim 409",
            "POST /claim-code 403",
            "POST /users 409",
            "POST /users/{name}/totp 403",
            "POST /users/{name}/totp/confirm 403",
            "POST /users/{name}/totp/recovery-codes 403",
            "POST /users/{name}/totp/remove 404",
            "POST /removed/{id}/restore 404",
            "POST /channels 409",
            "GET /channels/{slug}/picture 404",
            "GET /channels/{slug}/slate/picture 404",
            "PUT /channels/{slug}/slate/picture 415",
            "POST /channels/{slug}/sources/{number}/take 409",
            "POST /channels/{slug}/drill 409",
            "POST /alarms/{id}/acknowledge 404",
            "GET /notifications/{name} 404",
            "PUT /notifications/{name} 404",
            "POST /notifications/{name}/test 404",
            "PUT /configuration 409",
            "PUT /restore/file 400",
            "POST /restore/contents 409",
            "POST /restore 409",
            "POST /restore/undo 409",
            "PUT /update/bundle 400",
            "POST /update/{step} 409",
            "POST /devices/{name}/trust 404",
            "DELETE /notifications/{name} 404",
            "DELETE /alarms/{id} 404",
        ];
        assert_eq!(refused, expected);
    }

    #[test]
    fn whatever_it_refers_to_is_there() {
        let document = found();
        let text = document.to_string();
        let names = text.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
        for name in names {
            assert!(document["components"]["schemas"][name].is_object(), "{name} is not there");
        }
        assert!(document["components"]["schemas"]["NewChannel"]["additionalProperties"] == false);
        assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    }
}

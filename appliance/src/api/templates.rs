//! What a new channel may be made of.

use super::problem;
use crate::store::template;
use actix_web::web;
use actix_web::web::Json;

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = web::resource("/templates").default_service(problem::only("GET"));
    config.service(resource.route(web::get().to(list)));
}

async fn list() -> Json<Vec<wire::Template>> {
    Json(template::ALL.iter().map(template::Template::shown).collect())
}

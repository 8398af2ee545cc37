//! The calls about what has been removed of late: told, put back, forgotten for good.

use super::ApiState;
use super::guard::{Asked, Caller};
use super::problem::{self, ApiError};
use crate::accounts::role::reaches;
use crate::accounts::sight::Sight;
use crate::store::StoreError;
use actix_web::http::header::HeaderName;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, web};
use wire::{Removed, RemovedKind, Role};

/// With each answer to a removal: by what it is put back.
pub(super) const UNDO: HeaderName = HeaderName::from_static("forebay-undo");

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = |path, methods| web::resource(path).default_service(problem::only(methods));
    config
        .service(resource("/removed", "GET").route(web::get().to(list)))
        .service(resource("/removed/{id}", "DELETE").route(web::delete().to(forget)))
        .service(resource("/removed/{id}/restore", "POST").route(web::post().to(restore)));
}

/// What a removal answers.
pub(super) fn gone(id: i64) -> HttpResponse {
    HttpResponse::NoContent().insert_header((UNDO, id)).finish()
}

/// Who removes something.
pub(super) fn by(asked: &Asked) -> Option<&str> {
    asked.caller.is_somebody().map(|(name, _)| name)
}

/// Whether it exists for somebody: only what they might have removed does. A channel that is gone is nobody's by grant; it is for
/// those who see all, and for whoever has removed it. A token brings no token back.
fn exists_for(removed: &Removed, caller: &Caller) -> bool {
    let Some((name, role)) = caller.is_somebody() else { return true };
    let is_own = |of: &Option<String>| of.as_ref().is_some_and(|of| of.eq_ignore_ascii_case(name));
    let sees = |slug: &Option<String>| slug.as_ref().is_some_and(|slug| caller.sight().sees(slug));
    let sees_all = *caller.sight() == Sight::All;
    match removed.kind {
        RemovedKind::Channel => reaches(role, Role::Operator) && (sees_all || is_own(&removed.removed_by)),
        RemovedKind::Source => reaches(role, Role::Operator) && sees(&removed.channel),
        RemovedKind::User | RemovedKind::Destination => role == Role::Administrator,
        RemovedKind::Token => {
            !matches!(caller, Caller::Token(_)) && (role == Role::Administrator || is_own(&removed.owner))
        }
    }
}

async fn list(state: Data<ApiState>, asked: Asked) -> Result<Json<Vec<Removed>>, ApiError> {
    let all = state.store.removed().await?;
    Ok(Json(all.into_iter().filter(|removed| exists_for(removed, &asked.caller)).collect()))
}

async fn find(state: &ApiState, asked: &Asked, id: i64) -> Result<Removed, ApiError> {
    let all = state.store.removed().await?;
    let found = all.into_iter().find(|removed| removed.id == id && exists_for(removed, &asked.caller));
    found.ok_or_else(|| StoreError::NoSuchRemoved(id).into())
}

async fn restore(state: Data<ApiState>, asked: Asked, id: Path<i64>) -> Result<Json<Removed>, ApiError> {
    find(&state, &asked, *id).await?;
    let restored = state.store.restore(*id).await?;
    state.bump();
    tracing::info!(kind = ?restored.kind, name = restored.name, "put back");
    Ok(Json(restored))
}

async fn forget(state: Data<ApiState>, asked: Asked, id: Path<i64>) -> Result<HttpResponse, ApiError> {
    let gone = find(&state, &asked, *id).await?;
    state.store.forget_removed(*id).await?;
    tracing::info!(kind = ?gone.kind, name = gone.name, "forgotten for good");
    Ok(HttpResponse::NoContent().finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Session;
    use std::collections::BTreeSet;
    use wire::User;

    #[test]
    fn only_what_somebody_might_have_removed_exists_for_them() {
        let caller = |name: &str, role, slugs: Option<&[&str]>| {
            let only = |slugs: &[&str]| {
                Sight::Only(slugs.iter().map(|&slug| slug.to_owned()).collect::<BTreeSet<_>>())
            };
            let user = User { name: name.into(), role };
            Caller::User(Session { user, sight: slugs.map_or(Sight::All, only), token: [0; 32] })
        };
        let removed = |kind| Removed {
            id: 1,
            kind,
            name: "x".into(),
            channel: Some("hall".into()),
            owner: Some("Olga".into()),
            removed_by: Some("Olga".into()),
            removed_at_ms: 0,
            until_ms: 1,
        };
        use RemovedKind::{Channel, Destination, Source, Token, User as Person};
        let seen = |caller: &Caller| {
            [Channel, Source, Person, Token, Destination].map(|kind| exists_for(&removed(kind), caller))
        };
        assert_eq!(seen(&caller("Ada", Role::Administrator, None)), [true; 5]);
        assert_eq!(seen(&caller("Bob", Role::Operator, None)), [true, true, false, false, false]);
        assert_eq!(seen(&caller("Bob", Role::Operator, Some(&["attic"]))), [false; 5]);
        assert_eq!(seen(&caller("olga", Role::Operator, Some(&["hall"]))), [true, true, false, true, false]);
        assert_eq!(seen(&caller("Vic", Role::Viewer, None)), [false; 5]);
        assert_eq!(seen(&Caller::Console), [true; 5]);
    }
}
